"""Learn from what works: the programs that passed, as training rows.

A verdict of None is not a pass. The rows of a repaired program follow bootstrapped repair (arXiv 2507.15889), where a
repair is learned as the answer to the repair prompt; STaR (Zelikman et al. 2022) would learn it as the answer to the
task itself.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from etude.curators.order import ancestors, by_task
from etude.errors import InputError
from etude.programs.normalise import normalised
from etude.protocols import Judged, State
from etude.records import Attempt, Example, identify


@dataclass
class Passed:
    """Rows from the attempts that passed, after the rows it is given.

    Args:
        cap: At most so many programs per task.
        shortest_first: The shortest programs are kept, ties by sample; else the first samples are.
        distinct: Programs that differ only in comments, layout or names of variables count as one.
        repair_rows: What a repaired program answers in its row: the `repair` prompt, the task's `initial` prompt, or
            `both` in two rows.
    """

    cap: int = 4
    shortest_first: bool = True
    distinct: bool = True
    repair_rows: Literal["repair", "initial", "both"] = "repair"

    def curate(self, judged: Sequence[Judged], examples: Iterable[Example], state: State) -> Iterator[Example]:
        """Yields the rows so far, then those of this round's passing programs, task by task.

        Raises:
            InputError: A repair's own attempt is not among the judged ones, and its initial prompt is wanted.
        """
        yield from examples
        attempts = {identify(item.attempt): item.attempt for item in judged}
        for _, group in by_task(judged, state):
            for item in self._chosen([item for item in group if item.verdict.passed is True]):
                yield from self._rows(item, attempts)

    def _chosen(self, items: list[Judged]) -> list[Judged]:
        if self.shortest_first:
            items = sorted(items, key=lambda item: len(item.attempt.program))
        return first_distinct(items, self.cap) if self.distinct else items[: self.cap]

    def _rows(self, item: Judged, attempts: dict[str, Attempt]) -> Iterator[Example]:
        row = replace(row_of(item), verdict=identify(item.verdict))
        if not item.attempt.parent:
            yield row
            return
        if item.attempt.parent in attempts:
            row = replace(row, rejected=attempts[item.attempt.parent].program)
        if self.repair_rows in ("repair", "both"):
            yield row
        if self.repair_rows in ("initial", "both"):
            yield _initial(item, row, attempts)


def row_of(item: Judged) -> Example:
    """The row of an attempt as it was written: its own prompt and its own words; the verdict is left to the caller."""
    attempt = item.attempt
    return Example(
        prompt=attempt.prompt,
        target=attempt.completion,
        program=attempt.program,
        task_id=attempt.task_id,
        origin="repair" if attempt.parent else "attempt",
        attempt=identify(attempt),
        round=attempt.round,
        feedback=attempt.feedback,
        licence=item.task.licence,
    )


def first_distinct(items: Sequence[Judged], cap: int) -> list[Judged]:
    """The first `cap` attempts with different programs."""
    found: dict[str, Judged] = {}
    for item in items:
        if len(found) >= cap:
            break
        found.setdefault(normalised(item.attempt.program), item)
    return list(found.values())


def _initial(item: Judged, row: Example, attempts: dict[str, Attempt]) -> Example:
    """The repaired program as the answer to the task's first prompt."""
    from etude.models.prompts import target_for

    chain = ancestors(item.attempt, attempts)
    if not chain or chain[-1].parent:
        raise InputError(
            f"attempt {row.attempt} of {row.task_id} repairs an attempt that was not judged with it",
            expected="the whole repair chain of an attempt in one round",
            fix='repair_rows = "repair"',
        )
    return replace(row, prompt=chain[-1].prompt, target=target_for(item.task.view(), item.attempt.program))
