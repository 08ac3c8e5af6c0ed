"""A run as one HTML file that needs nothing else: no script, no request, readable from a disk in ten years.

It lays out what it is given and decides nothing: which reports, which attempts and which notes is the caller's
business (`ReportPage`). Everything that a model or a task set wrote is escaped, and the page forbids scripts besides.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from etude.records import Estimate, Report, Status
from etude.replies import Reply
from etude.suites.compare import Comparison, Line, table, title
from etude.viewer import puzzles, repairs
from etude.viewer.charts import Curve, curves, stacked
from etude.viewer.frame import filled, save_page
from etude.viewer.gains import GainPart

TEMPLATE = "report.html.jinja"
PARTS = {"passed": 2, "failed": 1, "error": 5, "timeout": 3, "memory": 4, "killed": 6, "forbidden": 0, "unavailable": 7}
"""Verdicts from the bottom of a bar up, each with its colour: green for a pass on every page."""
UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One attempt to be shown, and the repair that followed it.

    Attributes:
        prompt: What the model was given.
        status: The verdict's status; `ok` is a pass.
        feedback: What was said of the program, or "".
        repaired_program: The repair, or "" where there was none.
        repaired_passed: Whether the repair passed; None where it was not judged.
    """

    task_id: str
    prompt: str
    program: str
    status: Status
    reason: str = ""
    feedback: str = ""
    repaired_program: str = ""
    repaired_passed: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """What a page shows.

    Attributes:
        recipe: The resolved settings, as text.
        arms: Arm -> its reports by round, the main arm first; the base is a report of round -1.
        comparisons: Claims worth a line of their own.
        notes: What a reader must know: isolation in force, what is oracle, what was left out.
        machine: Name -> value: versions and hardware.
        gains: Every round against the base resampled; None where there is nothing to compare yet.
        doubts: What makes numbers suspicious: it stands before them.
        protocols: How the numbers were made, a line for each protocol.
        readings: Readings of test splits and guarded sets, oldest first, as lines.
        replies: Name of a measurement -> raw replies with the programs read from them.
        own_tasks: Arm -> what its rounds of self-made tasks came to, for the arms that have such rounds.
    """

    title: str
    recipe: str
    arms: Mapping[str, Sequence[Report]]
    comparisons: Sequence[Comparison] = ()
    cases: Sequence[Case] = ()
    notes: Sequence[str] = ()
    machine: Mapping[str, str] | None = None
    own_tasks: Mapping[str, Sequence[puzzles.PuzzleRound]] = field(default_factory=dict)
    gains: GainPart | None = None
    doubts: Sequence[str] = ()
    protocols: Sequence[str] = ()
    readings: Sequence[str] = ()
    replies: Mapping[str, Sequence[Reply]] = field(default_factory=dict)


def write_report(path: Path, data: ReportPage) -> None:
    """Writes the page in one step; an earlier file stays whole until then.

    Raises:
        StorageError: The disk is full or may not be written.
    """
    save_page(path, render(data))


def render(data: ReportPage) -> str:
    """The page as text."""
    lines = table(data.arms)
    return filled(
        TEMPLATE,
        {"percent": percent, "gain": partial(percent, signed=True), "seen": visible, "number": number},
        page=data,
        lines=lines,
        ks=_ks(lines),
        grades=sorted({grade for line in lines for grade in line.by_difficulty}, key=_natural),
        charts=_charts(data.arms),
        blocks=puzzles.blocks(data.own_tasks),
        notes=[*_own_notes(lines), *data.notes],
        headline=_headline(data.arms, lines),
        spent=sorted({name for rounds in data.arms.values() for report in rounds for name in report.budget}),
        budgets=[(title(report) if report.round < 0 else f"{arm}, round {report.round + 1}", report.budget)
                 for arm, rounds in data.arms.items() for report in rounds],
    )  # fmt: skip


def percent(estimate: Estimate | None, signed: bool = False) -> str:
    """`34.1 [29.8, 38.6]` in percent, or a dash."""
    if estimate is None:
        return "\N{EN DASH}"
    form = "{:+.1f}" if signed else "{:.1f}"
    value, low, high = (form.format(100 * item + 0.0) for item in (estimate.value, estimate.low, estimate.high))
    return f"{value} [{low}, {high}]"


