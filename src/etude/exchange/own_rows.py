"""Tasks as rows of the format of a task of your own: what `jsonl:FILE` reads back as the same tasks.

A task that this format cannot hold (one in another language, say) is left out and named, never bent.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from etude.exchange import licences
from etude.records import Json, encode
from etude.sources.own_format import EXAMPLES, task_of
from etude.tasks import Task

LISTS = ("assertions", "calls", "stdio")


def rows_of(tasks: Iterable[Task]) -> tuple[list[dict[str, Json]], list[str]]:
    """The rows of tasks, and one line for each task that has none: its id and why."""
    rows, left = list[dict[str, Json]](), list[str]()
    for task in tasks:
        row = row_of(task)
        why = _difference(task, row)
        if why:
            left.append(f"{task.task_id}: {why}")
        else:
            rows.append(row)
    return rows, left


def row_of(task: Task) -> dict[str, Json]:
    """A task as a row; whether it reads back as the same task is for the caller to see (`rows_of` does)."""
    facts, kind = task.facts, task.hidden.kind or task.facts.shown.kind
    row: dict[str, Json] = {"task_id": facts.task_id, "prompt": facts.prompt, "language": facts.language}
    texts = {"entry_point": facts.entry_point, "reference": task.reference, "difficulty": facts.difficulty}
    tests = task.hidden if task.hidden.kind else facts.shown
    texts |= {"setup": tests.setup, "context": tests.context}
    row |= {name: text for name, text in texts.items() if text}
    row["licence"] = licences.named(task.licence)
    if task.hidden.kind and facts.shown.kind == "assertions" != kind:
        row[EXAMPLES] = list(facts.shown.assertions)
    if kind in LISTS:
        shown, hidden = (encode(getattr(part, kind)) for part in (facts.shown, task.hidden))
        row |= {kind: [*shown, *hidden], "shown": list(range(len(shown)))}
    elif kind:
        row |= {kind: getattr(tests, kind), "shown": [0] if getattr(facts.shown, kind) else []}
    return row


def _difference(task: Task, row: dict[str, Json]) -> str:
    """Why a row is not the task, or ""."""
    back, problems = task_of(row, task.origin)
    if back is None:
        return problems[0]
    if encode(replace(back, licence=task.licence)) == encode(task):
        return ""
    one, other = encode(back.facts), encode(task.facts)
    parts = [name for name in one if one[name] != other[name]] or ["hidden tests"]
    return f"its {' and '.join(parts)} would read back as something else"


def licences_of(rows: Sequence[dict[str, Json]]) -> dict[str, int]:
    """Licence -> tasks."""
    return licences.counted(str(row.get("licence") or "") for row in rows)
