"""Fine-tuning for real, on models of some ten thousand parameters."""

import dataclasses
import json
import resource
import shutil
from pathlib import Path

import pytest

from etude.errors import InputError, MissingError, RecipeError, StorageError
from etude.learners.folder import prepare
from etude.learners.loss import accepted, answer_loss, validation_loss
from etude.learners.sft import Sft, smaller
from etude.learners.tokens import Row, collator, encode
from etude.models.folders import hash_folder
from etude.models.huggingface import HuggingFace
from etude.models.loading import load
from etude.records import Request, Sampling

QUICK = {"steps": 60, "batch_size": 4, "learning_rate": 1e-2, "warmup": 0.0, "device": "cpu"}


def note_of(agent):
    return json.loads((Path(agent.model) / "etude.json").read_text())


def files_of(folder):
    return {file.name: file.read_bytes() for file in Path(folder).iterdir() if file.name != "etude.json"}


def greedy(folder, prompt):
    request = Request(prompt=prompt, sampling=Sampling(temperature=0.0, max_tokens=30))
    return next(iter(HuggingFace(str(folder), device="cpu").generate([request]))).text


@pytest.mark.parametrize("kind", ["llama", "t5"])
def test_a_model_learns_its_rows_by_heart_and_stops_where_they_end(kind, request, rows, make_state):
    state = make_state(request.getfixturevalue(kind))
    agent = Sft(**{**QUICK, "steps": 120 if kind == "llama" else 200}).learn(state.agent, rows, state)
    losses = note_of(agent)["losses"]
    assert losses[-1] < 0.1 < 3 < losses[0]
    assert [greedy(agent.model, row.prompt) for row in rows] == [row.target for row in rows]


@pytest.mark.parametrize("kind", ["llama", "t5"])
def test_the_loss_is_the_mean_over_answer_tokens_computed_by_hand(kind, request, rows):
    import torch

    model = load(request.getfixturevalue(kind), "cpu", "float32")
    pairs = encode(rows, model.tokenizer, end=2, room=99, encoder_decoder=model.encoder_decoder).rows
    batch = collator(0, encoder_decoder=model.encoder_decoder)(pairs)
    ours = validation_loss(model.network, [batch], accepted(model.network))
    total, count = 0.0, 0
    for row in pairs:
        with torch.no_grad():
            if model.encoder_decoder:
                shifted = torch.tensor([[0, *row.target[:-1]]])
                logits = model.network(input_ids=torch.tensor([row.prompt]), decoder_input_ids=shifted).logits[0]
            else:
                whole = torch.tensor([row.prompt + row.target])
                logits = model.network(input_ids=whole).logits[0, len(row.prompt) - 1 : -1]
        total -= logits.log_softmax(-1)[range(len(row.target)), row.target].sum().item()
        count += len(row.target)
    assert ours == pytest.approx(total / count, abs=1e-5)


def test_what_the_network_would_say_inside_the_prompt_has_no_gradient(llama, rows):
    model = load(llama, "cpu", "float32")
    row = encode(rows, model.tokenizer, end=2, room=99, encoder_decoder=False).rows[0]
    accepts = accepted(model.network) - {"logits_to_keep"}  # so that all logits are made, and can be looked at
    seen = []

    def look(module, inputs, output):
        output.retain_grad()
        seen.append(output)

    handle = model.network.lm_head.register_forward_hook(look)
    answer_loss(model.network, collator(0, encoder_decoder=False)([row]), accepts).backward()
    handle.remove()
    touched = seen[0].grad[0].abs().sum(-1) > 0
    first = len(row.prompt) - 1
    assert touched.tolist() == [first <= place < len(row.prompt) + len(row.target) - 1 for place in range(len(touched))]


@pytest.mark.parametrize("kind", ["llama", "t5"])
def test_padding_does_not_change_the_loss(kind, request, rows, make_example):
    model = load(request.getfixturevalue(kind), "cpu", "float32")
    long = make_example("one two three " * 8, "sort the list " * 4)
    pairs = encode([*rows, long], model.tokenizer, end=2, room=200, encoder_decoder=model.encoder_decoder).rows
    collate, accepts = collator(0, encoder_decoder=model.encoder_decoder), accepted(model.network)
    together = answer_loss(model.network, collate(pairs), accepts).item()
    alone = sum(answer_loss(model.network, collate([row]), accepts).item() for row in pairs)
    assert together == pytest.approx(alone, rel=1e-5)


