"""Preferences, for real, on a network of some ten thousand parameters."""

import json
import math
from pathlib import Path

import pytest

from etude.errors import InputError, RecipeError
from etude.learners.dpo import Dpo
from etude.models.huggingface import HuggingFace
from tests.conftest import require

require("trl", reason="needs etude[rl]")

QUICK = {"steps": 30, "batch_size": 4, "learning_rate": 3e-3, "device": "cpu"}


def note_of(agent):
    return json.loads((Path(agent.model) / "etude.json").read_text())


@pytest.fixture
def pairs(make_example):
    sort, turn = "\n    return sorted(xs)", "\n    return xs[::-1]"
    return [
        make_example("# sort the list\ndef f(xs):", sort, rejected=turn, kind="pair"),
        make_example("# reverse the list\ndef f(xs):", turn, rejected=sort, kind="pair"),
    ]


def margin(folder, row):
    """By how many nats the target is likelier than what is rejected."""
    good, bad = HuggingFace(str(folder), device="cpu").score(row.prompt, [row.target, row.rejected])
    return sum(good) - sum(bad)


@pytest.mark.parametrize("rank", [0, 8])
def test_the_passed_program_becomes_the_likelier_one(llama, pairs, make_state, rank):
    state = make_state(llama)
    agent = Dpo(**QUICK, lora=rank).learn(state.agent, pairs, state)
    losses = note_of(agent)["losses"]
    assert losses[0] == pytest.approx(math.log(2), abs=1e-3)  # nothing is preferred before the first step
    assert losses[-1] < 0.5
    assert all(margin(agent.model, row) > margin(llama, row) + 3 for row in pairs)


def test_the_loss_is_the_method_s_own_computed_by_hand(llama, pairs, make_state):
    state = make_state(llama)
    quick = {**QUICK, "batch_size": 2, "weight_decay": 0.0}
    one = Dpo(**quick | {"steps": 1}).learn(state.agent, pairs, state)
    after = [margin(one.model, row) for row in pairs]
    before = [margin(llama, row) for row in pairs]
    other = make_state(llama, "two")
    two = Dpo(**quick | {"steps": 2}).learn(other.agent, pairs, other)
    expected = [math.log1p(math.exp(-0.1 * (now - then))) for now, then in zip(after, before, strict=True)]
    assert note_of(two)["losses"][1] == pytest.approx(sum(expected) / 2, abs=2e-3)


def test_its_adapter_loads_in_plain_peft(llama, pairs, make_state):
    import peft
    import torch
    import transformers

    state = make_state(llama)
    agent = Dpo(**QUICK, lora=4, adapter=True).learn(state.agent, pairs, state)
    ids = torch.tensor([[1, 5, 9, 40]])
    base = transformers.AutoModelForCausalLM.from_pretrained(llama)
    beside = peft.PeftModel.from_pretrained(base, Path(agent.model) / "adapter")(ids).logits
    merged = transformers.AutoModelForCausalLM.from_pretrained(agent.model)(ids).logits
    assert (beside - merged).abs().max() < 1e-3


def test_the_same_pairs_and_seed_give_the_same_weights(llama, pairs, make_state):
    states = [make_state(llama, name) for name in ("one", "two")]
    one, two = (Dpo(**QUICK | {"steps": 3}).learn(state.agent, pairs, state) for state in states)
    assert one.fingerprint == two.fingerprint
    assert one.rows == two.rows != ""


def test_pairs_that_do_not_fit_are_dropped_and_counted(llama, pairs, make_state, make_example):
    long = make_example("a", "one two three " * 40, rejected="b", kind="pair")
    state = make_state(llama)
    note = note_of(Dpo(**QUICK | {"steps": 1}, max_length=60).learn(state.agent, [*pairs, long], state))
    assert (note["examples"], note["rows_trained"], note["rows_dropped"]) == (3, 2, 1)
    with pytest.raises(InputError, match="none of 1 pairs"):
        Dpo(**QUICK, max_length=8).learn(state.agent, [long], make_state(llama, "other"))


def test_what_is_no_pair_is_refused(llama, rows, pairs, make_state):
    state = make_state(llama)
    with pytest.raises(InputError, match="no pair"):
        Dpo(**QUICK).learn(state.agent, [*pairs, rows[0]], state)
    assert Dpo(**QUICK).learn(state.agent, [], state).fingerprint == state.agent.fingerprint
    with pytest.raises(RecipeError, match=r"dpo\.beta"):
        Dpo(beta=0)
