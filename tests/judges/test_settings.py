"""A judge's settings: a limit tighter than the fixed one, and verdicts that the program's process may have forged."""

from dataclasses import replace

import pytest

from etude.judges.tests import TestsJudge
from etude.records import Call, Tests
from etude.sandbox import Sandbox
from etude.tasks import Task
from tests.judges.hostile import attempt_of, task_of

WAITING = "from time import process_time as t\ndef f(n):\n    start = t()\n    while t() - start < {0}:\n        pass\n"
EQUAL = "class Anything:\n    def __eq__(self, other):\n        return True\ndef f(n):\n    return Anything()\n"


def task(reference: str, tests: Tests) -> Task:
    return replace(task_of(tests, entry_point="f"), reference=reference)


def test_a_program_that_is_much_slower_than_the_reference_fails_only_where_that_is_asked(jail: Sandbox) -> None:
    quick, tests = "def f(n):\n    return None\n", Tests(calls=(Call(args=(1,), expected=None),))
    found, slow = task(quick, tests), attempt_of(WAITING.format(1.5))
    [strict] = TestsJudge(calibrate=5, least_seconds=0.5).judge(found, [slow], jail)
    [plain] = TestsJudge().judge(found, [slow], jail)
    assert (strict.passed, strict.status, strict.reason) == (False, "timeout", "timeout (cpu)")
    assert plain.passed is True


@pytest.mark.parametrize(
    "tests",
    [
        Tests(assertions=("assert f(1) == 2",)),
        Tests(check="def check(candidate):\n    assert candidate(1) == 2\n"),
    ],
    ids=["assertions", "check"],
)
def test_what_was_decided_in_the_program_s_own_process_says_so_and_can_be_forged(jail: Sandbox, tests: Tests) -> None:
    found, cheat = task("def f(n):\n    return n + 1\n", tests), attempt_of(EQUAL)
    [inside] = TestsJudge(trust="in-process").judge(found, [cheat], jail)
    [outside] = TestsJudge().judge(found, [cheat], jail)
    assert (inside.passed, inside.trust) == (True, "in-process"), "the very forgery that this mode exists to label"
    assert (outside.passed, outside.trust) == (False, "outside")


def test_an_honest_verdict_is_the_same_in_either_place(jail: Sandbox) -> None:
    found = task("def f(n):\n    return n + 1\n", Tests(assertions=("assert f(1) == 2", "assert f(2) == 3")))
    programs = ["def f(n):\n    return n + 1\n", "def f(n):\n    return 2\n", "def f(n):\n    return n / 0\n", "def f("]
    attempts = [attempt_of(text) for text in programs]
    inside = TestsJudge(trust="in-process").judge(found, attempts, jail)
    outside = TestsJudge().judge(found, attempts, jail)
    assert [one.passed for one in inside] == [one.passed for one in outside] == [True, False, False, False]
