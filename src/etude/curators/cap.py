"""At most so many rows of one task, over all rounds, so that easy tasks do not crowd out hard ones.

`passed` caps what one round adds; after `mix` has joined the rounds, this caps the whole, as the released self-taught
puzzles do (arXiv 2207.14502: the shortest distinct solutions of a puzzle).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from etude.errors import RecipeError
from etude.protocols import Judged, State
from etude.records import Example, identify


@dataclass
class Cap:
    """Keeps the rows with the shortest targets of every task and prompt, in the order they came in.

    Args:
        per_task: Rows kept per task and prompt.
    """

    per_task: int = 4

    def __post_init__(self) -> None:
        if self.per_task < 1:
            raise RecipeError(f"cap.per_task is {self.per_task}", expected="1 or more")

    def curate(self, judged: Sequence[Judged], examples: Iterable[Example], state: State) -> Iterator[Example]:
        """Yields the rows that are kept; which ones does not depend on their order."""
        rows = list(examples)
        groups: dict[tuple[str, str], list[Example]] = {}
        for row in rows:
            groups.setdefault((row.task_id, row.prompt), []).append(row)
        kept = {
            identify(row)
            for group in groups.values()
            for row in sorted(group, key=lambda row: (len(row.target), identify(row)))[: self.per_task]
        }
        yield from (row for row in rows if identify(row) in kept)
