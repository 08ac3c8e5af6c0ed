"""What to propose next: how much each known puzzle is worth as an example and as something to learn from.

A policy gives every puzzle a weight; drawing by weight is the same for all of them (`drawn`). `Band`: solve rates in
between. `Archive`: places that are thinly settled, after ACES (arXiv 2310.10692), with features read from the text in
place of a language model's labels. `Learnability`: 4p(1-p), after Absolute Zero (arXiv 2505.03335).
"""

import ast
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

from etude.config import nearest
from etude.errors import RecipeError
from etude.programs.parse import parse
from etude.puzzles.question import read_question


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A puzzle and how it went: solved in `solved` of `tried` attempts; nothing tried, nothing known."""

    task_id: str
    puzzle: str
    solved: int = 0
    tried: int = 0
    round: int = -1

    @property
    def rate(self) -> float | None:
        """The share of attempts that solved it."""
        return self.solved / self.tried if self.tried else None


class Policy(Protocol):
    """One weight per puzzle, 0 or more; 0 is never drawn."""

    def weights(self, puzzles: Sequence[Known]) -> list[float]: ...


@dataclass(frozen=True, slots=True)
class Uniform:
    """Every puzzle counts the same: the released procedure."""

    def weights(self, puzzles: Sequence[Known]) -> list[float]:
        """1 for all."""
        return [1.0 for _ in puzzles]


@dataclass(frozen=True, slots=True)
class Band:
    """Puzzles that are solved sometimes: neither always nor never."""

    low: float = 0.05
    high: float = 0.7

    def weights(self, puzzles: Sequence[Known]) -> list[float]:
        """1 inside the band and for what was never tried, else 0."""
        return [float(item.rate is None or self.low <= item.rate <= self.high) for item in puzzles]


@dataclass(frozen=True, slots=True)
class Learnability:
    """Puzzles from which most is to be learned: most where half of the attempts solve them."""

    def weights(self, puzzles: Sequence[Known]) -> list[float]:
        """4p(1-p); what was never tried counts as much as a rate of one half."""
        return [1.0 if item.rate is None else 4 * item.rate * (1 - item.rate) for item in puzzles]


@dataclass(frozen=True, slots=True)
class Archive:
    """Puzzles of rare kinds: the fewer of a cell are known, the more each counts; and hard ones more than easy ones."""

    def weights(self, puzzles: Sequence[Known]) -> list[float]:
        """Novelty (1 / known puzzles of the cell) times difficulty (1 - solve rate, at least 0.1)."""
        cells = [descriptor(item.puzzle) for item in puzzles]
        settled = Counter(cells)
        hard = [1.0 if item.rate is None else max(0.1, 1 - item.rate) for item in puzzles]
        return [much / settled[cell] for much, cell in zip(hard, cells, strict=True)]


def descriptor(puzzle: str) -> tuple[str, ...]:
    """The cell of a puzzle: the type of its answer, and the skills that its text asks for."""
    question, tree = read_question(puzzle), parse(puzzle)
    skills = {name for node in ast.walk(tree) if (name := _skill(node))} if tree else set()
    return (question.answer if question else "", *sorted(skills))


def _skill(node: ast.AST) -> str:
    """What a piece of a puzzle asks for, in a word: an operation, a call, a loop; "" for anything else."""
    if isinstance(node, ast.Call):
        return f"{ast.unparse(node.func).rpartition('.')[2]}()"[:30]
    if isinstance(node, ast.BinOp):
        return type(node.op).__name__
    if isinstance(node, ast.Compare):
        return type(node.ops[0]).__name__
    if isinstance(node, ast.For | ast.While | ast.comprehension):
        return "loop"
    if isinstance(node, ast.Subscript):
        return "slice" if isinstance(node.slice, ast.Slice) else "item"
    return ""


def drawn(puzzles: Sequence[Known], policy: Policy, number: int | None, dice: Random) -> list[Known]:
    """At most `number` puzzles, none twice, likely ones first: drawn by weight.

    The order in which the puzzles are given does not matter. `None` takes all that have a weight.
    """
    ordered = sorted(puzzles, key=lambda item: (item.task_id, item.puzzle))
    weights = policy.weights(ordered)
    keyed = [
        (math.log(1.0 - dice.random()) / weight, place) for place, weight in enumerate(weights) if weight > 0
    ]  # Efraimidis and Spirakis 2006: the largest keys are a weighted draw without putting back
    return [ordered[place] for _, place in sorted(keyed, reverse=True)[:number]]


POLICIES = {"uniform": Uniform, "band": Band, "archive": Archive, "learnability": Learnability}


def policy_named(name: str, band: tuple[float, float] = (0.05, 0.7)) -> Policy:
    """The policy of a name; the band is for the one that has one.

    Raises:
        RecipeError: There is no such policy; the choices are named. Or the band is none.
    """
    if not 0 <= band[0] <= band[1] <= 1:
        raise RecipeError(f"the band of solve rates is {list(band)}", expected="two shares, the lower one first")
    if name not in POLICIES:
        raise RecipeError(f"no policy {name!r}", choices=nearest(name, POLICIES))
    return Band(*band) if name == "band" else POLICIES[name]()
