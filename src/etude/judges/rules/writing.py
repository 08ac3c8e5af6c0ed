"""Plain values as Python source that needs no name: a program may have given `set` or `range` another meaning."""

import math
from typing import Any

from etude.judges.values import literal

SCALARS: tuple[type, ...] = (type(None), bool, int, float, str)


def written(value: Any, longest: int) -> str | None:
    """An expression for a value, or None where there is none without a name, or none so short.

    Args:
        value: Plain data.
        longest: Characters.

    A complex number with a zero in it has no literal that keeps the sign of that zero.
    """
    parts: list[str] = []
    return "".join(parts) if _write(value, parts, [longest]) else None


def _write(value: Any, parts: list[str], left: list[int]) -> bool:
    kind = type(value)
    if kind in (list, tuple, set):
        return _write_row(value, parts, left)
    if kind is dict:
        return _write_mapping(value, parts, left)
    if kind in SCALARS and (kind is not str or len(value) <= left[0]):
        return _put(literal(value), parts, left)
    if kind is bytes and len(value) <= left[0]:
        return _put(repr(value), parts, left)
    if kind is complex and all(part and math.isfinite(part) for part in (value.real, value.imag)):
        return _put(repr(value), parts, left)
    return False


def _put(text: str, parts: list[str], left: list[int]) -> bool:
    left[0] -= len(text)
    parts.append(text)
    return left[0] >= 0


def _write_row(value: Any, parts: list[str], left: list[int]) -> bool:
    kind = type(value)
    first, last = ("[", "]") if kind is list else ("(", ")") if kind is tuple else ("{", "}")
    empty = "*()" if kind is set and not value else ""
    done = _put(first + empty, parts, left)
    return (
        done
        and all(_write(item, parts, left) and _put(", ", parts, left) for item in value)
        and _put(last, parts, left)
    )


def _write_mapping(value: dict[Any, Any], parts: list[str], left: list[int]) -> bool:
    done = _put("{", parts, left)
    for key, item in value.items():
        pair = done and _write(key, parts, left) and _put(": ", parts, left) and _write(item, parts, left)
        done = pair and _put(", ", parts, left)
    return done and _put("}", parts, left)
