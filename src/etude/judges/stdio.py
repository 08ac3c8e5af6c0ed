"""The judge of whole programs: standard input in, standard output compared."""

from collections.abc import Sequence
from dataclasses import dataclass

from etude.judges.deciding import decide
from etude.protocols import Sandbox
from etude.records import Attempt, Limits, Verdict
from etude.tasks import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class StdioJudge:
    """Passes a program whose output equals the expected one for every input, but for white space at line ends.

    Attributes:
        cpu_seconds: Of one program on one input.
    """

    cpu_seconds: float = 4.0
    wall_seconds: float = 12.0
    memory_bytes: int = 1 << 30

    def judge(self, task: Task, attempts: Sequence[Attempt], sandbox: Sandbox) -> list[Verdict]:
        """One verdict per attempt, in order."""
        limits = Limits(cpu_seconds=self.cpu_seconds, wall_seconds=self.wall_seconds, memory_bytes=self.memory_bytes)
        return decide(task, attempts, sandbox, limits, "stdio", "tests")
