"""Puzzles after the model's own earlier solutions: it begins without any example and makes its examples itself.

Method: the bootstrapping of P3 (Schuster et al. 2021, arXiv 2106.05784). In several passes every puzzle that is not
solved yet is tried again, and the prompt shows puzzles that the model has solved before, numbered, with its own
solutions. A puzzle's test is its statement, so whoever may read the puzzle may also run it: no answer key is needed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from etude.errors import InputError, RecipeError
from etude.models.prompts import render
from etude.protocols import Budget, Workbench
from etude.puzzles.proposing import bare, renamed
from etude.records import Agent, Attempt, Sampling, TaskView
from etude.solvers.drafting import Draft, sampling, write


class Shot(NamedTuple):
    """A solved puzzle as a prompt shows it: both functions carry its number there."""

    puzzle: str
    solution: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnShots:
    """Draws `samples` programs per puzzle in `passes` parts; from the second on after its own solutions.

    Attributes:
        samples: Programs per puzzle, in all passes together. The paper draws 1,024.
        passes: In how many parts they are drawn, 32 in the paper.
        shots: Solved puzzles in a prompt, at most, drawn anew for each puzzle and pass; as many as fit.
        until_solved: Whether a puzzle that is solved is left in the passes to come, as in the paper. A pass@k wants the
            same number of tries for every puzzle.
        temperature, top_p, max_tokens: As in `Sample`.
        template: Sees `shots`, which may be none, besides what every template sees.
    """

    samples: int = 32
    passes: int = 4
    shots: int = 5
    until_solved: bool = False
    temperature: float = 0.9
    top_p: float = 1.0
    max_tokens: int = 150
    template: str = "puzzle-own-shots.v1"

    def __post_init__(self) -> None:
        if self.samples < 0 or self.passes < 1 or self.shots < 1:
            raise RecipeError(
                f"own_shots: samples {self.samples}, passes {self.passes}, shots {self.shots}",
                expected="samples of 0 or more, passes and shots of 1 or more",
            )

    def attempt(self, views: Sequence[TaskView], agent: Agent, bench: Workbench, budget: Budget) -> Iterator[Attempt]:
        """Yields the attempts pass by pass.

        Raises:
            InputError: A task is no puzzle.
        """
        _require_puzzles(views)
        samples = self.samples if budget.samples is None else budget.samples
        solved: dict[str, str] = {}
        for number in range(self.passes):
            indices = range(samples * number // self.passes, samples * (number + 1) // self.passes)
            left = [view for view in views if not (self.until_solved and view.task_id in solved)]
            drafts = [draft for view in left for draft in self._drafts(view, indices, views, solved, bench, budget)]
            written = []
            for attempt in write(drafts, agent, bench, budget, "own_shots", lambda view: self._sampling(view, budget)):
                written.append(attempt)
                yield attempt
            if number + 1 < self.passes:
                solved |= _solutions(written, views, bench, solved)

    def _drafts(
        self,
        view: TaskView,
        indices: range,
        views: Sequence[TaskView],
        solved: Mapping[str, str],
        bench: Workbench,
        budget: Budget,
    ) -> list[Draft]:
        """The drafts of one puzzle in one pass: one prompt."""
        others = [item for item in views if item.task_id in solved and item.task_id != view.task_id]
        dice = Random(f"own shots {budget.seed} {budget.round} {indices.start} {view.task_id}")
        chosen = dice.sample(others, min(self.shots, len(others)))
        prompt, shots = render(self.template, view, shots=[]), list[Shot]()
        for item in chosen:
            longer = [*shots, _shot(item.shown.puzzle, solved[item.task_id], len(shots) + 1)]
            text = render(self.template, view, shots=longer)
            if bench.fits(text, self.max_tokens):
                prompt, shots = text, longer
        return [Draft(view, prompt, self.template, index) for index in indices]

    def _sampling(self, view: TaskView, budget: Budget) -> Sampling:
        return sampling(
            view, temperature=self.temperature, top_p=self.top_p, max_tokens=self.max_tokens, seed=budget.seed
        )


def _shot(puzzle: str, program: str, number: int) -> Shot:
    """A solved puzzle under its number; calls of the functions by themselves are renumbered too."""
    statement = bare(puzzle)
    solution = bare(program).removeprefix(statement).strip()
    return Shot(renamed(statement, "sat", f"sat{number}"), renamed(solution, "sol", f"sol{number}"))


def _solutions(
    written: Sequence[Attempt], views: Sequence[TaskView], bench: Workbench, solved: Mapping[str, str]
) -> dict[str, str]:
    """Task id -> the shortest right program, of puzzles that were not solved before."""
    known = {view.task_id: view for view in views}
    tried = [item for item in written if item.task_id not in solved]
    outcomes = bench.check([(known[item.task_id], item.program) for item in tried])
    right = [item for item, outcome in zip(tried, outcomes, strict=True) if outcome.status == "ok"]
    found: dict[str, str] = {}
    for item in sorted(right, key=lambda item: (len(item.program), item.program), reverse=True):
        found[item.task_id] = item.program
    return found


def _require_puzzles(views: Sequence[TaskView]) -> None:
    wrong = [view.task_id for view in views if view.kind != "puzzle"]
    if wrong:
        raise InputError(
            f"own_shots solves puzzles, and {len(wrong)} tasks are none: {', '.join(wrong[:5])}",
            expected="tasks of kind puzzle, such as p3:PATH or lab-puzzles",
            fix='another solver, such as use = "sample"',
        )
