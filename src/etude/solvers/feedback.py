"""What the interpreter said, in words for a model. Rendered from the structured outcome of *shown* tests only.

Levels: `none` (nothing but that it is wrong), `verdict` (the kind of failure), `short` (one line on the first failing
test), `full` (the first failing test, in what the answer differs where that is hard to see, the error and the program's
own traceback lines), `trace` (the same, and what the program's lines did with that test, variable by variable).
"""

import ast
import re
import sys
from itertools import groupby
from typing import Literal, NamedTuple

from etude.records import Fault, Outcome, TestResult
from etude.solvers.difference import difference
from etude.solvers.puzzle_words import is_puzzle, puzzle_line, puzzle_lines

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
CUT = ("timeout", "memory", "killed")
"""Statuses of a run that ended before its time."""
UNREADABLE = ("SyntaxError", "IndentationError", "TabError")
PLACE = re.compile(r" \(<program>, line \d+\)$")  # the traceback says it again
HARNESS = "set-up "  # so begins a traceback line that lies in a test and not in the program


class Subject(NamedTuple):
    """What was asked of the program: the words for it, and those for what came of it."""

    text: str
    answered: str = "returned"
    decides: bool = True  # False: the test as a whole, of which the answer is a part


def feedback(outcome: Outcome, level: Level, program: str = "") -> str:
    """The feedback on a program that failed its shown tests; "" for one that passed or could not be run.

    Args:
        outcome: Of the shown tests.
        level: How much is said.
        program: Its text, where what it lacks may be said as well; it is read and not run.
    """
    if outcome.status in ("ok", "unavailable"):
        return ""
    if level == "none":
        return "wrong"
    if level == "verdict":
        return VERDICTS.get(outcome.status, "the program is wrong")
    result = _first(outcome)
    if level == "short":
        return _line(result, outcome)
    return "\n".join([_line(result, outcome), *_remarks(result, outcome, program), *_traceback(result, outcome)])


def question(outcome: Outcome, entry_point: str) -> str:
    """The expression to trace: the call of the first failing test; "" where that test has none."""
    result = next((item for item in outcome.results if item.passed is False), None)
    if result is None or not entry_point:
        return ""
    tree = _tree(result.test)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)] if tree else []
    named = [node for node in calls if isinstance(node.func, ast.Name) and node.func.id == entry_point]
    return ast.unparse(named[0]) if named else ""


def _first(outcome: Outcome) -> TestResult | None:
    """The test that tells most: the first wrong one, else the one that was being asked when the program ended."""
    wrong = next((item for item in outcome.results if item.passed is False), None)
    if wrong or outcome.fault:
        return wrong
    return next((item for item in outcome.results if item.passed is None), None)


def _fault_of(result: TestResult | None, outcome: Outcome) -> Fault | None:
    """The exception of the test that is told of; that of the outcome may be another test's."""
    return result.fault if result else outcome.fault


def _line(result: TestResult | None, outcome: Outcome) -> str:
    fault = _fault_of(result, outcome)
    if result and is_puzzle(result):
        return puzzle_line(result, outcome, VERDICTS)
    subject = _subject(result.test) if result else Subject("the program")
    if fault and result is None and fault.type in UNREADABLE:
        return f"the program is not Python: {_fault(fault)}"
    if fault and result is None and fault.type == "AssertionError":
        return f"an assertion in the program itself does not hold{': ' * bool(fault.message)}{_flat(fault.message)}"
    if fault and result and _fails(fault):
        return f"{_flat(result.test)} does not hold"
    if fault:
        return f"{subject.text} raised {_fault(fault)}"
    if result and result.passed is False and result.actual:
        ended = f" ({VERDICTS[outcome.status]})" if outcome.status in CUT else ""
        said = f"{subject.answered} {_flat(result.actual)}"
        if not subject.decides:
            return f"{subject.text} does not hold: it {said}{ended}"
        return f"{subject.text} {said}, expected {_flat(result.expected)}{ended}"
    return f"{subject.text} {_end(outcome)}" if result else VERDICTS.get(outcome.status, "wrong")


