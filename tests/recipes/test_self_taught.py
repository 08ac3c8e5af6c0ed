"""Self-taught puzzles, whole: a scripted model proposes and solves, everything else is real."""

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from etude.arms import reports_of, run_arm, run_whole
from etude.config import load
from etude.errors import RecipeError
from etude.ledger import Ledger
from etude.models.scripted import Scripted
from etude.progress import ignore
from etude.puzzles.filters import REASONS
from etude.records import Completion, Request
from etude.sources.proposed import Proposed
from tests.recipes.puzzle_world import GIVEN, GOOD, JUNK, recipe, write

Row = dict[str, Any]


def run(folder: Path, proposals: Sequence[str], **overrides: Any) -> Path:
    run_whole(recipe(folder, list(proposals), **overrides), folder / "run", ignore)
    return folder / "run"


def facts(folder: Path, name: str, round: int = 0) -> Row:
    found: Row = json.loads((folder / "rounds" / f"{round:02d}" / f"{name}.json").read_text())
    return found


def rows(folder: Path, round: int = 0) -> list[Row]:
    found: list[Row] = pyarrow.parquet.read_table(folder / f"rounds/{round:02d}/rows.parquet").to_pylist()
    return found


def events(folder: Path, kind: str) -> list[Any]:
    ledger = Ledger(folder)
    found = ledger.events(kind)
    ledger.close()
    return found


@dataclass
class Logged(Scripted):
    """A scripted model that writes down what it was paid for, and dies after `life` answers where `life` is a file
    with a number in it.
    """

    log: str = ""
    life: str = ""

    def generate(self, requests: Sequence[Request]) -> Iterator[Completion]:
        for completion in super().generate(requests):
            with open(self.log, "a") as file:
                file.write(f"{completion.request.prompt!r} {completion.request.sample_index}\n")
            if self.life and Path(self.life).exists() and len(drawn(self.log)) > int(Path(self.life).read_text()):
                raise KeyboardInterrupt
            yield completion


def drawn(log: str | Path) -> list[str]:
    return Path(log).read_text().splitlines()


def test_a_round_keeps_verified_solutions_of_its_own_puzzles(tmp_path: Path) -> None:
    folder = run(tmp_path, GOOD)
    found = rows(folder)
    assert {row["task_id"] for row in found} == {"own/0/000000", "own/0/000001", "own/0/000002"}
    assert len(found) == 3 + 2, "two of the puzzles have two right answers"
    for row in found:
        assert row["kind"] == "text"
        assert row["prompt"] == "def sat("
        assert row["target"].endswith("\n\nassert sat(sol()) is True")
        space: dict[str, Any] = {}
        exec(f"from typing import List\n{row['prompt']}{row['target']}", space)  # our own words, in `puzzle_world`


def test_every_reason_of_a_reject_is_counted(tmp_path: Path) -> None:
    folder = run(tmp_path, [*JUNK.values(), *GOOD])
    told = facts(folder, "proposals")
    assert told["rejected"] == {reason: int(reason in JUNK) for reason in REASONS}
    assert told["proposed"] == len(JUNK) + 3
    assert told["accepted"] == 3
    assert set(JUNK) == set(REASONS) - {"over the limit", "unjudged"}


def test_a_limit_of_tasks_is_a_reason_too(tmp_path: Path) -> None:
    told = facts(run(tmp_path, GOOD, tasks=2), "proposals")
    assert told["accepted"] == 2
    assert told["rejected"]["over the limit"] == 1


