"""This round's rows together with earlier ones and with references, shuffled by the run's seed.

Learning from every round's rows at once is the replay buffer of bootstrapped repair (arXiv 2507.15889) and the pooled
rows of self-taught puzzles (arXiv 2207.14502).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from etude.curators.references import reference_row
from etude.errors import RecipeError
from etude.protocols import Judged, State
from etude.records import Example, identify


@dataclass
class Mix:
    """The rows it is given, joined with others; no row twice.

    Args:
        earlier: The share of the rows of earlier rounds that is replayed, 0 to 1, drawn by the seed.
        references: Rows from references: true for every task that has one, or so many per row of this round.
        limit: At most so many rows, drawn by the seed from all of them.
        shuffle: False keeps earlier rows first, then this round's, then references.
    """

    earlier: float = 1.0
    references: bool | float = False
    limit: int | None = None
    shuffle: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.earlier <= 1:
            raise RecipeError(f"mix.earlier is {self.earlier}", expected="a share between 0 and 1")
        if self.references < 0 or (self.limit is not None and self.limit < 1):
            raise RecipeError(
                "mix.references is below 0 or mix.limit below 1", expected="a ratio, and a number of rows"
            )

    def curate(self, judged: Sequence[Judged], examples: Iterable[Example], state: State) -> Iterator[Example]:
        """Yields the joined rows. The same rows in another order give the same result, where they are shuffled."""
        dice = Random(f"mix {state.seed} {state.round}")
        own, old = _once(examples), _once(state.earlier)
        known = {identify(row) for row in own}
        replayed = _drawn([row for row in old if identify(row) not in known], round(self.earlier * len(old)), dice)
        rows = _once([*replayed, *own, *self._references(len(own), state, dice)])
        if self.limit is not None:
            rows = _drawn(rows, self.limit, dice)
        if self.shuffle:
            rows = sorted(rows, key=identify)
            dice.shuffle(rows)
        yield from rows

    def _references(self, own: int, state: State, dice: Random) -> list[Example]:
        if not self.references:
            return []
        rows = [reference_row(task, state) for task in state.tasks if task.reference]
        return rows if self.references is True else _drawn(rows, round(self.references * own), dice)


def _once(rows: Iterable[Example]) -> list[Example]:
    return list({identify(row): row for row in rows}.values())


def _drawn(rows: list[Example], count: int, dice: Random) -> list[Example]:
    """`count` of the rows, in their order; which ones does not depend on that order."""
    if count >= len(rows):
        return rows
    chosen = set(dice.sample(sorted(identify(row) for row in rows), count))
    return [row for row in rows if identify(row) in chosen]
