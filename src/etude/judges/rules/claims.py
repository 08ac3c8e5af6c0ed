"""What recorded answers make of a claim: the verdict on one assertion, formed outside every program's process."""

import ast
from collections.abc import Sequence
from typing import Any

from etude.judges.rules.apart import Claim
from etude.judges.rules.plain_evaluation import Recorded, evaluate
from etude.judges.rules.plain_operations import COMPARISONS, BeyondError, Meter
from etude.judges.values import brief, equal
from etude.records import Answer, Fault, TestResult

HOLDS = "an answer for which it holds"


def judged(claim: Claim, answers: Sequence[Answer]) -> TestResult:
    """The result of one claim; `passed` is None where the program ended before it answered.

    What was said and what was expected is written down where the two differ.

    Raises:
        BeyondError: An answer is of a kind or a size that is not evaluated here: a second jail has to say.
    """
    for number in claim.needs:
        if number >= len(answers):
            return TestResult(test=claim.text, passed=None, expected=_expected(claim.test))
        answer = answers[number]
        if answer.fault or answer.opaque:
            expected = _expected(claim.test)
            return TestResult(
                test=claim.text, passed=False, actual=answer.opaque, expected=expected, fault=answer.fault
            )
    values = [answer.value for answer in answers]
    if not claim.certain:
        return _ran(claim, values)
    try:
        right, actual, expected = _decided(claim, values)
    except (BeyondError, MemoryError, RecursionError):
        raise BeyondError(claim.text) from None
    except Exception as error:
        fault = Fault(type=type(error).__name__, message=str(error)[:500])
        return TestResult(test=claim.text, passed=False, expected=_expected(claim.test), fault=fault)
    return TestResult(test=claim.text, passed=right, actual=actual, expected=expected)


def _ran(claim: Claim, values: Sequence[Any]) -> TestResult:
    """A statement that only had to raise nothing."""
    if isinstance(claim.test, Recorded):
        return TestResult(test=claim.text, passed=True)
    return judged(claim._replace(test=ast.Tuple([claim.test, ast.Constant(True)], ast.Load()), certain=True), values)


def _decided(claim: Claim, values: Sequence[Any]) -> tuple[bool, str, str]:
    """Whether it holds; and, where not, what the program said and what was expected."""
    test = claim.test
    if not isinstance(test, ast.Compare) or len(test.ops) > 1:
        meter = Meter()
        whole = bool(evaluate(test, values, meter))
        return (True, "", "") if whole else (False, _said(claim, values), _expected(test))
    left, right = test.left, test.comparators[0]
    meter = Meter()
    one, other = (_side(side, values, meter, {type(left), type(right)}) for side in (left, right))
    kind = type(test.ops[0])
    holds = equal(one, other) if kind is ast.Eq else bool(COMPARISONS[kind](one, other))
    if holds:
        return True, "", ""
    mine, theirs = (other, one) if isinstance(left, ast.Constant) else (one, other)
    if isinstance(test.ops[0], ast.Eq | ast.Is):
        return False, brief(mine), brief(theirs)
    return False, _said(claim, values), HOLDS


def _side(side: ast.expr, values: Sequence[Any], meter: Meter, kinds: set[type]) -> Any:
    """One side of a comparison. An answer that meets nothing but a constant may be of any kind and size."""
    if kinds == {Recorded, ast.Constant}:
        return side.value if isinstance(side, ast.Constant) else values[getattr(side, "number", 0)]
    return evaluate(side, values, meter)


def _said(claim: Claim, values: Sequence[Any]) -> str:
    return ", ".join(brief(values[number]) for number in claim.needs[:3])


def _expected(test: ast.expr) -> str:
    if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Eq | ast.Is) and len(test.ops) == 1:
        for side in (test.left, test.comparators[0]):
            if isinstance(side, ast.Constant):
                return brief(side.value)
    return HOLDS
