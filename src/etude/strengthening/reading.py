"""What a user gives to strengthening by file: programs, validators, and the names of generators."""

from collections.abc import Sequence
from pathlib import Path

from etude.errors import InputError
from etude.sources.files import locate
from etude.sources.naming import resolve, spellings
from etude.sources.rows import read_rows
from etude.sources.samples import read_samples
from etude.strengthening.witnesses import GENERATORS, Generator, chosen
from etude.tasks import Task

EXPECTED = '{"task_id": "…", "validator": "def valid(n): return n > 0"} on every line'


def programs_of(path: Path, tasks: Sequence[Task]) -> dict[str, list[str]]:
    """Task id -> the programs of a samples file, in its order.

    Raises:
        InputError: The file cannot be read, has broken rows, or names tasks that are not in the set.
    """
    found: dict[str, list[str]] = {}
    for sample in read_samples(path, tasks):
        found.setdefault(sample.task_id, []).append(sample.program)
    return found


def validators_of(path: Path, tasks: Sequence[Task]) -> dict[str, str]:
    """Task id -> source of its validator.

    Raises:
        InputError: The file cannot be read, a row is no validator, or its task is not in the set.
    """
    accepted = spellings({task.task_id: task for task in tasks})
    found: dict[str, str] = {}
    for row in read_rows(locate(path, ())):
        task_id, source = row.values.get("task_id"), row.values.get("validator")
        if not isinstance(task_id, str | int) or not isinstance(source, str):
            raise InputError(f"{row.where} is no validator", expected=EXPECTED)
        known = resolve(task_id, accepted)
        if known is None:
            raise InputError(f"{row.where}: no task {task_id!r} in the set", expected=EXPECTED)
        found[known] = source
    return found


def generators_of(text: str) -> tuple[Generator, ...]:
    """The generators that a list of names says; "" for all that are installed.

    Raises:
        InputError: A name is none of them.
    """
    if not text:
        return chosen()
    names = [name.strip() for name in text.split(",")]
    wrong = [name for name in names if name not in GENERATORS]
    if wrong:
        raise InputError(f"no generator {wrong[0]!r}", choices=GENERATORS, fix="--generators type,change")
    return tuple(item for item in GENERATORS if item in names)
