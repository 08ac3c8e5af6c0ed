"""How many bytecode instructions a program executes: a measure of effort that is the same on every run.

It counts what the interpreter dispatches in the program's own frames, before any of the interpreter's shortcuts; work
done inside a built-in function counts as the one instruction that calls it. Numbers of different Python versions do
not compare.
"""

from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

CODES = 5_000  # code objects counted apart; a program that makes more of them has the others in its total only
LINES = 5_000
FUNCTIONS = 500
NAME = 100

Tracer = Callable[[FrameType, str, Any], Any]


class Opcodes:
    """Counts instructions, per code object and offset; lines and functions are worked out at the end.

    Args:
        alone: Nobody else wants to hear of this program's lines, so that the interpreter need not report them.
    """

    def __init__(self, *, alone: bool) -> None:
        self._lines_too = not alone
        self._known: dict[int, tuple[CodeType, list[int], Tracer]] = {}  # by id: hashing a code object is slow
        self._others = [0]
        self._other = _adder(self._others)

    def enter(self, frame: FrameType) -> Tracer:
        """Switches the counting on in a frame."""
        frame.f_trace_opcodes = True
        frame.f_trace_lines = self._lines_too
        code = frame.f_code
        known = self._known.get(id(code))
        if known is None:
            if len(self._known) >= CODES:
                return self._other
            counts = [0] * (len(code.co_code) // 2 + 1)
            known = self._known[id(code)] = (code, counts, _counter(counts))
        return known[2]

    def found(self) -> dict[str, Any]:
        """`total`, `functions` (name -> count) and `lines` (number -> count); of too many, the highest counts."""
        functions: dict[str, int] = {}
        lines: dict[int, int] = {}
        total = self._others[0]
        for code, counts, _ in self._known.values():
            used = sum(counts)
            total += used
            name = str.__getitem__(code.co_qualname, slice(NAME))
            functions[name] = functions.get(name, 0) + used
            for start, end, line in code.co_lines():
                if line and (spent := sum(counts[start // 2 : end // 2])):
                    lines[line] = lines.get(line, 0) + spent
        return {"total": total, "functions": _highest(functions, FUNCTIONS), "lines": _highest(lines, LINES)}


def _counter(counts: list[int]) -> Tracer:
    def count(frame: FrameType, event: str, arg: Any) -> Tracer:
        if event == "opcode":
            counts[frame.f_lasti >> 1] += 1  # an instruction has two bytes
        return count

    return count


def _adder(total: list[int]) -> Tracer:
    def add(frame: FrameType, event: str, arg: Any) -> Tracer:
        if event == "opcode":
            total[0] += 1
        return add

    return add


def _highest(counts: dict[Any, int], most: int) -> dict[Any, int]:
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return dict(sorted(item for item in ranked[:most] if item[1]))
