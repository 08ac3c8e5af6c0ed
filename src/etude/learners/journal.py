"""The journal of a training: losses, measurements on validation rows, and the weights that did best on them.

It is a callback of transformers' `Trainer`, and counts on over a kill. It trains nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from etude.learners.loss import validation_loss
from etude.records import Json

Watch = Callable[[int, int, float], None]
KEPT = "kept.pt"
"""The weights that did best so far, in a checkpoint."""


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

    def remember(self) -> dict[str, Json]:
        """All of it, for `recalled`."""
        return asdict(replace(self, losses=[float(loss) for loss in self.losses]))

    @classmethod
    def recalled(cls, told: Mapping[str, Any]) -> "History":
        """The history that `remember` told of."""
        return cls(**{**told, "validation": [(step, loss) for step, loss in told["validation"]]})


def journal_class() -> Any:
    """The callback that notes losses, tells the watch, measures on validation rows and keeps the best weights."""
    import torch
    import transformers

    class Journal(transformers.TrainerCallback):  # type: ignore[misc]
        def __init__(self, trainer: Any, steps: int, every: int, patience: int, watch: Watch | None) -> None:
            self.trainer, self.steps, self.every, self.patience, self.watch = trainer, steps, every, patience, watch
            self.batches: list[dict[str, Any]] = []
            self.history, self.kept, self.bad = History(), dict[str, Any](), 0

        def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **rest: Any) -> None:
            loss = self.trainer.accelerator.reduce(torch.stack(self.trainer.parts).sum(), "sum")
            self.trainer.parts.clear()
            self.history.losses.append(loss)
            self.history.tokens = self.trainer.seen
            step = state.global_step
            if self.batches and (step % self.every == 0 or step == self.steps):
                self.validate(model, step)
                control.should_training_stop |= 0 < self.patience <= self.bad
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

        def remember(self, checkpoint: Path) -> dict[str, Json]:
            if self.kept:
                torch.save(self.kept, checkpoint / KEPT)
            return {"history": self.history.remember(), "bad": self.bad}

        def recall(self, counted: dict[str, Any], checkpoint: Path) -> None:
            self.history, self.bad = History.recalled(counted["history"]), counted["bad"]
            self.trainer.seen, kept = self.history.tokens, checkpoint / KEPT
            self.kept = torch.load(kept, weights_only=True) if kept.exists() else {}

        def restore(self, model: Any) -> None:
            self.history.losses = [float(loss) for loss in self.history.losses]
            if self.history.best not in (None, len(self.history.losses)):
                _put_back(model, self.kept)

    return Journal


def _put_back(network: Any, kept: Mapping[str, Any]) -> None:
    import torch

    with torch.no_grad():
        for name, item in _trained(network):
            item.copy_(kept[name])


def _trained(network: Any) -> list[tuple[str, Any]]:
    return [(name, item) for name, item in network.named_parameters() if item.requires_grad]
