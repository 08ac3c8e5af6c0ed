"""From a run's folder to its page: reads the ledgers, picks a few attempts to show, writes `report.html`."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from etude import config
from etude.arms import MAIN, arm_folder, reports_of
from etude.comparing import Sides, compare_folders
from etude.errors import InputError
from etude.ledger import Ledger
from etude.measurement import words as in_words
from etude.reads import READ
from etude.records import Attempt, Report, Verdict, identify
from etude.replies import Reply, of_record
from etude.stages import BASE
from etude.suites.compare import Comparison, compare, title
from etude.suites.suspicious import suspicions
from etude.viewer import leaks, puzzles, repairs
from etude.viewer.gains import part
from etude.viewer.page import Case, ReportPage, write_report

CASES = 8


def recipe_of(folder: Path) -> config.Recipe:
    """The resolved recipe of a run.

    Raises:
        InputError: The folder holds no run.
    """
    file = folder / "recipe.toml"
    if not file.exists():
        raise InputError(
            f"{folder} holds no run: there is no recipe.toml in it",
            expected="a folder that `etude run` wrote",
            fix=f"etude run lab --out {folder}",
        )
    return config.load(str(file))


def gains_of(folder: Path, others: Sequence[Path] = ()) -> Sides | None:
    """Every round against the base resampled, with other runs and evaluations beside; None where there is nothing yet.

    Numbers of different protocols are compared and flagged: a report hides nothing that a run has measured.

    Raises:
        InputError: Another folder cannot be compared with this one.
    """
    try:
        return compare_folders([folder, *others], any_protocol=True)
    except InputError:
        if others:
            raise
        return None


def write_page(folder: Path, sides: Sides | None = None) -> Path:
    """Writes `report.html` into a run's folder and returns its path; an unfinished run has a page too.

    Args:
        sides: What `gains_of` has found.
    """
    recipe = recipe_of(folder)
    arms = {name: reports for name, reports in reports_of(folder, recipe).items() if reports}
    measured = [report for reports in arms.values() for report in reports]
    page = ReportPage(
        title=f"{recipe.name}, seed {recipe.seed}",
        recipe=(folder / "recipe.toml").read_text(),
        arms=arms,
        comparisons=comparisons(arms),
        cases=cases(folder),
        notes=_notes(folder, arms),
        machine=_machine(folder),
        own_tasks=own_tasks(folder, recipe),
        gains=part(sides) if sides else None,
        doubts=[f"{title(report)}: {words}." for report in measured for words in suspicions(report)],
        protocols=list(dict.fromkeys(in_words(report.measurement) for report in measured if report.measurement)),
        readings=list(readings(folder)),
        replies=replies_of(folder),
    )
    path = folder / "report.html"
    write_report(path, page)
    return path


def readings(folder: Path) -> Iterator[str]:
    """The readings on record, as lines. Who read is in the ledger only: a page is passed on."""
    if (folder / "ledger.sqlite").exists():
        ledger = Ledger(folder)
        found = ledger.events(READ)
        ledger.close()
        for item in found:
            told = [f"{key} {item[key]}" for key in ("arm", "round", "agent", "protocol") if key in item]
            what = f"{item['split']}, {item['tasks']} tasks, to {item.get('purpose', 'measure')}"
            yield f"{item.get('when', 'at an unknown time')}: {what}; {', '.join(told)}"


def replies_of(folder: Path) -> dict[str, tuple[Reply, ...]]:
    """Three raw replies of the base, and three of the last round of the main arm."""
    if not (folder / "ledger.sqlite").exists():
        return {}
    ledger = Ledger(folder)
    try:
        reports = ledger.reports("test")
        ends = dict.fromkeys([report.round for report in (*reports[:1], *reports[-1:])])
        named = {title(report): report.round for report in reports if report.round in ends}
        return {name: of_record(ledger.judged("test", round)) for name, round in named.items()}
    finally:
        ledger.close()


def own_tasks(folder: Path, recipe: config.Recipe) -> dict[str, list[puzzles.PuzzleRound]]:
    """Arm -> what its rounds of self-made tasks came to; empty for a run that makes none.

    Raises:
        InputError: A file in a round's folder cannot be read.
    """
    return puzzles.read({name: arm_folder(folder, name) for name in (MAIN, *recipe.arms)})


def comparisons(arms: Mapping[str, Sequence[Report]]) -> list[Comparison]:
    """The last round of every arm with the base, and with the last round of every control."""
    if MAIN not in arms or len(arms[MAIN]) < 2:
        return []
    base, last = arms[MAIN][0], {name: reports[-1] for name, reports in arms.items()}
    found = [compare(base, report, 1) for report in last.values()]
    return found + [compare(report, last[MAIN], 1) for name, report in last.items() if name != MAIN]


def cases(folder: Path) -> list[Case]:
    """A few attempts of the first round: repairs that worked first, then other failures, then passes."""
    if not (folder / "ledger.sqlite").exists():
        return []
    ledger = Ledger(folder)
    try:
        judged = list(ledger.judged("train", 0)) or list(ledger.judged("test", BASE))
    finally:
        ledger.close()
    return list(_chosen(judged))[:CASES]


def _chosen(judged: Sequence[tuple[Attempt, Verdict]]) -> Iterator[Case]:
    repairs = {attempt.parent: (attempt, verdict) for attempt, verdict in judged if attempt.parent}
    first = [(attempt, verdict) for attempt, verdict in judged if not attempt.parent]
    mended = [pair for pair in first if identify(pair[0]) in repairs and repairs[identify(pair[0])][1].passed]
    failed = [pair for pair in first if pair[1].passed is False and pair not in mended]
    passed = [pair for pair in first if pair[1].passed]
    for attempt, verdict in [*mended[:4], *failed[: CASES // 2], *passed[:CASES]]:
        repair = repairs.get(identify(attempt))
        yield Case(
            task_id=attempt.task_id,
            prompt=attempt.prompt,
            program=attempt.program,
            status=verdict.status,
            reason=verdict.reason,
            feedback=repair[0].feedback if repair else "",
            repaired_program=repair[0].program if repair else "",
            repaired_passed=repair[1].passed if repair else None,
        )


def _notes(folder: Path, arms: Mapping[str, Sequence[Report]]) -> list[str]:
    manifest = _manifest(folder)
    notes = [f"Programs ran under isolation level {manifest.get('isolation', {}).get('level', 'unknown')}."]
    unjudged = sum(report.unjudged for reports in arms.values() for report in reports)
    notes.append(f"{unjudged} samples could not be judged; they are in no number on this page.")
    notes += leaks.notes(leaks.read({name: arm_folder(folder, name) for name in arms}))
    notes += repairs.notes(arms)
    notes += [
        f"{name}, round {report.round + 1}: no row was the model's own work. It equals regular fine-tuning."
        for name, reports in arms.items()
        for report in reports
        if report.budget.get("rows_trained") and not report.budget.get("own_rows", 1)
    ]
    notes.append("The tests that decided are hidden: no prompt, no feedback and no training row holds one.")
    return notes


def _machine(folder: Path) -> dict[str, str]:
    manifest = _manifest(folder)
    return {**manifest.get("machine", {}), **manifest.get("versions", {})}


def _manifest(folder: Path) -> dict[str, dict[str, str]]:
    file = folder / "manifest.json"
    found: dict[str, dict[str, str]] = json.loads(file.read_text()) if file.exists() else {}
    return found
