"""A whole run keeps rows that solve a task of its suite away from the learner, by default, and says so."""

import json
from pathlib import Path

import pyarrow.parquet
import pytest

from etude import config
from etude.arms import run_whole
from etude.cli import main
from etude.config import Recipe, load
from etude.errors import RecipeError
from etude.ledger import Ledger
from etude.progress import ignore
from etude.rejudging import rejudge
from tests.scripted_world import CANARY, write_world

LEAKING = "add-2"  # what the suite examines under another name and in other words


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of two rounds whose suite has one task that does what one training task does."""
    place = tmp_path_factory.mktemp("decontaminated")
    run_whole(recipe(place), place / "run", ignore)
    return place


def recipe(place: Path, **overrides: str) -> Recipe:
    """The scripted world with an exam of its own: three tasks nobody practises on, and one that is a twin."""
    path = write_world(place / "world", tasks=4)
    lines = []
    for name, number in (("far", 40), ("farther", 41), ("twin", 2), ("farthest", 42)):
        calls = [{"args": [value], "expected": value + number} for value in (3, 11, CANARY + 5)]
        lines.append({"task_id": name, "prompt": f"Exam {name}.", "entry_point": "shifted", "calls": calls})
    replies = json.loads((place / "world" / "replies.json").read_text())
    replies["Exam "] = ["def shifted(x):\n    return x + 2\n```"]
    (place / "world" / "replies.json").write_text(json.dumps(replies))
    (place / "exam.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    settings = {
        "suite.tasks_from": f"jsonl:{place}/exam.jsonl",
        "suite.n": "1",
        "suite.k": "[1]",
        "curators": '[{ use = "passed" }, { use = "dedupe" }, { use = "decontaminate" }]',
        "arms": '{ references = { "solver.samples" = 0, evaluate = "last",'
        ' curators = [{ use = "references" }, { use = "decontaminate" }] } }',
    }
    return load(str(path), {**settings, **overrides})


def rows(folder: Path, round: int = 0) -> list[dict[str, str]]:
    found: list[dict[str, str]] = pyarrow.parquet.read_table(folder / f"rounds/{round:02}/rows.parquet").to_pylist()
    return found


def test_no_row_that_solves_a_task_of_the_suite_is_learned_from(folder: Path) -> None:
    for place in (folder / "run", folder / "run" / "arms" / "references"):
        for round in (0, 1):
            assert {row["task_id"] for row in rows(place, round)} == {"add-0", "add-1", "add-3"}


def test_file_and_ledger_name_the_rows_and_the_exam_task_and_no_hidden_test(folder: Path) -> None:
    text = (folder / "run" / "rounds" / "00" / "leaks.json").read_text()
    found = json.loads(text)
    assert {(leak["task_id"], leak["exam"], leak["function"]) for leak in found["leaks"]} == {(LEAKING, "twin", "f")}
    assert found["dropped"] == found["leaking_rows"] == len(found["leaks"]) > 0
    assert found["against"] == {f"jsonl:{folder}/exam.jsonl": 4}
    ledger = Ledger(folder / "run")
    events = ledger.events("leaks")
    ledger.close()
    assert [(event["round"], event["dropped"]) for event in events] == [(0, found["dropped"]), (1, found["dropped"])]
    assert str(CANARY + 5) not in text + json.dumps(events)


def test_the_report_counts_and_lists_them(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(folder / "run")]) == 0
    said = capsys.readouterr().out
    page = (folder / "run" / "report.html").read_text()
    for text in (said, page):
        assert "training rows solve a task of jsonl:" in text
        assert "dropped before learning" in text
        assert f"a row for {LEAKING} solves twin" in text
    main(["report", str(folder / "run"), "--json"])
    found = json.loads(capsys.readouterr().out)["leaks"]
    assert [item["facts"]["dropped"] > 0 for item in found["main"]] == [True, True]


def test_judged_again_the_same_rows_are_dropped(folder: Path) -> None:
    changes = rejudge(folder / "run", fresh=True)
    assert (changes.verdicts, changes.checkpoints) == (0, ())


def test_without_the_curator_the_report_says_that_nobody_looked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = recipe(tmp_path, rounds="1", arms="{}", curators='[{ use = "passed" }]')
    run_whole(chosen, tmp_path / "run", ignore)
    assert LEAKING in {row["task_id"] for row in rows(tmp_path / "run")}
    main(["report", str(tmp_path / "run")])
    assert "main: nobody looked for leaks in the rows of round 1" in capsys.readouterr().out


def test_a_run_that_is_measured_on_nothing_has_nothing_to_guard(tmp_path: Path) -> None:
    chosen = recipe(tmp_path, rounds="1", arms="{}", evaluate="never")
    run_whole(chosen, tmp_path / "run", ignore)
    assert LEAKING in {row["task_id"] for row in rows(tmp_path / "run")}
    assert json.loads((tmp_path / "run" / "rounds" / "00" / "leaks.json").read_text())["against"] == {}


def test_every_built_in_recipe_and_arm_but_one_ends_with_it() -> None:
    for name in config.built_in():
        for tasks in ({}, {"tasks": "lab"}) if name == "drboot" else ({},):
            whole = load(name, tasks)
            for arm in (whole, *(config.arm(whole, other) for other in whole.arms)):
                last = arm.curators[-1]
                if arm.curators[0].use != "unverified" or name != "lab":
                    assert (last.use, last.settings) == ("decontaminate", {}), (name, arm.name)


def test_a_recipe_that_names_no_curators_has_it_as_its_last() -> None:
    table = {"name": "own", **{room: {"use": "x"} for room in ("source", "model", "solver", "learner", "suite")}}
    assert config.validate(table).curators[-1].use == "decontaminate"


def test_outside_a_run_it_must_be_told_the_exam(tmp_path: Path) -> None:
    from etude.curators.decontaminate import Decontaminate
    from etude.protocols import State
    from etude.records import Agent

    agent = Agent(model="m", fingerprint="f")
    state = State(round=0, seed=0, folder=tmp_path, base=agent, agent=agent)
    with pytest.raises(RecipeError, match="nothing to compare with"):
        list(Decontaminate().curate((), (), state))
