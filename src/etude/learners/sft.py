"""Supervised fine-tuning: the model learns to write each target after its prompt.

The loss is on answer tokens only, the end token among them; the prompt is read, and trained only where a weight for it
is set. Causal and encoder-decoder models alike (an encoder is given the prompt, the decoder the target). Used for
bootstrapping (Dr. Boot, arXiv 2507.15889) and self-taught puzzles (arXiv 2207.14502), which differ in rows, not in
training. All weights, low-rank adapters (LoRA, arXiv 2106.09685) or adapters on a network of 4 bit (QLoRA, arXiv
2305.14314).

It does not choose rows (curators do) and does not decide whether the new agent is kept (the loop does).
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

from etude.errors import InputError, MissingError, RecipeError
from etude.learners.adapters import adapted, keep, merged, plain
from etude.learners.arguments import IDLE, Schedule, calm
from etude.learners.checkpoints import Checkpoints, beside
from etude.learners.checks import require_libraries, require_range
from etude.learners.folder import learned, prepare, save, stored_type, unchanged
from etude.learners.journal import History, Watch
from etude.learners.loss import accepted
from etude.learners.packing import pack, packed_collator, require_apart
from etude.learners.processes import is_main, wait, world
from etude.learners.quantised import load_quantised
from etude.learners.tokens import Collate, Encoded, collator, encode, end_of
from etude.learners.tracking import Tracker, require_trackers, tracked
from etude.learners.training import Settings, train
from etude.models.decoding import out_of_memory
from etude.models.folders import find_folder
from etude.models.loading import Loaded, load
from etude.models.tokens import Style
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
        adapter: Keep the adapter too, in `model/adapter`, for plain peft.
        quantize: `4bit` holds the frozen weights in four bits while adapters are trained (wants `bitsandbytes`); they
            are merged into the weights as they were before.
        packing: Several rows per sequence of `max_length` tokens, none of which sees another; `batch_size` then counts
            sequences.
        prompt_weight: What a token of a causal model's prompt counts in the loss; 0: answers only, 1: all alike.
        checkpointing: Recompute activations instead of keeping them: less memory, more time.
        checkpoint_minutes: Minutes between checkpoints, from which a killed training goes on; 0 makes none.
        validation_every: Steps between two measurements on `state.validation`; 0 never measures. The weights that did
            best are kept, in memory meanwhile.
        patience: Measurements without progress before training stops; 0 never stops early.
        group_by_length: Batches of rows of similar length: less padding, still a seeded random order.
        device: As in the model part.
        dtype: `auto` keeps float32 weights and computes in bfloat16 on a GPU; `float32`; or `bfloat16` weights, which
            take half the memory and lose the smallest steps to rounding. The folder keeps the number type of its start.
        seed: Added to the run's seed.
        reseed: Another seed in each round, so that fine-tuning on the same rows again gives another model.
        report_to: Trackers: `tensorboard`, `trackio`, `wandb`, `mlflow`; none by default.
        style: How the model is asked; a recipe hands on its model's.
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
    adapter: bool = False
    quantize: Literal["", "4bit"] = ""
    packing: bool = False
    prompt_weight: float = 0.0
    checkpointing: bool = False
    checkpoint_minutes: float = 15.0
    validation_every: int = 0
    patience: int = 0
    group_by_length: bool = True
    device: str = "auto"
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    seed: int = 0
    reseed: bool = False
    report_to: tuple[Tracker, ...] = ()
    style: Style = "auto"
    watch: Watch | None = field(default=None, repr=False, compare=False)
    needs: ClassVar[tuple[str, ...]] = ("train",)

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
            return unchanged(agent, state)
        start = state.base if self.start == "base" else agent
        rows = identify(list(examples))

        def make(folder: Path, note: dict[str, Json]) -> None:
            self._make(start, examples, state, folder, note)
            wait()  # for the process that writes

        return learned(agent, start, state, rows, self._key(start, rows, state), make)

    def _key(self, start: Agent, rows: str, state: State) -> str:
        settings = {name: value for name, value in asdict(replace(self, watch=None)).items() if name not in IDLE}
        if settings.pop("reseed"):
            settings["round"] = state.round
        if self.start == "average":
            settings["averaged with"] = state.base.fingerprint
        if world() > 1:
            settings["processes"] = world()  # each adds a batch to every step
        validation = identify(list(state.validation)) if self.validation_every else ""
        return identify([METHOD, settings, start.fingerprint, rows, validation, state.seed])

    def _make(
        self, start: Agent, examples: Sequence[Example], state: State, folder: Path, note: dict[str, Json]
    ) -> None:
        """Trains, from the last checkpoint on, and saves; out of memory: from the beginning with smaller batches."""
        require_libraries(*(("peft",) if self.lora else ()))
        require_trackers(self.report_to)
        source = find_folder(start.model)
        partial = prepare(folder) if is_main() else folder.parent
        settings = self._settings(state.seed + (1000 * (state.round + 1) if self.reseed else 0))
        checkpoints = beside(folder, str(note["key"]), self.checkpoint_minutes)
        last = checkpoints.last()
        settings = of_size(settings, last.batch_size) if last else settings
        began = time.monotonic() - (last.seconds if last else 0.0)
        while True:
            try:
                with tracked(self.report_to, state.folder), calm():
                    network, encoded, history = self._train(source, examples, state, settings, checkpoints)
                break
            except Exception as error:
                settings = smaller(settings, error)
                checkpoints.clear()
        if is_main():
            network = self._whole(network, source, partial, history.weights)
            facts = _facts(encoded, history, settings, examples)
            save(
                network,
                source,
                partial,
                folder,
                {**note, **facts, "seconds": round(time.monotonic() - began, 3)},
            )

    def _train(
        self, source: Path, examples: Sequence[Example], state: State, settings: Settings, checkpoints: Checkpoints
    ) -> tuple[Any, Encoded, History]:
        loaded = self._load(source, state)
        encoded = self._encode(loaded, examples)
        if not encoded.rows:
            raise InputError(
                f"none of {len(examples)} rows can be trained on: the targets of {encoded.dropped} are longer than "
                f"{self.max_length} tokens, {encoded.silent} have weight 0",
                fix="raise learner.max_length, or let the curators keep shorter programs",
            )
        pad, both = loaded.tokenizer.pad_token_id, loaded.encoder_decoder
        if both and (self.packing or self.prompt_weight):
            raise RecipeError("packing and prompt_weight are for causal models; this one is an encoder-decoder")
        network = adapted(loaded.network, self.lora, settings.seed)
        settings = replace(settings, device=_kind(loaded), half=self.dtype == "auto" and _kind(loaded) == "cuda")
        alone = collator(pad, encoder_decoder=both, prompt_weight=self.prompt_weight)
        rows: Sequence[Any] = encoded.rows
        if self.packing:
            rows = pack(encoded.rows, self._room(loaded))
            packed = packed_collator(pad, prompt_weight=self.prompt_weight)
            require_apart(network, rows[: settings.batch_size], packed, alone, accepted(network))
        validation = self._validation(loaded, state, settings, collator(pad, encoder_decoder=both))
        collate = packed if self.packing else alone
        history = train(network, rows, collate, settings, checkpoints, validation=validation, watch=self.watch)
        return network, encoded, history

    def _load(self, source: Path, state: State) -> Loaded:
        if self.quantize:
            return load_quantised(source, self.device)
        device = "cpu" if world() > 1 else self.device  # the trainer puts each process's part on its own device
        loaded = load(source, device, "float32" if self.dtype == "auto" else self.dtype)
        if self.start == "average":
            average(loaded, load(find_folder(state.base.model), device, "float32"))
        return loaded

    def _whole(self, network: Any, source: Path, partial: Path, weights: dict[str, Any] | None) -> Any:
        """The ordinary network that is saved; the adapter goes into its folder on the way, where it is to be kept."""
        if weights is not None:
            kind = "float32" if self.dtype == "auto" else self.dtype
            network = adapted(load(source, "cpu", kind).network, self.lora, 0)
            network.load_state_dict(weights)
        if self.quantize:
            return merged(network, source, partial, stored_type(source) or "bfloat16", adapter=self.adapter)
        if self.adapter:
            keep(network, source, partial)
        return plain(network, stored_type(source))

    def _validation(self, loaded: Loaded, state: State, settings: Settings, collate: Collate) -> list[dict[str, Any]]:
        if not self.validation_every:
            return []
        rows = self._encode(loaded, state.validation).rows
        return [collate(rows[at : at + settings.batch_size]) for at in range(0, len(rows), settings.batch_size)]

    def _encode(self, loaded: Loaded, examples: Sequence[Example]) -> Encoded:
        room, end = self._room(loaded), end_of(loaded)
        paired, tokenizer = loaded.encoder_decoder, loaded.tokenizer
        return encode(examples, tokenizer, end=end, room=room, encoder_decoder=paired, style=self.style)

    def _room(self, loaded: Loaded) -> int:
        return min(self.max_length, loaded.context or self.max_length)

    def _settings(self, seed: int) -> Settings:
        names = [name for name in Settings.__dataclass_fields__ if name not in ("seed", "half", "device")]
        return Settings(seed=(self.seed + seed) % 2**32, **{name: getattr(self, name) for name in names})


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
    return of_size(settings, next(size for size in range(settings.batch_size // 2, 0, -1) if rows % size == 0))


def of_size(settings: Settings, size: int) -> Settings:
    """The settings with batches of a size, and the same rows per step."""
    rows = settings.batch_size * settings.gradient_accumulation
    return replace(settings, batch_size=size, gradient_accumulation=rows // size)


def _kind(loaded: Loaded) -> str:
    """The kind of device that is trained on: several processes load on the CPU and train where their trainer says."""
    import torch

    here = str(loaded.device.type)
    return "cuda" if world() > 1 and torch.cuda.is_available() else here


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
        "prompt_weight": settings.prompt_weight >= 0,
        "validation_every": settings.validation_every >= 0,
        "patience": settings.patience >= 0,
        "checkpoint_minutes": settings.checkpoint_minutes >= 0,
    }
    require_range(settings, rules)
    if (settings.adapter or settings.quantize) and not settings.lora:
        wanted = "adapter = true" if settings.adapter else f'quantize = "{settings.quantize}"'
        raise RecipeError(f"{wanted}, and no adapter is trained", fix=f"learner.lora = 8, or no {wanted.split()[0]}")
    if settings.quantize and settings.start == "average":
        raise RecipeError("the average of two models is not had in 4 bit", fix='learner.start = "previous"')
    if world() > 1 and (settings.validation_every or settings.quantize):
        raise RecipeError(
            "several processes train together without validation and without 4 bit",
            fix='learner.validation_every = 0, learner.quantize = ""',
        )
