"""`etude audit T`: is a task set, or a set of extracted example tests, sound?

Every task gets a health card, made by running its reference, cheats and mutants in the sandbox. `--quick` runs none of
that and says what can be seen without; `RERUN` names sources that have more to rerun, quick or not.
"""

import importlib
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from etude.cli.arguments import show
from etude.cli.indexes import chosen, told, with_index
from etude.cli.panel import watching
from etude.records import Level

if TYPE_CHECKING:
    from etude.auditing.card import Card
    from etude.auditing.summary import Summary
    from etude.outcomes.tables import Table
    from etude.progress import Watch
    from etude.protocols import Sandbox
    from etude.sources.check import Problem
    from etude.sources.task_set import TaskSet
    from etude.tasks import Task

MORE = {"apps": "etude.outcomes.apps_audit"}
"""Source of a task set -> the module whose `tables(place, split)` looks at what only that source has."""
RERUN = {"p3": "etude.outcomes.p3_audit"}
"""Source -> the module whose `findings(tasks, place, sandbox, watch)` runs what belongs to the chosen tasks."""
LISTED = 20
LEVELS = ["strong", "container", "any"]


@dataclass(frozen=True, slots=True)
class Flags:
    """How the audit is to be made, as the command line says it."""

    strict: bool
    quick: bool
    mutants: int
    runs: int
    seed: int
    workers: int
    against: tuple[str, ...]
    out: Path | None
    require: Level


