"""Is a task set sound, as far as can be seen without running anything?

Running the references, trying cheats and mutants is the work of the audit.
"""

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from etude.programs.parse import assertion_fault, defines, fault_in, parse, tidy
from etude.records import Tests, canonical
from etude.tasks import Task

LARGEST = 20_000_000  # characters of trusted source that are looked at
SHOWN = 300  # characters of a detail


@dataclass(frozen=True, slots=True)
class Problem:
    """One defect of one task: `defect` is its short name, the same for all tasks; `detail` says where."""

    task_id: str
    defect: str
    detail: str = ""

    @property
    def what(self) -> str:
        """Defect and detail in one line."""
        return f"{self.defect}: {self.detail}" if self.detail else self.defect


def check_tasks(tasks: Sequence[Task]) -> list[Problem]:
    """Every static defect of a task set, in the order of the tasks."""
    first: dict[str, str] = {}
    problems: list[Problem] = []
    for task in tasks:
        problems += [Problem(task.task_id, name, detail[:SHOWN]) for name, look in _LOOKS for detail in look(task)]
        # the shown tests are part of what a model reads: two tasks may share a sentence and differ in them
        key = task.facts.prompt.strip() + canonical(task.facts.shown)
        if key in first and task.facts.prompt.strip():
            problems.append(Problem(task.task_id, "duplicate prompt", f"same prompt as {first[key]}"))
        first.setdefault(key, task.task_id)
    return problems


def overlap(task: Task) -> tuple[str, ...]:
    """The shown tests that decide as hidden tests, too; none for a puzzle, whose test is its statement."""
    hidden = {_key(test) for test in _tests(task.hidden)} | set(_asserted(task))
    return tuple(test for test in _tests(task.facts.shown) if _key(test) in hidden)


def _untested(task: Task) -> Iterator[str]:
    if task.hidden.kind is None and task.facts.shown.kind is None:
        yield "neither hidden nor shown tests"


def _unprompted(task: Task) -> Iterator[str]:
    if not task.facts.prompt.strip():
        yield "nothing to answer"


def _unparsed(task: Task) -> Iterator[str]:
    python = task.facts.language == "python"  # of another language only its compiler can say
    if python and task.reference and (fault := fault_in(task.reference, LARGEST)):
        yield fault


def _undefined(task: Task) -> Iterator[str]:
    name = task.facts.entry_point
    around = task.hidden.setup or task.facts.shown.setup  # a call-based task may take its function from a class
    whole = task.reference and name and parse(task.reference, LARGEST)
    if whole and not defines(task.reference, name, LARGEST) and not defines(around, name, LARGEST):
        yield f"the reference does not define {name}"
    if not name and task.facts.shown.kind != "stdio" and task.hidden.kind not in ("stdio", None):
        yield "the task names no entry point"


def _malformed(task: Task) -> Iterator[str]:
    for test in (*task.facts.shown.assertions, *task.hidden.assertions):
        if fault := assertion_fault(test, LARGEST):
            yield f"{test[:200].strip()}: {fault}"


def _overlapping(task: Task) -> Iterator[str]:
    yield from overlap(task)


_LOOKS: tuple[tuple[str, Callable[[Task], Iterable[str]]], ...] = (
    ("no tests", _untested),
    ("empty prompt", _unprompted),
    ("reference does not parse", _unparsed),
    ("entry point missing", _undefined),
    ("malformed assertion", _malformed),
    ("shown test is hidden too", _overlapping),
)


def _tests(tests: Tests) -> list[str]:
    """Assertions, calls and exchanges one by one; `check` and `puzzle` have no parts to compare."""
    return [*tests.assertions, *map(canonical, tests.calls), *map(canonical, tests.stdio)]


def _key(test: str) -> str:
    return tidy(test) if test.lstrip().startswith("assert") else test


def _asserted(task: Task) -> Iterator[str]:
    """The assertions inside a hidden `check(candidate)`, spelt with the entry point."""
    tree = parse(task.hidden.check, LARGEST) if task.facts.shown.assertions and task.hidden.check else None
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Assert):
            renamed = _Named(task.facts.entry_point).visit(ast.Assert(test=node.test, msg=None))
            yield ast.unparse(renamed)


class _Named(ast.NodeTransformer):
    def __init__(self, entry_point: str) -> None:
        self.entry_point = entry_point

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(id=self.entry_point, ctx=node.ctx) if node.id == "candidate" else node
