"""Samples where they are worth it: in waves, until a task has enough right programs or has shown no promise.

One sample more tells most about a task that is solved sometimes. So every task gets a first wave; tasks with enough
distinct right programs get no more; those that were solved sometimes come before those that never were, and the latter
stop at `hopeless` draws. The published procedure spends the same on every task in every round.

Right means right on shown tests, or (`gate = "oracle"`, where the recipe allows it) right for the judge.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from etude.errors import RecipeError
from etude.programs.normalise import normalised
from etude.protocols import Budget, Workbench
from etude.records import Agent, Attempt, TaskView
from etude.solvers.drafting import write
from etude.solvers.repair import Gate
from etude.solvers.sample import Sample
from etude.solvers.shots import Shelf


@dataclass(slots=True)
class Standing:
    """How a task stands: samples drawn, samples right, and the different programs among the right ones."""

    view: TaskView
    drawn: int = 0
    right: int = 0
    distinct: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adaptive:
    """Draws `samples` per task on average, at most `most` for any one.

    Attributes:
        samples: The budget: so many times the number of tasks.
        wave: Samples per task and wave.
        enough: Distinct right programs after which a task gets no more samples.
        most: Samples of one task, at most.
        hopeless: Samples after which a task that was never solved gets no more in this round.
        first_round: The first round that it draws in. At 1, round 0 costs nothing: the agent learns from references
            first, where a curator offers them, and is worth sampling from after that.
        gate: Who says that a program is right: its `shown` tests, or the judge (`oracle`).
        temperature, top_p, max_tokens, template, shots: As in `Sample`.
    """

    samples: int = 4
    wave: int = 2
    enough: int = 2
    most: int = 16
    hopeless: int = 6
    first_round: int = 0
    gate: Gate = "shown"
    temperature: float = 0.8
    top_p: float = 1.0
    max_tokens: int = 512
    template: str = ""
    shots: int = 0

    def __post_init__(self) -> None:
        if min(self.wave, self.enough, self.most, self.hopeless) < 1 or self.samples < 0:
            raise RecipeError(
                f"adaptive: wave {self.wave}, enough {self.enough}, most {self.most}, hopeless {self.hopeless}",
                expected="numbers of 1 or more",
            )

    def attempt(self, views: Sequence[TaskView], agent: Agent, bench: Workbench, budget: Budget) -> Iterator[Attempt]:
        """Yields the attempts wave by wave; tasks without any test to go by get one wave."""
        sampler = Sample(
            temperature=self.temperature, top_p=self.top_p, max_tokens=self.max_tokens, template=self.template
        )
        shelf = Shelf.of(agent, self.shots)
        if budget.round < self.first_round:
            return
        left = len(views) * (self.samples if budget.samples is None else budget.samples)
        standings = {view.task_id: Standing(view) for view in views}
        while left > 0 and (chosen := self._chosen(list(standings.values()), left)):
            drafts = [
                draft
                for standing, number in chosen
                for draft in sampler.drafts(standing.view, standing.drawn + number, bench, shelf)[standing.drawn :]
            ]
            written = []
            for attempt in write(drafts, agent, bench, budget, "adaptive", lambda view: sampler.sampling(view, budget)):
                written.append(attempt)
                yield attempt
            left -= len(written)
            self._count(written, standings, bench)

    def _chosen(self, standings: Sequence[Standing], left: int) -> list[tuple[Standing, int]]:
        """Who gets how many samples in this wave, the most telling tasks first, within what is left."""
        open_ = [item for item in standings if self._is_open(item)]
        open_.sort(key=lambda item: item.drawn > 0 and item.right == 0)  # stable: never solved comes last
        chosen = []
        for item in open_:
            number = min(self.wave, self.most - item.drawn, left)
            if number < 1:
                break
            left -= number
            chosen.append((item, number))
        return chosen

    def _is_open(self, item: Standing) -> bool:
        if item.drawn == 0:
            return True
        if item.drawn >= self.most or len(item.distinct) >= self.enough:
            return False
        if self.gate == "shown" and not len(item.view.shown):
            return False
        return item.right > 0 or item.drawn < self.hopeless

    def _count(self, written: Sequence[Attempt], standings: dict[str, Standing], bench: Workbench) -> None:
        for attempt, right in zip(written, self._right(written, standings, bench), strict=True):
            standing = standings[attempt.task_id]
            standing.drawn += 1
            if right:
                standing.right += 1
                standing.distinct.add(normalised(attempt.program))

    def _right(self, written: Sequence[Attempt], standings: dict[str, Standing], bench: Workbench) -> list[bool | None]:
        if self.gate == "oracle":
            return bench.passes(written)
        pairs = [(standings[item.task_id].view, item.program) for item in written]
        testable = [pair for pair in pairs if len(pair[0].shown)]
        outcomes = iter(bench.check(testable))
        return [next(outcomes).status == "ok" if len(view.shown) else None for view, _ in pairs]
