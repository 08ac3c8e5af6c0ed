"""A run's verified own puzzles as function tasks, in the format of a task of your own (`etude.sources.own_format`).

The prompt asks for `sol` and holds the puzzle; the check accepts any right answer of the right type, as the judge of
puzzles does, and is shown: a puzzle hides nothing, and what a check says is what a repair is told. The reference is
the shortest verified solution that the check accepts. It reads a run's folder and changes nothing in it.
"""

import ast
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from etude.errors import InputError
from etude.judges.examine import Exam, examine
from etude.ledger import Ledger
from etude.programs.parse import free_names, parse
from etude.protocols import Sandbox
from etude.puzzles.diagnostics import PROPOSALS, read
from etude.puzzles.instance import IMPORTS
from etude.puzzles.question import element, read_question
from etude.records import Attempt, Json, Limits, Tests, Verdict, identify
from etude.sources.rows import read_rows

TRIES = 3  # solutions of one puzzle that are tried as its reference
LIMITS = Limits(cpu_seconds=2.0, wall_seconds=10.0)
OWN_NAMES = frozenset({"candidate", "check", "type", "list", "all", "int", "float", "str", "bool"})
"""What the text of a check uses; a puzzle with such a name keeps its `sat` whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """A puzzle of the run's own and the attempts that solved it, shortest program first."""

    task_id: str
    puzzle: str
    solutions: tuple[tuple[Attempt, Verdict], ...]
    licence: str = ""


def rounds_of(folder: Path) -> int:
    """How many rounds a run's folder holds."""
    return len([place for place in (folder / "rounds").glob("[0-9]*") if place.is_dir()])


def solved_puzzles(folder: Path) -> list[Solved]:
    """The puzzles that a run's models proposed and solved, in the order in which they were proposed.

    Raises:
        InputError: The run has no such puzzle, or another process works on it.
    """
    rounds = rounds_of(folder)
    puzzles = {str(row["task_id"]): str(row["puzzle"]) for row in read(folder, rounds, PROPOSALS)}
    passed: dict[str, list[tuple[Attempt, Verdict]]] = defaultdict(list)
    for attempt, verdict in _judged(folder, rounds) if puzzles else ():
        if verdict.passed is True and attempt.task_id in puzzles:
            passed[attempt.task_id].append((attempt, verdict))
    if not passed:
        found = f"{len(puzzles)} own puzzles, none of them solved" if puzzles else "no puzzles of its own"
        raise InputError(
            f"the run in {folder} has {found}",
            expected="a run of self-taught-puzzles with at least one solved puzzle",
            fix=f"etude run self-taught-puzzles --tasks lab --out {folder}",
        )
    licences = _licences(folder, rounds)
    return [
        Solved(
            task_id=name,
            puzzle=text,
            solutions=tuple(sorted(passed[name], key=lambda pair: (len(pair[0].program), pair[0].program))),
            licence=licences.get(name, licences[""]),
        )
        for name, text in puzzles.items()
        if name in passed
    ]


def task_rows(solved: Sequence[Solved], run: Mapping[str, Json], sandbox: Sandbox) -> tuple[list[Json], list[str]]:
    """The rows of those puzzles whose check accepts one of their solutions, and the ids of the others.

    Args:
        run: Facts of the run that every row's lineage holds.
        sandbox: Where the checks are tried.

    Raises:
        InputError: No row is left.
    """
    rows, left = list[Json](), list[str]()
    for item in solved:
        check, tries = check_of(item.puzzle), item.solutions[:TRIES]
        exams = [Exam(alone(attempt.program), Tests(check=check), "sol", LIMITS) for attempt, _ in tries]
        good = (pair for pair, outcome in zip(tries, examine(exams, sandbox), strict=True) if outcome.status == "ok")
        first = next(good, None)
        if first:
            rows.append(_row(item, check, first, run))
        else:
            left.append(item.task_id)
    if not rows:
        raise InputError(f"of {len(left)} solved puzzles, none has a solution that its check accepts")
    return rows, left


