"""Which road into a jail is open: tried, not guessed from version numbers."""

import os

from etude.errors import MissingError
from etude.records import Job, Level
from etude.sandbox.flavour import Flavour
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


def open_worker(require: Level, flavour: Flavour, memory: Memory) -> Worker:
    """A started worker on the strongest open road that has run a program.

    Raises:
        MissingError: No road that is strong enough is open.
    """
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


def _roads(require: Level) -> tuple[Road, ...]:
    strong: tuple[Road, ...] = ("root", "user") if os.geteuid() == 0 else ("user",)
    further: dict[Level, tuple[Road, ...]] = {"strong": (), "container": ("container",), "any": ("container", "weak")}
    return (*strong, *further[require])


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
