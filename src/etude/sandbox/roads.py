"""Which road into a jail is open: tried, not guessed from version numbers."""

import os
import sys
from typing import Literal

from etude.errors import MissingError
from etude.records import Job, Level
from etude.sandbox.flavour import Flavour
from etude.sandbox.jail import seatbelt
from etude.sandbox.memory import Memory
from etude.sandbox.worker import Road, RoadError, Worker, WorkerError

CANARY = Job(source="def canary():\n    return [1, 'a']\n", asks=("canary()",))
EXPECTED: dict[Level, str] = {
    "strong": "programs run in namespaces of their own",
    "container": "programs run in namespaces of their own, or confined by Landlock and a filter of system calls",
    "any": "a Python that starts",
}
REMEDY = (
    "allow unprivileged user namespaces (sysctl kernel.apparmor_restrict_unprivileged_userns=0, "
    "or in a container --cap-add SYS_ADMIN --security-opt seccomp=unconfined), "
    'or accept less with sandbox.require = "container" or "any"'
)
ELSEWHERE = "run Étude on Linux: in a virtual machine, in a container, or on Windows in WSL2"


def open_worker(require: Level, flavour: Flavour, memory: Memory, platform: str = sys.platform) -> Worker:
    """A started worker on the strongest open road that has run a program.

    Args:
        platform: As `sys.platform` names it.

    Raises:
        MissingError: No road that is strong enough is open.
    """
    if not platform.startswith("linux"):
        raise _no_linux(require, platform)
    closed: list[RoadError] = []
    for road in _roads(require):
        try:
            return _proven(road, flavour, memory)
        except RoadError as error:
            closed.append(error)
    first = closed[0]
    raise MissingError(
        f"the sandbox cannot isolate {first.wanted}: {first.reason}",
        expected=EXPECTED[require],
        fix=REMEDY,
    )


def offered(require: Level, platform: str, *, root: bool) -> tuple[Road | Literal["seatbelt"], ...]:
    """The roads that are strong enough, the strongest first; on macOS the one that is written down but cannot be taken.

    Args:
        platform: As `sys.platform` names it.
        root: Whether this process may do everything.
    """
    if platform.startswith("linux"):
        return _linux_roads(require, root=root)
    return ("seatbelt",) if platform == "darwin" and require == "any" else ()


def _roads(require: Level) -> tuple[Road, ...]:
    return _linux_roads(require, root=os.geteuid() == 0)


def _linux_roads(require: Level, *, root: bool) -> tuple[Road, ...]:
    strong: tuple[Road, ...] = ("root", "user") if root else ("user",)
    further: dict[Level, tuple[Road, ...]] = {"strong": (), "container": ("container",), "any": ("container", "weak")}
    return (*strong, *further[require])


def _no_linux(require: Level, platform: str) -> MissingError:
    """Why nothing runs on another system; on macOS, what is missing from the road that is there."""
    if offered(require, platform, root=False):
        pieces = "; ".join(seatbelt.MISSING)
        found = f"the level seatbelt of macOS is written and untested, and cannot run yet. It lacks: {pieces}"
    elif platform == "darwin":
        found = f"macOS has nothing that isolates programs as the level {require} asks for"
    else:
        found = f"there is no sandbox for the system {platform}"
    return MissingError(found, expected=EXPECTED[require], fix=ELSEWHERE)


def _proven(road: Road, flavour: Flavour, memory: Memory) -> Worker:
    worker = Worker(road=road, flavour=flavour, memory=memory)
    worker.start()
    try:
        run = worker.run(CANARY)
    except WorkerError as error:
        worker.close()
        raise RoadError("processes", str(error)) from None
    if run.status != "ok" or run.answers[0].value != [1, "a"]:
        worker.close()
        raise RoadError("processes", f"a harmless program does not run: {run.status} {run.detail} {run.fault}")
    return worker