def _subject(test: str) -> Subject:
    """What of a test was asked: the call of an assertion of equality, the input of a script, else the test itself."""
    tree = _tree(test)
    statement = tree.body[0] if tree and len(tree.body) == 1 else None
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return Subject(f"with the input {_flat(test)} the program", "printed")
    if not isinstance(statement, ast.Assert):
        return Subject(_flat(test))
    claim = statement.test
    if isinstance(claim, ast.Compare) and len(claim.ops) == 1 and isinstance(claim.ops[0], ast.Eq | ast.Is):
        side = claim.comparators[0] if isinstance(claim.left, ast.Constant) else claim.left
        return Subject(_flat(ast.get_source_segment(test, side) or ast.unparse(side)))
    return Subject(_flat(test), decides=False)


def _tree(test: str) -> ast.Module | None:
    try:
        return ast.parse(test)
    except (SyntaxError, ValueError, MemoryError, RecursionError):  # a test too long to be shown whole, say
        return None


def _end(outcome: Outcome) -> str:
    """How a test ended that got no answer."""
    if outcome.status in CUT:
        return f"got no answer: {VERDICTS[outcome.status]}"
    return "got no answer: the program ended first"


def _fails(fault: Fault) -> bool:
    """Whether it is the test's own `assert` that raised, and nothing in the program."""
    return fault.type == "AssertionError" and all(line.startswith(HARNESS) for line in fault.traceback)


def _fault(fault: Fault) -> str:
    message = _flat(PLACE.sub("", fault.message))
    return f"{fault.type}: {message}" if message else fault.type


def _flat(text: str) -> str:
    """One line: line breaks would end a comment and start code. Blanks stay: in a string they count."""
    return " ".join(part.strip() for part in text.splitlines())


def _remarks(result: TestResult | None, outcome: Outcome, program: str) -> list[str]:
    """What a reader would see only on a second look."""
    fault = _fault_of(result, outcome)
    if fault:
        return _of_name(fault, result.test if result else "")
    if result is None or result.passed is not False:
        return []
    if result.actual == "None":
        return _of_none(result.test, outcome, program)
    found = difference(result.actual, result.expected)
    return [found] if found else []


def _of_none(test: str, outcome: Outcome, program: str) -> list[str]:
    """Why nothing came back: the answer is printed, or the function has no `return` with a value."""
    if outcome.stdout.strip():
        return ["it prints and does not return"]
    tree = _tree(program)
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)] if tree else []
    asked = [node for node in functions if re.search(rf"\b{node.name}\(", test)]
    silent = [node.name for node in asked if not any(_gives(part) for part in ast.walk(node))]
    return [f"{silent[0]} returns nothing"] if silent else []


def _gives(node: ast.AST) -> bool:
    return isinstance(node, ast.Return | ast.Yield | ast.YieldFrom) and node.value is not None


def _of_name(fault: Fault, test: str) -> list[str]:
    found = re.fullmatch(r"name '(\w+)' is not defined", fault.message)
    if not found:
        return []
    if found[1] in sys.stdlib_module_names:
        return [f"{found[1]} is not imported"]
    asked = re.search(rf"\b{found[1]}\(", test)
    return [f"the program does not define {found[1]}"] if asked and not fault.traceback else []


def _traceback(result: TestResult | None, outcome: Outcome) -> list[str]:
    """The program's lines, the same one once; of an error in the text only where it is."""
    fault = _fault_of(result, outcome)
    if fault is None:
        return []
    if result and is_puzzle(result):
        return puzzle_lines(result)
    lines = [line for line in fault.traceback if not line.startswith(HARNESS)]
    if fault.type in UNREADABLE and result is None:
        return [line.replace(", in <module>:", ":") for line in lines]
    groups = [(line, len(list(same))) for line, same in groupby(lines)]
    return [line if number == 1 else f"{line} (again and again)" for line, number in groups]
