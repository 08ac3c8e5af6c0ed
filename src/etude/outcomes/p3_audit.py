"""What an audit of a `p3:` task set says beyond that of any other: how many there are, and its references rerun.

Every published solution goes before the judge's rule for puzzles in the sandbox, with the time of the released judge
(one processor second) and, where that is too little, with a long one. It judges no program of a model.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from etude.errors import InputError
from etude.judges.examine import Exam, examine
from etude.outcomes.tables import Cell, Table
from etude.progress import Tracker, Watch
from etude.protocols import Sandbox
from etude.records import Limits, Outcome, Tests
from etude.sources.check import Problem
from etude.sources.p3 import P3, instances, references
from etude.sources.rows import Row, text_of
from etude.tasks import Task

SHORT = Limits(cpu_seconds=1.0, wall_seconds=20.0)
LONG = Limits(cpu_seconds=60.0, wall_seconds=180.0)
CHUNK = 32
SAID = 120  # characters of a message in a table
SPLITS = ("train", "test")
DIGITS = 4300
"""Python's own limit of decimals of an integer that is read or printed; the sandbox lifts it."""
LITERAL = re.compile(rf"[0-9]{{{DIGITS + 1},}}")
LIMITED = f"import sys\nsys.set_int_max_str_digits({DIGITS})\n"
PRINTED = "\n_solve = sol\n\n\ndef sol():\n    answer = _solve()\n    repr(answer)\n    return answer\n"

Rows = tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One published solution: of the puzzle `Problem:instance`, its number there from 1, whole; with its tests."""

    puzzle: str
    number: int
    program: str
    tests: Tests


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerun:
    """How a reference went.

    Attributes:
        outcome: Within the short limit or, where that was too little, within the long one.
        slow: It is right, but takes more than one processor second, the check of its answer included.
        limited: What happens under Python's own limit of digits, in a few words; "" where that does no harm.
    """

    reference: Reference
    outcome: Outcome
    slow: bool = False
    limited: str = ""


def findings(tasks: Sequence[Task], place: str, sandbox: Sandbox, watch: Watch) -> tuple[list[Table], list[Problem]]:
    """The tables of an audit, and a problem for every reference that fails.

    Args:
        tasks: The chosen tasks: their references are rerun. The counts are of everything that is published.
        place: Where the puzzles are.

    Raises:
        InputError: The place does not hold the puzzles.
    """
    rows = instances(place)
    tests = {task.task_id: task.hidden for task in tasks}
    chosen = [row for row in rows if text_of(row, "name") in tests]
    splits = {name: members for name in SPLITS if (members := _members(place, name)) is not None}
    found = rerun([item for row in chosen for item in _references(row, tests)], sandbox, watch)
    lost = [item for item in found if item.outcome.status not in ("ok", "unavailable")]
    problems = [Problem(item.reference.puzzle, "reference fails", _said(item)) for item in lost]
    return [_counts(rows, splits), _verdicts(chosen, found), *_named(found, splits)], problems


def rerun(asked: Sequence[Reference], sandbox: Sandbox, watch: Watch) -> list[Rerun]:
    """Every reference run and judged, in order."""
    tracker = Tracker("audit", "references", len(asked), watch)
    found: list[Rerun] = []
    for start in range(0, len(asked), CHUNK):
        fresh = _judged(asked[start : start + CHUNK], sandbox)
        tracker.verdicts.update("passed" if item.outcome.status == "ok" else item.outcome.status for item in fresh)
        tracker.step(len(fresh))
        found += fresh
    tracker.end()
    return found


def problem_of(puzzle: str) -> str:
    """The problem of an instance's name."""
    return puzzle.rpartition(":")[0] or puzzle


def _references(row: Row, tests: Mapping[str, Tests]) -> Iterator[Reference]:
    name = text_of(row, "name")
    for number, program in enumerate(references(row), 1):
        yield Reference(puzzle=name, number=number, program=program, tests=tests[name])


def _members(place: str, split: str) -> set[str] | None:
    """The puzzles of a split, one instance of each of its problems; None where the place has no splits."""
    try:
        return {task.task_id for task in P3(place, split).propose(None)}
    except InputError:
        return None


def _judged(asked: Sequence[Reference], sandbox: Sandbox) -> list[Rerun]:
    outcomes = examine([Exam(item.program, item.tests, "sol", SHORT) for item in asked], sandbox)
    found = [_patient(item, outcome, sandbox) for item, outcome in zip(asked, outcomes, strict=True)]
    right = [item.reference for item in found if item.outcome.status == "ok" and not item.slow]
    limited = dict(zip([id(item) for item in right], _limited(right, sandbox), strict=True))
    return [replace(item, limited=limited.get(id(item.reference), "")) for item in found]


def _patient(reference: Reference, outcome: Outcome, sandbox: Sandbox) -> Rerun:
    """The reference with a long time, where the short one was too little."""
    late = outcome.status == "timeout"
    if late:
        [outcome] = examine([Exam(reference.program, reference.tests, "sol", LONG)], sandbox)
    slow = outcome.status == "ok" and (late or outcome.cpu_seconds > SHORT.cpu_seconds)
    return Rerun(reference=reference, outcome=outcome, slow=slow)


