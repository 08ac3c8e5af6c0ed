# ruff: noqa: E501  (hostile programs are kept on one line each)
"""What a judge must refuse: programs that would pass a naive harness. A judge that always says yes fails here."""

import ast
import textwrap
from collections.abc import Iterator, Sequence

import pytest

from etude.errors import MissingError
from etude.judges.auto import Auto
from etude.judges.examine import Exam, examine
from etude.judges.malformed import malformed
from etude.judges.puzzle import PuzzleJudge
from etude.judges.rules.puzzles import matches
from etude.judges.stdio import StdioJudge
from etude.judges.tests import TestsJudge
from etude.judges.values import brief, equal, literal, same
from etude.records import Attempt, Call, Exchange, Limits, Outcome, TaskView, Tests, Verdict
from etude.sandbox import Sandbox
from etude.tasks import Task

QUICK = Limits(cpu_seconds=0.5, wall_seconds=2.0, memory_bytes=256 << 20)
ADD = Tests(assertions=("assert add(1, 2) == 3", "assert add(2, 2) == 4"))
CALLS = Tests(calls=(Call(args=(1, 2), expected=3), Call(args=(2, 2), expected=4)))
CHECK = Tests(check="def check(candidate):\n    assert candidate(1, 2) == 3\n    assert candidate(2, 2) == 4\n")
RIGHT = "def add(a, b):\n    return a + b\n"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    try:
        with Sandbox() as jail:
            yield jail
    except MissingError as error:
        pytest.skip(f"no namespaces here: {error}")


def outcome(sandbox: Sandbox, program: str, tests: Tests, entry_point: str = "add") -> Outcome:
    """The outcome of a program; an honest one must pass on the same worker right after it."""
    first, honest = examine(
        [Exam(textwrap.dedent(program), tests, entry_point, QUICK), Exam(RIGHT, ADD, "add", QUICK)], sandbox
    )
    assert honest.status == "ok"
    return first


CHEATS = {
    "always equal": "class Any:\n    def __eq__(self, other): return True\ndef add(a, b): return Any()",
    "equal whole": "class Any(int):\n    def __eq__(self, other): return True\n    __hash__ = int.__hash__\ndef add(a, b): return Any(0)",
    "os._exit at import": "import os; os._exit(0)",
    "os._exit in the call": "import os\ndef add(a, b): os._exit(0)",
    "sys.exit at import": "import sys; sys.exit(0)",
    "sys.exit in the call": "import sys\ndef add(a, b): sys.exit(0)",
    "SystemExit": "raise SystemExit",
    "SkipTest": "import unittest\ndef add(a, b): raise unittest.SkipTest('skipped')",
    "patched AssertionError": "import builtins\nclass Quiet(Exception): pass\nbuiltins.AssertionError = Quiet\ndef add(a, b): return 0",
    "patched builtins": "import builtins\nfor name in ('set', 'len', 'all', 'compile', 'eval'):\n    setattr(builtins, name, lambda *a, **k: True)\ndef add(a, b): return 0",
    "frames": "import sys\ndef add(a, b):\n    frame = sys._getframe()\n    while frame:\n        for value in list(frame.f_locals.values()):\n            if value in (3, 4): return value\n        frame = frame.f_back\n    return 0",
    "names itself passed": "print('passed')\nresult = passed = True\ndef add(a, b): return 'passed'",
    "hooks": "import sys\nsys.excepthook = lambda *a: None\nsys.settrace(lambda *a: None)\ndef add(a, b): raise AssertionError",
    "infinite loop": "def add(a, b):\n    while True: pass",
    "nothing": "",
    "not Python": "def add(a, b:",
}


@pytest.mark.parametrize("tests", [ADD, CALLS, CHECK], ids=["assertions", "calls", "check"])
@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_does_not_pass(sandbox: Sandbox, name: str, tests: Tests) -> None:
    found = outcome(sandbox, CHEATS[name], tests)
    assert found.status not in ("ok", "unavailable")
    assert not all(item.passed is True for item in found.results)


