"""A training that dies goes on at its last checkpoint, and ends with the bytes of one that nobody killed."""

import dataclasses
import json
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from etude.errors import RecipeError, StorageError
from etude.judges.auto import Auto
from etude.learners.checkpoints import beside
from etude.learners.dpo import Dpo
from etude.learners.grpo import ROLLOUTS, Grpo
from etude.learners.sft import Sft
from etude.sandbox import Sandbox
from etude.sources.lab import Lab
from tests.conftest import ENVIRONMENT

LAB = Path(__file__).parents[2] / "src" / "etude" / "lab" / "model"
EVERY_STEP = 1e-9
QUICK = {"device": "cpu", "steps": 8, "batch_size": 2, "checkpoint_minutes": EVERY_STEP}
GROUPS = {"max_tokens": 12, "group": 2, "tasks_per_step": 2, "learning_rate": 1e-3}


class Death(Exception):
    """What a kill is to a process, to a test."""


def until(last):
    """A watch that dies after a step, and the steps that it was told of."""
    seen = []

    def watch(step, steps, loss):
        seen.append(step)
        if step == last:
            raise Death

    return watch, seen


def note_of(agent):
    note = json.loads((Path(agent.model) / "etude.json").read_text())
    return {name: item for name, item in note.items() if not name.startswith("seconds")}


@pytest.fixture
def rows(make_example):
    sort, turn = "\n    return sorted(xs)", "\n    return xs[::-1]"
    names = [*"abcde"]
    pairs = [make_example(f"# sort\ndef {name}(xs):", sort, rejected=turn, kind="pair") for name in names]
    plain = [make_example(f"# sort\ndef {name}(xs):", sort) for name in names]
    return {"pair": pairs, "plain": plain}


@pytest.fixture(scope="module")
def jail():
    with Sandbox(workers=1) as sandbox:
        yield sandbox


@pytest.fixture
def learning(rows, make_state, make_example, llama, jail):
    """Begins one learning in a folder of its own: (kind, folder, settings) -> (agent, its folder)."""
    easy = [task for task in Lab().propose(None) if task.facts.difficulty == "1"][:5]
    held_out = (make_example("# sort\ndef g(xs):", "\n    return sorted(xs)"),)

    def begin(kind, name, **settings):
        if kind == "grpo":
            judge = Auto(cpu_seconds=1.0, wall_seconds=5.0)
            state = make_state(LAB, name, tasks=tuple(easy), sandbox=jail, judge=judge)
        else:
            state = make_state(llama, name, validation=held_out)
        learner = {"sft": Sft, "dpo": Dpo, "grpo": Grpo}[kind](
            **{**QUICK, **(GROUPS if kind == "grpo" else {}), **settings}
        )
        return learner.learn(state.agent, rows["pair" if kind == "dpo" else "plain"], state), state.folder

    return begin


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("sft", {"warmup": 0.5, "schedule": "cosine", "learning_rate": 1e-3}),
        pytest.param("sft", {"validation_every": 2, "learning_rate": 0.3, "lora": 4}, marks=pytest.mark.whole),
        pytest.param("dpo", {"learning_rate": 1e-3}, marks=pytest.mark.whole),
        ("dpo", {"learning_rate": 1e-3, "lora": 4}),
        ("grpo", {}),
        pytest.param("grpo", {"updates": 2, "shuffle": True, "batch_size": 4}, marks=pytest.mark.whole),
    ],
)
def test_a_training_that_dies_goes_on_and_ends_with_the_same_bytes(learning, kind, settings):
    pytest.importorskip("trl", reason="needs etude[rl]")
    whole, calm = learning(kind, "calm", **settings)
    die, first = until(6)  # of five rows, or five tasks two at a time, this is in the second epoch or the third
    with pytest.raises(Death):
        learning(kind, "killed", **settings, watch=die)
    folder = Path(calm).with_name("killed")
    assert [path.name for path in (folder / "model.checkpoints").glob("checkpoint-*")] == [
        "checkpoint-4" if "updates" in settings else "checkpoint-5"
    ], "one is kept, and none is made within a sampling"
    watch, second = until(None)
    again, _ = learning(kind, "killed", **settings, watch=watch)
    assert first == [1, 2, 3, 4, 5, 6]
    assert second == ([5, 6, 7, 8] if "updates" in settings else [6, 7, 8])
    assert again.fingerprint == whole.fingerprint
    assert note_of(again) == note_of(whole)
    assert not (folder / "model.checkpoints").exists()
    if kind == "grpo":
        assert (folder / ROLLOUTS).read_bytes() == (calm / ROLLOUTS).read_bytes()


