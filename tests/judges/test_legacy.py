"""What the released comparator accepts, step by step, and where the strict one says otherwise."""

import pytest

from etude.judges.examine import Exam, examine
from etude.judges.rules.legacy import (
    Disagreements,
    disagreements,
    legacy_accepts,
    legacy_prints,
    legacy_values,
    strict_accepts,
)
from etude.judges.stdio import StdioJudge
from etude.judges.tests import TestsJudge
from etude.records import Call, Exchange, Fault, Outcome, TestResult, Tests
from etude.sandbox import Sandbox

PRINTED = [
    # step, printed, expected, does the strict comparator accept it too
    ("exact", "1\n2\n", "1\n2\n", True),
    ("exact", "1\n", "1", True),
    ("stripped", "1 \n2", "1\n2\n", True),
    ("stripped", "  1\n  2\n", "1\n2\n", False),
    ("stripped", "\n\n1\n", "1\n", False),
    ("lines", "1\n\n2\n", "1\n2\n", False),
    ("numbers", "0.3333333333\n", "0.333333\n", False),
    ("numbers", "1.0\n", "1\n", False),
    ("numbers", "1e2\n", "100\n", False),
    ("word sets", "2\n1\n", "1\n2\n", False),
    ("word sets", "3 1 2\n", "1 2 3\n", False),
    ("word sets", "1 1 1 2\n", "1 2\n", False),
    ("word sets", "yes\nyes\nno\n", "yes\nno\n", False),
    ("word sets", "a  b\n", "a b\n", False),
    ("rounded sets", "0.33341 2\n", "2.0 0.3334\n", False),
    ("rounded sets", "2.00001\n1\n", "1\n2\n", False),
    ("", "1\n", "2\n", False),
    ("", "1\n2\n3\n", "1\n2\n", False),
    ("", "yes\n", "YES\n", False),
    ("", "1 2\n", "1\n2\n", False),
    ("", "x 0.33341\n", "x 0.3334\n", False),
    ("", "nan\n", "nan2\n", False),
    ("", "", "1\n", False),
]


@pytest.mark.parametrize(("step", "actual", "expected", "strict"), PRINTED)
def test_each_step_accepts_what_it_is_for(step: str, actual: str, expected: str, strict: bool) -> None:
    assert legacy_prints(actual, expected) == step
    assert legacy_accepts("stdio", actual, expected) == step
    assert strict_accepts("stdio", actual, expected) is strict


VALUES = [
    ("equal", [1, 2], [1, 2], True),
    ("equal", (1, 2), [1, 2], True),
    ("equal", True, 1, False),
    ("equal", 1.0, 1, True),
    ("first item", 3, [3], False),
    ("first item", 3, [3, 4], False),
    ("first item", (1, 2), [[1, 2]], False),
    ("inner tuples", [(1, 2), (3, 4)], [[1, 2], [3, 4]], True),
    ("inner tuples", [(1, 2)], [[[1, 2]]], False),
    ("", [2, 1], [1, 2], False),
    ("", "3", 3, False),
    ("", [((1,),)], [[[1]]], True),
    ("", {1: 2}, {"1": 2}, False),
    ("", float("nan"), float("nan"), True),
]


@pytest.mark.parametrize(("step", "actual", "expected", "strict"), VALUES)
def test_values_are_compared_with_tuples_as_lists_and_the_first_item(
    step: str, actual: object, expected: object, strict: bool
) -> None:
    assert legacy_values(actual, expected) == step
    assert strict_accepts("calls", actual, expected) is strict


def result(passed: bool | None, actual: str = "", expected: str = "", fault: Fault | None = None) -> TestResult:
    return TestResult(test="t", passed=passed, actual=actual, expected=expected, fault=fault)


def test_disagreements_are_counted_by_step_and_by_program() -> None:
    outcomes = [
        Outcome(status="failed", results=(result(False, r"'2\n1\n'", r"'1\n2\n'"), result(True, r"'1\n'", r"'1\n'"))),
        Outcome(status="failed", results=(result(False, r"'5\n'", r"'6\n'"), result(False, r"'1.0\n'", r"'1\n'"))),
    ]
    assert disagreements(outcomes, "stdio") == Disagreements(
        tests=4, agreed=2, legacy_only={"word sets": 1, "numbers": 1}, strict_only=0, unknown=0, programs=1
    )


def test_what_did_not_run_or_was_cut_is_unknown_and_a_crash_fails_by_both() -> None:
    cut = "'" + "1" * 400
    outcomes = [
        Outcome(
            status="error",
            results=(
                result(None),
                result(False, cut, cut),
                result(False, "<an integer of 5000 bits>", "'1'"),
                result(False, r"'1\n'", r"'1\n'", Fault(type="ValueError", message="late")),
                result(True),
            ),
        )
    ]
    assert disagreements(outcomes, "stdio") == Disagreements(
        tests=2, agreed=2, legacy_only={}, strict_only=0, unknown=3, programs=0
    )


def test_a_strict_pass_that_the_released_code_refuses_is_counted() -> None:
    outcome = Outcome(status="failed", results=(result(True, "[((1,),)]", "[[[1]]]"), result(False, "3", "[3]")))
    assert disagreements([outcome], "calls") == Disagreements(
        tests=2, agreed=0, legacy_only={"first item": 1}, strict_only=1, unknown=0, programs=0
    )


def test_real_programs_are_told_apart(jail: Sandbox) -> None:
    pairs = Tests(stdio=(Exchange(stdin="3 1 2\n", stdout="1 2 3\n"), Exchange(stdin="1 1\n", stdout="1 1\n")))
    programs = ["print(*sorted(input().split(), key=int))", "print(*set(input().split()))", "print(0)"]
    outcomes = examine([Exam(program, pairs, "", StdioJudge().limits) for program in programs], jail)
    found = disagreements(outcomes, "stdio")
    assert (outcomes[0].status, outcomes[1].status) == ("ok", "failed")
    assert found.programs == 1
    assert found.legacy_only["word sets"] >= 1
    assert found.strict_only == 0


def test_calls_of_real_programs_are_told_apart(jail: Sandbox) -> None:
    calls = Tests(calls=(Call(args=(2,), expected=[4]), Call(args=(3,), expected=[9])))
    programs = ["def f(x): return [x * x]", "def f(x): return x * x", "def f(x): return 0"]
    outcomes = examine([Exam(program, calls, "f", TestsJudge().limits) for program in programs], jail)
    assert disagreements(outcomes, "calls") == Disagreements(
        tests=6, agreed=4, legacy_only={"first item": 2}, strict_only=0, unknown=0, programs=1
    )
