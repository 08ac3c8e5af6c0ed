"""How likely a network finds given continuations of a prompt: log-probabilities token by token.

The prompt is read once and its cache shared, as in `decoding`. It samples nothing.
"""

from collections.abc import Sequence
from typing import Any

from etude.models.decoding import pad
from etude.models.growing import growing_cache
from etude.models.loading import Loaded


def score_tokens(loaded: Loaded, prompt: Sequence[int], rows: Sequence[Sequence[int]]) -> list[list[float]]:
    """Log-probability of every token of every row after the prompt, in nats; an empty row gives an empty list."""
    import torch

    filled = [row for row in rows if row]
    if not filled:
        return [[] for _ in rows]
    ids, mask = (tensor.to(loaded.device) for tensor in pad(filled, loaded.tokenizer.pad_token_id, left=False))
    with torch.inference_mode():
        read = _encoder_decoder_logits if loaded.encoder_decoder else _causal_logits
        logits = read(loaded, torch.tensor([list(prompt)], device=loaded.device), ids, mask)
        chances = logits.float().log_softmax(-1).gather(-1, ids[..., None]).squeeze(-1).tolist()
    scored = iter(chances)
    return [next(scored)[: len(row)] if row else [] for row in rows]


def _causal_logits(loaded: Loaded, prompt: Any, ids: Any, mask: Any) -> Any:
    """Logits (batch, longest, vocabulary) that predict `ids` after the prompt."""
    import torch

    cache = growing_cache(loaded.network)
    last = {"logits_to_keep": 1} if "logits_to_keep" in loaded.accepts else {}
    first = loaded.network(input_ids=prompt, past_key_values=cache, use_cache=True, **last)
    count, length = len(ids), prompt.shape[1]
    cache = first.past_key_values
    cache.reorder_cache(torch.zeros(count, dtype=torch.long, device=ids.device))
    heads = first.logits[:, -1:].expand(count, -1, -1)
    if ids.shape[1] == 1:
        return heads
    places = torch.arange(length, length + ids.shape[1] - 1, device=ids.device).expand(count, -1)
    inputs = {"position_ids": places} if "position_ids" in loaded.accepts else {}
    whole = torch.cat([mask.new_ones((count, length)), mask[:, :-1]], dim=1)
    rest = loaded.network(
        input_ids=ids[:, :-1], attention_mask=whole, past_key_values=cache, use_cache=True, **inputs
    )  # fmt: skip
    return torch.cat([heads, rest.logits], dim=1)


def _encoder_decoder_logits(loaded: Loaded, prompt: Any, ids: Any, mask: Any) -> Any:
    """Logits (batch, longest, vocabulary) that predict `ids` from the encoder's reading of the prompt."""
    import torch

    encoded = loaded.network.get_encoder()(input_ids=prompt).last_hidden_state
    start = torch.full((len(ids), 1), loaded.start, device=ids.device)
    output = loaded.network(
        encoder_outputs=(encoded.expand(len(ids), -1, -1),),
        decoder_input_ids=torch.cat([start, ids[:, :-1]], dim=1),
        use_cache=False,
    )
    return output.logits
