"""What the judge of functions must refuse, however its tests are put, and what it must let through."""
# ruff: noqa: E501  (programs and expressions read best on one line)

import os

import pytest

from etude.judges.auto import Auto
from etude.judges.examine import Exam, examine
from etude.judges.malformed import malformed
from etude.judges.tests import TestsJudge
from etude.records import Call, Tests
from etude.sandbox import Sandbox
from tests.judges.hostile import HONEST, KINDS, QUICK, SLOW, attempt_of, task_of

JUDGE = TestsJudge(cpu_seconds=1.0, wall_seconds=3.0, memory_bytes=128 << 20)
SHORT = TestsJudge(cpu_seconds=0.2, wall_seconds=0.5, memory_bytes=128 << 20)


def passed(
    program: str, tests: Tests, jail: Sandbox, entry_point: str = "add", judge: TestsJudge = JUDGE
) -> bool | None:
    [verdict] = judge.judge(task_of(tests, entry_point), [attempt_of(program)], jail)
    return verdict.passed


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", QUICK)
def test_a_hostile_program_fails_and_the_next_honest_one_passes(name: str, kind: str, jail: Sandbox) -> None:
    bad, good = JUDGE.judge(task_of(KINDS[kind]), [attempt_of(QUICK[name]), attempt_of(HONEST)], jail)
    assert bad.passed is False, bad
    assert bad.score < 1 or kind == "whole"
    assert good.passed is True, good


@pytest.mark.parametrize("kind", ["calls", "check"])
@pytest.mark.parametrize("name", SLOW)
def test_a_program_without_end_fails_and_the_next_honest_one_passes(name: str, kind: str, jail: Sandbox) -> None:
    bad, good = SHORT.judge(task_of(KINDS[kind]), [attempt_of(SLOW[name]), attempt_of(HONEST)], jail)
    assert bad.passed is False
    assert good.passed is True, good


@pytest.mark.parametrize("name", ["loops", "loops at import", "swallows everything", "sleeps", "is stuck in C"])
def test_running_out_of_time_is_called_a_timeout(name: str, jail: Sandbox) -> None:
    [verdict] = SHORT.judge(task_of(KINDS["calls"]), [attempt_of(SLOW[name])], jail)
    assert verdict.status == "timeout"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("return 'x' * (1 << 40)", "memory"),
        ("open('/etc/passwd')", "error"),
        ("open('/usr/new', 'w')", "forbidden"),
        ("import socket; socket.socket()", "forbidden"),
        ("import ctypes; ctypes.string_at(0)", "killed"),
        ("return a - b", "failed"),
        ("return 1 // 0", "error"),
    ],
)
def test_the_status_says_what_became_of_the_program(body: str, status: str, jail: Sandbox) -> None:
    [verdict] = JUDGE.judge(task_of(KINDS["calls"]), [attempt_of(f"def add(a, b):\n    {body}\n")], jail)
    assert (verdict.passed, verdict.status) == (False, status)


@pytest.mark.parametrize(
    "tests",
    [
        Tests(),
        Tests(setup="x = 1"),
        Tests(check="def check(candidate): pass"),
        Tests(assertions=("assert isinstance(3, int)",)),
    ],
)
def test_nothing_asked_is_no_verdict(tests: Tests, jail: Sandbox) -> None:
    assert passed(HONEST, tests, jail) is None
    [verdict] = Auto().judge(task_of(tests), [attempt_of(HONEST)], jail)
    assert (verdict.passed, verdict.status) == (None, "unavailable")


@pytest.mark.parametrize(
    ("answer", "expected", "good"),
    [
        ("True", 1, False), ("1", True, False), ("0", False, False), ("1.0", 1, True), ("(1, 2)", [1, 2], True),
        ("'1'", 1, False), ("[True]", [1], False), ("{1: 2}", {"1": 2}, False), ("{'1': 2}", {"1": 2}, True),
        ("None", False, False), ("float('nan')", float("nan"), True), ("[]", {}, False), ("b'a'", "a", False),
        ("{1, 2}", [1, 2], False), ("-0.0", 0.0, True),
    ],
)  # fmt: skip
def test_a_call_wants_the_value_and_its_type(answer: str, expected: object, good: bool, jail: Sandbox) -> None:
    tests = Tests(calls=(Call(expected=expected),))
    assert passed(f"def add(): return {answer}", tests, jail) is good


