"""The audited index: a small file that names the tasks of a set with reasons to leave them out.

It holds facts about a set and nothing of the set itself, so it can be shared where the set cannot.

    {"format": "etude-index/1", "set": "mbpp", "version": "1", "date": "2026-01-31",
     "tasks": {"mbpp/313": ["malformed assertion"]}}
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date as Date
from pathlib import Path
from typing import Any

from etude.auditing.card import Card
from etude.errors import InputError, StorageError
from etude.tasks import Task

FORMAT = "etude-index/1"
KEYS = ("format", "set", "version", "date", "tasks")
EXPECTED = f"an object with {', '.join(KEYS)}, where tasks is task id -> list of reasons"
SLIGHT = ("shown test is hidden too", "slow reference")
"""Defects that are no reason to leave a task out: other tests decide as well, or it only costs time."""
FIX = "etude audit T --out DIR writes DIR/index.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """The tasks of a set that an audit flagged.

    Attributes:
        set_name: Of the task set, such as `mbpp`.
        version: Of the index, for people to cite.
        date: When the audit was made, as YYYY-MM-DD.
        reasons: Task id -> why it is named, in a few words each.
    """

    set_name: str
    version: str
    date: str
    reasons: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def index_of(found: Iterable[Card], set_name: str, version: str, date: str, ignored: Iterable[str] = SLIGHT) -> Index:
    """The index of an audit.

    Args:
        found: The cards; those without defects are not named.
        date: Today, as YYYY-MM-DD.
        ignored: Kinds of defects that are no reason here.

    Raises:
        InputError: The date is none.
    """
    unwanted = set(ignored)
    reasons = {card.task_id: tuple(name for name in card.names if name not in unwanted) for card in found}
    return Index(
        set_name=set_name,
        version=version,
        date=_dated(date, "the date"),
        reasons={k: v for k, v in reasons.items() if v},
    )


def write(index: Index, path: str | Path) -> None:
    """Writes an index, the same bytes for the same index.

    Raises:
        StorageError: The file cannot be written.
    """
    value = {
        "format": FORMAT, "set": index.set_name, "version": index.version, "date": index.date,
        "tasks": {name: list(reasons) for name, reasons in sorted(index.reasons.items())},
    }  # fmt: skip
    place = Path(path).expanduser()
    fresh = place.with_name(f"{place.name}.new")
    try:
        fresh.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        fresh.replace(place)
    except OSError as error:
        raise StorageError(
            f"cannot write {place}: {error.strerror}", fix="name a file in a folder that exists"
        ) from None


def read(path: str | Path) -> Index:
    """The index in a file.

    Raises:
        InputError: There is no such file, or it holds no index.
    """
    place = Path(path).expanduser()
    try:
        value = json.loads(place.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read the index {place}: {error.strerror}", expected=EXPECTED, fix=FIX) from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{place} is no JSON: {error}", expected=EXPECTED, fix=FIX) from None
    return _index(value, str(place))


def _index(value: Any, where: str) -> Index:
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        found = value.get("format") if isinstance(value, dict) else type(value).__name__
        raise InputError(f"{where} is no index of format {FORMAT}, found {found!r}", expected=EXPECTED, fix=FIX)
    for name in ("set", "version", "date"):
        if not isinstance(value.get(name), str) or not value[name]:
            raise InputError(f"{where}: {name} is {value.get(name)!r}, expected text", expected=EXPECTED, fix=FIX)
    tasks = value.get("tasks")
    if not isinstance(tasks, dict):
        raise InputError(f"{where}: tasks is no object", expected=EXPECTED, fix=FIX)
    for name, reasons in tasks.items():
        if not isinstance(reasons, list) or not reasons or not all(isinstance(item, str) for item in reasons):
            raise InputError(f"{where}: the reasons of {name!r} are {reasons!r}", expected="a list of texts", fix=FIX)
    reasons = {name: tuple(items) for name, items in tasks.items()}
    dated = _dated(value["date"], where)
    return Index(set_name=value["set"], version=value["version"], date=dated, reasons=reasons)


def _dated(text: str, where: str) -> str:
    try:
        return Date.fromisoformat(text).isoformat()
    except ValueError:
        raise InputError(
            f"{where}: {text!r} is no date", expected="YYYY-MM-DD", fix="2026-01-31, for example"
        ) from None


def merge(one: Index, other: Index) -> Index:
    """Both indexes of one set as one: all reasons, the version and the date of the later.

    Raises:
        InputError: They are of different sets.
    """
    if one.set_name != other.set_name:
        found = f"indexes of {one.set_name} and {other.set_name} cannot be merged"
        raise InputError(found, expected="two indexes of one set", fix="give both to --index, one after the other")
    later = max(one, other, key=lambda item: item.date)
    names = dict.fromkeys([*one.reasons, *other.reasons])
    reasons = {name: tuple(dict.fromkeys([*one.reasons.get(name, ()), *other.reasons.get(name, ())])) for name in names}
    return Index(set_name=one.set_name, version=later.version, date=later.date, reasons=reasons)


def excluded(tasks: Sequence[Task], index: Index) -> dict[str, tuple[str, ...]]:
    """Those of the tasks that the index names, with the reasons.

    Raises:
        InputError: The index names tasks, and none of them looks like one of these: it is of another set.
    """
    own = {task.task_id for task in tasks}
    named = {name: reasons for name, reasons in index.reasons.items() if name in own}
    if index.reasons and own and not named and not _akin(own, index.reasons):
        found = (
            f"the index of {index.set_name} names {next(iter(index.reasons))!r}; these tasks are called {min(own)!r}"
        )
        raise InputError(
            found, expected="an index of the same task set", fix="leave --index out, or name the right one"
        )
    return named


def _akin(own: Iterable[str], named: Iterable[str]) -> bool:
    """Whether ids have the same form, such as `mbpp/17`: a slice of a set may hold none of the named tasks."""
    return bool({_form(name) for name in own} & {_form(name) for name in named})


def _form(name: str) -> str:
    return "".join("0" if char.isdigit() else char for char in name).replace("00", "0").rstrip("0:")


def without(tasks: Sequence[Task], index: Index) -> list[Task]:
    """The tasks that the index does not name, in order.

    Raises:
        InputError: See `excluded`.
    """
    named = excluded(tasks, index)
    return [task for task in tasks if task.task_id not in named]