@pytest.mark.slow
def test_a_process_that_is_killed_leaves_a_checkpoint_to_go_on_from(tmp_path, llama, rows, make_state):
    code = (
        "import os, pickle, signal, sys\n"
        "def watch(step, steps, loss):\n    if step == 5:\n        os.kill(os.getpid(), signal.SIGKILL)\n"
        "learner, state, rows = pickle.load(open(sys.argv[1], 'rb'))\n"
        "import dataclasses\ndataclasses.replace(learner, watch=watch).learn(state.agent, rows, state)\n"
    )
    learner, state, calm = Sft(**QUICK), make_state(llama), make_state(llama, "calm")
    (tmp_path / "job").write_bytes(pickle.dumps((learner, state, rows["plain"])))
    command = [sys.executable, "-c", code, str(tmp_path / "job")]
    killed = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    watch, seen = until(None)
    again = dataclasses.replace(learner, watch=watch).learn(state.agent, rows["plain"], state)
    assert seen == [5, 6, 7, 8]
    assert again.fingerprint == learner.learn(calm.agent, rows["plain"], calm).fingerprint


def test_another_learning_or_half_a_checkpoint_is_not_gone_on_with(learning):
    whole, calm = learning("sft", "calm", learning_rate=1e-3)
    with pytest.raises(Death):
        learning("sft", "other", learning_rate=1e-3, watch=until(4)[0])
    folder = calm.with_name("other") / "model.checkpoints"
    (folder / "checkpoint-3" / "etude.json").unlink()
    watch, seen = until(None)
    again, _ = learning("sft", "other", learning_rate=1e-3, watch=watch)
    assert seen[0] == 1, "half a checkpoint"
    assert again.fingerprint == whole.fingerprint
    with pytest.raises(Death):
        learning("sft", "other", learning_rate=2e-3, watch=until(4)[0])
    watch, seen = until(None)
    learning("sft", "other", learning_rate=4e-3, watch=watch)
    assert seen[0] == 1, "the checkpoint of another learning"


def test_a_checkpoint_that_cannot_be_read_is_said_with_what_to_do(learning, tmp_path):
    with pytest.raises(Death):
        learning("sft", "torn", watch=until(4)[0])
    [torn] = tmp_path.rglob("optimizer.pt")
    os.truncate(torn, 100)
    with pytest.raises(StorageError, match="checkpoint-3 cannot be read") as caught:
        learning("sft", "torn")
    assert f"rm -r {torn.parent}" in caught.value.fix


def test_checkpoints_are_made_by_the_clock_and_not_at_all_for_0(learning, tmp_path):
    with pytest.raises(Death):
        learning("sft", "soon", checkpoint_minutes=60, watch=until(6)[0])
    with pytest.raises(Death):
        learning("sft", "never", checkpoint_minutes=0, watch=until(6)[0])
    assert not list(tmp_path.rglob("checkpoint-*"))
    with pytest.raises(RecipeError, match="checkpoint_minutes"):
        Sft(checkpoint_minutes=-1)


def test_where_no_checkpoint_can_be_written_it_is_a_storage_error(learning, tmp_path):
    with pytest.raises(Death):
        learning("sft", "full", checkpoint_minutes=60, watch=until(1)[0])
    [place] = tmp_path.rglob("model.checkpoints")
    place.rmdir()
    place.write_text("in the way")
    with pytest.raises(StorageError, match="cannot write"):
        learning("sft", "full")


def test_there_is_no_last_one_where_there_is_no_folder(tmp_path):
    assert beside(tmp_path / "model", "key", 1.0).last() is None
