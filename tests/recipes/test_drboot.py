"""The released algorithm, row by row, with a scripted model: its three modes, and what steers it where."""

from importlib import resources
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from etude.arms import reports_of, run_whole
from etude.config import Part, load
from etude.errors import RecipeError
from etude.ledger import Ledger
from etude.models.prompts import render
from etude.progress import ignore
from etude.solvers.feedback import HOWEVER
from etude.sources.task_set import open_task_set
from tests.recipes.drboot_world import RIGHT, STILL_WRONG, WRONG, recipe

Row = dict[str, Any]


def rows_of(folder: Path, **overrides: object) -> dict[str, Row]:
    run_whole(recipe(folder, **overrides), folder / "run", ignore)
    found = pyarrow.parquet.read_table(folder / "run/rounds/00/rows.parquet").to_pylist()
    assert len(found) == len({row["task_id"] for row in found}) == len(RIGHT), "one row per task"
    return {row["task_id"]: row for row in found}


def prompts(folder: Path) -> dict[str, str]:
    tasks = open_task_set(f"jsonl:{folder}/tasks.jsonl")
    return {task.task_id: render("few-shot.v1", task.view()) for task in tasks}


def test_full_mode_makes_one_row_per_task_own_repaired_or_reference(tmp_path: Path) -> None:
    rows, first = rows_of(tmp_path), prompts(tmp_path)
    assert (rows["easy"]["prompt"], rows["easy"]["origin"]) == (first["easy"], "attempt")
    assert rows["easy"]["program"].strip() == RIGHT["easy"].strip()
    for name in ("mended", "sly"):
        assert rows[name]["origin"] == "repair"
        assert rows[name]["program"].strip() == RIGHT[name].strip()
        assert WRONG[name].strip() in rows[name]["prompt"]
    assert rows["lost"]["origin"] == "reference"
    assert rows["lost"]["program"] == RIGHT["lost"]
    assert WRONG["lost"].strip() in rows["lost"]["prompt"], "the reference answers the repair prompt"
    assert STILL_WRONG.strip() not in rows["lost"]["prompt"]


def test_full_mode_says_what_the_interpreter_said(tmp_path: Path) -> None:
    rows = rows_of(tmp_path)
    assert "f(1)" in rows["mended"]["prompt"]
    assert "returned 0" in rows["mended"]["prompt"]
    assert "NameError" in rows["lost"]["prompt"]
    assert HOWEVER in rows["sly"]["prompt"]


def test_simple_mode_trains_with_simple_feedback(tmp_path: Path) -> None:
    """Defect A8: the released simple mode trained on full feedback."""
    rows = rows_of(tmp_path, solver__level="none")
    for name in ("mended", "lost", "sly"):
        assert rows[name]["feedback"] == "wrong"
        assert "returned" not in rows[name]["prompt"]
        assert "still wrong" not in rows[name]["prompt"]
        assert "Error" not in rows[name]["prompt"]
    assert [rows[name]["origin"] for name in RIGHT] == ["attempt", "repair", "reference", "repair"]


def test_plain_mode_gives_a_failed_task_its_reference_under_its_own_prompt(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, solver__repairs=0, curators__1__on_repair="false")
    first = prompts(tmp_path)
    assert [rows[name]["origin"] for name in RIGHT] == ["attempt", "reference", "reference", "reference"]
    for name, row in rows.items():
        assert row["prompt"] == first[name]
        assert row["program"].strip() == RIGHT[name].strip()


def test_with_shown_tests_alone_what_passes_them_is_left_alone(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, solver__gate="shown", oracle="never")
    assert rows["sly"]["origin"] == "reference"
    assert rows["sly"]["prompt"] == prompts(tmp_path)["sly"]
    own = [row["prompt"].rpartition("Add ")[2] for row in rows.values()]
    assert not [prompt for prompt in own if HOWEVER in prompt], "it stands in a worked example, and nowhere else"


def test_hidden_tests_may_not_be_asked_unless_the_recipe_says_so(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="does not allow it"):
        run_whole(recipe(tmp_path, oracle="never"), tmp_path / "run", ignore)
    with pytest.raises(RecipeError, match="does not allow it"):
        run_whole(recipe(tmp_path, examiner__gate="oracle"), tmp_path / "other", ignore)


def test_an_examination_steered_by_hidden_tests_is_labelled(tmp_path: Path) -> None:
    """Defect A9: whether to repair came from hidden assertions at test time, and nothing said so."""
    for name, oracle, settings in (("plain", False, {}), ("oracle", True, {"examiner__gate": "oracle"})):
        folder = tmp_path / name
        folder.mkdir()
        chosen = recipe(folder, oracle="always", **settings)
        run_whole(chosen, folder / "run", ignore)
        [base, last] = reports_of(folder / "run", chosen)["main"]
        assert base.oracle is last.oracle is oracle
        ledger = Ledger(folder / "run")
        asked = [attempt.prompt for attempt, _ in ledger.judged("test", 0)]
        ledger.close()
        assert any(HOWEVER in prompt.rpartition("Add ")[2] for prompt in asked) is oracle


def test_repairs_are_counted_beside_samples_at_their_real_cost(tmp_path: Path) -> None:
    chosen = recipe(tmp_path)
    run_whole(chosen, tmp_path / "run", ignore)
    report = reports_of(tmp_path / "run", chosen)["main"][-1]
    assert report.pass_at["1"].value == 0.25
    assert report.repair_at["1"].value == 0.5, "the sly one is not repaired without an oracle"
    one, two = report.curves["chains"][0], report.curves["samples"][0]
    assert (one.value, two.value) == (0.5, 0.25)
    assert (one.generations, two.generations) == (1.5, 1.0)
    assert one.tokens > two.tokens


