"""One learning in two processes, as a launcher starts them: the weights of one process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from etude.errors import InputError, RecipeError, StorageError
from etude.folders import write_rows
from etude.learners.checkpoints import Checkpoint, agree, beside
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


def launch(*command):
    """Runs a module or a file in two processes that train together."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    return subprocess.run([*launcher, *command], env=ENVIRONMENT, capture_output=True, text=True, timeout=280)


@pytest.mark.whole
def test_two_processes_make_the_weights_of_one(file, llama, tmp_path):
    given = [str(file), "--model", str(llama), *SETTINGS, "--set", "lora=4"]
    assert main([*given, "--set", "batch_size=4", "--out", str(tmp_path / "one")]) == 0
    done = launch("-m", "etude.learners.launched", *given, "--set", "batch_size=2", "--out", str(tmp_path / "two"))
    assert done.returncode == 0, done.stderr
    one, both = weights(tmp_path / "one"), weights(tmp_path / "two")
    assert max(float((item - both[name]).abs().max()) for name, item in one.items()) < 1e-4
    losses = [json.loads((tmp_path / name / "model" / "etude.json").read_text())["losses"] for name in ("one", "two")]
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)


KILLED = """
import os, signal, sys
from pathlib import Path
from etude.learners.launched import read_rows
from etude.learners.sft import Sft
from etude.models.folders import hash_folder
from etude.protocols import State
from etude.records import Agent

rows, model, out, last = sys.argv[1:]

def watch(step, steps, loss):
    if os.environ["RANK"] == "1":
        print("step", step, flush=True)
        if step == int(last):
            os.kill(os.getpid(), signal.SIGKILL)

settings = {"steps": 8, "batch_size": 2, "learning_rate": 1e-2, "lora": 4, "device": "cpu", "schedule": "cosine"}
base = Agent(model=model, fingerprint=hash_folder(Path(model)))
state = State(round=0, seed=0, folder=Path(out), base=base, agent=base)
learner = Sft(**settings, checkpoint_minutes=1e-9, watch=watch)
print(learner.learn(base, read_rows(Path(rows)), state).fingerprint)
"""


@pytest.mark.whole
def test_two_processes_that_are_killed_go_on_together_and_end_with_the_same_bytes(file, llama, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(KILLED)
    calm = launch(str(script), str(file), str(llama), str(tmp_path / "calm"), "-1")
    assert calm.returncode == 0, calm.stderr
    killed = launch(str(script), str(file), str(llama), str(tmp_path / "out"), "6")
    assert killed.returncode != 0
    [kept] = (tmp_path / "out" / "model.checkpoints").glob("checkpoint-*")
    assert kept.name == "checkpoint-5"
    assert len(list(kept.glob("rng_state_*.pth"))) == 2
    again = launch(str(script), str(file), str(llama), str(tmp_path / "out"), "-1")
    assert again.returncode == 0, again.stderr
    steps = [[line for line in done.stdout.splitlines() if line.startswith("step")] for done in (calm, killed, again)]
    assert steps == [[f"step {number}" for number in part] for part in (range(1, 9), range(1, 7), range(6, 9))]
    fingerprints = [done.stdout.split()[-1] for done in (calm, again)]
    assert fingerprints[0] == fingerprints[1]
    assert not (tmp_path / "out" / "model.checkpoints").exists()


def test_processes_that_see_other_checkpoints_do_not_go_on(tmp_path, monkeypatch):
    seen = Checkpoint(path=tmp_path / "checkpoint-5", batch_size=2, seconds=0.0, counted={})
    place = beside(tmp_path / "model", "key", 1.0)
    for last in (seen, None):
        agree(last, place)
        other = iter([3, -3])  # another process is at step 3
        monkeypatch.setattr("etude.learners.checkpoints.least", lambda number, other=other: min(number, next(other)))
        with pytest.raises(StorageError, match="not every process sees the same checkpoint"):
            agree(last, place)
        monkeypatch.undo()


def test_as_many_processes_as_before_go_on(rows, llama, make_state, monkeypatch):
    def key():
        return Sft()._key(make_state(llama).agent, "rows", make_state(llama))

    alone = key()
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert key() != alone, "a step of two processes has the rows of two batches"


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
