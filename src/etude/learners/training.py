"""The steps themselves: gradient descent on answer tokens with transformers' `Trainer`.

Why the plain `Trainer`: measured on a 0.5 M parameter model, its step costs 1.02 times a loop written by hand, trl's
`SFTTrainer` 1.40 times, and importing trl is slower. Rows, order and collator are ours, so nothing of trl is missed.

It reads and writes no files but checkpoints. It seeds torch, numpy and `random` as the Trainer does, and puts their
states back.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from etude.learners.arguments import Schedule, one_device, remove_printer, shared
from etude.learners.checkpoints import Checkpoints, train_on
from etude.learners.journal import History, Watch, journal_class
from etude.learners.loss import accepted, answer_loss
from etude.learners.processes import whole_weights, world
from etude.learners.tokens import Collate, length, order
from etude.learners.tracking import Tracker


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
    checkpoints: Checkpoints,
    *,
    validation: Sequence[dict[str, Any]] = (),
    watch: Watch | None = None,
) -> History:
    """Trains `network` in place; with validation batches it ends up with the weights that did best on them.

    Args:
        network: A causal or encoder-decoder transformers model, on its device; may be wrapped by peft.
        rows: Rows, or packed sequences with a collator for them.
        checkpoints: Where it goes on, and leaves where to go on.
        validation: Batches to measure on.
        watch: Called after each step with (step, steps, loss).
    """
    plan, caching = Plan(rows, settings), network.config.use_cache
    with seeded(settings.seed):
        trainer = _trainer_class()(
            model=network,
            args=_arguments(plan, settings, checkpoints),
            train_dataset=plan,
            data_collator=collate,
            callbacks=[],
        )
        remove_printer(trainer)
        journal = journal_class()(trainer, plan.steps, settings.validation_every, settings.patience, watch)
        journal.batches = list(validation) if settings.validation_every else []
        trainer.add_callback(journal)
        train_on(trainer, checkpoints, journal, settings.batch_size)
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


def _arguments(plan: Plan, settings: Settings, checkpoints: Checkpoints) -> Any:
    """The Trainer's arguments: one pass over the plan, no workers, one device per process."""
    import transformers

    common = shared(
        checkpoints.opened(),
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
