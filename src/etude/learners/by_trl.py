"""What the learners on TRL's trainers share: settings, loading, the retry when memory runs out, and the folder.

TRL is imported only when something is trained. Its telemetry is switched off in our subclasses, its warnings about
completions without a reward are ours to count.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

from etude.errors import MissingError, RecipeError
from etude.learners.adapters import keep, plain
from etude.learners.arguments import IDLE, Schedule, calm, one_device, remove_printer, shared
from etude.learners.checkpoints import Checkpoints, beside, train_on
from etude.learners.checks import require_libraries, require_range
from etude.learners.folder import prepare, save, stored_type
from etude.learners.journal import Watch
from etude.learners.processes import world
from etude.learners.tracking import Tracker, require_trackers, tracked
from etude.learners.training import seeded
from etude.models.decoding import out_of_memory
from etude.models.folders import find_folder
from etude.models.loading import Loaded, load
from etude.models.tokens import Style
from etude.protocols import State
from etude.records import Agent, Json

Train = Callable[[Path, int, Checkpoints], tuple[Any, dict[str, Json]]]
"""Source folder, rows per forward pass, where checkpoints lie -> the trained network and facts for the note."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ByTrl:
    """Settings of a learner on a TRL trainer.

    Attributes:
        steps: Optimizer steps.
        batch_size: Rows per forward pass; halved when the device's memory runs out, rows per step stay.
        warmup: Share of the steps in which the learning rate rises.
        schedule: How the learning rate goes on after that.
        start: Train from the `previous` agent, or from the run's `base` each round.
        lora: Rank of low-rank adapters on all linear layers, merged at the end; 0 trains all weights.
        adapter: Keep the adapter too, in `model/adapter`, for plain peft.
        checkpointing: Recompute activations instead of keeping them: less memory, more time.
        checkpoint_minutes: Minutes between checkpoints, from which a killed training goes on; 0 makes none.
        style: How the model is asked; a recipe hands on its model's.
        device: As in the model part.
        dtype: `auto` keeps float32 weights and computes in bfloat16 on a GPU; `float32`; or `bfloat16` weights.
        seed: Added to the run's seed and the round's.
        report_to: Trackers: `tensorboard`, `trackio`, `wandb`, `mlflow`; none by default.
        more: Further settings of TRL's own config, by its names, such as `{ use_vllm = true }`.
        watch: Told (step, steps, loss) after each step; not a recipe key.
    """

    steps: int = 100
    batch_size: int = 16
    learning_rate: float = 1e-6
    warmup: float = 0.0
    schedule: Schedule = "constant"
    weight_decay: float = 0.0
    start: Literal["base", "previous"] = "previous"
    lora: int = 0
    adapter: bool = False
    checkpointing: bool = False
    checkpoint_minutes: float = 15.0
    style: Style = "auto"
    device: str = "auto"
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    seed: int = 0
    report_to: tuple[Tracker, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)
    watch: Watch | None = field(default=None, repr=False, compare=False)
    needs: ClassVar[tuple[str, ...]] = ("train",)

    def __post_init__(self) -> None:
        require_range(self, self._rules())
        if self.adapter and not self.lora:
            raise RecipeError("adapter = true, and no adapter is trained", fix="learner.lora = 8, or adapter = false")

    def _rules(self) -> dict[str, bool]:
        return {
            "steps": self.steps >= 1,
            "batch_size": self.batch_size >= 1,
            "learning_rate": self.learning_rate > 0,
            "warmup": 0 <= self.warmup <= 1,
            "weight_decay": self.weight_decay >= 0,
            "lora": self.lora >= 0,
            "checkpoint_minutes": self.checkpoint_minutes >= 0,
        }

    def _settings(self) -> dict[str, Json]:
        """All that decides what is learned; who watches does not."""
        return {name: item for name, item in asdict(replace(self, watch=None)).items() if name not in IDLE}

    def _seed(self, state: State) -> int:
        return (self.seed + state.seed + 1000 * (state.round + 1)) % 2**32

    def _make(self, start: Agent, state: State, folder: Path, note: dict[str, Json], train: Train) -> None:
        """Trains, from the last checkpoint on, and saves; out of memory: from the beginning with smaller batches."""
        require_libraries("trl", "datasets", *(("peft",) if self.lora else ()), extra="rl")
        require_trackers(self.report_to)
        require_alone()
        source, partial = find_folder(start.model), prepare(folder)
        checkpoints = beside(folder, str(note["key"]), self.checkpoint_minutes)
        last = checkpoints.last()
        size = last.batch_size if last else self.batch_size
        began = time.monotonic() - (last.seconds if last else 0.0)
        while True:
            try:
                with tracked(self.report_to, state.folder), calm(), seeded(self._seed(state)):
                    network, facts = train(source, size, checkpoints)
                break
            except Exception as error:
                size = _halved(size, error)
                checkpoints.clear()
        if self.adapter:
            keep(network, source, partial)
        facts |= {"batch_size": size, "seconds": round(time.monotonic() - began, 3)}
        save(plain(network, stored_type(source)), source, partial, folder, {**note, **facts})

    def _load(self, source: Path) -> Loaded:
        return load(source, self.device, "float32" if self.dtype == "auto" else self.dtype)

    def _arguments(
        self, config: Any, loaded: Loaded, checkpoints: Checkpoints, size: int, accumulation: int, seed: int, **own: Any
    ) -> Any:
        """A config of TRL's: what all trainers share, what the method says, and the recipe's `more`."""
        common = shared(
            checkpoints.opened(),
            batch_size=size,
            gradient_accumulation=accumulation,
            learning_rate=self.learning_rate,
            schedule=self.schedule,
            warmup_steps=round(self.warmup * self.steps),
            weight_decay=self.weight_decay,
            seed=seed,
            device=loaded.device.type,
            half=self.dtype == "auto" and loaded.device.type == "cuda",
            checkpointing=self.checkpointing,
            trackers=self.report_to,
        )
        try:
            common |= {"gradient_checkpointing": self.checkpointing, "max_steps": self.steps}
            return one_device(config(**{**common, **own, **self.more}))
        except TypeError as error:
            raise RecipeError(f"learner.more: {error}", expected=f"settings of trl's {config.__name__}") from None

    def _run(self, trainer: Any, checkpoints: Checkpoints, size: int, every: int = 1) -> list[float]:
        """Trains; the losses, one per optimizer step. Checkpoints may be made after each `every` steps."""
        remove_printer(trainer)
        steps = _steps_class()(trainer, self.steps, self.watch)
        trainer.add_callback(steps)
        train_on(trainer, checkpoints, steps, size, every)
        return [round(float(loss), 6) for loss in steps.losses]


