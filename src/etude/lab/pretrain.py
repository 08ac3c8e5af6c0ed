"""Trains the lab's tokenizer and tiny model from nothing, in minutes on one thread: `python -m etude.lab.pretrain`.

The result is an ordinary Hugging Face folder. The same seed and steps give the same bytes on the same machine; other
processors and other versions of torch may round differently.
"""

import argparse
import random
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from etude.errors import EtudeError, InputError
from etude.lab.card import card
from etude.lab.corpus import Document, lab_documents
from etude.lab.world import PROBES, Behaviour, held_out

HOME = Path(__file__).parent / "model"
END, PAD = "<|end|>", "<|pad|>"
VOCABULARY = 1024
STEPS = 2000
WIDTH = 96
ROWS = 32
RATE = 4e-3
PROMPT_WEIGHT = 0.1
"""What a token of a prompt counts in the loss; a token of the answer counts 1."""
CHUNKS = r'[0-9]|\n *|, |"""|(?:(?!, |""")[^0-9\n])+'
"""Where tokens may not cross: digits, commas and quotes stand alone, a newline keeps its indent, words may join."""


def train_tokenizer(seed: int, texts: int = 4000) -> Any:
    """A byte-level BPE tokenizer trained on the first documents of the corpus."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    split = pre_tokenizers.Split(Regex(CHUNKS), "isolated")
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, byte_level])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[END, PAD],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    rows = islice(lab_documents(seed), texts)
    tokenizer.train_from_iterator((row.prompt + row.completion for row in rows), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END,
        pad_token=PAD,
        clean_up_tokenization_spaces=False,
        model_max_length=512,
    )


def new_model(tokenizer: Any, seed: int, width: int = WIDTH) -> Any:
    """An untrained Llama-type model; of the usual width it has about half a million parameters."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=width,
            intermediate_size=width * 8 // 3,
            num_hidden_layers=4,
            num_attention_heads=4,
            num_key_value_heads=4,
            max_position_embeddings=512,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


Row = tuple[list[int], int]
"""The tokens of a document and how many of them are its prompt's."""


def encode(tokenizer: Any, document: Document) -> Row:
    """Prompt and completion, tokenised apart as they are in use, and the end token."""
    prompt = tokenizer(document.prompt)["input_ids"]
    return prompt + tokenizer(document.completion)["input_ids"] + [tokenizer.eos_token_id], len(prompt)


def batches(tokenizer: Any, seed: int) -> Iterator[list[Row]]:
    """Batches of documents of about the same length, in a seeded order, without end."""
    rng = random.Random(f"lab/batches/{seed}")
    stream = lab_documents(seed)
    while True:
        pool = sorted((encode(tokenizer, row) for row in islice(stream, ROWS * 16)), key=lambda row: len(row[0]))
        starts = list(range(0, len(pool), ROWS))
        rng.shuffle(starts)
        yield from (pool[start : start + ROWS] for start in starts)


def loss_of(model: Any, rows: list[Row], pad: int) -> Any:
    """The weighted mean cross-entropy of a batch."""
    import torch

    width = max(len(tokens) for tokens, _ in rows)
    ids = torch.tensor([tokens + [pad] * (width - len(tokens)) for tokens, _ in rows])
    weights = torch.tensor(
        [[PROMPT_WEIGHT] * n + [1.0] * (len(tokens) - n) + [0.0] * (width - len(tokens)) for tokens, n in rows]
    )[:, 1:]
    # Rows are padded on the right, so a causal model needs no attention mask.
    logits = model(input_ids=ids[:, :-1]).logits.float()
    losses = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
    return (losses * weights.flatten()).sum() / weights.sum()


def train(model: Any, tokenizer: Any, seed: int, steps: int, say: Any = print) -> float:
    """Trains in place and returns the last loss, smoothed."""
    import torch

    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps + 1, pct_start=min(0.05, 0.5))
    smooth, begun = 0.0, time.process_time()
    for step, rows in enumerate(islice(batches(tokenizer, seed), steps)):
        loss = loss_of(model, rows, tokenizer.pad_token_id)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        smooth = loss.item() if step == 0 else 0.98 * smooth + 0.02 * loss.item()
        if step % 100 == 99 or step == steps - 1:
            say(f"step {step + 1}/{steps}  loss {smooth:.3f}  {time.process_time() - begun:.0f} s", flush=True)
    return smooth


def check(folder: Path, seed: int, count: int = 5000) -> None:
    """Checks a folder against its world: the corpus holds nothing held out, and the tokenizer is that of the corpus.

    Raises:
        InputError: One of the two is not so.
    """
    held, leaks = held_out(seed), 0
    for row in islice(lab_documents(seed), count):
        leaks += sum(outputs in held for outputs in run_text(row))
    if leaks:
        raise InputError(f"{leaks} functions in the first {count} documents have a held-out behaviour", expected="none")
    ours, theirs = train_tokenizer(seed).get_vocab(), _load_tokenizer(folder).get_vocab()
    if ours != theirs:
        raise InputError(f"{folder}: the tokenizer is not that of world {seed}", fix="python -m etude.lab.pretrain")
    print(f"{count} documents without a held-out behaviour; {folder} has the tokenizer of world {seed}")


def run_text(row: Document) -> list[Behaviour]:
    """What the functions in a document's text do, found by running them: the text is our own generator's."""
    found = []
    for piece in (row.prompt + row.completion).split("def f(")[1:]:
        space: dict[str, Any] = {}
        exec("def f(" + piece, space)
        found.append(tuple(repr(space["f"](list(probe))) for probe in PROBES))
    return found


def _load_tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


def make(folder: Path, seed: int, steps: int, width: int = WIDTH) -> None:
    """Trains tokenizer and model from nothing and writes the folder with its card."""
    import torch

    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    tokenizer = train_tokenizer(seed)
    model = new_model(tokenizer, seed, width)
    count = sum(weights.numel() for weights in model.parameters())
    print(f"{count:,} parameters, {len(tokenizer):,} tokens", flush=True)
    loss = train(model, tokenizer, seed, steps)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "README.md").write_text(card(count, len(tokenizer), seed, steps, ROWS, loss), encoding="utf-8")
    for file in folder.iterdir():
        file.chmod(0o644)
    print(f"wrote {folder}", flush=True)


def main(arguments: list[str] | None = None) -> int:
    """The command line: trains and writes the folder, or checks it."""
    parser = argparse.ArgumentParser(description="Train the lab's tiny model from nothing.")
    parser.add_argument("--out", type=Path, default=HOME, help="the folder (default: the package's own)")
    parser.add_argument("--seed", type=int, default=0, help="the world")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--width", type=int, default=WIDTH, help="of the hidden states; a multiple of 4")
    parser.add_argument("--check", action="store_true", help="train nothing; check the folder and the corpus")
    options = parser.parse_args(arguments)
    try:
        if options.check:
            check(options.out, options.seed)
        else:
            make(options.out, options.seed, options.steps, options.width)
    except EtudeError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
