"""Time limits, kept from outside: what a zygote's children have used of the processor, and the end of those who took
too much.

A quick program never meets this: the worker waits for its zygote's answer and looks here only when that is late. The
processor time decides; the wall clock is for programs that sleep, and does not run out while a program works.
"""

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from etude.records import Limits

WORKING = 0.02  # processor seconds per second that make it a working program
LONGEST_LOOK = 0.25

Late = Literal["cpu", "wall"]


@dataclass(slots=True)
class Watch:
    """One job's clocks.

    Args:
        zygote: The zygote's process id, as this process sees it.
        others: Children of the zygote that are no programs.
        limits: The job's.
        start: `time.monotonic()` when the job was handed over.

    Attributes:
        delayed: Seconds that what ran out of the wall clock had waited for a processor: others' doing, not its own.
            Without end where the kernel does not say.
    """

    zygote: int
    others: frozenset[int]
    limits: Limits
    start: float
    delayed: float = 0.0

    def patience(self) -> float:
        """Seconds in which nothing has to be looked at."""
        return min(self.limits.cpu_seconds, self.limits.wall_seconds)

    def look(self) -> tuple[Late | None, float]:
        """Kills the zygote's children if they are over their limits.

        Returns:
            What they ran out of, or None; and the seconds until the next look is due.
        """
        running = children(self.zygote) - self.others
        wall, used = time.monotonic() - self.start, sum(map(_used, running))
        late: Late | None = None
        if used >= self.limits.cpu_seconds:
            late = "cpu"
        elif wall >= self.limits.wall_seconds and used < WORKING * wall:
            late = "wall"
        if late is None:
            left = self.limits.wall_seconds - wall
            return None, max(0.001, min(self.limits.cpu_seconds - used, left if left > 0 else LONGEST_LOOK))
        self.delayed = sum(map(_delayed, running)) if late == "wall" else 0.0
        for child in running:
            _kill(child, self.zygote)
        return late, LONGEST_LOOK


def children(process: int) -> set[int]:
    """The process ids of a process's children, as this process sees them."""
    try:
        return set(map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split()))
    except OSError:  # a kernel without that file
        return {number for number in map(int, filter(str.isdigit, os.listdir("/proc"))) if _parent(number) == process}


def _parent(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return -1


def _used(process: int) -> float:
    """Processor seconds of a process, of those below it, and of those it has waited for."""
    try:
        own = time.clock_gettime(~process << 3 | 2)  # the kernel's name for another process's clock
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        waited = (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError):
        return 0.0
    return own + waited + sum(map(_used, children(process)))


def _delayed(process: int) -> float:
    """Seconds that a process's threads, and the processes below it, were ready to run and did not."""
    try:
        threads = list(Path(f"/proc/{process}/task").iterdir())
        own = sum(int((thread / "schedstat").read_text().split()[1]) for thread in threads) / 1e9
    except (OSError, IndexError, ValueError):  # a kernel that does not count it, or a thread that has just ended
        return float("inf")
    return own + sum(map(_delayed, children(process)))


def _kill(child: int, zygote: int) -> None:
    """Kills a child; never a stranger who has got its number meanwhile."""
    with contextlib.suppress(OSError):
        handle = os.pidfd_open(child)
        try:
            if child in children(zygote):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        finally:
            os.close(handle)
