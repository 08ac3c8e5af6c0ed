"""The judge of whole programs: what they print for what they read."""

from collections.abc import Sequence
from dataclasses import dataclass

from etude.judges.deciding import decide
from etude.judges.settings import Settings
from etude.protocols import Sandbox
from etude.records import Attempt, TestKind, Verdict
from etude.tasks import Task

KINDS: tuple[TestKind, ...] = ("stdio",)


@dataclass
class StdioJudge(Settings):
    """Passes a program that prints what is expected for every hidden and every shown input.

    Its settings are those of `Settings`.
    """

    def judge(self, task: Task, attempts: Sequence[Attempt], sandbox: Sandbox) -> list[Verdict]:
        """One verdict per attempt, in order."""
        return decide(task, attempts, sandbox, judge="stdio", settings=self, kinds=KINDS)
