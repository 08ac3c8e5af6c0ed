"""Proof, from inside a program's process, that the program never ends: an exact repetition of its state.

After some processor time a signal looks at the program for a short while, instruction by instruction. If it comes back
to the same place with everything that it has read since in the same state, and all it did in between depends on that
state alone, it will do so for ever. Loops that only move counters away from their exit are left to `endless_rules`.
What is not proved in that while goes on undisturbed.

A proof must be right: whatever is not known to be plain data, or a pure operation on it, gives none. Growing lists
give none either, for memory ends them; nor do threads, signals of the program's own, clocks, chance or input. The
program may forge a proof about itself, and has then failed itself.
"""

import _signal
import _thread
import gc
import opcode
import signal
import sys
import time
from array import array
from collections.abc import Callable
from types import CodeType, FrameType, FunctionType, GeneratorType
from typing import Any
from weakref import ReferenceType

from . import endless_rules as rules
from .endless_rules import Step
from .endless_state import State, TooLargeError, is_pure, remember

Say = Callable[[str, int], None]
WINDOWS = ((0.04, 0.2), (0.12, 0.0))
"""Processor seconds of each look at the program, and how long after it comes the next; 0 for never."""
EVENTS = 400_000
OBJECTS = 200_000
"""Most objects of the program that are searched for finalizers. With more there is no proof."""
FAILURES = 4
ATTEMPTS = 12
CLEANING = 0.001
OWN = __file__.rpartition("/")[0]
RISKY = frozenset(("addaudithook", "faulthandler", "ctypes", "_ctypes", "cffi"))
"""Names with which a program can have something happen between two instructions that no check here would see."""
LOCALS = frozenset(("locals", "vars", "dir", "eval", "exec", "f_locals"))

_UNSEEN, _HEAD, _BAD = 1, 2, 4
_ARMED: dict[str, Any] = {}
"""What is armed: a signal handler gets no argument of ours, so this is kept here. One process runs one program."""
_BEFORE: dict[str, Any] = {}
"""What the process was like before the program: signal handlers, finalizers."""


def prepare() -> None:
    """Installs the signal handler; once, in the main thread of the process from which the programs' are made."""
    if sys.version_info[:2] != (3, 11):
        return  # the instructions' meaning is known for this version only
    remember()
    signal.signal(signal.SIGVTALRM, _alarmed)
    _BEFORE.update(handlers=_handlers(), callbacks=list(gc.callbacks))
    _BEFORE["finalizers"] = frozenset(map(id, _finalizers(gc.get_objects())))


def arm(after: float, say: Say) -> None:
    """Looks at the running program later on.

    Args:
        after: Processor seconds until then.
        say: Called at most once, from within the program, with a reason and a line number. It should not return.
    """
    if _BEFORE:
        _ARMED["say"], _ARMED["windows"] = say, list(WINDOWS)
        _signal.setitimer(_signal.ITIMER_VIRTUAL, after)


def _alarmed(_: int, frame: FrameType | None) -> None:
    """The signal handler: clears up after the last look, or starts the next. It raises nothing into the program."""
    try:
        if (last := _ARMED.pop("last", None)) is not None:
            last.clear_up(frame)
            if _ARMED["windows"] and last.pause:
                _signal.setitimer(_signal.ITIMER_VIRTUAL, last.pause)
        elif frame is not None and _ARMED.get("windows") and _is_ours_to_look(frame):
            length, pause = _ARMED["windows"].pop(0)
            _ARMED["window"] = Window(_ARMED["say"], length, pause)
            _ARMED["window"].open(frame)
    except BaseException:
        if (window := _ARMED.pop("window", None)) is not None:
            window.close()


def _is_ours_to_look(frame: FrameType) -> bool:
    return sys.gettrace() is None and _is_quiet() and _has_no_surprises(_stack(frame))


