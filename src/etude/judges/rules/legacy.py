"""How the released code of CodeRL and Dr. Boot compares: a cascade that accepts more than is right.

For fidelity to published numbers, and to count what it lets pass; no judge decides by it. It tries one reading after
another of what a program printed, the last of which looks at sets of words: order and repetition do not count there.
Only plain texts and values come in here; nothing is run. Not modelled: the released harness stops at the first failing
case, and one of its branches leaves a passed case out of the record; neither changes which output is accepted.
"""

import ast
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from etude.judges.rules.exchanges import printed
from etude.judges.values import SHOWN, same
from etude.records import Outcome, TestResult

Kind = Literal["stdio", "calls"]
CLOSE, LEAST = 1e-5, 1e-8  # relative to the expected number, and absolute
DIGITS = 3
CUT = "..."

Lines = Sequence[str]


@dataclass(frozen=True, slots=True)
class Disagreements:
    """How the strict and the legacy comparator decide about the same tests.

    Attributes:
        tests: Results that could be compared.
        agreed: Those on which both say the same.
        legacy_only: Step of the cascade -> results that only the legacy comparator accepts, by that step.
        strict_only: Results that only the strict comparator accepts.
        unknown: Results that cannot be compared: the test did not run, or its output was cut.
        programs: Outcomes that fail by the strict and pass as a whole by the legacy comparator.
    """

    tests: int
    agreed: int
    legacy_only: Mapping[str, int]
    strict_only: int
    unknown: int
    programs: int


def legacy_prints(actual: str, expected: str) -> str:
    """The step of the cascade at which a printed text is accepted, or "" where it never is.

    Args:
        actual: What the program printed.
        expected: What was expected.
    """
    return next((name for name, accepts in STEPS.items() if accepts(actual, expected)), "")


def legacy_values(actual: Any, expected: Any) -> str:
    """The step at which a function's value is accepted, or "" where it never is.

    Tuples count as lists, on the outside and one level below, `==` decides (so True is 1), and an expected list may
    also stand for its first item.
    """
    value = list(actual) if isinstance(actual, tuple) else actual
    if _alike(value, expected):
        return "equal"
    if isinstance(expected, list) and expected and _alike(value, expected[0]):
        return "first item"
    if isinstance(value, list) and value and isinstance(value[0], tuple):
        inner = [list(item) if isinstance(item, tuple) else item for item in value]
        if _alike(inner, expected) or (isinstance(expected, list) and expected and _alike(inner, expected[0])):
            return "inner tuples"
    return ""


def strict_accepts(kind: Kind, actual: Any, expected: Any) -> bool:
    """What our judges say of the same pair."""
    return printed(actual) == printed(expected) if kind == "stdio" else same(actual, expected)


def legacy_accepts(kind: Kind, actual: Any, expected: Any) -> str:
    """The step at which the legacy comparator accepts a pair, or ""."""
    return legacy_prints(actual, expected) if kind == "stdio" else legacy_values(actual, expected)


def disagreements(outcomes: Iterable[Outcome], kind: Kind) -> Disagreements:
    """The disagreements of the two comparators over the test results of outcomes.

    An outcome holds what a test gave as a text of at most 300 characters; what was cut is counted as unknown. A test
    that ended in an exception fails by both, whatever was printed before.
    """
    counts: Counter[str] = Counter()
    steps: Counter[str] = Counter()
    for outcome in outcomes:
        said = [_decided(result, kind) for result in outcome.results]
        for pair in said:
            if pair is None:
                counts["unknown"] += 1
                continue
            strict, step = pair
            counts["agreed" if strict == bool(step) else "strict only" if strict else "legacy only"] += 1
            steps.update([step] if step and not strict else [])
        known = [pair for pair in said if pair is not None]
        whole = bool(said) and len(known) == len(said)
        counts["programs"] += whole and not all(strict for strict, _ in known) and all(step for _, step in known)
    return Disagreements(
        tests=counts["agreed"] + counts["strict only"] + counts["legacy only"],
        agreed=counts["agreed"],
        legacy_only=dict(steps),
        strict_only=counts["strict only"],
        unknown=counts["unknown"],
        programs=counts["programs"],
    )


def _decided(result: TestResult, kind: Kind) -> tuple[bool, str] | None:
    """What the strict comparator said of a test, and the step at which the legacy one accepts it; None: unknown."""
    if result.passed is None:
        return None
    if result.fault is not None:
        return False, ""
    if result.passed and not result.expected:  # of a call that passed, no values are kept: equal values are equal twice
        return True, "equal"
    if any(len(text) >= SHOWN or text.endswith(CUT) for text in (result.actual, result.expected)):
        return (True, "exact") if result.passed else None
    try:
        actual, expected = ast.literal_eval(result.actual), ast.literal_eval(result.expected)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    return result.passed, legacy_accepts(kind, actual, expected)


def _alike(one: Any, other: Any) -> bool:
    try:
        return bool(one == other)
    except (TypeError, ValueError, ArithmeticError, RecursionError):
        return False


def _exact(actual: str, expected: str) -> bool:
    return actual == expected or actual.splitlines() == [expected]


def _stripped(actual: str, expected: str) -> bool:
    return actual.strip() == expected.strip() or "\n".join(_bare(actual)) == expected.strip()


def _bare(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines()]


def _full(text: str) -> list[str]:
    """The lines that hold something, stripped."""
    return [line for line in _bare(text) if line]


def _lines(actual: str, expected: str) -> bool:
    return _full(actual) == _full(expected)


def _numbers(actual: str, expected: str) -> bool:
    """Line by line, each line one number, within a tolerance of the expected one."""
    ours, theirs = _floats(_full(actual)), _floats(_full(expected))
    if not ours or not theirs or len(ours) != len(theirs):
        return False
    return all(_near(one, other) for one, other in zip(ours, theirs, strict=True))


def _near(one: float, other: float) -> bool:
    if math.isinf(one) or math.isinf(other):
        return one == other
    return abs(one - other) <= LEAST + CLOSE * abs(other)


def _floats(words: Iterable[str]) -> list[float] | None:
    try:
        return [float(word) for word in words]
    except ValueError:
        return None


def _word_sets(actual: str, expected: str) -> bool:
    return _sets(actual) == _sets(expected)


def _sets(text: str) -> frozenset[frozenset[str]]:
    return frozenset(frozenset(line.split()) for line in _full(text))


def _rounded_sets(actual: str, expected: str) -> bool:
    ours, theirs = _rounded(actual), _rounded(expected)
    return ours is not None and ours == theirs


def _rounded(text: str) -> frozenset[frozenset[float]] | None:
    found = [_floats(line.split()) for line in _full(text)]
    if any(numbers is None for numbers in found):
        return None
    return frozenset(frozenset(round(number, DIGITS) for number in numbers or ()) for numbers in found)


STEPS: Mapping[str, Callable[[str, str], bool]] = {
    "exact": _exact,
    "stripped": _stripped,
    "lines": _lines,
    "numbers": _numbers,
    "word sets": _word_sets,
    "rounded sets": _rounded_sets,
}
"""The cascade: step -> whether it accepts what was printed. The first step that does decides."""
