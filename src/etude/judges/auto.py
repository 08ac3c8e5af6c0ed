"""The judge that picks a judge by the kind of a task's tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from etude.judges.puzzle import PuzzleJudge
from etude.judges.stdio import StdioJudge
from etude.judges.tests import TestsJudge
from etude.protocols import Judge, Sandbox
from etude.records import Attempt, TestKind, Verdict
from etude.tasks import Task

KINDS: Mapping[TestKind, type[TestsJudge] | type[StdioJudge] | type[PuzzleJudge]] = {
    "assertions": TestsJudge,
    "calls": TestsJudge,
    "check": TestsJudge,
    "stdio": StdioJudge,
    "puzzle": PuzzleJudge,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Auto:
    """Functions to `tests`, whole programs to `stdio`, puzzles to `puzzle`.

    Attributes:
        cpu_seconds: In place of the chosen judge's own limit; 0 leaves it. The wall backstop is three times as long.
    """

    cpu_seconds: float = 0.0

    def judge(self, task: Task, attempts: Sequence[Attempt], sandbox: Sandbox) -> list[Verdict]:
        """One verdict per attempt, in order; a task without tests leaves every attempt unjudged."""
        kind = KINDS[task.hidden.kind or task.view().shown.kind or "calls"]
        settings = {"cpu_seconds": self.cpu_seconds, "wall_seconds": 3 * self.cpu_seconds} if self.cpu_seconds else {}
        judge: Judge = kind(**settings)
        return judge.judge(task, attempts, sandbox)
