"""A memory control group for one worker: what all its processes use together, where the kernel lets us make one.

The limit per process (its address space) is always there; this one also holds programs of several processes, and what
is charged to no process, such as memory files. It is entered once by the worker's first process and costs a program
nothing. Version 1 and version 2 are understood; where neither can be written there is no group, and the isolation
record does not name one.
"""

import contextlib
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

PREFIX = "etude-"
SLACK = 256 << 20
"""Bytes besides the programs': the zygote, and the memory files, which stay charged."""


class ControlGroup:
    """One group, and how often the kernel had to kill in it."""

    def __init__(self, path: Path, version: int) -> None:
        self.path, self._version = path, version
        self._bytes = 0
        self._kills = 0

    def limit(self, memory_bytes: int) -> None:
        """Sets what the programs in it may use together; the same as before costs nothing."""
        if memory_bytes != self._bytes:
            name, swap = NAMES[self._version]
            with contextlib.suppress(OSError):  # less than is in use now: the old limit stays
                (self.path / name).write_text(str(memory_bytes + SLACK))
                self._bytes = memory_bytes
            with contextlib.suppress(OSError):  # a kernel without swap accounting has no such file
                (self.path / swap).write_text("0" if self._version == 2 else str(memory_bytes + SLACK))

    def exhausted(self) -> bool:
        """Whether the kernel has killed in this group since this was last asked."""
        with contextlib.suppress(OSError, AttributeError, ValueError):
            text = (self.path / EVENTS[self._version]).read_text()
            found = int(re.search(r"^oom_kill (\d+)$", text, re.MULTILINE)[1])  # type: ignore[index]
            before, self._kills = self._kills, found
            return found > before
        return False

    def remove(self) -> None:
        """Removes the group; everything in it must have ended."""
        with contextlib.suppress(OSError):
            self.path.rmdir()


NAMES = {1: ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes"), 2: ("memory.max", "memory.swap.max")}
EVENTS = {1: "memory.oom_control", 2: "memory.events"}


def entered(pid: int) -> ControlGroup | None:
    """Makes a group and puts a process into it, with all that it starts later; None where that cannot be had."""
    for folder, version in _places():
        path = folder / f"{PREFIX}{os.getpid()}-{secrets.token_hex(4)}"
        try:
            path.mkdir()
        except OSError:
            continue
        group = ControlGroup(path, version)
        try:
            if not (path / NAMES[version][0]).exists():
                raise FileNotFoundError(NAMES[version][0])
            (path / "cgroup.procs").write_text(str(pid))
        except OSError:
            group.remove()
            continue
        _sweep(folder)
        return group
    return None


def _sweep(folder: Path) -> None:
    """Removes the empty groups that processes killed in mid-run have left behind."""
    for path in folder.glob(f"{PREFIX}*-*"):
        owner = path.name.removeprefix(PREFIX).split("-")[0]
        if owner.isdigit() and not Path("/proc", owner).exists():
            with contextlib.suppress(OSError):
                path.rmdir()


def _places() -> Iterator[tuple[Path, int]]:
    """Folders in which a group might be made: this process's own group, and the one around it."""
    try:
        own = dict(_own_groups(Path("/proc/self/cgroup").read_text()))
        mounts = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return
    for line in mounts:
        _, place, kind, options, *_ = line.split()
        version = 2 if kind == "cgroup2" else 1 if kind == "cgroup" and "memory" in options.split(",") else 0
        if version and version in own:
            inside = Path(place + own[version])
            yield from ((folder, version) for folder in dict.fromkeys((inside, inside.parent, Path(place))))


def _own_groups(text: str) -> Iterator[tuple[int, str]]:
    """Version -> the path of the memory group that a process is in, from its /proc entry."""
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers:
            yield 2, path
        elif "memory" in controllers.split(","):
            yield 1, path
