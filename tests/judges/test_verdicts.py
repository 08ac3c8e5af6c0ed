"""From outcomes to verdicts: shown and hidden tests together, reasons that tell nothing, and which judge judges."""

from collections.abc import Sequence

import pytest

from etude.judges.auto import Auto
from etude.judges.examine import Exam, examine
from etude.judges.puzzle import PuzzleJudge
from etude.judges.stdio import StdioJudge
from etude.judges.tests import TestsJudge
from etude.protocols import Judge
from etude.records import Call, Exchange, Tests
from etude.sandbox import Sandbox
from etude.tasks import Task
from tests.judges.hostile import HONEST, KINDS, QUICK, attempt_of, task_of

STDIO = Tests(stdio=(Exchange(stdin="", stdout="1"),))
SUM = Tests(puzzle="from typing import List\ndef sat(xs: List[int], n=6):\n    return sum(xs) == n and len(xs) == 3\n")


def test_a_pass_needs_hidden_and_shown_tests(jail: Sandbox) -> None:
    hidden, shown = Tests(assertions=("assert add(1, 2) == 3",)), Tests(assertions=("assert add(5, 5) == 10",))
    programs = [attempt_of(text) for text in (HONEST, "def add(a, b):\n    return 3\n", HONEST)]
    for first, second in ((hidden, shown), (shown, hidden), (hidden, KINDS["check"]), (KINDS["calls"], shown)):
        verdicts = TestsJudge().judge(task_of(first, shown=second), programs, jail)
        assert [item.passed for item in verdicts] == [True, False, True]
        assert [item.score for item in verdicts][::2] == [1.0, 1.0]
        assert verdicts[1].score < 1.0


def test_shown_tests_count_in_the_score(jail: Sandbox) -> None:
    shown = Tests(calls=(Call(args=(9, 9), expected=0),))
    [verdict] = TestsJudge().judge(task_of(KINDS["calls"], shown=shown), [attempt_of(HONEST)], jail)
    assert (verdict.passed, verdict.score) == (False, 2 / 3)


@pytest.mark.parametrize(
    "tests",
    [
        Tests(calls=(Call(args=("secret needle",), expected="secret answer"),)),
        Tests(assertions=("assert add('secret needle') == 'secret answer'",)),
    ],
)
def test_a_reason_holds_neither_input_nor_expectation(tests: Tests, jail: Sandbox) -> None:
    programs = [
        "def add(x): return 1",
        "def add(x): return x",
        "def add(x): raise ValueError(x)",
        "def add(x): raise type(x, (Exception,), {})()",
        "def add(x): 1/0",
        "import os\nos._exit(0)",
    ]
    for verdict in Auto().judge(task_of(tests), [attempt_of(program) for program in programs], jail):
        assert verdict.passed is False
        assert "secret" not in verdict.reason
        assert "needle" not in verdict.reason


def test_verdicts_come_in_the_order_of_the_attempts(jail: Sandbox) -> None:
    programs = [HONEST, QUICK["is empty"]] * 5 + [HONEST]
    attempts = [attempt_of(text, at) for at, text in enumerate(programs)]
    verdicts = TestsJudge().judge(task_of(KINDS["calls"]), attempts, jail)
    assert [verdict.passed for verdict in verdicts] == [True, False] * 5 + [True]
    assert len({verdict.attempt for verdict in verdicts}) == len(programs)


def test_auto_picks_the_judge_and_a_judge_refuses_other_kinds(jail: Sandbox) -> None:
    stdio, puzzle = task_of(STDIO), task_of(SUM, "sol")
    [solved] = Auto().judge(puzzle, [attempt_of("def sol(n=6): return [1, 2, 3]")], jail)
    assert (solved.passed, solved.judge, solved.strength) == (True, "puzzle", "truth")
    [printed] = Auto().judge(stdio, [attempt_of("print(1)")], jail)
    assert (printed.passed, printed.judge, printed.strength) == (True, "stdio", "tests")
    others: list[tuple[Judge, Task]] = [(StdioJudge(), puzzle), (PuzzleJudge(), stdio), (TestsJudge(), puzzle)]
    for judge, task in others:
        assert judge.judge(task, [attempt_of("print(1)")], jail)[0].passed is None


class Counting:
    """A sandbox that counts the jobs which pass through it to a real one."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox, self.isolation, self.jobs = sandbox, sandbox.isolation, 0

    def run(self, jobs: Sequence[object]) -> object:
        self.jobs += len(jobs)
        return self.sandbox.run(jobs)  # type: ignore[arg-type]


def test_equal_programs_run_once(jail: Sandbox) -> None:
    counting = Counting(jail)
    found = examine([Exam(HONEST, KINDS["calls"], "add")] * 20, counting)  # type: ignore[arg-type]
    assert [item.status for item in found] == ["ok"] * 20
    assert counting.jobs == 1
