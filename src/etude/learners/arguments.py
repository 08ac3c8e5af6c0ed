"""What every trainer of ours is told alike: the `TrainingArguments` that sft, dpo and grpo share.

Checkpoints only where `checkpoints` asks for one, no printing, one process per device, and logs only for the
trackers that somebody asked for.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from etude.learners.tracking import Tracker
from etude.models.loading import quiet

Schedule = Literal["linear", "constant", "cosine"]

IDLE = ("watch", "report_to", "checkpoint_minutes")
"""Settings of a learner that change nothing of what is learned."""
SCHEDULES = {"linear": "linear", "constant": "constant_with_warmup", "cosine": "cosine"}
LONGEST_NORM = 1.0  # longer gradients are shortened to it: one bad batch cannot undo a small model


def shared(
    folder: Path,
    *,
    batch_size: int,
    gradient_accumulation: int,
    learning_rate: float,
    schedule: Schedule,
    warmup_steps: int,
    weight_decay: float,
    seed: int,
    device: str,
    half: bool,
    checkpointing: bool,
    trackers: tuple[Tracker, ...],
) -> dict[str, Any]:
    """The arguments by name, for `transformers.TrainingArguments` and trl's configs alike.

    Args:
        folder: An existing folder that the trainer may call its own; checkpoints go there.
        device: The kind of device: `cpu`, `cuda` or `mps`.
        half: Forward and backward in bfloat16 while weights and optimizer stay in float32.
        checkpointing: Keep few activations and compute the others again: less memory, about a third more time.
    """
    return {
        "output_dir": str(folder),
        "per_device_train_batch_size": batch_size,
        "gradient_accumulation_steps": gradient_accumulation,
        "learning_rate": learning_rate,
        "lr_scheduler_type": SCHEDULES[schedule],
        "warmup_steps": warmup_steps,
        "weight_decay": weight_decay,
        "max_grad_norm": LONGEST_NORM,
        "seed": seed,
        "use_cpu": device == "cpu",
        "bf16": half,
        **({"gradient_checkpointing": True} if checkpointing else {}),
        "dataloader_pin_memory": False,
        "logging_strategy": "steps" if trackers else "no",
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "save_strategy": "no",
        "eval_strategy": "no",
        "report_to": list(trackers) or "none",
        "disable_tqdm": True,
    }


def one_device(arguments: Any) -> Any:
    """The same arguments for one device: several in one process would mean DataParallel, slower than one."""
    if arguments.n_gpu > 1:
        arguments._n_gpu = 1
    return arguments


def remove_printer(trainer: Any) -> None:
    """Takes off the callback that prints the Trainer's last words."""
    from transformers.trainer_callback import PrinterCallback

    trainer.remove_callback(PrinterCallback)


@contextmanager
def calm() -> Iterator[None]:
    """Keeps transformers' and trl's words off the screen; their settings are put back afterwards."""
    import transformers

    logger = logging.getLogger("trl")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with quiet(transformers), warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of one library about another's names, once for every step
            yield
    finally:
        logger.setLevel(level)
