"""The token loop: a batch of requests becomes texts, with one pass over each distinct prompt.

Prompts are padded on the left and read once; their key-value cache is then repeated for the samples of each prompt,
so ten samples cost one prompt. Samples that have ended leave the batch. For an encoder-decoder the encoder reads each
prompt once. Which requests share a batch, and what to do when memory runs out, is decided by the caller.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from etude.errors import InputError
from etude.models.chance import choose, uniforms
from etude.models.drafts import Draft, Reader
from etude.models.growing import growing_cache, growing_pair
from etude.models.loading import Loaded
from etude.records import Completion, Request, Sampling


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The samples asked of one prompt.

    Attributes:
        tokens: The prompt's ids, already fitted into the context.
        limit: New tokens that each sample may have.
    """

    tokens: tuple[int, ...]
    limit: int
    requests: tuple[Request, ...]


@dataclass(slots=True, kw_only=True)
class Reading:
    """What the network remembers of a batch.

    Attributes:
        logits: (batch, vocabulary) for the next token.
        cache: Keys and values.
        mask: (batch, positions) of zeros and ones for a causal prompt's padding, with room ahead; None without padding.
        length: Positions in the cache.
        lengths: (batch,) positions of each row that are not padding.
        encoded: (batch, prompt, width) the encoder's output, or None.
    """

    logits: Any
    cache: Any
    mask: Any
    length: int
    lengths: Any
    encoded: Any = None


def decode(
    loaded: Loaded, reader: Reader, groups: Sequence[Group], *, chat: bool = False, logprobs: bool = False
) -> list[Completion]:
    """Write every sample of some groups, all of which share one `Sampling`; as `drafted`, which says more."""
    drafts = drafted(loaded, reader, groups, chat=chat, logprobs=logprobs)
    return [draft.completion() for draft in drafts]


def drafted(
    loaded: Loaded, reader: Reader, groups: Sequence[Group], *, chat: bool = False, logprobs: bool = False
) -> list[Draft]:
    """Every sample of some groups, all of which share one `Sampling`, with its tokens.

    Args:
        chat: The prompts are turns of a chat, and so is what is written.
        logprobs: Give the log-probability of each token too, which takes one more pass over the vocabulary.

    Raises:
        InputError: The network's weights give no numbers.
        RuntimeError, MemoryError: Memory ran out (see `out_of_memory`).
    """
    import torch

    drafts = _drafts(loaded, reader, groups, chat)
    longest = max((draft.limit for draft in drafts), default=0)
    if longest > 0:
        with torch.inference_mode():
            read = _read_encoder_decoder if loaded.encoder_decoder else _read_causal
            reading = read(loaded, [list(group.tokens) for group in groups], longest)
            _require_numbers(reading.logits)
            _spread(reading, [row for row, group in enumerate(groups) for _ in group.requests])
            _write(loaded, reading, drafts, groups[0].requests[0].sampling, longest, logprobs)
    return drafts


def _drafts(loaded: Loaded, reader: Reader, groups: Sequence[Group], chat: bool) -> list[Draft]:
    shared: dict[str, Any] = {"reader": reader, "ends": loaded.ends, "chat": chat}
    return [
        Draft(request=request, prompt_tokens=len(group.tokens), limit=group.limit, **shared)
        for group in groups
        for request in group.requests
    ]


def _write(
    loaded: Loaded, reading: Reading, drafts: list[Draft], sampling: Sampling, longest: int, logprobs: bool
) -> None:
    """Take token after token until every draft has ended."""
    import torch

    draws = torch.from_numpy(np.stack([uniforms(draft.request, longest) for draft in drafts])).to(loaded.device)
    rows: list[Draft | None] = list(drafts)
    wasted = 0
    for step in range(longest):
        logits = reading.logits[:, : loaded.words]
        chosen = choose(logits, sampling.temperature, sampling.top_p, draws[:, step : step + 1])
        chances = _chances(reading.logits, chosen) if logprobs else []
        for row, token in enumerate(chosen.tolist()):
            draft = rows[row]
            if chances and draft is not None and draft.limit > step:
                draft.logprobs.append(chances[row])
            if draft is not None and (draft.limit <= step or draft.take(token)):
                rows[row] = None
        alive = [row for row, draft in enumerate(rows) if draft is not None]
        if not alive:
            return
        wasted += len(rows) - len(alive)
        # Dropping rows copies the whole cache, about as dear as computing that many rows once more.
        if wasted >= len(alive):
            index = torch.tensor(alive, device=loaded.device)
            _spread(reading, alive)
            chosen, draws, rows, wasted = chosen[index], draws[index], [rows[row] for row in alive], 0
        _advance(loaded, reading, chosen)