def _is_quiet() -> bool:
    """Nothing but the program's own instructions can change its state."""
    return (
        _thread._count() == 0
        and sys.getprofile() is None
        and _signal.getitimer(_signal.ITIMER_REAL) == (0.0, 0.0)
        and _signal.getitimer(_signal.ITIMER_PROF) == (0.0, 0.0)
        and _handlers() == _BEFORE["handlers"]
        and gc.callbacks == _BEFORE["callbacks"]
        and gc.isenabled()
        and gc.get_threshold()[0] > 0
    )


def _handlers() -> list[Any]:
    return [_signal.getsignal(number) for number in range(1, _signal.NSIG)]


def _stack(frame: FrameType) -> list[FrameType]:
    """The program's own frames, the innermost first: all above the first of ours."""
    found = []
    walked: FrameType | None = frame
    while walked is not None and not walked.f_code.co_filename.startswith(OWN):
        found.append(walked)
        walked = walked.f_back
    return found


def _has_no_surprises(stack: list[FrameType]) -> bool:
    """No finalizer that a garbage collection would run, and room for a tracer on the stack."""
    if not stack or len(stack) > sys.getrecursionlimit() // 4:
        return False
    for frame in stack:
        if not RISKY.isdisjoint(frame.f_code.co_names) or not RISKY.isdisjoint(frame.f_globals):
            return False
    objects = gc.get_objects()
    if len(objects) > OBJECTS:
        return False
    return all(id(found) in _BEFORE["finalizers"] for found in _finalizers(objects))


def _finalizers(objects: list[Any]) -> list[Any]:
    kinds = (FunctionType, ReferenceType, GeneratorType)
    return [found for found in objects if type(found) in kinds and _may_surprise(found)]


def _may_surprise(found: Any) -> bool:
    if type(found) is FunctionType:
        return found.__code__.co_name == "__del__" or not RISKY.isdisjoint(found.__code__.co_names)
    if type(found) is ReferenceType:
        return found.__callback__ is not None
    return bool(found.gi_code.co_exceptiontable)


class Seen:
    """What is known of one code object: its instructions, which of them were run, and where its loops begin."""

    def __init__(self, code: CodeType, number: int, space: dict[str, Any]) -> None:
        self.code, self.number, self.space = code, number, space
        self.steps = rules.decode(code)
        self.marks = bytearray([_UNSEEN]) * len(self.steps)
        self.targets = {step[4] for step in self.steps if step is not None and "JUMP" in step[2]}
        for step in self.steps:
            if step is not None and step[2] in rules.BACKWARD:
                self.marks[step[4] >> 1] |= _HEAD
        self._depths: dict[int, int] | None = None

    def depths(self) -> dict[int, int]:
        """How much is on the evaluation stack before each instruction."""
        if self._depths is None:
            self._depths = rules.depths(self.code, self.steps)
        return self._depths


class Place:
    """The head of a loop in one frame: when it was reached last, and the state that is compared with."""

    def __init__(self, frame: FrameType) -> None:
        self.frame = frame
        self.count = self.failures = self.attempts = 0
        self.seen = self.start = -1
        self.turn = 4
        self.state: State | None = None


