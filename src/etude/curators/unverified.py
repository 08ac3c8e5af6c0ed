"""The control of every gain: learn from what was sampled, whether it works or not.

It looks at no verdict, not even to name it in a row. What a run gains over this curator is what verification is worth.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from etude.curators.order import by_task
from etude.curators.passed import first_distinct, row_of
from etude.protocols import Judged, State
from etude.records import Example


@dataclass
class Unverified:
    """Rows from the first distinct samples of every task, after the rows it is given.

    Args:
        cap: At most so many programs per task.
    """

    cap: int = 4

    def curate(self, judged: Sequence[Judged], examples: Iterable[Example], state: State) -> Iterator[Example]:
        """Yields the rows so far, then those of this round's samples, task by task."""
        yield from examples
        for _, group in by_task(judged, state):
            yield from map(row_of, first_distinct(group, self.cap))
