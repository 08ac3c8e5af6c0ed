"""How a model is asked for puzzles and how its words are read."""
# ruff: noqa: E501  (programs read best on one line)

from random import Random

import pytest

from etude.puzzles.diagnostics import distance, practice_facts, proposal_facts
from etude.puzzles.policies import Known
from etude.puzzles.proposing import Layout, Wording, requests, written
from etude.records import Completion, Request, TaskView, Tests
from etude.tasks import Task

PUZZLES = [f"def sat(x: int):\n    return x % {n} == 3" for n in range(10, 90)]


def always(prompt: str, room: int) -> bool:
    return True


def shuffled(number: int, dice: Random) -> list[str]:
    return dice.sample(PUZZLES, min(number, len(PUZZLES)))


def test_prompts_show_numbered_puzzles_in_an_order_of_their_own() -> None:
    found = requests(Wording(per_prompt=4), 8, shuffled, always, seed=0, round=0)
    assert [item.sample_index for item in found] == list(range(8))
    prompts = list(dict.fromkeys(item.prompt for item in found))
    assert len(prompts) == 2
    for prompt in prompts:
        assert prompt.endswith("\n\ndef f81(")
        assert [f"def f{n}(x: int)" in prompt for n in (1, 2, 80)] == [True, True, True]
        assert "sat" not in prompt
    assert found == requests(Wording(per_prompt=4), 8, shuffled, always, seed=0, round=0)
    assert prompts[0] not in {item.prompt for item in requests(Wording(), 8, shuffled, always, seed=1, round=0)}
    seeds = {requests(Wording(), 1, shuffled, always, 0, round)[0].sampling.seed for round in range(3)}
    assert len(seeds) == 3, "every round draws anew"


def test_a_prompt_holds_as_many_puzzles_as_there_is_room_for() -> None:
    def shots(wording: Wording, fits: object = always) -> int:
        [request] = requests(wording, 1, shuffled, fits, 0, 0)  # type: ignore[arg-type]
        return request.prompt.count("def f") - 1

    small = Wording(budget=300, max_tokens=100)
    assert 0 < shots(small) < shots(Wording(budget=600, max_tokens=100)) < 80
    [request] = requests(small, 1, shuffled, always, 0, 0)
    assert len(request.prompt) <= 3 * 200
    assert shots(Wording(), lambda prompt, room: len(prompt) + room < 400) < 5
    assert shots(Wording(shots=3)) == 3
    assert shots(Wording(shots=0)) == 0
    assert shots(Wording(budget=1, max_tokens=1)) == 0


def said(prompt: str, text: str) -> str:
    return written(Completion(request=Request(prompt=prompt), text=text, prompt_tokens=0, completion_tokens=0))


@pytest.mark.parametrize(
    ("prompt", "text", "puzzle"),
    [
        ("def f3(", "x: int):\n    return x == 5", "def sat(x: int):\n    return x == 5"),
        ("def f1(y: int):\n    return y\n\ndef f2(", "x: int):\n    return f2", "def sat(x: int):\n    return f2"),
        ("def f3(", "x: int):\n    y = 1\n\n    return x == y\nprint(f3(1))\n    z", "def sat(x: int):\n    y = 1\n\n    return x == y"),
        ("def sat(x: str):", "\r\n    return x == ''", "def sat(x: str):\n    return x == ''"),
        ("def f3(", "", "def sat("),
        ("def f3(", "x: int):\n    return '\ud800'", "def sat(x: int):\n    return '?'"),
    ],
)  # fmt: skip
def test_a_completion_is_cut_at_its_first_line_that_is_not_indented(prompt: str, text: str, puzzle: str) -> None:
    assert said(prompt, text) == puzzle


def given(prompt: str, puzzle: str) -> Task:
    tests = Tests(puzzle=puzzle)
    facts = TaskView(task_id="a", kind="puzzle", prompt=prompt, entry_point="sol", shown=tests)
    return Task(facts=facts, hidden=tests, licence="MIT")


def test_a_proposal_is_laid_out_like_the_given_puzzles() -> None:
    puzzle = "def sat(x: int, n=3):\n    return x > n"
    bare = Layout.of(
        [given("def sat(x: int):\n    return x == 5\n\n\ndef sol():", "def sat(x: int):\n    return x == 5")]
    )
    task = bare.task("own", puzzle, "proposed")
    assert task.facts.prompt == f"{puzzle}\n\n\ndef sol(n=3):"
    assert (task.hidden.puzzle, task.licence, task.reference) == (puzzle, "MIT", "")
    spec = "from typing import List\n\n\ndef sat(x: int):\n    return x == 5\n"
    published = Layout.of([given(f"{spec}\n\ndef sol():\n", spec)])
    task = published.task("own", puzzle, "proposed")
    assert task.facts.prompt == f"from typing import List\n\n\n{puzzle}\n\n\ndef sol(n=3):\n"
    lists = bare.task("own", "def sat(xs: List[int]):\n    return len(xs) == 3", "proposed")
    assert lists.hidden.puzzle.startswith("from typing import List\n")


def test_the_numbers_of_a_round_of_proposals() -> None:
    facts = proposal_facts({"parses": 2, "trivial": 3, "repeated": 1}, PUZZLES[:4], PUZZLES[9:10], PUZZLES[:2])
    assert (facts["proposed"], facts["valid"], facts["trivial"]) == (10, 0.8, 0.375)
    assert (facts["novel"], facts["kinds"], facts["cells"]) == (0.0, 1, 1), "one kind, and it was there before"
    assert facts["to_held_out"]["mean"] < 1
    assert distance(PUZZLES[:1], PUZZLES[:1]) == {"mean": 1.0, "close": 1.0}
    assert proposal_facts({}, [], [], [])["valid"] is None


def test_the_numbers_of_a_round_of_practice() -> None:
    puzzles = [Known(task_id=str(n), puzzle="", solved=n, tried=10) for n in (0, 0, 1, 5, 10)]
    facts = practice_facts([*puzzles, Known(task_id="x", puzzle="")], 2, {"1": 3, "5": 1, "10": 2})
    assert facts["solve_rates"] == [0, 1, 0, 0, 0, 1, 0, 0, 0, 1]
    assert (facts["puzzles"], facts["tried"], facts["never"], facts["solved"]) == (6, 5, 2, 3)
    assert (facts["mean_rate"], facts["solutions"]) == (0.32, 2.0)
