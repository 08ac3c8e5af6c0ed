"""Repair: a program that fails is shown what the interpreter said, and written again; over several rounds, as a tree.

Method: bootstrapping with repair (Dr. Boot, arXiv 2507.15889); repair trees after Olausson et al. (arXiv 2306.09896); a
repairing model beside the writing one after Self-Edit (arXiv 2305.04087). A repair keeps its lineage: parent attempt
and feedback. What is said of a program comes from shown tests only.

Which programs are repaired is the business of `gate`. With `shown` it is what a user without hidden tests could do too.
With `oracle` the judge's verdict decides, as in the published procedure; the recipe must allow it, and says so.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from etude.config import Part, build
from etude.errors import RecipeError
from etude.models.prompts import template_for
from etude.protocols import Budget, Model, Workbench
from etude.records import Agent, Attempt, Outcome, Sampling, Status, TaskView, identify
from etude.solvers.drafting import Draft, write
from etude.solvers.feedback import HOWEVER, Level, feedback, question
from etude.solvers.fitting import fitted
from etude.solvers.puzzle_words import walk
from etude.solvers.sample import Sample
from etude.solvers.shots import Shelf

Gate = Literal["shown", "oracle"]
Pair = tuple[TaskView, Attempt]
EXPLAINED = ("\n```\n",)  # a fence that opens a block is followed by its language


@dataclass(frozen=True, kw_only=True)
class Repair:
    """Samples as `Sample` does, then repairs what fails.

    Attributes:
        repairs: Repairs drawn for each failed program.
        rounds: Rounds of repair: a failed repair is repaired in the next.
        gate: Who says that a program failed: its `shown` tests, or the judge (`oracle`).
        level: How much of the outcome the model is told.
        longest: Characters of the failing program that are kept in the prompt.
        repair_template: Template of the repair prompt; "" picks by the kind of the task.
        repair_temperature: Of repairs; None is that of the first attempts.
        only: Statuses (`failed`, `error`, `timeout` ...) of the shown tests that are worth a repair; empty is all.
        explain: The model first says in a sentence what is wrong, then writes the program (`instruct` tasks only).
        shots: Worked examples in front of a prompt, at most: of solutions, and of repairs, where the agent has them.
        repairer: A model part that writes the repairs (`{use = "huggingface", path = "..."}`); None is the agent.
    """

    samples: int = 4
    temperature: float = 0.8
    top_p: float = 1.0
    max_tokens: int = 512
    template: str = ""
    repairs: int = 1
    rounds: int = 1
    gate: Gate = "shown"
    level: Level = "full"
    longest: int = 1000
    repair_template: str = ""
    repair_temperature: float | None = None
    only: tuple[Status, ...] = ()
    explain: bool = False
    shots: int = 0
    repairer: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        _ = self._repairer  # says what is wrong with its settings

    def attempt(self, views: Sequence[TaskView], agent: Agent, bench: Workbench, budget: Budget) -> Iterator[Attempt]:
        """Yields every first attempt as it is written, then round by round the repairs of those that fail."""
        known = {view.task_id: view for view in views}
        written: list[Pair] = []
        for attempt in self._sampler(self.temperature).attempt(views, agent, bench, budget):
            written.append((known[attempt.task_id], attempt))
            yield attempt
        heat = self.temperature if self.repair_temperature is None else self.repair_temperature
        sampler = self._sampler(heat)
        writer, other = bench, agent
        if self._repairer:
            writer, other = bench.beside(self._repairer), replace(agent, fingerprint=self._repairer.fingerprint)
        shelf = Shelf.of(agent, self.shots, repairs=True)
        for _ in range(self.rounds if self.repairs else 0):
            drafts = self._drafts(written, bench, shelf)
            written = []
            for attempt in write(
                drafts, other, writer, budget, "repair", lambda view: self._place(sampler, view, budget)
            ):
                written.append((known[attempt.task_id], attempt))
                yield attempt

    @cached_property
    def _repairer(self) -> Model | None:
        model: Model | None = build("models", Part.model_validate(self.repairer)) if self.repairer else None
        return model

    def _template(self, view: TaskView) -> str:
        if not self.explain:
            return template_for(view, repair=True)
        if view.kind != "instruct":
            raise RecipeError(
                f"{view.task_id} is code to be continued: there is no place for an explanation in it",
                expected="tasks of kind instruct",
                fix="set solver.explain = false",
            )
        return "explain-instruct.v1"

    def _sampler(self, temperature: float) -> Sample:
        return Sample(
            samples=self.samples,
            temperature=temperature,
            top_p=self.top_p,
            max_tokens=self.max_tokens,
            template=self.template,
            shots=self.shots,
        )

    def _drafts(self, pairs: Sequence[Pair], bench: Workbench, shelf: Shelf) -> list[Draft]:
        """Repair drafts for the attempts that fail."""
        failed = self._failed(pairs, bench)
        writer = bench.beside(self._repairer) if self._repairer else bench
        return [draft for view, attempt, said in failed for draft in self._repairs(view, attempt, said, writer, shelf)]

    def _place(self, sampler: Sample, view: TaskView, budget: Budget) -> Sampling:
        found = sampler.sampling(view, budget)
        return replace(found, stop=EXPLAINED) if self.explain else found

    def _failed(self, pairs: Sequence[Pair], bench: Workbench) -> Iterator[tuple[TaskView, Attempt, str]]:
        """The attempts to repair, each with what is to be said of it."""
        if self.gate == "oracle":
            verdicts = bench.passes([attempt for _, attempt in pairs])
            pairs = [pair for pair, passed in zip(pairs, verdicts, strict=True) if passed is False]
        testable = [(view, attempt) for view, attempt in pairs if len(view.shown)]
        outcomes = self._checked(testable, bench)
        traces = self._traces(testable, outcomes, bench) if self.level == "trace" else {}
        for view, attempt in pairs:
            name = identify(attempt)
            said = feedback(outcomes[name], self.level, attempt.program) if name in outcomes else ""
            if self.gate == "oracle" and not said:
                said = HOWEVER if name in outcomes and self.level != "none" else "wrong"
            worth = not self.only or (name in outcomes and outcomes[name].status in self.only)
            if said and worth:
                yield view, attempt, f"{said}\n{traces[name]}" if traces.get(name) else said

    def _traces(self, pairs: Sequence[Pair], outcomes: Mapping[str, Outcome], bench: Workbench) -> dict[str, str]:
        """Attempt id -> what its lines did with the first test that failed; of a puzzle, what `sat` did with it."""
        asked = {}
        for view, attempt in pairs:
            outcome = outcomes[identify(attempt)]
            found = walk(view, outcome) or (attempt.program, question(outcome, view.entry_point))
            if found[1]:
                asked[identify(attempt)] = found
        return dict(zip(asked, bench.trace(list(asked.values())), strict=True))

    def _checked(self, pairs: Sequence[Pair], bench: Workbench) -> dict[str, Outcome]:
        outcomes = bench.check([(view, attempt.program) for view, attempt in pairs])
        return {identify(attempt): outcome for (_, attempt), outcome in zip(pairs, outcomes, strict=True)}

    def _repairs(self, view: TaskView, attempt: Attempt, said: str, writer: Workbench, shelf: Shelf) -> list[Draft]:
        template = self.repair_template or self._template(view)
        told = {"completion": attempt.completion[: self.longest], "program": attempt.program[: self.longest]}
        prompt = fitted(template, view, writer, self.max_tokens, **told, feedback=said)
        prompt = shelf.before(prompt, view, writer, self.max_tokens)
        indices = range(attempt.sample_index * self.repairs, (attempt.sample_index + 1) * self.repairs)
        return [Draft(view, prompt, template, index, identify(attempt), said) for index in indices]
