"""Numbers as text: every table that a verb prints."""

from collections.abc import Mapping, Sequence

from etude.measurement import words
from etude.records import Estimate, Report
from etude.suites.compare import Line, table, title
from etude.suites.suspicious import suspicions


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


def doubts(reports: Sequence[Report]) -> str:
    """What makes numbers suspicious, to be read before them; "" where nothing does."""
    lines = [f"! SUSPICIOUS, {title(report)}: {words}." for report in reports for words in suspicions(report)]
    return "\n".join(lines)


def how(reports: Sequence[Report]) -> str:
    """How the numbers were made: a line per protocol."""
    known = dict.fromkeys(words(report.measurement) for report in reports if report.measurement)
    unknown = [title(report) for report in reports if not report.measurement]
    return "\n".join([*known, *([f"protocol not recorded: {', '.join(unknown)}"] if unknown else [])])


def progress_table(arms: Mapping[str, Sequence[Report]]) -> str:
    """The table of a run: base, every round of the main arm, then the controls, with differences to the base."""
    lines = table(arms)
    base = lines[0]
    ks, grades = sorted(base.pass_at, key=int), sorted(base.by_difficulty)
    heading = ["arm", *(f"pass@{k} %" for k in ks), "gain over base", *(f"grade {grade}" for grade in grades)]
    note = f"{base.tasks} tasks, n = {base.n} samples each; [..] 95 % interval over tasks"
    reports = [report for rounds in arms.values() for report in rounds]
    text = f"{grid([heading, *(_row(line, ks, grades) for line in lines)])}\n{note}\n{how(reports)}"
    return "\n\n".join(filter(None, [doubts(reports), text]))


def _row(line: Line, ks: Sequence[str], grades: Sequence[str]) -> list[str]:
    title = "base" if line.round < 0 else f"{line.arm}, round {line.round + 1}"
    gain = percent(line.difference[ks[0]]) if ks[0] in line.difference else ""
    easy = [f"{100 * line.by_difficulty[grade].value:.0f}" if grade in line.by_difficulty else "-" for grade in grades]
    return [title, *(percent(line.pass_at.get(k)) for k in ks), gain, *easy]
