"""Plain values: written as literals, shown briefly, and compared. No value here is of a program's own making.

A sandbox decodes what a program answers into built-in types, so `==` runs none of the program's code.
"""

import math
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

SHOWN = 300
ITEMS = 40


def literal(value: Any) -> str:
    """Python source of a JSON-like value, exact for integers of any length and for nan and inf.

    Raises:
        TypeError: The value has another type.
    """
    kind = type(value)
    if kind is int:
        return str(value) if abs(value) < 1 << 64 else f"({hex(value)})"  # decimal text of long integers is refused
    if kind is float:
        return repr(value) if math.isfinite(value) else _unfinite(value)
    if value is None or kind in (bool, str):
        return repr(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{literal(key)}: {literal(item)}" for key, item in value.items()) + "}"
    if kind is list:
        return f"[{', '.join(map(literal, value))}]"
    if kind is tuple:
        return f"({''.join(literal(item) + ', ' for item in value)})"
    raise TypeError(f"{kind.__name__} is not a JSON type")


def _unfinite(value: float) -> str:
    return "(1e999 - 1e999)" if math.isnan(value) else "1e999" if value > 0 else "(-1e999)"


def brief(value: Any) -> str:
    """A `repr` of at most about 300 characters that takes no time, however large the value."""
    text = _brief(value, 6)
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


def _brief(value: Any, depth: int) -> str:
    kind: Any = type(value)
    if kind is int and value.bit_length() > 4000:
        return f"<an integer of {value.bit_length()} bits>"
    if kind in (str, bytes):
        return repr(value[:SHOWN])
    if not isinstance(value, list | tuple | set | frozenset | Mapping):
        return repr(value)[: SHOWN + 1] if _small(value) else f"<a large {kind.__name__}>"
    if depth == 0:
        return "..."
    if isinstance(value, Mapping):
        pairs = (f"{_brief(key, depth - 1)}: {_brief(item, depth - 1)}" for key, item in _some(value.items()))
        return "{" + _joined(pairs, len(value)) + "}"
    inner = _joined((_brief(item, depth - 1) for item in _some(value)), len(value))
    if isinstance(value, set | frozenset) and not value:
        return f"{kind.__name__}()"
    left, right = ("[", "]") if kind is list else ("(", ")") if kind is tuple else ("{", "}")
    return left + inner + ("," if kind is tuple and len(value) == 1 else "") + right


def _small(value: Any) -> bool:
    return not hasattr(value, "__len__") or isinstance(value, range) or len(value) <= ITEMS


def _some(items: Iterable[Any]) -> Iterable[Any]:
    return islice(items, ITEMS)


def _joined(parts: Iterable[str], total: int) -> str:
    text = ", ".join(parts)
    return f"{text}, ..." if total > ITEMS else text


def equal(actual: Any, expected: Any) -> bool:
    """What Python's `==` says of two plain values; False where it cannot say."""
    try:
        return bool(actual == expected)
    except (ArithmeticError, RecursionError, TypeError, ValueError):  # a signalling NaN of decimal, say
        return False


def same(actual: Any, expected: Any) -> bool:
    """Whether a program's value is the JSON value a test expects.

    A tuple counts as a JSON array. An integer and a float of the same value are the same number, exactly (there is no
    tolerance), and nan is the same as nan. True is not 1. No other two types are ever the same.
    """
    if isinstance(expected, list | tuple):
        alike = type(actual) in (list, tuple) and len(actual) == len(expected)
        return alike and all(same(left, right) for left, right in zip(actual, expected, strict=True))
    if isinstance(expected, Mapping):
        alike = type(actual) is dict and actual.keys() == expected.keys()
        return alike and all(type(key) is str and same(actual[key], expected[key]) for key in actual)
    if type(expected) in (int, float):
        return type(actual) in (int, float) and (actual == expected or (actual != actual and expected != expected))
    return type(actual) is type(expected) and bool(actual == expected)
