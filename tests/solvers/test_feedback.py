"""What a model is told of its failing program: what a person who reads the interpreter's words would say first."""

import pytest

from etude.judges.examine import Exam, examine
from etude.models.prompts import load
from etude.records import Call, Exchange, Fault, Limits, Outcome, TestResult, Tests
from etude.sandbox import Sandbox
from etude.solvers.difference import difference
from etude.solvers.feedback import VERDICTS, feedback, question

STRING = "the answer is of type str, expected is int"
LIMITS = Limits(cpu_seconds=0.5)
ONE = Tests(calls=(Call(args=(1,), expected=1),))


@pytest.fixture(scope="module")
def jail():
    with Sandbox(workers=1) as sandbox:
        yield sandbox


@pytest.fixture
def said(jail):
    def ask(program: str, tests: Tests = ONE, level: str = "full", entry_point: str = "f") -> list[str]:
        [outcome] = examine([Exam(program, tests, entry_point, LIMITS)], jail)
        return feedback(outcome, level, program).splitlines()

    return ask


@pytest.mark.parametrize(
    ("program", "lines"),
    [
        ("def f(x):\n    return 3\n", ["f(1) returned 3, expected 1"]),
        ("def f(x):\n    print(x)\n", ["f(1) returned None, expected 1", "it prints and does not return"]),
        ("def f(x):\n    return '1'\n", ["f(1) returned '1', expected 1", STRING]),
        ('def f(x):\n    """One."""\n', ["f(1) returned None, expected 1", "f returns nothing"]),
        ("def f(x):\n    if x == 2:\n        return x\n", ["f(1) returned None, expected 1"]),
        ("def f(x):\n    yield x\n", ["f(1) returned a value of type generator, expected 1"]),
        (
            "def f(x):\n    return math.sqrt(x)\n",
            [
                "f(1) raised NameError: name 'math' is not defined",
                "math is not imported",
                "line 2, in f: return math.sqrt(x)",
            ],
        ),
        (
            "def g(x):\n    return x\n",
            ["f(1) raised NameError: name 'f' is not defined", "the program does not define f"],
        ),
        (
            "def f(x):\n    return f(x)\n",
            [
                "f(1) raised RecursionError: maximum recursion depth exceeded",
                "line 2, in f: return f(x) (again and again)",
            ],
        ),
        ("def f(x):\n    return [x\n",
         ["the program is not Python: SyntaxError: '[' was never closed", "line 2: return [x"]),
        (
            "def f(x):\n    return 2\nassert f(1) == 1\n",
            ["an assertion in the program itself does not hold", "line 3, in <module>: assert f(1) == 1"],
        ),
        ("import sys\nsys.exit(0)\n", ["the program raised SystemExit: 0", "line 2, in <module>: sys.exit(0)"]),
        ("import os\ndef f(x):\n    os._exit(0)\n", ["f(1) got no answer: the program ended first"]),
        ("def f(x):\n    while True:\n        pass\n", ["f(1) got no answer: the program takes too long"]),
        ("def f(x):\n    raise ValueError('two\\nlines')\n",
         ["f(1) raised ValueError: two lines", r"line 2, in f: raise ValueError('two\nlines')"]),
    ],
)  # fmt: skip
def test_full_feedback_names_what_a_person_would(said, program, lines):
    assert said(program) == lines


@pytest.mark.parametrize(
    ("test", "line"),
    [
        ("assert f('  a  b') == 'a == b'", "f('  a  b') returned 3, expected 'a == b'"),
        ("assert 1 == f(1)", "f(1) returned 3, expected 1"),
        ("assert f(1) is True", "f(1) returned 3, expected True"),
        ("assert f(f(0)) == [(1,\n  2)]", "f(f(0)) returned 3, expected [(1, 2)]"),
        ("assert f(2) < 2 or not f(0)", "assert f(2) < 2 or not f(0) does not hold"),
        ("assert f(2) < 2", "assert f(2) < 2 does not hold: it returned 3"),
        ("assert f(1) == 1, 'f(1) == 1'", "f(1) returned 3, expected 1"),
    ],
)
def test_of_an_assertion_the_call_is_named_and_blanks_in_it_stay(said, test, line):
    assert said("def f(x):\n    return 3\n", Tests(assertions=(test,))) == [line]


def test_a_script_is_told_what_it_printed_for_which_input(said):
    pairs = Tests(stdio=(Exchange(stdin="1\n", stdout="1\n2\n"), Exchange(stdin="a\n", stdout="a\n")))
    first, *more = said("print(int(input()) + 1)\n", pairs, entry_point="")
    assert first == r"with the input '1\n' the program printed '2\n', expected '1\n2\n'"
    assert more == [], "the second pair raises ValueError; it is not the one that is told of"
    [line] = said("while True:\n    pass\n", pairs, entry_point="")
    assert line.endswith("(the program takes too long)")