def lines(rows: Sequence[Json]) -> str:
    """Rows as JSON lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def check_of(puzzle: str) -> str:
    """The source of `check(candidate)`: any answer of the right type that satisfies the puzzle passes.

    Where `sat` is one expression it is written out, condition by condition, so that the one that failed can be told;
    else `sat` stands in the check as it is.
    """
    question, sat = read_question(puzzle), _sat(puzzle)
    assert question, "proposals without a question are not puzzles"
    given = ", ".join(ast.unparse(item) for item in sat.args.defaults)
    names = [item.arg for item in sat.args.args]
    if _is_expression(sat) and not OWN_NAMES & {*names, *free_names(puzzle)}:
        inputs = [f"{name} = {ast.unparse(item)}" for name, item in zip(names[1:], sat.args.defaults, strict=True)]
        body = [*inputs, f"{names[0]} = candidate({given})", f"assert {fits(names[0], question.answer)}", *_claims(sat)]
        return "\n    ".join(["def check(candidate):", *body]) + "\n"
    passed = f", {given}" if given else ""
    body = [
        f"answer = candidate({given})",
        f"assert {fits('answer', question.answer)}",
        f"assert sat(answer{passed}) is True",
    ]
    return "\n    ".join([f"{_spec(puzzle)}\n\ndef check(candidate):", *body]) + "\n"


def fits(name: str, kind: str, depth: int = 0) -> str:
    """The expression that is true of values of exactly a type; a nan is no value."""
    inner = element(kind)
    if inner:
        item = "item" + "_" * depth
        return f"type({name}) is list and all({fits(item, inner, depth + 1)} for {item} in {name})"
    return f"type({name}) is {kind}" + (f" and {name} == {name}" if kind == "float" else "")


def alone(program: str) -> str:
    """A solution without the puzzle's `sat`, unless it uses it."""
    tree = parse(program)
    body = tree.body if tree else []
    kept = [item for item in body if not (isinstance(item, ast.FunctionDef) and item.name == "sat")]
    text = ast.unparse(ast.Module(kept, [])) + "\n"
    return text if kept and "sat" not in free_names(text) else program


def _sat(puzzle: str) -> ast.FunctionDef:
    tree = parse(puzzle)
    assert tree
    sat = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "sat")
    if ast.get_docstring(sat):
        sat.body = sat.body[1:]
    return sat


def _is_expression(sat: ast.FunctionDef) -> bool:
    return len(sat.body) == 1 and isinstance(sat.body[0], ast.Return) and sat.body[0].value is not None


def _claims(sat: ast.FunctionDef) -> list[str]:
    """The assertions that a `sat` of one expression amounts to: one for each condition, where all compare."""
    value = sat.body[0].value  # type: ignore[attr-defined]
    parts = value.values if isinstance(value, ast.BoolOp) and isinstance(value.op, ast.And) else [value]
    if all(isinstance(part, ast.Compare) for part in parts):
        return [f"assert {ast.unparse(part)}" for part in parts]
    return [f"assert ({ast.unparse(value)}) is True"]


def _spec(puzzle: str) -> str:
    text = ast.unparse(_sat(puzzle))
    return f"{IMPORTS}\n\n{text}\n" if "List[" in text else f"{text}\n"


def _row(item: Solved, check: str, chosen: tuple[Attempt, Verdict], run: Mapping[str, Json]) -> Json:
    question = read_question(item.puzzle)
    assert question
    attempt, verdict = chosen
    header = question.header.removeprefix("def ").removesuffix(":")
    return {
        "task_id": item.task_id,
        "prompt": f"Write a function `{header}` that returns a value of type `{question.answer}` "
        f"for which `sat` returns True.\n\n{_spec(item.puzzle).strip()}",
        "language": "python",
        "entry_point": "sol",
        "check": check,
        "shown": [0],
        "reference": alone(attempt.program),
        "licence": item.licence,
        "lineage": {
            **run,
            "round": attempt.round,
            "attempt": identify(attempt),
            "verdict": identify(verdict),
            "agent": attempt.agent,
        },
    }


def _judged(folder: Path, rounds: int) -> Iterator[tuple[Attempt, Verdict]]:
    ledger = Ledger(folder)
    try:
        for number in range(rounds):
            yield from ledger.judged("train", number)
    finally:
        ledger.close()


def _licences(folder: Path, rounds: int) -> dict[str, str]:
    """Task id -> licence of its rows; under "" that of all rows, where they have one in common."""
    files = [
        file for number in range(rounds) if (file := folder / "rounds" / f"{number:02d}" / "rows.parquet").exists()
    ]
    found = {str(row.values["task_id"]): str(row.values["licence"] or "") for row in read_rows(files)}
    common = set(found.values())
    return {**found, "": common.pop() if len(common) == 1 else ""}
