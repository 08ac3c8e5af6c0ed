"""No exam in the training rows: a row whose program solves an exam task is a leak, however it is worded.

Every program that is about to be learned from is run against the hidden tests of the exam tasks (`etude.leaks`): those
that the run is measured on, or those that the recipe names. It stands last among the curators, so that what it has seen
is what is learned from. What it writes names tasks and functions, and nothing of a test.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from typing import Literal

from etude.errors import RecipeError
from etude.folders import write_text
from etude.leaks.finding import Leak, opened
from etude.leaks.guarding import Findings, Guard
from etude.programs.normalise import normalised
from etude.protocols import Judged, Sandbox, State
from etude.reads import READ, reading
from etude.records import Example, Json
from etude.tasks import Task

FILE = "leaks.json"


@dataclass
class Decontaminate:
    """Drops the rows that solve an exam task, or counts them; writes `leaks.json` in the round's folder.

    A pass is a pass, also where it is owed to weak tests: the row goes. An exam task that many different programs pass
    is named as weak, so that somebody may look at its tests.

    Args:
        against: Task sets that nobody may learn from, such as `["humaneval:PATH", "lab[test]"]`; none named: the tasks
            that the run is measured on, which the run's guard knows.
        action: `drop` the leaks, or only `count` them.
        weak_from: So many different programs, answers to so many different tasks, make an exam task that they solve a
            weak one.
        puzzles: Compare with exam puzzles, too. An answer is a value, and the values of different puzzles coincide.
        sandbox: Where the programs run; None takes the run's own, or opens one for each round and closes it.
    """

    against: Sequence[str] = ()
    action: Literal["drop", "count"] = "drop"
    weak_from: int = 5
    puzzles: bool = False
    sandbox: Sandbox | None = field(default=None, repr=False)
    _guard: Guard | None = field(default=None, init=False, repr=False, compare=False)
    _tasks: dict[str, list[Task]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if isinstance(self.against, str):
            raise RecipeError("decontaminate.against is no list of task sets", expected='["humaneval:PATH", ...]')
        if self.weak_from < 2:
            raise RecipeError(f"decontaminate.weak_from is {self.weak_from}", expected="2 or more")

    def curate(self, judged: Sequence[Judged], examples: Iterable[Example], state: State) -> Iterator[Example]:
        """Yields the rows that solve no exam task (all rows, with `count`), in their order.

        Raises:
            InputError: A task set cannot be read.
            MissingError: There is no sandbox to be had.
            RecipeError: Nothing says what the exam is.
        """
        rows = list(examples)
        found = self._looked(rows, state)
        facts = _facts(self, rows, found)
        self._write(state, facts, rows, found.leaks)
        leaking = {leak.place for leak in found.leaks} if self.action == "drop" else set()
        yield from (row for place, row in enumerate(rows) if place not in leaking)

    def _looked(self, rows: Sequence[Example], state: State) -> Findings:
        if not self.against:
            if state.guard is None:
                raise RecipeError(
                    "decontaminate has nothing to compare with: outside a run nobody knows the exam",
                    expected='decontaminate.against = ["humaneval:PATH", ...]',
                )
            return state.guard.look(rows, puzzles=self.puzzles)
        sandbox = self.sandbox or state.sandbox
        if sandbox is not None:
            self._guard = self._guard or Guard(self._exams(state), sandbox)
            return self._guard.look(rows, puzzles=self.puzzles)
        from etude.sandbox import Sandbox as Jail

        with ExitStack() as stack:
            return Guard(self._exams(state), stack.enter_context(Jail(workers=1))).look(rows, puzzles=self.puzzles)

    def _exams(self, state: State) -> dict[str, list[Task]]:
        """The task sets by name, opened once; that they are read is on record."""
        if not self._tasks:
            self._tasks = {text: opened([text]) for text in self.against}
            for text, tasks in self._tasks.items():
                if state.note:
                    state.note(READ, **reading(text, len(tasks), "guard", by="decontaminate"))
        return self._tasks

    def _write(self, state: State, facts: dict[str, Json], rows: Sequence[Example], leaks: Sequence[Leak]) -> None:
        listed = [{"row": leak.place, **_listed(leak, rows[leak.place])} for leak in leaks]
        text = json.dumps({**facts, "leaks": listed}, indent=2, sort_keys=True)
        write_text(state.folder / FILE, text + "\n")
        if state.note:
            state.note("leaks", round=state.round, **facts)


def weak_exams(leaks: Iterable[Leak], programs: Sequence[str], least: int) -> dict[str, int]:
    """Exam tasks that at least so many different programs for different tasks pass -> how many.

    Args:
        programs: The program of each place that a leak names.
    """
    solved: dict[str, dict[str, str]] = defaultdict(dict)
    for leak in leaks:
        solved[leak.exam].setdefault(normalised(programs[leak.place]), leak.task_id or str(leak.place))
    counts = {exam: len(set(own.values())) for exam, own in solved.items()}
    return {exam: count for exam, count in sorted(counts.items()) if count >= least}


def _facts(part: Decontaminate, rows: Sequence[Example], found: Findings) -> dict[str, Json]:
    leaking = len({leak.place for leak in found.leaks})
    return {
        "against": dict(found.against),
        "action": part.action,
        "rows": len(rows),
        "leaking_rows": leaking,
        "dropped": leaking if part.action == "drop" else 0,
        "exam_tasks_solved": len({leak.exam for leak in found.leaks}),
        "weak": weak_exams(found.leaks, [row.program or row.target for row in rows], part.weak_from),
        "undecided": found.undecided,
        "not_examined": list(found.not_examined),
        "puzzles_left_out": found.puzzles,
    }


def _listed(leak: Leak, row: Example) -> dict[str, Json]:
    facts = {name: value for name, value in asdict(leak).items() if name != "place"}
    return {**facts, "attempt": row.attempt, "round": row.round}