class Window:
    """One look at a running program. `log` holds every instruction run: the number of its code, then its place."""

    def __init__(self, say: Say, length: float, pause: float) -> None:
        self.say, self.pause = say, pause
        self.until = time.thread_time() + length
        self.log = array("I")
        self.bad = -1
        self.seen: dict[int, Seen] = {}
        self.by_number: list[Seen] = []
        self.reads: dict[tuple[int, str], tuple[dict[str, Any], dict[str, Any]]] = {}
        self.places: dict[int, dict[int, Place]] = {}
        self.frames: list[FrameType] = []
        self.depth = 0
        self.bottom: FrameType | None = None
        self.tracer: Any = self._traced  # one object, so that it can be recognised

    def open(self, frame: FrameType) -> None:
        """Starts; the program's next instruction is seen."""
        stack = _stack(frame)
        self.depth, self.bottom = len(stack), stack[-1]
        for each in stack:
            self._follow(each)
        sys.settrace(self.tracer)

    def close(self) -> None:
        """Stops at once; what is left behind in the frames is cleared up when the next signal comes."""
        if sys.gettrace() == self.tracer:
            sys.settrace(None)
        self.places.clear()
        self.reads.clear()
        self.seen.clear()
        _ARMED.pop("window", None)
        _ARMED["last"] = self
        _signal.setitimer(_signal.ITIMER_VIRTUAL, CLEANING)

    def clear_up(self, frame: FrameType | None) -> None:
        """Frees what being traced has left in frames: their copies of variables would keep old values alive.

        It cannot be done while the tracer runs: the interpreter would take an emptied copy for the variables.
        """
        stack = _stack(frame) if frame is not None else []
        for each in (*stack, *self.frames):
            if each.f_trace == self.tracer:
                each.f_trace = None
                each.f_trace_opcodes, each.f_trace_lines = False, True
                if each.f_code.co_flags & rules.OPTIMIZED and LOCALS.isdisjoint(each.f_code.co_names):
                    each.f_locals.clear()
        self.frames.clear()

    def _follow(self, frame: FrameType) -> None:
        frame.f_trace = self.tracer
        frame.f_trace_opcodes, frame.f_trace_lines = True, False

    def _traced(self, frame: FrameType, event: str, _: Any) -> Any:
        """The trace function. Whatever goes wrong in it ends the look, and never reaches the program."""
        try:
            if event == "opcode":
                self._step(frame)
            elif event == "call":
                self._enter(frame)
            elif event == "return":
                self._leave(frame)
        except BaseException:
            self.close()
        return self.tracer

    def _enter(self, frame: FrameType) -> None:
        self.depth += 1
        if self.depth > sys.getrecursionlimit() // 4 or time.thread_time() > self.until:
            self.close()
            return
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if frame.f_code.co_flags & rules.GENERATOR:
            self.frames.append(frame)

    def _leave(self, frame: FrameType) -> None:
        self.depth -= 1
        self.places.pop(id(frame), None)
        if frame is self.bottom:
            self.close()

    def _step(self, frame: FrameType) -> None:
        seen = self.seen.get(id(frame.f_code)) or self._learn(frame)
        at = frame.f_lasti >> 1
        self.log.append(seen.number | at)
        if seen.marks[at]:
            self._look(frame, seen, at)

    def _learn(self, frame: FrameType) -> Seen:
        seen = Seen(frame.f_code, len(self.by_number) << 16, frame.f_globals)
        if len(seen.steps) >= 1 << 16 or len(self.by_number) >= 1 << 15:
            raise TooLargeError
        self.by_number.append(seen)
        self.seen[id(frame.f_code)] = seen
        if not frame.f_code.co_flags & rules.OPTIMIZED and frame.f_locals is not frame.f_globals:
            seen.marks = bytearray([_BAD]) * len(seen.steps)  # the body of a class: its names are of a third kind
        return seen

    def _look(self, frame: FrameType, seen: Seen, at: int) -> None:
        if seen.marks[at] & _UNSEEN:
            seen.marks[at] &= ~_UNSEEN
            self._judge(frame, seen, at)
        if seen.marks[at] & _BAD:
            self.bad = len(self.log) - 1
        if seen.marks[at] & _HEAD:
            self._arrive(frame, seen, at)

    def _judge(self, frame: FrameType, seen: Seen, at: int) -> None:
        """The first time that an instruction is run: may it be part of a proof, and which name does it read?"""
        step = seen.steps[at]
        if step is None or not rules.is_allowed(seen.steps, step, seen.targets) or frame.f_globals is not seen.space:
            seen.marks[at] |= _BAD
        elif step[2] in rules.GLOBAL_READS:
            self.reads.setdefault((id(seen.space), step[4]), (seen.space, frame.f_builtins))

    def _arrive(self, frame: FrameType, seen: Seen, at: int) -> None:
        if time.thread_time() > self.until or len(self.log) > EVENTS:
            self.close()
            return
        places = self.places.setdefault(id(frame), {})
        place = places.get(at) or places.setdefault(at, Place(frame))
        here, before, place.seen = len(self.log) - 1, place.seen, len(self.log) - 1
        place.count += 1
        if before <= self.bad or place.failures > FAILURES:
            place.state = None
            return
        state = self._state(frame)
        if place.state is not None and place.start > self.bad:
            self._compare(place, state, seen, before, here)
        if place.state is None or place.start <= self.bad or place.count >= place.turn:
            place.state, place.start, place.turn = state, here, 2 * place.count

    def _state(self, frame: FrameType) -> State:
        state = State()
        if frame.f_code.co_flags & rules.OPTIMIZED:
            values = frame.f_locals
            for name in rules.local_names(frame.f_code):
                state.add(name, values, {})
        for key, (space, builtins) in self.reads.items():
            state.add(key, space, builtins)
        return state

    def _compare(self, place: Place, state: State, seen: Seen, before: int, here: int) -> None:
        assert place.state is not None
        line = place.frame.f_lineno
        if state.parts == place.state.parts:
            if self._repeats(place, state, seen, here):
                self._prove(f"the state at line {line} repeats exactly", line)
            place.failures += 1
        elif place.attempts < ATTEMPTS:
            place.attempts += 1
            for start in dict.fromkeys((before, place.start)):
                if self._runs_away(place, state, seen, start, here):
                    self._prove(f"the counters at line {line} never reach the end of the loop", line)
                    break

    def _prove(self, reason: str, line: int) -> None:
        if _is_quiet() and sys.gettrace() == self.tracer:
            say, self.say = self.say, _nothing
            _ARMED["windows"] = []
            self.close()
            say(reason, line)

    def _repeats(self, place: Place, state: State, seen: Seen, here: int) -> bool:
        """Whether all that was done between two equal states depends on what was compared, and on nothing else."""
        floor = seen.depths()[(self.log[place.start] & 0xFFFF) << 1]
        used = [(self.by_number[key >> 16], key & 0xFFFF) for key in set(self.log[place.start : here])]
        steps: list[Step] = []
        for of, at in used:
            step = of.steps[at]
            if step is None or not self._is_known(step, of, seen, state):
                return False
            if of is seen and not rules.stays_above(step, of.depths(), floor):
                return False
            steps.append(step)
        return rules.is_repeatable(steps, [(of.steps, at, of.code) for of, at in used], state.sets, state.classes)

    def _is_known(self, step: Step, of: Seen, seen: Seen, state: State) -> bool:
        """Whether a name that is read stands for something that could be compared."""
        if step[2] in rules.GLOBAL_READS:
            return (id(of.space), step[4]) not in state.unknown
        return of is not seen or step[2] not in rules.LOCAL_READS or step[4] not in state.unknown

    def _runs_away(self, place: Place, state: State, seen: Seen, start: int, here: int) -> bool:
        if here - start > rules.PATH or any(key >> 16 << 16 != seen.number for key in self.log[start:here]):
            return False
        assert place.state is not None
        frame = place.frame
        path = [seen.steps[key & 0xFFFF] for key in self.log[start:here]]
        values = frame.f_locals if frame.f_code.co_flags & rules.OPTIMIZED else {}
        changed = {
            part if type(part) is str else part[1]
            for part, value in state.parts.items()
            if place.state.parts.get(part) != value and (type(part) is str or part[0] == id(seen.space))
        }

        def read(name: str) -> Any:
            for space in (values, frame.f_globals):
                if name in space:
                    return space[name]
            value = frame.f_builtins[name]
            if not is_pure(value):
                raise KeyError(name)
            return value

        return rules.never_ends([step for step in path if step is not None], read, changed)


def _nothing(_: str, __: int) -> None:
    return
