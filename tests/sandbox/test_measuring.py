"""What a program's measures say: known lines, arcs, steps and counts; what a program can do to them; their bounds."""
# ruff: noqa: E501  (programs read best on one line)

import os
import subprocess
import sys
import time
import trace as library_trace
from pathlib import Path
from typing import Any

import pytest

from etude.sandbox import measured as reading
from etude.sandbox.jail import counting, measuring, showing, tracing, wire
from etude.sandbox.jail.faults import ASK, PROGRAM
from etude.sandbox.measured import Change, Coverage, Measured, TraceStep, read_measured

ROOT = Path(reading.__file__).parents[2]

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
GENERATOR = """\
def count(n):
    while n:
        yield n
        n -= 1

total = 0
for x in count(2):
    total += x
"""
PROGRAMS = {
    "branch": BRANCH,
    "generator": GENERATOR,
    "recursion": "def fact(n):\n    if n < 2:\n        return 1\n    return n * fact(n - 1)\n\nr = fact(5)\n",
    "exceptions": "def f(x):\n    try:\n        return 1 / x\n    except ZeroDivisionError as e:\n        y = 2\n    finally:\n        z = 3\n    return y\n\na = f(0)\nb = f(1)\n",
    "comprehensions": "a = [x * x for x in range(5) if x % 2]\nb = {x: [y for y in range(x)] for x in a}\nc = sum(\n    x\n    for x in a\n)\n",
    "classes": "class A:\n    n = 1\n\n    def __init__(self, x):\n        self.x = x\n\n    @property\n    def double(self):\n        return 2 * self.x\n\nclass B(A):\n    pass\n\nd = B(3).double\n",
    "async": "import asyncio\nasync def one(x):\n    await asyncio.sleep(0)\n    return x\n\nasync def main():\n    return await asyncio.gather(one(1), one(2))\n\nr = asyncio.run(main())\n",
    "callbacks": "from functools import reduce\na = sorted([3, 1, 2], key=lambda x: -x)\nb = reduce(\n    lambda x, y:\n        x + y,\n    a,\n)\n",
    "match": "def f(x):\n    match x:\n        case [a, b]:\n            return a\n        case {'k': v}:\n            return v\n        case _:\n            pass\n\nr = [f([1, 2]), f({'k': 3}), f(0)]\n",
    "with": "import contextlib\nwith contextlib.suppress(ValueError):\n    int('x')\nwhile True:\n    try:\n        break\n    finally:\n        a = 1\n",
}  # fmt: skip


def found(source: str, *kinds: str, asks: tuple[str, ...] = (), again: bool = False) -> dict[str, Any]:
    """What a meter finds in this process, after its way through the wire. `again`: the meter is started per ask."""
    code, before, limit = compile(source, PROGRAM, "exec"), sys.gettrace(), sys.getrecursionlimit()
    questions = [compile(ask, ASK, "eval") for ask in asks]
    space: dict[str, Any] = {"__name__": "program"}
    meter = measuring.measured(kinds)
    meter.start()
    try:
        exec(code, space)
        for question in questions:
            if again:
                meter.start()
            eval(question, space)
    except Exception:
        space["stopped"] = True
    finally:
        meter.stop()
        sys.settrace(before)
        assert sys.getrecursionlimit() == limit
        sys.setrecursionlimit(limit)
    back: dict[str, Any] = wire.decode(wire.encode(meter.found()))
    return back


def measure(source: str, *kinds: str, asks: tuple[str, ...] = (), again: bool = False) -> Measured:
    read = read_measured(found(source, *kinds, asks=asks, again=again))
    assert read is not None
    return read


def covered(source: str, *asks: str) -> Coverage:
    coverage = measure(source, "coverage", asks=asks).coverage
    assert coverage is not None
    return coverage


def steps(source: str, *asks: str) -> tuple[TraceStep, ...]:
    trace = measure(source, "trace", asks=asks).trace
    assert trace is not None
    return trace.steps


