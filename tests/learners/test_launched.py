"""One learning in two processes, as a launcher starts them: the weights of one process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from etude.errors import InputError, RecipeError
from etude.folders import write_rows
from etude.learners.launched import main, read_rows, settings
from etude.learners.sft import Sft
from tests.conftest import ENVIRONMENT

SETTINGS = ["--set", "steps=3", "--set", "learning_rate=1e-2", "--set", "group_by_length=false", "--set", "device=cpu"]


@pytest.fixture
def file(rows, tmp_path, make_example):
    more = [make_example(f"# {number}\ndef f(xs):", f"\n    return {number}") for number in range(14)]
    return write_rows(tmp_path, [*rows, *more])


def weights(folder):
    from safetensors.torch import load_file

    return load_file(folder / "model" / "model.safetensors")


@pytest.mark.whole
def test_two_processes_make_the_weights_of_one(file, llama, tmp_path):
    given = [str(file), "--model", str(llama), *SETTINGS, "--set", "lora=4"]
    assert main([*given, "--set", "batch_size=4", "--out", str(tmp_path / "one")]) == 0
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m", "etude.learners.launched"]
    done = subprocess.run(
        [sys.executable, *launcher, *given, "--set", "batch_size=2", "--out", str(tmp_path / "two")],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    one, both = weights(tmp_path / "one"), weights(tmp_path / "two")
    assert max(float((item - both[name]).abs().max()) for name, item in one.items()) < 1e-4
    losses = [json.loads((tmp_path / name / "model" / "etude.json").read_text())["losses"] for name in ("one", "two")]
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)


def test_one_process_does_what_a_run_does(file, llama, rows, tmp_path, make_state, capsys):
    assert main([str(file), "--model", str(llama), "--out", str(tmp_path / "out"), *SETTINGS]) == 0
    folder, fingerprint = capsys.readouterr().out.split()
    state = make_state(llama)
    quick = {"steps": 3, "learning_rate": 1e-2, "group_by_length": False, "device": "cpu"}
    assert Sft(**quick).learn(state.agent, read_rows(file), state).fingerprint == fingerprint
    assert Path(folder) == tmp_path / "out" / "model"


def test_the_config_that_ships_is_there(capsys):
    assert main(["--config"]) == 0
    text = Path(capsys.readouterr().out.strip()).read_text()
    assert "distributed_type: FSDP" in text
    assert "fsdp_version: 2" in text


def test_what_is_wrong_is_said(tmp_path, file, llama, capsys):
    with pytest.raises(InputError, match="names no value"):
        settings(["lora"])
    (tmp_path / "no.parquet").write_text("nothing")
    with pytest.raises(InputError, match="Parquet"):
        read_rows(tmp_path / "no.parquet")
    assert main([str(file), "--model", str(llama), "--out", str(tmp_path / "x"), "--set", "lorra=3"]) == 2
    assert "lora" in capsys.readouterr().err


def test_learners_that_train_in_one_process_refuse_to_be_several(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(RecipeError, match="validation"):
        Sft(validation_every=1)
    from etude.learners.by_trl import require_alone

    with pytest.raises(RecipeError, match="one process"):
        require_alone()
