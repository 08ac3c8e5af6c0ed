"""Puzzles answered by enumeration: short expressions in order of likelihood, and no language model.

Method: the enumerative baseline of P3 (Schuster et al. 2021, arXiv 2106.05784). A typed grammar gives expressions,
likeliest first under a uniform or a counted model of its rules; each try is an ordinary program. In several passes the
solver learns from itself: the expressions that solved puzzles in one pass are counted, and the next pass looks where
such expressions lie. A puzzle's test is its statement, so whoever may read the puzzle may also run it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import ClassVar

from etude.errors import InputError, RecipeError
from etude.protocols import Budget, Workbench
from etude.puzzles.bigram import Bigram, Likelihood, Uniform, fit, load
from etude.puzzles.deriving import Derivation, derive
from etude.puzzles.grammar import Grammar
from etude.puzzles.instance import IMPORTS
from etude.puzzles.question import Question, read_question
from etude.puzzles.search import expressions
from etude.records import Agent, Attempt, TaskView

BATCH = 64  # tries checked together; what may be wasted after a solution
TEMPLATE = "enumerate.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enumerate:
    """Writes `samples` different expressions per puzzle.

    Attributes:
        samples: Tries per puzzle, in all passes together.
        passes: In how many parts the tries are spent; after each part the model of the rules is fitted to the
            solutions found so far.
        until_solved: Whether a puzzle is left after the batch of tries that holds its first solution. A pass@k wants
            the same number of tries for every puzzle, so it is off by default.
        rules: A file of counted rules (`etude.puzzles.bigram.save`), or "" to begin with the uniform model.
        borrowed: The share of inputs and of the puzzle's own constants in the uniform model.
        prior: How many sightings the uniform model is worth in a fitted one.
        needs_model: False: nobody has to name a language model for it.
    """

    samples: int = 1000
    passes: int = 1
    until_solved: bool = False
    rules: str = ""
    borrowed: float = 0.5
    prior: float = 5.0
    needs_model: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.samples < 0 or self.passes < 1 or not 0 < self.borrowed < 1 or self.prior <= 0:
            raise RecipeError(
                f"enumerate: {self}",
                expected="samples of 0 or more, passes of 1 or more, borrowed between 0 and 1, prior above 0",
            )

    def attempt(self, views: Sequence[TaskView], agent: Agent, bench: Workbench, budget: Budget) -> Iterator[Attempt]:
        """Yields the tries of each puzzle, likeliest first, pass after pass.

        Raises:
            InputError: A task is no puzzle, or its `sat` cannot be read; the tasks are named.
        """
        searches = _searches(views)
        samples = self.samples if budget.samples is None else budget.samples
        known = load(Path(self.rules).expanduser()) if self.rules else None
        found: list[Derivation] = []
        for number in range(self.passes):
            model = self._model(known, found)
            share = samples * (number + 1) // self.passes - samples * number // self.passes
            for search in searches:
                if not (self.until_solved and search.solved):
                    yield from self._tries(search, model, share, bench, agent, budget)
            found = [tree for search in searches if (tree := search.solution())]

    def _model(self, known: Bigram | None, found: Sequence[Derivation]) -> Likelihood:
        base = Uniform(borrowed=self.borrowed)
        return fit(found, self.prior, base, known) if found or known else base

    def _tries(
        self, search: "_Search", model: Likelihood, share: int, bench: Workbench, agent: Agent, budget: Budget
    ) -> Iterator[Attempt]:
        """The tries of one puzzle in one pass. They are only run here where the solver itself has to know."""
        rest = islice(search.more(model), share)
        while batch := list(islice(rest, BATCH)):
            for source in batch:
                yield search.attempt(source, agent, budget)
            if self.until_solved or self.passes > 1:
                outcomes = bench.check([(search.view, search.program(source)) for source in batch])
                right = [source for source, outcome in zip(batch, outcomes, strict=True) if outcome.status == "ok"]
                search.solved = search.solved or next(iter(right), "")
            if self.until_solved and search.solved:
                return


@dataclass(slots=True)
class _Search:
    """How far the enumeration of one puzzle has come: what was tried, and the first solution."""

    view: TaskView
    question: Question
    grammar: Grammar
    tried: dict[str, int] = field(default_factory=dict)
    solved: str = ""

    def more(self, model: Likelihood) -> Iterator[str]:
        """Expressions that were not tried before."""
        for source, _ in expressions(self.grammar, model):
            if source not in self.tried:
                self.tried[source] = len(self.tried)
                yield source

    def solution(self) -> Derivation | None:
        """How the first solution was made."""
        return derive(self.solved, self.grammar) if self.solved else None

    def attempt(self, source: str, agent: Agent, budget: Budget) -> Attempt:
        """One try as an attempt."""
        return Attempt(
            task_id=self.view.task_id,
            prompt=self.view.prompt,
            completion=self._completion(source),
            program=self.program(source),
            template=TEMPLATE,
            agent=agent.fingerprint,
            solver="enumerate",
            sample_index=self.tried[source],
            seed=budget.seed,
            round=budget.round,
        )

    def program(self, source: str) -> str:
        """The whole program; it leaves out the puzzle, which it does not need."""
        return f"{IMPORTS}\n\n{self._header() or self.question.header}\n    return {source}\n"

    def _header(self) -> str:
        """The header of the answer as the prompt has it in its last line, with all inputs, or ""."""
        last = self.view.prompt.rstrip().rpartition("\n")[2]
        whole = last.startswith("def sol(") and last.endswith(":")
        return last if whole and all(f"{name}=" in last for name, _ in self.question.inputs) else ""

    def _completion(self, source: str) -> str:
        """What stands after the prompt: the body, or the whole function where the prompt has no header for it."""
        line = f"    return {source}\n"
        if not self._header():
            return f"{self.question.header}\n{line}"
        return line if self.view.prompt.endswith("\n") else f"\n{line}"


def _searches(views: Sequence[TaskView]) -> list[_Search]:
    searches: list[_Search] = []
    unread: list[str] = []
    for view in views:
        question = read_question(view.shown.puzzle)
        if question is None:
            unread.append(view.task_id)
        else:
            searches.append(_Search(view, question, Grammar(question)))
    if unread:
        raise InputError(
            f"{len(unread)} tasks are no puzzles that can be enumerated: {', '.join(unread[:10])}",
            expected="a sat whose answer is a bool, int, float, str or a list of those",
        )
    return searches
