"""Names in a task set: splits, task ids, and the spellings of an id that other tools use."""

from collections import Counter
from collections.abc import Iterable, Sequence

from etude.config import nearest
from etude.errors import InputError
from etude.tasks import Task


def known(what: str, value: str, choices: Sequence[str]) -> str:
    """`value`, where it is one of the choices.

    Raises:
        InputError: It is not; the choices are named, nearest first.
    """
    if value in choices:
        return value
    raise InputError(f"no {what} {value!r}", choices=nearest(value, choices), fix=f"for example [{choices[0]}]")


def unique(tasks: Iterable[Task], place: str) -> list[Task]:
    """The tasks, where every id occurs once.

    Raises:
        InputError: Some ids occur more than once; they are named.
    """
    tasks = list(tasks)
    counts = Counter(task.task_id for task in tasks)
    double = [name for name, count in counts.items() if count > 1]
    if double:
        raise InputError(
            f"{place}: {len(double)} task ids occur more than once: {', '.join(double[:20])}",
            expected="every task_id once",
        )
    return tasks


def spellings(ids: Iterable[str]) -> dict[str, str]:
    """Accepted spelling -> task id: the id itself, in any case, and its part after the slash (`11` for `mbpp/11`).

    A spelling that fits two tasks is left out.
    """
    ids = list(ids)
    found: dict[str, set[str]] = {}
    for name in ids:
        for spelling in {name.casefold(), name.casefold().rpartition("/")[2]}:
            found.setdefault(spelling, set()).add(name)
    loose = {spelling: next(iter(names)) for spelling, names in found.items() if len(names) == 1}
    return loose | {name: name for name in ids}


def resolve(name: object, accepted: dict[str, str]) -> str | None:
    """The task id that `name` means, a text or a number, or None."""
    text = str(name)
    return accepted.get(text, accepted.get(text.casefold()))
