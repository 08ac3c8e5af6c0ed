"""Task sets without what an audit found unsound: `mbpp:PATH[test]!mbpp` leaves out what the index `mbpp` names.

The text is what a recipe, a ledger and a report keep, so a number on fewer tasks says so itself. Which tasks are left
out does not depend on a slice: that is taken before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from etude.auditing.index import excluded
from etude.auditing.shipped import find_index
from etude.errors import InputError
from etude.tasks import Task

MARK = "!"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What an index says of a task set.

    Attributes:
        index: As it was asked for: a name or a path.
        version, date: Of the index.
        tasks: How many there are, the named ones among them.
        named: Task id -> reasons.
    """

    index: str
    version: str
    date: str
    tasks: int
    named: Mapping[str, tuple[str, ...]]

    def says(self, does: str) -> str:
        """In a line, what was done with the named tasks."""
        verb = "left out" if does == "exclude" else "flagged, and counted all the same"
        return f"index {self.index} ({self.version}, {self.date}): {len(self.named)} of {self.tasks} tasks {verb}"


def parted(text: str) -> tuple[str, tuple[str, ...]]:
    """A task set text without its indexes, and the indexes."""
    bare, *indexes = text.strip().split(MARK)
    return bare.strip(), tuple(item.strip() for item in indexes if item.strip())


def joined(text: str, indexes: Sequence[str]) -> str:
    """A task set text with its indexes."""
    return MARK.join([text, *indexes])


def leaving_out(text: str, indexes: Sequence[str]) -> str:
    """The text of a task set without what the indexes name.

    Raises:
        InputError: There is no such index, or its name holds the mark.
    """
    for name in indexes:
        if MARK in name:
            raise InputError(f"the index {name!r} has a {MARK!r} in its name", fix="rename the file")
        find_index(name)
    known = parted(text)[1]
    return joined(text, [name for name in dict.fromkeys(indexes) if name not in known])


def kept(tasks: Sequence[Task], indexes: Sequence[str]) -> list[Task]:
    """The tasks that no index names, in order.

    Raises:
        InputError: See `find_index` and `etude.auditing.index.excluded`.
    """
    named = {name for index in indexes for name in excluded(tasks, find_index(index))}
    return [task for task in tasks if task.task_id not in named]


def looked_up(tasks: Sequence[Task], indexes: Sequence[str]) -> list[LeftOut]:
    """What each index says of the tasks.

    Raises:
        InputError: As for `kept`.
    """
    found = [(name, find_index(name)) for name in indexes]
    return [
        LeftOut(index=name, version=index.version, date=index.date, tasks=len(tasks), named=excluded(tasks, index))
        for name, index in found
    ]
