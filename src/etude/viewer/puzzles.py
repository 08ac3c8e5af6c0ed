"""What rounds of self-made tasks came to, for the report: a block for each arm, from the files in its rounds' folders.

It reads `proposals.json`, `puzzles.json`, `views.json` and `hindsight.json` and lays their numbers out; it computes
none that is not there. A file or a key that a round lacks leaves a dash, a line that no round has is not shown. What a
model wrote stays plain text here; the page escapes it.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from etude.errors import InputError
from etude.viewer.charts import histogram
from etude.viewer.figures import FIGURES, MEANING, NONE, REASONS, Facts, at, count, is_number

FILES = ("proposals", "puzzles", "views", "hindsight")
OWN = ("proposals", "views", "hindsight")
"""Files of an arm that makes tasks of its own."""
SHOWN = 6  # puzzles that are shown of an arm
LONGEST = 2_000  # characters of a puzzle that is shown
SUMMARY = {
    "proposed": "proposed", "accepted": "accepted", "valid": "valid", "trivial": "trivial", "novel": "novel",
    "kinds": "kinds", "like a held-out puzzle": "like held out", "refused for a guarded puzzle": "refused as held out",
    "solved / tried": "solved / tried", "mean solve rate": "solve rate", "solutions": "solutions",
}  # fmt: skip
"""Figure -> its heading where the command line prints it."""


@dataclass(frozen=True, slots=True)
class PuzzleRound:
    """What one round has written down.

    Attributes:
        round: From 0.
        facts: File without its ending -> its content; only files that are there.
    """

    round: int
    facts: Facts


class Row(NamedTuple):
    """A line: its name, a cell per round, and what it means."""

    name: str
    cells: tuple[str, ...]
    words: str


class Grid(NamedTuple):
    """A table with a heading and a sentence."""

    heading: str
    words: str
    rows: tuple[Row, ...]


class Shown(NamedTuple):
    """A puzzle and what became of it."""

    fate: str
    puzzle: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """All that the page shows of one arm.

    Attributes:
        given: Whether the puzzles were given, not the arm's own.
        places: Names of the rounds.
        figures: One line per figure.
        reasons: Tables of counts by reason.
        charts: (heading, SVG) of the solve rates, one per round.
        guarded: What is guarded, set by set, or "".
        shown: A few puzzles of the last round that has any.
    """

    arm: str
    given: bool
    places: tuple[str, ...]
    figures: tuple[Row, ...]
    reasons: tuple[Grid, ...]
    charts: tuple[tuple[str, str], ...]
    guarded: str
    shown: tuple[Shown, ...]


def read(folders: Mapping[str, Path]) -> dict[str, list[PuzzleRound]]:
    """Arm -> its rounds, for the arms that make tasks of their own or have tried puzzles.

    Args:
        folders: Arm -> where it writes.

    Raises:
        InputError: A file cannot be read.
    """
    found = {name: _rounds(folder) for name, folder in folders.items()}
    return {name: rounds for name, rounds in found.items() if any(map(_tells, rounds))}


def blocks(arms: Mapping[str, Sequence[PuzzleRound]]) -> list[Block]:
    """What there is to show, arm by arm."""
    return [_block(name, rounds) for name, rounds in arms.items() if rounds]


def summary(arms: Mapping[str, Sequence[PuzzleRound]]) -> list[list[str]]:
    """The chief figures as rows of text, a line per arm and round, a heading first; empty where there are none.

    No puzzle and no reason is in it, and nothing that could steer a terminal.
    """
    figures = [item for item in FIGURES if item.name in SUMMARY]
    rows = [
        [f"{name}, round {item.round + 1}", *(figure.cell(item.facts) or "-" for figure in figures)]
        for name, rounds in arms.items()
        for item in rounds
    ]
    plain = [[_printed(cell) for cell in row] for row in rows]
    return [["puzzles of", *(SUMMARY[figure.name] for figure in figures)], *plain] if plain else []


def _printed(cell: str) -> str:
    words = cell.replace("\N{THIN SPACE}", ",").replace(NONE, "-")
    return words if words.isprintable() else repr(words)


def _rounds(folder: Path) -> list[PuzzleRound]:
    places = sorted((int(place.name), place) for place in folder.glob("rounds/*") if place.name.isdecimal())
    found = [PuzzleRound(number, _facts(place)) for number, place in places]
    return [item for item in found if item.facts]


def _facts(place: Path) -> dict[str, Any]:
    files = {name: place / f"{name}.json" for name in FILES}
    return {name: _content(file) for name, file in files.items() if file.exists()}


def _content(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{file} cannot be read: {error}", fix="move it away; the report is made without it") from None
    if not isinstance(found, dict):
        raise InputError(f"{file} holds no numbers of a round", fix="move it away; the report is made without it")
    return found


def _tells(item: PuzzleRound) -> bool:
    return any(name in item.facts for name in OWN) or bool(at(item.facts, "puzzles.puzzles"))


def _block(arm: str, rounds: Sequence[PuzzleRound]) -> Block:
    facts = [item.facts for item in rounds]
    places = tuple(str(item.round + 1) for item in rounds)
    rows = [Row(item.name, _cells([item.cell(each) for each in facts]), item.words) for item in FIGURES]
    reasons = [Grid(item.heading, item.words, _counted(facts, item.path)) for item in REASONS]
    return Block(
        arm=arm,
        given=not any(name in each for each in facts for name in OWN),
        places=places,
        figures=tuple(row for row in rows if row.cells),
        reasons=tuple(grid for grid in reasons if grid.rows),
        charts=_charts(rounds),
        guarded=_guarded(facts),
        shown=_shown(facts),
    )


def _cells(cells: Sequence[str | None]) -> tuple[str, ...]:
    """The cells with dashes for what is missing; none where all are."""
    return tuple(cell or NONE for cell in cells) if any(cell is not None for cell in cells) else ()


def _counted(facts: Sequence[Facts], path: str) -> tuple[Row, ...]:
    """A line per name, the most frequent first; names that were never counted are left out."""
    found = [_counts(at(each, path)) for each in facts]
    total: Counter[str] = Counter()
    for counts in found:
        total.update({name: value for name, value in (counts or {}).items() if value})
    words = MEANING if path == "proposals.rejected" else {}
    return tuple(
        Row(name, tuple(NONE if counts is None else count(counts.get(name, 0)) or NONE for counts in found),
            words.get(name, ""))
        for name in sorted(total, key=lambda name: (-total[name], name))
    )  # fmt: skip


def _counts(value: Any) -> dict[str, float] | None:
    if not isinstance(value, Mapping):
        return None
    return {name: number for name, number in value.items() if is_number(number)}


def _charts(rounds: Sequence[PuzzleRound]) -> tuple[tuple[str, str], ...]:
    """How the solve rates lie, a small chart per round, all to one scale."""
    known = []
    for item in rounds:
        tenths, never = at(item.facts, "puzzles.solve_rates"), at(item.facts, "puzzles.never")
        if isinstance(tenths, list) and tenths and all(map(is_number, tenths)):
            known.append((f"round {item.round + 1}", tenths, never if is_number(never) else 0))
    most = max((max(*tenths, never) for _, tenths, never in known), default=0)
    return tuple((name, histogram(tenths, ("never", never), most, name)) for name, tenths, never in known)


def _guarded(facts: Sequence[Facts]) -> str:
    """`lab-puzzles[test] (200)`, as the last round that says so has it."""
    sets = [_counts(at(each, "proposals.guarded_sets")) for each in facts]
    last = next((item for item in reversed(sets) if item), {})
    return ", ".join(f"{name} ({count(number)})" for name, number in last.items())


def _shown(facts: Sequence[Facts]) -> tuple[Shown, ...]:
    """A few puzzles of the last round: the easiest and the hardest of the solved ones, and some that nobody solved."""
    for each in reversed(facts):
        tried = [
            row for row in _listed(each, "puzzles") if is_number(row.get("solved")) and is_number(row.get("tried"))
        ]
        some = _chosen(tried) if tried else _listed(each, "proposals")[:SHOWN]
        if some:
            return tuple(Shown(_fate(row), row["puzzle"][:LONGEST]) for row in some)
    return ()


def _listed(facts: Facts, name: str) -> list[dict[str, Any]]:
    rows = at(facts, f"{name}.list")
    found = rows if isinstance(rows, list) else []
    return [row for row in found if isinstance(row, dict) and isinstance(row.get("puzzle"), str)]


def _chosen(tried: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    solved = sorted((row for row in tried if row["solved"]), key=lambda row: -row["solved"] / max(row["tried"], 1))
    never = [row for row in tried if not row["solved"]]
    third = SHOWN // 3
    easy, hard = solved[:third], solved[third:][-third:]
    return [*easy, *hard, *never[: SHOWN - len(easy) - len(hard)]]


def _fate(row: Mapping[str, Any]) -> str:
    return f"solved {row['solved']} of {row['tried']} times" if "tried" in row else "accepted"
