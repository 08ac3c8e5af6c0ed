"""The judge of puzzles: the answer has exactly the annotated type, and the pristine `sat` says True, literally.

Method: Programming Puzzles (arXiv 2106.05784). The program that computes the answer never shares a process with `sat`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from etude.judges.deciding import decide
from etude.protocols import Sandbox
from etude.records import Attempt, Limits, Verdict
from etude.tasks import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class PuzzleJudge:
    """Passes a program whose `sol()` satisfies the puzzle.

    Attributes:
        cpu_seconds: Of the answer, and again of the check.
    """

    cpu_seconds: float = 10.0
    wall_seconds: float = 30.0
    memory_bytes: int = 1 << 30

    def judge(self, task: Task, attempts: Sequence[Attempt], sandbox: Sandbox) -> list[Verdict]:
        """One verdict per attempt, in order."""
        limits = Limits(cpu_seconds=self.cpu_seconds, wall_seconds=self.wall_seconds, memory_bytes=self.memory_bytes)
        return decide(task, attempts, sandbox, limits, "puzzle", "truth")
