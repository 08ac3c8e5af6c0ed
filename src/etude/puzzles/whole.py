"""Rows that teach the whole text, puzzle and solution, so that who learns to solve learns to propose as well.

The released self-taught puzzles (arXiv 2207.14502) train on puzzle, solution and the line that checks it, every token
alike. An ordinary row teaches the answer only.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from etude.protocols import Judged, State
from etude.puzzles.proposing import bare
from etude.records import Example
from etude.tasks import Task


@dataclass
class Whole:
    """Adds or substitutes rows whose target is the puzzle together with its solution.

    Args:
        rows: `beside` keeps each row and adds its puzzle as a row of its own; `instead` makes one row of both.
        opening: A pattern: what of the text's beginning is read rather than learned. It is the prompt of the row.
        assertion: Whether the line that checks the solution stands at the end.
        weight: Of the rows that are made.
    """

    rows: Literal["beside", "instead"] = "instead"
    opening: str = r"def \w+\("
    assertion: bool = True
    weight: float = 1.0

    def curate(self, judged: Sequence[Judged], examples: Iterable[Example], state: State) -> Iterator[Example]:
        """Yields the rows; those of tasks that are no puzzles of this round go through as they are."""
        puzzles = {task.task_id: task for task in state.tasks if task.facts.kind == "puzzle"}
        told: set[str] = set()
        for row in examples:
            task = puzzles.get(row.task_id)
            if task is None or row.kind == "text":
                yield row
                continue
            if self.rows == "instead":
                yield self._made(row, self._solved(task, row))
                continue
            yield row
            if row.task_id not in told:
                told.add(row.task_id)
                yield replace(self._made(row, bare(task.hidden.puzzle)), program=task.hidden.puzzle)

    def _solved(self, task: Task, row: Example) -> str:
        end = "\n\nassert sat(sol()) is True" if self.assertion else ""
        return f"{bare(row.program).strip()}{end}"

    def _made(self, row: Example, text: str) -> Example:
        found = re.match(self.opening, text)
        place = found.end() if found else 0
        return replace(row, prompt=text[:place], target=text[place:], kind="text", weight=self.weight)