def test_a_weight_counts_as_so_many_copies_of_the_row(llama):
    model, collate = load(llama, "cpu", "float32"), collator(0, encoder_decoder=False)
    one, other, accepts = Row([1, 5], [6, 2], 1.0), Row([1, 9], [8, 2], 1.0), accepted(model.network)
    copies = answer_loss(model.network, collate([one, one, one, other]), accepts).item()
    weighted = answer_loss(model.network, collate([one._replace(weight=3.0), other]), accepts).item()
    assert weighted == pytest.approx(copies, rel=1e-5)


def test_accumulated_batches_make_the_step_of_one_large_batch(llama, rows, make_state, make_example):
    import safetensors.torch

    rows = [*rows, make_example("a", "one two three"), make_example("b", "sort")]
    kwargs = {**QUICK, "steps": 3, "group_by_length": False, "learning_rate": 1e-3}
    folders = []
    for batch, accumulation in ((4, 1), (2, 2)):
        state = make_state(llama, f"{batch}")
        learner = Sft(**{**kwargs, "batch_size": batch, "gradient_accumulation": accumulation})
        folders.append(Path(learner.learn(state.agent, rows, state).model))
    large, small = (safetensors.torch.load_file(folder / "model.safetensors") for folder in folders)
    assert all((large[name] - small[name]).abs().max() < 1e-4 for name in large)


def test_same_rows_and_seed_give_the_same_bytes_and_another_seed_does_not(llama, rows, make_state):
    quick, made = {**QUICK, "steps": 6, "batch_size": 1}, []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        state = make_state(llama, name, seed=seed)
        made.append(Sft(**quick).learn(state.agent, rows, state))
    first, same, other = made
    assert files_of(first.model) == files_of(same.model)
    assert first.fingerprint == same.fingerprint != other.fingerprint


def test_training_leaves_the_random_states_of_the_caller_alone(llama, rows, make_state):
    import random

    import numpy
    import torch

    def look():
        return random.getstate()[1][:5], numpy.random.get_state()[1][:5].tolist(), torch.get_rng_state().tolist()

    before, state = look(), make_state(llama)
    Sft(**{**QUICK, "steps": 1}).learn(state.agent, rows, state)
    assert look() == before


def test_the_folder_is_ordinary_and_says_where_it_comes_from(llama, rows, make_state):
    state = make_state(llama, round=2)
    agent = Sft(**{**QUICK, "steps": 2}).learn(state.agent, rows, state)
    assert (agent.parent, agent.round, agent.model) == (state.base.fingerprint, 2, str(state.folder / "model"))
    assert agent.fingerprint == hash_folder(Path(agent.model)) == HuggingFace(agent.model).fingerprint
    assert agent.fingerprint != agent.parent
    assert agent.rows
    assert {"config.json", "model.safetensors", "tokenizer.json", "generation_config.json"} <= set(
        files_of(agent.model)
    )
    assert json.loads((Path(agent.model) / "config.json").read_text())["use_cache"] is True
    assert str(llama) not in (Path(agent.model) / "config.json").read_text()
    assert [item.name for item in state.folder.iterdir()] == ["model"]


def test_low_rank_adapters_are_merged_into_an_ordinary_folder(llama, rows, make_state):
    import safetensors.torch
    import transformers

    state = make_state(llama)
    agent = Sft(**{**QUICK, "steps": 30}, lora=4).learn(state.agent, rows, state)
    assert not (Path(agent.model) / "adapter_config.json").exists()
    network = transformers.AutoModelForCausalLM.from_pretrained(agent.model)
    before = safetensors.torch.load_file(llama / "model.safetensors")
    after = safetensors.torch.load_file(Path(agent.model) / "model.safetensors")
    assert set(before) == set(after)
    assert network.num_parameters() == sum(item.numel() for item in before.values())
    changed = {name for name in before if not before[name].equal(after[name])}
    assert changed == {name for name in before if "_proj" in name}
    losses = note_of(agent)["losses"]
    assert losses[-1] < losses[0]


def test_the_weights_that_did_best_on_validation_are_kept(llama, rows, make_state, make_example):
    held_out = (make_example("# sort the list\ndef g(xs):", "\n    return sorted(xs)"), make_example("x", "one two"))
    state = make_state(llama, validation=held_out)
    settings = {**QUICK, "steps": 300, "learning_rate": 3e-2, "schedule": "constant"}
    agent = Sft(**settings, validation_every=2, patience=3).learn(state.agent, rows, state)
    note = note_of(agent)
    steps, losses = zip(*note["validation"], strict=True)
    assert note["steps"] < 300
    assert note["steps"] == steps[-1]
    assert note["best_step"] == steps[losses.index(min(losses))] == steps[-4]
    model = load(Path(agent.model), "cpu", "float32")
    pairs = encode(held_out, model.tokenizer, end=2, room=99, encoder_decoder=False).rows
    batch = collator(0, encoder_decoder=False)(pairs)
    assert validation_loss(model.network, [batch], accepted(model.network)) == pytest.approx(min(losses), abs=1e-5)


