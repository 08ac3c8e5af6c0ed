"""The domain of a function as far as its tests show it: shapes of the arguments, and how they hang together.

What tests never use (a negative number, an unsorted row, a position past the end) may be outside of what the prompt
means. Without a validator that says so, no witness lies there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from etude.strengthening.inputs import Arguments
from etude.strengthening.shapes import Mix, fits, learned, widened

ENOUGH = 2
SIZED = (str, list, tuple, dict, set)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """Something that holds between two arguments, by their places, in every test."""

    one: int
    other: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """What the arguments of a function look like: the shapes place by place, and relations between places."""

    shapes: tuple[Mix, ...] = ()
    relations: tuple[Relation, ...] = ()

    def holds(self, given: Arguments) -> bool:
        """Whether arguments look like those of the tests."""
        return (
            len(given) == len(self.shapes)
            and all(fits(value, mix) for value, mix in zip(given, self.shapes, strict=True))
            and all(RELATIONS[item.name](given[item.one], given[item.other]) for item in self.relations)
        )

    def opened(self) -> "Domain":
        """The same types with wider ranges and nothing else held: for inputs that a validator looks at."""
        return replace(self, shapes=tuple(map(widened, self.shapes)), relations=())


def domain_of(known: Sequence[Arguments]) -> Domain:
    """The domain that known arguments show; those with another number of arguments than most are not looked at."""
    lengths = [len(given) for given in known]
    usual = max(set(lengths), key=lambda length: (lengths.count(length), length), default=0)
    own = [given for given in known if len(given) == usual]
    return Domain(shapes=tuple(learned(place) for place in zip(*own, strict=True)), relations=_relations(own, usual))


def _relations(known: Sequence[Arguments], length: int) -> tuple[Relation, ...]:
    found = [Relation(one=one, other=other, name=name) for one, other in combinations(range(length), 2)
             for name in RELATIONS]  # fmt: skip
    enough = len(known) >= ENOUGH
    return tuple(
        item for item in found if enough and all(RELATIONS[item.name](row[item.one], row[item.other]) for row in known)
    )


def mended(given: Arguments, relations: Sequence[Relation]) -> Arguments:
    """Arguments made to agree with relations about lengths, where a cut or another number is enough."""
    row = list(given)
    for item in relations:
        one, other = row[item.one], row[item.other]
        if item.name == "as long as" and isinstance(one, SIZED) and isinstance(other, SIZED):
            if isinstance(one, str | list | tuple) and isinstance(other, str | list | tuple):
                shorter = min(len(one), len(other))
                row[item.one], row[item.other] = one[:shorter], other[:shorter]
        elif item.name == "has the length" and isinstance(one, SIZED):
            row[item.other] = len(one)
        elif item.name == "is the length of" and isinstance(other, SIZED):
            row[item.one] = len(other)
    return tuple(row)


def _numbers(one: Any, other: Any) -> bool:
    return all(isinstance(item, int | float) and not isinstance(item, bool) for item in (one, other))


def _length(one: Any, other: Any, agree: Callable[[int, int], bool]) -> bool:
    return isinstance(one, SIZED) and type(other) is int and agree(len(one), other)


def _holds_item(one: Any, other: Any) -> bool:
    if isinstance(one, str):
        return isinstance(other, str) and other in one
    return isinstance(one, list | tuple | set | dict) and isinstance(other, int | float | str) and other in one


RELATIONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "as long as": lambda one, other: isinstance(one, SIZED) and isinstance(other, SIZED) and len(one) == len(other),
    "one longer": lambda one, other: isinstance(one, SIZED) and isinstance(other, SIZED) and len(one) == len(other) + 1,
    "one shorter": lambda one, other: (
        isinstance(one, SIZED) and isinstance(other, SIZED) and len(one) + 1 == len(other)
    ),
    "has the length": lambda one, other: _length(one, other, lambda length, number: length == number),
    "is the length of": lambda one, other: _length(other, one, lambda length, number: length == number),
    "reaches": lambda one, other: _length(one, other, lambda length, number: number <= length),
    "reaches past": lambda one, other: _length(one, other, lambda length, number: number < length),
    "is within": lambda one, other: _length(other, one, lambda length, number: number <= length),
    "less": lambda one, other: _numbers(one, other) and one < other,
    "at most": lambda one, other: _numbers(one, other) and one <= other,
    "more": lambda one, other: _numbers(one, other) and one > other,
    "at least": lambda one, other: _numbers(one, other) and one >= other,
    "holds": _holds_item,
    "is in": lambda one, other: _holds_item(other, one),
    "not longer": lambda one, other: isinstance(one, SIZED) and isinstance(other, SIZED) and len(one) <= len(other),
    "not shorter": lambda one, other: isinstance(one, SIZED) and isinstance(other, SIZED) and len(one) >= len(other),
}
"""Name -> whether it holds between an argument and a later one."""
