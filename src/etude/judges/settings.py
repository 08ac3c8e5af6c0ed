"""What the judges that run programs have in common: limits, and how far the program's own process is trusted."""

from dataclasses import dataclass

from etude.errors import RecipeError
from etude.judges.calibrating import Bounds, Calibration
from etude.judges.exam import Trust
from etude.records import Limits


@dataclass
class Settings:
    """Limits of one program on one set of tests.

    Calibration is on, and by default it only ever gives more time than the fixed limit: a task whose own reference
    takes two seconds here gives every program twenty. So it cannot fail a program that the fixed limit passes, numbers
    stay comparable with those made under the fixed limit, and it costs nothing until a program runs out of time. Set
    `least_seconds` lower, to 1 say, and a program is held to so many times the reference: a slow machine and a quick
    one then agree, endless loops are over sooner, and a right program that is much slower than the reference fails.

    Args:
        cpu_seconds: Processor time, where the task has no reference that passes.
        wall_seconds: The backstop for programs that sleep.
        memory_bytes: Address space of one process.
        calibrate: A program gets so many times the processor time that the task's reference takes on this machine, but
            never less than `least_seconds` and never more than `most_seconds`. 0: the fixed limit for every task.
        least_seconds: The least of a calibrated limit; 0 stands for `cpu_seconds`.
        most_seconds: The most of one; `cpu_seconds` where that is more.
        trust: `outside`: nothing of the program's process decides. `in-process`: assertions and `check` run in the
            program's own process, as other harnesses do it; a program can then forge its verdict, and every such
            verdict says so.

    Attributes:
        calibration: The limits measured so far, for whoever records them.

    Raises:
        RecipeError: A number is negative, or the least is more than the most.
    """

    cpu_seconds: float = 10.0
    wall_seconds: float = 30.0
    memory_bytes: int = 1 << 30
    calibrate: float = 10.0
    least_seconds: float = 0.0
    most_seconds: float = 60.0
    trust: Trust = "outside"

    def __post_init__(self) -> None:
        self.calibration = Calibration()
        for name in ("calibrate", "least_seconds", "most_seconds"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise RecipeError(f"{name} = {getattr(self, name)} is no limit", expected="0 or more")
        if self.least_seconds > max(self.most_seconds, self.cpu_seconds):
            raise RecipeError(
                f"least_seconds = {self.least_seconds} is more than most_seconds = {self.most_seconds}",
                expected="a least that is at most the most",
            )

    @property
    def limits(self) -> Limits:
        """The fixed limits as a record."""
        return Limits(cpu_seconds=self.cpu_seconds, wall_seconds=self.wall_seconds, memory_bytes=self.memory_bytes)

    @property
    def bounds(self) -> Bounds:
        """Between what a calibrated limit lies."""
        return Bounds(
            times=self.calibrate,
            floor=self.least_seconds or self.cpu_seconds,
            ceiling=max(self.most_seconds, self.cpu_seconds),
            fixed=self.limits,
        )
