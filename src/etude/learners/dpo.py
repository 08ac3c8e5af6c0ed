"""Direct preference optimisation (arXiv 2305.18290) from pairs of programs, one that passed and one that failed.

On TRL's trainer: the passed program of a pair is to become likelier than the failed one, as against the model that the
learning starts from. The rows are those of the curator `pairs`; prompt and programs are cut into tokens here, exactly
as sampling sees them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etude.errors import InputError, RecipeError
from etude.learners.adapters import lora
from etude.learners.by_trl import ByTrl
from etude.learners.checkpoints import Checkpoints
from etude.learners.folder import learned, unchanged
from etude.learners.tokens import end_of, shortened
from etude.models.loading import Loaded
from etude.models.tokens import prompt_tokens, target_tokens
from etude.protocols import State
from etude.records import Agent, Example, Json, identify

METHOD = "dpo/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dpo(ByTrl):
    """Trains on rows of kind `pair` and leaves an ordinary folder at `state.folder / "model"`.

    Attributes:
        gradient_accumulation: Batches per optimizer step.
        beta: How dearly it costs to move away from the starting model.
        sft: Weight of the plain loss on the passed program beside it; 0 is the paper's method.
        max_length: Tokens of prompt and program together. A longer prompt loses its beginning; a pair with a program
            that does not fit is dropped, and counted in the folder's note.
    """

    learning_rate: float = 5e-6
    gradient_accumulation: int = 1
    beta: float = 0.1
    sft: float = 0.0
    max_length: int = 1024

    def _rules(self) -> dict[str, bool]:
        return {
            **ByTrl._rules(self),
            "gradient_accumulation": self.gradient_accumulation >= 1,
            "beta": self.beta > 0,
            "sft": self.sft >= 0,
            "max_length": self.max_length >= 2,
        }

    def learn(self, agent: Agent, examples: Sequence[Example], state: State) -> Agent:
        """The agent that has learned from the pairs; without pairs the given agent, but for its round.

        The same call again (same rows, settings and start) returns the folder already made.

        Raises:
            InputError: A row is no pair, or none fits into `max_length`.
            MissingError: The model, the device, a library or a tracker is not there.
            RecipeError: A setting of `more` is unknown, or the model is an encoder-decoder.
            StorageError: The new folder cannot be written; an earlier one is untouched.
        """
        if not examples:
            return unchanged(agent, state)
        _require_pairs(examples)
        start = state.base if self.start == "base" else agent
        rows = identify(list(examples))
        key = identify([METHOD, self._settings(), start.fingerprint, rows, state.seed, state.round])

        def make(folder: Path, note: dict[str, Json]) -> None:
            self._make(start, state, folder, note, lambda *given: self._train(examples, state, *given))

        return learned(agent, start, state, rows, key, make)

    def _train(
        self, examples: Sequence[Example], state: State, source: Path, size: int, checkpoints: Checkpoints
    ) -> tuple[Any, dict[str, Json]]:
        import datasets
        import trl

        loaded = self._load(source)
        if loaded.encoder_decoder:
            raise RecipeError("dpo trains causal models; this one is an encoder-decoder", fix='use = "sft"')
        pairs = self._encode(loaded, examples)
        accumulation = max(1, self.batch_size * self.gradient_accumulation // size)
        losses = {"loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, self.sft]} if self.sft else {}
        trainer = trainer_class()(
            model=loaded.network,
            args=self._arguments(
                trl.DPOConfig, loaded, checkpoints, size, accumulation, self._seed(state),
                beta=self.beta, max_length=None, **losses,
            ),
            train_dataset=datasets.Dataset.from_list(pairs),
            processing_class=loaded.tokenizer,
            peft_config=lora(loaded.network, self.lora) if self.lora else None,
        )  # fmt: skip
        losses_seen = self._run(trainer, checkpoints, size)
        return trainer.model, {
            "method": METHOD,
            "examples": len(examples),
            "rows_trained": len(pairs),
            "rows_dropped": len(examples) - len(pairs),
            "steps": len(losses_seen),
            "losses": losses_seen,
            "gradient_accumulation": accumulation,
        }

    def _encode(self, loaded: Loaded, examples: Sequence[Example]) -> list[dict[str, list[int]]]:
        """The pairs that fit, as token ids; a target ends with the token that ends a text."""
        room, end = min(self.max_length, loaded.context or self.max_length), end_of(loaded)
        pairs = []
        for row in examples:
            good, bad = (
                target_tokens(loaded.tokenizer, text) + ([] if end is None else [end])
                for text in (row.target, row.rejected)
            )
            space = room - max(len(good), len(bad))
            if space >= 1:
                prompt = prompt_tokens(loaded.tokenizer, row.prompt, style=self.style)
                prompt = shortened(prompt, space, loaded.tokenizer.bos_token_id)
                pairs.append({"prompt_ids": prompt, "chosen_ids": good, "rejected_ids": bad})
        if not pairs:
            raise InputError(f"none of {len(examples)} pairs fits into {room} tokens", fix="raise learner.max_length")
        return pairs


def trainer_class() -> Any:
    """TRL's trainer on rows that are token ids already. Made here because trl is imported only to train."""
    import trl

    class Preferring(trl.DPOTrainer):  # type: ignore[misc]
        def __init__(self, **arguments: Any) -> None:
            self.parts: list[Any] = []
            super().__init__(**arguments)

        def _send_telemetry(self) -> None:
            """Nothing is told to anybody."""

        def _prepare_dataset(self, dataset: Any, *rest: Any, **more: Any) -> Any:
            return dataset

        def training_step(self, *given: Any, **more: Any) -> Any:
            loss = super().training_step(*given, **more)
            self.parts.append(loss.detach())
            return loss

        def remember(self) -> dict[str, Json]:
            return {}

        def recall(self, counted: dict[str, Any]) -> None:
            """There is nothing but the losses."""

    return Preferring


def _require_pairs(examples: Sequence[Example]) -> None:
    for row in examples:
        if row.kind != "pair" or not row.rejected:
            raise InputError(
                f"a row of kind {row.kind!r} (task {row.task_id}) is no pair",
                expected="a program that passed and one that failed, for one prompt",
                fix='curators = [{ use = "pairs" }]',
            )
