"""What a long stage reports while it works: plain numbers that a panel, a log or a test can read."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One look at a stage.

    Attributes:
        stage: Such as `round 1: sample and judge`.
        done, total: Items (attempts, steps); total 0 where unknown.
        seconds: Since the stage began; `rate` and `eta` follow from it.
        tokens: Generated so far in this stage.
        verdicts: `passed`, or the status of those that did not -> count.
    """

    arm: str
    stage: str
    done: int
    total: int
    seconds: float
    tokens: int = 0
    verdicts: Mapping[str, int] = field(default_factory=dict)
    detail: str = ""
    ended: bool = False

    @property
    def rate(self) -> float:
        """Items per second."""
        return self.done / self.seconds if self.seconds > 0 else 0.0

    @property
    def eta(self) -> float | None:
        """Seconds left, or None where that is unknown."""
        return (self.total - self.done) / self.rate if self.total and self.rate else None


Watch = Callable[[Progress], None]


def ignore(progress: Progress) -> None:
    """A watch that looks away."""


class Tracker:
    """Counts one stage and tells the watch, at most every `pause` seconds and at the end."""

    def __init__(
        self, arm: str, stage: str, total: int, watch: Watch, clock: Clock = time.monotonic, pause: float = 0.2
    ) -> None:
        self.arm, self.stage, self.total, self._watch, self._clock, self._pause = arm, stage, total, watch, clock, pause
        self.done, self.tokens, self.detail = 0, 0, ""
        self.verdicts: Counter[str] = Counter()
        self._start = self._last = clock()

    def step(self, items: int = 1) -> None:
        """Counts items and tells the watch when it is time."""
        self.done += items
        now = self._clock()
        if now - self._last >= self._pause:
            self._last = now
            self._watch(self.look())

    def look(self, ended: bool = False) -> Progress:
        """The stage as it stands."""
        return Progress(
            arm=self.arm,
            stage=self.stage,
            done=self.done,
            total=self.total,
            seconds=self._clock() - self._start,
            tokens=self.tokens,
            verdicts=dict(self.verdicts),
            detail=self.detail,
            ended=ended,
        )

    def end(self) -> None:
        """Tells the watch the last word on this stage."""
        self._watch(self.look(ended=True))
