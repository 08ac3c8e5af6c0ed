"""What the judge of functions must refuse, however its tests are put, and what it must let through."""
# ruff: noqa: E501  (programs and expressions read best on one line)

import os

import pytest

from etude.judges.auto import Auto
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


def test_an_expectation_that_cannot_be_computed_is_no_verdict(jail: Sandbox) -> None:
    assert passed(HONEST, Tests(assertions=("assert add(1, 2) == 1 // 0",)), jail) is None


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
    ],
)  # fmt: skip
def test_an_assertion_that_decides_is_never_asked_in_the_program_s_process(assertion: str, jail: Sandbox) -> None:
    tests = Tests(assertions=(assertion,))
    assert passed(HONEST, tests, jail) is True
    for name in (
        "an object equal to everything",
        "an int equal to everything",
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


def test_shown_tests_count_as_well_as_hidden_ones(jail: Sandbox) -> None:
    shown = Tests(calls=(Call(args=(9, 9), expected=0),))
    task = task_of(KINDS["calls"], shown=shown)
    [verdict] = JUDGE.judge(task, [attempt_of(HONEST)], jail)
    assert (verdict.passed, verdict.score) == (False, 2 / 3)


def test_a_reason_never_holds_what_was_expected(jail: Sandbox) -> None:
    tests = Tests(calls=(Call(args=("secret argument",), expected="secret answer"),))
    programs = ["def add(x): return 1", "def add(x): raise ValueError(x)", "def add(x): 1/0", "import os\nos._exit(0)"]
    for verdict in JUDGE.judge(task_of(tests), [attempt_of(program) for program in programs], jail):
        assert "secret" not in verdict.reason


def test_verdicts_come_in_the_order_of_the_attempts(jail: Sandbox) -> None:
    programs = [HONEST, QUICK["is empty"]] * 5 + [HONEST]
    verdicts = JUDGE.judge(task_of(KINDS["calls"]), [attempt_of(text, at) for at, text in enumerate(programs)], jail)
    assert [verdict.passed for verdict in verdicts] == [True, False] * 5 + [True]
    assert len({verdict.attempt for verdict in verdicts}) == len(programs)


@pytest.mark.parametrize(
    ("tag", "items"),
    [("set", "keys"), ("frozenset", "keys"), ("dict", "[[k, 0] for k in keys]"), ("Counter", "[[k, 0] for k in keys]")],
)
def test_answers_that_collide_do_not_stall_the_judge(tag: str, items: str, jail: Sandbox) -> None:
    program = f"""
import os, sys
wire = sys.modules["wire"]
keys = [{{"int": hex(k * (2**61 - 1))}} for k in range(1, 60_000)]
body = b"V" + wire.json.dumps({{"{tag}": {items}}}).encode()
def add(a, b):
    sys.modules["inmate"].write_frame(3, body)
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