def _chances(logits: Any, chosen: Any) -> list[float]:
    """Log-probability of each row's chosen token, in nats, whatever the temperature."""
    values = logits.float().log_softmax(-1).gather(-1, chosen[:, None])
    return [float(value) for value in values.squeeze(-1).tolist()]


def _read_causal(loaded: Loaded, prompts: list[list[int]], ahead: int) -> Reading:
    import torch

    ids, mask = pad(prompts, loaded.tokenizer.pad_token_id, left=True)
    ids, mask = ids.to(loaded.device), mask.to(loaded.device)
    cache = growing_cache(loaded.network)
    padded = bool((mask == 0).any())
    inputs: dict[str, Any] = {"attention_mask": mask} if padded else {}
    if "position_ids" in loaded.accepts:
        inputs["position_ids"] = (mask.cumsum(-1) - 1).clamp(min=0)
    if "logits_to_keep" in loaded.accepts:
        inputs["logits_to_keep"] = 1
    output = loaded.network(input_ids=ids, past_key_values=cache, use_cache=True, **inputs)
    room = torch.cat([mask, mask.new_ones((len(prompts), ahead))], dim=1) if padded else None
    return Reading(
        logits=output.logits[:, -1],
        cache=output.past_key_values,
        mask=room,
        length=ids.shape[1],
        lengths=mask.sum(-1),
    )


def _read_encoder_decoder(loaded: Loaded, prompts: list[list[int]], ahead: int) -> Reading:
    import torch

    ids, mask = pad(prompts, loaded.tokenizer.pad_token_id, left=False)
    mask = mask.to(loaded.device)
    encoded = loaded.network.get_encoder()(input_ids=ids.to(loaded.device), attention_mask=mask).last_hidden_state
    reading = Reading(
        logits=None, cache=growing_pair(loaded.network), mask=mask, length=0, lengths=mask.sum(-1), encoded=encoded
    )
    start = torch.full((len(prompts),), loaded.start, device=loaded.device)
    _advance(loaded, reading, start)
    return reading


def _advance(loaded: Loaded, reading: Reading, tokens: Any) -> None:
    """One forward pass over one new token (batch,) per row."""
    if loaded.encoder_decoder:
        output = loaded.network(
            encoder_outputs=(reading.encoded,),
            attention_mask=reading.mask,
            decoder_input_ids=tokens[:, None],
            past_key_values=reading.cache,
            use_cache=True,
        )
    else:
        inputs: dict[str, Any] = {}
        if reading.mask is not None:
            inputs["attention_mask"] = reading.mask[:, : reading.length + 1]
        if "position_ids" in loaded.accepts:
            inputs["position_ids"] = reading.lengths[:, None]
        output = loaded.network(input_ids=tokens[:, None], past_key_values=reading.cache, use_cache=True, **inputs)
        reading.lengths = reading.lengths + 1
    reading.length += 1
    reading.logits, reading.cache = output.logits[:, -1], output.past_key_values


def _spread(reading: Reading, rows: list[int]) -> None:
    """Keep, repeat or drop rows of everything that is remembered."""
    import torch

    index = torch.tensor(rows, device=reading.logits.device)
    reading.cache.reorder_cache(index)
    reading.logits, reading.lengths = reading.logits[index], reading.lengths[index]
    reading.mask = None if reading.mask is None else reading.mask[index]
    reading.encoded = None if reading.encoded is None else reading.encoded[index]


def pad(rows: Sequence[Sequence[int]], filler: int, *, left: bool) -> tuple[Any, Any]:
    """Token ids and mask, both (batch, longest), of lists of unequal length."""
    import torch

    width = max(map(len, rows))
    ids, mask = torch.full((len(rows), width), filler), torch.zeros((len(rows), width), dtype=torch.long)
    for place, row in enumerate(rows):
        span = slice(width - len(row), width) if left else slice(0, len(row))
        ids[place, span], mask[place, span] = torch.tensor(list(row)), 1
    return ids, mask


def _require_numbers(logits: Any) -> None:
    if bool(logits.isnan().any()):
        raise InputError(
            "the model gives no numbers (NaN) for a prompt: its weights are damaged or its training diverged",
            expected="finite weights",
            fix='train again with a lower learning rate, or set dtype = "float32"',
        )


def out_of_memory(error: BaseException) -> bool:
    """Whether an error means that a batch was too large for the memory."""
    import torch

    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    signs = ("not enough memory", "can't allocate memory", "out of memory")
    return isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in signs)