def total(source: str, *asks: str) -> int:
    opcodes = measure(source, "opcodes", asks=asks).opcodes
    assert opcodes is not None
    return opcodes.total


def changed(step: TraceStep) -> dict[str, tuple[str | None, str | None]]:
    return {change.name: (change.before, change.after) for change in step.changes}


# Coverage


def test_coverage_names_the_lines_reached_and_those_that_could_be() -> None:
    coverage = covered(BRANCH)
    assert coverage.lines == (1, 2, 3, 4, 6, 8, 9)
    assert coverage.executable == (1, 2, 3, 4, 5, 6, 8, 9)
    assert coverage.share == 7 / 8


def test_arcs_tell_which_way_each_branch_went() -> None:
    inside = {arc for arc in covered(BRANCH).arcs if set(arc) & {2, 3, 4, 5, 6}}
    assert inside == {(0, 2), (2, 3), (3, 0), (2, 4), (4, 6), (6, 0)}
    assert set(covered(BRANCH, "sign(-1)").arcs) - set(covered(BRANCH).arcs) == {(4, 5), (5, 0)}


def test_an_ask_adds_to_the_coverage_of_the_program() -> None:
    assert covered(BRANCH, "sign(-1)").share == 1.0


def test_a_generator_is_left_and_gone_on_with() -> None:
    inside = {arc for arc in covered(GENERATOR).arcs if set(arc) & {2, 3, 4}}
    assert inside == {(0, 2), (2, 3), (3, 0), (3, 4), (4, 2), (2, 0)}


def test_a_loop_on_one_line_comes_back_to_it() -> None:
    coverage = covered("n = 3\nwhile n: n -= 1\n")
    assert coverage.lines == (1, 2)
    assert (2, 2) in coverage.arcs


@pytest.mark.parametrize("name", PROGRAMS)
def test_lines_are_those_that_the_standard_library_counts(name: str) -> None:
    other = library_trace.Trace(count=1, trace=0)
    before = sys.gettrace()
    try:
        space = {"__name__": "program", "__file__": "program.py"}
        other.runctx(compile(PROGRAMS[name], PROGRAM, "exec"), space, space)
    finally:
        sys.settrace(before)
    counted = {line for file, line in other.results().counts if file == PROGRAM}
    assert set(covered(PROGRAMS[name]).lines) == counted


@pytest.mark.parametrize("name", sorted(set(PROGRAMS) - {"branch"}))
def test_a_program_that_was_everywhere_has_a_share_of_one(name: str) -> None:
    coverage = covered(PROGRAMS[name])
    assert coverage.lines == coverage.executable
    assert coverage.share == 1.0


def test_a_program_that_stops_at_an_exception_is_covered_up_to_there() -> None:
    coverage = covered("a = 1\nb = a / 0\nc = 2\n")
    assert coverage.lines == (1, 2)
    assert coverage.executable == (1, 2, 3)


def test_the_share_of_nothing_is_nought() -> None:
    assert Coverage(lines=(3,), executable=(), arcs=()).share == 0.0
    assert Coverage(lines=(3, 9), executable=(3, 4), arcs=()).share == 0.5


def test_only_the_program_is_covered() -> None:
    coverage = covered("import json\nr = json.loads('[1]', object_hook=lambda x: x)\n")
    assert max(coverage.lines) == 2


def test_a_very_long_program_is_covered_up_to_a_bound() -> None:
    coverage = covered("\n".join(f"x{number} = 1" for number in range(3 * tracing.LINES)))
    assert len(coverage.lines) == len(coverage.executable) == tracing.LINES
    assert len(coverage.arcs) == tracing.ARCS


# Trace


