"""What the report says of leaks: rows that solve a task the run is measured on, by arm and round, and each by name.

It reads the `leaks.json` that the curator `decontaminate` left in the rounds' folders, and looks for nothing itself. An
arm that learned without that curator is named as well: nobody looked.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from etude.errors import InputError
from etude.records import Json

FILE, ROWS = "leaks.json", "rows.parquet"
LISTED = 20
"""Leaks of one arm that are named; the others stand in the rounds' files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakRound:
    """A round that learned: what `decontaminate` said of its rows, or None where nobody asked."""

    round: int
    facts: Mapping[str, Json] | None


def read(folders: Mapping[str, Path]) -> dict[str, list[LeakRound]]:
    """Arm -> its rounds that wrote training rows, in order; arms without any are left out.

    Args:
        folders: Arm -> its folder.

    Raises:
        InputError: A file cannot be read.
    """
    found = {
        name: [_round(file.parent) for file in sorted(folder.glob(f"rounds/*/{ROWS}"))]
        for name, folder in folders.items()
    }
    return {name: rounds for name, rounds in found.items() if rounds}


def _round(folder: Path) -> LeakRound:
    file = folder / FILE
    if not file.exists():
        return LeakRound(round=int(folder.name), facts=None)
    try:
        facts = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"{file} cannot be read: {error}", expected="what `decontaminate` wrote") from None
    return LeakRound(round=int(folder.name), facts=facts)


def notes(arms: Mapping[str, Sequence[LeakRound]]) -> list[str]:
    """What a reader must know, one sentence or list for each arm."""
    return [line for name, rounds in arms.items() for line in _notes(name, rounds)]


def _notes(name: str, rounds: Sequence[LeakRound]) -> Iterator[str]:
    known = [(item.round, item.facts) for item in rounds if item.facts is not None]
    if len(known) < len(rounds):
        blind = [str(item.round + 1) for item in rounds if item.facts is None]
        yield (
            f"{name}: nobody looked for leaks in the rows of round {', '.join(blind)}: put "
            '{ use = "decontaminate" } last among the curators.'
        )
    if not known:
        return
    rows, dropped = (sum(int(facts.get(key, 0)) for _, facts in known) for key in ("rows", "dropped"))
    leaking = sum(int(facts.get("leaking_rows", 0)) for _, facts in known)
    sets = sorted({text for _, facts in known for text, number in facts.get("against", {}).items() if number})
    if sets:
        fate = "dropped before learning" if dropped == leaking else f"{dropped} were dropped, the others learned from"
        said = f"{leaking} of {rows} training rows solve a task of {', '.join(sets)}"
        yield f"Leaks, {name}: {said}{f'; {fate}' if leaking else ''}{_more(known)}."
    else:
        yield f"Leaks, {name}: there was no exam to compare the training rows with{_more(known)}."
    yield from _listed(name, known)


def _more(known: Sequence[tuple[int, Mapping[str, Json]]]) -> str:
    """What could not be said."""
    undecided = sum(int(facts.get("undecided", 0)) for _, facts in known)
    silent = {task for _, facts in known for task in facts.get("not_examined", ())}
    puzzles = max(int(facts.get("puzzles_left_out", 0)) for _, facts in known)
    parts = [f"{undecided} pairs of program and task were too slow to decide"] if undecided else []
    parts += [f"{len(silent)} exam tasks have no tests that hold"] if silent else []
    parts += [f"{puzzles} exam puzzles were left out, for answers are values that coincide"] if puzzles else []
    return "".join(f"; {part}" for part in parts)


def _listed(name: str, known: Sequence[tuple[int, Mapping[str, Json]]]) -> Iterator[str]:
    """The leaks by name: what solves which exam task."""
    told = [
        f"round {round + 1}: a row for {leak['task_id'] or 'no task'} solves {leak['exam']}"
        for round, facts in known
        for leak in facts.get("leaks", ())
    ]
    if told:
        rest = f"; and {len(told) - LISTED} more, in rounds/*/{FILE}" if len(told) > LISTED else ""
        yield f"{name}, {'; '.join(told[:LISTED])}{rest}."
    for exam, count in sorted({item for _, facts in known for item in facts.get("weak", {}).items()}):
        yield f"{name}: {count} different programs for different tasks pass {exam}: look at its tests."
