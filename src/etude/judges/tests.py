"""The judge of functions: assertions, call/value pairs and `check(candidate)`."""

from collections.abc import Sequence
from dataclasses import dataclass

from etude.judges.deciding import decide
from etude.judges.settings import Settings
from etude.protocols import Sandbox
from etude.records import Attempt, TestKind, Verdict
from etude.tasks import Task

KINDS: tuple[TestKind, ...] = ("assertions", "calls", "check")


@dataclass
class TestsJudge(Settings):
    """Passes a program that passes every hidden and every shown test.

    Its settings are those of `Settings`.
    """

    def judge(self, task: Task, attempts: Sequence[Attempt], sandbox: Sandbox) -> list[Verdict]:
        """One verdict per attempt, in order."""
        return decide(task, attempts, sandbox, judge="tests", settings=self, kinds=KINDS)