@pytest.mark.parametrize("right", ["max(3, 1)", "len('abc')", "sum([1, 2])", "math.floor(3.5)"])
def test_a_computed_expectation_is_computed_away_from_the_program(right: str, jail: Sandbox) -> None:
    tests = Tests(assertions=(f"assert add(1, 2) == {right}",))
    assert passed(HONEST, tests, jail) is True
    for name in ("an object equal to everything", "patches max", "patches set", "returns nan"):
        assert passed(QUICK[name], tests, jail) is False, name


@pytest.mark.parametrize(
    "test", ["add(1, 2) == 1 // 0", "[][0] == add(1, 2)", "add(1, 2) == math.sqrt(-1)", "add(1, 2) < {}[0]"]
)
def test_an_expectation_that_cannot_be_computed_is_no_verdict(test: str, jail: Sandbox) -> None:
    for program in (HONEST, "def add(a, b): return 0", "def add(a, b): raise ValueError", "x = 1"):
        assert passed(program, Tests(assertions=(f"assert {test}",)), jail) is None, program


@pytest.mark.parametrize("test", ["add(1, 2) == 1 // add(1, -1)", "add(1, 2) // 0 == 1", "add(1, 2) == helper(3)"])
def test_a_program_does_not_escape_by_what_only_it_makes_raise(test: str, jail: Sandbox) -> None:
    assert passed("def add(a, b): return 0", Tests(assertions=(f"assert {test}",)), jail) is False


def test_inputs_that_are_changed_do_not_change_what_is_expected(jail: Sandbox) -> None:
    program = "def add(xs):\n    xs.clear()\n    return xs\n"
    for tests in (
        Tests(calls=(Call(args=([1, 2],), expected=[1, 2]),)),
        Tests(assertions=("assert add([1, 2]) == [1, 2]",)),
        Tests(check="def check(candidate):\n    x = [1, 2]\n    assert candidate(x) == x\n"),
    ):
        assert passed(program, tests, jail) is False


@pytest.mark.parametrize(
    "assertion",
    [
        "assert (add(1, 2) == 3) == True", "assert (add(1, 2) == 3) is True", "assert bool(add(1, 2) == 3) == True",
        "assert all([add(1, 2) == 3, add(2, 2) == 4]) == True", "assert isinstance(add(1, 2), int) == True",
        "assert (not add(1, 2) != 3) == True", "assert (1 if add(1, 2) == 3 else 0) == 1", "assert type(add(1, 2)) == int",
        "assert all(map(lambda x: add(1, x) == 1 + x, [1, 2]))", "assert all(x == 3 for x in map(lambda x: add(1, x), [2]))",
        "assert int(add(1, 2) == 3) == 1", "assert add(1, 2).__eq__(3) == True", "assert math.isclose(add(1, 2), 3.0) == True",
    ],
)  # fmt: skip
def test_an_assertion_that_decides_is_never_asked_in_the_program_s_process(assertion: str, jail: Sandbox) -> None:
    tests = Tests(assertions=(assertion,))
    assert passed(HONEST, tests, jail) is True
    for name in (
        "an object equal to everything",
        "an int equal to everything",
        "an int that is near everything",
        "patches isinstance",
        "ends loops in silence",
    ):
        assert passed(QUICK[name], tests, jail) is False, name


def test_helpers_of_the_check_are_not_the_program_s(jail: Sandbox) -> None:
    tests = Tests(
        context="def poly(xs, x):\n    return sum(c * x**i for i, c in enumerate(xs))\n",
        check="def check(candidate):\n    assert abs(poly([1, 2], candidate([1, 2]))) < 1e-4\n",
    )
    helper = "def poly(xs, x): return 0\n"
    assert passed(helper + "def find_zero(xs): return 7", tests, jail, "find_zero") is False
    assert passed(helper + "def find_zero(xs): return -xs[0] / xs[1]", tests, jail, "find_zero") is True


def test_the_same_assertion_twice_is_two_tests(jail: Sandbox) -> None:
    program = "n = [0]\ndef add(a, b):\n    n[0] += 1\n    return 3 if n[0] > 1 else 0\n"
    assert passed(program, Tests(assertions=("assert add(1, 2) == 3",) * 2), jail) is False


@pytest.mark.parametrize("kind", ["set()", "frozenset()", "{}", "Counter()", "OrderedDict()"])
def test_answers_that_collide_do_not_stall_the_judge(kind: str, jail: Sandbox) -> None:
    program = f"""
import os, sys
from collections import Counter, OrderedDict
wire, frames = sys.modules["jail.wire"], sys.modules["jail.frames"]
keys = [k * (2**61 - 1) for k in range(1, 60_000)]
rows = keys if {kind!r} in ("set()", "frozenset()") else [part for key in keys for part in (key, 0)]
body = wire.encode({kind})[:1] + wire.encode(keys)[1:] + (b"" if len(rows) == len(keys) else wire.encode([0] * len(keys))[5:])
def add(a, b):
    frames.write(3, frames.VALUE + body)
    os._exit(0)
"""
    before = os.times()
    assert passed(program, KINDS["calls"], jail) is False
    after = os.times()
    assert after.user - before.user < 2


