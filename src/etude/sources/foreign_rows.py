"""Rows of other people's tools made tasks: the part that NeMo-Gym, verifiers and inspect_ai files have in common.

A row is turned into one of our own format and checked as such, so a task from elsewhere is as sound as one's own. Every
row that is refused is named with its reason.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import ClassVar

from etude.errors import InputError
from etude.protocols import State
from etude.records import Json
from etude.sources.files import locate
from etude.sources.foreign_tests import Unreadable
from etude.sources.own_format import NAMED, task_of
from etude.sources.rows import Row, read_rows
from etude.tasks import Task

PATTERNS = ("*.jsonl", "*.jsonl.gz", "*.json", "*.json.gz", "*.parquet")
Read = Callable[[Mapping[str, Json]], dict[str, Json]]
"""From a row's values to the fields of our own format; raises `Unreadable`."""


@dataclass
class ForeignRows(ABC):
    """Tasks from the rows of another tool's files; every test in them is hidden.

    Args:
        path: A file of rows (JSON lines, a JSON list, Parquet), or a folder of such files.
        skip_invalid: Leave out rows that cannot be judged instead of refusing the whole file.

    Attributes:
        origin: The source's name, as `tasks_from` wants it.
    """

    path: str = ""
    skip_invalid: bool = False
    origin: ClassVar[str]

    @staticmethod
    @abstractmethod
    def read(values: Mapping[str, Json]) -> dict[str, Json]:
        """From a row's values to the fields of our own format.

        Raises:
            Unreadable: The row is no task that can be judged.
        """

    def propose(self, state: State | None, n: int | None = None) -> Iterator[Task]:
        """Yields the tasks in the order of the rows.

        Raises:
            InputError: The file cannot be read, or rows are no tasks: all of them are named.
        """
        yield from islice(tasks_from(self.path, self.origin, self.read, self.skip_invalid), n)


def tasks_from(path: str | Path, origin: str, read: Read, skip_invalid: bool) -> list[Task]:
    """The tasks of a file, or of a folder with files of one format.

    Args:
        origin: The source's name: it leads the ids of rows that have none.
        skip_invalid: Leave out rows that are no task instead of refusing the whole file.

    Raises:
        InputError: The file cannot be read, or rows are no tasks; all are named with their reasons.
    """
    if not path:
        raise InputError(f"{origin} wants a file", expected=f"{origin}:PATH", fix=f"etude tasks check {origin}:PATH")
    tasks, refused = dict[str, Task](), list[str]()
    for row in read_rows(locate(path, PATTERNS)):
        task, problems = _task(row, origin, read)
        if task and task.task_id in tasks:
            problems = [f"the id {task.task_id!r} occurs twice"]
        elif task:
            tasks[task.task_id] = task
        refused += [f"{row.where}: {problem}" for problem in problems]
    if refused and not (skip_invalid and tasks):
        more = [f"… and {len(refused) - NAMED} more"] if len(refused) > NAMED else []
        raise InputError(
            "\n".join(
                [f"{origin}:{path}: {len(refused)} rows are no tasks that can be judged", *refused[:NAMED], *more]
            ),
            expected="a prompt, and tests that are data in every row",
            fix="leave such rows out with skip_invalid = true, or write a source of your own (docs/extending.md)",
        )
    return list(tasks.values())


def _task(row: Row, origin: str, read: Read) -> tuple[Task | None, list[str]]:
    try:
        fields = {"task_id": f"{origin}/{row.number - 1}", **read(row.values)}
    except Unreadable as why:
        return None, [str(why)]
    return task_of(fields, origin)


def kept(fields: Mapping[str, Json]) -> dict[str, Json]:
    """Fields without those that the row leaves empty."""
    return {name: value for name, value in fields.items() if value not in (None, "")}


def identity(*values: Json) -> str:
    """The first of some values that is an id, as text; "" where none is."""
    return next((str(item) for item in values if isinstance(item, str | int) and str(item) and item is not True), "")


def prompt_of(value: Json) -> str:
    """The prompt that a text is, or chat messages: what system and user say, joined.

    Raises:
        Unreadable: It is neither, or says nothing.
    """
    if isinstance(value, str):
        text = value
    elif isinstance(value, Sequence) and all(isinstance(item, Mapping) for item in value):
        text = "\n\n".join(filter(None, (_said(item) for item in value)))
    else:
        raise Unreadable("its prompt is neither text nor messages")
    if not text.strip():
        raise Unreadable("its prompt is empty")
    return text


def _said(message: Mapping[str, Json]) -> str:
    if message.get("role") not in (None, "system", "developer", "user"):
        raise Unreadable(f"its prompt is a conversation with a turn of {message.get('role')!r}")
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(str(part.get("text") or "") for part in content if isinstance(part, Mapping))
    return content if isinstance(content, str) else ""