def number(value: float | None) -> str:
    """A count with thin spaces between thousands, or a dash."""
    return "\N{EN DASH}" if value is None else f"{value:,.0f}".replace(",", "\N{THIN SPACE}")


def visible(text: str) -> str:
    """The text with control characters and lone surrogates, which HTML has no way to hold, made visible."""
    return UNSEEN.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def _ks(lines: Sequence[Line]) -> list[str]:
    return sorted({k for line in lines for k in line.pass_at}, key=int)


def _natural(name: str) -> tuple[Any, ...]:
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", name) if part)


def _headline(arms: Mapping[str, Sequence[Report]], lines: Sequence[Line]) -> list[dict[str, Any]]:
    """For each k: the base, and the last line of every arm."""
    last: dict[str, Line] = {line.arm: line for line in lines}
    return [
        {
            "k": k,
            "items": [
                (arm, line.pass_at[k], line.difference.get(k)) for arm, line in last.items() if k in line.pass_at
            ],
        }
        for k in _ks(lines)
    ]


def _own_notes(lines: Sequence[Line]) -> list[str]:
    """What the numbers themselves oblige us to say."""
    notes = []
    unjudged = sum(line.unjudged for line in lines)
    if unjudged:
        notes.append(f"{unjudged} samples could not be judged; they count neither as right nor as wrong.")
    for line in lines:
        for k, words in line.notes.items():
            notes.append(f"{line.arm}, round {line.round + 1}, pass@{k} against the base: {words}.")
        for k, tasks in line.tasks_at.items():
            if tasks < line.tasks:
                notes.append(f"{line.arm}, round {line.round + 1}: pass@{k} is over {tasks} of {line.tasks} tasks.")
    return notes


def _charts(arms: Mapping[str, Sequence[Report]]) -> dict[str, list[tuple[str, str]]]:
    """Section -> (heading, SVG): pass@k of all arms; then grades and verdicts of the first arm."""
    rounds = sorted({report.round for reports in arms.values() for report in reports})
    if not rounds:
        return {"curves": [], "repairs": [], "grades": [], "verdicts": []}
    names = ["base" if item < 0 else str(item + 1) for item in rounds]
    main, reports = next((name, list(reports)) for name, reports in arms.items() if reports)
    return {
        "curves": [(f"pass@{k}", curves(_arms_at(arms, k, rounds), names, dashed=True)) for k in _shown(arms)],
        "repairs": repairs.charts(arms),
        "grades": _grades(reports, rounds, names),
        "verdicts": [(f"Verdicts on first attempts, {main}", stacked(
            [report.statuses for report in reports],
            ["base" if report.round < 0 else str(report.round + 1) for report in reports],
            _parts(reports),
        ))],
    }  # fmt: skip


def _shown(arms: Mapping[str, Sequence[Report]]) -> list[str]:
    """The smallest and the largest k: those between tell nothing more."""
    known = sorted({k for reports in arms.values() for report in reports for k in report.pass_at}, key=int)
    return list(dict.fromkeys([*known[:1], *known[-1:]]))


def _arms_at(arms: Mapping[str, Sequence[Report]], k: str, rounds: Sequence[int]) -> list[Curve]:
    """A curve per arm; all arms start at the base, which is measured once."""
    base = next((report for reports in arms.values() for report in reports if report.round < 0), None)
    found = []
    for name, reports in arms.items():
        if not reports:
            continue
        whole = {report.round: report for report in ([base] if base else []) + list(reports)}
        points = {rounds.index(item): report.pass_at[k] for item, report in whole.items() if k in report.pass_at}
        if points:
            found.append(Curve(name, points))
    return found


def _grades(reports: Sequence[Report], rounds: Sequence[int], names: Sequence[str]) -> list[tuple[str, str]]:
    grades = sorted({grade for report in reports for grade in report.by_difficulty}, key=_natural)
    lines = [
        Curve(grade, {rounds.index(r.round): r.by_difficulty[grade] for r in reports if grade in r.by_difficulty})
        for grade in grades
    ]
    return [("pass@1 by difficulty", curves(lines, names))] if lines else []


def _parts(reports: Sequence[Report]) -> dict[str, int]:
    there = {name for report in reports for name in report.statuses}
    return {name: PARTS.get(name, 7) for name in [*PARTS, *sorted(there - set(PARTS))] if name in there}
