"""The shape of values at one place of the arguments: types, ranges, letters, lengths, what is inside, and facts.

It is learned from the values that tests use. A value that fits a shape is one that its tests might as well have used.
"""

import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from etude.strengthening.facts import facts_of, holds

Mix = tuple["Shape", ...]
"""The shapes at one place: one for each type seen there."""

SEEN = 200
LONGEST_PARTS = 4
CLASSES = ((string.ascii_lowercase, 8), (string.ascii_uppercase, 8), (string.digits, 5))
"""Kinds of letters, and how many different ones must be seen before all of the kind are taken to be meant."""
NEW = 0.6
ROWS = (list, tuple, set, frozenset)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Values of one type at one place.

    Attributes:
        kind: The type, exactly.
        seen: The different values seen, at most `SEEN`.
        low, high: The least and the greatest number; of texts, rows and mappings, lengths.
        decimals: The most digits behind a float's point.
        letters: What texts are made of.
        items: What is in a row, or the keys of a mapping.
        values: The values of a mapping.
        parts: Place by place, for rows of one small length that hold other types at other places.
        facts: Names of facts, see `etude.strengthening.facts`.
    """

    kind: type
    seen: tuple[Any, ...] = ()
    low: float = 0
    high: float = 0
    decimals: int = 0
    letters: str = ""
    items: Mix = ()
    values: Mix = ()
    parts: tuple[Mix, ...] = ()
    facts: tuple[str, ...] = ()


def learned(values: Iterable[Any]) -> Mix:
    """The shapes of all values at one place."""
    by_type: dict[type, list[Any]] = {}
    for value in values:
        by_type.setdefault(type(value), []).append(value)
    return tuple(_learned(kind, own) for kind, own in by_type.items())


def fits(value: Any, mix: Mix) -> bool:
    """Whether a value has one of the shapes of a place."""
    return any(_fits(value, shape) for shape in mix if type(value) is shape.kind)


def widened(mix: Mix) -> Mix:
    """The same types with wider ranges, all letters and no facts: for inputs that a validator looks at."""
    return tuple(_widened(shape) for shape in mix)


def _learned(kind: type, values: Sequence[Any]) -> Shape:
    seen = tuple({repr(value): value for value in values}.values())[:SEEN]
    shape = Shape(kind=kind, seen=seen, facts=facts_of(kind, values))
    if kind in (int, float):
        finite = [value for value in values if value == value and abs(value) < 1e300] or [0]
        return replace(shape, low=min(finite), high=max(finite), decimals=max(map(_decimals, finite)))
    if kind not in (str, dict, *ROWS):
        return shape
    shape = replace(shape, low=min(map(len, values)), high=max(map(len, values)))
    if kind is str:
        return replace(shape, letters=_letters("".join(values)))
    inside = [item for value in values for item in value]
    if kind is dict:
        return replace(shape, items=learned(inside), values=learned(item for own in values for item in own.values()))
    return replace(shape, items=learned(inside), parts=_parts(kind, values))


def _parts(kind: type, rows: Sequence[Any]) -> tuple[Mix, ...]:
    lengths = {len(row) for row in rows}
    if kind not in (list, tuple) or len(lengths) != 1 or not 0 < max(lengths) <= LONGEST_PARTS:
        return ()
    kinds = {tuple(map(type, place)) for place in zip(*rows, strict=True)}
    return tuple(learned(place) for place in zip(*rows, strict=True)) if len(kinds) > 1 else ()


def _decimals(value: float) -> int:
    text = repr(value)
    return len(text.partition(".")[2]) if "." in text and "e" not in text else 0


def _letters(text: str) -> str:
    """The letters that texts may have: those seen, and all of a kind of which many are seen."""
    found = set(text)
    for kind, enough in CLASSES:
        own = [letter for letter in text if letter in kind]
        if len(set(own)) >= enough or (len(set(own)) >= 3 and len(set(own)) >= NEW * len(own)):
            found |= set(kind)
    return "".join(sorted(found))


def _fits(value: Any, shape: Shape) -> bool:
    if shape.kind in (int, float):
        within = shape.low <= value <= shape.high and (shape.kind is int or _decimals(value) <= shape.decimals)
        return within and _agrees(value, shape)
    if shape.kind not in (str, dict, *ROWS):
        return repr(value) in {repr(item) for item in shape.seen} or shape.kind is bool
    if not shape.low <= len(value) <= shape.high:
        return False
    if shape.kind is str:
        return set(value) <= set(shape.letters) and _agrees(value, shape)
    if shape.kind is dict and not all(fits(item, shape.values) for item in value.values()):
        return False
    if shape.parts:
        return all(fits(item, mix) for item, mix in zip(value, shape.parts, strict=True)) and _agrees(value, shape)
    return all(fits(item, shape.items) for item in value) and _agrees(value, shape)


def _agrees(value: Any, shape: Shape) -> bool:
    return all(holds(name, value, shape.seen) for name in shape.facts)


def _widened(shape: Shape) -> Shape:
    inside = replace(
        shape,
        facts=(),
        items=widened(shape.items),
        values=widened(shape.values),
        parts=tuple(map(widened, shape.parts)) if shape.kind is tuple else (),
    )
    if shape.kind in (int, float):
        far = max(10, 2 * abs(shape.high), 2 * abs(shape.low))
        return replace(inside, low=-far, high=far, decimals=max(2, shape.decimals) if shape.kind is float else 0)
    letters = "".join(sorted(set(shape.letters) | set(string.ascii_letters + string.digits + " -_.,")))
    fixed = shape.kind is tuple and shape.parts
    length = (shape.low, shape.high) if fixed else (0, max(4, 2 * shape.high))
    return replace(inside, low=length[0], high=length[1], letters=letters if shape.kind is str else "")