@pytest.mark.parametrize("tests", [ADD, CALLS, CHECK], ids=["assertions", "calls", "check"])
def test_the_honest_program_passes_and_a_wrong_one_fails(sandbox: Sandbox, tests: Tests) -> None:
    assert outcome(sandbox, RIGHT, tests).status == "ok"
    assert outcome(sandbox, "def add(a, b):\n    return a * b + 1\n", tests).status == "failed"
    assert outcome(sandbox, "def add(a, b):\n    return a + b if a == 1 else 0\n", tests).status == "failed"


def test_no_tests_are_no_pass(sandbox: Sandbox) -> None:
    found = outcome(sandbox, RIGHT, Tests())
    assert (found.status, found.detail) == ("unavailable", "no tests")
    assert [item.passed for item in judged(Auto(), Task(facts=view(), hidden=Tests()), [RIGHT], sandbox)] == [None]


def test_broken_tests_are_no_verdict_on_the_program(sandbox: Sandbox) -> None:
    assert outcome(sandbox, RIGHT, Tests(check="def check(candidate")).status == "unavailable"
    assert outcome(sandbox, RIGHT, Tests(check=CHECK.check, context="import no_such_module")).status == "unavailable"


def test_helpers_of_the_context_are_the_checks_own(sandbox: Sandbox) -> None:
    tests = Tests(
        context="def twice(x):\n    return 2 * x\ndef add(a, b):\n    pass\n",
        check="def check(candidate):\n    assert twice(candidate(1, 2)) == 6\n",
    )
    assert outcome(sandbox, RIGHT, tests).status == "ok"
    assert outcome(sandbox, "def twice(x): return 6\ndef add(a, b): return 0", tests).status == "failed"
    assert outcome(sandbox, "x = 1", tests).status in ("failed", "error")


def test_other_forms_of_assertion(sandbox: Sandbox) -> None:
    forms = (
        "assert add(1, 2)",
        "assert not add(0, 0)",
        "assert abs(add(1, 2) - 3) < 1e-9",
        "assert add(1, 2) == add(2, 1)",
        "assert isinstance(add(1, 2), int)",
        "assert 3 == add(1, 2)",
        "assert add(1, 2) == math.floor(3.5)",
        "assert add(1, 2) == 3, 'the sum'",
        "assert add(1, 2) in (3, 4)",
        "assert (add(1, 2) == 3) is True",
    )
    for form in forms:
        assert outcome(sandbox, RIGHT, Tests(assertions=(form,))).status == "ok", form
    liar = "class Any(int):\n    def __lt__(self, other): return True\n    def __sub__(self, other): return self\ndef add(a, b): return Any(7)"
    for form in forms[2:6]:
        assert outcome(sandbox, liar, Tests(assertions=(form,))).status not in ("ok", "unavailable"), form


FORGEABLE = (
    "assert (add(1, 2) == 3) == True",
    "assert (add(1, 2) == 3) is True",
    "assert bool(add(1, 2) == 3) == True",
    "assert all([add(1, 2) == 3]) == True",
    "assert (not add(1, 2) != 3) == True",
    "assert (1 if add(1, 2) == 3 else 0) == 1",
    "assert int(add(1, 2) == 3) == 1",
    "assert isinstance(add(1, 2), int) == True",
    "assert add(1, 2).__eq__(3) == True",
    "assert math.isclose(add(1, 2), 3.0) == True",
)


@pytest.mark.parametrize("form", FORGEABLE)
def test_a_left_side_that_decides_is_not_decided_by_the_program(sandbox: Sandbox, form: str) -> None:
    liar = """
        class Any(int):
            def __eq__(self, other): return True
            def __ne__(self, other): return False
            def __bool__(self): return True
            def __float__(self): return 3.0
            __hash__ = int.__hash__
        def add(a, b): return Any(7)
    """
    tests = Tests(assertions=(form,))
    assert outcome(sandbox, RIGHT, tests).status == "ok"
    assert outcome(sandbox, liar, tests).status not in ("ok", "unavailable")


