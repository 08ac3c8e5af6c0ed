"""The judge of functions: assertions, call/value pairs, and `check(candidate)`."""

from collections.abc import Sequence
from dataclasses import dataclass

from etude.judges.deciding import decide
from etude.protocols import Sandbox
from etude.records import Attempt, Limits, Verdict
from etude.tasks import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class TestsJudge:
    """Passes a program where every hidden and every shown test says yes.

    Attributes:
        cpu_seconds: Of one program with all its tests.
        wall_seconds: The backstop for programs that sleep.
        memory_bytes: Address space of the program.
    """

    __test__ = False  # not a test class, whatever its name says to pytest

    cpu_seconds: float = 4.0
    wall_seconds: float = 12.0
    memory_bytes: int = 1 << 30

    def judge(self, task: Task, attempts: Sequence[Attempt], sandbox: Sandbox) -> list[Verdict]:
        """One verdict per attempt, in order."""
        limits = Limits(cpu_seconds=self.cpu_seconds, wall_seconds=self.wall_seconds, memory_bytes=self.memory_bytes)
        return decide(task, attempts, sandbox, limits, "tests", "tests")