def require_alone() -> None:
    """Refuses to be one of several processes.

    Raises:
        RecipeError: A launcher has started more than one.
    """
    if world() > 1:
        raise RecipeError(
            f"this learner trains in one process, and a launcher has started {world()}",
            fix="for several GPUs use sft, or etude.rewards in a TRL script of your own",
        )


def _halved(size: int, error: Exception) -> int:
    if not out_of_memory(error):
        raise error
    if size == 1:
        raise MissingError(
            "one training row does not fit into the memory of the device",
            fix="set learner.lora = 8 or learner.checkpointing = true, shorten the rows, or choose a smaller model",
        ) from error
    return size // 2


def _steps_class() -> Any:
    """The callback that keeps the losses (`trainer.parts`, one per batch), tells the watch, and counts over a kill."""
    import torch
    import transformers

    class Steps(transformers.TrainerCallback):  # type: ignore[misc]
        def __init__(self, trainer: Any, steps: int, watch: Watch | None) -> None:
            self.trainer, self.steps, self.watch = trainer, steps, watch
            self.losses: list[Any] = []

        def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
            parts = self.trainer.parts
            self.losses.append(torch.stack(parts).sum() if parts else torch.zeros(()))
            parts.clear()
            if self.watch:
                self.watch(state.global_step, self.steps, float(self.losses[-1]))

        def remember(self, checkpoint: Path) -> dict[str, Json]:
            return {"losses": [float(loss) for loss in self.losses], **self.trainer.remember()}

        def recall(self, counted: dict[str, Any], checkpoint: Path) -> None:
            self.losses = list(counted["losses"])
            self.trainer.recall(counted)

    return Steps