def test_a_check_that_never_uses_the_program_is_no_verdict(sandbox: Sandbox) -> None:
    for tests in (Tests(check="def check(candidate): pass"), Tests(assertions=("assert isinstance(3, int)",))):
        assert outcome(sandbox, RIGHT, tests).status == "unavailable"
    assert outcome(sandbox, RIGHT + "LIMIT = 9", Tests(assertions=("assert LIMIT > 3",))).status == "ok"


def test_huge_expected_numbers_are_compared(sandbox: Sandbox) -> None:
    tests = Tests(calls=(Call(args=(10**9000, 1), expected=10**9000 + 1),))
    assert outcome(sandbox, RIGHT, tests).status == "ok"
    assert outcome(sandbox, "def add(a, b): return 1 << 100000", tests).status == "failed"
    assert (
        outcome(sandbox, "def add(a, b): return 1 << 100000", Tests(calls=(Call(args=(1, 2), expected=0.5),))).status
        == "failed"
    )


def test_program_and_puzzle_share_one_budget(sandbox: Sandbox) -> None:
    burn = "import time\n    end = time.process_time() + 0.35\n    while time.process_time() < end: pass\n"
    puzzle = Tests(puzzle=f"def sat(x: int):\n    {burn}    return True\n")
    assert outcome(sandbox, f"def sol():\n    {burn}    return 1\n", puzzle, "sol").status == "timeout"
    assert outcome(sandbox, "def sol(): return 1", puzzle, "sol").status == "ok"


def test_a_pair_after_the_comma_is_reported_and_passes_as_python_reads_it(sandbox: Sandbox) -> None:
    tests = Tests(assertions=("assert add(1, 2) == 3, 4",))
    assert outcome(sandbox, RIGHT, tests).status == "ok"
    assert len(malformed(tests)) == 1
    assert malformed(ADD) == []


def test_an_argument_changed_by_the_program_is_its_own_copy(sandbox: Sandbox) -> None:
    tests = Tests(
        check="def check(candidate):\n    xs = [3, 1]\n    assert candidate(xs, 0) == [3, 1]\n    assert xs == [3, 1]\n    assert candidate(xs, 0) is not xs\n"
    )
    assert outcome(sandbox, "def add(xs, b):\n    ys = list(xs)\n    xs.clear()\n    return ys", tests).status == "ok"


def test_setup_runs_after_the_program(sandbox: Sandbox) -> None:
    tests = Tests(assertions=("assert add(one, 2) == 3",), setup="one = Number().value")
    assert outcome(sandbox, "class Number:\n    value = 1\n" + RIGHT, tests).status == "ok"


def test_faults_tell_the_programs_own_lines(sandbox: Sandbox) -> None:
    found = outcome(sandbox, "def add(a, b):\n    return a / 0\n", ADD)
    fault = found.results[0].fault
    assert fault is not None
    assert fault.type == "ZeroDivisionError"
    assert fault.traceback == ("line 2, in add: return a / 0",)
    wrong = outcome(sandbox, "def add(a, b):\n    return [a]\n", ADD).results[0]
    assert (wrong.actual, wrong.expected) == ("[1]", "3")


@pytest.mark.parametrize(
    ("actual", "expected", "verdict"),
    [
        (True, 1, False),
        (1, True, False),
        (1.0, 1, True),
        (1, 1.0, True),
        (0.1 + 0.2, 0.3, False),
        (float("nan"), float("nan"), True),
        ((1, 2), [1, 2], True),
        ([1, (2,)], [1, [2]], True),
        ([1, True], [1, 1], False),
        ({"a": 1}, {"a": 1}, True),
        ({1: 1}, {"1": 1}, False),
        ({1, 2}, [1, 2], False),
        (None, 0, False),
        ("1", 1, False),
        ([], None, False),
    ],
)
def test_call_values_are_compared_by_type_and_value(actual: object, expected: object, verdict: bool) -> None:
    assert same(actual, expected) is verdict


