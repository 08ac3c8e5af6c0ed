"""`--index`: what an index names is left out of every verb's task set, or flagged, and the count is told and kept."""

import json
from pathlib import Path
from typing import Any

import pytest

from etude import config
from etude.auditing.index import Index, read, write
from etude.auditing.shipped import find_index, shipped
from etude.cli import main
from etude.errors import InputError, RecipeError
from etude.sources.leaving_out import leaving_out, looked_up, parted
from etude.sources.task_set import open_task_set, parse_task_set
from tests.auditing.planted import CLEAN

NAMES = [row["task_id"] for row in CLEAN[:4]]


@pytest.fixture
def world(tmp_path: Path) -> dict[str, str]:
    """A set of four tasks, and an index of its own that names two of them."""
    (tmp_path / "tasks.jsonl").write_text("".join(json.dumps(row) + "\n" for row in CLEAN[:4]))
    reasons = {NAMES[1]: ("weak tests",), NAMES[3]: ("cheat passes", "weak tests"), "clean/gone": ("weak tests",)}
    write(Index(set_name="jsonl", version="4", date="2026-02-03", reasons=reasons), tmp_path / "index.json")
    return {"tasks": f"jsonl:{tmp_path / 'tasks.jsonl'}", "index": str(tmp_path / "index.json")}


def test_a_task_set_text_says_what_it_leaves_out(world: dict[str, str]) -> None:
    text = leaving_out(world["tasks"], [world["index"]])
    assert parse_task_set(text).indexes == (world["index"],)
    assert parted(text) == (world["tasks"], (world["index"],))
    assert [task.task_id for task in open_task_set(text)] == [NAMES[0], NAMES[2]]
    assert leaving_out(text, [world["index"]]) == text, "it is not left out twice"
    sliced = leaving_out(f"{world['tasks']}[1:3]", [world["index"]])
    assert [task.task_id for task in open_task_set(sliced)] == [NAMES[2]], "a slice is taken before"
    with pytest.raises(InputError, match="has no task: there are 4 before the slice and the index"):
        open_task_set(leaving_out(f"{world['tasks']}[1:2]", [world["index"]]))


def test_what_is_left_out_is_counted_with_reasons(world: dict[str, str]) -> None:
    [found] = looked_up(open_task_set(world["tasks"]), [world["index"]])
    assert (found.tasks, found.version, found.date) == (4, "4", "2026-02-03")
    assert found.named == {NAMES[1]: ("weak tests",), NAMES[3]: ("cheat passes", "weak tests")}
    assert "2 of 4 tasks left out" in found.says("exclude")
    assert "flagged" in found.says("flag")


def test_an_index_that_is_not_there_is_named_with_the_choices(world: dict[str, str]) -> None:
    with pytest.raises(InputError, match="no index 'mbppp'"):
        leaving_out(world["tasks"], ["mbppp"])
    with pytest.raises(InputError, match="cannot read the index"):
        leaving_out(world["tasks"], ["nowhere/index.json"])


def test_the_indexes_that_come_with_the_package_hold_facts_only() -> None:
    assert {"humaneval", "mbpp", "p3"} <= set(shipped())
    for name in shipped():
        index = find_index(name)
        assert index.set_name == name
        assert index == read(shipped()[name])
        assert index.reasons
        assert max(len(reason) for reasons in index.reasons.values() for reason in reasons) < 40
    mbpp = find_index("mbpp").reasons
    assert all("malformed assertion" in mbpp[f"mbpp/{number}"] for number in (313, 362, 436))
    assert "HumanEval/34" in find_index("humaneval").reasons


def shown(command: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[Any, str]:
    main(command)
    told = capsys.readouterr()
    return json.loads(told.out), told.err


def test_looking_at_tasks_leaves_them_out_or_only_tells(
    world: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    index = ["--index", world["index"]]
    views, _ = shown(["tasks", "show", world["tasks"], *index, "--json"], capsys)
    assert [view["task_id"] for view in views] == [NAMES[0], NAMES[2]]
    views, _ = shown(["tasks", "show", world["tasks"], *index, "--index-does", "flag", "--json"], capsys)
    assert len(views) == 4
    found, _ = shown(["tasks", "check", world["tasks"], *index, "--json"], capsys)
    assert found["tasks"] == 2
    assert main(["tasks", "check", world["tasks"], *index]) in (0, 1)
    assert "2 of 4 tasks left out" in capsys.readouterr().err


def test_an_audit_leaves_them_out(world: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    found, _ = shown(["audit", world["tasks"], "--quick", "--index", world["index"], "--json"], capsys)
    assert found["tasks"] == 2
    assert (found["index"][0]["does"], len(found["index"][0]["named"])) == ("exclude", 2)


def test_samples_of_tasks_left_out_are_not_judged(
    world: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"task_id": row["task_id"], "solution": row["reference"]} for row in CLEAN[:4]]
    (tmp_path / "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = ["judge", str(tmp_path / "samples.jsonl"), "--tasks", world["tasks"], "--index", world["index"], "--json"]
    found, _ = shown(command, capsys)
    assert (found["tasks"], found["samples"], found["passed"]) == (2, 2, 2)
    assert sorted(found["index"][0]["named"]) == sorted([NAMES[1], NAMES[3]])
    found, _ = shown([*command, "--index-does", "flag"], capsys)
    assert (found["tasks"], found["passed"], found["index"][0]["does"]) == (4, 4, "flag")


def test_an_evaluation_keeps_what_was_left_out(
    world: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = '{use = "scripted", default = "no program"}'
    command = [
        "eval",
        "--model",
        model,
        "--tasks",
        world["tasks"],
        "--n",
        "1",
        "--k",
        "1",
        "--out",
        str(tmp_path / "e"),
    ]
    found, _ = shown([*command, "--index", world["index"], "--json"], capsys)
    assert found["tasks"] == 2
    kept = json.loads((tmp_path / "e" / "index.json").read_text())
    assert [(row["tasks"], row["does"], sorted(row["named"])) for row in kept] == [
        (4, "exclude", sorted([NAMES[1], NAMES[3]]))
    ]
    assert f"!{world['index']}".encode() in (tmp_path / "e" / "ledger.sqlite").read_bytes(), "the reading says so"


def test_a_recipe_leaves_them_out_of_the_sets_that_the_index_is_of(world: dict[str, str], tmp_path: Path) -> None:
    overrides = {"suite.tasks_from": world["tasks"], "index": world["index"]}
    recipe = config.load("lab", overrides)
    assert recipe.suite.settings["tasks_from"] == leaving_out(world["tasks"], [world["index"]])
    assert config.task_sets(recipe)[-1] == recipe.suite.settings["tasks_from"]
    assert not any("!" in str(text) for text in config.task_sets(recipe)[:-1])
    moved = config.load("lab", {"tasks": leaving_out(world["tasks"], [world["index"]])})
    assert moved.suite.settings["tasks_from"] == leaving_out(f"{world['tasks']}[test]", [world["index"]])
    with pytest.raises(RecipeError, match="is of jsonl, and the recipe has lab"):
        config.load("lab", {"index": world["index"]})
