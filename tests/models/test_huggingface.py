"""Loading, fingerprints, scores and memory: what the model part promises beyond the token loop."""

import dataclasses
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

from etude.errors import EtudeError, InputError, MissingError
from etude.models import huggingface
from etude.models.decoding import decode, out_of_memory
from etude.models.huggingface import HuggingFace
from etude.models.tokens import prompt_tokens, target_tokens
from etude.records import Request, Sampling
from tests.models.conftest import PROMPTS, Folders

SHORT = Sampling(temperature=1.0, max_tokens=8, seed=5)
ASKED = [Request(prompt=prompt, sample_index=index, sampling=SHORT) for prompt in PROMPTS for index in range(4)]


@pytest.mark.parametrize("name", ["llama", "gpt2"])
def test_a_score_is_the_log_softmax_of_each_token(folders: Folders, name: str) -> None:
    import torch

    model, texts = folders.model(name), ["\n    return a + b", "", " x", "\n    for x in xs:"]
    scores, loaded = model.score(PROMPTS[0], texts), model.loaded
    prompt = prompt_tokens(loaded.tokenizer, PROMPTS[0])
    for text, scored in zip(texts, scores, strict=True):
        target = target_tokens(loaded.tokenizer, text)
        assert len(scored) == len(target)
        with torch.inference_mode():
            logits = loaded.network(input_ids=torch.tensor([prompt + target])).logits[0]
        for place, token in enumerate(target):
            row = logits[len(prompt) + place - 1].double()
            by_hand = row[token] - torch.log(torch.exp(row - row.max()).sum()) - row.max()
            assert scored[place] == pytest.approx(by_hand.item(), abs=1e-4)


def test_an_encoder_decoder_scores_what_its_decoder_says(folders: Folders) -> None:
    import torch

    model, text = folders.model("t5"), "\n    return a"
    loaded = model.loaded
    prompt = prompt_tokens(loaded.tokenizer, PROMPTS[0], encoder_decoder=True)
    target = target_tokens(loaded.tokenizer, text)
    with torch.inference_mode():
        labels = torch.tensor([target])
        logits = loaded.network(input_ids=torch.tensor([prompt]), labels=labels).logits[0].log_softmax(-1)
    expected = [logits[place, token].item() for place, token in enumerate(target)]
    assert model.score(PROMPTS[0], [text, "x"])[0] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("name", ["gpt2", "llama", "bart"])
def test_a_score_fits_into_the_context_or_says_so(folders: Folders, name: str) -> None:
    model = folders.model(name)
    tokens = model.loaded.tokenizer
    text = "x = 1\n" * 15
    scored = model.score("y = 2\n" * 60, [text])[0]
    assert len(scored) == len(target_tokens(tokens, text)) > 48
    with pytest.raises(InputError, match="continuation"):
        model.score("x", ["x = 1\n" * 60])


def test_a_batch_that_does_not_fit_is_halved_and_nothing_is_lost_or_changed(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    expected = {(c.request.prompt, c.request.sample_index): c.text for c in folders.model("llama").generate(ASKED)}
    errors = iter([RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), MemoryError()] * 9)
    sizes = list[int]()

    def narrow(loaded: Any, reader: Any, groups: Any, **settings: Any) -> Any:
        sizes.append(sum(len(group.requests) for group in groups))
        if sizes[-1] > 3:
            raise next(errors)
        return decode(loaded, reader, groups, **settings)

    monkeypatch.setattr(huggingface, "decode", narrow)
    model = folders.model("llama", batch_size=16)
    done = list(model.generate(ASKED))
    assert {(c.request.prompt, c.request.sample_index): c.text for c in done} == expected
    assert len(done) == len(ASKED)
    assert sizes[:4] == [16, 8, 4, 2]
    assert max(sizes[3:]) == model.capacity == 2
    assert "going on with 2" in caplog.text


