"""The judge of puzzles: `sat` itself decides, which is the truth and not a sample of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from etude.judges.deciding import decide
from etude.protocols import Sandbox
from etude.records import Attempt, Limits, TestKind, Verdict
from etude.tasks import Task

KINDS: tuple[TestKind, ...] = ("puzzle",)


@dataclass
class PuzzleJudge:
    """Passes a program whose answer has the declared type and satisfies the puzzle.

    Args:
        cpu_seconds: Processor time of `sol()` and `sat(answer)` together.
        wall_seconds: The backstop for programs that sleep.
        memory_bytes: Address space of one process.
    """

    cpu_seconds: float = 10.0
    wall_seconds: float = 30.0
    memory_bytes: int = 1 << 30

    def judge(self, task: Task, attempts: Sequence[Attempt], sandbox: Sandbox) -> list[Verdict]:
        """One verdict per attempt, in order."""
        limits = Limits(cpu_seconds=self.cpu_seconds, wall_seconds=self.wall_seconds, memory_bytes=self.memory_bytes)
        return decide(task, attempts, sandbox, judge="puzzle", limits=limits, kinds=KINDS)
