"""A run's rows, attempts and samples go out whole, with their licences, and without a hidden test."""

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from etude.arms import run_arm
from etude.cli import main
from etude.config import load
from etude.ledger import Ledger
from etude.progress import ignore
from tests.exchange.worlds import texts_in
from tests.scripted_world import CANARY, write_world


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out")
    recipe = load(str(write_world(folder / "world", tasks=5, rounds=2)))
    tasks = folder / "world" / "tasks.jsonl"
    rows = [json.loads(line) for line in tasks.read_text().splitlines()]
    for row, licence in zip(rows, ("MIT", "MIT", "CC-BY-4.0"), strict=False):
        row["licence"] = licence
    tasks.write_text("".join(json.dumps(row) + "\n" for row in rows))
    run_arm(recipe, folder / "run", "main", ignore)
    return folder / "run"


def export(run: Path, what: str, target: Path, *more: str) -> Path:
    assert main(["export", str(run), "--what", what, "--to", str(target), *more]) == 0
    return target


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert main(["export", *arguments]) == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return said


def test_rows_are_a_data_set_with_a_card(run: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    folder = export(run, "rows", tmp_path / "rows")
    own = pyarrow.parquet.read_table(run / "rounds" / "01" / "rows.parquet").to_pylist()
    read = datasets.load_dataset(str(folder), split="train", cache_dir=str(tmp_path / "cache"))
    assert [{**row, "licence": row["licence"] or "unknown"} for row in own] == list(read)
    card = (folder / "README.md").read_text()
    for column in read.column_names:
        assert f"| {column} |" in card
    assert "rounds = 2" in card, "the recipe"
    assert "| python |" in card, "the versions"


def test_licences_go_along_and_none_is_invented(run: Path, tmp_path: Path) -> None:
    card = (export(run, "rows", tmp_path / "rows") / "README.md").read_text()
    rows = pyarrow.parquet.read_table(tmp_path / "rows" / "data" / "train-00000-of-00001.parquet").to_pylist()
    licences = [row["licence"] for row in rows]
    assert set(licences) == {"MIT", "CC-BY-4.0", "unknown"}
    for name in set(licences):
        assert f"{name} ({licences.count(name)} rows)" in card
    assert 'license: "unknown"' in card, "some rows have no licence, so the whole has none to name"


@pytest.mark.parametrize(
    ("counts", "named"),
    [
        ({"MIT": 2}, "mit"),
        ({"MIT": 2, "CC-BY-4.0": 1}, ["cc-by-4.0", "mit"]),
        ({"MIT": 2, "unknown": 1}, "unknown"),
        ({"My own": 1}, "other"),
        ({}, "unknown"),
    ],
)
def test_a_card_names_what_the_hub_knows(counts: dict[str, int], named: Any) -> None:
    from etude.exchange.licences import for_hub

    assert for_hub(counts) == named


def test_no_hidden_test_and_no_path_leaves_the_run(run: Path, tmp_path: Path) -> None:
    export(run, "rows", tmp_path / "out" / "rows")
    export(run, "rows", tmp_path / "out" / "rows.jsonl")
    export(run, "attempts", tmp_path / "out" / "attempts.parquet", "--stage", "all")
    export(run, "attempts", tmp_path / "out" / "attempts.jsonl", "--stage", "all")
    export(run, "samples", tmp_path / "out" / "samples.jsonl")
    found = texts_in(tmp_path / "out")
    assert len(found) == 7
    assert not [name for name, text in found.items() if str(CANARY) in text]
    assert not [name for name, text in found.items() if str(run.parent) in text]


def test_tasks_hold_the_hidden_tests_that_were_asked_for(run: Path, tmp_path: Path) -> None:
    """The scan above can fail: what it looks for is in the tasks."""
    assert str(CANARY) in export(run, "tasks", tmp_path / "tasks.jsonl").read_text()


def test_attempts_are_all_there_with_their_verdicts(run: Path, tmp_path: Path) -> None:
    lines = export(run, "attempts", tmp_path / "a.jsonl", "--stage", "all").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert (
        pyarrow.parquet.read_table(export(run, "attempts", tmp_path / "a.parquet", "--stage", "all")).to_pylist()
        == rows
    )
    ledger = Ledger(run)
    pairs = [pair for stage in ("train", "test") for round in (-1, 0, 1) for pair in ledger.judged(stage, round)]
    ledger.close()
    assert [(row["program"], row["passed"]) for row in rows] == [(a.program, v.passed) for a, v in pairs]
    known = {row["attempt"] for row in rows}
    repairs = [row for row in rows if row["parent"]]
    assert repairs
    assert all(row["parent"] in known and row["feedback"] for row in repairs)
    assert {row["passed"] for row in rows} == {True, False}


@pytest.mark.parametrize("stage", ["train", "test"])
def test_samples_get_the_verdicts_of_the_run_again(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], stage: str
) -> None:
    samples = export(run, "samples", tmp_path / "s.jsonl", "--stage", stage, "--round", "1")
    tasks = f"jsonl:{run.parent}/world/tasks.jsonl"
    capsys.readouterr()
    assert main(["judge", str(samples), "--tasks", tasks, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    ledger = Ledger(run)
    verdicts = [verdict.passed for _, verdict in ledger.judged(stage, 0)]
    ledger.close()
    assert (said["samples"], said["passed"]) == (len(verdicts), verdicts.count(True))


def test_completions_are_what_follows_the_prompt(tmp_path: Path, capsys: pytest.CaptureFixture[str], run: Path) -> None:
    from etude.exchange.samples import sample_of
    from etude.records import outside_attempt

    attempt = outside_attempt("mbpp/11", "def f(x):\n    return 1\n", "t", prompt="def f(x):\n")
    assert sample_of(attempt, "completion") == {"task_id": "Mbpp/11", "completion": "    return 1\n"}
    assert sample_of(attempt, "solution") == {"task_id": "Mbpp/11", "solution": attempt.program}
    said = refused(capsys, str(run), "--what", "samples", "--as", "completion", "--to", str(tmp_path / "c.jsonl"))
    assert "do not begin with their prompt" in said
    assert not (tmp_path / "c.jsonl").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--what", "rows", "--arm", "mian"], "no arm 'mian'"),
        (["--what", "rows", "--round", "7"], "round 7 has no training rows"),
        (["--what", "model"], "no model folder yet"),
        (["--what", "attempts", "--stage", "exam"], "no stage 'exam'"),
        (["--what", "rows", "--as", "inspect"], "rows cannot be written as inspect"),
        (["--what", "rows", "--public"], "--public says nothing without --push"),
        (["--what", "rows", "--push", "lab"], "no name of a repository: 'lab'"),
        (["--what", "attempts", "--push", "me/lab"], "cannot be pushed"),
    ],
)
def test_mistakes_are_named(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    ending = ".jsonl" if "attempts" in arguments else ""
    assert words in refused(capsys, str(run), *arguments, "--to", str(tmp_path / f"there{ending}"))
    assert not list(tmp_path.iterdir()), "nothing was written"


def test_what_is_not_ours_is_not_replaced(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years")
    asked = (str(run), "--what", "rows", "--to", str(tmp_path / "mine"))
    assert "is there already" in refused(capsys, *asked)
    assert "is not a folder that an export wrote" in refused(capsys, *asked, "--force")
    assert (tmp_path / "mine" / "thesis.tex").read_text() == "years"
    export(run, "rows", tmp_path / "rows")
    export(run, "rows", tmp_path / "rows", "--force", "--round", "1")
    assert "round 1" in (tmp_path / "rows" / "README.md").read_text()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('tasks = "jsonl:/home/me/my tasks.jsonl"', 'tasks = "jsonl:my tasks.jsonl"'),
        ('path = "~/models/coder"', 'path = "coder"'),
        ('url = "http://127.0.0.1:8000/v1"', 'url = "http://127.0.0.1:8000/v1"'),
        ("package:etude.lab/model", "package:etude.lab/model"),
        ("Qwen/Qwen2.5-Coder-0.5B", "Qwen/Qwen2.5-Coder-0.5B"),
        ('"mbpp:/data/mbpp.jsonl[train]"', '"mbpp:mbpp.jsonl[train]"'),
        ("half of it: a / b", "half of it: a / b"),
    ],
)
def test_paths_lose_their_folders(text: str, left: str) -> None:
    from etude.exchange.cards import without_places

    assert without_places(text) == left


def test_the_folder_of_an_evaluation_has_samples_too(run: Path, tmp_path: Path) -> None:
    """It has a ledger and no recipe, and its round is the base's."""
    (tmp_path / "evaluation").mkdir()
    shutil.copyfile(run / "ledger.sqlite", tmp_path / "evaluation" / "ledger.sqlite")
    lines = export(tmp_path / "evaluation", "samples", tmp_path / "s.jsonl").read_text().splitlines()
    ledger = Ledger(run)
    programs = [attempt.program for attempt, _ in ledger.judged("test", -1)]
    ledger.close()
    assert [json.loads(line)["solution"] for line in lines] == programs
    assert main(["export", str(tmp_path / "nowhere"), "--what", "samples", "--to", str(tmp_path / "n.jsonl")]) == 2
