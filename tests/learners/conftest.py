"""Tiny random models made on the spot: a Llama and a T5 of some ten thousand parameters, with a small tokenizer."""

from pathlib import Path

import pytest

from etude.models.folders import hash_folder
from etude.protocols import State
from etude.records import Agent, Example

TEXTS = [
    "def f(xs):",
    "    return sorted(xs)",
    "    return xs[::-1]",
    "reverse the list",
    "sort the list",
    "one two three",
]


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def save_tokenizer(folder, *, start=True, pad="<pad>"):
    import tokenizers
    import transformers

    base = tokenizers.Tokenizer(tokenizers.models.BPE())
    base.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    base.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<pad>", "<s>", "</s>"],
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    base.train_from_iterator(TEXTS * 4, trainer)
    if start:
        base.post_processor = tokenizers.processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    else:
        base.post_processor = tokenizers.processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 2)])
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=base, bos_token="<s>", eos_token="</s>", pad_token=pad
    )
    tokenizer.save_pretrained(folder)
    return tokenizer


@pytest.fixture(scope="session")
def llama(tmp_path_factory) -> Path:
    import torch
    import transformers

    folder = tmp_path_factory.mktemp("models") / "llama"
    tokenizer = save_tokenizer(folder)
    torch.manual_seed(1)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=128, tie_word_embeddings=True, bos_token_id=1, eos_token_id=2, pad_token_id=0,
    )  # fmt: skip
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def t5(tmp_path_factory) -> Path:
    import torch
    import transformers

    folder = tmp_path_factory.mktemp("models") / "t5"
    tokenizer = save_tokenizer(folder, start=False)
    torch.manual_seed(1)
    config = transformers.T5Config(
        vocab_size=len(tokenizer), d_model=32, d_kv=16, d_ff=64, num_layers=2, num_heads=2,
        decoder_start_token_id=0, eos_token_id=2, pad_token_id=0,
    )  # fmt: skip
    transformers.T5ForConditionalGeneration(config).save_pretrained(folder)
    return folder


def example(prompt, target, **more):
    return Example(prompt=prompt, target=target, program=prompt + target, task_id=f"t/{prompt}", **more)


def state_for(model, folder, **more):
    base = Agent(model=str(model), fingerprint=hash_folder(Path(model)))
    return State(**{"round": 0, "seed": 0, "folder": folder, "base": base, "agent": base, **more})


@pytest.fixture
def rows():
    return [
        example("# sort the list\ndef f(xs):", "\n    return sorted(xs)"),
        example("# reverse the list\ndef f(xs):", "\n    return xs[::-1]"),
    ]


@pytest.fixture
def make_example():
    return example


@pytest.fixture
def make_state(tmp_path):
    return lambda model, name="round", **more: state_for(model, tmp_path / name, **more)
