"""Whether a plain value has exactly the type that an annotation names. A type not understood here fits no value.

Both spellings count: `List[int]`, `list[int]`, `typing.List[int]`. A subclass, and True for an `int`, do not fit.
"""

import ast
from typing import Any

SCALARS = {"bool": bool, "int": int, "float": float, "str": str, "bytes": bytes, "complex": complex}
ROWS: dict[str, type[Any]] = {
    "List": list, "list": list, "Set": set, "set": set, "FrozenSet": frozenset, "frozenset": frozenset,
}  # fmt: skip
"""Containers whose items are all of one type."""


def matches(value: Any, kind: ast.expr) -> bool:
    """Whether a value has exactly the annotated type.

    Args:
        value: Plain data, nested at will.
        kind: bool, int, float, str, bytes, complex, None; or List, Set, FrozenSet, Dict, Tuple of those, nested.
    """
    if isinstance(kind, ast.Constant):
        return kind.value is None and value is None
    if isinstance(kind, ast.Subscript):
        return _holds(value, _name(kind.value), kind.slice)
    name = _name(kind)
    return name in SCALARS and type(value) is SCALARS[name]


def _name(kind: ast.expr) -> str:
    if isinstance(kind, ast.Attribute) and isinstance(kind.value, ast.Name) and kind.value.id == "typing":
        return kind.attr
    return kind.id if isinstance(kind, ast.Name) else ""


def _holds(value: Any, name: str, inner: ast.expr) -> bool:
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    if name in ROWS:
        return len(parts) == 1 and type(value) is ROWS[name] and all(matches(item, parts[0]) for item in value)
    if name in ("Dict", "dict"):
        fits = len(parts) == 2 and type(value) is dict
        return fits and all(matches(key, parts[0]) and matches(item, parts[1]) for key, item in value.items())
    return name in ("Tuple", "tuple") and type(value) is tuple and _row(value, parts)


def _row(value: tuple[Any, ...], parts: list[ast.expr]) -> bool:
    """`Tuple[int, str]` has one item per part; `Tuple[int, ...]` has any number of one type."""
    if len(parts) == 2 and isinstance(parts[1], ast.Constant) and parts[1].value is ...:
        return all(matches(item, parts[0]) for item in value)
    return len(value) == len(parts) and all(matches(item, part) for item, part in zip(value, parts, strict=True))
