"""`--index` of every verb that takes tasks: leave out, or only name, what an audit found unsound; the count is told."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from etude.cli.arguments import tell

if TYPE_CHECKING:
    from etude.config import Recipe
    from etude.sources.leaving_out import LeftOut

FILE = "index.json"
EXCLUDE, FLAG = "exclude", "flag"
Command = TypeVar("Command", bound=Callable[..., Any])


def with_index(command: Command) -> Command:
    """Adds `--index` and `--index-does` to a verb, which gets them as `index` and `index_does`."""
    does = click.option(
        "--index-does",
        type=click.Choice([EXCLUDE, FLAG]),
        default=EXCLUDE,
        show_default=True,
        help="Leave the named tasks out, or only say which they are.",
    )
    named = "Tasks that an audit named: humaneval, mbpp, p3, or a file; may be given again."
    return click.option("--index", multiple=True, metavar="INDEX", help=named)(does(command))


def chosen(tasks: str, index: Sequence[str], does: str) -> str:
    """The task set text that a verb works on.

    Raises:
        InputError: There is no such index.
    """
    from etude.sources.leaving_out import leaving_out

    return leaving_out(tasks, index) if does == EXCLUDE else tasks


def override(index: Sequence[str], does: str) -> dict[str, str]:
    """The override of a recipe that leaves out what the indexes name."""
    return {"index": ",".join(index)} if index and does == EXCLUDE else {}


def told(tasks: str, index: Sequence[str], does: str, *, quiet: bool = False) -> list[dict[str, Any]]:
    """What the indexes did to a task set, as data; said on standard error unless quiet.

    Args:
        tasks: The text as it was given; its own indexes are told of as well.
    """
    from etude.sources.leaving_out import looked_up, parted
    from etude.sources.task_set import open_task_set

    bare, own = parted(tasks)
    if not (own or index):
        return []
    whole = open_task_set(bare, reading="look")
    rows = [(item, EXCLUDE) for item in looked_up(whole, own)]
    rows += [(item, does) for item in looked_up(whole, [name for name in index if name not in own])]
    for item, done in rows:
        if not quiet:
            tell(item.says(done))
    return [_row(bare, item, done) for item, done in rows]


def _row(tasks: str, item: "LeftOut", does: str) -> dict[str, Any]:
    named = {name: list(reasons) for name, reasons in sorted(item.named.items())}
    return {"task_set": tasks, "index": item.index, "version": item.version, "date": item.date, "does": does,
            "tasks": item.tasks, "named": named}  # fmt: skip


def recorded(
    recipe: "Recipe", folder: Path, index: Sequence[str], does: str, *, quiet: bool = False
) -> list[dict[str, Any]]:
    """Tells of every task set of a recipe what the indexes did to it, and keeps that as `index.json` in a folder."""
    from etude.config import task_sets
    from etude.folders import write_text

    rows = []
    for text in task_sets(recipe):
        rows += told(text, _akin(text, index) if does == FLAG else (), does, quiet=quiet)
    if rows:
        write_text(folder / FILE, json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
    return rows


def _akin(text: str, index: Sequence[str]) -> list[str]:
    """The indexes that are of this task set."""
    from etude.auditing.shipped import find_index
    from etude.sources.task_set import parse_task_set

    return [name for name in index if find_index(name).set_name == parse_task_set(text).source]
