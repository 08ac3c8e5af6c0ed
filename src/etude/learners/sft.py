"""Supervised fine-tuning: the model learns to write each target after its prompt.

The loss is on answer tokens only, the end token among them; the prompt is read, never trained. Causal and
encoder-decoder models alike (an encoder is given the prompt, the decoder the target). Used for bootstrapping
(Dr. Boot, arXiv 2507.15889) and self-taught puzzles (arXiv 2207.14502), which differ in rows, not in training.

It does not choose rows (curators do) and does not decide whether the new agent is kept (the loop does).
"""

import importlib.util
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from etude.errors import InputError, MissingError, RecipeError
from etude.learners.folder import finished, prepare, save, stored_type
from etude.learners.tokens import Encoded, collator, encode
from etude.learners.training import History, Schedule, Settings, Watch, seeded, train
from etude.models.decoding import out_of_memory
from etude.models.folders import find_folder, hash_folder
from etude.models.loading import Loaded, load
from etude.protocols import State
from etude.records import Agent, Example, Json, identify

METHOD = "sft/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sft:
    """Fine-tunes an ordinary Hugging Face folder and leaves another one at `state.folder / "model"`.

    Attributes:
        steps: Optimizer steps; None trains for `epochs`.
        epochs: Passes over the rows where `steps` is None.
        batch_size: Rows per forward pass; halved (and accumulation raised) when the device's memory runs out.
        gradient_accumulation: Batches per optimizer step.
        warmup: Share of the steps in which the learning rate rises.
        schedule: How the learning rate goes on after that.
        max_length: Tokens of prompt and target together (of each, for an encoder-decoder). A longer prompt loses its
            beginning; a row whose target alone does not fit is dropped, and counted in the folder's note.
        start: Train from the run's `base` agent each round, from the `previous` one, or from the `average` of both.
        lora: Rank of low-rank adapters on all linear layers, merged at the end; 0 trains all weights.
        validation_every: Steps between two measurements on `state.validation`; 0 never measures. The weights that did
            best are kept, in memory meanwhile.
        patience: Measurements without progress before training stops; 0 never stops early.
        group_by_length: Batches of rows of similar length: less padding, still a seeded random order.
        device: As in the model part.
        dtype: `auto` keeps float32 weights and computes in bfloat16 on a GPU; `float32`; or `bfloat16` weights, which
            take half the memory and lose the smallest steps to rounding. The folder keeps the number type of its start.
        seed: Added to the run's seed.
        reseed: Another seed in each round, so that fine-tuning on the same rows again gives another model.
        watch: Told (step, steps, loss) after each step; not a recipe key.
    """

    steps: int | None = None
    epochs: float = 3.0
    batch_size: int = 16
    gradient_accumulation: int = 1
    learning_rate: float = 5e-5
    warmup: float = 0.1
    schedule: Schedule = "linear"
    weight_decay: float = 0.0
    max_length: int = 1024
    start: Literal["base", "previous", "average"] = "base"
    lora: int = 0
    validation_every: int = 0
    patience: int = 0
    group_by_length: bool = True
    device: str = "auto"
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    seed: int = 0
    reseed: bool = False
    watch: Watch | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check(self)

    def learn(self, agent: Agent, examples: Sequence[Example], state: State) -> Agent:
        """The agent that has learned from the examples.

        The same call again (same rows, settings and start) returns the folder already made. Where there are no
        examples nothing can be learned: the given agent comes back as it is, but for its round.

        Raises:
            InputError: No row fits into `max_length`, or a row is of a kind that cannot be trained on.
            MissingError: The model, the device or torch is not there, or not even one row fits into memory.
            StorageError: The new folder cannot be written; an earlier one is untouched.
        """
        if not examples:
            return replace(agent, round=state.round)
        start = state.base if self.start == "base" else agent
        rows, folder = identify(list(examples)), state.folder / "model"
        key = self._key(start, rows, state)
        if not finished(folder, key):
            self._make(start, examples, state, folder, {"key": key, "rows": rows, "parent": start.fingerprint})
        return replace(
            agent,
            model=str(folder),
            fingerprint=hash_folder(folder),
            parent=start.fingerprint,
            rows=rows,
            round=state.round,
        )

    def _key(self, start: Agent, rows: str, state: State) -> str:
        settings = {name: value for name, value in asdict(replace(self, watch=None)).items() if name != "watch"}
        if settings.pop("reseed"):
            settings["round"] = state.round
        if self.start == "average":
            settings["averaged with"] = state.base.fingerprint
        validation = identify(list(state.validation)) if self.validation_every else ""
        return identify([METHOD, settings, start.fingerprint, rows, validation, state.seed])

    def _make(
        self, start: Agent, examples: Sequence[Example], state: State, folder: Path, note: dict[str, Json]
    ) -> None:
        """Trains and saves; when memory runs out, from the beginning again with smaller batches."""
        _require_libraries(self.lora > 0)
        source, partial, began = find_folder(start.model), prepare(folder), time.monotonic()
        settings = self._settings(state.seed + (1000 * (state.round + 1) if self.reseed else 0))
        while True:
            try:
                network, encoded, history = self._train(source, examples, state, settings, partial)
                break
            except Exception as error:
                settings = smaller(settings, error)
        facts = _facts(encoded, history, settings, examples)
        save(network, source, partial, folder, {**note, **facts, "seconds": round(time.monotonic() - began, 3)})

    def _train(
        self, source: Path, examples: Sequence[Example], state: State, settings: Settings, partial: Path
    ) -> tuple[Any, Encoded, History]:
        loaded = load(source, self.device, "float32" if self.dtype == "auto" else self.dtype)
        if self.start == "average":
            average(loaded, load(find_folder(state.base.model), self.device, "float32"))
        encoded = self._encode(loaded, examples)
        if not encoded.rows:
            raise InputError(
                f"none of {len(examples)} rows can be trained on: the targets of {encoded.dropped} are longer than "
                f"{self.max_length} tokens, {encoded.silent} have weight 0",
                fix="raise learner.max_length, or let the curators keep shorter programs",
            )
        validation = self._encode(loaded, state.validation).rows if self.validation_every else []
        network = adapted(loaded.network, self.lora, settings.seed)
        settings = replace(settings, half=self.dtype == "auto" and loaded.device.type == "cuda")
        collate = collator(loaded.tokenizer.pad_token_id, encoder_decoder=loaded.encoder_decoder)
        history = train(network, encoded.rows, collate, settings, partial, validation=validation, watch=self.watch)
        return plain(network, stored_type(source)), encoded, history

    def _encode(self, loaded: Loaded, examples: Sequence[Example]) -> Encoded:
        room = min(self.max_length, loaded.context or self.max_length)
        end = _end(loaded)
        return encode(examples, loaded.tokenizer, end=end, room=room, encoder_decoder=loaded.encoder_decoder)

    def _settings(self, seed: int) -> Settings:
        names = [name for name in Settings.__dataclass_fields__ if name not in ("seed", "half")]
        return Settings(seed=(self.seed + seed) % 2**32, **{name: getattr(self, name) for name in names})


