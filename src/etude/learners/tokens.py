"""From training rows to token ids, to an order, to padded batches.

A row is exactly the prompt's tokens as sampling sees them, then the target's tokens, then the end token. Prompt and
target are never tokenised together: at sampling time the model continues after the prompt's own tokens, so a token
that spans the border would be trained and never met (`etude.models.tokens` is shared with sampling). Nothing here
knows a network or an optimiser.
"""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from etude.errors import InputError
from etude.models.loading import Loaded
from etude.models.tokens import Style, prompt_tokens, target_tokens
from etude.records import Example

IGNORED = -100  # the label that torch's cross entropy leaves out
WINDOW = 8  # optimizer steps whose rows are sorted by length together
TRAINABLE = ("sft", "demo", "text")


class Row(NamedTuple):
    """One training row: token ids of the prompt and of the target (its end token included), and how much it counts."""

    prompt: list[int]
    target: list[int]
    weight: float


@dataclass(frozen=True, slots=True)
class Encoded:
    """The rows that can be trained on, and what happened to the others.

    Attributes:
        dropped: Rows whose target alone does not fit.
        cut: Rows whose prompt lost its beginning.
        silent: Rows of weight 0, which teach nothing.
    """

    rows: list[Row]
    dropped: int
    cut: int
    silent: int


def encode(
    examples: Sequence[Example],
    tokenizer: Any,
    *,
    end: int | None,
    room: int,
    encoder_decoder: bool,
    style: Style = "auto",
) -> Encoded:
    """Token ids of every example, in order.

    A prompt that is too long is cut from the left (a start token stays); a target is never cut. Weights are scaled so
    that their mean over all target tokens is 1: equal weights change nothing.

    Args:
        end: The token that ends a target, or None where the model has none.
        room: Tokens of a whole row; for an encoder-decoder, of the prompt and of the target each.
        style: How the model is asked.

    Raises:
        InputError: An example is of a kind that this method cannot learn from, or its weight is no weight.
    """
    rows, dropped, cut, silent = list[Row](), 0, 0, 0
    for example in examples:
        _check(example)
        if example.weight == 0:
            silent += 1
            continue
        target = target_tokens(tokenizer, example.target) + ([] if end is None else [end])
        prompt = prompt_tokens(tokenizer, example.prompt, encoder_decoder=encoder_decoder, style=style)
        space = room if encoder_decoder else room - len(target)
        if len(target) > room or space < 1 or not target:
            dropped += 1
            continue
        cut += len(prompt) > space
        rows.append(Row(shortened(prompt, space, tokenizer.bos_token_id), target, example.weight))
    return Encoded(_balanced(rows), dropped, cut, silent)


def _check(example: Example) -> None:
    if example.kind not in TRAINABLE:
        raise InputError(
            f"a row of kind {example.kind!r} (task {example.task_id}) cannot be learned by sft",
            expected="rows with a prompt and a target",
            choices=TRAINABLE,
            fix="choose a learner for this kind of row, or curators that make sft rows",
        )
    if not (math.isfinite(example.weight) and example.weight >= 0):
        raise InputError(f"the weight of a row of task {example.task_id} is {example.weight}", expected="0 or more")


def shortened(prompt: list[int], space: int, start: int | None) -> list[int]:
    """The last `space` tokens of a prompt; a start token stays."""
    if len(prompt) <= space:
        return prompt
    keep = [prompt[0]] if prompt[0] == start and space > 1 else []
    return keep + prompt[len(prompt) - space + len(keep) :]


def end_of(loaded: Loaded) -> int | None:
    """The token that ends a target: the tokenizer's own where the model stops at it."""
    own = loaded.tokenizer.eos_token_id
    return own if own in loaded.ends else min(loaded.ends, default=None)


def _balanced(rows: list[Row]) -> list[Row]:
    tokens = sum(len(row.target) for row in rows)
    mass = sum(len(row.target) * row.weight for row in rows)
    if mass in (0, tokens):
        return rows
    return [row._replace(weight=row.weight * tokens / mass) for row in rows]


