"""A guard knows an exam and tells which training rows solve a task of it; the exam itself it shows to nobody.

The loop makes one for each run from the tasks that the run is measured on, so that whoever learns can ask and cannot
read. What was found of a program is remembered: rows that come back in a later round are not run again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from etude.leaks.finding import Leak, Search
from etude.progress import Watch, ignore
from etude.protocols import Sandbox
from etude.records import Example
from etude.tasks import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a guard says of rows.

    Attributes:
        against: Task set -> how many of its tasks the rows were compared with.
        leaks: In the order of the rows.
        undecided: Pairs of program and exam task that were too slow to decide, or met a fault of ours.
        not_examined: Ids of exam tasks whose tests do not hold, or are not Python's.
        puzzles: Exam puzzles that were left out.
    """

    against: Mapping[str, int]
    leaks: tuple[Leak, ...]
    undecided: int
    not_examined: tuple[str, ...]
    puzzles: int


class Guard:
    """Compares rows with exams.

    Args:
        exams: Task set, as it was named -> its tasks. None of them: there is nothing to guard, and nothing is run.
        sandbox: Where programs run.
        watch: Told how far it is.
        arm: Whose rows they are, for the watch.
    """

    def __init__(
        self, exams: Mapping[str, Sequence[Task]], sandbox: Sandbox, watch: Watch = ignore, arm: str = "leaks"
    ) -> None:
        self._exams, self._sandbox, self._watch, self._arm = exams, sandbox, watch, arm
        self._searches: dict[bool, Search] = {}

    def look(self, rows: Sequence[Example], *, puzzles: bool = False, watch: Watch | None = None) -> Findings:
        """Which rows solve an exam task.

        Args:
            rows: Training rows.
            puzzles: Compare with exam puzzles, too. An answer is a value, and values of different puzzles coincide.
            watch: Told in place of the guard's own.
        """
        chosen = {
            name: [task for task in own if puzzles or not task.hidden.puzzle] for name, own in self._exams.items()
        }
        search = self._search(puzzles, [task for own in chosen.values() for task in own]) if rows else None
        return Findings(
            against={name: len(own) for name, own in chosen.items()},
            leaks=tuple(search.leaks(rows, watch or self._watch, self._arm)) if search else (),
            undecided=search.undecided_of(rows) if search else 0,
            not_examined=tuple(task.task_id for task in search.unusable) if search else (),
            puzzles=sum(map(len, self._exams.values())) - sum(map(len, chosen.values())),
        )

    def _search(self, puzzles: bool, tasks: Sequence[Task]) -> Search | None:
        """The search through these tasks, made at its first use; None where there is no task."""
        if puzzles not in self._searches and tasks:
            self._searches[puzzles] = Search(tasks, self._sandbox)
        return self._searches.get(puzzles)
