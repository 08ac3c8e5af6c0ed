"""Two reports side by side, and many as a table: no gain without a control, and no control with another budget.

A comparison is over the tasks that both reports know and pairs them by task. One whose budgets differ is still made,
and says so; one that would compare different things is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from etude.errors import InputError
from etude.records import Estimate, Report
from etude.suites.estimate import mean_pass, paired_difference, task_values

SPENT = {"generations": "generations", "completion_tokens": "completion tokens"}
CLOSE = 0.25  # how long the answers get is learned, not set: only a real difference in tokens is told


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How another report stands to a base.

    Attributes:
        tasks: Tasks that both have k judged samples of; every number here is over these.
        base_value, other_value: pass@k of each.
        difference: other - base, paired by task, with its interval.
        ratio: other / base, or None where the base solves nothing.
        same_budget: Samples per task and generations are equal, completion tokens within a quarter.
        note: What a reader must know, or "".
    """

    base: str
    other: str
    k: int
    tasks: int
    base_value: Estimate
    other_value: Estimate
    difference: Estimate
    ratio: float | None
    same_budget: bool
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One report as a line of a table; `difference` is None for the base itself and where nothing can be compared.

    Attributes:
        n: Samples per task, at most.
        tasks_at: k as text -> tasks with at least k judged samples, over which that pass@k is the mean.
        notes: k as text -> what to know of the difference.
    """

    arm: str
    round: int
    tasks: int
    n: int
    unjudged: int
    pass_at: Mapping[str, Estimate]
    tasks_at: Mapping[str, int]
    difference: Mapping[str, Estimate]
    notes: Mapping[str, str]
    by_difficulty: Mapping[str, Estimate]
    generations: float
    prompt_tokens: float
    completion_tokens: float
    rows: float | None
    steps: float | None


def compare(base: Report, other: Report, k: int) -> Comparison:
    """How `other` stands to `base` in pass@k.

    Raises:
        InputError: The reports are of different protocols, or have no task in common with k judged samples in both.
    """
    if base.protocol != other.protocol:
        raise InputError(
            f"{title(other)} was measured by {other.protocol}, {title(base)} by {base.protocol}",
            expected="one protocol",
            fix="measure both again with the same version",
        )
    common = task_values(base.counts, k).keys() & task_values(other.counts, k).keys()
    ours, theirs = ({task: report.counts[task] for task in common} for report in (base, other))
    before, after, difference = mean_pass(ours, k), mean_pass(theirs, k), paired_difference(ours, theirs, k)
    if not (before and after and difference):
        raise InputError(
            f"{title(base)} and {title(other)} have no task with {k} judged samples in common",
            expected="two reports on the same task set",
            fix=f"draw {k} or more samples per task, or ask for a smaller k",
        )
    notes = _budget_notes(base, other) + _task_notes(base, other, len(common), k)
    return Comparison(
        base=title(base),
        other=title(other),
        k=k,
        tasks=len(common),
        base_value=before,
        other_value=after,
        difference=difference,
        ratio=after.value / before.value if before.value else None,
        same_budget=not _budget_notes(base, other),
        note="; ".join(notes),
    )


def title(report: Report) -> str:
    """A report's name for people: `base`, or the arm and its round, counted from 1."""
    return "base" if report.round < 0 else f"{report.name}, round {report.round + 1}"


def samples_per_task(report: Report) -> int:
    """The most judged samples that any task has."""
    return max((seen for _, seen in report.counts.values()), default=0)


def _budget_notes(base: Report, other: Report) -> list[str]:
    pairs = {"samples per task": (float(samples_per_task(base)), float(samples_per_task(other)), 0.0)}
    for key, words in SPENT.items():
        if key in base.budget and key in other.budget:
            both = base.budget[key] / max(base.tasks, 1), other.budget[key] / max(other.tasks, 1)
            pairs[f"{words} per task"] = (*both, CLOSE if key.endswith("tokens") else 0.01)
    return [
        f"not the same budget: {after:.4g} {words} against {before:.4g}"
        for words, (before, after, slack) in pairs.items()
        if abs(after - before) > slack * max(before, after)
    ]


def _task_notes(base: Report, other: Report, common: int, k: int) -> list[str]:
    whole = max(len(task_values(base.counts, k)), len(task_values(other.counts, k)))
    return [f"over {common} of {whole} tasks: the others are not in both"] if common < whole else []


def table(arms: Mapping[str, Sequence[Report]]) -> list[Line]:
    """One line per report, arms in their order and rounds in theirs, each compared with the base.

    The base is the first report of round -1 in any arm; without one, nothing is compared. An arm that holds the same
    base again has no second line for it.
    """
    reports = [(arm, report) for arm, rounds in arms.items() for report in rounds]
    base = next((report for _, report in reports if report.round < 0), None)
    own = [pair for pair in reports if pair[1] != base]
    first = [(arm, report) for arm, report in reports if report == base][:1]
    return [_line(arm, report, base) for arm, report in first + own]


def _line(arm: str, report: Report, base: Report | None) -> Line:
    differences: dict[str, Estimate] = {}
    notes: dict[str, str] = {}
    for k in report.pass_at if base is not None and report != base else ():
        try:
            found = compare(base, report, int(k))  # type: ignore[arg-type]  # not None, as the line above says
        except InputError as error:
            notes[k] = error.found
            continue
        differences[k] = found.difference
        notes.update({k: found.note} if found.note else {})
    return Line(
        arm="base" if report.round < 0 else arm,
        round=report.round,
        tasks=report.tasks,
        n=samples_per_task(report),
        unjudged=report.unjudged,
        pass_at=report.pass_at,
        tasks_at={k: len(task_values(report.counts, int(k))) for k in report.pass_at},
        difference=differences,
        notes=notes,
        by_difficulty=report.by_difficulty,
        generations=report.budget.get("generations", 0.0),
        prompt_tokens=report.budget.get("prompt_tokens", 0.0),
        completion_tokens=report.budget.get("completion_tokens", 0.0),
        rows=report.budget.get("rows_trained"),
        steps=report.budget.get("steps"),
    )
