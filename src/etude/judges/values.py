"""Plain values: written as literals, shown briefly, and compared. No value here is of a program's own making.

A sandbox decodes what a program answers into built-in types, so `==` runs none of the program's code.
"""

import math
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import islice
from typing import Any

SHOWN = 300
LONG = 100_000  # bits
EXACT = frozenset({bool, int, float, str, bytes, type(None)})
CONTAINERS = (list, tuple, dict, set, frozenset)
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
        try:
            return repr(value)[: SHOWN + 1] if _small(value) else f"<a large {kind.__name__}>"
        except (TypeError, ValueError):  # a number within it has too many digits
            return f"<a large {kind.__name__}>"
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
    """What Python's `==` says of two plain values; False where it cannot say.

    Arrays are equal when their shapes and all their items are. A comparison that would take ever so long is False.
    """
    try:
        return _equal(actual, expected)
    except (ArithmeticError, RecursionError, TypeError, ValueError):  # a signalling NaN of decimal, say
        return False


def _equal(actual: Any, expected: Any) -> bool:
    one, other = type(actual), type(expected)
    if one in EXACT and other in EXACT:
        return bool(actual == expected)
    if Decimal in (one, other) and any(type(item) is int and item.bit_length() > LONG for item in (actual, expected)):
        return False  # quadratic in the digits
    if hasattr(actual, "__array__") or hasattr(expected, "__array__"):
        return _equal_arrays(actual, expected)
    if one is other and one in (list, tuple, deque):
        pairs = zip(actual, expected, strict=False)
        return len(actual) == len(expected) and all(_equal(left, right) for left, right in pairs)
    if isinstance(actual, dict) and isinstance(expected, dict) and OrderedDict not in (one, other):
        return actual.keys() == expected.keys() and all(_equal(item, expected[key]) for key, item in actual.items())
    return bool(actual == expected)


def _equal_arrays(actual: Any, expected: Any) -> bool:
    """Shapes come first: numpy would stretch a row and a column to a table of gigabytes to compare them."""
    shape = getattr(actual, "shape", ())
    if shape != getattr(expected, "shape", ()) or any(isinstance(item, CONTAINERS) for item in (actual, expected)):
        return False
    return bool((actual == expected).all()) if shape else bool(actual == expected)


def same(actual: Any, expected: Any) -> bool:
    """Whether a program's value is the JSON value a test expects.

    A tuple counts as a JSON array. An integer and a float of the same value are the same number, exactly (there is no
    tolerance), and nan is the same as nan. True is not 1. A numpy scalar
    counts as the Python number it holds. No other two types are ever the same.
    """
    if type(actual).__module__ == "numpy" and getattr(actual, "shape", None) == ():
        actual = actual.item()
    if isinstance(expected, list | tuple):
        alike = type(actual) in (list, tuple) and len(actual) == len(expected)
        return alike and all(same(left, right) for left, right in zip(actual, expected, strict=True))
    if isinstance(expected, Mapping):
        alike = type(actual) is dict and actual.keys() == expected.keys()
        return alike and all(type(key) is str and same(actual[key], expected[key]) for key in actual)
    if type(expected) in (int, float):
        return type(actual) in (int, float) and (actual == expected or (actual != actual and expected != expected))
    return type(actual) is type(expected) and bool(actual == expected)
