"""A table of numbers: what an imported result file says, as text for people and as JSON. It computes nothing else."""

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from etude.records import Json

NUMBER = re.compile(r"-?\d{1,3}(,\d{3})+|-?\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Spread:
    """One number per run of the same setting. `deviation` is that of a whole population: the runs are all there are."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean over the runs."""
        return statistics.fmean(self.values)

    @property
    def deviation(self) -> float:
        """The population standard deviation over the runs."""
        return statistics.pstdev(self.values)


Cell = str | int | float | Spread | None
"""None is a number that the files do not hold."""


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes:
        title: What the numbers are about.
        columns: The heads, the name of the row first.
        rows: One cell per column.
        notes: What a reader has to know beside the numbers, a sentence each.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()


def spread(values: Sequence[float | None]) -> Spread | None:
    """The known values as one cell, or None where none is known."""
    known = tuple(value for value in values if value is not None)
    return Spread(known) if known else None


def texts(table: Table) -> list[list[str]]:
    """The heads and all rows as texts: fractions with two digits, runs as `mean±deviation`."""
    return [list(table.columns), *([_text(cell) for cell in row] for row in table.rows)]


def encoded(table: Table) -> Json:
    """The table as a JSON object: one object per row, numbers unrounded, runs as mean, deviation and values."""
    rows = [dict(zip(table.columns, map(_value, row), strict=True)) for row in table.rows]
    return {"title": table.title, "columns": list(table.columns), "rows": rows, "notes": list(table.notes)}


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Spread):
        return f"{cell.mean:.2f}±{cell.deviation:.2f}" if len(cell.values) > 1 else f"{cell.mean:.2f}"
    return f"{cell:.2f}" if isinstance(cell, float) else f"{cell:,}" if isinstance(cell, int) else cell


def _value(cell: Cell) -> Json:
    """A cell for machines; a text that is a number, such as `8,876`, becomes that number."""
    if isinstance(cell, Spread):
        return {"mean": cell.mean, "deviation": cell.deviation, "values": list(cell.values)}
    if isinstance(cell, str) and NUMBER.fullmatch(cell):
        plain = cell.replace(",", "")
        return float(plain) if "." in plain else int(plain)
    return None if cell == "" else cell