def test_a_long_number_is_compared_as_it_is(jail: Sandbox) -> None:
    tests = Tests(calls=(Call(args=(8000,), expected=10**8000),))
    assert passed("def add(n): return 10**n", tests, jail) is True
    assert passed("def add(n): return 10**n + 1", tests, jail) is False
    assert passed("def add(n): return 1 << 100000", tests, jail) is False
    assert passed("def add(): return 1 << 100000", Tests(calls=(Call(expected=0.5),)), jail) is False


@pytest.mark.parametrize("kind", KINDS)
def test_wrong_answers_are_a_fail_and_no_error(kind: str, jail: Sandbox) -> None:
    programs = ["def add(a, b): return a * b + 7", "def add(a, b): return a + b if a == 1 else 0"]
    verdicts = JUDGE.judge(task_of(KINDS[kind]), [attempt_of(text) for text in programs], jail)
    assert [verdict.status for verdict in verdicts] == ["failed"] * 2


def test_broken_tests_are_no_verdict_on_the_program(jail: Sandbox) -> None:
    assert passed(HONEST, Tests(check="def check(candidate"), jail) is None
    assert passed(HONEST, Tests(check=KINDS["check"].check, context="import no_such_module"), jail) is None


def test_the_context_s_own_version_of_the_function_is_not_judged(jail: Sandbox) -> None:
    tests = Tests(context=HONEST, check=KINDS["check"].check)
    assert passed("x = 1", tests, jail) is False


@pytest.mark.parametrize(
    "form",
    [
        "add(1, 2)", "not add(0, 0)", "abs(add(1, 2) - 3) < 1e-9", "add(1, 2) == add(2, 1)", "isinstance(add(1, 2), int)",
        "3 == add(1, 2)", "add(1, 2) == math.floor(3.5)", "add(1, 2) == 3, 'the sum'", "add(1, 2) in (3, 4)",
    ],
)  # fmt: skip
def test_other_forms_of_assertion_are_judged(form: str, jail: Sandbox) -> None:
    tests = Tests(assertions=(f"assert {form}",))
    assert passed(HONEST, tests, jail) is True
    assert passed(QUICK["an int that is near everything"], tests, jail) is False


def test_a_plain_value_of_the_program_may_be_tested(jail: Sandbox) -> None:
    assert passed(HONEST + "LIMIT = 9", Tests(assertions=("assert LIMIT > 3",)), jail) is True
    assert passed(HONEST + "LIMIT = 1", Tests(assertions=("assert LIMIT > 3",)), jail) is False


def test_a_pair_after_the_comma_is_reported_and_passes_as_python_reads_it(jail: Sandbox) -> None:
    tests = Tests(assertions=("assert add(1, 2) == 3, 4",))
    assert passed(HONEST, tests, jail) is True
    assert len(malformed(tests)) == 1
    assert malformed(KINDS["assertions"]) == []


def test_an_argument_changed_by_the_program_is_its_own_copy(jail: Sandbox) -> None:
    check = (
        "def check(candidate):\n    xs = [3, 1]\n    assert candidate(xs, 0) == [3, 1]\n"
        "    assert xs == [3, 1]\n    assert candidate(xs, 0) is not xs\n"
    )
    program = "def add(xs, b):\n    ys = list(xs)\n    xs.clear()\n    return ys"
    assert passed(program, Tests(check=check), jail) is True


def test_setup_runs_after_the_program(jail: Sandbox) -> None:
    tests = Tests(assertions=("assert add(one, 2) == 3",), setup="one = Number().value")
    assert passed("class Number:\n    value = 1\n" + HONEST, tests, jail) is True


def test_faults_tell_the_program_s_own_lines(jail: Sandbox) -> None:
    programs = ("def add(a, b):\n    return a / 0\n", "def add(a, b):\n    return [a]\n")
    faulty, wrong = examine([Exam(text, KINDS["assertions"], "add") for text in programs], jail)
    fault = faulty.results[0].fault
    assert fault is not None
    assert (fault.type, fault.traceback) == ("ZeroDivisionError", ("line 2, in add: return a / 0",))
    assert (wrong.results[0].actual, wrong.results[0].expected) == ("[1]", "3")
