"""`etude doctor`: which isolation is in force, and what it really stops."""

from typing import Any

import click

from etude.cli.arguments import show
from etude.cli.panel import watching
from etude.cli.tables import grid


@click.command("doctor")
@click.option("--seconds", default=2.0, show_default=True, help="How long to measure programs per second.")
@click.option(
    "--agreement",
    default=0,
    metavar="WORKERS",
    type=click.IntRange(0),
    help="Compare verdicts of 1 worker and so many, instead.",
)
@click.option("--tasks", default="lab[validation]", show_default=True, help="With --agreement: whose references.")
@click.option("--json", "as_json", is_flag=True, help="Print the card as JSON.")
def command(seconds: float, agreement: int, tasks: str, as_json: bool) -> int:
    """Try one forbidden thing per property, measure speed, scale limits to it, and list languages and libraries.

    With --agreement N, judge references, mutants of them and programs that run long by 1 worker and by N, and print
    every verdict that differs. There should be none; with one the exit status is 1.

    \b
    Examples:
      etude doctor
      etude doctor --json --seconds 5
      etude doctor --agreement 8
      etude doctor --agreement 2 --tasks humaneval:HumanEval.jsonl.gz
    """
    if agreement:
        return _agreement(tasks, agreement, as_json)
    from etude.folders import versions
    from etude.sandbox.doctor import calibrate, examine_isolation, programs_per_second
    from etude.sandbox.languages.tools import report

    card, spoken = examine_isolation(), report()
    card = {
        "isolation": card,
        "programs_per_second": round(programs_per_second(seconds), 1),
        "limits": calibrate(),
        "languages": [name for name, found in spoken.items() if not found["missing"]],
        "language_tools": spoken,
        "tools": versions(),
    }
    show(card, as_json, _text(card))
    return 0


def _agreement(tasks: str, workers: int, as_json: bool) -> int:
    from etude.agreement import compare
    from etude.records import encode
    from etude.sources.task_set import open_task_set

    with watching("none" if as_json else "auto") as watch:
        found = compare(open_task_set(tasks, reading="measure"), (1, workers), watch=watch)
    show(encode(found), as_json, found.text())
    return int(bool(found.differences))


def _text(card: dict[str, object]) -> str:
    isolation = card["isolation"]
    assert isinstance(isolation, dict)
    rows = [["property", "what holds it", "tried", "stopped"]]
    for name, found in isolation.items():
        if isinstance(found, dict):
            rows.append([name, str(found["mechanism"]), str(found["tried"]), "yes" if found["stopped"] else "NO"])
    tools = card["tools"]
    assert isinstance(tools, dict)
    libraries = ", ".join(f"{name} {version}" for name, version in tools.items())
    speed = f"{card['programs_per_second']} programs per second and worker"
    limits, languages = card["limits"], card["language_tools"]
    assert isinstance(limits, dict)
    assert isinstance(languages, dict)
    worth = f"a limit worth the default on this machine: {limits['cpu_seconds']} s of processor time"
    rest = f"{speed}\n{worth}\n\n{_languages(languages)}\n\nlibraries: {libraries}"
    return f"isolation: {isolation['level']}\n\n{grid(rows)}\n\n{rest}"


def _languages(found: dict[str, dict[str, Any]]) -> str:
    """Which languages can be judged here, with what, and where the tools of the others come from."""
    rows = [["language", "tools", "or get them by"]]
    for name, item in found.items():
        there = ", ".join(item["tools"].values()) or "the sandbox's own interpreter"
        absent = f"no {', '.join(item['missing'])}" if item["missing"] else ""
        rows.append([name, absent or there, item["source"] if absent else ""])
    return grid(rows)