def test_a_step_says_what_its_line_did_to_the_variables() -> None:
    told = [(step.line, changed(step)) for step in steps("x = 1\ny = x\nx = x + y\ndel y\n") if step.event == "line"]
    assert told == [
        (1, {"x": (None, "1")}),
        (2, {"y": (None, "1")}),
        (3, {"x": ("1", "2")}),
        (4, {"y": ("1", None)}),
    ]


def test_a_trace_follows_a_recursion_down_and_up() -> None:
    told = steps(PROGRAMS["recursion"])
    calls = [(step.depth, changed(step)["n"][1]) for step in told if step.event == "call" and step.function == "fact"]
    returns = [(step.depth, step.value) for step in told if step.event == "return" and step.function == "fact"]
    assert calls == [(1, "5"), (2, "4"), (3, "3"), (4, "2"), (5, "1")]
    assert returns == [(5, "1"), (4, "2"), (3, "6"), (2, "24"), (1, "120")]


def test_what_a_call_gives_belongs_to_the_line_that_calls() -> None:
    (caller,) = [step for step in steps(BRANCH) if step.event == "line" and step.line == 8]
    assert caller.changes == (Change(name="a", before=None, after="1"),)


def test_a_trace_tells_yields_and_their_resumption() -> None:
    told = [(step.event, step.value) for step in steps(GENERATOR) if step.function == "count" and step.event != "line"]
    assert told == [
        ("call", ""), ("yield", "2"), ("resume", ""), ("yield", "1"), ("resume", ""), ("return", "None"),
    ]  # fmt: skip


def test_a_generator_that_is_closed_early_leaves_the_depth_right() -> None:
    source = "def g():\n    try:\n        yield 1\n    finally:\n        x = 2\n\ndef f():\n    return 5\n\nfor i in g():\n    break\nf()\n"
    told = steps(source)
    assert [step.depth for step in told if step.event == "call" and step.function == "f"] == [1]
    assert any(step.line == 5 and changed(step) == {"x": (None, "2")} for step in told)


def test_an_exception_is_told_in_each_function_it_passes() -> None:
    source = (
        "class Odd(Exception): pass\ndef f():\n    raise Odd\ndef g():\n    f()\ntry:\n    g()\nexcept Odd:\n    pass\n"
    )
    raised = [(step.line, step.function, step.value) for step in steps(source) if step.event == "raise"]
    assert raised == [(3, "f", "Odd"), (5, "g", "Odd"), (7, "<module>", "Odd")]
    assert not [step for step in steps(source) if step.event == "return" and step.function in ("f", "g")]


def test_a_changed_list_is_a_changed_variable() -> None:
    told = [changed(step) for step in steps("a = [3]\na.append(4)\na.sort(reverse=True)\n") if step.event == "line"]
    assert told == [{"a": (None, "[3]")}, {"a": ("[3]", "[3, 4]")}, {"a": ("[3, 4]", "[4, 3]")}]


def test_functions_classes_and_modules_are_no_variables() -> None:
    source = "import math\nfrom math import sqrt\ndef f(): pass\nclass A: pass\nclass M(type): pass\nclass B(metaclass=M): pass\nx = 1\n"
    assert {name for step in steps(source) for name in changed(step)} == {"x"}


def test_a_long_loop_is_stored_in_part_and_what_follows_it_is_told() -> None:
    source = "n = 0\nfor i in range(5000):\n    n += i\nlast = n\n"
    trace = measure(source, "trace").trace
    assert trace is not None
    assert len([step for step in trace.steps if step.line == 3]) == tracing.EACH
    (gap,) = [step for step in trace.steps if step.event == "gap"]
    assert int(gap.value) == trace.dropped == 10_001 - 2 * tracing.EACH
    assert changed(gap)["n"] == (str(sum(range(tracing.EACH))), str(sum(range(5000))))
    (after,) = [step for step in trace.steps if step.line == 4 and step.event == "line"]
    assert changed(after) == {"last": (None, "12497500")}


