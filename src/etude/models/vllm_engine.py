"""vLLM engines: one at a time, kept from round to round, with adapters put on it while it runs.

An engine takes half a minute and most of a device's memory, so it is started once and given up only for other weights.
What is asked of it is the business of `vllm`.
"""

import gc
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from etude.errors import InputError, MissingError
from etude.models.folders import ADAPTER_CONFIG, base_of, hash_folder, is_adapter

BESIDE = "adapter"  # where learners keep an adapter beside the merged model


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What an engine runs: a whole model's folder, and an adapter's to put on it, or None."""

    folder: Path
    adapter: Path | None = None


def weights_of(folder: Path, rank: int, running: Path | None) -> Weights:
    """How a model folder is run.

    Args:
        folder: A whole model, one with its adapter beside it, or an adapter alone.
        rank: Highest rank of an adapter that the engine takes; 0: none.
        running: The folder that an engine runs now: an adapter kept beside a merged model is used only on that.

    Raises:
        InputError: The folder is an adapter of a higher rank than the engine takes.
    """
    if is_adapter(folder):
        own = _rank(folder)
        if own > rank:
            raise InputError(
                f"the adapter in {folder} has rank {own}, and the engine takes up to {rank}",
                expected="model.lora as high as the adapter's rank",
                fix=f"set model.lora = {own}, or merge the adapter (peft: merge_and_unload)",
            )
        return Weights(folder=base_of(folder), adapter=folder)
    beside = folder / BESIDE
    if running is not None and is_adapter(beside) and _rank(beside) <= rank and base_of(beside) == running:
        return Weights(folder=running, adapter=beside)
    return Weights(folder=folder)


def _rank(folder: Path) -> int:
    return int(json.loads((folder / ADAPTER_CONFIG).read_text()).get("r", 0))


@dataclass(slots=True)
class Shelf:
    """Holds the engine that is running, and the numbers of the adapters that it has met.

    Attributes:
        running: The folder whose weights it runs, or None.
        started: How many engines were started.
    """

    running: Path | None = None
    started: int = 0
    _engine: Any = None
    _settings: str = ""
    _adapters: dict[str, int] = field(default_factory=dict)

    def engine(self, weights: Weights, rank: int, settings: Mapping[str, Any]) -> Any:
        """The engine for some weights: the one that runs, or a new one in its place.

        Raises:
            MissingError: vLLM is not installed.
            InputError: vLLM refuses the model or a setting.
        """
        told = json.dumps([rank, sorted(settings.items())], default=str)
        if self._engine is None or (self.running, self._settings) != (weights.folder, told):
            self.close()
            self._engine = _start(weights.folder, rank, settings)
            self.running, self._settings, self.started = weights.folder, told, self.started + 1
        return self._engine

    def request(self, weights: Weights) -> Any:
        """What names the weights' adapter to the engine; None without one. The same adapter keeps its number."""
        if weights.adapter is None:
            return None
        from vllm.lora.request import LoRARequest

        name = hash_folder(weights.adapter)
        number = self._adapters.setdefault(name, len(self._adapters) + 1)
        return LoRARequest(name, number, str(weights.adapter))

    def close(self) -> None:
        """Ends the engine and gives its memory back."""
        engine, self._engine, self.running = self._engine, None, None
        if engine is not None:
            engine.llm_engine.engine_core.shutdown()
            del engine
            gc.collect()


def _start(folder: Path, rank: int, settings: Mapping[str, Any]) -> Any:
    try:
        import vllm
    except ImportError as error:
        raise MissingError(
            f"vLLM is not installed ({error})",
            expected="the vllm library, in an environment that fits its torch",
            choices=("huggingface", "openai (vllm serve in another environment)"),
            fix="pip install 'etude[vllm]'",
        ) from None
    adapters = {"enable_lora": True, "max_lora_rank": _allowed(rank)} if rank else {}
    try:
        return vllm.LLM(model=str(folder), enable_prefix_caching=True, **{**adapters, **settings})
    except Exception as error:  # vLLM raises a dozen kinds; its own words name the setting
        said = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise InputError(
            f"vLLM cannot run {folder}: {said[:300]}",
            expected="a model and settings that this vLLM takes",
            choices=("huggingface",),
            fix="change model.more, model.memory or model.dtype, or set model.use to another of these",
        ) from error


def _allowed(rank: int) -> int:
    """The smallest highest rank that vLLM knows and that is enough."""
    known = (8, 16, 32, 64, 128, 256, 320, 512)
    return next((item for item in known if item >= rank), known[-1])