@click.command("audit")
@click.argument("what")
@click.option(
    "--quick", is_flag=True, help="Make no health cards: only what is seen without running cheats and mutants."
)
@click.option("--against", multiple=True, metavar="SET", help="Look for twins in this task set, too; may be repeated.")
@click.option(
    "--mutants", default=20, show_default=True, type=click.IntRange(0), help="Mutants of a reference at most."
)
@click.option("--runs", default=3, show_default=True, type=click.IntRange(1), help="Runs of a reference, per order.")
@click.option("--seed", default=0, show_default=True, help="Draws mutants and orders.")
@with_index
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Folder for cards, index and page; resumes.")
@click.option("--strict", is_flag=True, help="Exit with 1 where something is wrong with a task.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1), help="Programs run at once.")
@click.option("--require", type=click.Choice(LEVELS), default="strong", help="The isolation that must be had.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(what: str, index: tuple[str, ...], index_does: str, as_json: bool, **flags: Any) -> int:
    """Audit WHAT: a task set such as mbpp:PATH[test], or a folder of extracted APPS examples.

    Each task gets a health card: its reference rerun in fresh processes and in other orders of tests, programs that
    solve nothing (they must fail), mutants of the reference (they should fail), twins, and what its words give away.
    With --out, cards.jsonl, index.json (for --index) and index.html are kept there, and a killed audit goes on.

    \b
    Examples:
      etude audit mbpp:mbpp.jsonl --out audits/mbpp
      etude audit jsonl:mine.jsonl --against humaneval:HumanEval.jsonl.gz --json
      etude audit p3:PythonProgrammingPuzzles/puzzles --quick
      etude audit Dr-Boot/data/apps/example_tests --json
    """
    from etude.outcomes.examples import holds_examples

    place = Path(what).expanduser()
    if place.exists() and holds_examples(place):
        return _examples(place, as_json)
    with watching("none" if as_json else "auto") as watch:
        left = told(what, index, index_does, quiet=as_json)
        return _task_set(chosen(what, index, index_does), Flags(**flags), as_json, watch, left)


def _examples(place: Path, as_json: bool) -> int:
    from etude.outcomes.examples import tables
    from etude.outcomes.tables import encoded

    found = tables(place)
    show({"path": str(place), "tables": [encoded(table) for table in found]}, as_json, _text(found))
    return 0


class Jailer:
    """A sandbox that starts when it is first needed, and ends with its context."""

    def __init__(self, flags: Flags, stack: ExitStack) -> None:
        self._flags, self._stack = flags, stack

    @cached_property
    def sandbox(self) -> "Sandbox":
        from etude.sandbox import Sandbox as Jail

        return self._stack.enter_context(Jail(workers=self._flags.workers, require=self._flags.require))


def _task_set(text: str, flags: Flags, as_json: bool, watch: "Watch", left: list[dict[str, Any]]) -> int:
    from etude.outcomes.tables import encoded
    from etude.sources.check import check_tasks
    from etude.sources.task_set import open_task_set, parse_task_set

    tasks, chosen = open_task_set(text, reading="look"), parse_task_set(text)
    with ExitStack() as stack:
        jailer = Jailer(flags, stack)
        cards = None if flags.quick else _cards(text, tasks, flags, jailer, watch)
        more, failed = _special(tasks, chosen, jailer, watch)
    problems = [*(check_tasks(tasks) if cards is None else _problems(cards)), *failed]
    document: dict[str, Any] = _document(tasks, problems)
    document |= {"tables": [encoded(table) for table in more], "index": left}
    summed = None
    if cards is not None:
        summed = _summed(document, cards, flags)
    parts = [_summary(document, problems, summed), _listed(cards or ()), _text(more), _kept(flags, summed)]
    show(document, as_json, "\n\n\n".join(filter(None, parts)))
    return int(flags.strict and bool(document["flagged"]))


def _special(
    tasks: Sequence["Task"], chosen: "TaskSet", jailer: Jailer, watch: "Watch"
) -> "tuple[list[Table], list[Problem]]":
    """What only this source has to say."""
    more: list[Table] = []
    if chosen.source in MORE:
        more = importlib.import_module(MORE[chosen.source]).tables(chosen.place, chosen.split)
    if chosen.source not in RERUN:
        return more, []
    module = importlib.import_module(RERUN[chosen.source])
    found, failed = module.findings(tasks, chosen.place, jailer.sandbox, watch)
    return [*more, *found], failed


def _cards(text: str, tasks: Sequence["Task"], flags: Flags, jailer: Jailer, watch: "Watch") -> "list[Card]":
    from etude.checking import audited
    from etude.sources.task_set import open_task_set, parse_task_set

    others = {name: open_task_set(name, reading="look") for name in flags.against}
    return audited(parse_task_set(text).source, tasks, jailer.sandbox, mutants=flags.mutants, runs=flags.runs,
                   seed=flags.seed, others=others, folder=flags.out, watch=watch)  # fmt: skip


def _problems(cards: "Sequence[Card]") -> "list[Problem]":
    from etude.sources.check import Problem

    return [Problem(card.task_id, item.name, item.detail) for card in cards for item in card.defects]


def _summed(document: dict[str, Any], cards: "Sequence[Card]", flags: Flags) -> "Summary":
    """The cards' own numbers, added to the document."""
    from etude.auditing.summary import summary
    from etude.records import encode

    found = summary(cards)
    document |= {
        "mutation": {"mutants": found.mutants, "killed": found.killed, "score": found.score},
        "cheats": {"tried": found.cheats, "tasks": found.cheated},
        "without_reference": found.without_reference,
        "cards": encode(cards),
        "dir": str(flags.out) if flags.out else None,
    }
    return found


def _document(tasks: Sequence["Task"], problems: "Sequence[Problem]") -> dict[str, Any]:
    from etude.sources.check import overlap

    shown = [task for task in tasks if task.facts.shown]
    return {
        "tasks": len(tasks),
        "flagged": _flagged(problems),
        "defects": _counts(problems),
        "shown": {"tasks": len(shown), "hidden_too": sum(bool(overlap(task)) for task in shown)},
        "unhidden": _unhidden(tasks),
    }


def _flagged(problems: "Sequence[Problem]") -> list[dict[str, Any]]:
    """One entry per task with a defect: every kind of defect once, and the details of all."""
    found: dict[str, dict[str, Any]] = {}
    for problem in problems:
        entry = found.setdefault(problem.task_id, {"task_id": problem.task_id, "defects": [], "details": []})
        entry["defects"] += [] if problem.defect in entry["defects"] else [problem.defect]
        entry["details"].append(problem.what)
    return list(found.values())


def _counts(problems: "Sequence[Problem]") -> dict[str, int]:
    """Defect -> tasks that have it."""
    pairs = dict.fromkeys((problem.defect, problem.task_id) for problem in problems)
    names = dict.fromkeys(defect for defect, _ in pairs)
    return {name: sum(defect == name for defect, _ in pairs) for name in names}


def _unhidden(tasks: Sequence["Task"]) -> int:
    """Tasks of which every test is shown; a puzzle's statement is its test, so it is none of them."""
    return sum(task.hidden.kind is None and task.facts.shown.kind not in (None, "puzzle") for task in tasks)


def _summary(document: dict[str, Any], problems: "Sequence[Problem]", summed: "Summary | None") -> str:
    lines = [f"{document['tasks']} tasks, {len(document['flagged'])} flagged"]
    lines += summed.text().splitlines()[1:] if summed else []
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


def _listed(cards: "Sequence[Card]") -> str:
    """The flagged tasks, a line each."""
    from etude.cli.tables import grid

    rows = [
        [
            card.task_id,
            ", ".join(card.names),
            f"{card.killed}/{card.mutants}",
            str(len(card.passed_cheats)),
            f"{card.passed}/{card.runs}",
            f"{card.seconds:.2f}",
        ]
        for card in cards
        if card.defects
    ]
    heading = ["task", "defects", "killed/mutants", "cheats passed", "runs passed", "seconds"]
    return grid([heading, *rows]) if rows else ""


def _kept(flags: Flags, summed: "Summary | None") -> str:
    return f"cards, index and page: {flags.out}" if flags.out and summed else ""


def _text(found: "Sequence[Table]") -> str:
    from etude.cli.tables import grid
    from etude.outcomes.tables import texts

    return "\n\n\n".join("\n".join([table.title, "", grid(texts(table)), *table.notes]) for table in found)
