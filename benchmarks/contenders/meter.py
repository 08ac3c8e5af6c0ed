"""CPU time of a whole family of processes: from a cgroup of its own where one can be made, else summed from /proc.

A cgroup counts everything that ever ran in it, orphans and managers included. The sum over /proc misses what ended
without being waited for, and counts in ticks of 10 ms.
"""

import contextlib
import os
import time
from pathlib import Path
from typing import Protocol

from contenders.process_tree import below

TICK = os.sysconf("SC_CLK_TCK")
ROOTS = (Path("/sys/fs/cgroup/cpuacct"), Path("/sys/fs/cgroup"))
EMPTYING_SECONDS = 3.0


class Meter(Protocol):
    """Adds up the CPU seconds of the processes that were put on it."""

    @property
    def how(self) -> str: ...
    def add(self, pid: int) -> None: ...
    def seconds(self) -> float: ...
    def close(self) -> None: ...


def open_meter(name: str) -> Meter:
    """A meter with nothing on it; `name` must be new on this machine."""
    for root in ROOTS:
        with contextlib.suppress(OSError):
            return Cgroup(root / name)
    return ProcessTree()


class Cgroup:
    """A private cgroup, of either version.

    Args:
        folder: The cgroup to make.

    Raises:
        OSError: It cannot be made, or does not count CPU time.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder, self.how = folder, "cgroup"
        try:
            self.seconds()
        except OSError:
            folder.rmdir()
            raise

    def add(self, pid: int) -> None:
        (self._folder / "cgroup.procs").write_text(str(pid))

    def seconds(self) -> float:
        first = self._folder / "cpuacct.usage"
        if first.exists():
            return int(first.read_text()) / 1e9
        words = (self._folder / "cpu.stat").read_text().split()
        return int(words[words.index("usage_usec") + 1]) / 1e6

    def close(self) -> None:
        """Removes the cgroup once it is empty, and leaves it where it never is."""
        end = time.monotonic() + EMPTYING_SECONDS
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                self._folder.rmdir()
                return
            time.sleep(0.05)


class ProcessTree:
    """The sum over a process, everything below it, and everything that those have waited for."""

    how = "/proc"

    def __init__(self) -> None:
        self._roots: list[int] = []

    def add(self, pid: int) -> None:
        self._roots.append(pid)

    def seconds(self) -> float:
        return sum(_ticks(pid) for root in self._roots for pid in (root, *below(root))) / TICK

    def close(self) -> None:
        self._roots.clear()


def _ticks(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(map(int, fields[11:15]))
