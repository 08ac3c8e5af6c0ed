"""One look at a running program: every instruction is logged, and the state compared at the heads of its loops.

A loop is proved endless if its state at the head is what it was some rounds before (Brent's way of finding a cycle:
the state compared with is renewed after 1, 2, 4, ... rounds), or if `drift` says so of the last round.
"""

import sys
from array import array
from collections.abc import Callable, Hashable
from types import CodeType, FrameType
from typing import Any

from . import drift
from .instructions import CHANGE_SET, GLOBAL_READS, LOCAL_READS, SHOW_ADDRESS, Instructions, is_repeatable, stays_inside
from .snapshot import OBJECTS, SETS, UNKNOWN, Snapshot

OPTIMIZED = 1  # co_flags: the variables are in slots, as in every function
READS_LOCALS = frozenset(("locals", "vars", "dir", "eval", "exec", "f_locals"))
CODES = 1 << 15
DRIFTS = 6
"""Attempts at one loop's drift: its counters move in every round, so one attempt is as good as the next."""


class TooLargeError(Exception):
    """There is more than a look can hold."""


class Code:
    """What is known of a code object that was run."""

    def __init__(self, code: CodeType, number: int, space: dict[str, Any]) -> None:
        self.code, self.number, self.space = code, number, space
        self.instructions = Instructions(code)


class Place:
    """The head of a loop in one frame: where the log was at the last visit and at the one compared with."""

    def __init__(self) -> None:
        self.visits = self.drifts = 0
        self.turn = 1
        self.last = self.start = -1
        self.state: Snapshot | None = None


