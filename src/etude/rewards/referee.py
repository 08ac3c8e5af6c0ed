"""`Referee`: completions for tasks in, verdicts out, in order. What every reward and the HTTP judge decide with.

It opens the tasks, reads programs out of completions as a run does, and asks the judge, several tasks at once. It says
nothing of rewards beyond the share of hidden tests that partial credit needs.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import TracebackType
from typing import NamedTuple, Protocol

from etude.config import nearest
from etude.errors import InputError
from etude.judges.auto import Auto
from etude.models.reply import program_of
from etude.protocols import Judge, Sandbox
from etude.records import Attempt, Level, Tests, Verdict, outside_attempt
from etude.sources.lock import Reading
from etude.sources.naming import resolve, spellings, unique
from etude.sources.task_set import open_task_set
from etude.tasks import Task

REMEMBERED = 4096  # runs kept: the completions of a group are often the same program


class Written(NamedTuple):
    """What was written for a task: a model's completion, or a whole program where `whole` says so."""

    task_id: str
    text: str
    whole: bool = False


class Decided(NamedTuple):
    """A verdict, and the share of the hidden tests that the program passes: None where it was not asked for."""

    verdict: Verdict
    share: float | None = None


class Decider(Protocol):
    """Who decides: a `Referee` here, or one behind an address (`etude.rewards.remote`)."""

    def decide(self, written: Sequence[Written], *, partial: bool = False) -> list[Decided]: ...
    def close(self) -> None: ...


class Referee:
    """Judges what was written for the tasks of a set; safe to share between threads. Close it, or use it with `with`.

    Args:
        tasks: A task set text, or tasks.
        judge: Who decides; None: the judge for each task's kind of tests.
        sandbox: Where programs run; it stays open at `close`. None: one of its own.
        workers: How many programs run at once, and how many tasks are judged at once.
        require: The isolation of its own sandbox.
        reading: What the task set is opened for: a test split is not for practice.

    Raises:
        InputError: The task set cannot be read, has no task, or an id occurs twice.
        LockedError: It holds a test split, and is opened for practice.
        MissingError: The isolation asked for cannot be had.
    """

    def __init__(
        self,
        tasks: str | Sequence[Task],
        *,
        judge: Judge | None = None,
        sandbox: Sandbox | None = None,
        workers: int = 1,
        require: Level = "strong",
        reading: Reading = "practice",
    ) -> None:
        from etude.sandbox import Sandbox as Jail

        self.tasks = {task.task_id: task for task in opened(tasks, reading)}
        self._spellings = spellings(self.tasks)
        self._judge, self._workers = judge, max(1, workers)
        self._own = None if sandbox else Jail(workers=self._workers, require=require, remember=REMEMBERED)
        self._sandbox = sandbox

    @property
    def judge(self) -> Judge:
        """Who decides."""
        if self._judge is None:
            self._judge = Auto()
        return self._judge

    @property
    def sandbox(self) -> Sandbox:
        """Where programs run."""
        found = self._sandbox or self._own
        if found is None:
            raise RuntimeError("the referee is closed")
        return found

    def decide(self, written: Sequence[Written], *, partial: bool = False) -> list[Decided]:
        """One verdict per text, in order; with `partial`, a failed program's share of the hidden tests as well.

        Raises:
            InputError: A task id is not in the set; nothing has been run then.
        """
        places: dict[str, list[int]] = {}
        for place, task_id in enumerate(self.known([item.task_id for item in written])):
            places.setdefault(task_id, []).append(place)
        found: dict[int, Decided] = {}
        with ThreadPoolExecutor(max_workers=self._workers, thread_name_prefix="etude-referee") as pool:
            groups = pool.map(
                lambda own: self._group(self.tasks[own[0]], [written[at] for at in own[1]], partial), places.items()
            )
            for own, decided in zip(places.values(), groups, strict=True):
                found.update(zip(own, decided, strict=True))
        return [found[place] for place in range(len(written))]

    def known(self, task_ids: Sequence[str]) -> list[str]:
        """The ids as the task set spells them.

        Raises:
            InputError: Some are not in the set; the nearest are named.
        """
        found = [resolve(task_id, self._spellings) for task_id in task_ids]
        strange = sorted({str(name) for name, own in zip(task_ids, found, strict=True) if own is None})
        if strange:
            raise InputError(
                f"{len(strange)} task ids are not in the task set: {', '.join(strange[:5])}",
                expected=f"ids of its {len(self.tasks)} tasks",
                choices=nearest(strange[0], self.tasks)[:5],
                fix="make the rows and the reward from one task set: rows(tasks), execution_reward(tasks)",
            )
        return [own for own in found if own is not None]

    def close(self) -> None:
        """Ends its own sandbox; one that was given stays open."""
        own, self._own = self._own, None
        if own is not None:
            own.close()

    def __enter__(self) -> "Referee":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _group(self, task: Task, written: Sequence[Written], partial: bool) -> list[Decided]:
        attempts = [_attempt(task, item, at) for at, item in enumerate(written)]
        verdicts = self.judge.judge(task, attempts, self.sandbox)
        if not partial:
            return [Decided(verdict) for verdict in verdicts]
        decided = [Decided(verdict, verdict.score) for verdict in verdicts]
        near = [at for at, item in enumerate(verdicts) if item.passed is False and item.score > 0]
        if near and task.hidden.kind and task.facts.shown.kind:
            bare = replace(task, facts=replace(task.facts, shown=Tests()))
            again = self.judge.judge(bare, [attempts[at] for at in near], self.sandbox)
            for at, verdict in zip(near, again, strict=True):
                decided[at] = _near(verdicts[at], verdict)
        return decided


def _near(verdict: Verdict, hidden: Verdict) -> Decided:
    """A failed program with its share of the hidden tests alone: the shown ones can be copied from the prompt.

    Where that share could not be found out, nothing is known of what the program is worth.
    """
    return Decided(hidden) if hidden.passed is None else Decided(verdict, min(hidden.score, 0.99))


def opened(tasks: str | Sequence[Task], reading: Reading = "practice") -> list[Task]:
    """The tasks of a task set text, or the tasks themselves.

    Raises:
        InputError: The text, the place or a row is wrong, ids occur twice, or there is no task.
        LockedError: It holds test tasks, and is opened to be practised on.
    """
    if isinstance(tasks, str):
        return open_task_set(tasks, reading=reading)
    if not tasks:
        raise InputError("there are no tasks to judge by", expected="at least one task")
    return unique(tasks, "the tasks given")


def _attempt(task: Task, written: Written, at: int) -> Attempt:
    view = task.view()
    program = written.text if written.whole else program_of(written.text, view)
    return outside_attempt(
        task.task_id, program, "reward", sample_index=at, prompt=view.prompt, completion=written.text
    )
