"""Failures kept, concepts asked for, evaluation sets guarded: the source `proposed` in whole runs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from etude.arms import run_whole
from etude.errors import InputError, RecipeError
from etude.ledger import Ledger
from etude.progress import ignore
from etude.sources.proposed import Proposed
from tests.recipes.puzzle_world import GOOD, HELD_OUT, JUNK, SOLUTIONS, recipe, write

Row = dict[str, Any]
HARD = "x: int):\n    return x % 457 == 1 and x > 2000"


def run(folder: Path, proposals: list[str], **overrides: Any) -> Path:
    run_whole(recipe(folder, proposals, **overrides), folder / "run", ignore)
    return folder / "run"


def facts(folder: Path, name: str, round: int) -> Row:
    found: Row = json.loads((folder / "rounds" / f"{round:02d}" / f"{name}.json").read_text())
    return found


def tried(folder: Path, round: int) -> dict[str, int]:
    """Task id -> how often it was solved in a round."""
    return {row["task_id"]: row["solved"] for row in facts(folder, "puzzles", round)["list"]}


def learning(folder: Path) -> Row:
    """A model that cannot solve the hard puzzle, and a learner whose first lesson is how to."""
    write(folder, [GOOD[0], HARD])
    replies = json.loads((folder / "replies.json").read_text())
    (folder / "better").mkdir()
    (folder / "better" / "replies.json").write_text(
        json.dumps({**replies, "x % 457 == 1": ["\n    return 457 * 9 + 1"]})
    )
    return {
        "model": {"use": "tests.parts:FromFile", "path": f"{folder}/replies.json"},
        "learner": f'{{ use = "tests.parts:Switch", to = "{folder}/better/replies.json" }}',
    }


def test_an_unsolved_puzzle_comes_again_under_its_old_name_until_it_is_solved(tmp_path: Path) -> None:
    folder = run(tmp_path, [GOOD[0], HARD], rounds=3, source__retry=4, **learning(tmp_path))
    assert tried(folder, 0) == {"own/0/000000": 2, "own/0/000001": 0}
    assert tried(folder, 1) == {"own/0/000001": 3}, "the solved one stays away"
    assert tried(folder, 2) == {}, "solved, it has left the pool"
    told = [facts(folder, "proposals", round)["hard"] for round in range(3)]
    assert told[0] == {"unsolved": 0, "retried": 0, "solved_later": 0}
    assert told[1] == {"unsolved": 1, "retried": 1, "solved_later": 0}
    assert told[2] == {"unsolved": 0, "retried": 0, "solved_later": 1}
    assert [row["task_id"] for row in facts(folder, "proposals", 1)["list"]] == [], "it is counted, not listed as new"


def test_without_retry_failures_stay_away(tmp_path: Path) -> None:
    folder = run(tmp_path, [GOOD[0], HARD], rounds=2, **learning(tmp_path))
    assert tried(folder, 1) == {}
    assert facts(folder, "proposals", 1)["hard"] == {"unsolved": 1, "retried": 0, "solved_later": 0}


def test_a_puzzle_is_retried_with_fresh_draws_and_its_rows_are_the_new_round_s(tmp_path: Path) -> None:
    world = learning(tmp_path)
    folder = run(tmp_path, [GOOD[0], HARD], rounds=2, source__retry=1, **world)
    ledger = Ledger(folder)
    seeds = {
        (round, attempt.seed)
        for round in range(2)
        for attempt, _ in ledger.judged("train", round)
        if attempt.task_id == "own/0/000001"
    }
    ledger.close()
    assert len(seeds) == 2
    assert len({seed for _, seed in seeds}) == 2, "the same prompt, other seeds: nothing comes from the cache"


def test_retried_puzzles_count_towards_the_limit_of_tasks(tmp_path: Path) -> None:
    world = learning(tmp_path)
    better = json.loads((tmp_path / "better" / "replies.json").read_text())
    better["def f"] = list(GOOD)
    (tmp_path / "better" / "replies.json").write_text(json.dumps(better))
    folder = run(tmp_path, [GOOD[0], HARD], rounds=2, tasks=2, source__retry=4, **world)
    assert len(tried(folder, 1)) == 2
    assert "own/0/000001" in tried(folder, 1)


def test_a_resumed_run_retries_the_same_puzzles(tmp_path: Path) -> None:
    world = learning(tmp_path)
    folder = run(tmp_path, [GOOD[0], HARD], rounds=2, source__retry=4, **world)
    before = facts(folder, "proposals", 1), facts(folder, "puzzles", 1)
    run_whole(recipe(tmp_path, [GOOD[0], HARD], rounds=2, source__retry=4, **world), folder, ignore)
    assert (facts(folder, "proposals", 1), facts(folder, "puzzles", 1)) == before


def test_concepts_of_real_code_are_asked_for_and_their_use_is_counted(tmp_path: Path) -> None:
    place = tmp_path / "given.jsonl"
    folder = run(tmp_path, list(GOOD), source__concepts_from=f"jsonl:{place}", source__concepts=1)
    told = facts(folder, "proposals", 0)["concepts"]
    assert told["puzzles"] == 3
    assert sum(told["asked"].values()) == 3
    assert 0 <= told["use_all"] <= told["use_some"] <= 3
    ledger = Ledger(folder)
    [event] = ledger.events("proposals")
    ledger.close()
    assert event["concepts"] == told


def test_a_set_without_references_has_no_concepts(tmp_path: Path) -> None:
    rows = [{"task_id": "a", "prompt": "?", "entry_point": "f", "calls": [{"args": [1], "expected": 1}]}]
    (tmp_path / "bare.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(InputError, match="no reference"):
        run(tmp_path, list(GOOD), source__concepts_from=f"jsonl:{tmp_path}/bare.jsonl")


@pytest.mark.parametrize("wrong", [{"retry": -1}, {"concepts": 0}])
def test_a_wrong_setting_is_said_at_once(wrong: Row) -> None:
    with pytest.raises(RecipeError):
        Proposed(tasks="lab[train]", **wrong)


def test_what_was_guarded_and_what_was_refused_for_it_is_counted(tmp_path: Path) -> None:
    folder = run(tmp_path, [*JUNK.values(), *GOOD])
    told = facts(folder, "proposals", 0)
    assert told["guarded"] == len(HELD_OUT)
    assert told["guarded_sets"] == {f"jsonl:{tmp_path}/held.jsonl": 1}
    assert told["refused_as_held_out"] == 3, "by form, by likeness, by behaviour"


def test_auto_guards_test_and_validation_where_there_are_such_splits() -> None:
    found = Proposed(tasks="lab-puzzles[train]")._held_out()
    assert list(found) == ["lab-puzzles[test]", "lab-puzzles[validation]"]
    assert all(found.values())
    assert Proposed(tasks="lab-puzzles[test]")._held_out() == {}
    both = Proposed(tasks="lab-puzzles[train][0:9]", held_out=["auto", "lab-puzzles[train][9:12]"])._held_out()
    assert [len(tasks) for tasks in both.values()] == [*(len(tasks) for tasks in found.values()), 3]


def test_auto_is_content_with_a_set_without_validation(data: Callable[[str], Path]) -> None:
    place = data("p3")
    found = Proposed(tasks=f"p3:{place}[train]")._held_out()
    assert {name: len(tasks) for name, tasks in found.items()} == {f"p3:{place}[test]": 228}


def test_the_replies_of_this_world_have_no_answer_to_the_hard_puzzle() -> None:
    assert not any(key in HARD for key in SOLUTIONS)
