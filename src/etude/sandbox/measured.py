"""What a jail sent back of a measured program, as frozen records; and the same as text for a reader.

All of it was said by the process in which the program ran, and the program may have changed it. It is a statement,
never a verdict: fit for feedback, training data and a measure of efficiency among programs that are known to be right.
How it is measured stands in `etude.sandbox.jail.measuring`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from etude.sandbox.jail import counting, tracing

Event = Literal["line", "call", "resume", "return", "yield", "raise", "gap"]
Trust = Literal["in-process"]

EVENTS = frozenset(get_args(Event))
MOST_LINE = 10_000_000
MOST_COUNT = 1 << 62
MOST_DEPTH = 1_000_000
SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Where the program has been.

    Attributes:
        lines: Numbers of the lines reached, ascending.
        executable: Numbers of the lines that hold code.
        arcs: Pairs (from, to) of lines that followed each other within one function; 0 is outside of it: where it was
            entered, left, or suspended.
    """

    lines: tuple[int, ...]
    executable: tuple[int, ...]
    arcs: tuple[tuple[int, int], ...]

    @property
    def share(self) -> float:
        """Executable lines reached, from 0 to 1; 0 where there is none."""
        reached = set(self.lines).intersection(self.executable)
        return len(reached) / len(self.executable) if self.executable else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A variable's short text before and after; None where it was not there, or is gone."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceStep:
    """One step.

    Attributes:
        event: `line` (about to run it; `changes` are what it did to its function's variables), `call` (`changes` are
            the arguments), `resume` (a generator goes on), `return`, `yield`, `raise` (in each function that the
            exception passes), or `gap` (steps of this function that were counted, not stored; `changes` sums them up).
        depth: Calls of the program's own functions around this one.
        value: What is returned or yielded, the class of what is raised, or how many steps a gap stands for.
    """

    event: Event
    line: int
    function: str
    depth: int
    changes: tuple[Change, ...] = ()
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The first steps of the program: of each line a bounded number. `dropped` steps were counted, not stored."""

    steps: tuple[TraceStep, ...]
    dropped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Opcodes:
    """Bytecode instructions executed; equal on each run of one Python version. Functions by their qualified name."""

    total: int
    by_function: Mapping[str, int]
    by_line: Mapping[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All measures of one run; None where one was not asked for, or came back malformed.

    Attributes:
        lost: The tracing ended before the program did, by the program's doing or by its recursion's depth.
        trust: Who says so: the program's own process.
    """

    coverage: Coverage | None = None
    trace: Trace | None = None
    opcodes: Opcodes | None = None
    lost: bool = False
    trust: Trust = "in-process"


def read_measured(plain: Any) -> Measured | None:
    """The measures in what a jail sent, `Run.measured`; it takes any plain value and raises nothing.

    Returns:
        The record, or None where the value is none. Each field of it is of its type and within its bounds.
    """
    if type(plain) is not dict:
        return None
    return Measured(
        coverage=_read_coverage(plain.get("coverage")),
        trace=_read_trace(plain.get("trace")),
        opcodes=_read_opcodes(plain.get("opcodes")),
        lost=plain.get("lost") is True,
    )


def _read_coverage(plain: Any) -> Coverage | None:
    if type(plain) is not dict:
        return None
    lines, executable = _numbers(plain.get("lines"), 1), _numbers(plain.get("executable"), 1)
    flat = _numbers(plain.get("arcs"), 0)
    if lines is None or executable is None or flat is None or len(flat) % 2:
        return None
    arcs = sorted(set(zip(flat[::2], flat[1::2], strict=True)))
    return Coverage(lines=tuple(sorted(set(lines))), executable=tuple(sorted(set(executable))), arcs=tuple(arcs))


def _numbers(plain: Any, least: int) -> list[int] | None:
    if type(plain) is not list or len(plain) > 2 * tracing.ARCS:
        return None
    return plain if all(_is_count(item, MOST_LINE, least) for item in plain) else None


def _read_trace(plain: Any) -> Trace | None:
    if type(plain) is not dict or not _is_count(plain.get("dropped"), MOST_COUNT):
        return None
    items = plain.get("steps")
    if type(items) is not list or len(items) > 2 * tracing.STEPS:
        return None
    steps = [_read_step(item) for item in items]
    whole = tuple(step for step in steps if step is not None)
    return Trace(steps=whole, dropped=plain["dropped"]) if len(whole) == len(steps) else None


