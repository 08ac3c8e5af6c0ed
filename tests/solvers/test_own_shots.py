"""The solver whose examples are its own solutions: it begins with none, and what it shows was verified."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from etude.errors import InputError, RecipeError
from etude.ledger import Ledger
from etude.models.scripted import Scripted
from etude.protocols import Budget
from etude.records import Agent, Attempt, Limits, TaskView, Tests
from etude.sandbox import Sandbox
from etude.solvers.own_shots import OwnShots
from etude.workbench import Bench

AGENT = Agent(model="", fingerprint="nobody")
EASY = "def sat(x: int, n=3):\n    return x > n and x % 7 == 0"
OTHER = "def sat(s: str):\n    return s.startswith('zeb') and len(s) == 5"
HARD = "def sat(x: int):\n    return x * x == 1764 and x < 0"
RIGHT, LONGER, WRONG = "\n    return 14", "\n    return 7 + 7 + 7", "\n    return 5"


def puzzle(name: str, sat: str, header: str = "def sol():") -> TaskView:
    return TaskView(
        task_id=name, kind="puzzle", prompt=f"{sat}\n\n\n{header}", entry_point="sol", shown=Tests(puzzle=sat)
    )


VIEWS = [puzzle("easy", EASY), puzzle("other", OTHER), puzzle("hard", HARD)]
AFTER = "is True\n\n\n"  # what stands before the puzzle where the prompt shows solved ones
REPLIES = {
    EASY: [WRONG, LONGER, RIGHT, WRONG],
    OTHER: ["\n    return 'zebra'"],
    HARD: [WRONG],
    AFTER + HARD: ["\n    return -42"],
    AFTER + EASY: [RIGHT],
    AFTER + OTHER: ["\n    return 'zebra'"],
}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    ledger = Ledger(tmp_path / "ledger")
    with Sandbox(workers=1) as jail:
        yield Bench(Scripted(REPLIES, match="substring"), jail, ledger, limits=Limits(cpu_seconds=1.0))
    ledger.close()


def attempts(bench: Bench, views: list[TaskView] = VIEWS, seed: int = 0, **settings: int) -> list[Attempt]:
    solver = OwnShots(**{"samples": 6, "passes": 2, **settings})
    return list(solver.attempt(views, AGENT, bench, Budget(samples=None, seed=seed, round=0)))


def of(found: list[Attempt], name: str) -> list[Attempt]:
    return sorted((item for item in found if item.task_id == name), key=lambda item: item.sample_index)


def test_the_first_pass_shows_nothing_and_the_second_shows_own_solutions(bench):
    found = of(attempts(bench), "hard")
    assert [item.sample_index for item in found] == [0, 1, 2, 3, 4, 5]
    assert {item.prompt for item in found[:3]} == {VIEWS[2].prompt}
    [later] = {item.prompt for item in found[3:]}
    assert later.endswith(VIEWS[2].prompt)
    assert later.count("is True") == 2
    assert [item.completion for item in found] == [WRONG] * 3 + ["\n    return -42"] * 3


def test_a_shot_is_the_shortest_right_program_under_its_number(bench):
    [prompt] = {item.prompt for item in of(attempts(bench, shots=1), "other")[3:]}
    assert "def sat1(x: int, n=3):\n    return x > n and x % 7 == 0\n\n\ndef sol1():\n    return 14\n" in prompt
    assert "7 + 7" not in prompt
    assert "return 5" not in prompt, "a wrong program was shown"
    assert "assert sat1(sol1()) is True" in prompt


def test_a_puzzle_never_sees_its_own_solution(bench):
    for item in attempts(bench, samples=9, passes=3):
        view = next(view for view in VIEWS if view.task_id == item.task_id)
        body = view.shown.puzzle.partition("\n")[2]
        assert item.prompt.count(body) == 1


def test_what_is_solved_is_left_where_that_is_wanted(bench):
    found = attempts(bench, until_solved=True)
    assert {name: len(of(found, name)) for name in ("easy", "other", "hard")} == {"easy": 3, "other": 3, "hard": 6}


def test_the_same_seed_writes_the_same_prompts(bench):
    one, two, three = (attempts(bench, samples=9, passes=3, shots=1, seed=seed) for seed in (1, 1, 2))
    assert [item.prompt for item in one] == [item.prompt for item in two]
    assert [item.prompt for item in one] != [item.prompt for item in three]


def test_only_as_many_shots_are_shown_as_fit(bench, monkeypatch):
    monkeypatch.setattr(Bench, "fits", lambda self, prompt, tokens: prompt.count("is True") <= 1)
    assert max(item.prompt.count("is True") for item in attempts(bench)) == 1


def test_other_tasks_and_settings_that_mean_nothing_are_refused(bench):
    with pytest.raises(InputError, match="1 tasks are none: t"):
        attempts(bench, [TaskView(task_id="t", kind="complete", prompt="def f():", entry_point="f")])
    with pytest.raises(RecipeError, match="passes 0"):
        OwnShots(passes=0)