def test_the_defaults_are_those_of_the_release() -> None:
    found = load("drboot")
    assert found.rounds == 9
    assert found.select == "validation"
    solver, learner = found.solver.settings, found.learner.settings
    assert (solver["samples"], solver["repairs"], solver["longest"], solver["temperature"]) == (1, 1, 1000, 0.0)
    assert (learner["start"], learner["epochs"], learner["learning_rate"], learner["warmup"]) == ("base", 10, 5e-5, 0.5)
    assert learner["batch_size"] * learner["gradient_accumulation"] == 24
    assert (learner["weight_decay"], learner["validation_every"], learner["patience"]) == (0.05, 2, 6)
    assert (found.suite.settings["n"], found.suite.settings["temperature"]) == (10, 0.8)


def test_a_task_set_brings_its_splits_and_its_own_settings() -> None:
    found = load("drboot", {"tasks": "lab"})
    assert found.source.settings["tasks"] == "lab[train]"
    assert found.suite.settings["tasks_from"] == "lab[test]"
    assert found.validation is not None
    assert found.validation.settings["tasks"] == "lab[validation]"
    assert found.model.settings["path"] == "package:etude.lab/model"
    assert found.learner.settings["learning_rate"] == 1e-3
    mine = load("drboot", {"tasks": "lab", "model": "my/model", "learner.steps": "7"})
    assert (mine.model.settings["path"], mine.learner.settings["steps"]) == ("my/model", 7)


def test_choosing_by_validation_wants_validation_tasks(tmp_path: Path) -> None:
    chosen = recipe(tmp_path)
    bare = chosen.model_copy(update={"validation": None})
    with pytest.raises(RecipeError, match="validation tasks"):
        run_whole(bare, tmp_path / "run", ignore)


def test_a_round_without_any_row_of_the_model_s_own_is_called_what_it_is(tmp_path: Path) -> None:
    from etude.viewer.of_run import write_page

    chosen = recipe(tmp_path, solver__samples=0)
    chosen = chosen.model_copy(update={"curators": (Part(use="references"),)})
    run_whole(chosen, tmp_path / "run", ignore)
    report = reports_of(tmp_path / "run", chosen)["main"][-1]
    assert (report.budget["rows_trained"], report.budget["own_rows"]) == (4, 0)
    assert "main, round 1: no row was the model" in write_page(tmp_path / "run").read_text()
    other = tmp_path / "other"
    other.mkdir()
    mixed = recipe(other)
    run_whole(mixed, other / "run", ignore)
    assert reports_of(other / "run", mixed)["main"][-1].budget["own_rows"] == 3
    assert "no row was the model" not in write_page(other / "run").read_text()


def test_the_round_with_the_best_validation_is_measured_and_of_equals_the_earlier(tmp_path: Path) -> None:
    chosen = recipe(tmp_path, rounds=3)
    run_whole(chosen, tmp_path / "run", ignore)
    ledger = Ledger(tmp_path / "run")
    [event] = ledger.events("selected")
    rounds = [report.round for report in ledger.reports("test")]
    ledger.close()
    assert (event["round"], event["of"], rounds) == (0, 3, [-1, 0])


def test_patience_ends_a_run_that_does_not_get_better(tmp_path: Path) -> None:
    chosen = recipe(tmp_path, rounds=6, patience=2)
    run_whole(chosen, tmp_path / "run", ignore)
    ledger = Ledger(tmp_path / "run")
    assert [report.round for report in ledger.reports("validation")] == [0, 1, 2]
    ledger.close()


def test_what_is_solved_often_enough_is_replayed_and_not_tried_again(tmp_path: Path) -> None:
    chosen = recipe(tmp_path, rounds=2, enough=1)
    run_whole(chosen, tmp_path / "run", ignore)
    ledger = Ledger(tmp_path / "run")
    tried = {attempt.task_id for attempt, _ in ledger.judged("train", 1)}
    ledger.close()
    assert tried == {"lost"}, "a reference is nothing that the model has solved"


def test_the_worked_examples_are_what_they_say(tmp_path: Path) -> None:
    """The wrong programs in the prompts are wrong in the way told, and the others right."""
    first, repair = ((resources.files("etude.models") / "templates" / f"{name}.jinja").read_text() for name in FEW)
    programs = [block.partition("```")[0] for block in repair.split("```python\n")[1:5]]
    found = []
    for program, ask in zip(programs, (CAPITALS, CAPITALS, RISES, RISES), strict=True):
        space: dict[str, Any] = {}
        exec(program, space)
        found.append([eval(text, space) for text in ask])
    assert found == [[0, 0], [3, 1], [[5, 9], [9]], [[5, 9], []]]
    assert all(program in first for program in (programs[1], programs[3]))


FEW = ("few-shot.v1", "few-shot-repair.v1")
CAPITALS = ('capitals("Ann and Bo met Carl")', 'capitals("a B")')
RISES = ("rises([3, 5, 4, 9])", "rises([9, 1])")


def test_a_task_set_with_long_questions_gets_no_worked_examples() -> None:
    found = load("drboot", {"tasks": "lab"})
    assert (found.solver.settings["template"], found.examiner.settings["repair_template"]) == ("", "")
    assert found.arms["regular"]["curators"] == [{"use": "references"}, {"use": "decontaminate"}]
    assert load("drboot").solver.settings["template"] == "few-shot.v1"
