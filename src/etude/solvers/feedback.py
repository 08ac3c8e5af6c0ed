"""What the interpreter said, in words for a model. Rendered from the structured outcome of *shown* tests only.

Levels: `none` (nothing but that it is wrong), `verdict` (the kind of failure), `short` (one line on the first failing
test), `full` (the first failing test, the error and the program's own traceback lines), `trace` (the same, and what
the program's lines did with that test, variable by variable).
"""

import ast
from typing import Literal

from etude.records import Fault, Outcome, TestResult

Level = Literal["none", "verdict", "short", "full", "trace"]

HOWEVER = "the shown tests pass, but the program is still wrong"
"""What is said where only the judge knows better; never without an oracle."""

VERDICTS = {
    "failed": "a test fails",
    "error": "the program raises an error",
    "timeout": "the program takes too long",
    "memory": "the program uses too much memory",
    "killed": "the program crashes",
    "forbidden": "the program does something that is not allowed",
}


def feedback(outcome: Outcome, level: Level) -> str:
    """The feedback on a program that failed its shown tests; "" for one that passed or could not be run.

    Args:
        outcome: Of the shown tests.
        level: How much is said.
    """
    if outcome.status in ("ok", "unavailable"):
        return ""
    if level == "none":
        return "wrong"
    if level == "verdict":
        return VERDICTS.get(outcome.status, "the program is wrong")
    result = next((item for item in outcome.results if item.passed is False), None)
    if level == "short":
        return _line(result, outcome)
    return "\n".join([_line(result, outcome), *_traceback(result, outcome)])


def question(outcome: Outcome, entry_point: str) -> str:
    """The expression to trace: the call of the first failing test; "" where that test has none."""
    result = next((item for item in outcome.results if item.passed is False), None)
    if result is None or not entry_point:
        return ""
    try:
        tree = ast.parse(result.test)
    except (SyntaxError, ValueError, MemoryError, RecursionError):  # a test too long to be shown whole, say
        return ""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = [node for node in calls if isinstance(node.func, ast.Name) and node.func.id == entry_point]
    return ast.unparse(named[0]) if named else ""


def _line(result: TestResult | None, outcome: Outcome) -> str:
    fault = (result.fault if result else None) or outcome.fault
    subject = _flat(result.test) if result else "the program"
    if fault:
        return f"{subject} raised {_fault(fault)}"
    if result and result.actual:
        return f"{subject} returned {_flat(result.actual)}, expected {_flat(result.expected)}"
    return f"{subject}: {VERDICTS.get(outcome.status, 'wrong')}"


def _fault(fault: Fault) -> str:
    return f"{fault.type}: {_flat(fault.message)}" if fault.message else fault.type


def _flat(text: str) -> str:
    """One line: line breaks would end a comment and start code."""
    return " ".join(text.split())


def _traceback(result: TestResult | None, outcome: Outcome) -> tuple[str, ...]:
    fault = (result.fault if result else None) or outcome.fault
    return fault.traceback if fault else ()
