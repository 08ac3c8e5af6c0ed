"""What the judge of puzzles must refuse, and what it must let through."""
# ruff: noqa: E501  (programs and expressions read best on one line)

import pytest

from etude.judges.puzzle import PuzzleJudge
from etude.records import Tests
from etude.sandbox import Sandbox
from tests.judges.hostile import QUICK, SLOW, attempt_of, task_of

PUZZLE = "from typing import List\n\ndef sat(x: {kind}, n=3):\n    return {body}\n"
NUMBER = PUZZLE.format(kind="int", body="x > n and x % 7 == 0")
JUDGE = PuzzleJudge(cpu_seconds=1.0, wall_seconds=3.0, memory_bytes=128 << 20)
SHORT = PuzzleJudge(cpu_seconds=0.2, wall_seconds=0.5)
HONEST = "def sol(): return 14"

SWAPS = {
    "redefines sat": "def sat(*a): return True\ndef sol(): return 1",
    "swaps the code of sat": "def yes(*a): return True\ndef sol():\n    import gc, types\n    for f in gc.get_objects():\n"
    "        if isinstance(f, types.FunctionType) and f.__name__ == 'sat': f.__code__ = yes.__code__\n    return 1",
    "patches type": "import builtins\nbuiltins.type = lambda x: int\ndef sol(): return '14'",
    "patches repr": "import builtins\nbuiltins.repr = lambda x: '14'\ndef sol(): return 15",
    "plants a module": "open('typing.py', 'w').write('raise SystemExit')\nopen('sitecustomize.py', 'w').write('')\ndef sol(): return 15",
    "defines no sol": "x = 14",
    "returns a bool": "def sol(): return True",
    "returns a float": "def sol(): return 14.0",
    "returns a text": "def sol(): return '14'",
    "is wrong": "def sol(): return 15",
    "raises what sat would": "def sol(): raise AssertionError",
}  # fmt: skip


SUM = PUZZLE.format(kind="List[int]", body="sum(x) == 6 and len(x) == n")
SUMS = {
    "patches what sat calls": "import builtins\nbuiltins.sum = lambda x: 6\nbuiltins.len = lambda x: 3\ndef sol(): return [0]",
    "lies about its length": "class L(list):\n    def __len__(self): return 3\ndef sol(): return L([6])",
    "gives a tuple": "def sol(): return (1, 2, 3)",
    "gives a bool among ints": "def sol(): return [True, 2, 3]",
    "gives the code of sat": "def sat(xs, n=6): pass\nsat.__code__ = (lambda xs, n=6: True).__code__\ndef sol(): return [0]",
    "ends at import": "import os; os._exit(0)",
}  # fmt: skip


def verdict_of(program: str, puzzle: str, jail: Sandbox, judge: PuzzleJudge = JUDGE) -> bool | None:
    bad, good = judge.judge(task_of(Tests(puzzle=puzzle), "sol"), [attempt_of(program), attempt_of(HONEST)], jail)
    assert good.passed is True or "x > n and x % 7" not in puzzle
    return bad.passed


@pytest.mark.parametrize("name", SWAPS)
def test_a_false_answer_fails(name: str, jail: Sandbox) -> None:
    assert verdict_of(SWAPS[name], NUMBER, jail) is False


@pytest.mark.parametrize("name", SUMS)
def test_a_list_that_cheats_fails(name: str, jail: Sandbox) -> None:
    assert verdict_of("def sol(): return [1, 2, 3]", SUM, jail) is True
    assert verdict_of(SUMS[name], SUM, jail) is False


def test_a_puzzle_that_declares_no_type_is_unjudged(jail: Sandbox) -> None:
    assert verdict_of("def sol(): return 1", "def sat(x):\n    return True\n", jail) is None


@pytest.mark.parametrize("name", [name for name in QUICK if name != "answers before it is asked"])
def test_a_hostile_answer_fails(name: str, jail: Sandbox) -> None:
    program = QUICK[name].replace("def add(a, b)", "def sol(a=1, b=2)")
    assert verdict_of(program, NUMBER, jail) is False


@pytest.mark.parametrize("name", SLOW)
def test_an_answer_without_end_fails(name: str, jail: Sandbox) -> None:
    assert verdict_of(SLOW[name].replace("def add(a, b)", "def sol(a=1, b=2)"), NUMBER, jail, SHORT) is False


def test_only_true_itself_is_a_yes(jail: Sandbox) -> None:
    assert verdict_of("def sol(): return 5", PUZZLE.format(kind="int", body="1"), jail) is False
    assert verdict_of("def sol(): return [5]", PUZZLE.format(kind="List[int]", body="x"), jail) is False
    assert verdict_of("def sol(): return 5", PUZZLE.format(kind="int", body="True"), jail) is True


def test_a_sat_that_raises_or_runs_on_is_a_no(jail: Sandbox) -> None:
    assert verdict_of("def sol(): return 0", PUZZLE.format(kind="int", body="1 // x"), jail) is False
    endless = "def sat(x: int):\n    while x == 5: pass\n    return True\n"
    assert verdict_of("def sol(): return 5", endless, jail, SHORT) is False


@pytest.mark.parametrize(
    ("annotation", "good", "bad"),
    [
        ("List[int]", ["[1]", "[]"], ["[True]", "(1,)", "[1.0]", "1", "None", "[None]"]),
        ("List[List[str]]", ["[['a']]"], ["[[1]]", "['a']", "[('a',)]"]),
        ("float", ["1.5"], ["1", "True", "'1.5'"]),
        ("bool", ["True"], ["1"]),
        ("Dict[str, int]", ["{'a': 1}"], ["{1: 1}", "{'a': True}", "[('a', 1)]"]),
        ("Tuple[int, str]", ["(1, 'a')"], ["[1, 'a']", "(1, 'a', 2)", "('a', 1)"]),
        ("Set[int]", ["{1}"], ["[1]", "{True}", "frozenset([1])"]),
        ("Callable", [], ["1", "None"]),
        ("Optional[int]", [], ["'a'"]),
    ],
)
def test_the_annotated_type_is_meant_exactly(annotation: str, good: list[str], bad: list[str], jail: Sandbox) -> None:
    puzzle = f"from typing import *\n\ndef sat(x: {annotation}):\n    return True\n"
    task = task_of(Tests(puzzle=puzzle), "sol")
    verdicts = JUDGE.judge(task, [attempt_of(f"def sol(): return {text}") for text in [*good, *bad]], jail)
    assert [verdict.passed for verdict in verdicts] == [True] * len(good) + [False] * len(bad)


def test_answer_and_check_share_one_budget(jail: Sandbox) -> None:
    busy = "import time\n{head}\n    end = time.process_time() + 0.35\n    while time.process_time() < end: pass\n    return {value}\n"
    puzzle = busy.format(head="def sat(x: int):", value="True")
    program = busy.format(head="def sol():", value="1")
    enough, short = PuzzleJudge(cpu_seconds=1.5, wall_seconds=9), PuzzleJudge(cpu_seconds=0.55, wall_seconds=9)
    assert verdict_of(program, puzzle, jail, enough) is True
    assert verdict_of(program, puzzle, jail, short) is False
