"""`Docket`: what the server has taken on. A bounded queue before the referee, counted in programs.

What does not fit is refused at once, with how long to wait; what was taken is finished, whoever has gone meanwhile.
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from etude.errors import EtudeError
from etude.rewards.referee import Decided, Decider, Written

WEIGHT = 0.1  # of the latest batch in the running mean of seconds per program
LEAST_WAIT, MOST_WAIT = 1.0, 30.0


class FullError(EtudeError):
    """There is no room for a batch now; `wait` says for how many seconds."""

    def __init__(self, depth: int, most: int, wait: float) -> None:
        super().__init__(
            f"the queue is full: {depth} of {most} programs wait or run", expected="the same request later"
        )
        self.wait = wait


class ClosingError(EtudeError):
    """The server finishes what it has begun and takes nothing new."""

    def __init__(self) -> None:
        super().__init__("the judge is going down", expected="the same request later, or another judge")
        self.wait = MOST_WAIT


class Docket:
    """Takes batches while there is room and has the referee decide them, so many at a time.

    Args:
        decider: Who decides; it is not closed here.
        workers: Batches decided at once.
        most: Programs that may wait or run together.
        clock: For tests.
    """

    def __init__(
        self, decider: Decider, *, workers: int, most: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.most, self.depth, self.closing = most, 0, False
        self._decider, self._clock = decider, clock
        self._pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="etude-docket")
        self._lock, self._workers, self._pace = threading.Lock(), workers, 0.05

    def take(self, written: Sequence[Written], *, partial: bool = False) -> "Future[list[Decided]]":
        """Queues a batch and returns at once.

        Raises:
            FullError: There is no room for it now.
            ClosingError: Nothing new is taken.
        """
        with self._lock:
            if self.closing:
                raise ClosingError
            if self.depth + len(written) > self.most:
                raise FullError(self.depth, self.most, self._wait(len(written)))
            self.depth += len(written)
        try:
            return self._pool.submit(self._decide, written, partial)
        except RuntimeError:  # closed between the two
            self._done(len(written))
            raise ClosingError from None

    def close(self) -> None:
        """Takes nothing more, and returns when all that was taken is decided."""
        with self._lock:
            self.closing = True
        self._pool.shutdown(wait=True)

    def _decide(self, written: Sequence[Written], partial: bool) -> list[Decided]:
        start = self._clock()
        try:
            return self._decider.decide(written, partial=partial)
        finally:
            self._done(len(written), self._clock() - start)

    def _done(self, count: int, seconds: float | None = None) -> None:
        with self._lock:
            self.depth -= count
            if seconds is not None:
                self._pace += WEIGHT * (seconds / count - self._pace)

    def _wait(self, count: int) -> float:
        """Seconds until there is about enough room for so many programs."""
        over = self.depth + count - self.most
        return min(max(over * self._pace / self._workers, LEAST_WAIT), MOST_WAIT)
