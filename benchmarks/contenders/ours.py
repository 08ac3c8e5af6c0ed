"""Our sandbox, through the door that judges use: `examine` on a `Sandbox`."""

import os

import etude.sandbox.roads as roads
from contenders.process_tree import below, resident
from contenders.program import Program
from etude.judges.examine import Exam, examine
from etude.records import Limits, Outcome, Tests
from etude.sandbox import Sandbox

KINDS = {"ok": "pass", "failed": "wrong", "error": "exception"}
SYNTAX = ("SyntaxError", "IndentationError", "TabError")
WALL = 3.0
"""Wall seconds per second of CPU: the backstop for programs that sleep."""


class Ours:
    """A sandbox that stays open from batch to batch.

    Args:
        workers: How many programs run at once.
        isolation: `strong`; or `none` for the same engine without a jail around it.
    """

    def __init__(self, workers: str = "1", isolation: str = "strong") -> None:
        if isolation == "none":
            unjailed()
        self._sandbox = Sandbox(workers=int(workers), require="strong" if isolation == "strong" else "any")

    def prepare(self, programs: list[Program], seconds: float) -> None:
        limits = Limits(cpu_seconds=seconds, wall_seconds=WALL * seconds)
        self._exams = [
            Exam(program["source"], tests_of(program), program["entry_point"], limits) for program in programs
        ]

    def go(self) -> list[str]:
        return [kind_of(outcome) for outcome in examine(self._exams, self._sandbox)]

    def memory(self) -> tuple[int, int]:
        """Resident bytes of this process, and of all the sandbox's processes together."""
        own = os.getpid()
        return resident(own), sum(map(resident, below(own)))

    def isolation(self) -> dict[str, str]:
        """What is in force, property by property."""
        return dict(self._sandbox.isolation)

    def close(self) -> None:
        self._sandbox.close()


def unjailed() -> None:
    """From here on, sandboxes of this process take the weakest road. For the measurement only.

    Raises:
        RuntimeError: The engine has no such door any more; this function must then follow it.
    """
    if not hasattr(roads, "_roads"):
        raise RuntimeError("no known way to switch isolation off")
    roads._roads = lambda require: ("weak",)


def tests_of(program: Program) -> Tests:
    """The program's tests as the judges' record."""
    if program["check"]:
        return Tests(check=program["check"], context=program["context"])
    return Tests(assertions=tuple(program["assertions"]), setup=program["setup"])


def kind_of(outcome: Outcome) -> str:
    """The outcome in the words of the workload's labels; what they have no word for keeps its own."""
    fault = outcome.fault or next((item.fault for item in outcome.results if item.fault), None)
    if outcome.status == "error" and fault is not None and fault.type in SYNTAX:
        return "syntax"
    return KINDS.get(outcome.status, outcome.status)
