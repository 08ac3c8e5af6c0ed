"""Tiny random models, made on the spot and saved as ordinary folders; nothing is downloaded."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from etude.models.huggingface import HuggingFace

CORPUS = [
    "def add(a, b):\n    return a + b\n",
    "def total(xs):\n    out = 0\n    for x in xs:\n        out += x\n    return out\n",
    "# keep the even ones\ndef even(xs):\n    return [x for x in xs if x % 2 == 0]\n",
    "print(add(1, 2))\nassert total([1, 2, 3]) == 6\n",
]
PROMPTS = ["def add(a, b):", "# keep the even ones of a list\ndef even(xs):", "x", "def total(xs):\n    out = 0"]


@dataclass(frozen=True)
class Folders:
    """Model folders by architecture: causal ones, `mistral` with a sliding window; `t5` and `bart` with an encoder."""

    llama: Path
    qwen2: Path
    gpt2: Path
    mistral: Path
    t5: Path
    bart: Path

    def model(self, name: str, **settings: Any) -> HuggingFace:
        return HuggingFace(path=str(getattr(self, name)), device="cpu", **settings)


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    torch = pytest.importorskip("torch", reason="models need the train extra")
    transformers = pytest.importorskip("transformers", reason="models need the train extra")
    torch.set_num_threads(1)
    root = tmp_path_factory.mktemp("models")
    byte_level = make_tokenizer(pad=False)
    paired = make_tokenizer(pad=True)
    size = {"vocab_size": len(byte_level), "eos_token_id": 0, "bos_token_id": None, "initializer_range": 0.4}
    body = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
    networks = {
        "llama": lambda: transformers.LlamaForCausalLM(
            transformers.LlamaConfig(**size, **body, num_key_value_heads=2, max_position_embeddings=96)
        ),
        "qwen2": lambda: transformers.Qwen2ForCausalLM(
            transformers.Qwen2Config(**size, **body, num_key_value_heads=4, max_position_embeddings=96)
        ),
        "gpt2": lambda: transformers.GPT2LMHeadModel(
            transformers.GPT2Config(**size, n_embd=32, n_layer=2, n_head=4, n_positions=96)
        ),
        "mistral": lambda: transformers.MistralForCausalLM(
            transformers.MistralConfig(
                **size, **body, num_key_value_heads=2, max_position_embeddings=96, sliding_window=8
            )
        ),
        "t5": lambda: transformers.T5ForConditionalGeneration(
            transformers.T5Config(
                vocab_size=len(paired), d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4,
                eos_token_id=0, pad_token_id=1, decoder_start_token_id=1, initializer_factor=4.0,
            )
        ),
        "bart": lambda: transformers.BartForConditionalGeneration(
            transformers.BartConfig(
                vocab_size=len(paired), d_model=32, encoder_ffn_dim=48, decoder_ffn_dim=48, encoder_layers=2,
                decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=4, max_position_embeddings=96,
                eos_token_id=0, pad_token_id=1, bos_token_id=0, decoder_start_token_id=0, forced_eos_token_id=None,
                init_std=0.4,
            )
        ),
    }  # fmt: skip
    for name, make in networks.items():
        torch.manual_seed(7)
        make().save_pretrained(root / name)
        (paired if name in ("t5", "bart") else byte_level).save_pretrained(root / name)
    return Folders(**{name: root / name for name in networks})


def make_tokenizer(*, pad: bool) -> Any:
    """A byte-level BPE of a few hundred tokens; with `pad`, one that ends a text as T5's does."""
    import tokenizers
    import transformers

    special = ["<eos>", "<pad>"] if pad else ["<eos>"]
    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=330, special_tokens=special, initial_alphabet=sorted(alphabet), show_progress=False
    )
    made.train_from_iterator(CORPUS * 4, trainer)
    if pad:
        made.post_processor = tokenizers.processors.TemplateProcessing(
            single="$A <eos>", special_tokens=[("<eos>", made.token_to_id("<eos>"))]
        )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token="<eos>", pad_token="<pad>" if pad else None
    )
