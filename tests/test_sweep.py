"""A sweep: trials are runs, validation decides, the test split stays shut, and the same command goes on."""

from pathlib import Path

import pytest

from etude.errors import EtudeError, RecipeError
from etude.ledger import Ledger
from etude.progress import ignore
from etude.sweeping import Axis, axis, sweep
from tests.recipes.drboot_world import write

pytest.importorskip("optuna", reason="needs etude[sweep]")


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