def test_the_call_that_never_ends_is_named_not_the_first_one(said):
    tests = Tests(calls=(Call(args=(1,), expected=1), Call(args=(2,), expected=2)))
    [line] = said("def f(x):\n    while x == 2:\n        pass\n    return x\n", tests)
    assert line == "f(2) got no answer: the program takes too long"


@pytest.mark.parametrize("level", ["none", "verdict", "short"])
def test_lower_levels_are_one_line_and_never_more_than_full(said, level):
    program = "def f(x):\n    return 1 // 0\n"
    [line] = said(program, level=level)
    words = {"none": "wrong", "verdict": VERDICTS["error"], "short": said(program)[0]}
    assert line == words[level]


def test_right_programs_and_our_own_faults_have_no_feedback(said):
    assert said("def f(x):\n    return x\n") == []
    assert feedback(Outcome(status="unavailable", detail="no tests"), "full") == ""


def test_no_line_break_of_a_program_gets_into_the_first_line():
    fault = Fault(type="ValueError", message="a\n# fixed\ndef f(x):\u2028return 2\x0c")
    result = TestResult(test="f(1)", passed=False, expected="1", fault=fault)
    assert len(feedback(Outcome(status="error", results=(result,)), "short").splitlines()) == 1


@pytest.mark.parametrize(
    ("actual", "expected", "remark"),
    [
        ("3", "4", ""),
        ("[1, 2]", "[2, 1]", ""),
        ("[1, 2]", "(1, 2)", "the answer is of type list, expected is tuple"),
        ("[(1, 2)]", "'[(1, 2)]'", "the answer is of type list, expected is str"),
        ("314.159265359", "314.15926535897927", "close, but off by 2.1e-11"),
        ("(-0.3, 1.5)", "(-0.3, 1.55)", ""),
        ("(-0.3, 1.549)", "(-0.3, 1.55)", "close, but off by 0.001"),
        ("'a b'", "' a b'", "only the white space differs"),
        ("'yes'", "'Yes'", "only capital and small letters differ"),
        (repr(list(range(20))), repr([*range(9), 0, *range(10, 20)]), "first different at index 9: 9 and not 0"),
        (repr(list(range(20))), repr(list(range(18))), "too many from index 18 on: 18, 20 in all and not 18"),
        (repr(list(range(18))), repr(list(range(20))), "ends before index 18: 18, 18 in all and not 20"),
        (repr(list(range(20))), repr(list(range(19, -1, -1))), "the items are right, their order is not"),
        (repr({n: n for n in range(9)}), repr({**{n: n for n in range(9)}, 4: 5}), "different at key 4: 4 and not 5"),
        (repr({n: n for n in range(9)}), repr({n: n for n in range(10)}), "missing key: 9"),
        (repr(set(range(20))), repr(set(range(21))), "missing: 20"),
        (repr("the cat sat on the mat on the floor, all day"), repr("the cat sat on a mat on the floor, all day"),
         "first different at word 5: 'the' and not 'a'"),
        (repr("one\n" * 12), repr("one\n" * 11 + "two\n"), "first different at line 12: 'one' and not 'two'"),
        ("[1, 2, ...]", "[1, 2, 3]", ""),
        ("a value of type generator", "1", ""),
        ("nan", "1", ""),
        ("(" * 500, "1", ""),
    ],
)  # fmt: skip
def test_a_difference_is_named_where_it_is_hard_to_see(actual, expected, remark):
    assert difference(actual, expected) == remark


def test_the_call_to_trace_is_that_of_the_first_failing_test(jail):
    tests = Tests(assertions=("assert f(1) == 1", "assert sorted(f(2)) == [2]"))
    [outcome] = examine([Exam("def f(x):\n    return x\n", tests, "f", LIMITS)], jail)
    assert question(outcome, "f") == "f(2)"
    assert question(outcome, "g") == question(Outcome(status="ok"), "f") == ""


def test_the_worked_example_of_repair_speaks_as_the_feedback_does(said):
    program = "def capitals(sentence):\n    return sum(letter.isupper() for letter in sentence.lower())\n"
    shown = Tests(assertions=('assert capitals("Ann and Bo met Carl") == 3',))
    [line] = said(program, shown, entry_point="capitals")
    assert line.replace('"', "'") in str(load("few-shot-repair.v1").render(
        prompt="", tests=(), entry_point="", program="", feedback="f(1) returned 2, expected 3"
    ))  # fmt: skip
