"""Numbers as text: every table that a verb prints."""

from collections.abc import Mapping, Sequence

from etude.records import Estimate, Report
from etude.suites.compare import compare, samples_per_task


def percent(estimate: Estimate | None) -> str:
    """`34.1 [29.8, 38.6]`: a share in percent with its 95 % interval."""
    if estimate is None:
        return "-"
    return f"{100 * estimate.value:.1f} [{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"


def grid(rows: Sequence[Sequence[str]]) -> str:
    """Rows as aligned columns; the first row is the heading."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def progress_table(arms: Mapping[str, Sequence[Report]], main: str = "main") -> str:
    """The table of a run: base, every round of the main arm, then the controls, with differences to the base."""
    base = arms[main][0]
    ks = sorted(base.pass_at, key=int)
    grades = sorted(base.by_difficulty)
    rows = [["arm", *(f"pass@{k} %" for k in ks), "gain over base", *(f"grade {grade}" for grade in grades)]]
    for name, reports in arms.items():
        for report in reports:
            rows.append(_row(name, report, base, ks, grades))
    note = f"{base.tasks} tasks, n = {samples_per_task(base)} samples each; [..] 95 % interval over tasks"
    return f"{grid(rows)}\n{note}"


def _row(name: str, report: Report, base: Report, ks: Sequence[str], grades: Sequence[str]) -> list[str]:
    title = "base" if report.round < 0 else f"{name}, round {report.round + 1}"
    gain = "" if report is base else percent(compare(base, report, int(ks[0])).difference)
    easy = [
        f"{100 * report.by_difficulty[grade].value:.0f}" if grade in report.by_difficulty else "-" for grade in grades
    ]
    return [title, *(percent(report.pass_at.get(k)) for k in ks), gain, *easy]