def test_without_validation_rows_nothing_is_measured(llama, rows, make_state):
    state = make_state(llama)
    note = note_of(Sft(**{**QUICK, "steps": 4}, validation_every=2, patience=1).learn(state.agent, rows, state))
    assert (note["steps"], note["validation"], note["best_step"]) == (4, [], None)


def test_an_epoch_that_does_not_divide_into_steps_trains_its_last_rows_too(llama, rows, make_state, make_example):
    five = [*rows, make_example("a", "one"), make_example("b", "two"), make_example("c", "three")]
    state = make_state(llama, validation=tuple(rows))
    settings = {**QUICK, "steps": None, "epochs": 3, "batch_size": 2, "gradient_accumulation": 2, "learning_rate": 1e-4}
    note = note_of(Sft(**settings, validation_every=100).learn(state.agent, five, state))
    assert note["steps"] == 4  # 15 rows, 4 to a step
    assert [step for step, _ in note["validation"]] == [4]


def test_start_decides_whether_training_begins_at_the_base_or_goes_on(llama, rows, make_state):
    quick, first = {**QUICK, "steps": 40}, make_state(llama, "first")
    previous = Sft(**quick).learn(first.agent, rows, first)
    losses = {}
    for start in ("base", "previous"):
        state = make_state(llama, start, agent=previous, base=first.base)
        agent = Sft(**quick, start=start).learn(previous, rows, state)
        losses[start] = note_of(agent)["losses"][0]
        assert agent.parent == (first.base.fingerprint if start == "base" else previous.fingerprint)
    assert losses["base"] > 3 > 2 > losses["previous"]


def test_the_same_learning_is_not_done_twice(llama, rows, make_state):
    state, calls = make_state(llama), []
    learner = Sft(**{**QUICK, "steps": 3}, watch=lambda *seen: calls.append(seen))
    first = learner.learn(state.agent, rows, state)
    assert learner.learn(state.agent, rows, state) == first
    assert [(step, steps) for step, steps, _ in calls] == [(1, 3), (2, 3), (3, 3)]
    changed = dataclasses.replace(learner, learning_rate=1e-3).learn(state.agent, rows, state)
    assert len(calls) == 6
    assert changed.fingerprint != first.fingerprint
    assert [item.name for item in state.folder.iterdir()] == ["model"]


def test_a_death_in_the_middle_leaves_no_half_folder_and_the_next_try_ends_the_same(llama, rows, make_state):
    class Death(BaseException):
        pass

    def die(step, steps, loss):
        if step == 2:
            raise Death

    quick, calm, state = {**QUICK, "steps": 4}, make_state(llama, "calm"), make_state(llama)
    with pytest.raises(Death):
        Sft(**quick, watch=die).learn(state.agent, rows, state)
    assert not (state.folder / "model").exists()
    (state.folder / "model.partial" / "model.safetensors").write_bytes(b"half")
    again = Sft(**quick).learn(state.agent, rows, state)
    assert again.fingerprint == Sft(**quick).learn(calm.agent, rows, calm).fingerprint
    assert [item.name for item in state.folder.iterdir()] == ["model"]


def test_a_death_between_the_two_renames_loses_nothing(llama, rows, make_state):
    state, learner = make_state(llama), Sft(**{**QUICK, "steps": 1})
    agent = learner.learn(state.agent, rows, state)
    (state.folder / "model").rename(state.folder / "model.replaced")
    assert learner.learn(state.agent, rows, state) == agent


def test_a_full_disk_is_a_storage_error_and_the_earlier_model_stays(llama, rows, make_state):
    state = make_state(llama)
    earlier = Sft(**{**QUICK, "steps": 1}).learn(state.agent, rows, state)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))  # smaller than the weights: writing stops part way
    try:
        with pytest.raises(StorageError, match="full"):
            Sft(**{**QUICK, "steps": 2}).learn(state.agent, rows, state)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert hash_folder(Path(earlier.model)) == earlier.fingerprint


