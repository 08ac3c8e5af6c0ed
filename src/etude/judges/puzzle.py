"""The judge of puzzles: `sat` itself decides, which is the truth and not a sample of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from etude.judges.deciding import decide
from etude.judges.settings import Settings
from etude.protocols import Sandbox
from etude.records import Attempt, TestKind, Verdict
from etude.tasks import Task

KINDS: tuple[TestKind, ...] = ("puzzle",)


@dataclass
class PuzzleJudge(Settings):
    """Passes a program whose answer has the declared type and satisfies the puzzle.

    Its settings are those of `Settings`.
    """

    def judge(self, task: Task, attempts: Sequence[Attempt], sandbox: Sandbox) -> list[Verdict]:
        """One verdict per attempt, in order."""
        return decide(task, attempts, sandbox, judge="puzzle", settings=self, kinds=KINDS)
