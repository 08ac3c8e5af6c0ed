"""The test split is locked: it opens by an explicit flag, every reading is on record, and no training code opens it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from etude.arms import run_whole
from etude.cli import main
from etude.config import load
from etude.errors import LockedError
from etude.evaluating import evaluate, evaluation
from etude.ledger import Ledger
from etude.measurement import digest
from etude.progress import ignore
from etude.protocols import Budget, Judged, State, Workbench
from etude.records import Agent, Attempt, Example, TaskView
from etude.sources.lock import holds_test, is_exam
from etude.sources.task_set import open_task_set
from etude.tasks import Task
from tests.recipes import puzzle_world
from tests.scripted_world import write_world

EXAM = "lab[test][0:2]"
SILENT = '{use = "scripted", replies = {}, default = "    return xs"}'


def reads(folder: Path) -> list[dict[str, object]]:
    ledger = Ledger(folder)
    found = ledger.events("read")
    ledger.close()
    return found


@pytest.mark.parametrize("verb", ["eval", "solve"])
@pytest.mark.parametrize(
    "tasks", [EXAM, "mbpp:nowhere.jsonl", "p3:nowhere[0:3]", "apps:nowhere", "jsonl:x.jsonl[test]"]
)
def test_a_test_split_is_refused_without_the_flag_and_nothing_is_on_disk(
    verb: str, tasks: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([verb, "--model", SILENT, "--tasks", tasks, "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert "locked" in said
    assert "--unlock-test" in said
    assert not (tmp_path / "out").exists()


def test_what_is_no_test_split_is_open() -> None:
    assert not any(holds_test(*pair) for pair in (("lab", ""), ("lab", "validation"), ("mbpp", "train"), ("jsonl", "")))
    assert holds_test("mbpp", "")
    assert not holds_test("humaneval", "test"), "an exam is measured on or not at all"
    assert is_exam("humaneval")


def test_an_unlocked_reading_is_on_record(tmp_path: Path) -> None:
    recipe = evaluation(SILENT, EXAM, n=1, k=(1,), seed=0, workers=1, unlock_test=True)
    report, _ = evaluate(recipe, tmp_path / "out", ignore)
    [event] = reads(tmp_path / "out")
    assert (event["split"], event["tasks"], event["purpose"]) == (EXAM, 2, "measure")
    assert event["who"]
    assert str(event["when"]).startswith("20")
    assert report.measurement is not None
    assert event["protocol"] == digest(report.measurement)


def world(folder: Path, **changes: str) -> tuple[str, dict[str, str]]:
    place = write_world(folder / "world", tasks=2, rounds=1)
    return str(place), {"arms": "{}", **{key.replace("__", "."): value for key, value in changes.items()}}


def test_a_run_that_measures_on_a_test_split_wants_the_flag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place, changes = world(tmp_path, suite__tasks_from=EXAM, model=SILENT, solver='{use = "sample", samples = 1}')
    flags = [word for key, value in changes.items() for word in (f"--{key}", value)]
    command = ["run", place, *flags, "--out", str(tmp_path / "run"), "--progress", "none"]
    assert main(command) == 2
    assert "locked" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
    assert main([*command, "--unlock-test"]) == 0
    found = reads(tmp_path / "run")
    assert [event.get("round") for event in found] == [None, -1, 0]
    assert all(event["split"] == EXAM and event["protocol"] for event in found)
    assert "unlock_test = true" in (tmp_path / "run" / "recipe.toml").read_text()
    assert EXAM in (tmp_path / "run" / "report.html").read_text()


def test_a_shipped_recipe_unlocks_its_own_lab_and_nothing_else(tmp_path: Path) -> None:
    for name, changes in (
        ("lab", {}), ("lab-repair", {}), ("drboot", {"tasks": "lab"}), ("self-taught-puzzles", {"tasks": "lab"}),
    ):  # fmt: skip
        assert load(name, changes).suite.settings["unlock_test"] is True, name
    for name, changes in (
        ("lab", {"suite.tasks_from": "lab-puzzles[test]"}), ("lab", {"tasks": "mbpp:x.jsonl"}),
        ("drboot", {"tasks": "mbpp:x.jsonl", "model": "x"}), ("drboot", {}),
        ("self-taught-puzzles", {"tasks": "p3:x"}),
    ):  # fmt: skip
        assert not load(name, changes).suite.settings.get("unlock_test"), (name, changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"source": '{use = "lab", split = "test"}'},
        {"source": '{use = "task_set", tasks = "lab[test]"}'},
        {"source": '{use = "task_set", tasks = "mbpp:x.jsonl"}'},
        {"source": '{use = "task_set", tasks = "humaneval:x.jsonl"}'},
        {"source": '{use = "proposed", tasks = "lab-puzzles[test]"}'},
        {"validation": '{use = "lab", split = "test"}'},
    ],
)
def test_no_flag_lets_a_run_practise_or_choose_on_a_test_split(tmp_path: Path, changes: dict[str, str]) -> None:
    place, _ = world(tmp_path)
    recipe = load(place, {"arms": "{}", "suite.unlock_test": "true", **changes})
    with pytest.raises(LockedError, match="neither training nor validation"):
        run_whole(recipe, tmp_path / "run", ignore)
    assert not (tmp_path / "run").exists()


def peek() -> list[Task]:
    """What a part does that wants to see the exam."""
    return open_task_set("lab[test][0:1]")


class PeekingSource:
    def propose(self, state: State | None, n: int | None = None) -> Iterator[Task]:
        yield from peek()


class PeekingCurator:
    def curate(self, judged: Sequence[Judged], examples: Sequence[Example], state: State) -> Iterator[Example]:
        peek()
        yield from examples


class PeekingLearner:
    def learn(self, agent: Agent, examples: Sequence[Example], state: State) -> Agent:
        peek()
        return agent


@dataclass
class PeekingSolver:
    samples: int = 1

    def attempt(self, views: Sequence[TaskView], agent: Agent, bench: Workbench, budget: Budget) -> Iterator[Attempt]:
        peek()
        yield from ()


@pytest.mark.parametrize(
    "changes",
    [
        {"source": '{use = "tests.test_lock:PeekingSource"}'},
        {"solver": '{use = "tests.test_lock:PeekingSolver"}'},
        {"curators": '[{use = "tests.test_lock:PeekingCurator"}]'},
        {"learner": '{use = "tests.test_lock:PeekingLearner"}'},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_part_that_opens_the_test_split_while_training_is_refused(tmp_path: Path, changes: dict[str, str]) -> None:
    place, _ = world(tmp_path)
    recipe = load(place, {"arms": "{}", "suite.unlock_test": "true", "suite.n": "1", "suite.k": "[1]", **changes})
    with pytest.raises(LockedError, match="holds test tasks"):
        run_whole(recipe, tmp_path / "run", ignore)


def test_guarding_against_held_out_puzzles_is_on_record(tmp_path: Path) -> None:
    recipe = puzzle_world.recipe(tmp_path / "world", [puzzle_world.GOOD[0]], solver__samples=1)
    run_whole(recipe, tmp_path / "run", ignore)
    guards = [event for event in reads(tmp_path / "run") if event["purpose"] == "guard"]
    assert [(Path(str(event["split"])).name, event["tasks"]) for event in guards] == [("held.jsonl", 1)]


def test_a_plan_counts_a_locked_split_and_says_that_it_is_locked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "lab", "--suite.tasks_from", "lab-puzzles[test]", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)["main"]
    assert plan["test tasks"] == 200
    assert "--unlock-test" in plan["test split"]
