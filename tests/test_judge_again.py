"""`etude judge --rerun`: a small run, judged again by the command; what it says, and what it refuses."""

import json
import shutil
from pathlib import Path

import pytest

from etude.arms import run_whole
from etude.cli import main
from etude.config import load
from etude.ledger import Ledger
from etude.progress import ignore
from tests.scripted_world import spoil, write_world

BROKEN, SLOW = "add-0", "add-1"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with one wrong hidden test, a limit too low for one right program, and no model left to ask."""
    place = tmp_path_factory.mktemp("again")
    recipe = write_world(place / "world", tasks=3)
    spoil(place / "world", place / "mended.jsonl")
    run_whole(load(str(recipe), {"judge": '{ use = "auto", cpu_seconds = 0.8 }'}), place / "run", ignore)
    (place / "world" / "replies.json").unlink()
    return place


def say(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_unchanged_there_are_no_changes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said, _ = say(capsys, "judge", "--rerun", folder / "run", "--fresh", "--strict")
    assert code == 0
    assert said.startswith("0 of ")
    assert "every checkpoint stands: its rows are the same" in said


def test_a_mended_test_changes_verdicts_rows_and_the_checkpoints_from_there_on(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("judge", "--rerun", folder / "run", "--tasks", f"jsonl:{folder}/mended.jsonl")
    code, said, _ = say(capsys, *command, "--strict")
    assert code == 1
    assert "failed to passed" in said
    assert "main, round 1: the checkpoint no longer stands, its rows change" in said
    assert "main, round 2: the checkpoint no longer stands, it follows a checkpoint that changes" in said
    code, said, _ = say(capsys, *command, "--json")
    found = json.loads(said)
    assert code == 0
    assert found["checkpoints"] == ["main, round 1", "main, round 2"]
    turned = [item for arm in found["arms"] for stage in arm["stages"] for item in stage["turned"]]
    assert found["verdicts"] == len(turned) > 0
    assert {(item["task_id"], item["before"], item["after"]) for item in turned} == {(BROKEN, False, True)}
    rows = [row for item in found["arms"][0]["rounds"] for row in item["added"]]
    assert {row["task_id"] for row in rows} == {BROKEN}


def test_a_raised_limit_turns_a_timeout_into_a_pass(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, said, _ = say(capsys, "judge", "--rerun", folder / "run", "--judge.cpu_seconds", "20", "--json")
    turned = [item for arm in json.loads(said)["arms"] for stage in arm["stages"] for item in stage["turned"]]
    assert turned
    assert {(item["task_id"], item["status_before"], item["status_after"]) for item in turned} == {
        (SLOW, "timeout", "ok")
    }


def test_another_judge_may_be_asked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, said, _ = say(capsys, "judge", "--rerun", folder / "run", "--judge", "{ use = 'tests', cpu_seconds = 20 }")
    assert "timeout" not in said
    assert not said.startswith("0 of ")


def test_what_was_judged_again_can_be_kept_and_is_no_run_to_go_on_with(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = tmp_path / "new"
    code, said, _ = say(capsys, "judge", "--rerun", folder / "run", "--judge.cpu_seconds", "20", "--out", new)
    assert code == 0
    assert f"new verdicts, rows and reports: {new}" in said
    before = (new / "recipe.toml").read_bytes()
    code, _, error = say(capsys, "run", new / "recipe.toml", "--out", new, "--rounds", "3")
    assert code == 2
    assert "is no run to go on with" in error
    assert (new / "recipe.toml").read_bytes() == before
    code, _, error = say(capsys, "judge", "--rerun", folder / "run", "--out", new)
    assert code == 2
    assert "is not empty" in error


def test_wrong_folders_and_words_are_refused_with_what_to_do(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "report.html").write_text("<p>")
    (tmp_path / "begun").mkdir()
    shutil.copy(folder / "run" / "recipe.toml", tmp_path / "begun")
    Ledger(tmp_path / "begun").close()
    run = folder / "run"
    for words, wanted in (
        (["--rerun", tmp_path / "none"], "no folder"),
        (["--rerun", tmp_path / "other"], "neither a run nor an evaluation"),
        (["--rerun", tmp_path / "begun"], "nothing has been judged"),
        (["--rerun", run, "--solver.samples", "9"], "a rerun asks no model"),
        (["--rerun", run, "--judge.cpu_second", "9"], "cpu_seconds"),
        (["--rerun", run, "--tasks", f"jsonl:{tmp_path}/none.jsonl"], "none.jsonl"),
        (["samples.jsonl", "--rerun", run], "samples.jsonl"),
        ([], "samples or tasks are missing"),
    ):
        code, said, error = say(capsys, "judge", *words)
        assert (code, said) == (2, ""), words
        assert wanted in error, words
        assert "Traceback" not in error