def test_literals_and_brief_texts_take_any_value() -> None:
    value = {"a": [1, -(10**9000), 0.1, float("inf"), None, True, "\n'", (1,)]}
    assert eval(literal(value)) == value
    assert len(brief([[10**9000] * 1000] * 1000)) <= 300
    assert brief(10**9000).startswith("<an integer")
    from decimal import Decimal

    assert equal(Decimal("sNaN"), 1) is False


def test_stdio_compares_what_was_printed(sandbox: Sandbox) -> None:
    tests = Tests(stdio=(Exchange(stdin="2\n", stdout="4\n\n"), Exchange(stdin="5\n", stdout="10")))
    assert outcome(sandbox, "print(int(input()) * 2, ' ')", tests, "").status == "ok"
    refused = {
        "print(4)": "failed",
        "print(' 4')": "failed",
        "import os; os.write(1, b'4\\n'); os._exit(0)": "error",
        "print(int(input()) * 2); raise ValueError": "error",
        "print(int(input()) * 2); exit(3)": "error",
        "while True: pass": "timeout",
    }
    for program, status in refused.items():
        found = outcome(sandbox, program, tests, "")
        assert found.status == status, program
        assert not all(item.passed for item in found.results[:1]) or program == "print(4)"


SUM = Tests(puzzle="from typing import List\ndef sat(xs: List[int], n=6):\n    return sum(xs) == n and len(xs) == 3\n")
TRUTHY = Tests(puzzle="def sat(x: int):\n    return 1\n")
FLAG = Tests(puzzle="def sat(x: int):\n    return x == 1\n")
PUZZLE_CHEATS = {
    "redefined sat": (SUM, "def sat(xs, n=6): return True\ndef sol(n=6): return [0]"),
    "swapped code": (
        SUM,
        "def sat(xs, n=6): pass\nsat.__code__ = (lambda xs, n=6: True).__code__\ndef sol(n=6): return [0]",
    ),
    "builtins": (
        SUM,
        "import builtins\nbuiltins.sum = lambda xs: 6\nbuiltins.len = lambda xs: 3\ndef sol(n=6): return [0]",
    ),
    "list subclass": (SUM, "class L(list):\n    def __len__(self): return 3\ndef sol(n=6): return L([6])"),
    "tuple": (SUM, "def sol(n=6): return (1, 2, 3)"),
    "bools": (SUM, "def sol(n=6): return [True, 2, 3]"),
    "truthy": (TRUTHY, "def sol(): return 1"),
    "bool for int": (FLAG, "def sol(): return True"),
    "float for int": (FLAG, "def sol(): return 1.0"),
    "exit": (SUM, "import os; os._exit(0)"),
    "no sol": (SUM, "x = 1"),
    "wrong": (SUM, "def sol(n=6): return [1, 1, 1]"),
}


@pytest.mark.parametrize("name", PUZZLE_CHEATS)
def test_a_puzzle_cheat_does_not_pass(sandbox: Sandbox, name: str) -> None:
    tests, program = PUZZLE_CHEATS[name]
    assert outcome(sandbox, program, tests, "sol").status not in ("ok", "unavailable")


def test_a_solved_puzzle_passes_and_one_without_a_type_is_unjudged(sandbox: Sandbox) -> None:
    assert outcome(sandbox, "def sol(n=6): return [1, 2, 3]", SUM, "sol").status == "ok"
    bare = Tests(puzzle="def sat(x):\n    return True\n")
    assert outcome(sandbox, "def sol(): return 1", bare, "sol").status == "unavailable"


