"""Pairs of the model's own programs for one prompt, one that passed and one that failed: what preference learners read.

Direct preference optimisation (arXiv 2305.18290) on verdicts instead of tastes. The nearest pairs come first: where
two programs differ in little, that little is what the verdict hangs on. A program without a verdict is in no pair.
"""

import difflib
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

from etude.curators.order import by_task
from etude.curators.passed import first_distinct, row_of
from etude.errors import RecipeError
from etude.programs.normalise import normalised
from etude.protocols import Judged, State
from etude.records import Example, identify

WORDS = re.compile(r"\w+|[^\w\s]")
POOL = 16  # distinct programs of each kind that are compared for one prompt


@dataclass
class Pairs:
    """Rows of kind `pair`, after the rows it is given: the target passed, `rejected` failed.

    Args:
        per_prompt: At most so many pairs for one prompt.
        uses: In at most so many of them a program takes part.
        order: The `nearest` pairs first, ties drawn by the run's seed; or pairs drawn at `random`.
        shuffle: A coin says which of the two is preferred: the control, which must not learn what a verdict means.
    """

    per_prompt: int = 2
    uses: int = 1
    order: Literal["nearest", "random"] = "nearest"
    shuffle: bool = False

    def __post_init__(self) -> None:
        for name in ("per_prompt", "uses"):
            if getattr(self, name) < 1:
                raise RecipeError(f"pairs.{name} is {getattr(self, name)}", expected="1 or more")

    def curate(self, judged: Sequence[Judged], examples: Iterable[Example], state: State) -> Iterator[Example]:
        """Yields the rows so far, then this round's pairs, task by task; a repair is compared with repairs alone."""
        yield from examples
        for _, group in by_task(judged, state):
            for prompt in dict.fromkeys(item.attempt.prompt for item in group):
                own = [item for item in group if item.attempt.prompt == prompt]
                yield from self._pairs(own, random.Random(f"pairs/{state.seed}/{state.round}/{prompt}"))

    def _pairs(self, items: Sequence[Judged], chance: random.Random) -> Iterator[Example]:
        passed = first_distinct([item for item in items if item.verdict.passed is True], POOL)
        failed = first_distinct([item for item in items if item.verdict.passed is False], POOL)
        used: dict[str, int] = {}
        found = 0
        for good, bad in self._ordered(passed, failed, chance):
            names = (identify(good.attempt), identify(bad.attempt))
            if found < self.per_prompt and all(used.get(name, 0) < self.uses for name in names):
                used.update({name: used.get(name, 0) + 1 for name in names})
                found += 1
                yield pair(bad, good) if self.shuffle and chance.random() < 0.5 else pair(good, bad)

    def _ordered(
        self, passed: Sequence[Judged], failed: Sequence[Judged], chance: random.Random
    ) -> list[tuple[Judged, Judged]]:
        pairs = list(product(passed, failed))
        chance.shuffle(pairs)
        return sorted(pairs, key=lambda pair: -likeness(*pair)) if self.order == "nearest" else pairs


def pair(good: Judged, bad: Judged) -> Example:
    """The row of two attempts at one prompt, the preferred one first."""
    return replace(
        row_of(good),
        kind="pair",
        verdict=identify(good.verdict),
        rejected=bad.attempt.completion,
        rejected_attempt=identify(bad.attempt),
    )


def likeness(one: Judged, other: Judged) -> float:
    """How much of the words and signs of two programs agree, in order: 1 for equal normal forms, 0 for nothing."""
    first, second = (WORDS.findall(normalised(item.attempt.program)) for item in (one, other))
    return difflib.SequenceMatcher(None, first, second, autojunk=False).ratio()
