"""A sweep: trials are runs, validation decides, the test split stays shut, and the same command goes on."""

import json
import sys
from pathlib import Path

import pytest

from etude.cli import main
from etude.errors import EtudeError, MissingError, RecipeError
from etude.ledger import Ledger
from etude.progress import ignore
from etude.sweeping import Axis, axis, sweep
from tests.conftest import require
from tests.recipes.drboot_world import write

require("optuna", reason="needs etude[sweep]")


def overrides(folder: Path) -> dict[str, str]:
    write(folder)
    source = f'{{ use = "task_set", tasks = "jsonl:{folder}/tasks.jsonl" }}'
    return {
        "source": source,
        "validation": source,
        "suite.tasks_from": f"jsonl:{folder}/nowhere.jsonl",
        "learner": '{ use = "keep" }',
        "model": f'{{ use = "scripted", replies = "{folder}/replies.json", match = "substring" }}',
        "rounds": "1",
        "solver.gate": "shown",
        "oracle": "never",
    }


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a.b=1..8", Axis(key="a.b", low=1, high=8, whole=True)),
        ("a=1e-4..1e-2,log", Axis(key="a", low=1e-4, high=1e-2, log=True)),
        ("a=-1.5..2", Axis(key="a", low=-1.5, high=2)),
        ("a=none|full", Axis(key="a", choices=("none", "full"))),
    ],
)
def test_an_axis_is_a_range_or_a_choice(text: str, found: Axis) -> None:
    assert axis(text) == found


@pytest.mark.parametrize("text", ["a", "a=", "a=1", "=1..2", "a=2..1", "a=0..1,log", "a=1..2,cubic", "a=x..y"])
def test_what_is_no_axis_is_refused(text: str) -> None:
    with pytest.raises(EtudeError, match="not an axis"):
        axis(text)


def test_validation_decides_and_the_test_split_is_never_read(tmp_path: Path) -> None:
    axes = [axis("solver.samples=0|1")]  # with no attempt nothing is right
    found = sweep("drboot", overrides(tmp_path), axes, trials=6, folder=tmp_path / "sweep", watch=ignore)
    assert {item.settings["solver.samples"]: item.score for item in found} == {"0": 0.0, "1": 0.25}
    assert found[0].settings["solver.samples"] == "1"
    ledger = Ledger(found[0].folder)
    assert ledger.reports("test") == [] == ledger.events("read")
    assert len(ledger.reports("validation")) == 1
    ledger.close()


def test_the_same_command_goes_on_and_more_trials_are_only_the_rest(tmp_path: Path) -> None:
    settings, axes, folder = overrides(tmp_path), [axis("solver.repairs=0..2")], tmp_path / "sweep"
    first = sweep("drboot", settings, axes, trials=2, folder=folder, watch=ignore)
    times = {item.number: (item.folder / "ledger.sqlite").stat().st_mtime_ns for item in first}
    again = sweep("drboot", settings, axes, trials=4, folder=folder, watch=ignore)
    assert {item.number for item in again} == {0, 1, 2, 3}
    assert {item.number: item.settings for item in again if item.number < 2} == {i.number: i.settings for i in first}
    assert all((item.folder / "ledger.sqlite").stat().st_mtime_ns == times[item.number] for item in first)


def test_trials_do_not_depend_on_where_the_sweep_was_stopped(tmp_path: Path) -> None:
    settings, axes = overrides(tmp_path), [axis("solver.temperature=0.2..1.2"), axis("judge.cpu_seconds=1..9,log")]
    whole = sweep("drboot", settings, axes, trials=4, folder=tmp_path / "whole", watch=ignore)
    sweep("drboot", settings, axes, trials=1, folder=tmp_path / "parts", watch=ignore)
    parts = sweep("drboot", settings, axes, trials=4, folder=tmp_path / "parts", watch=ignore)
    found = [{item.number: (item.settings, item.score) for item in tried} for tried in (whole, parts)]
    assert found[0] == found[1]
    assert len({json.dumps(dict(item.settings)) for item in whole}) == 4
    assert all(0.2 <= item.settings["solver.temperature"] <= 1.2 for item in whole)


def test_a_trial_that_was_killed_is_run_to_its_end_with_the_settings_it_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, axes, folder = overrides(tmp_path), [axis("solver.repairs=0..99")], tmp_path / "sweep"
    with monkeypatch.context() as patch:
        patch.setattr("etude.sweeping.run_arm", _killed)
        with pytest.raises(KeyboardInterrupt):
            sweep("drboot", settings, axes, trials=1, folder=folder, watch=ignore)
    [only] = sweep("drboot", settings, axes, trials=1, folder=folder, watch=ignore)
    [whole] = sweep("drboot", settings, axes, trials=1, folder=tmp_path / "whole", watch=ignore)
    assert (only.number, only.settings, only.score) == (0, whole.settings, whole.score)


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_prompts_are_tried_by_the_name_of_their_template(tmp_path: Path) -> None:
    axes = [axis("solver.template=few-shot.v1|instruct.v1")]
    found = sweep("drboot", overrides(tmp_path), axes, trials=4, folder=tmp_path / "sweep", watch=ignore)
    assert {item.settings["solver.template"] for item in found} <= {"few-shot.v1", "instruct.v1"}
    for item in found:
        ledger = Ledger(item.folder)
        templates = {attempt.template for attempt, _ in ledger.judged("validation", 0) if not attempt.parent}
        ledger.close()
        assert templates == {item.settings["solver.template"]}


def test_every_trial_is_a_run_that_records_its_settings_and_its_seed(tmp_path: Path) -> None:
    settings = {**overrides(tmp_path), "seed": "7"}
    axes = [axis("solver.temperature=0.2..1.2")]
    [tried] = sweep("drboot", settings, axes, trials=1, folder=tmp_path / "sweep", watch=ignore)
    resolved = (tried.folder / "recipe.toml").read_text()
    assert "seed = 7" in resolved
    assert str(tried.settings["solver.temperature"]) in resolved


def test_the_verb_prints_the_trials_best_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dotted = [text for key, value in overrides(tmp_path).items() for text in (f"--{key}", value)]
    asked = ["sweep", "drboot", "--over", "solver.samples=0|1", "--trials", "5", "--out", str(tmp_path / "out")]
    assert main([*asked, *dotted, "--json"]) == 0
    scores = [item["score"] for item in json.loads(capsys.readouterr().out)["trials"]]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == 5


def test_without_optuna_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingError, match="optuna is not installed") as caught:
        sweep("drboot", overrides(tmp_path), [], trials=1, folder=tmp_path / "sweep", watch=ignore)
    assert "pip install" in str(caught.value.fix)


def test_a_sweep_over_other_settings_wants_another_folder(tmp_path: Path) -> None:
    settings, folder = overrides(tmp_path), tmp_path / "sweep"
    sweep("drboot", settings, [axis("solver.repairs=0..2")], trials=1, folder=folder, watch=ignore)
    with pytest.raises(EtudeError, match="other settings"):
        sweep("drboot", settings, [axis("solver.repairs=0..3")], trials=2, folder=folder, watch=ignore)


def test_a_recipe_that_does_not_choose_by_validation_cannot_be_swept(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="nothing to sweep by"):
        sweep("lab", {}, [axis("solver.samples=1..2")], trials=1, folder=tmp_path, watch=ignore)
    settings = overrides(tmp_path)
    with pytest.raises(RecipeError, match="no setting"):
        sweep("drboot", settings, [axis("solver.nonsense=1..2")], trials=1, folder=tmp_path / "s", watch=ignore)
