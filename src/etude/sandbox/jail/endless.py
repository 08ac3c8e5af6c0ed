"""Proof, from inside a program's process, that the program never ends.

After some processor time a signal looks at the program for a short while, instruction by instruction (`watched`). If it
comes back to the same place with all that it reads in the same state, and what it did in between depends on that state
alone, it does so for ever; `drift` proves the loops that only count away from their end. What is not proved in that
while runs on undisturbed, and the time limits see to it.

A proof must be right for every honest program. Threads, signals of the program's own, finalizers, clocks, chance, input
and growing memory give none. A program may forge a proof about itself, and has then failed itself.
"""

import _thread
import gc
import signal
import sys
from collections.abc import Callable
from types import FrameType, FunctionType, GeneratorType
from typing import Any
from weakref import ReferenceType

from .snapshot import known_world
from .watched import Watch

Say = Callable[[str, int], None]
EVENTS = (10_000, 40_000)
"""Instructions, and values compared, in each look at the program. Counts, so that a busy machine decides nothing."""
PAUSE = 0.2
"""Processor seconds between two looks."""
TIDYING = 0.001
OBJECTS = 200_000
"""Most objects of a program that are searched for finalizers; with more there is no proof."""
OWN = __file__.rpartition("/")[0]
RISKY = frozenset(("addaudithook", "faulthandler", "ctypes", "_ctypes", "cffi"))
"""Names with which a program can have things happen that no check here would see."""

_ARMED: dict[str, Any] = {}
"""What is armed. A signal handler gets no argument of ours, so it is kept here: one process runs one program."""
_BEFORE: dict[str, Any] = {}
"""What the process was like before the program."""


def prepare() -> None:
    """Installs the signal handler: once, in the process from which the programs' processes are made."""
    if sys.version_info[:2] != (3, 11):
        return  # the meaning of instructions is known for this version only
    signal.signal(signal.SIGVTALRM, _alarmed)
    _BEFORE.update(world=known_world(), handlers=_handlers(), callbacks=list(gc.callbacks))
    _BEFORE["finalizers"] = frozenset(map(id, _finalizers(gc.get_objects())))


def arm(after: float, say: Say) -> None:
    """Looks at the running program later on.

    Args:
        after: Processor seconds until then.
        say: Called at most once, from within the program, with a reason and a line number. It should not return.
    """
    if _BEFORE:
        _ARMED.update(say=say, events=list(EVENTS))
        signal.setitimer(signal.ITIMER_VIRTUAL, after)


def _alarmed(_: int, frame: FrameType | None) -> None:
    """The signal handler: tidies up after the last look, or takes the next. It raises nothing into the program."""
    try:
        last: Watch | None = _ARMED.pop("last", None)
        if last is not None:
            last.tidy()
            if _ARMED["events"]:
                signal.setitimer(signal.ITIMER_VIRTUAL, PAUSE)
        elif frame is not None and _ARMED["events"]:
            events = _ARMED["events"].pop(0)
            if _may_look(frame):
                _ARMED["watch"] = Watch(_stack(frame), _BEFORE["world"], events, _prove, _closed)
    except BaseException:
        _ARMED["events"] = []


def _closed() -> None:
    """A look is over. What being traced left in frames can be cleared once the tracer no longer runs."""
    _ARMED["last"] = _ARMED.pop("watch", None)
    signal.setitimer(signal.ITIMER_VIRTUAL, TIDYING)


def _prove(reason: str, line: int) -> None:
    if _is_quiet():
        _ARMED["events"] = []
        _ARMED["say"](reason, line)


def _may_look(frame: FrameType) -> bool:
    stack = _stack(frame)
    if not stack or len(stack) > sys.getrecursionlimit() // 4 or sys.gettrace() is not None or not _is_quiet():
        return False
    for each in stack:
        if not RISKY.isdisjoint(each.f_code.co_names) or not RISKY.isdisjoint(each.f_globals):
            return False
    objects = gc.get_objects()
    return len(objects) <= OBJECTS and all(id(found) in _BEFORE["finalizers"] for found in _finalizers(objects))


def _stack(frame: FrameType) -> list[FrameType]:
    """The program's own frames, the innermost first: all above the first of ours."""
    found = []
    walked: FrameType | None = frame
    while walked is not None and not walked.f_code.co_filename.startswith(OWN):
        found.append(walked)
        walked = walked.f_back
    return found


def _is_quiet() -> bool:
    """Nothing but the program's own instructions can change its state."""
    return (
        _thread._count() == 0
        and sys.getprofile() is None
        and signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
        and signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)
        and _handlers() == _BEFORE["handlers"]
        and gc.callbacks == _BEFORE["callbacks"]
        and gc.isenabled()
    )


def _handlers() -> list[Any]:
    return [signal.getsignal(number) for number in range(1, signal.NSIG)]


def _finalizers(objects: list[Any]) -> list[Any]:
    """What a garbage collection could run in the middle of a loop."""
    kinds = (FunctionType, ReferenceType, GeneratorType)
    return [found for found in objects if type(found) in kinds and _may_surprise(found)]


def _may_surprise(found: Any) -> bool:
    if type(found) is FunctionType:
        return found.__code__.co_name == "__del__" or not RISKY.isdisjoint(found.__code__.co_names)
    if type(found) is ReferenceType:
        return found.__callback__ is not None
    return bool(found.gi_code.co_exceptiontable)
