"""Numbers as text: every table that a verb prints."""

from collections.abc import Mapping, Sequence

from etude.records import Estimate, Report
from etude.suites.compare import Line, table


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


def progress_table(arms: Mapping[str, Sequence[Report]]) -> str:
    """The table of a run: base, every round of the main arm, then the controls, with differences to the base."""
    lines = table(arms)
    base = lines[0]
    ks, grades = sorted(base.pass_at, key=int), sorted(base.by_difficulty)
    heading = ["arm", *(f"pass@{k} %" for k in ks), "gain over base", *(f"grade {grade}" for grade in grades)]
    note = f"{base.tasks} tasks, n = {base.n} samples each; [..] 95 % interval over tasks"
    return f"{grid([heading, *(_row(line, ks, grades) for line in lines)])}\n{note}"


def _row(line: Line, ks: Sequence[str], grades: Sequence[str]) -> list[str]:
    title = "base" if line.round < 0 else f"{line.arm}, round {line.round + 1}"
    gain = percent(line.difference[ks[0]]) if ks[0] in line.difference else ""
    easy = [f"{100 * line.by_difficulty[grade].value:.0f}" if grade in line.by_difficulty else "-" for grade in grades]
    return [title, *(percent(line.pass_at.get(k)) for k in ks), gain, *easy]
