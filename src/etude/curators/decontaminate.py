"""No exam in the training rows: a row whose program solves an exam task is a leak, however it is worded.

Every program that is about to be learned from is run against the hidden tests of the exam tasks (`etude.leaks`). It
stands behind the curators that make rows. What it writes names tasks and functions, and nothing of a test.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from typing import Literal

from etude.errors import RecipeError
from etude.folders import write_text
from etude.leaks.finding import Leak, Search, opened
from etude.programs.normalise import normalised
from etude.protocols import Judged, Sandbox, State
from etude.records import Example, Json
from etude.tasks import Task

FILE = "leaks.json"


@dataclass
class Decontaminate:
    """Drops the rows that solve an exam task, or counts them; writes `leaks.json` in the round's folder.

    A pass is a pass, also where it is owed to weak tests: the row goes. An exam task that many different programs pass
    is named as weak, so that somebody may look at its tests.

    Args:
        against: Task sets that nobody may learn from, such as `["humaneval:PATH", "lab[test]"]`.
        action: `drop` the leaks, or only `count` them.
        weak_from: So many different programs, answers to so many different tasks, make an exam task that they solve a
            weak one.
        sandbox: Where the programs run; None opens one for each round, and closes it.
    """

    against: Sequence[str]
    action: Literal["drop", "count"] = "drop"
    weak_from: int = 5
    sandbox: Sandbox | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if isinstance(self.against, str) or not self.against:
            raise RecipeError("decontaminate.against is no list of task sets", expected='["humaneval:PATH", ...]')
        if self.weak_from < 2:
            raise RecipeError(f"decontaminate.weak_from is {self.weak_from}", expected="2 or more")

    def curate(self, judged: Sequence[Judged], examples: Iterable[Example], state: State) -> Iterator[Example]:
        """Yields the rows that solve no exam task (all rows, with `count`), in their order.

        Raises:
            InputError: A task set cannot be read.
            MissingError: There is no sandbox to be had.
        """
        rows = list(examples)
        sets = {text: opened([text]) for text in self.against}
        if state.note:
            for text, tasks in sets.items():
                state.note("read", split=text, tasks=len(tasks), by="decontaminate")
        search, leaks = self._searched(rows, [task for tasks in sets.values() for task in tasks])
        facts = _facts(self, rows, leaks, search, {text: len(tasks) for text, tasks in sets.items()})
        self._write(state, facts, rows, leaks)
        leaking = {leak.place for leak in leaks} if self.action == "drop" else set()
        yield from (row for place, row in enumerate(rows) if place not in leaking)

    def _searched(self, rows: Sequence[Example], exams: Sequence[Task]) -> tuple[Search, list[Leak]]:
        from etude.sandbox import Sandbox as Jail

        with ExitStack() as stack:
            sandbox = self.sandbox or stack.enter_context(Jail(workers=1))
            search = Search(exams, sandbox)
            return search, list(search.leaks(rows))

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


def _facts(
    part: Decontaminate, rows: Sequence[Example], leaks: Sequence[Leak], search: Search, sets: dict[str, int]
) -> dict[str, Json]:
    found = len({leak.place for leak in leaks})
    return {
        "against": sets,
        "action": part.action,
        "rows": len(rows),
        "leaking_rows": found,
        "dropped": found if part.action == "drop" else 0,
        "exam_tasks_solved": len({leak.exam for leak in leaks}),
        "weak": weak_exams(leaks, [row.program or row.target for row in rows], part.weak_from),
        "undecided": search.undecided,
        "not_examined": [task.task_id for task in search.unusable],
    }


def _listed(leak: Leak, row: Example) -> dict[str, Json]:
    facts = {name: value for name, value in asdict(leak).items() if name != "place"}
    return {**facts, "attempt": row.attempt, "round": row.round}
