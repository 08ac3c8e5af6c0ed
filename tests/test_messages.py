"""Bad input: one clear message each, exit code 2, no traceback, nothing lost. Every message is read here."""

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from etude.cli import main
from tests.conftest import ENVIRONMENT
from tests.scripted_world import write_world

TASK = {"task_id": "a", "prompt": "Add.", "entry_point": "f", "calls": [{"args": [1, 2], "expected": 3}]}
SAMPLE = {"task_id": "a", "solution": "def f(x, y):\n    return x + y\n"}


def say(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """Exit code and what was said on standard error."""
    code = main([str(item) for item in arguments])
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return code, said


@pytest.fixture
def tasks(tmp_path: Path) -> str:
    (tmp_path / "tasks.jsonl").write_text(json.dumps(TASK) + "\n")
    return f"jsonl:{tmp_path}/tasks.jsonl"


def test_an_unknown_verb_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = say(capsys, "jugde")
    assert code == 2
    assert "no such verb: jugde" in said
    assert said.index("judge") < said.index("doctor")


def test_an_unknown_option_says_where_help_is(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = say(capsys, "doctor", "--sceonds", "1")
    assert code == 2
    assert "No such option" in said
    assert "doctor -h" in said


def test_a_missing_option_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = say(capsys, "eval", "--tasks", "lab[test]")
    assert code == 2
    assert "--model" in said


def test_a_missing_samples_file(capsys: pytest.CaptureFixture[str], tasks: str, tmp_path: Path) -> None:
    (tmp_path / "samples.jsonl").write_text(json.dumps(SAMPLE) + "\n")
    code, said = say(capsys, "judge", tmp_path / "sample.jsonl", "--tasks", tasks)
    assert code == 2
    assert "sample.jsonl" in said
    assert "samples.jsonl" in said, "what lies beside it under a similar name is named"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["empty"]),
        ("\n\n", ["empty"]),
        (json.dumps(SAMPLE) + "\n{broken\n", ["line 2"]),
        ('{"task_id": "a"}\n', ["line 1", "completion", "solution"]),
        ('["a", "b"]\n', ["JSON object", "task_id"]),
        ('{"task_id": "b", "solution": "x"}\n', ["'b'", "not in the task set", "a"]),
    ],
)
def test_bad_samples(
    capsys: pytest.CaptureFixture[str], tasks: str, tmp_path: Path, text: str, words: list[str]
) -> None:
    (tmp_path / "samples.jsonl").write_text(text)
    code, said = say(capsys, "judge", tmp_path / "samples.jsonl", "--tasks", tasks)
    assert code == 2
    for word in words:
        assert word.strip("'") in said, (word, said)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["empty"]),
        ("{broken\n", ["line 1"]),
        (json.dumps({**TASK, "task_id": 3.5}) + "\n", ["line 1", "task_id"]),
        (json.dumps({"task_id": "a", "prompt": "Add."}) + "\n", ["line 1", "calls", "assertions"]),
        (
            json.dumps({**TASK, "assertions": ["assert f(1, 2) == 3"]}) + "\n",
            ["line 1", "2 kinds of test", "exactly one"],
        ),
        (json.dumps({**TASK, "shown": [7]}) + "\n", ["line 1", "shown"]),
        (json.dumps(TASK) + "\n" + json.dumps(TASK) + "\n", ["a", "line 2"]),
    ],
)
def test_bad_tasks(capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, words: list[str]) -> None:
    (tmp_path / "tasks.jsonl").write_text(text)
    code, said = say(capsys, "tasks", "check", f"jsonl:{tmp_path}/tasks.jsonl")
    assert code == 2
    for word in words:
        assert word in said, (word, said)


def test_an_unknown_task_set_names_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = say(capsys, "tasks", "check", "humanevall:x")
    assert code == 2
    assert "humanevall" in said
    assert "humaneval" in said.replace("humanevall", "")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--solver.smaples", "3"], ["smaples", "samples"]),
        (["--ronds", "3"], ["ronds", "rounds"]),
        (["--rounds", "three"], ["rounds", "integer"]),
        (["--rounds"], ["--rounds has no value"]),
        (["stray"], ["stray"]),
        (["--solver.use", "nothing"], ["nothing", "sample", "repair"]),
    ],
)
def test_bad_recipe_flags(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, flags: list[str], words: list[str]
) -> None:
    recipe = write_world(tmp_path / "world")
    code, said = say(capsys, "run", recipe, "--out", tmp_path / "run", *flags)
    assert code == 2
    for word in words:
        assert word in said, (word, said)
    assert not (tmp_path / "run" / "ledger.sqlite").exists()


