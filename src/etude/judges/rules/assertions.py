"""Python assertions, taken apart so that the expected value never enters the program's process.

`assert L == literal`: L is asked in the program's process, its plain value is compared outside. Any other form runs as
it stands in a second jail, where the program's functions are remote calls. A program whose answers are not plain data
cannot pass either way.
"""

import ast
import builtins
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

from etude.judges.exam import Exam, settle
from etude.judges.values import brief, equal
from etude.programs.parse import UNREADABLE, free_names
from etude.protocols import Sandbox
from etude.records import Answer, Checked, Job, Outcome, Run, TestResult

VIEWS = frozenset({"set", "frozenset", "sorted", "list", "tuple", "dict", "len", "str", "round", "sum", "min", "max"})
"""Built-in functions that may wrap what is asked: they tell the program nothing of what is expected."""
DECIDING = (ast.Compare, ast.BoolOp, ast.IfExp, ast.Not, ast.comprehension, ast.Lambda, ast.NamedExpr, ast.Await)
"""What decides must not run where an `__eq__` or a `__bool__` of the program can answer for it."""


class Asked(NamedTuple):
    """An assertion whose left side is asked and compared outside; `identity` where it says `is` and not `==`."""

    text: str
    left: str
    expected: Any
    identity: bool


def examine_assertions(exams: Sequence[Exam], sandbox: Sandbox) -> list[Outcome]:
    """One outcome per exam."""
    plans = [[_plan(text) for text in exam.tests.assertions] for exam in exams]
    runs = sandbox.run([_job(exam, plan) for exam, plan in zip(exams, plans, strict=True)])
    level = sandbox.isolation["level"]
    return [settle(run, _results(plan, run), level) for plan, run in zip(plans, runs, strict=True)]


def _plan(text: str) -> Asked | str:
    """How an assertion is decided: outside, or (its own text) in the second jail."""
    try:
        body = ast.parse(text.strip()).body
    except UNREADABLE:
        return text
    if len(body) != 1 or not isinstance(body[0], ast.Assert) or not isinstance(body[0].test, ast.Compare):
        return text
    compare = body[0].test
    if len(compare.ops) != 1 or not isinstance(compare.ops[0], ast.Eq | ast.Is):
        return text
    return _asked(text, compare.left, compare.comparators[0], isinstance(compare.ops[0], ast.Is)) or text


def _asked(text: str, left: ast.expr, right: ast.expr, identity: bool) -> Asked | None:
    for asked, expected in ((left, right), (right, left)):
        value, known = _literal(expected)
        if known and _may_be_asked(asked) and (not identity or value is None or isinstance(value, bool)):
            segment = ast.get_source_segment(text.strip(), asked)
            return Asked(text, f"({segment}\n)", value, identity) if segment else None
    return None


def _may_be_asked(node: ast.expr) -> bool:
    """Whether an expression only fetches a value from the program, and decides nothing about it."""
    return not any(isinstance(part, DECIDING) for part in ast.walk(node)) and _fetches(node)


def _fetches(node: ast.expr) -> bool:
    if isinstance(node, ast.Name):
        return not hasattr(builtins, node.id)
    if isinstance(node, ast.Attribute):
        return _fetches(node.value)
    if isinstance(node, ast.Subscript):
        return _fetches(node.value) and _literal(node.slice)[1]
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return False
    if not hasattr(builtins, node.func.id) or all(_literal(item)[1] for item in node.args):
        return True  # a function of the program may have a built-in name: MBPP 126 defines `sum`
    return node.func.id in VIEWS and len(node.args) == 1 and not node.keywords and _fetches(node.args[0])


def _literal(node: ast.expr) -> tuple[Any, bool]:
    try:
        return ast.literal_eval(node), True
    except (*UNREADABLE, TypeError):
        return None, False


def _job(exam: Exam, plan: Sequence[Asked | str]) -> Job:
    checks = tuple(item for item in plan if isinstance(item, str))
    return Job(
        source=exam.program,
        setup=exam.tests.setup,
        asks=tuple(item.left for item in plan if isinstance(item, Asked)),
        checks=checks,
        context=exam.tests.context,
        names=_names(exam, checks),
        limits=exam.limits,
    )


def _names(exam: Exam, checks: Sequence[str]) -> tuple[str, ...]:
    """What the checks read of the program: all their free names but standard modules they take attributes of."""
    names = {exam.entry_point} - {""} if checks else set()
    for check in checks:
        names |= free_names(check) - _modules(check)
    return tuple(sorted(names))


def _modules(check: str) -> set[str]:
    bases = (node.value for node in ast.walk(ast.parse(check.strip())) if isinstance(node, ast.Attribute))
    return {base.id for base in bases if isinstance(base, ast.Name) and base.id in sys.stdlib_module_names}


def _results(plan: Sequence[Asked | str], run: Run) -> list[TestResult]:
    answers, checks = iter(run.answers), iter(run.checks)
    return [
        _compared(item, next(answers, None)) if isinstance(item, Asked) else _checked(item, next(checks, Checked()))
        for item in plan
    ]


def _compared(asked: Asked, answer: Answer | None) -> TestResult:
    expected = brief(asked.expected)
    if answer is None:
        return TestResult(test=asked.text, passed=None, expected=expected)
    if answer.fault or answer.opaque:
        return TestResult(test=asked.text, passed=False, actual=answer.opaque, expected=expected, fault=answer.fault)
    right = answer.value is asked.expected if asked.identity else equal(answer.value, asked.expected)
    return TestResult(test=asked.text, passed=right, actual=brief(answer.value), expected=expected)


def _checked(text: str, checked: Checked) -> TestResult:
    return TestResult(test=text, passed=checked.passed, fault=checked.fault)