def test_changes_of_a_variable_form_a_chain_even_across_a_gap() -> None:
    source = (
        "a = b = 0\nwhile a < 400:\n    a += 1\n    if a % 150 == 7:\n        b += a\nfor c in 'xyz':\n    b -= 1\n"
    )
    now: dict[str, str | None] = {}
    for step in steps(source):
        for name, (before, after) in changed(step).items():
            assert now.get(name) == before
            now[name] = after
    assert now == {"a": "400", "b": str(7 + 157 + 307 - 3), "c": "'z'"}


def test_a_trace_has_a_bounded_number_of_steps() -> None:
    source = "\n".join(f"x = {number}" for number in range(2 * tracing.STEPS))
    trace = measure(source, "trace").trace
    assert trace is not None
    assert len(trace.steps) == tracing.STEPS
    assert trace.dropped == tracing.STEPS + 2  # and the call and the return of the module


def test_a_trace_has_a_bounded_size() -> None:
    line = "a, b, c, d, e, f = {0}, {0}, {0}, {0}, {0}, {0}\n"
    source = "".join(line.format(repr(chr(0x4E00 + number) * 200)) for number in range(1500))
    sent = found(source, "trace")
    assert len(sent["trace"]["steps"]) < 1500
    assert len(wire.encode(sent)) < tracing.SIZE + 10_000


def test_no_code_of_the_program_runs_when_its_values_are_shown() -> None:
    source = """\
ran = []
class Meta(type):
    def __eq__(cls, other): ran.append("eq"); return True
    def __hash__(cls): ran.append("hash"); return 0
    def __getattribute__(cls, name): ran.append("get"); return type.__getattribute__(cls, name)
    def __instancecheck__(cls, other): ran.append("instance"); return True
    __name__ = property(lambda cls: ran.append("name") or "Forged")
class Sly(metaclass=Meta):
    def __repr__(self): ran.append("repr"); return "forged"
    __str__ = __repr__
    def __eq__(self, other): ran.append("eq"); return True
    def __hash__(self): return 1
    def __getattribute__(self, name): ran.append("get"); return object.__getattribute__(self, name)
class Whole(int):
    def __repr__(self): ran.append("repr"); return "forged"
class Many(list):
    def __iter__(self): ran.append("iter"); return iter(())
    def __len__(self): ran.append("len"); return 0
class Pairs(dict):
    def items(self): ran.append("items"); return ()
class Fault(Exception):
    def __str__(self): ran.append("str"); return "forged"
    __repr__ = __str__
before = len(ran)
def f(*args):
    here = args
    return here[0]
sly = f(Sly(), Whole(3), Many([1]), Pairs(a=1), Fault())
try:
    raise Fault
except Fault as error:
    held = [sly, {1: sly}]
assert len(ran) == before, ran
done = 1
"""
    told = steps(source)
    assert not [step for step in told if step.event == "raise" and step.value == "AssertionError"]
    assert changed(told[-2]) == {"done": (None, "1")}
    texts = {after for step in told for _, after in changed(step).values()}
    assert {"<Sly>", "(<Sly>, <Whole>, <Many>, <Pairs>, <Fault>)", "[<Sly>, {1: <Sly>}]"} <= texts
    assert not any("forged" in str(text) or "Forged" in str(text) for text in texts)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"), (True, "True"), (-5, "-5"), (1.5, "1.5"), (2j, "2j"), ("a'b", '"a\'b"'), (b"x", "b'x'"),
        ([], "[]"), ((), "()"), ((1,), "(1,)"), (set(), "set()"), (frozenset({1}), "frozenset({1})"), ({}, "{}"),
        ({"a": [1, (2,)]}, "{'a': [1, (2,)]}"), (range(3), "range(0, 3)"), (10**100, "<int of 333 bits>"),
        ([[[[1]]]], "[[[[...]]]]"), ([[[[]]]], "[[[[]]]]"), (list(range(20)), "[0, 1, 2, 3, 4, 5, 6, 7, ...]"), (..., "Ellipsis"),
        (object(), "<object>"), (iter(()), "<tuple_iterator>"), (range(10**5000), "<...>"),
    ],
)  # fmt: skip
def test_a_value_is_shown_as_a_short_text(value: Any, text: str) -> None:
    assert showing.shown(value) == text


