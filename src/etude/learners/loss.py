"""What is made small: the cross entropy of answer tokens, causal and encoder-decoder, and nothing else.

One function serves training, validation and tests, so that they cannot disagree about which tokens count.
"""

import inspect
from collections.abc import Sequence
from typing import Any

from etude.learners.tokens import IGNORED


def answer_loss(network: Any, batch: dict[str, Any], accepts: frozenset[str]) -> Any:
    """Sum of the weighted cross entropies of a batch's labels (see `tokens.collator`, `packing.packed_collator`).

    Args:
        accepts: Names of the network's forward arguments.
    """
    import torch

    labels, weights = batch["labels"], batch["weights"]
    inputs: dict[str, Any] = {
        name: batch[name] for name in ("input_ids", "attention_mask", "position_ids") if name in batch
    }
    if "position_ids" in batch:
        inputs["use_cache"] = False  # a cache would hide from the attention where packed rows begin
    if "decoder_input_ids" in accepts:
        inner = getattr(network, "module", network)  # what several processes share is wrapped once more
        inputs["decoder_input_ids"] = inner.prepare_decoder_input_ids_from_labels(labels=labels)
        logits = network(**inputs).logits
    else:
        columns = labels.shape[1]
        if "logits_to_keep" in accepts:
            inputs["logits_to_keep"] = columns
        logits, labels, weights = network(**inputs).logits[:, -columns:-1], labels[:, 1:], weights[:, 1:]
    chosen = labels != IGNORED
    losses = torch.nn.functional.cross_entropy(logits[chosen].float(), labels[chosen], reduction="none")
    return (losses * weights[chosen]).sum()


def accepted(network: Any) -> frozenset[str]:
    """Names of the forward arguments of a network, or of the network that peft has wrapped."""
    inner = network.get_base_model() if hasattr(network, "get_base_model") else network
    return frozenset(inspect.signature(inner.forward).parameters)


def validation_loss(network: Any, batches: Sequence[dict[str, Any]], accepts: frozenset[str]) -> float:
    """Mean loss per answer token over all batches, without dropout; does not depend on how rows are batched."""
    import torch

    training, total, tokens = network.training, 0.0, 0
    network.eval()
    with torch.no_grad():
        for batch in batches:
            placed = {name: item.to(network.device) for name, item in batch.items()}
            total += float(answer_loss(network, placed, accepts))
            tokens += int((batch["labels"] != IGNORED).sum())
    network.train(training)
    return total / tokens
