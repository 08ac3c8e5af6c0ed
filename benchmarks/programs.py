"""The workloads: published reference programs with their tests where the data is at hand, else a small set of our own.

A program enters only if it passes its tests here in plain Python, so that `pass` is a label and not a hope.
"""

import ast
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from contenders.forks import observed
from contenders.program import Pair, Program, script_of
from own_programs import own_tasks

from etude.judges.malformed import malformed
from etude.records import Tests
from etude.sources.humaneval import HumanEval
from etude.sources.mbpp import Mbpp
from etude.tasks import Task

ROOT = Path(__file__).resolve().parent.parent
FILES = ("humaneval/HumanEval.jsonl.gz", "mbpp/mbpp.jsonl")
SLOWEST = 1.0
"""Seconds that a reference may take: one of MBPP's takes four, as much as all others together, and says nothing."""


def references() -> list[Program]:
    """All reference programs: HumanEval and MBPP from the folder ETUDE_DATA, or ours where there is none."""
    tasks = published(Path(os.environ.get("ETUDE_DATA", ROOT.parent / "shared" / "data")))
    found = [] if tasks is None else [program for task in tasks if (program := from_task(task))]
    found = found or [from_assertions(*task) for task in own_tasks()]
    return [program for program in found if observed(script_of(program), SLOWEST) == "pass"]


def published(folder: Path) -> Iterable[Task] | None:
    """The published tasks, or None where one of the two files is not there."""
    if not all((folder / name).exists() for name in FILES):
        return None
    return [*HumanEval(str(folder / FILES[0])).propose(None), *Mbpp(str(folder / FILES[1])).propose(None)]


def from_task(task: Task) -> Program | None:
    """The task's reference with all its tests, or None where they do not say what their author meant."""
    hidden, shown = task.hidden, task.facts.shown
    if malformed(hidden) or malformed(shown):
        return None
    if hidden.check:
        return from_check(task.task_id, task.reference, hidden, task.facts.entry_point)
    setup, assertions = hidden.setup or shown.setup, [*shown.assertions, *hidden.assertions]
    return from_assertions(task.task_id, task.reference, task.facts.entry_point, assertions, setup)


def from_assertions(name: str, source: str, entry_point: str, assertions: Sequence[str], setup: str = "") -> Program:
    """A program whose tests are `assert` statements."""
    statements = [node for text in assertions for node in ast.parse(text.strip()).body]
    program = _program(name, source, entry_point, statements)
    program["assertions"], program["setup"] = list(assertions), setup
    return program


def from_check(name: str, source: str, tests: Tests, entry_point: str) -> Program:
    """A program whose test is a `check(candidate)` function; where that only asserts, its assertions are taken out."""
    functions = [node for node in ast.parse(tests.check).body if isinstance(node, ast.FunctionDef)]
    only = functions[0].body if len(functions) == 1 else []
    statements = [_Renamed(entry_point).visit(node) for node in only if not _says_nothing(node)]
    program = _program(name, source, entry_point, statements)
    program["check"], program["context"] = tests.check, tests.context
    return program


def _program(name: str, source: str, entry_point: str, statements: Sequence[ast.stmt]) -> Program:
    asks = [_ask(node) for node in statements]
    pairs = [_pair(node, entry_point) for node in statements]
    return Program(
        name=name,
        label="pass",
        source=source,
        setup="",
        context="",
        entry_point=entry_point,
        assertions=[],
        check="",
        asks=[ask for ask in asks if ask] if all(asks) else [],
        pairs=[pair for pair in pairs if pair] if all(pairs) else [],
    )


def _ask(node: ast.stmt) -> Pair | None:
    """Expression and expected literal of `assert expression == literal`."""
    if not isinstance(node, ast.Assert) or not isinstance(node.test, ast.Compare):
        return None
    compare = node.test
    if len(compare.ops) != 1 or not isinstance(compare.ops[0], ast.Eq) or not _literal(compare.comparators[0]):
        return None
    return ast.unparse(compare.left), ast.unparse(compare.comparators[0])


def _pair(node: ast.stmt, entry_point: str) -> Pair | None:
    """Arguments and expected value, where the assertion is one plain call with values that JSON has, too."""
    ask = _ask(node)
    call = ast.parse(ask[0], mode="eval").body if ask else None
    if ask is None or not isinstance(call, ast.Call) or call.keywords or not isinstance(call.func, ast.Name):
        return None
    if call.func.id != entry_point or not call.args or not all(map(_literal, call.args)):
        return None
    given = f"({', '.join(map(ast.unparse, call.args))},)"
    values = ast.literal_eval(given), ast.literal_eval(ask[1])
    return (given, ask[1]) if all(map(_in_json, values)) and not isinstance(values[1], tuple) else None


def _in_json(value: object) -> bool:
    """Whether a value goes through JSON unharmed; tuples inside arguments become lists, which references take."""
    if isinstance(value, (list, tuple)):
        return all(map(_in_json, value))
    return value is None or type(value) in (bool, int, float, str)


def _literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError):
        return False
    return True


def _says_nothing(node: ast.stmt) -> bool:
    """Whether a statement is `assert True`, a text or `pass`."""
    test = node.test if isinstance(node, ast.Assert) else node.value if isinstance(node, ast.Expr) else None
    return isinstance(node, ast.Pass) or (isinstance(test, ast.Constant) and bool(test.value))


class _Renamed(ast.NodeTransformer):
    """`candidate` becomes the function's own name."""

    def __init__(self, name: str) -> None:
        self._name = name

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self._name, node.ctx) if node.id == "candidate" else node


def samples(programs: Sequence[Program], count: int) -> Iterator[list[Program]]:
    """Endless samples of about `count` programs in the workload's own proportions, each with others than the last.

    A label that is there at all is in every sample.
    """
    groups: dict[str, list[Program]] = {}
    for program in programs:
        groups.setdefault(program["label"], []).append(program)
    turn = 0
    while True:
        chosen: list[Program] = []
        for group in groups.values():
            size = min(len(group), max(1, round(count * len(group) / len(programs))))
            chosen += [group[(turn * size + at) % len(group)] for at in range(size)]
        yield chosen
        turn += 1
