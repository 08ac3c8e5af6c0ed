"""What every exported task folder has: the tasks in our own format, a README that says what they are, and a name.

The tool's own file is written by the module of that tool. The folder holds the hidden tests: whoever trains on it, or
publishes it, spends them.
"""

import keyword
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from etude.errors import InputError
from etude.exchange import licences
from etude.exchange.own_rows import licences_of, rows_of
from etude.exchange.places import new_folder
from etude.exchange.task_file import NAME
from etude.folders import write_text
from etude.puzzles.exporting import lines
from etude.records import Json
from etude.tasks import Task

Files = dict[str, str]
"""Relative path -> text."""


def name_of(target: Path) -> str:
    """A folder's name as the name of a Python module.

    Raises:
        InputError: Nothing of it can be one.
    """
    name = re.sub(r"\W+", "_", target.name.casefold(), flags=re.ASCII).strip("_")
    if not name or name[0].isdigit() or keyword.iskeyword(name):
        raise InputError(
            f"{target.name!r} cannot name a task: it becomes a Python module",
            expected="letters, digits and underscores, a letter first",
            fix="--to exported/my_tasks",
        )
    return name


def write_task_folder(
    tasks: Sequence[Task], target: Path, *, inside: str, files: Callable[[str], Files], use: str
) -> dict[str, Json]:
    """Writes tasks, the tool's files and a README.

    Args:
        inside: Where in the folder `tasks.jsonl` lies; `{name}` is the folder's name as a module.
        files: Module name -> the tool's own files.
        use: How the tool is called, as lines of shell, with `{name}` and `{folder}`.

    Returns:
        What was written: `to`, `name`, `tasks`, `left_out` (one line each), `licences`.

    Raises:
        InputError: No task is left, or the folder cannot have this name.
    """
    name = name_of(target)
    rows, left = rows_of(tasks)
    if not rows:
        raise InputError(f"none of {len(tasks)} tasks can be written: {left[0] if left else 'there are none'}")
    counts = licences_of(rows)
    with new_folder(target) as folder:
        write_text(folder / inside.format(name=name) / NAME, lines(rows))
        for path, text in files(name).items():
            write_text(folder / path, text)
        write_text(
            folder / "README.md", _readme(name, len(rows), left, counts, use.format(name=name, folder=target.name))
        )
    return {"to": str(target), "name": name, "tasks": len(rows), "left_out": left, "licences": dict(counts)}


def _readme(name: str, tasks: int, left: Sequence[str], counts: dict[str, int], use: str) -> str:
    parts = [
        f"# {name}",
        f"{tasks} programming tasks. Programs are judged by Étude, outside their own process: `pip install etude`.",
        f"```sh\n{use}\n```",
        f"`{NAME}` holds the **hidden tests**. A model that has seen them cannot be measured by them.",
        f"Licences: {licences.sentence(counts, 'tasks')}. `unknown` means that the task set states none.",
    ]
    if left:
        parts.append("Left out, because the format cannot hold them:\n\n" + "\n".join(f"- {line}" for line in left))
    return "\n\n".join(parts) + "\n"
