"""The tables and the targets, as text. It measures nothing."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple

from contenders.roster import EVALPLUS, NAIVE, OURS, PRECOMPILED, TWO, UNJAILED
from measuring import Figures, Table

PEERS_OF_ISOLATION = (
    "bubblewrap + python -I",
    "nsjail + python -I",
    "python -I",
    "human-eval check_correctness",
    "LiveCodeBench check_correctness",
)
HEAD = f"{'contender':<34}{'CPU ms':>9}{'wall ms':>9}{'per s':>9}{'CPU x':>8}{'wall x':>8}{'pass/fail':>11}{'kind':>9}"
SHOWN = 6
GROWTH = 1.05
SLACK = 2 << 20
"""Bytes that may be added to a process without it counting as growth."""


class Target(NamedTuple):
    """A bound and what was measured; `met` None where it was not."""

    text: str
    measured: float
    met: bool | None


def table_of(title: str, table: Table) -> str:
    """The contenders, cheapest first, with the ratio of each to ours and how often its verdicts were right."""
    rows = sorted((item for item in table.values() if item.cpu), key=lambda item: item.median("cpu"))
    lines = [title, HEAD, *map(_row, rows)]
    for item in rows:
        if item.missed:
            some = "; ".join(sorted(set(item.missed))[:SHOWN])
            lines.append(f"  {item.entry.name} differs on {len(set(item.missed))}: {some}")
    return "\n".join(lines)


def _row(item: Figures) -> str:
    cpu, wall = item.median("cpu"), item.median("wall")
    agreed = f"{item.agreed}/{item.judged}" if item.judged else "-"
    kinds = f"{100 * item.kinds / item.judged:.1f} %" if item.judged and item.entry.says_kinds else "-"
    return (
        f"{item.entry.name:<34}{1000 * cpu:>9.2f}{1000 * wall:>9.2f}{1 / wall:>9.0f}"
        f"{item.median('cpu_ratio'):>8.2f}{item.median('wall_ratio'):>8.2f}{agreed:>11}{kinds:>9}"
    )


def targets_of_speed(references: Table) -> list[Target]:
    """The targets that the reference programs decide. CPU, medians of the rounds' ratios."""
    found = [
        _at_most("full isolation / bare fork + exec of precompiled code", _inverse(references, PRECOMPILED), 1.4),
        _at_most("full isolation / naive fork + compile + exec", _inverse(references, NAIVE), 0.6),
        _at_most("full isolation / isolation off", _inverse(references, UNJAILED), 1.1),
        *(_at_least(f"{name} / ours", _ratio(references, name), 10.0) for name in PEERS_OF_ISOLATION),
        _at_least(f"{EVALPLUS} / ours", _ratio(references, EVALPLUS), 5.0),
    ]
    two = references.get(TWO)
    speedup = statistics.median(1 / value for value in two.wall_ratio) if two and two.wall_ratio else float("nan")
    return [*found, _at_least("programs per second, 2 workers / 1 worker", speedup, 1.8)]


def targets_of_mix(name: str, table: Table) -> list[Target]:
    """On the mix with loops ours is to be three times as fast as the best peer, by CPU and by the clock."""
    peers = [item for item in table.values() if item.entry.role == "peer" and item.cpu]
    if not peers:
        return [Target(f"{name}: best peer / ours >= 3", float("nan"), None)]
    return [
        _at_least(f"{name}: best peer / ours, {word}", min(item.median(f"{word}_ratio") for item in peers), 3.0)
        for word in ("cpu", "wall")
    ]


def target_of_memory(readings: Sequence[tuple[int, int, int]]) -> list[Target]:
    """Flat: from the first tenth to the end neither side grows by more than 5 % and 2 MiB."""
    first, last = readings[len(readings) // 10], readings[-1]
    return [
        Target(
            f"memory of {who} after {last[0]} programs / after {first[0]}, at most {GROWTH} (and 2 MiB)",
            last[at] / first[at],
            last[at] <= GROWTH * first[at] + SLACK,
        )
        for at, who in ((1, "the user's process"), (2, "the sandbox's processes"))
    ]


def lines_of(targets: Sequence[Target]) -> str:
    """One line per target: yes, no, or not measured."""
    words = {True: "yes", False: "NO", None: "not measured"}
    return "\n".join(f"  {words[item.met]:<13}{item.measured:>7.2f}  {item.text}" for item in targets)


def _ratio(table: Table, name: str) -> float:
    return table[name].median("cpu_ratio") if name in table else float("nan")


def _inverse(table: Table, name: str) -> float:
    """Ours to another: the median of the inverse ratios."""
    values = table[name].cpu_ratio if name in table else []
    return statistics.median(1 / value for value in values) if values else float("nan")


def _at_most(text: str, value: float, bound: float) -> Target:
    return Target(f"{text}, at most {bound}", value, None if value != value else value <= bound)


def _at_least(text: str, value: float, bound: float) -> Target:
    return Target(f"{text}, at least {bound}", value, None if value != value else value >= bound)


def as_data(table: Table) -> dict[str, dict[str, object]]:
    """A table as JSON: every round's numbers."""
    names = ("cpu", "wall", "cpu_ratio", "wall_ratio", "judged", "agreed", "kinds", "missed")
    return {name: {key: getattr(item, key) for key in names} for name, item in table.items()}


__all__ = [
    "OURS",
    "Target",
    "as_data",
    "lines_of",
    "table_of",
    "target_of_memory",
    "targets_of_mix",
    "targets_of_speed",
]