class Watch:
    """Traces the program from its next instruction on, until something is proved or the events are used up."""

    def __init__(
        self,
        stack: list[FrameType],
        world: frozenset[int],
        events: int,
        prove: Callable[[str, int], None],
        closed: Callable[[], None],
    ) -> None:
        self._world, self._events, self._prove, self._closed = world, events, prove, closed
        self._log = array("I")
        self._codes: dict[CodeType, Code] = {}
        self._by_number: list[Code] = []
        self._names: set[str] = set()
        self._globals: dict[tuple[int, str], tuple[dict[str, Any], dict[str, Any]]] = {}
        self._places: dict[FrameType, dict[int, Place]] = {}
        self._followed = list(stack)
        self._deepest = sys.getrecursionlimit() // 4
        self._tracer = self._traced  # one object, by which it is recognised
        for frame in stack:
            frame.f_trace, frame.f_trace_opcodes, frame.f_trace_lines = self._tracer, True, False
        sys.settrace(self._tracer)

    def tidy(self) -> None:
        """Clears what the tracer has left in frames: their copies of variables would keep old values alive."""
        for frame in self._followed:
            if frame.f_trace == self._tracer:
                frame.f_trace = None
                frame.f_trace_opcodes, frame.f_trace_lines = False, True
                if frame.f_code.co_flags & OPTIMIZED and READS_LOCALS.isdisjoint(frame.f_code.co_names):
                    frame.f_locals.clear()
        self._followed.clear()

    def _close(self) -> None:
        if sys.gettrace() == self._tracer:
            sys.settrace(None)
            self._places.clear()
            self._globals.clear()
            self._codes.clear()
            self._closed()

    def _traced(self, frame: FrameType, event: str, _: Any) -> Any:
        """The trace function. Whatever goes wrong in it ends the look, and never reaches the program."""
        try:
            if event == "opcode":
                self._step(frame)
            elif event == "call":
                frame.f_trace_opcodes, frame.f_trace_lines = True, False
            elif event == "return":
                self._places.pop(frame, None)
        except BaseException:
            self._close()
        return self._tracer

    def _step(self, frame: FrameType) -> None:
        code = self._codes.get(frame.f_code) or self._learn(frame)
        self._log.append(code.number | frame.f_lasti >> 1)
        self._events -= 1
        if self._events < 0:
            self._close()
        elif frame.f_lasti in code.instructions.heads:
            self._arrive(frame, code, frame.f_lasti)

    def _learn(self, frame: FrameType) -> Code:
        code = Code(frame.f_code, len(self._by_number) << 16, frame.f_globals)
        if len(frame.f_code.co_code) >= 1 << 16 or len(self._by_number) >= CODES:
            raise TooLargeError
        if not frame.f_code.co_flags & OPTIMIZED and frame.f_locals is not frame.f_globals:
            raise TooLargeError  # the body of a class: its names are of a third kind
        self._by_number.append(code)
        self._codes[frame.f_code] = code
        self._names.update(frame.f_code.co_names)
        for item in code.instructions.at.values():
            if item.opname in GLOBAL_READS:
                self._globals[id(frame.f_globals), str(item.argval)] = (frame.f_globals, frame.f_builtins)
        return code

    def _arrive(self, frame: FrameType, code: Code, head: int) -> None:
        place = self._places.setdefault(frame, {}).setdefault(head, Place())
        here, before, place.last = len(self._log) - 1, place.last, len(self._log) - 1
        place.visits += 1
        state = self._state(frame)
        if place.state is not None and self._repeats(place.state, state, code, place.start, here):
            self._prove(f"the state at line {frame.f_lineno} repeats exactly", frame.f_lineno)
        if before >= 0 and place.drifts < DRIFTS:
            place.drifts += 1
            if self._drifts(frame, code, before, here):
                self._prove(f"the counters at line {frame.f_lineno} never reach the end of their loop", frame.f_lineno)
        if place.state is None or place.visits >= place.turn:
            place.state, place.start, place.turn = state, here, 2 * place.visits

    def _state(self, frame: FrameType) -> Snapshot:
        state = Snapshot(self._world, self._names)
        if frame.f_code.co_flags & OPTIMIZED:
            values = frame.f_locals
            for name in (*frame.f_code.co_varnames, *frame.f_code.co_cellvars, *frame.f_code.co_freevars):
                state.add(name, (values,), name)
        for key, spaces in self._globals.items():
            state.add(key, spaces, key[1])
        self._events -= state.items
        return state

    def _repeats(self, old: Snapshot, new: Snapshot, code: Code, start: int, here: int) -> bool:
        """Whether two states are equal, and all that was done between them depends on what was compared."""
        if old.parts.keys() != new.parts.keys() or old.holds != new.holds:
            return False
        if any(value != new.parts[key] for key, value in old.parts.items() if value is not UNKNOWN):
            return False
        used = [(self._by_number[entry >> 16], (entry & 0xFFFF) << 1) for entry in set(self._log[start:here])]
        own = [offset for of, offset in used if of is code]
        floor = code.instructions.depths()[(self._log[start] & 0xFFFF) << 1]
        names = {str(of.instructions.at[offset].argval) for of, offset in used}
        kinds = {of.instructions.at[offset].opname for of, offset in used}
        return (
            stays_inside(own, code.instructions, floor)
            and all(is_repeatable(offset, of.instructions) for of, offset in used)
            and all(UNKNOWN not in (old.parts[key], new.parts[key]) for key in _read(used, code) if key in new.parts)
            and not (
                new.holds & SETS and (names & CHANGE_SET or any(of.instructions.changes_set(at) for of, at in used))
            )
            and not (OBJECTS in new.holds and (names & SHOW_ADDRESS or kinds & {"FORMAT_VALUE", "BUILD_SET"}))
        )

    def _drifts(self, frame: FrameType, code: Code, start: int, here: int) -> bool:
        path = self._log[start:here]
        if any(entry >> 16 << 16 != code.number for entry in path):
            return False
        values = frame.f_locals
        spaces = (values, frame.f_globals, frame.f_builtins)

        def read(name: str) -> Any:
            return next((space[name] for space in spaces if name in space), None)

        offsets = [(entry & 0xFFFF) << 1 for entry in path]
        return drift.never_leaves([(offset, code.instructions.at[offset]) for offset in offsets], read)


def _read(used: list[tuple[Code, int]], own: Code) -> set[Hashable]:
    """The keys of the variables that instructions read."""
    keys: set[Hashable] = set()
    for of, offset in used:
        item = of.instructions.at[offset]
        if item.opname in GLOBAL_READS:
            keys.add((id(of.space), str(item.argval)))
        elif item.opname in LOCAL_READS and of is own:
            keys.add(str(item.argval))
    return keys
