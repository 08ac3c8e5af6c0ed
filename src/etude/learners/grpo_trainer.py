"""TRL's `GRPOTrainer` with the verdicts of judges as rewards, and three things that it does otherwise.

Completions are handed to the judge as soon as their groups are sampled. A completion without a verdict is left out of
the loss altogether (TRL gives it an advantage of 0, and still counts it in the mean over the batch and in the
divergence from the reference). A group that teaches nothing is left out in the same way, and costs no forward pass.

The methods overridden are not public: `trl>=1.16,<2` is what they were written for, and the tests would notice.
"""

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from etude.learners.groups import Reward, Tally, in_groups, signals
from etude.learners.sampling import Sampler
from etude.learners.scoring import Scorer
from etude.records import Json

SEEDS = 7919  # between the seeds of two samplings
BY_ROW = ("grpo", "dr_grpo")
"""Losses that TRL divides by the rows of a batch; the others are divided by tokens."""


class Judging:
    """What our trainer does otherwise; stands in front of TRL's in the order of classes.

    Attributes:
        tally: What came of every sampling.
        sampling: Seconds that it took.
        parts: Losses of the batches of the step under way.
    """

    args: Any
    model: Any
    num_generations: int
    loss_type: str
    use_vllm: bool
    use_transformers_continuous_batching: bool
    current_gradient_accumulation_steps: int

    def __init__(self, *, scorer: Scorer, sampler: Sampler, rollouts: Path, sample_rows: int, **arguments: Any) -> None:
        self.scorer, self.sampler, self.rollouts, self.sample_rows = scorer, sampler, rollouts, sample_rows
        self.tally, self.rewards, self.drawn = Tally(), list[Reward](), list[str]()
        self.sampling, self.ids, self.stops, self.tokens = 0.0, list[str](), list[tuple[str, ...]](), 0
        self.texts, self.parts = list[str](), list[Any]()

        def verdict(completions: Sequence[str], **columns: Any) -> list[Reward]:
            self.rewards = self.scorer.collect()
            return self.rewards

        super().__init__(reward_funcs=verdict, **arguments)  # type: ignore[call-arg]

    def remember(self) -> dict[str, Json]:
        """What must go on being counted after a kill; checkpoints are made between two samplings."""
        return {
            "tally": self.tally.remember(),
            "scorer": self.scorer.remember(),
            "seconds_sampling": self.sampling,
            "rollouts": self.rollouts.stat().st_size,
        }

    def recall(self, counted: dict[str, Any]) -> None:
        """Goes on from what was counted; what was sampled after that is forgotten, and sampled again."""
        self.tally = Tally.recalled(counted["tally"])
        self.scorer.recall(counted["scorer"])
        self.sampling = counted["seconds_sampling"]
        os.truncate(self.rollouts, counted["rollouts"])

    def _get_train_sampler(self, *given: Any) -> Any:
        """TRL's order of tasks, which is otherwise lost where a training goes on in a later epoch."""
        import torch

        sampler = super()._get_train_sampler(*given)  # type: ignore[misc]

        def set_epoch(epoch: int) -> None:
            if not sampler.shuffle:
                return
            sampler.generator.manual_seed(self.args.seed)
            for _ in range(epoch):
                torch.randperm(sampler.num_samples, generator=sampler.generator)

        sampler.set_epoch = set_epoch
        return sampler

    def _send_telemetry(self) -> None:
        """Nothing is told to anybody."""

    def _tokenize_prompts(self, prompts: list[str]) -> tuple[list[list[int]], None, dict[str, Any]]:
        return [self.sampler.prompt(prompt) for prompt in prompts], None, {}

    def _generate_single_turn(self, prompt_ids: list[list[int]], *rest: Any, **more: Any) -> tuple[list[Any], None]:
        began, found = time.monotonic(), list[list[int]]()
        for start in range(0, len(prompt_ids), self.sample_rows):
            part = prompt_ids[start : start + self.sample_rows]
            if self.use_vllm or self.use_transformers_continuous_batching:
                part, _ = super()._generate_single_turn(part, *rest, **more)  # type: ignore[misc]
                texts = [self.sampler.reader.text(ids) for ids in part]
            else:
                part, texts = self._sampled(part, start)
            self.scorer.submit(self.ids[start : start + len(part)], texts)
            self.drawn.extend(texts)
            found.extend(part)
        self.sampling += time.monotonic() - began
        self.tokens = sum(map(len, found))
        return found, None

    def _sampled(self, prompts: list[list[int]], start: int) -> tuple[list[list[int]], list[str]]:
        """Tokens and texts of one batch of groups, drawn as in a run: every sample by a seed of its own."""
        import torch

        seed = (self.args.seed + SEEDS * len(self.tally.steps)) % 2**32
        half = torch.autocast(self.args.device.type, torch.bfloat16, enabled=self.args.bf16)
        self.model.eval()
        with half:
            span = slice(start, start + len(prompts))
            drafts = self.sampler.draw(self.model, self.texts[span], prompts, self.stops[span], seed)
        self.model.train()
        return [draft.tokens for draft in drafts], [draft.completion().text for draft in drafts]

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        import torch

        self.ids, self.drawn = [row["task_id"] for row in inputs], []
        self.texts, self.stops = [row["prompt"] for row in inputs], [tuple(row["stop"]) for row in inputs]
        output = super()._generate_and_score_completions(inputs)  # type: ignore[misc]
        groups = in_groups(self.rewards, self.num_generations)
        self.tally.add(groups, self.tokens)
        signal = torch.tensor(signals(groups), device=output["advantages"].device)
        output["signal"], output["kept"] = signal, signal.sum()
        output["num_items_in_batch"] = output["completion_mask"][signal].sum()
        self._record(output["advantages"].tolist())
        return dict(output)

    def _record(self, advantages: list[float]) -> None:
        rows = zip(self.ids, self.drawn, self.rewards, advantages, strict=True)
        with self.rollouts.open("a") as file:
            for task_id, text, reward, advantage in rows:
                row = {"sampling": len(self.tally.steps), "task_id": task_id, "completion": text, "reward": reward}
                file.write(json.dumps({**row, "advantage": round(advantage, 4)}) + "\n")

    def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> Any:
        import torch

        signal, kept = inputs["signal"], int(inputs["kept"])
        rows = int(signal.sum())
        if not rows:
            return torch.zeros((), device=signal.device, requires_grad=True)  # no weight gets a gradient from it
        loss = super()._compute_loss(model, taught(inputs, signal))  # type: ignore[misc]
        if self.loss_type in BY_ROW:
            loss = loss * (rows * self.current_gradient_accumulation_steps / kept)
        self.parts.append(loss.detach())
        return loss


def trainer_class() -> Any:
    """The trainer. Made here because trl is imported only when something is trained."""
    import trl

    return type("JudgedTrainer", (Judging, trl.GRPOTrainer), {})


def taught(inputs: dict[str, Any], signal: Any) -> dict[str, Any]:
    """The rows of a batch that teach, without the columns that only padding of the others needed."""
    rows = {name: item[signal] if getattr(item, "ndim", 0) else item for name, item in inputs.items()}
    prompt, completion = (int(rows[f"{part}_mask"].sum(1).max()) for part in ("prompt", "completion"))
    found = {}
    for name, item in rows.items():
        if name in ("signal", "kept"):
            continue
        if name in ("prompt_ids", "prompt_mask"):
            item = item[:, item.shape[1] - prompt :]
        elif getattr(item, "ndim", 0) == 2:
            item = item[:, :completion]
        found[name] = item
    return found