def _read_step(plain: Any) -> TraceStep | None:
    if type(plain) is not tuple or [type(part) for part in plain] != [str, int, str, int, list, str]:
        return None
    event, line, function, depth, items, value = plain
    changes = tuple(change for change in map(_read_change, items[: tracing.CHANGES]) if change is not None)
    right = event in EVENTS and _is_count(line, MOST_LINE) and _is_count(depth, MOST_DEPTH)
    if not right or len(changes) != len(items):
        return None
    return TraceStep(
        event=event, line=line, function=function[:SHOWN], depth=depth, changes=changes, value=value[:SHOWN]
    )


def _read_change(plain: Any) -> Change | None:
    if type(plain) is not tuple or len(plain) != 3 or type(plain[0]) is not str:
        return None
    if not all(text is None or type(text) is str for text in plain[1:]):
        return None
    before, after = (text if text is None else text[:SHOWN] for text in plain[1:])
    return Change(name=plain[0][:SHOWN], before=before, after=after)


def _read_opcodes(plain: Any) -> Opcodes | None:
    if type(plain) is not dict or not _is_count(plain.get("total"), MOST_COUNT):
        return None
    functions, lines = plain.get("functions"), plain.get("lines")
    if type(functions) is not dict or type(lines) is not dict:
        return None
    if len(functions) > counting.FUNCTIONS or len(lines) > counting.LINES:
        return None
    named = all(type(name) is str and _is_count(count, MOST_COUNT) for name, count in functions.items())
    numbered = all(_is_count(line, MOST_LINE) and _is_count(count, MOST_COUNT) for line, count in lines.items())
    if not named or not numbered:
        return None
    return Opcodes(
        total=plain["total"], by_function={name[:SHOWN]: functions[name] for name in functions}, by_line=lines
    )


def _is_count(plain: Any, most: int, least: int = 0) -> bool:
    return type(plain) is int and least <= plain <= most


def annotate(source: str, coverage: Coverage) -> str:
    """The source with a mark in front of each line: `>` reached, `!` never reached, a blank where there is no code."""
    reached, executable = set(coverage.lines), set(coverage.executable)
    marked = []
    for number, text in enumerate(_split(source), 1):
        mark = ">" if number in reached else "!" if number in executable else " "
        marked.append(f"{mark} {text}".rstrip())
    return "\n".join(marked)


def narrate(source: str, trace: Trace, most: int = 60) -> str:
    """The trace as text, one line per step, with the program's own words and the variables that changed.

    Args:
        source: The program.
        trace: Its trace.
        most: Lines to be told. Of a longer trace, a third are the first ones and the others are the last.
    """
    lines = _split(source)
    told = [_told(step, lines) for step in trace.steps]
    if len(told) > most:
        first = most // 3
        last = len(told) - (most - first)
        told = [*told[:first], f"... {last - first} steps left out", *told[last:]]
    if trace.dropped:
        told.append(f"({trace.dropped} more steps were counted, not stored)")
    return "\n".join(told)


def _split(source: str) -> list[str]:
    """The source's lines as Python counts them; `str.splitlines` would also end one at a form feed."""
    return source.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")


def _told(step: TraceStep, lines: Sequence[str]) -> str:
    changes = ", ".join(_said(change) for change in step.changes)
    text = lines[step.line - 1].strip()[:SHOWN] if 0 < step.line <= len(lines) else ""
    words = {
        "line": f"line {step.line}: {text}" + (f"  # {changes}" if changes else ""),
        "call": f"call of {step.function}" + (f" with {changes}" if changes else ""),
        "resume": f"{step.function} goes on",
        "return": f"{step.function} returns {step.value}",
        "yield": f"{step.function} yields {step.value}",
        "raise": f"line {step.line}: {text}  # raises {step.value}",
        "gap": f"... {step.value} steps of {step.function}" + (f": {changes}" if changes else ""),
    }
    return "  " * min(step.depth, 20) + words[step.event]


def _said(change: Change) -> str:
    if change.after is None:
        return f"{change.name} is gone"
    return f"{change.name} = {change.after if change.before is None else f'{change.before} -> {change.after}'}"
