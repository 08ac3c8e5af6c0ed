"""The driver's side of measures: reading what a hostile process sent, texts for a reader."""
# ruff: noqa: E501  (programs and expressions read best on one line)

import dataclasses
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etude.records import canonical
from etude.sandbox import measured as reading
from etude.sandbox.jail import measuring
from etude.sandbox.jail.faults import PROGRAM
from etude.sandbox.measured import Coverage, Measured, Trace, TraceStep, read_measured

BRANCH = """\
def sign(x):
    if x > 0:
        return 1
    elif x < 0:
        return -1
    return 0

a = sign(3)
b = sign(0)
"""
CATCHING = "def f(x):\n    try:\n        return 1 / x\n    except ZeroDivisionError as e:\n        y = 2\n    return y\n\na = f(0)\nb = f(1)\n"


def found(source: str) -> dict[str, Any]:
    """What a meter finds in this process."""
    before = sys.gettrace()
    meter = measuring.measured(["coverage", "trace", "opcodes"])
    code = compile(source, PROGRAM, "exec")
    meter.start()
    try:
        exec(code, {"__name__": "program"})
    except ZeroDivisionError:
        pass
    finally:
        meter.stop()
        sys.settrace(before)
    return meter.found()


def covered(source: str) -> Coverage:
    coverage = read(source).coverage
    assert coverage is not None
    return coverage


def traced(source: str) -> Trace:
    trace = read(source).trace
    assert trace is not None
    return trace


def read(source: str) -> Measured:
    statement = read_measured(found(source))
    assert statement is not None
    return statement


PLAIN = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.binary(max_size=8), st.decimals()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5), st.lists(inner, max_size=6).map(tuple), st.dictionaries(st.text(max_size=5), inner, max_size=4),
    ),
    max_leaves=20,
)  # fmt: skip
HONEST = found(CATCHING)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if type(value) is dict else enumerate(value) if type(value) in (list, tuple) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    if type(value) is dict:
        return {key: replaced(item, path[1:], new) if key == path[0] else item for key, item in value.items()}
    return type(value)(
        replaced(item, path[1:], new) if number == path[0] else item for number, item in enumerate(value)
    )


def check_record(record: Any) -> None:
    if dataclasses.is_dataclass(record):
        for item in dataclasses.fields(record):
            check_record(getattr(record, item.name))
    elif type(record) is tuple:
        for item in record:
            check_record(item)
    elif type(record) is dict:
        for item in [*record, *record.values()]:
            check_record(item)
    elif type(record) is int:
        assert 0 <= record < 1 << 63
    elif type(record) is str:
        assert len(record) <= reading.SHOWN
    else:
        assert record is None or type(record) is bool


@given(PLAIN)
@settings(max_examples=200, deadline=None)
def test_any_plain_value_is_read_or_is_none(plain: Any) -> None:
    statement = read_measured(plain)
    assert (statement is None) == (type(plain) is not dict)
    for kind in ("coverage", "trace", "opcodes"):
        check_record(read_measured({kind: plain}))


@given(st.sampled_from(places(HONEST)), PLAIN)
@settings(max_examples=500, deadline=None)
def test_an_honest_statement_with_one_thing_changed_is_whole_or_left_out(path: tuple[Any, ...], new: Any) -> None:
    statement = read_measured(replaced(HONEST, path, new))
    check_record(statement)
    if statement is not None:
        canonical(statement)
        honest = read_measured(HONEST)
        kept = [kind for kind in ("coverage", "trace", "opcodes") if path[:1] not in ((), (kind,))]
        assert all(getattr(statement, kind) == getattr(honest, kind) for kind in kept)


