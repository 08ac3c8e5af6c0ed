"""The token loop: padding, shared prefill, seeds, stop strings and choice, on tiny random models."""

import dataclasses
from collections import Counter
from typing import Any

import numpy as np
import pytest

from etude.models.chance import choose, uniforms
from etude.models.drafts import Draft, Reader
from etude.models.huggingface import HuggingFace
from etude.models.tokens import fit, prompt_tokens, target_tokens
from etude.records import Completion, Request, Sampling
from tests.models.conftest import PROMPTS, Folders, make_tokenizer

GREEDY = Sampling(temperature=0.0, max_tokens=24)
CAUSAL = ("llama", "qwen2", "gpt2", "mistral")
PAIRED = ("t5", "bart")
ALL = (*CAUSAL, *PAIRED)


def written(model: HuggingFace, requests: list[Request]) -> dict[tuple[str, int], Completion]:
    done = list(model.generate(requests))
    assert len(done) == len(requests)
    return {(item.request.prompt, item.request.sample_index): item for item in done}


def reference(model: HuggingFace, prompt: str, count: int) -> list[int]:
    """Greedy tokens by transformers' own `generate`."""
    import torch

    loaded = model.loaded
    ids = torch.tensor([prompt_tokens(loaded.tokenizer, prompt, encoder_decoder=loaded.encoder_decoder)])
    with torch.inference_mode():
        out = loaded.network.generate(
            input_ids=ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=count, num_beams=1,
            eos_token_id=sorted(loaded.ends), pad_token_id=loaded.tokenizer.pad_token_id,
        )[0].tolist()  # fmt: skip
    return out[1:] if loaded.encoder_decoder else out[ids.shape[1] :]


@pytest.mark.parametrize("name", ALL)
def test_greedy_is_what_generate_writes(folders: Folders, name: str) -> None:
    model = folders.model(name)
    done = written(model, [Request(prompt=prompt, sampling=GREEDY) for prompt in PROMPTS])
    for prompt in PROMPTS:
        tokens = reference(model, prompt, GREEDY.max_tokens)
        cut = next((place for place, token in enumerate(tokens) if token in model.loaded.ends), len(tokens))
        completion = done[prompt, 0]
        assert completion.text == model.loaded.tokenizer.decode(tokens[:cut])
        assert completion.completion_tokens == min(cut + 1, GREEDY.max_tokens)
        assert completion.finish == ("stop" if cut < len(tokens) else "length")


@pytest.mark.parametrize("name", ALL)
def test_padding_changes_neither_text_nor_score(folders: Folders, name: str) -> None:
    model = folders.model(name)
    together = written(model, [Request(prompt=prompt, sampling=GREEDY) for prompt in PROMPTS])
    for prompt in PROMPTS:
        alone = written(model, [Request(prompt=prompt, sampling=GREEDY)])
        assert alone[prompt, 0].text == together[prompt, 0].text
    texts = ["\n    return a", " b", "\n    for x in xs:\n        out += x"]
    for text, batched in zip(texts, model.score(PROMPTS[0], texts), strict=True):
        assert model.score(PROMPTS[0], [text])[0] == pytest.approx(batched, abs=1e-4)


@pytest.mark.parametrize("name", ALL)
def test_the_same_seed_and_index_give_the_same_text_whatever_else_is_asked(folders: Folders, name: str) -> None:
    sampling = Sampling(temperature=1.0, max_tokens=20, seed=3)
    model = folders.model(name, batch_size=7)
    many = written(model, [Request(prompt=p, sample_index=i, sampling=sampling) for p in PROMPTS for i in range(5)])
    for prompt, index in [(PROMPTS[0], 4), (PROMPTS[2], 1), (PROMPTS[3], 0)]:
        alone = written(folders.model(name), [Request(prompt=prompt, sample_index=index, sampling=sampling)])
        assert alone[prompt, index] == many[prompt, index]
    assert len({many[PROMPTS[0], index].text for index in range(5)}) > 1
    other = dataclasses.replace(sampling, seed=4)
    again = written(model, [Request(prompt=PROMPTS[0], sample_index=0, sampling=other)])
    assert again[PROMPTS[0], 0].text != many[PROMPTS[0], 0].text


@pytest.mark.parametrize("name", ALL)
def test_the_samples_of_a_prompt_share_one_prefill(folders: Folders, name: str) -> None:
    model, seen = folders.model(name), list[tuple[int, int]]()
    network = model.loaded.network
    reader = network.get_encoder() if name in PAIRED else network
    handle = reader.register_forward_pre_hook(
        lambda module, args, kwargs: seen.append(tuple((args[0] if args else kwargs["input_ids"]).shape)),
        with_kwargs=True,
    )
    sampling = Sampling(temperature=1.0, max_tokens=6)
    list(model.generate([Request(prompt=p, sample_index=i, sampling=sampling) for p in PROMPTS[:2] for i in range(8)]))
    handle.remove()
    lengths = [len(prompt_tokens(model.loaded.tokenizer, p, encoder_decoder=name in PAIRED)) for p in PROMPTS[:2]]
    assert seen[0] == (2, max(lengths))
    assert len(seen) <= (1 if name in PAIRED else 6)
    assert all(width == 1 and rows <= 16 for rows, width in seen[1:])


