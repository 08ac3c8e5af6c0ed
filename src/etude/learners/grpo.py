"""Group-relative policy optimisation: the model samples, our judges decide, what was better than its group is learned.

DeepSeekMath (arXiv 2402.03300) on TRL's trainer. For each of the round's tasks a group of programs is sampled and run
against the hidden tests; a program's advantage is how much better than its group it did. Programs without a verdict
take no part, groups that all passed or all failed teach nothing and are skipped; the folder's note counts both.

It samples by itself and needs no rows: the tasks of the round are its prompts. Several GPUs are not its business; for
them, `etude.rewards` goes into a TRL script of your own.
"""

import json
import logging
import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from etude.errors import InputError, RecipeError
from etude.learners.adapters import lora
from etude.learners.by_trl import ByTrl
from etude.learners.checkpoints import Checkpoints
from etude.learners.folder import learned
from etude.learners.sampling import Sampler
from etude.learners.scoring import Scorer
from etude.models.prompts import stops_for
from etude.protocols import State
from etude.records import Agent, Example, Json, Sampling, identify
from etude.tasks import Task

log = logging.getLogger(__name__)

METHOD = "grpo/1"
ROLLOUTS = "rollouts.jsonl"
SILENT = 0.9  # a share of groups that teach nothing from which the user is told


