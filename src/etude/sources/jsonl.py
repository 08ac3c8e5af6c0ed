"""Tasks of your own, from a file with one row per task (JSON lines, a JSON list or Parquet, gzipped or not).

The format of a row is in `etude.sources.own_format`. Every row that is refused is named with its line and reasons.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from etude.errors import InputError
from etude.protocols import State
from etude.sources.files import locate
from etude.sources.own_format import refusal, task_of
from etude.sources.rows import Broken, scan
from etude.tasks import Task

SPLITS = ("train", "validation", "test", "all")
FILES = ("tasks.jsonl", "tasks.jsonl.gz", "*.jsonl", "*.jsonl.gz", "*.json", "*.json.gz", "*.parquet")


class LineProblem(NamedTuple):
    """Why a line is no task: its file and number, the task id where it has one, and one reason."""

    file: str
    line: int
    task_id: str
    reason: str

    def __str__(self) -> str:
        name = f" ({self.task_id})" if self.task_id else ""
        return f"{self.file}, line {self.line}{name}: {self.reason}"


@dataclass
class Jsonl:
    """Tasks of your own.

    Args:
        path: The file, or a folder with `tasks.jsonl` or files of one format.
        skip_invalid: Leave out lines that are no task instead of refusing the whole file.
        split: `train`, `validation` or `test`: about eight, one and one in ten of the tasks. The task id decides, so
            that a task stays where it is when others are added. "" and `all` are the whole file.
    """

    path: str = ""
    skip_invalid: bool = False
    split: str = ""

    def __post_init__(self) -> None:
        if self.split not in ("", *SPLITS):
            raise InputError(f"jsonl has no split {self.split!r}", choices=SPLITS, fix="jsonl:PATH[train]")

    def propose(self, state: State | None, n: int | None = None) -> Iterator[Task]:
        """Yields the tasks in the order of the lines.

        Raises:
            InputError: The file cannot be read, or lines are no tasks: all of them are named.
        """
        if not self.path:
            raise InputError("jsonl wants a path", expected="jsonl:PATH", fix="etude tasks check jsonl:tasks.jsonl")
        tasks, problems = check_lines(self.path)
        if problems and not (self.skip_invalid and tasks):
            raise refusal([str(problem) for problem in problems], self.path)
        yield from islice((task for task in tasks if self.split in ("", "all", split_of(task.task_id))), n)


def split_of(task_id: str) -> str:
    """The split of a task, by its id alone."""
    place = int.from_bytes(hashlib.sha256(task_id.encode("utf-8", "surrogatepass")).digest()[:4]) % 10
    return "train" if place < 8 else "validation" if place == 8 else "test"


def check_lines(path: str | Path) -> tuple[list[Task], list[LineProblem]]:
    """The tasks of a file, and every reason why a line of it is no task.

    Raises:
        InputError: The file as a whole cannot be read.
    """
    tasks: list[Task] = []
    problems: list[LineProblem] = []
    lines: dict[str, str] = {}
    for file in locate(path, FILES):
        for row in scan(file):
            if isinstance(row, Broken):
                problems.append(LineProblem(file.name, row.number, "", row.fault))
                continue
            task, reasons = task_of(row.values, "jsonl")
            if task and task.task_id in lines:
                reasons = [f"the task_id was already used in {lines[task.task_id]}"]
            elif task:
                lines[task.task_id] = f"{file.name}, line {row.number}"
                tasks.append(task)
            task_id = str(row.values.get("task_id") or "")[:80]
            problems += [LineProblem(file.name, row.number, task_id, reason) for reason in reasons]
    return tasks, problems
