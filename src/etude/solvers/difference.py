"""In what a wrong answer differs from the right one, where a reader would not see it at once.

Works on the `repr`s that an outcome holds, which are literals of plain values or nothing that can be read. It says
nothing of short values that differ plainly: `returned 3, expected 4` needs no comment. No program is run here.
"""

import ast
from collections import Counter
from typing import Any

LONG = 40
"""Characters of a `repr` up to which two containers are compared at sight."""
NEAR = 0.01
"""Numbers that differ by a smaller share are close: a rounding or a constant is wrong, not the formula."""


def difference(actual: str, expected: str) -> str:
    """A remark on two values given as `repr`s; "" where there is nothing to add."""
    try:
        mine, theirs = ast.literal_eval(actual), ast.literal_eval(expected)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return ""
    if "..." in (actual + expected):  # cut short: what is missing may be the difference
        return ""
    hidden = _look_alike(mine, theirs)
    if hidden or max(len(actual), len(expected)) <= LONG:
        return hidden
    return _inside(mine, theirs)


def _look_alike(mine: Any, theirs: Any) -> str:
    """Differences that the eye passes over: the type, the case, blanks, the last digits."""
    if type(mine) is not type(theirs) and (_same_text(mine, theirs) or _same_items(mine, theirs)):
        return f"the answer is of type {type(mine).__name__}, expected is {type(theirs).__name__}"
    if isinstance(mine, str) and isinstance(theirs, str):
        if "".join(mine.split()) == "".join(theirs.split()):
            return "only the white space differs"
        return "only capital and small letters differ" if mine.lower() == theirs.lower() else ""
    return _close(_numbers(mine), _numbers(theirs))


def _same_text(mine: Any, theirs: Any) -> bool:
    return str in (type(mine), type(theirs)) and str(mine) == str(theirs)


def _same_items(mine: Any, theirs: Any) -> bool:
    return isinstance(mine, list | tuple) and isinstance(theirs, list | tuple) and list(mine) == list(theirs)


def _numbers(value: Any) -> list[int | float]:
    """A number, or a row of them; nothing else."""
    items = list(value) if isinstance(value, list | tuple) else [value]
    return items if all(type(item) in (int, float) for item in items) else []


def _close(mine: list[int | float], theirs: list[int | float]) -> str:
    if len(mine) != len(theirs) or float not in {type(item) for item in mine + theirs}:
        return ""
    off = [abs(one - other) for one, other in zip(mine, theirs, strict=True)]
    near = (gap <= NEAR * abs(other) for gap, other in zip(off, theirs, strict=True))
    return f"close, but off by {max(off):.2g}" if max(off) > 0 and all(near) else ""


def _inside(mine: Any, theirs: Any) -> str:
    """Where two long values part."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        return _of_tables(mine, theirs)
    if isinstance(mine, set | frozenset) and isinstance(theirs, set | frozenset):
        return _of_items("missing", theirs - mine) or _of_items("too many", mine - theirs)
    if type(mine) is not type(theirs) or not isinstance(mine, list | tuple | str):
        return ""
    if isinstance(mine, str) and "\n" in mine + theirs:
        return _of_rows(mine.splitlines(), theirs.splitlines(), "line", 1)
    if isinstance(mine, str) and " " in mine:
        return _of_rows(mine.split(), theirs.split(), "word", 1)
    if not isinstance(mine, str) and len(mine) == len(theirs) and _counted(mine) == _counted(theirs):
        return "the items are right, their order is not"
    return _of_rows(mine, theirs, "index", 0)


def _of_rows(mine: Any, theirs: Any, name: str, first: int) -> str:
    pairs = enumerate(zip(mine, theirs, strict=False))
    at = next((place for place, (one, other) in pairs if one != other), min(len(mine), len(theirs)))
    sizes = f", {len(mine)} in all and not {len(theirs)}" if len(mine) != len(theirs) else ""
    if at < min(len(mine), len(theirs)):
        return f"first different at {name} {at + first}: {mine[at]!r} and not {theirs[at]!r}{sizes}"
    if at < len(mine):
        return f"too many from {name} {at + first} on: {mine[at]!r}{sizes}"
    return f"ends before {name} {at + first}: {theirs[at]!r}{sizes}" if at < len(theirs) else ""


def _of_tables(mine: dict[Any, Any], theirs: dict[Any, Any]) -> str:
    at = next((key for key in theirs if key in mine and mine[key] != theirs[key]), None)
    if at is not None:
        return f"different at key {at!r}: {mine[at]!r} and not {theirs[at]!r}"
    return _of_items("missing key", theirs.keys() - mine.keys()) or _of_items("too many", mine.keys() - theirs.keys())


def _of_items(what: str, items: Any) -> str:
    return f"{what}: {', '.join(sorted(map(repr, items))[:3])}" if items else ""


def _counted(items: Any) -> Counter[str]:
    return Counter(map(repr, items))
