"""Measures of one program, taken in its own process: coverage, a trace of lines and variables, instructions executed.

The program shares the process with whatever measures it, and may switch that off or change it. So what comes out is a
statement for feedback, training data and efficiency, never a part of a verdict. Only the thread that starts the meter
is followed, and only code compiled as the program; the set-up, the asks and libraries cost time but are not counted.

It needs no text of the program; the driver has it. Machine instructions cannot be counted where there is no /proc.
"""

import sys
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any, Protocol

from .counting import Opcodes
from .faults import PROGRAM
from .tracing import Coverage, Trace

KINDS = ("coverage", "trace", "opcodes")
SLACK = 40  # what a tracer needs of the interpreter's recursion limit, so that the program has all of its own

Tracer = Callable[[FrameType, str, Any], Any]


class Kind(Protocol):
    """One measure. `enter` gives the tracer of a new frame; it is told `call` first, and again when a frame goes on."""

    def enter(self, frame: FrameType) -> Tracer: ...

    def found(self) -> dict[str, Any]: ...


class Meter:
    """Switches measures on and off around the program's code; it may be started and stopped many times.

    Args:
        kinds: The measures by name.
    """

    def __init__(self, kinds: dict[str, Kind]) -> None:
        self._kinds = kinds
        self._tracer = self._called  # one object, so that it can be recognised
        self._running = False
        self._lost = False
        self._limit = 0

    def start(self) -> None:
        """Switches on. On a meter that is on, it puts right what the program has switched off meanwhile."""
        if not self._kinds:
            return
        if self._running:
            self._look()
        else:
            self._limit = sys.getrecursionlimit()
            sys.setrecursionlimit(self._limit + SLACK)
        self._running = True
        sys._getframe().f_trace_opcodes = "opcodes" in self._kinds  # Python 3.12 looks whether any frame wants them
        sys.settrace(self._tracer)

    def stop(self) -> None:
        """Switches off. It does nothing on a meter that is off."""
        if not self._running:
            return
        self._look()
        sys.settrace(None)
        self._running = False
        if sys.getrecursionlimit() == self._limit + SLACK:  # else it is the program's own choice
            sys.setrecursionlimit(self._limit)

    def found(self) -> dict[str, Any]:
        """What was measured, as plain data of a few hundred kilobytes at most, for `etude.sandbox.measured` to read.

        `lost` says that tracing was switched off on the way: by the program, or because it used up the recursion
        limit, which leaves no room for a tracer. The measures then lack what came after.
        """
        return {"lost": self._lost, **{name: kind.found() for name, kind in self._kinds.items()}}

    def _look(self) -> None:
        self._lost = self._lost or sys.gettrace() is not self._tracer

    def _called(self, frame: FrameType, event: str, arg: Any) -> Tracer | None:
        if frame.f_code.co_filename != PROGRAM:
            return None
        local: Tracer | None = frame.f_trace  # a generator that goes on has one
        if local is None:
            tracers = [kind.enter(frame) for kind in self._kinds.values()]
            local = tracers[0] if len(tracers) == 1 else _Several(tracers, tracers[-1])
            frame.f_trace = local  # Python 3.13 counts instructions only where a tracer is set by hand
        local(frame, event, arg)
        return local


class _Several:
    """Some tracers as one. Instructions are many, so only their counter hears of them."""

    __slots__ = ("counter", "tracers")

    def __init__(self, tracers: list[Tracer], counter: Tracer) -> None:
        self.tracers, self.counter = tracers, counter

    def __call__(self, frame: FrameType, event: str, arg: Any) -> Tracer:
        if event == "opcode":
            self.counter(frame, event, arg)
        else:
            for tracer in self.tracers:
                tracer(frame, event, arg)
        return self


def measured(kinds: Iterable[str]) -> Meter:
    """A meter that is off.

    Args:
        kinds: Names out of `KINDS`; others are passed over.
    """
    wanted = set(kinds)
    made: dict[str, Kind] = {}  # the counter of instructions comes last
    if "coverage" in wanted:
        made["coverage"] = Coverage()
    if "trace" in wanted:
        made["trace"] = Trace()
    if "opcodes" in wanted:
        made["opcodes"] = Opcodes(alone=not made)
    return Meter(made)
