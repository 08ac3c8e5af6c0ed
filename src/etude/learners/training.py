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
from typing import Any, Literal

from etude.learners.tokens import IGNORED, Collate, Row, length, order

Watch = Callable[[int, int, float], None]
Schedule = Literal["linear", "constant", "cosine"]

SCHEDULES = {"linear": "linear", "constant": "constant_with_warmup", "cosine": "cosine"}
LONGEST_NORM = 1.0  # gradients longer than this are shortened to it, as nearly every recipe does


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to train; the fields are those of `etude.learners.sft.Sft`.

    Attributes:
        steps: Optimizer steps, or None for `epochs` passes.
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
    half: bool = False


@dataclass(slots=True)
class History:
    """What came of it.

    Attributes:
        losses: Mean loss per target token, one per optimizer step.
        validation: (step, mean loss per target token of the validation rows).
        best: The step whose weights were kept, or None where there was no validation.
    """

    losses: list[float] = field(default_factory=list)
    validation: list[tuple[int, float]] = field(default_factory=list)
    best: int | None = None

    @property
    def steps(self) -> int:
        return len(self.losses)


class Plan(Sequence[Row]):
    """The rows in the order in which they are trained on, each epoch after the other."""

    def __init__(self, rows: Sequence[Row], settings: Settings) -> None:
        per_step = settings.batch_size * settings.gradient_accumulation
        total = round(settings.epochs * len(rows)) if settings.steps is None else settings.steps * per_step
        self._rows = rows
        self._order = order(
            [length(row) for row in rows],
            batch=settings.batch_size,
            accumulation=settings.gradient_accumulation,
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
    rows: Sequence[Row],
    validation: Sequence[Row],
    collate: Collate,
    settings: Settings,
    folder: Path,
    watch: Watch | None = None,
) -> History:
    """Trains `network` in place; with validation rows it ends up with the weights that did best on them.

    Args:
        network: A causal or encoder-decoder transformers model, on its device; may be wrapped by peft.
        folder: Where the Trainer may put files (it writes none); must exist.
        watch: Called after each step with (step, steps, loss).
    """
    plan, history = Plan(rows, settings), History()
    caching = network.config.use_cache
    with seeded(settings.seed):
        trainer = _trainer_class()(
            model=network,
            args=_arguments(network, plan, settings, folder),
            train_dataset=plan,
            data_collator=collate,
        )
        trainer.history = history
        trainer.remove_callback(_printer())
        if watch:
            trainer.add_callback(_watching(watch, history, plan.steps))
        keeper = None
        if validation and settings.validation_every:
            batches = [collate(validation[at : at + settings.batch_size]) for at in range(0, len(validation), settings.batch_size)]
            keeper = _keeping(batches, trainer, settings, history)
            trainer.add_callback(keeper)
        trainer.train()
        if keeper:
            keeper.restore(network)
    network.config.use_cache = caching
    history.losses = [float(loss) for loss in history.losses]
    return history