def _limited(asked: Sequence[Reference], sandbox: Sandbox) -> list[str]:
    """What happens to right references, and to printing their answers, under Python's own limit of digits."""
    limits = replace(SHORT, cpu_seconds=4 * SHORT.cpu_seconds)
    exams = [
        Exam(f"{LIMITED}{item.program}{PRINTED}", Tests(puzzle=LIMITED + item.tests.puzzle), "sol", limits)
        for item in asked
    ]
    return [_harm(item, outcome) for item, outcome in zip(asked, examine(exams, sandbox), strict=True)]


def _harm(reference: Reference, outcome: Outcome) -> str:
    if LITERAL.search(reference.program + reference.tests.puzzle):
        return "its source cannot be read"
    if outcome.status == "ok":
        return ""
    checked = any(result.fault and "in sat" in " ".join(result.fault.traceback) for result in outcome.results)
    return "its check raises ValueError" if checked else "its answer cannot be printed"


def _counts(rows: Sequence[Row], splits: Mapping[str, set[str]]) -> Table:
    names = [text_of(row, "name") for row in rows]
    problems = {problem_of(name) for name in names}
    bare = problems - {problem_of(text_of(row, "name")) for row in rows if references(row)}
    cells: list[tuple[Cell, ...]] = [("problems", len(problems)), ("instances", len(names))]
    cells += [(name, len(splits[name]) if name in splits else None) for name in SPLITS]
    split = {problem_of(name) for members in splits.values() for name in members}
    cells += [("problems in neither", len(problems - split))] if splits else []
    cells += [("references", sum(len(references(row)) for row in rows)), ("problems without a reference", len(bare))]
    notes = [f"Without a reference: {', '.join(sorted(bare))}."] if bare else []
    notes += [] if splits else ["There is no split.json beside the puzzles, so nothing is known of train and test."]
    return Table("P3: what is published", ("of what", "how many"), tuple(cells), tuple(notes))


def _verdicts(chosen: Sequence[Row], found: Sequence[Rerun]) -> Table:
    right = [item for item in found if item.outcome.status == "ok"]
    lost = sum(item.outcome.status == "unavailable" for item in found)
    bare = sum(not references(row) for row in chosen)
    cells: tuple[tuple[Cell, ...], ...] = (
        ("rerun", len(found)),
        ("right", len(right)),
        ("wrong or without an answer", len(found) - len(right) - lost),
        ("not judged, for a fault of ours", lost),
        (f"right, but slower than {SHORT.cpu_seconds:g} s", sum(item.slow for item in found)),
        (f"right only without Python's limit of {DIGITS:,} digits", sum(bool(item.limited) for item in found)),
    )
    notes = (f"{len(chosen)} puzzles were chosen, {bare} of them have no reference.",)
    return Table("P3: the references on this interpreter", ("references", "how many"), cells, notes)


def _named(found: Sequence[Rerun], splits: Mapping[str, set[str]]) -> Iterator[Table]:
    """The references that do not do as they should, by name; no table where there are none."""
    columns = ("puzzle", "split", "reference")
    if wrong := [item for item in found if item.outcome.status != "ok"]:
        rows: Rows = tuple((*_place(item, splits), _said(item)) for item in wrong)
        yield Table("P3: references that fail", (*columns, "what happens"), rows)
    if slow := [item for item in found if item.slow]:
        rows = tuple((*_place(item, splits), round(item.outcome.cpu_seconds, 2)) for item in slow)
        note = "Processor time of the reference alone, without the check of its answer."
        yield Table("P3: references that are slow", (*columns, "seconds"), rows, (note,))
    if limited := [item for item in found if item.limited]:
        rows = tuple((*_place(item, splits), item.limited) for item in limited)
        note = "The sandbox lifts that limit, so they pass here; a harness that does not lift it counts them wrong."
        yield Table("P3: references that want long integers", (*columns, f"at most {DIGITS:,} digits"), rows, (note,))


def _place(item: Rerun, splits: Mapping[str, set[str]]) -> tuple[Cell, Cell, Cell]:
    """Puzzle, the split that holds this instance, and which of its references."""
    own = [name for name, members in splits.items() if item.reference.puzzle in members]
    return item.reference.puzzle, ", ".join(own), item.reference.number


def _said(item: Rerun) -> str:
    outcome = item.outcome
    result = next((result for result in outcome.results if result.passed is not True), None)
    fault = outcome.fault or (result.fault if result else None)
    if outcome.status == "timeout":
        return f"no answer in {LONG.cpu_seconds:g} s"
    if fault and fault.message.startswith("it returned"):
        return f"sat says no to its answer: {fault.message}"
    if fault:
        return f"{fault.type}: {fault.message}".removesuffix(": ")[:SAID]
    if result and result.expected.startswith("an answer of type"):
        return f"gives {result.actual[:SAID]}, expected {result.expected}"
    return (outcome.detail or outcome.status)[:SAID]
