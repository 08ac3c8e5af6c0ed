"""Which proposals are puzzles, stage by stage, and what a behaviour is."""
# ruff: noqa: E501  (programs read best on one line)

import pytest

from etude.puzzles.filters import Probe, grams, likeness, probe, seen, shape, skeleton, text_fault
from etude.records import Fault, Outcome, TestResult

FINE = [
    "def sat(x: int):\n    return x == 5",
    "def sat(xs: list[int], n=3):\n    return len(xs) == n",
    "def sat(rows: List[List[str]], words=['a', 'b']):\n    return [w for row in rows for w in row] == words",
    "def sat(s: str):\n    import re\n    return bool(re.match('[ab]+import', s))",
    "def sat(x: float):\n    def near(y):\n        return abs(x - y) < 1e-6\n    return near(2.5)",
    "def sat(s: str):\n    '''Do not exec(s) or open(s).'''\n    return s.find('__class__') == 2",
]
FAULTS = {
    "parses": ["", "x = 1", "def sat(x: int):\n    x == 5", "def sat(x: int)", "class sat: pass", "import os", "def sat("],
    "signature": [
        "def sat():\n    return True",
        "def sat(x: int = 3):\n    return x == 3",
        "def sat(x: int, y):\n    return x == y",
        "def sat(*x):\n    return x == 5",
        "def sat(x: int, **k):\n    return x == 5",
        "def sat(x: int, /, n=1):\n    return x == n",
        "@print\ndef sat(x: int):\n    return x == 5",
    ],
    "type": [
        "def sat(x):\n    return x == 5",
        "def sat(x: bool):\n    return x",
        "def sat(x: Set[int]):\n    return len(x) == 2",
        "def sat(x: int or str):\n    return x == 5",
        "def sat(x: print('hi')):\n    return x == 5",
    ],
    "forbidden": [
        "def sat(x: int):\n    return eval('x == 5')",
        "def sat(x: int):\n    import os\n    return os.getpid() == x",
        "def sat(x: int):\n    from random import random\n    return random() < x",
        "def sat(x: int):\n    return x.__class__ == int",
        "def sat(x: int):\n    global y\n    y = x\n    return y == 5",
        "def sat(x: int, f=open('/etc/passwd')):\n    return x == 5",
        "def sat(x: int):\n    yield x\n    return x == 5",
    ],
    "unbound": ["def sat(x: int):\n    return x == total", "def sat(x: int, n=m):\n    return x == n"],
    "unused": ["def sat(x: int):\n    return 5", "def sat(x: int, n=5):\n    return n == 5", "def sat(x: int):\n    x = 5\n    return True"],
}  # fmt: skip


@pytest.mark.parametrize("puzzle", FINE)
def test_a_puzzle_goes_through(puzzle: str) -> None:
    assert text_fault(puzzle) is None


@pytest.mark.parametrize(("reason", "puzzle"), [(reason, text) for reason, texts in FAULTS.items() for text in texts])
def test_a_text_is_refused_for_its_first_fault(reason: str, puzzle: str) -> None:
    assert text_fault(puzzle) == reason


@pytest.mark.parametrize("puzzle", ["(" * 4000, "def sat(x: int):\n" + " if x:\n" * 200, "\ud800", "a\0b", "9" * 6000])
def test_hostile_text_is_refused_and_nothing_raises(puzzle: str) -> None:
    assert text_fault(puzzle) == "parses"


def test_shape_forgets_looks_and_skeleton_constants_too() -> None:
    one = "def sat(x: int, n=5):\n    # five\n    return x == n + 1"
    other = "def sat(answer: int, n = 5):\n    'text'\n    return answer == n+1"
    third = "def sat(x: int, n=6):\n    return x == n + 9"
    assert shape(one) == shape(other) != shape(third)
    assert skeleton(one) == skeleton(third) != skeleton("def sat(x: int, n=6):\n    return x < n + 9")


def test_texts_with_holes_and_other_odd_constants_have_a_skeleton() -> None:
    one = "def sat(s: str):\n    return s == f'{3:>4}{len(s)!r} of {{}}' and s != b'x' and 1j != ..."
    assert skeleton(one) == skeleton(one.replace("3", "8"))
    assert skeleton("no python") == "no python"


def test_likeness_is_one_for_equals_and_nought_for_strangers() -> None:
    one, other = (
        "def sat(x: int):\n    return x % 7 == 3 and x > 90",
        "def sat(y: int):\n    return y % 7 == 3 and y > 91",
    )
    assert likeness(grams(one), grams(one)) == 1.0
    assert 0.6 < likeness(grams(one), grams(other)) < 1.0
    assert likeness(grams("a b c"), grams("d e f")) == 0.0


def test_a_probe_asks_trivial_answers_first_and_no_value_twice() -> None:
    found = probe("int", {"int": [0, 1]}, [42, 1, 42], 5)
    assert found.values[:3] == (0, 1, 42)
    assert (len(found.values), found.trivial) == (5, 2)
    assert len(probe("int", None, [], 3).values) == 111, "every trivial answer is asked"
    assert probe("str", {"int": [0]}, ["x"], 3).trivial == 0
    assert probe("float", {}, [1, 1.0, True], 3).values == (1, 1.0, True)


def test_behaviour_needs_a_value_that_is_accepted() -> None:
    view = Probe("int", (0, 5, 9), 1).view
    assert [call.args for call in view.shown.calls] == [(0,), (5,), (9,)]
    yes, no = TestResult(test="", passed=True), TestResult(test="", passed=False)
    assert seen(Outcome(status="failed", results=(no, yes, no))).behaviour("int") == "int: 1"
    assert seen(Outcome(status="failed", results=(no, no, no))).behaviour("int") == ""


def test_what_the_sandbox_says_has_a_reason_of_its_own() -> None:
    no, open_ = TestResult(test="", passed=False), TestResult(test="", passed=None)
    raised = TestResult(test="", passed=False, fault=Fault(type="TypeError", message=""))
    assert seen(Outcome(status="timeout", results=(no, open_))).fault == "slow"
    assert seen(Outcome(status="timeout", results=(open_, open_))).fault == "does not run"
    assert seen(Outcome(status="memory", results=(open_,))).fault == "does not run"
    assert seen(Outcome(status="error", results=(raised, raised))).fault == "raises"
    assert seen(Outcome(status="error", results=(raised, no))).fault is None
    assert seen(Outcome(status="unavailable")).fault == "unjudged", "our fault is not the puzzle's"