def test_a_large_value_takes_no_longer_to_show_than_a_small_one() -> None:
    own: list[Any] = [10**200_000, "x" * 10**7, *range(10**6)]
    own.append(own)
    start = time.process_time()
    texts = {showing.shown(own), showing.shown([own] * 8), showing.shown({"k": own})}
    assert time.process_time() - start < 0.05
    assert all(len(text) <= showing.TEXT for text in texts)


# Opcodes


@pytest.mark.parametrize("name", PROGRAMS)
def test_instructions_are_the_same_on_every_run(name: str) -> None:
    assert total(PROGRAMS[name]) == total(PROGRAMS[name]) > 10


def test_instructions_are_the_same_in_every_process() -> None:
    program = "d = {}\nfor word in ['b', 'a', 'c'] * 50:\n    d[word] = d.get(word, 0) + 1\n"
    script = (
        "import sys\nfrom etude.sandbox.jail import measuring\n"
        "code = compile(sys.argv[1], '<program>', 'exec')\nmeter = measuring.measured(['opcodes'])\n"
        "[exec(code, {}) for _ in range(int(sys.argv[2]))]\n"  # the interpreter has then adapted its code
        "meter.start()\nexec(code, {})\nmeter.stop()\nprint(meter.found()['opcodes']['total'])"
    )
    counts = set()
    for seed, warm in (("1", "0"), ("2", "0"), ("3", "100")):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", script, program, warm]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
        counts.add(int(done.stdout))
    assert counts == {total(program)}


def test_a_loop_costs_the_same_number_of_instructions_each_time_round() -> None:
    program = "def f(n):\n    t = 0\n    for i in range(n):\n        t += i\n    return t\n"
    nothing, *rounds = (total(program, f"f({n})") for n in (0, 1, 2, 10, 1000))
    each = rounds[0] - nothing
    assert each > 0
    assert [count - nothing for count in rounds] == [each, 2 * each, 10 * each, 1000 * each]


def test_instructions_of_functions_and_of_lines_add_up_to_all() -> None:
    opcodes = measure(PROGRAMS["classes"], "opcodes").opcodes
    assert opcodes is not None
    assert sum(opcodes.by_function.values()) == sum(opcodes.by_line.values()) == opcodes.total
    assert set(opcodes.by_function) == {"<module>", "A", "A.__init__", "A.double", "B"}
    assert set(opcodes.by_line) <= set(covered(PROGRAMS["classes"]).executable)


def test_more_code_than_is_kept_apart_still_counts() -> None:
    each = "for i in range({}):\n    exec(compile('x = 1', '<program>', 'exec'))\n"
    few, more, many = (total(each.format(n)) for n in (10, 20, counting.CODES + 1000))
    assert many - few == (more - few) // 10 * (counting.CODES + 990)


# All together, and what a program can do to it


def test_measures_taken_together_are_those_taken_alone() -> None:
    for source in PROGRAMS.values():
        together = measure(source, "coverage", "trace", "opcodes")
        assert together.coverage == measure(source, "coverage").coverage
        assert together.opcodes == measure(source, "opcodes").opcodes
        assert together.trace == measure(source, "trace").trace
        assert not together.lost


def test_what_was_not_asked_for_is_not_there() -> None:
    read = measure(BRANCH, "coverage", "nonsense")
    assert read.coverage is not None
    assert (read.trace, read.opcodes) == (None, None)
    assert measure(BRANCH, "nonsense") == Measured()
    assert read.trust == "in-process"


