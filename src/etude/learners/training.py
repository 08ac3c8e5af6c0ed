"""The steps themselves: gradient descent on answer tokens with transformers' `Trainer`.

Why the plain `Trainer`: measured on a 0.5 M parameter model, its step costs 1.02 times a loop written by hand, trl's
`SFTTrainer` 1.40 times, and importing trl is slower. Rows, order and collator are ours, so nothing of trl is missed.

It reads and writes no files. It seeds torch, numpy and `random` as the Trainer does, and puts their states back.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from etude.learners.arguments import Schedule, one_device, remove_printer, shared
from etude.learners.loss import accepted, answer_loss, validation_loss
from etude.learners.processes import whole_weights, world
from etude.learners.tokens import Collate, length, order
from etude.learners.tracking import Tracker

Watch = Callable[[int, int, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to train; the fields are those of `etude.learners.sft.Sft`.

    Attributes:
        steps: Optimizer steps, or None for `epochs` passes.
        batch_size: Rows (or packed sequences) per forward pass of one process.
        device: The kind of device: `cpu`, `cuda` or `mps`.
        half: Forward and backward in bfloat16 while weights and optimizer stay in float32.
    """

    steps: int | None
    epochs: float
    batch_size: int
    gradient_accumulation: int
    learning_rate: float
    warmup: float
    schedule: Schedule
    weight_decay: float
    validation_every: int
    patience: int
    group_by_length: bool
    seed: int
    checkpointing: bool = False
    report_to: tuple[Tracker, ...] = ()
    device: str = "cpu"
    half: bool = False


@dataclass(slots=True)
class History:
    """What came of it.

    Attributes:
        losses: Mean loss per target token, one per optimizer step.
        validation: (step, mean loss per target token of the validation rows).
        best: The step whose weights were kept, or None where there was no validation.
        tokens: Tokens that went through the network of this process, padding included.
        weights: The trained weights where several processes trained together (the main one has them); else None.
    """

    losses: list[float] = field(default_factory=list)
    validation: list[tuple[int, float]] = field(default_factory=list)
    best: int | None = None
    tokens: int = 0
    weights: dict[str, Any] | None = None


class Plan(Sequence[Any]):
    """The rows (or packed sequences) in the order in which they are trained on, each epoch after the other.

    Several processes take its batches in turn, so that a step sees the same rows however many there are.
    """

    def __init__(self, rows: Sequence[Any], settings: Settings) -> None:
        per_step = settings.batch_size * settings.gradient_accumulation * world()
        total = round(settings.epochs * len(rows)) if settings.steps is None else settings.steps * per_step
        self._rows = rows
        self._order = order(
            [length(row) for row in rows],
            batch=settings.batch_size,
            accumulation=settings.gradient_accumulation * world(),
            total=max(1, total),
            seed=settings.seed,
            grouped=settings.group_by_length,
        )
        self.steps = -(-len(self._order) // per_step)

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, place: Any) -> Any:
        return self._rows[self._order[place]]


def train(
    network: Any,
    rows: Sequence[Any],
    collate: Collate,
    settings: Settings,
    folder: Path,
    *,
    validation: Sequence[dict[str, Any]] = (),
    watch: Watch | None = None,
) -> History:
    """Trains `network` in place; with validation batches it ends up with the weights that did best on them.

    Args:
        network: A causal or encoder-decoder transformers model, on its device; may be wrapped by peft.
        rows: Rows, or packed sequences with a collator for them.
        folder: An existing folder that the Trainer may call its own (nothing is written).
        validation: Batches to measure on.
        watch: Called after each step with (step, steps, loss).
    """
    plan, caching = Plan(rows, settings), network.config.use_cache
    with seeded(settings.seed):
        trainer = _trainer_class()(
            model=network,
            args=_arguments(network, plan, settings, folder),
            train_dataset=plan,
            data_collator=collate,
            callbacks=[],
        )
        remove_printer(trainer)
        journal = _journal_class()(trainer, plan.steps, settings, watch)
        journal.batches = list(validation) if settings.validation_every else []
        trainer.add_callback(journal)
        trainer.train()
        journal.restore(network)
        journal.history.weights = whole_weights(trainer)
    network.config.use_cache = caching  # the Trainer turns it off, and a saved folder must not inherit that
    return journal.history  # type: ignore[no-any-return]


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Fresh random states from `seed` inside, the caller's afterwards."""
    import numpy
    import torch

    ours, theirs = random.getstate(), numpy.random.get_state()
    try:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            yield
    finally:
        random.setstate(ours)
        numpy.random.set_state(theirs)


