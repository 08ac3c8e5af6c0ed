"""What the interpreter said of an answer to a puzzle, in words: what `sol` gave, and what `sat` said of it.

A puzzle is its own test: all that is told here its solver can see and run. No right answer is known here, and none is
told.
"""

import ast
from collections.abc import Mapping

from etude.records import Fault, Outcome, TaskView, TestResult

TEST = "sat(sol()) is True"
"""What the judge of puzzles asks."""
SHORT = 40  # characters of an answer that is said twice
HARNESS = "set-up "  # so begins a traceback line that lies in the puzzle and not in the program
IN_SAT = ", in sat"


def is_puzzle(result: TestResult | None) -> bool:
    """Whether a test is a puzzle's."""
    return result is not None and result.test == TEST


def puzzle_line(result: TestResult, outcome: Outcome, endings: Mapping[str, str]) -> str:
    """One line on a failed puzzle.

    Args:
        endings: Status -> what it means, for a program that did not end by itself.
    """
    if not result.actual:
        if result.fault:
            return f"sol() raised {_fault(result.fault)}"
        return f"sol() got no answer: {endings.get(outcome.status, 'the program ended first')}"
    answer = " ".join(part.strip() for part in result.actual.splitlines())
    if result.expected and result.expected != "True":
        return f"sol() returned {answer}, which is not {result.expected}"
    asked = f"sat({answer})" if len(answer) <= SHORT else "sat of that"
    return f"sol() returned {answer}, and {asked} {_said(result, outcome, endings)}"


def puzzle_lines(result: TestResult) -> list[str]:
    """The lines in which it went wrong: of `sat`, where that raised, else of the program."""
    lines = result.fault.traceback if result.fault else ()
    if decided(result):
        lines = tuple(line.removeprefix(HARNESS) for line in lines if line.startswith(HARNESS) and IN_SAT in line)
    return list(lines)


def decided(result: TestResult) -> bool:
    """Whether there was an answer that `sat` was asked about."""
    return bool(result.actual) and result.expected in ("", "True")


def walk(view: TaskView, outcome: Outcome) -> tuple[str, str] | None:
    """The puzzle and the expression to trace: what `sat` does with the answer; None where it was not asked.

    An answer too long to be told whole is not traced, nor a check that did not end.
    """
    result = next((item for item in outcome.results if item.passed is False and is_puzzle(item)), None)
    if result is None or not decided(result) or not view.shown.puzzle:
        return None
    try:
        ast.literal_eval(result.actual)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None
    return view.shown.puzzle, f"sat({result.actual})"


def _said(result: TestResult, outcome: Outcome, endings: Mapping[str, str]) -> str:
    """What `sat` did with the answer."""
    fault = result.fault
    if fault is None:
        return f"got no answer: {endings.get(outcome.status, 'it ended first')}".replace("the program", "it")
    if any(IN_SAT in line for line in fault.traceback):
        return f"raised {_fault(fault)}"
    if fault.type == "AssertionError":  # the judge's own, whose message says what came back
        return fault.message.removeprefix("it ") or "is not True"
    return f"raised {_fault(fault)}"


def _fault(fault: Fault) -> str:
    message = " ".join(part.strip() for part in fault.message.splitlines())
    return f"{fault.type}: {message}" if message else fault.type