def test_rows_that_have_ended_leave_the_batch(folders: Folders) -> None:
    model, rows = folders.model("llama"), list[int]()
    loaded = model.loaded
    model.__dict__["loaded"] = dataclasses.replace(loaded, ends=frozenset(range(0, loaded.words, 4)))
    handle = loaded.network.register_forward_pre_hook(
        lambda module, args, kwargs: rows.append(len(kwargs["input_ids"])), with_kwargs=True
    )
    sampling = Sampling(temperature=1.0, max_tokens=40)
    done = list(model.generate([Request(prompt="x", sample_index=i, sampling=sampling) for i in range(32)]))
    handle.remove()
    assert rows[1] == max(rows[1:]) >= 16
    assert rows[-1] < 8
    assert sum(rows[1:]) < 2 * sum(item.completion_tokens for item in done) + 64


def test_stop_strings_are_cut_across_token_borders(folders: Folders) -> None:
    model = folders.model("llama")
    free = written(model, [Request(prompt=PROMPTS[1], sampling=GREEDY)])[PROMPTS[1], 0].text
    tokenizer = model.loaded.tokenizer
    pieces = [tokenizer.decode([token]) for token in target_tokens(tokenizer, free)]
    places = [len("".join(pieces[:count])) for count in (3, 7, 11)]
    for place in places:
        stop = free[place - 1 : place + 2]
        assert len(stop) == 3
        sampling = dataclasses.replace(GREEDY, stop=("never there", stop, free[place + 9 : place + 14]))
        completion = written(model, [Request(prompt=PROMPTS[1], sampling=sampling)])[PROMPTS[1], 0]
        assert completion.text == free[: min(free.find(text) for text in sampling.stop[1:])]
        assert completion.finish == "stop"
        assert completion.completion_tokens < GREEDY.max_tokens


@pytest.mark.parametrize("kind", ["bytes", "spaces", "words"])
def test_stops_are_found_with_every_kind_of_tokenizer(kind: str) -> None:
    tokenizer = make_tokenizer(pad=False) if kind == "bytes" else other_tokenizer(kind)
    text = "return größe ; def after" if kind == "words" else " return größe\ndef after"
    stop = " ; def" if kind == "words" else "ße\nd"
    tokens = target_tokens(tokenizer, text)
    sampling = Sampling(stop=(stop,))
    draft = Draft(
        request=Request(prompt="p", sampling=sampling), reader=Reader(tokenizer), ends=frozenset(), prompt_tokens=1,
        limit=100,
    )  # fmt: skip
    taken = next(count for count, token in enumerate(tokens) if draft.take(token))
    whole = Reader(tokenizer).text(tokens)
    assert whole.strip() == text.strip()
    assert draft.completion().text == whole[: whole.find(stop)]
    assert stop not in Reader(tokenizer).text(tokens[:taken])


def other_tokenizer(kind: str) -> Any:
    tokenizers, transformers = pytest.importorskip("tokenizers"), pytest.importorskip("transformers")
    if kind == "words":
        words = {word: place for place, word in enumerate(["<eos>", "a", "return", "größe", ";", "def", "after"])}
        made = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="<eos>"))
        made.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    else:
        made = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token="<eos>"))
        made.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace(prepend_scheme="first")
        made.decoder = tokenizers.decoders.Metaspace(prepend_scheme="first")
        trainer = tokenizers.trainers.BpeTrainer(vocab_size=60, special_tokens=["<eos>"], show_progress=False)
        made.train_from_iterator(["a return größe\ndef after return größe\ndef after"] * 3, trainer)
    return transformers.PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<eos>")


def test_a_completion_keeps_its_first_space_with_a_space_marking_tokenizer() -> None:
    tokenizer = other_tokenizer("spaces")
    assert Reader(tokenizer).text(target_tokens(tokenizer, " return größe")) == " return größe"
    assert Reader(tokenizer).text(target_tokens(tokenizer, "return größe")) == "return größe"


