"""The judge that picks the judge: by the kind of a task's tests."""

from collections.abc import Sequence
from dataclasses import dataclass

from etude.judges.puzzle import PuzzleJudge
from etude.judges.stdio import StdioJudge
from etude.judges.tests import TestsJudge
from etude.protocols import Judge, Sandbox
from etude.records import Attempt, TestKind, Verdict
from etude.tasks import Task

JUDGES: dict[TestKind | None, type[TestsJudge] | type[StdioJudge] | type[PuzzleJudge]] = {
    "stdio": StdioJudge,
    "puzzle": PuzzleJudge,
}
"""Every other kind is for `TestsJudge`."""


@dataclass
class Auto:
    """Hands each task to the judge for its kind of tests.

    Args:
        cpu_seconds: Processor time of one program on one set of tests.
        wall_seconds: The backstop for programs that sleep.
        memory_bytes: Address space of one process.
    """

    cpu_seconds: float = 10.0
    wall_seconds: float = 30.0
    memory_bytes: int = 1 << 30

    def judge(self, task: Task, attempts: Sequence[Attempt], sandbox: Sandbox) -> list[Verdict]:
        """One verdict per attempt, in order."""
        kind = JUDGES.get(task.hidden.kind or task.facts.shown.kind, TestsJudge)
        judge: Judge = kind(self.cpu_seconds, self.wall_seconds, self.memory_bytes)
        return judge.judge(task, attempts, sandbox)
