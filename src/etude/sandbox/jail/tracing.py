"""Where a program goes and what its variables become: coverage, and a trace of steps.

Coverage is a set of arcs. A trace is a list of steps, each with what it did to its function's variables; loops are cut
short and the rest of their steps are counted. Like all tracing it lets values live one step longer than they would,
which a `__del__` may notice.
"""

from collections.abc import Callable
from opcode import opmap
from types import CodeType, FrameType
from typing import Any

from .showing import class_name, shown, variables

LINES = 5_000
ARCS = 5_000
STEPS = 2_000
EACH = 100  # steps stored for one line and event, so that one loop does not use up all of them
SIZE = 256_000  # bytes of a trace on its way out
STEP, CHANGE = 70, 20  # bytes beside the texts
CHANGES = 12
NAME = 60

SUSPENDABLE = 0x20 | 0x80 | 0x200  # code flags: generator, coroutine, asynchronous generator
YIELDS = (opmap["YIELD_VALUE"], opmap["RESUME"])  # from Python 3.13 on a frame stands behind its yield already

Tracer = Callable[[FrameType, str, Any], Any]
Changes = list[tuple[str, str | None, str | None]]
Step = tuple[str, int, str, int, Changes, str]


class Coverage:
    """Lines reached and the arcs between them."""

    def __init__(self) -> None:
        self._arcs: set[tuple[int, int]] = set()
        self._executable: set[int] = set()

    def enter(self, frame: FrameType) -> Tracer:
        """The tracer of a frame. The program's first frame gives away which lines there are."""
        if frame.f_code.co_name == "<module>":
            self._executable |= _lines(frame.f_code)
        return _Path(self._arcs)

    def found(self) -> dict[str, Any]:
        """`lines` reached, `executable` lines, and `arcs` as from, to, from, to; line 0 is outside of the function."""
        arcs = sorted(arc for arc in self._arcs if arc != (0, 0))
        lines = sorted({line for _, line in arcs if line})
        flat = [line for arc in arcs[:ARCS] for line in arc]
        return {"lines": lines[:LINES], "executable": sorted(self._executable)[:LINES], "arcs": flat}


def _lines(code: CodeType) -> set[int]:
    found: set[int] = set()
    waiting = [code]
    while waiting:
        code = waiting.pop()
        found.update(line for _, _, line in code.co_lines() if line)
        waiting += [item for item in code.co_consts if type(item) is CodeType]
    return found


class _Path:
    """The way through one frame. It is no closure: those that return themselves are garbage for the collector."""

    __slots__ = ("arcs", "before")

    def __init__(self, arcs: set[tuple[int, int]]) -> None:
        self.arcs, self.before = arcs, 0

    def __call__(self, frame: FrameType, event: str, arg: Any) -> Tracer:
        if event == "line":
            line = frame.f_lineno
            self.arcs.add((self.before, line))
            self.before = line
        elif event == "return":
            self.arcs.add((self.before, 0))
        return self


class Trace:
    """Steps in the order in which they happened; those beyond a bound are counted, not stored."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.dropped = 0
        self.depth = -1
        self._visits: dict[tuple[str, int], int] = {}
        self._left = SIZE
        self.tired: set[int] = set()
        """Lines with as many steps as one line may have."""

    def enter(self, frame: FrameType) -> Tracer:
        """The tracer of a frame."""
        return _Teller(self)

    def found(self) -> dict[str, Any]:
        """`steps` as (event, line, function, depth, changes as (name, before, after), value), and `dropped`."""
        return {"steps": self.steps, "dropped": self.dropped}

    def room(self, event: str, line: int) -> bool:
        """Whether one more step is to be stored; counts those that are not."""
        if len(self.steps) >= STEPS or self._left <= 0:
            self.dropped += 1
            return False
        visits = self._visits.get((event, line), 0)
        if visits >= EACH:
            self.dropped += 1
            return False
        self._visits[event, line] = visits + 1
        if event == "line" and visits + 1 == EACH:
            self.tired.add(line)
        return True

    def add(self, event: str, frame: FrameType, value: str = "") -> Changes:
        """Stores a step. Returns its empty list of changes."""
        changes: Changes = []
        name = str.__getitem__(frame.f_code.co_qualname, slice(NAME))
        self._left -= STEP + _bytes(name) + _bytes(value)
        self.steps.append((event, frame.f_lineno or 0, name, max(self.depth, 0), changes, value))
        return changes

    def change(self, changes: Changes, before: dict[str, str], after: dict[str, str]) -> None:
        """Adds what is different."""
        for name in (*after, *(name for name in before if name not in after)):
            old, new = before.get(name), after.get(name)
            if old != new and len(changes) < CHANGES:
                changes.append((name[:NAME], old, new))
                self._left -= CHANGE + _bytes(name[:NAME]) + _bytes(old) + _bytes(new)


def _bytes(text: str | None) -> int:
    return 0 if text is None else len(text) if text.isascii() else 4 * len(text)


class _Teller:
    """One frame: its variables as they were last told, and the step whose effects are not known yet."""

    __slots__ = ("begun", "behind", "pending", "raising", "texts", "trace")

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.texts: dict[str, str] = {}
        self.pending: Changes | None = None
        self.behind = 0
        self.begun = self.raising = False

    def __call__(self, frame: FrameType, event: str, arg: Any) -> Tracer:
        if event == "line":
            self.raising = False
            if self.pending is None and frame.f_lineno in self.trace.tired:  # the quick way through a long loop
                self.behind += 1
                self.trace.dropped += 1
                return self
            self.pending = self.tell("line", frame)
        elif event == "call":
            self.trace.depth += 1
            changes = self.tell("resume" if self.begun else "call", frame)
            self.begun = True
            self.settle(frame, changes)
        elif event == "return":
            if not self.raising or arg is not None:
                self.tell("yield" if _yields(frame) else "return", frame, arg)
            self.trace.depth -= 1
            self.raising = False
        elif event == "exception":
            self.raising = True
            self.tell("raise", frame, arg)
        return self

    def tell(self, event: str, frame: FrameType, arg: Any = None) -> Changes | None:
        """Finishes the step before and stores a new one, if there is room for it. Returns its changes, still empty."""
        if self.pending is not None:
            self.settle(frame, self.pending)
            self.pending = None
        if not self.trace.room(event, frame.f_lineno or 0):
            self.behind += 1
            return None
        if self.behind:
            self.settle(frame, self.trace.add("gap", frame, str(self.behind)))
            self.behind = 0
        value = ""
        if event in ("return", "yield"):
            value = shown(arg)
        elif event == "raise":
            value = class_name(arg[0])
        return self.trace.add(event, frame, value)

    def settle(self, frame: FrameType, changes: Changes | None) -> None:
        """Adds to a step what has changed since the last one."""
        if changes is None:
            return
        texts = variables(frame)
        self.trace.change(changes, self.texts, texts)
        self.texts = texts


def _yields(frame: FrameType) -> bool:
    code = frame.f_code
    return bool(code.co_flags & SUSPENDABLE) and code.co_code[frame.f_lasti] in YIELDS
