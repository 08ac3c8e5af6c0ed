"""A task set in one text: `NAME[:PLACE][[SPLIT]][[START:STOP]]`.

    humaneval:HumanEval.jsonl.gz     a published file            mbpp[test]           from the hub, one split
    mbpp:~/data/mbpp[train][0:20]    twenty tasks of a split     lab[test]            made on the spot
    hub:OWNER/NAME[train]            a data set of the hub       jsonl:tasks.jsonl    tasks of your own
    my_package.my_module:MySource    a source of your own        my_package.my_module:MySource:PLACE[test]
    mbpp:mbpp.jsonl[test]!mbpp       without the tasks that an index names: a shipped one, or a file of one's own

NAME is an entry point of the group `etude.sources`. The numbers count from 0 and may be left out or negative, as in
Python.
"""

import importlib.util
import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etude.config import Part, build, find, nearest
from etude.errors import InputError
from etude.offered import offered
from etude.protocols import Source, State
from etude.sources.leaving_out import kept, parted
from etude.sources.lock import Reading, require_no_test
from etude.sources.naming import unique
from etude.tasks import Task

GRAMMAR = "NAME, NAME:PLACE, NAME:PLACE[SPLIT] or NAME:PLACE[SPLIT][START:STOP]"
_SHAPE = re.compile(r"(?P<head>.*?)(\[(?P<split>[^\W\d][\w.-]*)\])?(\[(?P<start>-?\d*):(?P<stop>-?\d*)\])?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class TaskSet:
    """What a task set text says: the source, where its files are, the split, which of its tasks, and without what."""

    source: str
    place: str = ""
    split: str = ""
    start: int | None = None
    stop: int | None = None
    indexes: tuple[str, ...] = ()


def parse_task_set(text: str) -> TaskSet:
    """The parts of a task set text.

    Raises:
        InputError: The text does not have the form, or names no source; the choices are named, nearest first.
    """
    bare, indexes = parted(text)
    found = _SHAPE.fullmatch(bare)
    head = found["head"] if found else ""
    if found is None or not head or re.search(r"\[[^\[\]]*\]?$", head) or head.endswith("]"):
        raise InputError(f"not a task set: {text!r}", expected=GRAMMAR, fix="for example mbpp:mbpp.jsonl[test][0:20]")
    source, place = _source(head)
    start, stop = (int(part) if part else None for part in (found["start"], found["stop"]))
    return TaskSet(source, place, found["split"] or "", start, stop, indexes)


def _source(head: str) -> tuple[str, str]:
    """Source and place. A name that is no entry point may be the module of an import path."""
    names = list(offered("sources"))
    name, _, place = head.partition(":")
    if name in names:
        return name, place
    kind, _, rest = place.partition(":")
    if kind.isidentifier() and _is_module(name):
        return f"{name}:{kind}", rest
    here = Path(head).expanduser()
    fix = (
        f"jsonl:{head} (or another source that reads this file)"
        if here.exists()
        else f"{nearest(name, names)[0]}:PLACE"
    )
    raise InputError(f"no source of tasks {name!r}", expected=GRAMMAR, choices=nearest(name, names), fix=fix)


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def open_task_set(
    text: str,
    settings: Mapping[str, Any] | None = None,
    state: State | None = None,
    *,
    reading: Reading = "practice",
) -> list[Task]:
    """The tasks of a task set.

    Args:
        text: See the module.
        settings: More settings of the source, such as `{"visible_tests": 2}`.
        state: Where a run stands, for sources that depend on it.
        reading: What for. Who only practises is given no test split.

    Raises:
        LockedError: It holds test tasks, and is opened to be practised on.
        InputError: The text, the place or a row is wrong, ids occur twice, or no task is left.
        MissingError: A file has to come from the hub and cannot.
    """
    chosen = parse_task_set(text)
    if reading == "practice":
        require_no_test(text, chosen.source, chosen.split or str((settings or {}).get("split", "")))
    tasks = list(_built(chosen, settings or {}).propose(state, None))
    part = unique(tasks, text)[chosen.start : chosen.stop]
    part = kept(part, chosen.indexes) if chosen.indexes else part
    if not part:
        had = f"there are {len(tasks)} before the slice and the index"
        raise InputError(f"{text} has no task: {had}", expected="at least one task")
    return part


def _built(chosen: TaskSet, settings: Mapping[str, Any]) -> Source:
    given = {name: value for name, value in (("path", chosen.place), ("split", chosen.split)) if value}
    known = inspect.signature(find("sources", chosen.source)).parameters
    for name, value in given.items():
        if name not in known:
            raise InputError(f"the source {chosen.source} takes no {name}, found {value!r}", expected=chosen.source)
    source: Source = build("sources", Part.model_validate({"use": chosen.source, **settings, **given}))
    return source
