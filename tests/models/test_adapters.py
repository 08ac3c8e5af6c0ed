"""Folders that hold a peft adapter alone: loaded onto their base, named by both, and swapped into a vLLM engine."""

import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from etude import config
from etude.errors import InputError, MissingError
from etude.models.chance import seed_of
from etude.models.folders import base_of, find_folder, hash_folder, is_adapter
from etude.models.huggingface import HuggingFace
from etude.models.vllm import VLLM, settings_of
from etude.models.vllm_engine import Shelf, Weights, weights_of
from etude.records import Request, Sampling
from tests.conftest import require
from tests.models.conftest import PROMPTS, Folders

require("peft", reason="adapters need the train extra")
GREEDY = Sampling(temperature=0.0, max_tokens=8)


@pytest.fixture(scope="module")
def adapted(folders: Folders, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as learners leave it: a merged model, and beside it the adapter that it was merged from."""
    import peft
    import torch
    import transformers

    folder = tmp_path_factory.mktemp("adapted") / "model"
    torch.manual_seed(1)
    base = transformers.AutoModelForCausalLM.from_pretrained(folders.llama)
    network = peft.get_peft_model(
        base, peft.LoraConfig(r=4, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")
    )
    for name, weights in network.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weights, std=2.0)
    network.save_pretrained(folder / "adapter")
    network.merge_and_unload().save_pretrained(folder)
    transformers.AutoTokenizer.from_pretrained(folders.llama).save_pretrained(folder)
    return folder


def texts(folder: Path) -> list[str]:
    asked = [Request(prompt=prompt, sampling=GREEDY) for prompt in PROMPTS]
    return sorted(done.text for done in HuggingFace(path=str(folder), device="cpu").generate(asked))


def test_an_adapter_writes_what_the_merged_model_writes(folders: Folders, adapted: Path) -> None:
    assert texts(adapted / "adapter") == texts(adapted) != texts(folders.llama)
    assert HuggingFace(path=str(adapted / "adapter"), device="cpu").fits("x", 4)


def test_an_adapter_is_named_by_itself_and_its_base_wherever_they_lie(
    folders: Folders, adapted: Path, tmp_path: Path
) -> None:
    names = {hash_folder(folder) for folder in (adapted, adapted / "adapter", folders.llama)}
    assert len(names) == 3
    shutil.copytree(folders.llama, tmp_path / "base")
    shutil.copytree(adapted / "adapter", tmp_path / "moved")
    facts = json.loads((tmp_path / "moved" / "adapter_config.json").read_text())
    facts["base_model_name_or_path"] = "../base"
    (tmp_path / "moved" / "adapter_config.json").write_text(json.dumps(facts))
    assert base_of(tmp_path / "moved").samefile(tmp_path / "base")
    assert hash_folder(tmp_path / "moved") == hash_folder(adapted / "adapter")


@pytest.mark.parametrize(("named", "error"), [("", InputError), ("no/such/place", MissingError)])
def test_an_adapter_without_a_base_is_a_users_error(
    adapted: Path, tmp_path: Path, named: str, error: type[Exception]
) -> None:
    folder = tmp_path / "lonely"
    shutil.copytree(adapted / "adapter", folder)
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": named, "r": 4}))
    with pytest.raises(error):
        find_folder(str(folder))


def test_an_adapter_without_weights_is_a_users_error(adapted: Path, tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text((adapted / "adapter" / "adapter_config.json").read_text())
    assert is_adapter(tmp_path)
    with pytest.raises(InputError, match="adapter weights"):
        find_folder(str(tmp_path))


def test_an_engine_keeps_its_base_where_the_next_agent_is_an_adapter_on_it(folders: Folders, adapted: Path) -> None:
    beside, base = adapted / "adapter", folders.llama
    assert weights_of(adapted, 8, base) == Weights(folder=base, adapter=beside), "swapped in"
    assert weights_of(adapted, 8, None) == Weights(folder=adapted), "nothing runs yet: the merged model"
    assert weights_of(adapted, 0, base) == Weights(folder=adapted), "adapters are not wanted"
    assert weights_of(adapted, 2, base) == Weights(folder=adapted), "its rank is 4"
    assert weights_of(adapted, 8, adapted) == Weights(folder=adapted), "another base runs"
    assert weights_of(base, 8, base) == Weights(folder=base)
    assert weights_of(beside, 8, None) == Weights(folder=base, adapter=beside)
    with pytest.raises(InputError, match="rank 4, and the engine takes up to 2"):
        weights_of(beside, 2, base)


def test_rounds_share_an_engine_and_a_recipe_cannot_name_it(folders: Folders, adapted: Path) -> None:
    from etude.records import Agent
    from etude.workbench import model_of

    part = config.Part.of("vllm", path=str(folders.llama), lora=8, more={"enforce_eager": True})
    first = config.build("models", part)
    assert first == VLLM(path=str(folders.llama), lora=8, more={"enforce_eager": True})
    second: Any = model_of(first, Agent(model=str(adapted), fingerprint="x"))
    assert (second.path, second.lora) == (str(adapted), 8)
    assert second.shelf is first.shelf
    assert second.fingerprint != first.fingerprint
    assert VLLM(path=str(folders.llama)).shelf is not first.shelf


@pytest.mark.parametrize("settings", [{"batch_size": 0}, {"lora": -1}, {"memory": 0.0}, {"memory": 1.5}])
def test_a_setting_out_of_range_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        VLLM(path="x", **settings)


@pytest.mark.skipif(importlib.util.find_spec("vllm") is not None, reason="vLLM is installed here")
def test_without_vllm_the_user_is_told_what_else_there_is(folders: Folders) -> None:
    with pytest.raises(MissingError, match="vLLM is not installed") as caught:
        list(VLLM(path=str(folders.llama)).generate([Request(prompt="x", sampling=GREEDY)]))
    assert "etude[vllm]" in caught.value.fix
    assert caught.value.choices[0] == "huggingface"


def test_each_sample_is_asked_with_its_own_seed_and_a_chat_without_stop_strings() -> None:
    sampling = Sampling(temperature=0.7, top_p=0.9, max_tokens=20, stop=("\n\n",), seed=4)
    first, second = (Request(prompt="p", sample_index=index, sampling=sampling) for index in range(2))
    told = settings_of(first, 12, chat=False, logprobs=False)
    drawing = {"temperature": 0.7, "top_p": 0.9, "max_tokens": 12}
    assert told == {**drawing, "seed": seed_of(first), "stop": ["\n\n"], "logprobs": None}
    assert settings_of(second, 12, chat=False, logprobs=False)["seed"] != told["seed"]
    assert settings_of(first, 12, chat=True, logprobs=True) == {**told, "stop": None, "logprobs": 0}


def test_vllm_itself_takes_what_we_ask_and_swaps_an_adapter(folders: Folders, adapted: Path) -> None:
    """The whole of it, where vLLM is installed: one engine, the base, an adapter, the base again."""
    vllm = pytest.importorskip("vllm", reason="vLLM is not installed (it wants an environment of its own)")
    vllm.SamplingParams(**settings_of(Request(prompt="p"), 3, chat=False, logprobs=True))
    base = VLLM(path=str(folders.llama), dtype="float32", lora=8, logprobs=True, more={"enforce_eager": True})
    asked = [Request(prompt=prompt, sampling=GREEDY) for prompt in PROMPTS]
    from etude.records import Agent
    from etude.workbench import model_of

    plain = sorted(done.text for done in base.generate(asked))
    swapped: Any = model_of(base, Agent(model=str(adapted), fingerprint="x"))
    assert sorted(done.text for done in swapped.generate(asked)) == texts(adapted)
    assert sorted(done.text for done in base.generate(asked)) == plain == texts(folders.llama)
    assert base.shelf.started == 1
    base.shelf.close()
    assert base.shelf == Shelf(started=1, _adapters=base.shelf._adapters)
