"""Adapters that are kept, four bits that are not there, trackers that are and are not."""

import importlib.util
import os
from pathlib import Path

import pytest

from etude.errors import MissingError, RecipeError
from etude.learners.sft import Sft
from etude.learners.tracking import PLACES, tracked

QUICK = {"steps": 10, "batch_size": 2, "learning_rate": 1e-2, "warmup": 0.0, "device": "cpu"}


@pytest.mark.parametrize("kind", ["llama", "t5"])
def test_a_kept_adapter_loads_in_plain_peft_beside_the_merged_model(kind, request, rows, make_state):
    import peft
    import torch
    import transformers

    source = request.getfixturevalue(kind)
    state = make_state(source)
    agent = Sft(**QUICK, lora=4, adapter=True).learn(state.agent, rows, state)
    family = transformers.AutoModelForSeq2SeqLM if kind == "t5" else transformers.AutoModelForCausalLM
    folder = Path(agent.model)
    named = peft.PeftConfig.from_pretrained(folder / "adapter").base_model_name_or_path
    given = {
        "input_ids": torch.tensor([[5, 9, 40]]),
        **({"decoder_input_ids": torch.tensor([[0, 7]])} if kind == "t5" else {}),
    }
    beside = peft.PeftModel.from_pretrained(family.from_pretrained(named), folder / "adapter").eval()(**given).logits
    merged = family.from_pretrained(folder).eval()(**given).logits
    assert (beside - merged).abs().max() < 1e-3
    assert (merged - family.from_pretrained(source).eval()(**given).logits).abs().max() > 1e-2


def test_an_adapter_that_nobody_trains_cannot_be_kept_or_quantised():
    with pytest.raises(RecipeError, match="no adapter is trained"):
        Sft(adapter=True)
    with pytest.raises(RecipeError, match="no adapter is trained"):
        Sft(quantize="4bit")


def test_four_bits_without_a_gpu_or_the_package_are_a_missing_error(llama, rows, make_state):
    import torch

    if torch.cuda.is_available() and importlib.util.find_spec("bitsandbytes"):
        pytest.skip("this machine has a GPU and bitsandbytes")
    state = make_state(llama)
    with pytest.raises(MissingError, match="4bit"):
        Sft(**{**QUICK, "device": "auto"}, lora=4, quantize="4bit").learn(state.agent, rows, state)


@pytest.mark.parametrize("tracker", list(PLACES))
def test_a_tracker_writes_into_the_round_or_says_what_to_install(tracker, llama, rows, make_state, monkeypatch):
    monkeypatch.delenv(PLACES[tracker][0], raising=False)
    monkeypatch.setenv("WANDB_MODE", "offline")
    state = make_state(llama)
    learner = Sft(**QUICK, report_to=(tracker,))
    if importlib.util.find_spec(tracker) is None:
        with pytest.raises(MissingError, match=f"pip install {tracker}"):
            learner.learn(state.agent, rows, state)
        assert not state.folder.exists()
        return
    agent = learner.learn(state.agent, rows, state)
    assert any(file.is_file() for file in (state.folder / "logs").rglob("*"))
    assert PLACES[tracker][0] not in os.environ
    quiet = make_state(llama, "quiet")
    assert Sft(**QUICK).learn(quiet.agent, rows, quiet).fingerprint == agent.fingerprint


def test_a_place_that_the_user_names_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("TENSORBOARD_LOGGING_DIR", "mine")
    with tracked(("tensorboard",), tmp_path):
        assert os.environ["TENSORBOARD_LOGGING_DIR"] == "mine"
    assert os.environ["TENSORBOARD_LOGGING_DIR"] == "mine"
    assert not (tmp_path / "logs").exists()