def test_a_place_that_cannot_be_written_is_a_storage_error(llama, rows, make_state, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    state = make_state(llama, "file")
    with pytest.raises(StorageError, match="cannot write"):
        Sft(**QUICK).learn(state.agent, rows, state)
    with pytest.raises(StorageError):
        prepare(tmp_path / "file" / "model")


def test_without_rows_the_agent_comes_back_as_it_was(llama, make_state):
    state = make_state(llama, round=3)
    agent = Sft(**QUICK).learn(state.agent, [], state)
    assert agent == dataclasses.replace(state.agent, round=3)
    assert not state.folder.exists()


def test_rows_that_all_fail_to_fit_are_an_error_that_says_so(llama, rows, make_state):
    state = make_state(llama)
    with pytest.raises(InputError, match="longer than 4 tokens"):
        Sft(**QUICK, max_length=4).learn(state.agent, rows, state)


def test_a_model_that_is_not_there_is_a_missing_error(rows, llama, make_state, tmp_path):
    state = make_state(llama)
    gone = dataclasses.replace(state.base, model=str(tmp_path / "nowhere"))
    with pytest.raises(MissingError):
        Sft(**QUICK).learn(gone, rows, dataclasses.replace(state, base=gone))


@pytest.mark.parametrize("setting", [{"steps": 0}, {"warmup": 1.5}, {"batch_size": 0}, {"epochs": 0.0}, {"lora": -1}])
def test_a_setting_out_of_range_is_named(setting):
    with pytest.raises(RecipeError, match=f"sft.{next(iter(setting))}"):
        Sft(**setting)


def test_half_precision_folders_stay_half_precision(llama, rows, make_state, tmp_path):
    import safetensors.torch
    import torch
    import transformers

    half = tmp_path / "half"
    shutil.copytree(llama, half)
    transformers.AutoModelForCausalLM.from_pretrained(llama, dtype=torch.bfloat16).save_pretrained(half)
    state = make_state(half)
    agent = Sft(**{**QUICK, "steps": 2}).learn(state.agent, rows, state)
    weights = safetensors.torch.load_file(Path(agent.model) / "model.safetensors")
    assert {item.dtype for item in weights.values()} == {torch.bfloat16}


def test_when_memory_runs_out_batches_shrink_and_steps_keep_their_rows():
    settings, sizes = Sft(batch_size=6, gradient_accumulation=4)._settings(0), []
    for _ in range(2):
        settings = smaller(settings, MemoryError())
        sizes.append((settings.batch_size, settings.gradient_accumulation))
    assert sizes == [(3, 8), (1, 24)]
    with pytest.raises(MissingError, match="one training row"):
        smaller(settings, MemoryError())
    with pytest.raises(ZeroDivisionError):
        smaller(settings, ZeroDivisionError())


def test_running_out_of_memory_is_survived_and_noted(llama, rows, make_state):
    seen = []

    def choke(step, steps, loss):
        seen.append(step)
        if len(seen) == 2:
            raise MemoryError

    state = make_state(llama)
    note = note_of(Sft(**{**QUICK, "steps": 3}, watch=choke).learn(state.agent, rows, state))
    assert seen == [1, 2, 1, 2, 3]
    assert (note["steps"], note["batch_size"], note["gradient_accumulation"]) == (3, 2, 2)


def test_an_average_begins_half_way_between_base_and_previous(llama, rows, make_state):
    from safetensors.torch import load_file

    first = make_state(llama, "first")
    previous = Sft(**{**QUICK, "steps": 20}).learn(first.agent, rows, first)
    state = make_state(llama, "average", agent=previous, base=first.base)
    # a step too small to move a weight leaves the start as it was
    still = {**QUICK, "steps": 1, "learning_rate": 1e-12, "weight_decay": 0.0}
    agent = Sft(**still, start="average").learn(previous, rows, state)
    base, last, found = (load_file(f"{item.model}/model.safetensors") for item in (first.base, previous, agent))
    moved = 0.0
    for name, weight in found.items():
        assert (weight - (base[name] + last[name]) / 2).abs().max() < 1e-6
        moved += float((last[name] - base[name]).abs().sum())
    assert moved > 1


def test_fine_tuning_again_gives_the_same_model_or_another_one_as_it_is_told(llama, rows, make_state):
    quick = {**QUICK, "steps": 3}
    for reseed, number in ((False, 1), (True, 2)):
        prints = set()
        for round in (0, 1):
            state = dataclasses.replace(make_state(llama, f"{reseed}-{round}"), round=round)
            prints.add(Sft(**quick, reseed=reseed).learn(state.agent, rows, state).fingerprint)
        assert len(prints) == number
