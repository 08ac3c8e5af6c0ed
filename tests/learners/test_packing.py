"""Several rows in one sequence: the same loss and the same gradient as apart."""

import random
from pathlib import Path

import pytest

from etude.errors import RecipeError
from etude.learners.loss import accepted, answer_loss
from etude.learners.packing import pack, packed_collator, require_apart
from etude.learners.sft import Sft
from etude.learners.tokens import IGNORED, Row, collator
from etude.models.loading import load


@pytest.fixture
def some():
    chance = random.Random(1)
    sizes = [(chance.randint(1, 9), chance.randint(1, 12), chance.choice([1.0, 0.5, 2.0])) for _ in range(23)]
    return [Row([1, *chance.choices(range(3, 300), k=a)], chance.choices(range(3, 300), k=b), w) for a, b, w in sizes]


def test_every_row_is_packed_once_and_no_sequence_is_too_long(some):
    packs = pack(some, 40)
    assert sorted(row for own in packs for row in own) == sorted(some)
    assert all(sum(len(row.prompt) + len(row.target) for row in own) <= 40 for own in packs)
    assert len(packs) < len(some) / 2
    assert packs == pack(some, 40)


def test_positions_begin_again_with_every_row_and_its_first_token_is_nobody_s(some):
    [own] = [packs for packs in pack(some, 60) if len(packs) > 2][:1]
    batch = packed_collator(0, prompt_weight=1.0)([own])
    starts = (batch["position_ids"][0] == 0).nonzero()[:, 0].tolist()
    assert len(starts) == len(own)
    assert all(int(batch["labels"][0, start]) == IGNORED for start in starts)
    assert "attention_mask" not in batch


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("prompt_weight", [0.0, 0.3])
def test_packed_rows_have_the_loss_and_the_gradient_of_rows_alone(llama, some, attention, prompt_weight):
    network = load(llama, "cpu", "float32").network
    network.set_attn_implementation(attention)
    packs, accepts = pack(some, 50), accepted(network)
    alone = collator(0, encoder_decoder=False, prompt_weight=prompt_weight)
    found = []
    for batches in (
        [packed_collator(0, prompt_weight=prompt_weight)(packs[at : at + 3]) for at in range(0, len(packs), 3)],
        [alone([row]) for row in some],
    ):
        network.zero_grad()
        loss = sum(answer_loss(network, batch, accepts) for batch in batches)
        loss.backward()
        found.append((loss.item(), [item.grad.clone() for item in network.parameters()]))
    (packed, ours), (apart, theirs) = found
    assert packed == pytest.approx(apart, rel=1e-5)
    assert all((a - b).abs().max() < 1e-3 * max(1.0, float(b.abs().max())) for a, b in zip(ours, theirs, strict=True))


def test_a_network_in_which_packed_rows_see_each_other_is_refused(llama, some):
    import torch

    network = load(llama, "cpu", "float32").network
    with torch.no_grad():
        for weights in network.parameters():
            weights.mul_(3)  # untrained attention looks nowhere in particular
    packs, accepts = pack(some, 50)[:2], accepted(network)
    packed, alone = packed_collator(0), collator(0, encoder_decoder=False)
    require_apart(network, packs, packed, alone, accepts)
    forward = network.forward
    network.forward = lambda position_ids=None, **rest: forward(**rest)
    with pytest.raises(RecipeError, match="cannot be packed"):
        require_apart(network, packs, packed, alone, accepts)
    with pytest.raises(RecipeError, match="position_ids"):
        require_apart(network, packs, packed, alone, accepts - {"position_ids"})


def test_prompts_count_as_much_as_they_are_told(llama):
    network = load(llama, "cpu", "float32").network
    accepts, row = accepted(network), Row([1, 7, 9, 12], [20, 2], 1.0)
    losses = [
        answer_loss(network, collator(0, encoder_decoder=False, prompt_weight=weight)([row]), accepts).item()
        for weight in (0.0, 0.5, 1.0)
    ]
    prompt_alone = answer_loss(network, collator(0, encoder_decoder=False)([Row([1], [7, 9, 12], 1.0)]), accepts).item()
    assert losses[1] - losses[0] == pytest.approx(prompt_alone / 2, rel=1e-4)
    assert losses[2] - losses[0] == pytest.approx(prompt_alone, rel=1e-4)


def test_sft_learns_packed_rows_as_well(llama, rows, make_state):
    import json

    state = make_state(llama)
    quick = {"steps": 60, "batch_size": 1, "learning_rate": 1e-2, "warmup": 0.0, "device": "cpu", "packing": True}
    agent = Sft(**quick, max_length=120, checkpointing=True).learn(state.agent, rows, state)
    losses = json.loads((Path(agent.model) / "etude.json").read_text())["losses"]
    assert losses[-1] < 0.1 < 3 < losses[0]


def test_an_encoder_decoder_is_not_packed(t5, rows, make_state):
    state = make_state(t5)
    with pytest.raises(RecipeError, match="causal"):
        Sft(steps=1, packing=True, device="cpu").learn(state.agent, rows, state)