def test_only_the_first_thread_is_followed() -> None:
    source = "import threading\ndef other():\n    x = 1\n    y = 2\nt = threading.Thread(target=other)\nt.start()\nt.join()\nz = 3\n"
    assert covered(source).lines == (1, 2, 5, 6, 7, 8)


@pytest.mark.parametrize("kind", ["coverage", "trace", "opcodes"])
def test_a_program_that_switches_tracing_off_only_loses_its_own_measure(kind: str) -> None:
    source = "import sys\na = 1\nsys.settrace(None)\nb = 2\ndef f(x):\n    return x\n"
    assert measure(source, kind, asks=("f(1)",)).lost
    assert not measure(BRANCH, kind).lost
    assert measure(source, "coverage").coverage is not None


def test_a_meter_started_again_goes_on_with_the_next_ask() -> None:
    source = "import sys\nsys.settrace(None)\ndef f(x):\n    return x\n"
    without, again = (measure(source, "coverage", asks=("f(1)",), again=again) for again in (False, True))
    assert without.coverage is not None
    assert again.coverage is not None
    assert 4 not in without.coverage.lines
    assert 4 in again.coverage.lines
    assert without.lost
    assert again.lost


@pytest.mark.parametrize("kinds", [("coverage",), ("trace",), ("opcodes",), ("coverage", "trace", "opcodes")])
def test_a_program_may_recur_as_deep_as_without_a_meter(kinds: tuple[str, ...]) -> None:
    source = "def deepest(n):\n    return 0 if n == 0 else 1 + deepest(n - 1)\n"
    space: dict[str, Any] = {}
    exec(source, space)
    depth = 0
    while True:
        try:
            space["deepest"](depth + 1)
        except RecursionError:
            break
        depth += 1
    read = measure(source, *kinds, asks=(f"deepest({depth - 3})",))  # what asks here is deeper by a call or two
    assert depth > 100
    assert not read.lost


def test_a_program_that_recurs_without_end_gets_its_error_and_is_measured_up_to_there() -> None:
    source = "def f(n):\n    return f(n + 1)\ntry:\n    f(0)\nexcept RecursionError:\n    caught = True\n"
    read = measure(source, "coverage", "trace", "opcodes")
    assert read.lost
    assert read.coverage is not None
    assert {1, 2, 3, 4} <= set(read.coverage.lines)


@pytest.mark.parametrize("kind", ["coverage", "trace", "opcodes"])
def test_a_million_steps_stay_small_and_do_not_take_long(kind: str) -> None:
    source = "n = 0\nwhile n < 500_000:\n    n += 1\n"
    start = time.process_time()
    sent = found(source, kind)
    assert time.process_time() - start < 15
    assert len(wire.encode(sent)) < 100_000


def test_the_program_itself_sees_no_difference() -> None:
    source = "import gc, weakref\nclass A: pass\ndef f():\n    a = A()\n    r = weakref.ref(a)\n    del a\n    x = 1\n    return r() is None\ng = (x for x in range(3))\nout = [f(), next(g), list(g), sum(i for i in range(10))]\nassert out == [True, 0, [1, 2], 45], out\ndone = 1\n"
    for kind in ("coverage", "trace", "opcodes"):
        space: dict[str, Any] = {}
        before = sys.gettrace()
        meter = measuring.measured([kind])
        meter.start()
        try:
            exec(compile(source, PROGRAM, "exec"), space)
        finally:
            meter.stop()
            sys.settrace(before)
        assert space["done"] == 1


def test_a_stopped_meter_is_off_and_a_meter_may_be_stopped_twice() -> None:
    before, limit = sys.gettrace(), sys.getrecursionlimit()
    meter = measuring.measured(["coverage"])
    meter.start()
    meter.start()
    meter.stop()
    off = sys.gettrace()
    meter.stop()
    sys.settrace(before)
    assert off is None
    assert sys.getrecursionlimit() == limit
    assert meter.found()["lost"] is False