def test_tokens_are_drawn_as_often_as_the_softmax_says(folders: Folders) -> None:
    import torch

    logits = torch.tensor([0.0, 1.0, -1.0, 2.5, -float("inf"), 0.3])
    count, temperature = 40_000, 0.7
    draws = torch.from_numpy(np.random.default_rng(0).random((count, 1)).astype(np.float32))
    chosen = Counter(choose(logits.expand(count, -1), temperature, 1.0, draws).tolist())
    expected = (logits / temperature).softmax(-1).numpy() * count
    assert chosen[4] == 0
    chi = sum((chosen[token] - expected[token]) ** 2 / expected[token] for token in range(6) if token != 4)
    assert chi < 18.5  # 99.9 % of chi-square with 4 degrees of freedom


def test_first_tokens_of_many_samples_follow_the_model(folders: Folders) -> None:
    model, count = folders.model("llama", batch_size=2000), 2000
    sampling = Sampling(temperature=1.0, max_tokens=1)
    done = list(model.generate([Request(prompt="x", sample_index=i, sampling=sampling) for i in range(count)]))
    tokenizer = model.loaded.tokenizer
    counts = Counter(item.text for item in done)
    import torch

    with torch.inference_mode():
        ids = torch.tensor([prompt_tokens(tokenizer, "x")])
        chances = model.loaded.network(input_ids=ids).logits[0, -1].softmax(-1)
    shares = Counter[str]()
    for token, chance in enumerate(chances.tolist()):  # several tokens are parts of letters and share a text
        shares[tokenizer.decode([token], skip_special_tokens=True)] += chance
    for text, chance in shares.most_common(8):
        assert abs(counts[text] - count * chance) < 4 * (count * chance * (1 - chance)) ** 0.5 + 1


def test_top_p_keeps_the_smallest_sufficient_set_and_its_proportions() -> None:
    torch = pytest.importorskip("torch")
    chances = torch.tensor([0.05, 0.5, 0.15, 0.3])
    draws = torch.linspace(0, 0.9999, 4000)[:, None]
    chosen = Counter(choose(chances.log().expand(4000, -1), 1.0, 0.75, draws).tolist())
    assert set(chosen) == {1, 3}
    assert chosen[1] / chosen[3] == pytest.approx(0.5 / 0.3, rel=0.01)
    assert set(choose(chances.log().expand(4000, -1), 1.0, 0.01, draws).tolist()) == {1}


@pytest.mark.parametrize("draw", [0.0, 1.0])
def test_no_draw_chooses_an_impossible_token(draw: float) -> None:
    torch = pytest.importorskip("torch")
    logits = torch.tensor([[-float("inf"), 1.0, 2.0, -float("inf")]])
    assert choose(logits, 1.0, 1.0, torch.tensor([[draw]])).item() in (1, 2)


def test_more_uniform_numbers_begin_with_fewer_and_depend_on_every_key() -> None:
    request = Request(prompt="p", sample_index=2, sampling=Sampling(seed=1))
    long = uniforms(request, 100)
    assert uniforms(request, 10).tolist() == long[:10].tolist()
    for other in (
        dataclasses.replace(request, prompt="q"),
        dataclasses.replace(request, sample_index=3),
        dataclasses.replace(request, sampling=Sampling(seed=2)),
    ):
        assert uniforms(other, 10).tolist() != long[:10].tolist()


@pytest.mark.parametrize(
    ("length", "asked", "kept", "left"),
    [(10, 20, 10, 20), (90, 20, 80, 20), (10, 500, 10, 90), (90, 500, 50, 50), (100, 0, 100, 0)],
)
def test_a_prompt_that_is_too_long_loses_its_beginning(length: int, asked: int, kept: int, left: int) -> None:
    ids, room = fit(list(range(length)), 100, asked)
    assert (ids, room) == (list(range(length))[length - kept :], left)


def test_a_start_token_survives_the_cut() -> None:
    assert fit([9, *range(20, 40)], 10, 4, bos=9)[0] == [9, *range(35, 40)]


@pytest.mark.parametrize("name", CAUSAL)
def test_prompts_beyond_the_context_are_cut_and_logged(
    folders: Folders, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    long = "x = 1\n" * 80 + "def add(a, b):"
    sampling = Sampling(temperature=0.0, max_tokens=16)
    completion = next(iter(folders.model(name).generate([Request(prompt=long, sampling=sampling)])))
    assert completion.prompt_tokens == 80
    assert completion.completion_tokens <= 16
    assert "lost their beginning" in caplog.text


def test_a_causal_prompt_gets_no_end_token_and_an_encoder_prompt_does() -> None:
    tokenizer = make_tokenizer(pad=True)
    assert prompt_tokens(tokenizer, "def add", encoder_decoder=True)[-1] == tokenizer.eos_token_id
    assert prompt_tokens(tokenizer, "def add")[-1] != tokenizer.eos_token_id
    assert prompt_tokens(tokenizer, "") == [tokenizer.eos_token_id]
    assert tokenizer.eos_token_id not in target_tokens(tokenizer, "def add")