def adapted(network: Any, rank: int, seed: int) -> Any:
    """The network with low-rank adapters of a rank on all linear layers; the network itself for rank 0."""
    if not rank:
        return network
    import peft

    kind = "SEQ_2_SEQ_LM" if network.config.is_encoder_decoder else "CAUSAL_LM"
    with seeded(seed):
        config = peft.LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type=kind)
        return peft.get_peft_model(network, config)


def average(loaded: Loaded, other: Loaded) -> None:
    """Moves every weight half the way to another model's.

    Raises:
        InputError: The models are not of one shape.
    """
    import torch

    weights = dict(other.network.named_parameters())
    with torch.no_grad():
        for name, own in loaded.network.named_parameters():
            if name not in weights or weights[name].shape != own.shape:
                raise InputError(
                    f"the base has no weights like {name} of {tuple(own.shape)}",
                    expected="two models of one shape",
                    fix='learner.start = "previous"',
                )
            own.lerp_(weights[name].to(own.device, own.dtype), 0.5)


def plain(network: Any, kind: str | None) -> Any:
    """The ordinary network: adapters merged, weights in the number type `kind` (None: as they are)."""
    import torch

    if hasattr(network, "merge_and_unload"):
        network = network.merge_and_unload()
    return network.to(getattr(torch, kind)) if kind in ("float32", "bfloat16", "float16") else network


def smaller(settings: Settings, error: Exception) -> Settings:
    """The settings with batches of at most half the size and the same rows per step; other errors are raised again.

    Raises:
        MissingError: The batch is one row already.
    """
    if not out_of_memory(error):
        raise error
    if settings.batch_size == 1:
        raise MissingError(
            "one training row does not fit into the memory of the device",
            fix="lower learner.max_length, set learner.lora = 8, or choose a smaller model",
        ) from error
    rows = settings.batch_size * settings.gradient_accumulation
    size = next(size for size in range(settings.batch_size // 2, 0, -1) if rows % size == 0)
    return replace(settings, batch_size=size, gradient_accumulation=rows // size)


def _require_libraries(lora: bool) -> None:
    needed = ("torch", "transformers", "accelerate", *(("peft",) if lora else ()))
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingError(
            f"{' and '.join(missing)} not installed", expected=", ".join(needed), fix="pip install 'etude[train]'"
        )


def _end(loaded: Loaded) -> int | None:
    """The token that ends a target: the tokenizer's own where the model stops at it."""
    own = loaded.tokenizer.eos_token_id
    return own if own in loaded.ends else min(loaded.ends, default=None)


def _facts(encoded: Encoded, history: History, settings: Settings, examples: Sequence[Example]) -> dict[str, Json]:
    return {
        "method": METHOD,
        "examples": len(examples),
        "rows_trained": len(encoded.rows),
        "rows_dropped": encoded.dropped,
        "prompts_cut": encoded.cut,
        "rows_of_weight_0": encoded.silent,
        "steps": len(history.losses),
        "tokens": history.tokens,
        "batch_size": settings.batch_size,
        "gradient_accumulation": settings.gradient_accumulation,
        "losses": [round(loss, 6) for loss in history.losses],
        "validation": [[step, round(loss, 6)] for step, loss in history.validation],
        "best_step": history.best,
    }


def _check(settings: Sft) -> None:
    rules = {
        "steps": settings.steps is None or settings.steps >= 1,
        "epochs": settings.epochs > 0,
        "batch_size": settings.batch_size >= 1,
        "gradient_accumulation": settings.gradient_accumulation >= 1,
        "learning_rate": settings.learning_rate > 0,
        "warmup": 0 <= settings.warmup <= 1,
        "weight_decay": settings.weight_decay >= 0,
        "max_length": settings.max_length >= 2,
        "lora": settings.lora >= 0,
        "validation_every": settings.validation_every >= 0,
        "patience": settings.patience >= 0,
    }
    for name, right in rules.items():
        if not right:
            raise RecipeError(
                f"sft.{name} is {getattr(settings, name)}",
                expected="a share from 0 to 1" if name == "warmup" else "a positive number, or 0 where that means off",
            )