def test_a_model_that_writes_only_junk_gives_a_message_and_no_crash(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        folder = run(tmp_path, ["", ")))", "\x00", "\ud800", "import os", "x" * 20_000, "(" * 3_000], rounds=2)
    assert "none of 7 proposals is a puzzle (parses 7)" in caplog.text
    assert rows(folder, 0) == rows(folder, 1) == []
    assert len(reports_of(folder, load(str(folder / "recipe.toml")))["main"]) == 3


def test_default_arguments_are_never_evaluated_outside_of_the_sandbox(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    bombs = [
        f"x: int, n=[().__class__.__base__.__subclasses__(), open({str(mark)!r}, 'w')]):\n    return x == n",
        "x: int, n=10 ** 10 ** 10):\n    return x == n",
        "x: int, n='x' * 10 ** 12):\n    return str(x) == n",
        f"x: int, n=__import__('os').system('touch {mark}')):\n    return x == n",
        "x: int, n=[i for i in iter(int, 1)]):\n    return x in n",
    ]
    told = facts(run(tmp_path, [*bombs, GOOD[0]]), "proposals")
    assert told["accepted"] == 1
    assert told["rejected"]["does not run"] == 3
    assert told["rejected"]["forbidden"] == 2
    assert not mark.exists()


@pytest.mark.slow
@pytest.mark.whole
def test_ten_thousand_proposals_of_which_most_are_repeated(tmp_path: Path) -> None:
    """500 different puzzles among 10,000; each is run once, whatever its looks."""
    many = [f"x: int):\n    return x % {1000 + n % 500} == 8 and x > 1000{' ' * (n // 500)}" for n in range(10_000)]
    told = facts(run(tmp_path, many, solver__samples=0, suite__limit=1), "proposals")
    assert (told["accepted"], told["rejected"]["repeated"]) == (500, 9_500)


def test_the_same_seed_proposes_the_same_and_nothing_is_drawn_twice(tmp_path: Path) -> None:
    write(tmp_path, [])
    log = tmp_path / "log"
    model = {"use": f"{__name__}:Logged", "replies": f"{tmp_path}/replies.json", "match": "substring", "log": str(log)}
    first = run(tmp_path, [*JUNK.values(), *GOOD], model=model, rounds=2)
    before, told = drawn(log), facts(first, "proposals", 1)
    assert len(before) == len(set(before)) + 18, "each round draws anew: the same prompt, other seeds"
    run(tmp_path, [*JUNK.values(), *GOOD], model=model, rounds=2)
    assert drawn(log) == before
    assert facts(first, "proposals", 1) == told
    assert len(events(first, "proposals")) == 2, "a resumed round is noted once"


def test_a_run_that_dies_while_proposing_pays_for_nothing_twice(tmp_path: Path) -> None:
    log, life = tmp_path / "log", tmp_path / "life"
    many = [*GOOD, *(f"x: int):\n    return x % {n} == 3 and x > 9000" for n in range(701, 781))]
    model = {
        "use": f"{__name__}:Logged",
        "replies": f"{tmp_path}/replies.json",
        "match": "substring",
        "log": str(log),
        "life": str(life),
    }
    life.write_text("60")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, many, model=model)
    life.unlink()
    kept = len(drawn(log))
    folder = run(tmp_path, many, model=model)
    twice = len(drawn(log)) - len(set(drawn(log)))
    assert kept > 60
    assert twice <= 16, "at most what was in work when it died"
    other = run(tmp_path / "other", many)
    assert [row["target"] for row in rows(folder)] == [row["target"] for row in rows(other)]


def test_another_model_may_propose(tmp_path: Path) -> None:
    write(tmp_path / "teacher", list(GOOD[1:2]))
    teacher = f'{{ use = "scripted", replies = "{tmp_path}/teacher/replies.json", match = "substring" }}'
    folder = run(tmp_path, GOOD[:1], source__proposer=teacher)
    assert [item["puzzle"] for item in facts(folder, "proposals")["list"]] == [f"def sat({GOOD[1]}"]
    assert rows(folder), "the agent solves what the teacher has written"


def test_the_base_may_propose_while_the_agent_learns(tmp_path: Path) -> None:
    write(tmp_path / "worse", ["x:"])
    model = {"use": "tests.parts:FromFile", "path": f"{tmp_path}/replies.json"}
    switch = f'{{ use = "tests.parts:Switch", to = "{tmp_path}/worse/replies.json" }}'
    proposals = [GOOD[0], "x: int):\n    return x % 457 == 1 and x > 2000"]
    for who, accepted in (("base", 0), ("agent", 0)):
        folder = run(
            tmp_path / who if who == "agent" else tmp_path,
            proposals,
            model=model if who == "base" else {**model, "path": f"{tmp_path}/agent/replies.json"},
            rounds=2,
            learner=switch,
            source__proposer=f'"{who}"',
        )
        told = facts(folder, "proposals", 1)
        assert told["accepted"] == accepted
        reason = "repeated" if who == "base" else "parses"
        assert told["rejected"][reason] == 2, "the base repeats itself; the agent has forgotten how to write"


def test_the_arms_differ_in_what_they_learn_from_and_in_nothing_else(tmp_path: Path) -> None:
    built_in = load("self-taught-puzzles")
    world = recipe(tmp_path, list(GOOD))
    whole = world.model_copy(update={"arms": built_in.arms})
    found = {}
    for name in ("main", *built_in.arms):
        run_arm(whole, tmp_path / "run", name, ignore)
        place = tmp_path / "run" if name == "main" else tmp_path / "run" / "arms" / name
        found[name] = rows(place)
    assert all(row["verdict"] for row in found["main"])
    assert {row["task_id"] for row in found["unverified"]} == {row["task_id"] for row in found["main"]}
    assert len(found["unverified"]) > len(found["main"])
    assert not any(row["verdict"] for row in found["unverified"])
    assert {row["task_id"] for row in found["human"]} == set(GIVEN)
    assert {row["origin"] for row in found["human"]} == {"reference"}
    assert {row["task_id"] for row in found["human_own"]} <= set(GIVEN)
    assert {row["origin"] for row in found["human_own"]} == {"attempt"}
    for name, arm in built_in.arms.items():
        assert not [key for key in arm if key.startswith("learner")], name


def test_the_numbers_of_a_round_are_in_the_ledger_and_in_its_folder(tmp_path: Path) -> None:
    folder = run(tmp_path, [*JUNK.values(), *GOOD])
    for kind in ("proposals", "puzzles"):
        [event] = events(folder, kind)
        told = facts(folder, kind)
        assert {key: value for key, value in told.items() if key != "list"} == event
    told = facts(folder, "puzzles")
    assert (told["puzzles"], told["solved"], told["kept"], told["never"]) == (3, 3, 3, 0)
    assert sum(told["solve_rates"]) == 3
    assert told["solutions"] == pytest.approx(5 / 3, abs=1e-3)
    assert facts(folder, "proposals")["guarded"] == 1


def test_a_policy_chooses_whose_rows_are_learned(tmp_path: Path) -> None:
    """One puzzle is solved by two of three, two by one of three or two of three: the band takes the hard ones."""
    easy = "x: int):\n    return x % 331 == 7 and x > 1000"
    folder = run(tmp_path, GOOD, curators__1__policy="band", curators__1__band="[0.0, 0.5]")
    kept = {row["task_id"] for row in rows(folder)}
    rates = {item["task_id"]: item["solved"] / item["tried"] for item in facts(folder, "puzzles")["list"]}
    assert easy in facts(folder, "puzzles")["list"][0]["puzzle"]
    assert kept == {name for name, rate in rates.items() if rate <= 0.5}
    assert kept
    assert kept != set(rates)


def test_the_second_round_learns_from_the_rows_of_both(tmp_path: Path) -> None:
    folder = run(tmp_path, GOOD, rounds=2)
    assert facts(folder, "proposals", 1)["rejected"]["repeated"] == 3
    assert sorted(row["target"] for row in rows(folder, 1)) == sorted(row["target"] for row in rows(folder, 0))


def test_the_paper_s_defaults_are_the_recipe_s() -> None:
    found = load("self-taught-puzzles")
    source = found.source.settings
    assert (source["per_prompt"], source["budget"], source["max_tokens"]) == (64, 2048, 200)
    assert (source["temperature"], source["trivial_reject_rate"]) == (0.9, 0.95)
    assert (found.solver.settings["samples"], found.solver.settings["temperature"]) == (128, 0.9)
    assert found.solver.settings["max_tokens"] == 150
    assert found.curators[0].settings == {"cap": 8}
    assert found.learner.settings["start"] == "base"
    assert (found.suite.settings["n"], found.suite.settings["temperature"]) == (100, 0.8)
    assert set(found.arms) == {"unverified", "human", "human_own"}


def test_without_a_model_the_given_puzzles_are_the_tasks(tmp_path: Path) -> None:
    write(tmp_path, [])
    source = Proposed(tasks=f"jsonl:{tmp_path}/given.jsonl")
    assert [task.task_id for task in source.propose(None)] == list(GIVEN)
    assert [task.task_id for task in source.propose(None, 2)] == list(GIVEN)[:2]


@pytest.mark.parametrize("wrong", [{"policy": "bandd"}, {"proposals": 0}, {"closest": 0.0}, {"band": (0.7, 0.1)}])
def test_a_wrong_setting_is_said_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(RecipeError):
        Proposed(tasks="lab[train]", **wrong)


def test_the_lab_is_one_flag_away() -> None:
    found = load("self-taught-puzzles", {"tasks": "lab"})
    assert found.source.use == "proposed"
    assert found.source.settings["tasks"] == "lab-puzzles[train]"
    assert found.suite.settings["tasks_from"] == "lab-puzzles[test]"
    assert found.validation is None


def test_published_puzzles_are_one_flag_away() -> None:
    found = load("self-taught-puzzles", {"tasks": "p3:some/folder"})
    assert found.source.use == "proposed"
    assert found.source.settings["tasks"] == "p3:some/folder[train]"
    assert found.source.settings["proposals"] == 2048
    assert found.suite.settings["tasks_from"] == "p3:some/folder[test]"