def test_answer_types_are_exact_and_nested() -> None:
    kind = ast.parse("List[List[str]]", mode="eval").body
    assert matches([["a"], []], kind)
    assert not matches([["a"], [1]], kind)
    assert not matches([("a",)], kind)


def view(shown: Tests = Tests(), entry_point: str = "add") -> TaskView:  # noqa: B008
    return TaskView(task_id="t", kind="complete", prompt="p", entry_point=entry_point, shown=shown)


def judged(judge: object, task: Task, programs: Sequence[str], sandbox: Sandbox) -> list[Verdict]:
    attempts = [
        Attempt(
            task_id="t", prompt="p", completion=text, program=text, template="x", agent="a", solver="s",
            sample_index=number, seed=0, round=0,
        )
        for number, text in enumerate(programs)
    ]  # fmt: skip
    return judge.judge(task, attempts, sandbox)  # type: ignore[attr-defined,no-any-return]


def test_a_pass_needs_hidden_and_shown_tests(sandbox: Sandbox) -> None:
    hidden, shown = Tests(assertions=("assert add(1, 2) == 3",)), Tests(assertions=("assert add(5, 5) == 10",))
    half = "def add(a, b):\n    return 3\n"
    for first, second in ((hidden, shown), (shown, hidden), (hidden, CHECK), (CALLS, shown)):
        verdicts = judged(TestsJudge(), Task(facts=view(second), hidden=first), [RIGHT, half, RIGHT], sandbox)
        assert [item.passed for item in verdicts] == [True, False, True]
        assert [item.score for item in verdicts][::2] == [1.0, 1.0]
        assert verdicts[1].score < 1.0


def test_a_reason_gives_nothing_away(sandbox: Sandbox) -> None:
    secret = Tests(assertions=("assert add('needle', 'hay') == 'stack4711'",))
    programs = [
        "def add(a, b): raise ValueError(a)",
        "def add(a, b): raise type(a, (Exception,), {})()",
        "def add(a, b): return b",
    ]
    for verdict in judged(Auto(), Task(facts=view(), hidden=secret), programs, sandbox):
        assert verdict.passed is False
        assert not {"needle", "hay", "4711"} & set(verdict.reason.replace("'", " ").replace(":", " ").split())
        assert "4711" not in verdict.reason


def test_auto_picks_the_judge_and_a_judge_refuses_other_kinds(sandbox: Sandbox) -> None:
    stdio = Task(facts=view(), hidden=Tests(stdio=(Exchange(stdin="", stdout="1"),)))
    puzzle = Task(facts=view(entry_point="sol"), hidden=SUM)
    solved = judged(Auto(), puzzle, ["def sol(n=6): return [1, 2, 3]"], sandbox)[0]
    assert (solved.passed, solved.judge, solved.strength) == (True, "puzzle", "truth")
    printed = judged(Auto(), stdio, ["print(1)"], sandbox)[0]
    assert (printed.passed, printed.judge, printed.strength) == (True, "stdio", "tests")
    for judge, task in ((StdioJudge(), puzzle), (PuzzleJudge(), stdio), (TestsJudge(), puzzle)):
        assert judged(judge, task, ["print(1)"], sandbox)[0].passed is None


class Counting:
    """A sandbox that counts the jobs which pass through it to a real one."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox, self.isolation, self.jobs = sandbox, sandbox.isolation, 0

    def run(self, jobs: Sequence[object]) -> object:
        self.jobs += len(jobs)
        return self.sandbox.run(jobs)  # type: ignore[arg-type]


def test_equal_programs_run_once(sandbox: Sandbox) -> None:
    counting = Counting(sandbox)
    found = examine([Exam(RIGHT, ADD, "add")] * 20, counting)  # type: ignore[arg-type]
    assert [item.status for item in found] == ["ok"] * 20
    assert counting.jobs == 1