@pytest.mark.parametrize(
    ("kind", "path", "new"),
    [
        ("coverage", ("lines", 0), True), ("coverage", ("lines", 0), 0), ("coverage", ("lines", 0), 10**30),
        ("coverage", ("executable",), None), ("coverage", ("arcs",), [1, 2, 3]), ("coverage", ("arcs",), [(1, 2)]),
        ("coverage", ("lines",), [1] * 100_000), ("trace", ("dropped",), -1), ("trace", ("steps",), ()),
        ("trace", ("steps", 0), ["call", 1, "f", 0, [], ""]), ("trace", ("steps", 0), ("sing", 1, "f", 0, [], "")),
        ("trace", ("steps", 0), ("line", 1, "f", -1, [], "")), ("trace", ("steps", 0), ("line", 1, "f", 0, [("x",)], "")),
        ("trace", ("steps", 0), ("line", 1, "f", 0, [("x", 1, None)], "")), ("trace", ("steps", 0, 4), [("x", None, None)] * 99),
        ("trace", ("steps",), [("line", 1, "f", 0, [], "")] * 100_000), ("opcodes", ("total",), 1.0),
        ("opcodes", ("functions",), {1: 1}), ("opcodes", ("lines",), {"1": 1}), ("opcodes", ("lines",), {1: -1}),
        ("opcodes", ("lines",), dict.fromkeys(range(100_000), 1)), ("opcodes", ("total",), 1 << 70),
    ],
)  # fmt: skip
def test_a_measure_out_of_bounds_is_left_out(kind: str, path: tuple[Any, ...], new: Any) -> None:
    statement = read_measured(replaced(HONEST, (kind, *path), new))
    assert statement is not None
    assert getattr(statement, kind) is None
    assert all(getattr(statement, other) is not None for other in {"coverage", "trace", "opcodes"} - {kind})


def test_long_texts_are_cut() -> None:
    step = ("line", 1, "f" * 10**6, 0, [("x" * 10**6, "y" * 10**6, None)], "z" * 10**6)
    statement = read_measured({"trace": {"steps": [step], "dropped": 0}})
    assert statement is not None
    assert statement.trace is not None
    check_record(statement)


# Texts for a reader


def test_a_source_is_marked_line_by_line() -> None:
    assert reading.annotate(BRANCH, covered(BRANCH)).splitlines() == [
        "> def sign(x):", ">     if x > 0:", ">         return 1", ">     elif x < 0:", "!         return -1", ">     return 0",
        "", "> a = sign(3)", "> b = sign(0)",
    ]  # fmt: skip


def test_a_form_feed_or_another_line_end_does_not_shift_the_marks() -> None:
    source = "a = 'x\x0cy'\r\nb = 2\x0c\rc = 3"
    assert [text[:1] for text in reading.annotate(source, covered(source)).split("\n")] == [">", ">", ">"]


def test_a_trace_reads_as_a_story() -> None:
    source = "def f(x):\n    x += 1\n    return 10 // x\n\na = f(4)\nf(-1)\n"
    trace = traced(source)
    assert reading.narrate(source, trace).splitlines() == [
        "call of <module>",
        "line 1: def f(x):",
        "line 5: a = f(4)  # a = 2",
        "  call of f with x = 4",
        "  line 2: x += 1  # x = 4 -> 5",
        "  line 3: return 10 // x",
        "  f returns 2",
        "line 6: f(-1)",
        "  call of f with x = -1",
        "  line 2: x += 1  # x = -1 -> 0",
        "  line 3: return 10 // x",
        "  line 3: return 10 // x  # raises ZeroDivisionError",
        "line 6: f(-1)  # raises ZeroDivisionError",
    ]


def test_a_long_story_keeps_its_beginning_and_more_of_its_end() -> None:
    source = "\n".join(f"x = {number}" for number in range(500))
    trace = traced(source)
    told = reading.narrate(source, trace, most=9).splitlines()
    assert told[:3] == ["call of <module>", "line 1: x = 0  # x = 0", "line 2: x = 1  # x = 0 -> 1"]
    assert told[3] == "... 493 steps left out"
    assert told[-1] == "<module> returns None"
    assert len(told) == 10


def test_a_story_of_a_forged_trace_is_only_text() -> None:
    step = TraceStep(event="line", line=10**6, function="f", depth=10**6)
    assert reading.narrate("x = 1", Trace(steps=(step,), dropped=3)).splitlines() == [
        " " * 40 + "line 1000000: ",
        "(3 more steps were counted, not stored)",
    ]