def test_a_folder_of_another_recipe_is_kept(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    recipe = write_world(tmp_path / "world", tasks=2, rounds=1)
    assert main(["run", str(recipe), "--out", str(tmp_path / "run"), "--progress", "none"]) == 0
    before = (tmp_path / "run" / "ledger.sqlite").read_bytes()
    capsys.readouterr()
    code, said = say(capsys, "run", recipe, "--out", tmp_path / "run", "--solver.samples", "9")
    assert code == 2
    assert "another recipe" in said
    assert "solver" in said
    assert (tmp_path / "run" / "ledger.sqlite").read_bytes() == before


def test_a_report_of_no_run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, said = say(capsys, "report", tmp_path)
    assert code == 2
    assert "holds no run" in said


def test_a_model_folder_that_is_not_there(capsys: pytest.CaptureFixture[str], tasks: str, tmp_path: Path) -> None:
    code, said = say(capsys, "eval", "--model", tmp_path / "nothing", "--tasks", tasks, "--out", tmp_path / "e")
    assert code == 2
    assert "nothing" in said


@pytest.mark.parametrize("lacks", ["tokenizer", "config", "weights"])
def test_a_model_folder_that_lacks_a_part(
    capsys: pytest.CaptureFixture[str], tasks: str, tmp_path: Path, lacks: str
) -> None:
    from etude.config import located

    folder = tmp_path / "model"
    folder.mkdir()
    patterns = {"tokenizer": "tokenizer", "config": "config.json", "weights": "safetensors"}
    for file in Path(located("package:etude.lab/model")).iterdir():
        if patterns[lacks] not in file.name or (lacks == "config" and file.name != "config.json"):
            (folder / file.name).write_bytes(file.read_bytes())
    code, said = say(
        capsys, "eval", "--model", folder, "--tasks", tasks, "--n", "1", "--k", "1", "--out", tmp_path / "e"
    )
    assert code == 2
    assert lacks in said


def test_k_must_be_numbers(capsys: pytest.CaptureFixture[str], tasks: str) -> None:
    code, said = say(capsys, "eval", "--model", "m", "--tasks", tasks, "--k", "1,many")
    assert code == 2
    assert "--k" in said


def test_errors_are_json_where_json_was_asked_for(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code = main(["judge", str(tmp_path / "none.jsonl"), "--tasks", "jsonl:none", "--json"])
    captured = capsys.readouterr()
    assert code == 2
    assert "none" in json.loads(captured.out)["error"]


def test_a_gzip_that_is_none(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "tasks.jsonl.gz").write_bytes(b"not gzip")
    code, said = say(capsys, "tasks", "check", f"jsonl:{tmp_path}/tasks.jsonl.gz")
    assert code == 2
    assert "gzip" in said
    with gzip.open(tmp_path / "tasks.jsonl.gz", "wt") as file:
        file.write(json.dumps(TASK) + "\n")
    assert main(["tasks", "check", f"jsonl:{tmp_path}/tasks.jsonl.gz"]) == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own of 600 kB, where we may make one."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(place)], capture_output=True)
    if done.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def run_elsewhere(recipe: Path, out: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "etude", "run", str(recipe), "--out", str(out), "--progress", "none"]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)


def test_a_full_disk_loses_nothing(tmp_path: Path, small_disk: Path) -> None:
    recipe = write_world(tmp_path / "world", tasks=40, rounds=1)
    out = small_disk / "run"
    done = run_elsewhere(recipe, out)
    assert done.returncode == 2, done.stderr
    assert "full" in done.stderr
    assert "run the same command again" in done.stderr
    assert "Traceback" not in done.stderr
    drawn = len((tmp_path / "world" / "drawn.log").read_text().splitlines())
    assert drawn
    subprocess.run(["mount", "-o", "remount,size=40m", str(small_disk)], check=True)
    again = run_elsewhere(recipe, out)
    assert again.returncode == 0, again.stderr


def test_a_place_that_may_not_be_written(tmp_path: Path, small_disk: Path) -> None:
    recipe = write_world(tmp_path / "world", tasks=2, rounds=1)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    done = run_elsewhere(recipe, small_disk / "run")
    assert done.returncode == 2
    assert "cannot write" in done.stderr
    assert "Traceback" not in done.stderr


def test_out_may_not_be_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    code, said = say(capsys, "run", write_world(tmp_path / "world"), "--out", tmp_path / "file")
    assert code == 2
    assert "cannot write" in said
    assert (tmp_path / "file").read_text() == "kept"
