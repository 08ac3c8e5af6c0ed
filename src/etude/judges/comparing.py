"""When an answer equals what was expected. Values are plain data here: nothing of the program decides about equality."""

import math
from typing import Any


def same(actual: Any, expected: Any) -> bool:
    """Whether a decoded answer is the JSON value that a task states.

    Types are exact but for two things that JSON cannot say: a tuple may stand for an array, and an int for a float of
    the same value (and the other way round). A bool is never a number. NaN equals NaN.
    """
    if isinstance(expected, bool) or isinstance(actual, bool):
        return type(actual) is type(expected) and actual == expected
    if isinstance(expected, int | float):
        return type(actual) in (int, float) and _number(actual, expected)
    if isinstance(expected, list | tuple):
        return type(actual) in (list, tuple) and len(actual) == len(expected) and all(map(same, actual, expected))
    if isinstance(expected, dict):
        return (
            isinstance(actual, dict)
            and len(actual) == len(expected)
            and all(key in actual and same(actual[key], value) for key, value in expected.items())
        )
    return type(actual) is type(expected) and bool(actual == expected)


def _number(actual: float, expected: float) -> bool:
    return actual == expected or (math.isnan(actual) and math.isnan(expected))


def equal(actual: Any, expected: Any) -> bool:
    """`actual == expected` as an assertion means it, between plain values."""
    try:
        return bool(actual == expected)
    except (RecursionError, TypeError, ArithmeticError, ValueError):
        return False


def same_output(actual: str, expected: str) -> bool:
    """Whether two outputs are equal but for white space at line ends and empty lines at the end."""
    return _lines(actual) == _lines(expected)


def _lines(text: str) -> list[str]:
    return "\n".join(line.rstrip() for line in text.splitlines()).rstrip().split("\n")


def literal(value: Any) -> str:
    """A Python expression that gives a plain value, NaN and infinities among them."""
    if isinstance(value, float) and (math.isnan(value) or math.isinf(value)):
        return f"float({str(value)!r})"
    if type(value) is int and value.bit_length() > 10_000:
        return hex(value)  # decimal text of a long number takes quadratic time, and Python refuses it
    if type(value) in (list, tuple):
        inner = ", ".join(map(literal, value))
        return f"[{inner}]" if type(value) is list else f"({inner}{',' if len(value) == 1 else ''})"
    if type(value) is dict:
        return "{" + ", ".join(f"{literal(key)}: {literal(item)}" for key, item in value.items()) + "}"
    if type(value) in (set, frozenset):
        return f"{type(value).__name__}([{', '.join(map(literal, value))}])"
    return repr(value)


def shown(value: Any, most: int = 300) -> str:
    """A value as text, capped: it goes into feedback and reports."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        text = f"<{type(value).__name__} too large to show>"
    return text if len(text) <= most else text[: most - 1] + "…"