def test_an_error_inside_the_network_that_is_about_memory_is_survived(folders: Folders) -> None:
    model = folders.model("llama", batch_size=16)

    def refuse(module: Any, args: Any, kwargs: Any) -> None:
        if kwargs["input_ids"].shape[0] > 5:
            raise RuntimeError("not enough memory: you tried to allocate 1 GB")

    handle = model.loaded.network.register_forward_pre_hook(refuse, with_kwargs=True)
    assert len(list(model.generate(ASKED))) == len(ASKED)
    assert len(model.score("x", [" y"] * 9)) == 9
    handle.remove()
    assert model.capacity == 4


def test_one_sequence_that_does_not_fit_is_an_error_with_advice(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*parts: Any, **_: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(huggingface, "decode", never)
    with pytest.raises(MissingError, match="max_tokens"):
        list(folders.model("llama").generate(ASKED))


def test_an_error_that_is_not_about_memory_is_not_swallowed(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*parts: Any, **_: Any) -> Any:
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(huggingface, "decode", broken)
    with pytest.raises(RuntimeError, match="shapes"):
        list(folders.model("llama").generate(ASKED))
    assert not out_of_memory(ValueError("out of memory"))


def test_completions_stream_out_batch_by_batch(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    batches = list[int]()
    monkeypatch.setattr(huggingface, "decode", lambda *parts, **how: batches.append(1) or decode(*parts, **how))
    stream = folders.model("llama", batch_size=4).generate(ASKED)
    next(stream)
    assert len(batches) == 1
    assert len(list(stream)) == len(ASKED) - 1
    assert len(batches) == len(PROMPTS)


def test_consumers_of_the_stream_can_train(folders: Folders) -> None:
    import torch

    for _ in folders.model("llama").generate(ASKED[:2]):
        assert not torch.is_inference_mode_enabled()
        assert torch.is_grad_enabled()


def test_a_local_folder_never_reaches_the_network(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*parts: Any, **named: Any) -> Any:
        raise AssertionError("a connection was opened")

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.delenv("TRANSFORMERS_OFFLINE", raising=False)
    for name in ("create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    model = folders.model("qwen2")
    assert model.fingerprint
    assert list(model.generate(ASKED[:1]))


def test_nothing_is_printed_and_the_settings_of_transformers_are_put_back(
    folders: Folders, capfd: pytest.CaptureFixture[str]
) -> None:
    import transformers

    before = transformers.utils.logging.get_verbosity(), transformers.utils.logging.is_progress_bar_enabled()
    capfd.readouterr()
    for name in ("llama", "t5"):
        model = folders.model(name)
        list(model.generate(ASKED[:2]))
        model.score("x", ["y"])
    assert capfd.readouterr() == ("", "")
    assert (transformers.utils.logging.get_verbosity(), transformers.utils.logging.is_progress_bar_enabled()) == before


def test_a_fingerprint_follows_weights_config_and_tokenizer_only(folders: Folders, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folders.llama, copy)
    first = HuggingFace(path=str(copy)).fingerprint
    assert first == folders.model("llama").fingerprint
    assert len(first) == 16
    (copy / "trainer_state.json").write_text("{}")
    (copy / "README.md").write_text("notes")
    assert HuggingFace(path=str(copy)).fingerprint == first
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        old = (copy / name).read_bytes()
        (copy / name).write_bytes(old + b" ")
        assert HuggingFace(path=str(copy)).fingerprint != first
        (copy / name).write_bytes(old)


def break_folder(folder: Path, how: str) -> None:
    if how == "no config":
        (folder / "config.json").unlink()
    elif how == "no weights":
        (folder / "model.safetensors").unlink()
    elif how == "no tokenizer":
        for file in folder.glob("tokenizer*"):
            file.unlink()
    elif how == "empty":
        for file in folder.iterdir():
            file.unlink()
    elif how == "truncated weights":
        file = folder / "model.safetensors"
        file.write_bytes(file.read_bytes()[:2000])
    elif how == "config is no JSON":
        (folder / "config.json").write_text("{")
    elif how == "unknown kind of model":
        (folder / "config.json").write_text('{"model_type": "walrus"}')
    elif how == "code of its own":
        (folder / "config.json").write_text('{"model_type": "walrus", "auto_map": {"AutoConfig": "walrus.Walrus"}}')
    elif how == "another shape":
        text = (folder / "config.json").read_text()
        (folder / "config.json").write_text(text.replace('"intermediate_size": 48', '"intermediate_size": 50'))
    elif how == "a layer missing":
        text = (folder / "config.json").read_text()
        (folder / "config.json").write_text(text.replace('"num_hidden_layers": 2', '"num_hidden_layers": 3'))
    elif how == "tokenizer is no JSON":
        (folder / "tokenizer.json").write_text("{")
    elif how == "adapter only":
        (folder / "config.json").unlink()
        (folder / "adapter_config.json").write_text("{}")


@pytest.mark.parametrize(
    "how",
    ["no config", "no weights", "no tokenizer", "empty", "truncated weights", "config is no JSON", "another shape",
     "unknown kind of model", "code of its own", "a layer missing", "tokenizer is no JSON", "adapter only"],
)  # fmt: skip
def test_a_folder_that_is_no_model_is_a_users_mistake(folders: Folders, tmp_path: Path, how: str) -> None:
    folder = tmp_path / "model"
    shutil.copytree(folders.llama, folder)
    break_folder(folder, how)
    with pytest.raises(InputError) as caught:
        list(HuggingFace(path=str(folder), device="cpu").generate(ASKED[:1]))
    assert str(folder) in caught.value.found
    assert caught.value.expected
    assert caught.value.fix


def test_a_missing_folder_names_its_neighbours(folders: Folders) -> None:
    with pytest.raises(MissingError) as caught:
        _ = HuggingFace(path=str(folders.llama.parent / "lama")).fingerprint
    assert str(folders.llama) in caught.value.choices


def test_a_hub_model_without_a_network_is_a_users_mistake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*parts: Any, **named: Any) -> Any:
        raise OSError("no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(MissingError) as caught:
        _ = HuggingFace(path="nobody/such-a-model", revision="main").fingerprint
    assert "nobody/such-a-model (revision main)" in caught.value.found


@pytest.mark.parametrize(
    "settings", [{"device": "abacus"}, {"dtype": "float3"}, {"device": "cuda:77"}, {"batch_size": 0}]
)
def test_settings_out_of_range_are_a_users_mistake(folders: Folders, settings: dict[str, Any]) -> None:
    model = HuggingFace(path=str(folders.llama), **settings)
    with pytest.raises(EtudeError):
        list(model.generate(ASKED[:1]))


@pytest.mark.parametrize(
    "change", [{"temperature": -1.0}, {"top_p": 0.0}, {"top_p": 1.5}, {"max_tokens": -1}, {"stop": ("",)}]
)
def test_sampling_out_of_range_is_a_users_mistake(folders: Folders, change: dict[str, Any]) -> None:
    request = Request(prompt="x", sampling=dataclasses.replace(SHORT, **change))
    with pytest.raises(InputError):
        list(folders.model("llama").generate([request]))


def test_weights_that_give_no_numbers_are_said_to(folders: Folders) -> None:
    import torch

    model = folders.model("llama")
    with torch.no_grad():
        model.loaded.network.lm_head.weight.fill_(float("nan"))
    with pytest.raises(InputError, match="NaN"):
        list(model.generate(ASKED[:1]))


def test_empty_prompts_no_tokens_and_repeated_requests_are_answered(folders: Folders) -> None:
    model = folders.model("llama")
    assert list(model.generate([])) == []
    assert model.score("x", []) == []
    nothing = Request(prompt="x", sampling=dataclasses.replace(SHORT, max_tokens=0))
    assert [(c.text, c.completion_tokens, c.finish) for c in model.generate([nothing])] == [("", 0, "length")]
    twice = [Request(prompt="", sampling=SHORT)] * 2
    first, second = model.generate(twice)
    assert first == second


def test_a_group_too_large_for_a_batch_is_split(folders: Folders) -> None:
    one = [Request(prompt="x", sample_index=index, sampling=SHORT) for index in range(11)]
    whole = {c.request.sample_index: c.text for c in folders.model("llama").generate(one)}
    split = {c.request.sample_index: c.text for c in folders.model("llama", batch_size=3).generate(one)}
    assert split == whole
