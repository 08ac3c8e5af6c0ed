"""`etude compare`, end to end: scripted models, real judge and sandbox, and the truth known."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from etude.arms import run_whole
from etude.cli import main
from etude.comparing import compare_folders
from etude.config import load
from etude.errors import InputError
from etude.evaluating import evaluate, evaluation
from etude.progress import ignore
from tests.scripted_world import write_world

SEEDS = 20


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty tasks, each with one wrong and one right reply."""
    folder = tmp_path_factory.mktemp("chance")
    write_world(folder / "world", tasks=40)
    table = json.loads((folder / "world" / "replies.json").read_text())
    short = {key: [replies[0], replies[1]] for key, replies in table.items() if key.startswith("Task")}
    (folder / "chance.json").write_text(json.dumps(short))
    return folder


def measure(place: Path, out: Path, *, seed: int = 0, n: int = 4, better: float = 0.0, words: int = 0) -> Path:
    model = (
        f'{{use = "tests.chance_world:Chance", replies = "{place}/chance.json", match = "substring", '
        f"better = {better}, words = {words}}}"
    )
    tasks = f"jsonl:{place}/world/tasks.jsonl"
    recipe = evaluation(model, tasks, n=n, k=(1,), seed=seed, workers=1)
    evaluate(recipe, out, ignore)
    return out


def compared(capsys: pytest.CaptureFixture[str], *folders: Path) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["compare", *map(str, folders), "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.whole
def test_the_same_base_over_20_seeds_is_within_noise(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = measure(place, tmp_path / "base")
    others = [measure(place, tmp_path / f"seed-{seed}", seed=seed) for seed in range(1, SEEDS + 1)]
    (line,) = compared(capsys, base, *others)["lines"]
    assert len(line["gains"]) == SEEDS
    assert [item["call"] for item in line["gains"]].count("within noise") >= 18
    assert line["call"] == "within noise"
    assert any(item["budgets"][0]["difference"]["value"] != 0 for item in line["gains"])
    assert main(["compare", str(base), *map(str, others)]) == 0
    assert "20 seeds" in capsys.readouterr().out


def test_a_better_model_is_a_gain_and_a_dearer_one_is_not_proven(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = measure(place, tmp_path / "base")
    better = measure(place, tmp_path / "better", better=0.3)
    dearer = measure(place, tmp_path / "dearer", better=0.3, words=80)
    found = compared(capsys, base, better, dearer)
    assert [line["call"] for line in found["lines"]] == ["a gain", "not proven"]
    assert set(found) == {"rule", "k", "tasks", "lines", "flags", "protocols", "tracks", "draw_more"}
    assert found["lines"][1]["gains"][0]["wanted"] > 4
    assert "--n" in found["draw_more"][0]
    assert main(["compare", str(base), str(better), str(dearer)]) == 0
    said = capsys.readouterr().out
    for words in ("a gain", "not proven", "too few samples", "solve-rate map", "sign flips"):
        assert words in said


def test_other_tasks_are_refused_by_name(place: Path, tmp_path: Path) -> None:
    base = measure(place, tmp_path / "base", n=1)
    rows = (place / "world" / "tasks.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "world").mkdir()
    (tmp_path / "world" / "tasks.jsonl").write_text("".join(rows[1:]))
    (tmp_path / "chance.json").write_text((place / "chance.json").read_text())
    fewer = measure(tmp_path, tmp_path / "fewer", n=1)
    with pytest.raises(InputError, match=r"1 \(add-0\) only in .*base, none only in .*fewer"):
        compare_folders([base, fewer])


def test_what_cannot_be_compared_is_said(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match="neither a run nor an evaluation"):
        compare_folders([tmp_path / "nothing"])
    assert not (tmp_path / "nothing").exists()
    base = measure(place, tmp_path / "base", n=1)
    with pytest.raises(InputError, match="nothing to compare"):
        compare_folders([base])
    measure(place, base, n=1, better=0.5)
    with pytest.raises(InputError, match="samples of 2 models"):
        compare_folders([base])


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two seeds of a recipe whose learner makes the agent right and long-winded."""
    folder = tmp_path_factory.mktemp("runs")
    place = write_world(folder / "world", tasks=12, rounds=1)
    table = json.loads((folder / "world" / "replies.json").read_text())
    padding = "# " + " ".join(["so"] * 60)
    better = {key: [f"{padding}\n{replies[-1]}"] for key, replies in table.items()}
    (folder / "better.json").write_text(json.dumps(better))
    found = []
    for seed in (0, 1):
        changes = {
            "seed": str(seed),
            "model": f'{{use="tests.parts:FromFile", path="{folder}/world/replies.json"}}',
            "learner": f'{{use="tests.parts:Switch", to="{folder}/better.json"}}',
            "arms": '{nothing = {learner = {use = "keep"}}}',
        }
        run_whole(load(str(place), changes), folder / f"run{seed}", ignore)
        found.append(folder / f"run{seed}")
    return found


def test_seeds_of_one_recipe_are_one_line_and_controls_have_theirs(
    runs: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    found = compared(capsys, *runs)
    lines = {(line["base"], line["other"]): line for line in found["lines"]}
    assert set(lines) == {
        ("base", "main, round 1"), ("base", "nothing, round 1"), ("nothing, round 1", "main, round 1"),
    }  # fmt: skip
    own = lines["base", "main, round 1"]
    assert len(own["gains"]) == 2
    assert own["spread"][0]["by_seed"] == [0.5, 0.5]
    assert own["call"] == "not proven"
    assert lines["base", "nothing, round 1"]["call"] == "within noise"


def test_the_command_that_is_given_draws_what_the_base_lacks(
    runs: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    before = compared(capsys, runs[0])
    assert before["lines"][0]["call"] == "not proven"
    (command,) = [text for text in before["draw_more"] if text.startswith("etude eval")]
    assert main([*shlex.split(command)[1:], "--json"]) == 0
    found = compared(capsys, runs[0], runs[0].with_name("run0-base"))
    assert not [text for text in found["draw_more"] if text.startswith("etude eval --model")]
    tokens = next(item for item in found["lines"][0]["gains"][0]["budgets"] if item["budget"] == "tokens")
    assert tokens["difference"] is not None
    assert found["lines"][0]["call"] == "within noise", "so many draws of the base solve everything too"


def test_the_same_draws_twice_are_no_more_draws(runs: list[Path], tmp_path: Path) -> None:
    recipe = load(str(runs[0] / "recipe.toml"))
    model = f'{{use="tests.parts:FromFile", path="{recipe.model.settings["path"]}"}}'
    again = evaluation(model, recipe.suite.settings["tasks_from"], n=4, k=(1,), seed=0, workers=1)
    evaluate(again, tmp_path / "again", ignore)
    with pytest.raises(InputError, match="drawn with the same seed 0"):
        compare_folders([runs[0], tmp_path / "again"])
