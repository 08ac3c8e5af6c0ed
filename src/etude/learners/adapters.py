"""Low-rank adapters (LoRA, arXiv 2106.09685): put on, kept, and merged into an ordinary network at the end.

An adapter that is kept lies in `model/adapter`, beside the merged model: plain `peft` loads it onto the model that the
learning started from, which its own config names.
"""

import shutil
from pathlib import Path
from typing import Any

from etude.learners.training import seeded
from etude.models.loading import load

FOLDER = "adapter"


def lora(network: Any, rank: int) -> Any:
    """The config of adapters of a rank on all linear layers but the last, with a scale of twice the rank."""
    import peft

    kind = "SEQ_2_SEQ_LM" if network.config.is_encoder_decoder else "CAUSAL_LM"
    return peft.LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type=kind)


def adapted(network: Any, rank: int, seed: int) -> Any:
    """The network with low-rank adapters of a rank; the network itself for rank 0."""
    if not rank:
        return network
    import peft

    with seeded(seed):
        return peft.get_peft_model(network, lora(network, rank))


def keep(network: Any, source: Path, partial: Path) -> None:
    """Writes a network's adapter into the model folder that is being made.

    Args:
        source: The folder that was trained from: what the adapter is to be put on.
    """
    for config in network.peft_config.values():
        config.base_model_name_or_path = str(source)
    network.save_pretrained(partial / FOLDER, selected_adapters=["default"])


def plain(network: Any, kind: str | None) -> Any:
    """The ordinary network: adapters merged, weights in the number type `kind` (None: as they are)."""
    import torch

    if hasattr(network, "merge_and_unload"):
        network = network.merge_and_unload()
    return network.to(getattr(torch, kind)) if kind in ("float32", "bfloat16", "float16") else network


def merged(network: Any, source: Path, partial: Path, kind: str, *, adapter: bool) -> Any:
    """Adapters that were trained on a quantised network, merged into the weights as they are in `source`.

    Args:
        adapter: Leave the adapter in the model folder that is being made.
    """
    import peft

    keep(network, source, partial)
    base = load(source, "cpu", kind).network
    whole = peft.PeftModel.from_pretrained(base, partial / FOLDER).merge_and_unload()
    if not adapter:
        shutil.rmtree(partial / FOLDER)
    return whole