def _arguments(network: Any, plan: Plan, settings: Settings, folder: Path) -> Any:
    """The Trainer's arguments: one pass over the plan, no workers, no checkpoints, one device per process."""
    import transformers

    common = shared(
        folder,
        batch_size=settings.batch_size,
        gradient_accumulation=settings.gradient_accumulation,
        learning_rate=settings.learning_rate,
        schedule=settings.schedule,
        warmup_steps=round(settings.warmup * plan.steps),
        weight_decay=settings.weight_decay,
        seed=settings.seed,
        device=settings.device,
        half=settings.half,
        checkpointing=settings.checkpointing,
        trackers=settings.report_to,
    )
    arguments = transformers.TrainingArguments(
        **common,
        num_train_epochs=1,
        train_sampling_strategy="sequential",  # the plan is the order
        remove_unused_columns=False,
        ddp_find_unused_parameters=False,
    )
    return one_device(arguments)


def _trainer_class() -> Any:
    """The Trainer with our loss. Made here because transformers is imported only when something is trained."""
    import transformers

    class AnswerTrainer(transformers.Trainer):  # type: ignore[misc]
        loss_is_scaled_for_ga = True  # divided by the tokens of the whole step, not of one batch of it

        def __init__(self, **arguments: Any) -> None:
            self.parts: list[Any] = []
            self.seen = 0
            self.accepts = accepted(arguments["model"])
            super().__init__(**arguments)
            self.model_accepts_loss_kwargs = True  # so that the answer tokens of a whole step are counted

        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            loss = answer_loss(model, inputs, self.accepts) / num_items_in_batch
            self.parts.append(loss.detach())
            self.seen += inputs["input_ids"].numel()
            return loss * self.accelerator.num_processes  # gradients are averaged over processes, and this is a sum

        def floating_point_ops(self, inputs: Any) -> int:
            return 0  # counting them costs more than it tells on a small model

    return AnswerTrainer


def _journal_class() -> Any:
    """The callback that notes losses, tells the watch, measures on validation rows and keeps the best weights."""
    import torch
    import transformers

    class Journal(transformers.TrainerCallback):  # type: ignore[misc]
        def __init__(self, trainer: Any, steps: int, settings: Settings, watch: Watch | None) -> None:
            self.trainer, self.steps, self.settings, self.watch = trainer, steps, settings, watch
            self.batches: list[dict[str, Any]] = []
            self.history, self.kept, self.bad = History(), dict[str, Any](), 0

        def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **rest: Any) -> None:
            loss = self.trainer.accelerator.reduce(torch.stack(self.trainer.parts).sum(), "sum")
            self.trainer.parts.clear()
            self.history.losses.append(loss)
            self.history.tokens = self.trainer.seen
            step = state.global_step
            if self.batches and (step % self.settings.validation_every == 0 or step == self.steps):
                self.validate(model, step)
                control.should_training_stop |= 0 < self.settings.patience <= self.bad
            if self.watch:
                self.watch(step, self.steps, float(loss))

        def validate(self, model: Any, step: int) -> None:
            loss = validation_loss(model, self.batches, self.trainer.accepts)
            best = min((value for _, value in self.history.validation), default=float("inf"))
            self.history.validation.append((step, loss))
            self.bad += 1
            if loss < best or self.history.best is None:
                self.bad, self.history.best = 0, step
                self.kept = {name: item.detach().to("cpu", copy=True) for name, item in _trained(model)}

        def restore(self, model: Any) -> None:
            self.history.losses = [float(loss) for loss in self.history.losses]
            if self.history.best not in (None, len(self.history.losses)):
                with torch.no_grad():
                    for name, item in _trained(model):
                        item.copy_(self.kept[name])

    return Journal


def _trained(network: Any) -> list[tuple[str, Any]]:
    return [(name, item) for name, item in network.named_parameters() if item.requires_grad]
