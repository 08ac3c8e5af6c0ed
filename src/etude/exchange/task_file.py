"""`TaskFile`: an exported file of tasks together with our judge, for the tools of others.

The tasks are read at once, the sandbox is opened when something is first judged and closed when the file is dropped or
the process ends. It says nothing of anybody's scores: every tool has its own words for "no verdict".
"""

import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from etude.errors import EtudeError, InputError
from etude.records import Level, TaskView, Verdict
from etude.rewards.referee import Referee, Written
from etude.rewards.rows import prompt
from etude.sources.jsonl import Jsonl
from etude.tasks import Task

NAME = "tasks.jsonl"


class TaskFile:
    """The tasks of an exported folder, and who judges programs written for them. Safe to share between threads.

    Args:
        path: The file `tasks.jsonl`, or the folder that holds it.
        workers: Programs run at once.
        require: The isolation that must be had: `strong`, `container` or `any`.

    Raises:
        InputError: The file cannot be read, or a line of it is no task.
    """

    def __init__(self, path: str | Path, workers: int = 1, require: Level = "strong") -> None:
        place = Path(path)
        self.path = place / NAME if place.is_dir() else place
        self._tasks: dict[str, Task] = {task.task_id: task for task in Jsonl(path=str(self.path)).propose(None)}
        self._workers, self._require = workers, require
        self._lock = threading.Lock()
        self._referee: Referee | None = None

    @property
    def views(self) -> list[TaskView]:
        """What a model may know of each task, in the order of the file: no hidden test, no reference."""
        return [task.view() for task in self._tasks.values()]

    def message(self, task_id: str) -> str:
        """The prompt of a task as one message to a chat model."""
        return str(prompt(self._known(task_id).view(), chat=True)[0]["content"])

    def text(self, task_id: str) -> str:
        """The prompt of a task as text that a model continues."""
        return str(prompt(self._known(task_id).view()))

    def reference(self, task_id: str) -> str:
        """The right program that is known for a task, or ""."""
        return self._known(task_id).reference

    def judge(self, task_ids: Sequence[str], replies: Sequence[str], whole: bool = False) -> list[Verdict]:
        """One verdict per reply, in order; `passed` is None where there is none.

        Args:
            replies: A model's words; the program is read out of them as in a run.
            whole: They are whole programs.

        Raises:
            MissingError: The isolation asked for cannot be had.
            InputError: A task id is not in the file.
        """
        written = [Written(name, text, whole) for name, text in zip(task_ids, replies, strict=True)]
        return [item.verdict for item in self._opened().decide(written)]

    def _opened(self) -> Referee:
        with self._lock:
            if self._referee is None:
                self._referee = Referee(list(self._tasks.values()), workers=self._workers, require=self._require)
                weakref.finalize(self, self._referee.close)
            return self._referee

    def _known(self, task_id: str) -> Task:
        if task_id not in self._tasks:
            raise InputError(f"{self.path} has no task {task_id!r}", expected=f"one of its {len(self._tasks)} tasks")
        return self._tasks[task_id]


class NoVerdict(EtudeError):
    """A program that could not be judged, for tools that have no other word for it than an error."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(
            f"no verdict: {verdict.reason or verdict.status}",
            expected="a pass or a fail",
            fix="etude doctor",
        )


def require_verdict(verdict: Verdict) -> float:
    """1 for a pass, 0 for a fail.

    Raises:
        NoVerdict: There is neither; it is never a 0.
    """
    if verdict.passed is None:
        raise NoVerdict(verdict)
    return float(verdict.passed)


def metadata_of(verdict: Verdict) -> dict[str, Any]:
    """What may be logged of a verdict: nothing in it names a hidden value."""
    names = ("status", "reason", "judge", "strength", "isolation", "trust")
    return {name: getattr(verdict, name) for name in names}