@dataclass(frozen=True, slots=True, kw_only=True)
class Grpo(ByTrl):
    """Trains on the rewards of the model's own samples and leaves an ordinary folder at `state.folder / "model"`.

    Every sample with its reward and advantage lies in `rollouts.jsonl` of the round's folder.

    Attributes:
        group: Programs per task and step.
        tasks_per_step: Tasks per optimizer step.
        updates: Optimizer steps on one sampling (the paper's mu); each counts towards `steps`.
        max_tokens: New tokens per program, at most.
        temperature, top_p: How programs are drawn.
        template: Prompt template; "" picks by the kind of the task, as the solver `sample` does.
        beta: Weight of the divergence from the starting model; above 0 that model stays in memory (not with LoRA).
        clip: How far the probability of a token may move in one sampling.
        loss: `grpo` (mean over tokens, then over programs, as in the paper), `dapo` (over all tokens) or `dr_grpo`.
        scale: Divide advantages by the group's deviation.
        partial: A failed program earns the share of hidden tests that it passes.
        workers: Programs judged at once.
        sample_rows: Programs sampled together; the ones before are judged meanwhile.
        ahead: Judge while sampling goes on.
        guard: A program that solves a task of the exam earns nothing (in runs that are measured).
        shuffle: A control: the rewards of a step are dealt out at random.
    """

    learning_rate: float = 1e-6
    batch_size: int = 32
    group: int = 8
    tasks_per_step: int = 16
    updates: int = 1
    max_tokens: int = 512
    temperature: float = 1.0
    top_p: float = 1.0
    template: str = ""
    beta: float = 0.0
    clip: float = 0.2
    loss: Literal["grpo", "dapo", "dr_grpo"] = "grpo"
    scale: bool = True
    partial: bool = False
    workers: int = 1
    sample_rows: int = 64
    ahead: bool = True
    guard: bool = True
    shuffle: bool = False

    def _rules(self) -> dict[str, bool]:
        return {
            **ByTrl._rules(self),
            "group": self.group >= 2,
            "tasks_per_step": self.tasks_per_step >= 1,
            "updates": self.updates >= 1,
            "max_tokens": self.max_tokens >= 1,
            "temperature": self.temperature > 0,
            "beta": self.beta >= 0,
            "clip": self.clip > 0,
            "workers": self.workers >= 1,
            "sample_rows": self.sample_rows >= 1,
        }

    def learn(self, agent: Agent, examples: Sequence[Example], state: State) -> Agent:
        """The agent that has learned from its own samples on `state.tasks`; rows are not looked at.

        The same call again (same tasks, settings and start) returns the folder already made.

        Raises:
            InputError: There are no tasks.
            MissingError: The model, the device, a library or a tracker is not there.
            RecipeError: A setting of `more` is unknown, or the model is an encoder-decoder.
            StorageError: The new folder cannot be written; an earlier one is untouched.
        """
        if not state.tasks:
            raise InputError("grpo has no tasks to practise on", expected="tasks from the recipe's source")
        start = state.base if self.start == "base" else agent
        rows = identify(list(state.tasks))
        key = identify([METHOD, self._settings(), start.fingerprint, rows, state.seed, state.round, repr(state.judge)])

        def make(folder: Path, note: dict[str, Json]) -> None:
            self._make(start, state, folder, note, lambda *given: self._train(state, *given))

        return learned(agent, start, state, rows, key, make)

    def _train(self, state: State, source: Path, size: int, checkpoints: Checkpoints) -> tuple[Any, dict[str, Json]]:
        from etude.learners.grpo_trainer import trainer_class
        from etude.rewards import execution_reward, rows

        loaded = self._load(source)
        if loaded.encoder_decoder:
            raise RecipeError("grpo trains causal models; this one is an encoder-decoder", fix='use = "sft"')
        rollouts = state.folder / f"{ROLLOUTS}.partial"
        if checkpoints.last() is None:
            rollouts.unlink(missing_ok=True)
        with ExitStack() as stack:
            reward = stack.enter_context(
                execution_reward(state.tasks, judge=state.judge, sandbox=state.sandbox, workers=self.workers,
                                 partial=self.partial)
            )  # fmt: skip
            scorer = Scorer(
                judge=lambda ids, texts: reward(texts, task_id=ids),
                guard=state.guard if self.guard else None,
                views={task.task_id: task.view() for task in state.tasks},
                ahead=self.ahead,
                shuffle=self._seed(state) if self.shuffle else None,
            )
            stack.callback(scorer.close)
            trainer = trainer_class()(
                scorer=scorer,
                sampler=Sampler(loaded, self.group, self._sampling(), self.style),
                rollouts=rollouts,
                sample_rows=self._whole_groups(),
                model=loaded.network,
                args=self._config(loaded, checkpoints, size, len(state.tasks), self._seed(state)),
                train_dataset=_dataset(rows(state.tasks, template=self.template), state.tasks),
                processing_class=loaded.tokenizer,
                peft_config=lora(loaded.network, self.lora) if self.lora else None,
            )
            losses = self._run(trainer, checkpoints, size, every=self.updates)
        os.replace(rollouts, state.folder / ROLLOUTS)
        return trainer.model, self._facts(trainer, scorer, losses)

    def _sampling(self) -> Sampling:
        return Sampling(temperature=self.temperature, top_p=self.top_p, max_tokens=self.max_tokens)

    def _whole_groups(self) -> int:
        return max(1, self.sample_rows // self.group) * self.group

    def _config(self, loaded: Any, checkpoints: Checkpoints, size: int, tasks: int, seed: int) -> Any:
        import trl

        rows = min(self.tasks_per_step, tasks) * self.group
        size = next(number for number in range(min(size, rows), 0, -1) if rows % number == 0)
        return self._arguments(
            trl.GRPOConfig, loaded, checkpoints, size, rows // size, seed,
            steps_per_generation=rows // size, num_generations=self.group, num_iterations=self.updates,
            max_completion_length=self.max_tokens, temperature=self.temperature, top_p=self.top_p, top_k=0,
            beta=self.beta, epsilon=self.clip, loss_type=self.loss, scale_rewards="group" if self.scale else "none",
            remove_unused_columns=False,
        )  # fmt: skip

    def _facts(self, trainer: Any, scorer: Scorer, losses: list[float]) -> dict[str, Json]:
        tally = trainer.tally
        if tally.silent() > SILENT:
            log.warning(
                "%.0f %% of the groups taught nothing: all of a group passed, or none; passes per group: %s",
                100 * tally.silent(), json.dumps(tally.facts()["passes_per_group"]),
            )  # fmt: skip
        return {
            "method": METHOD,
            "steps": len(losses),
            "losses": losses,
            **tally.facts(),
            "leaks_without_reward": scorer.leaks,
            "seconds_sampling": round(trainer.sampling, 3),
            "seconds_judging": round(scorer.judging, 3),
            "seconds_waited_for_verdicts": round(scorer.waited, 3),
        }


def _dataset(rows: list[dict[str, Any]], tasks: Sequence[Task]) -> Any:
    import datasets

    stops = [{"stop": list(stops_for(task.view()))} for task in tasks]
    return datasets.Dataset.from_list([{**row, **stop} for row, stop in zip(rows, stops, strict=True)])
