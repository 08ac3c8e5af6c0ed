"""What the judges that run programs have in common: limits, and how far the program's own process is trusted."""

from dataclasses import dataclass
from typing import Literal

from etude.records import Limits

Trust = Literal["outside", "in-process"]


@dataclass
class Settings:
    """Limits of one program on one set of tests.

    Args:
        cpu_seconds: Processor time.
        wall_seconds: The backstop for programs that sleep.
        memory_bytes: Address space of one process.
        relative: Where not 0 and the task has a reference that passes: so many times the reference's processor time on
            this machine, never less than `least_seconds` and never more than `cpu_seconds`, is what a program gets.
        least_seconds: The least of a relative budget.
        trust: `outside`: nothing of the program's process decides. `in-process`: assertions and `check` run in the
            program's own process, as other harnesses do it; a program can then forge its verdict, and every such
            verdict says so.
    """

    cpu_seconds: float = 10.0
    wall_seconds: float = 30.0
    memory_bytes: int = 1 << 30
    relative: float = 0.0
    least_seconds: float = 1.0
    trust: Trust = "outside"

    @property
    def limits(self) -> Limits:
        """The limits as a record."""
        return Limits(cpu_seconds=self.cpu_seconds, wall_seconds=self.wall_seconds, memory_bytes=self.memory_bytes)