def length(item: Row | Sequence[Row]) -> int:
    """Tokens of a row, or of the rows of a packed sequence."""
    return len(item.prompt) + len(item.target) if isinstance(item, Row) else sum(map(length, item))


def order(lengths: Sequence[int], *, batch: int, accumulation: int, total: int, seed: int, grouped: bool) -> list[int]:
    """Which row is trained on when: `total` indices, epoch after epoch, each epoch shuffled anew from the seed.

    With `grouped`, rows of `WINDOW` optimizer steps at a time are sorted by length and cut into batches, and the
    batches are shuffled: batches then hold rows of similar length and little padding, and still come in random order.
    """
    chance = random.Random(seed)
    stream = list(islice(_epochs(len(lengths), chance), total))
    if not grouped:
        return stream
    placed: list[int] = []
    window = WINDOW * batch * accumulation
    for start in range(0, total, window):
        placed.extend(_group(stream[start : start + window], lengths, batch, chance))
    return placed


def _epochs(count: int, chance: random.Random) -> Iterator[int]:
    while True:
        yield from chance.sample(range(count), count)


def _group(indices: list[int], lengths: Sequence[int], batch: int, chance: random.Random) -> list[int]:
    by_length = sorted(indices, key=lambda index: lengths[index])
    batches = [by_length[start : start + batch] for start in range(0, len(by_length), batch)]
    last = batches.pop() if len(batches[-1]) < batch else []  # a short batch in the middle would shift all others
    chance.shuffle(batches)
    return [index for part in (*batches, last) for index in part]


Collate = Callable[[Sequence[Any]], dict[str, Any]]


def collator(pad: int, *, encoder_decoder: bool, prompt_weight: float = 0.0) -> Collate:
    """The function that pads rows on the right and makes a batch of tensors of them.

    A batch holds `input_ids` and `attention_mask` (rows x tokens; int64), `labels` (int64) and `weights` (of each
    label; float32). A causal batch's labels stand for its last columns only, from one column before the first token
    that any row learns: no logits are needed further left. Labels are `IGNORED` wherever nothing is to be learned.

    Args:
        prompt_weight: What a token of a causal prompt counts; 0 leaves prompts out of the loss, 1 treats them alike.
    """

    def causal(rows: Sequence[Row]) -> dict[str, Any]:
        inputs, labels, weights = zip(*(marked(row, prompt_weight) for row in rows), strict=True)
        shared = 0 if prompt_weight else min(len(row.prompt) for row in rows) - 1
        return _batch(inputs, [item[shared:] for item in labels], [item[shared:] for item in weights], pad)

    def paired(rows: Sequence[Row]) -> dict[str, Any]:
        targets = [row.target for row in rows]
        return _batch([row.prompt for row in rows], targets, [[row.weight] * len(row.target) for row in rows], pad)

    return paired if encoder_decoder else causal


def marked(row: Row, prompt_weight: float) -> tuple[list[int], list[int], list[float]]:
    """Tokens, labels and weights of a causal row; its first token is nobody's to predict."""
    prompt = [IGNORED, *row.prompt[1:]] if prompt_weight else [IGNORED] * len(row.prompt)
    weights = [prompt_weight * row.weight] * len(row.prompt) + [row.weight] * len(row.target)
    return row.prompt + row.target, prompt + row.target, weights


def _batch(
    inputs: Sequence[list[int]], labels: Sequence[list[int]], weights: Sequence[list[float]], pad: int
) -> dict[str, Any]:
    import torch

    return {
        "input_ids": torch.tensor(padded(inputs, pad)),
        "attention_mask": torch.tensor(padded([[1] * len(ids) for ids in inputs], 0)),
        "labels": torch.tensor(padded(labels, IGNORED)),
        "weights": torch.tensor(padded(weights, 0.0), dtype=torch.float32),
    }


def padded(lists: Sequence[list[Any]], fill: Any) -> list[list[Any]]:
    """The lists, filled up on the right to one length."""
    widest = max(map(len, lists))
    return [ids + [fill] * (widest - len(ids)) for ids in lists]
