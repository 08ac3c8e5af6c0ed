"""`etude audit T`: is a task set, or a set of extracted example tests, sound?

For most sources it says what can be seen without running anything; `RERUN` names those whose references are rerun.
"""

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from etude.cli.arguments import show
from etude.cli.panel import watching
from etude.records import Level

if TYPE_CHECKING:
    from etude.outcomes.tables import Table
    from etude.sources.check import Problem
    from etude.sources.task_set import TaskSet
    from etude.tasks import Task

    Findings = tuple[list[Table], list[Problem]]
    Rerun = Callable[[str, Sequence[Task], TaskSet], Findings]

MORE = {"apps": "etude.outcomes.apps_audit"}
"""Source of a task set -> the module whose `tables(place, split)` looks at what only that source has."""
RERUN = {"p3": "etude.outcomes.p3_audit"}
"""Source -> the module whose `findings(tasks, place, sandbox, watch)` runs what belongs to the chosen tasks."""
LISTED = 20
LEVELS = ["strong", "container", "any"]


@click.command("audit")
@click.argument("what")
@click.option("--strict", is_flag=True, help="Exit with 1 where something is wrong with a task.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1), help="References run at once.")
@click.option("--require", type=click.Choice(LEVELS), default="strong", help="The isolation that must be had.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(what: str, strict: bool, workers: int, require: Level, as_json: bool) -> int:
    """Audit WHAT: a task set such as mbpp:PATH[test], or a folder of extracted APPS examples.

    \b
    Examples:
      etude audit mbpp:mbpp.jsonl
      etude audit p3:PythonProgrammingPuzzles/puzzles
      etude audit Dr-Boot/data/apps/example_tests --json
    """
    from etude.outcomes.examples import holds_examples

    place = Path(what).expanduser()
    if place.exists() and holds_examples(place):
        return _examples(place, as_json)
    with watching("none" if as_json else "auto") as watch:

        def rerun(module: str, tasks: Sequence["Task"], chosen: "TaskSet") -> "Findings":
            from etude.sandbox import Sandbox

            with Sandbox(workers=workers, require=require) as sandbox:
                found: Findings = importlib.import_module(module).findings(tasks, chosen.place, sandbox, watch)
            return found

        return _task_set(what, strict, as_json, rerun)


def _examples(place: Path, as_json: bool) -> int:
    from etude.outcomes.examples import tables
    from etude.outcomes.tables import encoded

    found = tables(place)
    show({"path": str(place), "tables": [encoded(table) for table in found]}, as_json, _text(found))
    return 0


def _task_set(text: str, strict: bool, as_json: bool, rerun: "Rerun") -> int:
    from etude.outcomes.tables import encoded
    from etude.sources.check import check_tasks, overlap
    from etude.sources.task_set import open_task_set, parse_task_set

    tasks = open_task_set(text)
    problems = check_tasks(tasks)
    chosen = parse_task_set(text)
    module = MORE.get(chosen.source)
    more: list[Table] = importlib.import_module(module).tables(chosen.place, chosen.split) if module else []
    if chosen.source in RERUN:
        told, failed = rerun(RERUN[chosen.source], tasks, chosen)
        more, problems = more + told, [*problems, *failed]
    flagged = _flagged(problems)
    shown = [task for task in tasks if task.facts.shown]
    document = {
        "tasks": len(tasks),
        "flagged": flagged,
        "defects": _counts(problems),
        "shown": {"tasks": len(shown), "hidden_too": sum(bool(overlap(task)) for task in shown)},
        "unhidden": _unhidden(tasks),
        "tables": [encoded(table) for table in more],
    }
    show(document, as_json, "\n\n\n".join(filter(None, [_summary(document, problems), _text(more)])))
    return int(strict and bool(flagged))


def _flagged(problems: Sequence["Problem"]) -> list[dict[str, Any]]:
    """One entry per task with a defect: every kind of defect once, and the details of all."""
    found: dict[str, dict[str, Any]] = {}
    for problem in problems:
        entry = found.setdefault(problem.task_id, {"task_id": problem.task_id, "defects": [], "details": []})
        entry["defects"] += [] if problem.defect in entry["defects"] else [problem.defect]
        entry["details"].append(problem.what)
    return list(found.values())


def _counts(problems: Sequence["Problem"]) -> dict[str, int]:
    """Defect -> tasks that have it."""
    pairs = dict.fromkeys((problem.defect, problem.task_id) for problem in problems)
    names = dict.fromkeys(defect for defect, _ in pairs)
    return {name: sum(defect == name for defect, _ in pairs) for name in names}


def _unhidden(tasks: Sequence["Task"]) -> int:
    """Tasks of which every test is shown; a puzzle's statement is its test, so it is none of them."""
    return sum(task.hidden.kind is None and task.facts.shown.kind not in (None, "puzzle") for task in tasks)


def _summary(document: dict[str, Any], problems: Sequence["Problem"]) -> str:
    lines = [f"{document['tasks']} tasks, {len(document['flagged'])} flagged"]
    for defect, count in document["defects"].items():
        own = [problem for problem in problems if problem.defect == defect]
        ids = list(dict.fromkeys(problem.task_id for problem in own))
        more = f", … and {len(ids) - LISTED} more" if len(ids) > LISTED else ""
        lines += ["", f"{defect}: {count} ({', '.join(ids[:LISTED])}{more})"]
        lines += [f"  {problem.task_id}: {problem.detail}" for problem in own[:LISTED]]
    shown = document["shown"]
    lines += ["", f"shown tests: {shown['tasks']} tasks show some; in {shown['hidden_too']} a shown test is hidden too"]
    if document["unhidden"]:
        lines.append(f"every test is shown: {document['unhidden']} tasks; a pass there says little")
    return "\n".join(lines)


def _text(found: Sequence["Table"]) -> str:
    from etude.cli.tables import grid
    from etude.outcomes.tables import texts

    return "\n\n\n".join("\n".join([table.title, "", grid(texts(table)), *table.notes]) for table in found)
