"""Facts that hold for every value seen at one place, and so must hold for a new value there.

A fact is only believed where it would be a strange chance otherwise: three sorted rows of three are no accident, one
sorted pair is. Values of one type, seen in the arguments of tests, are all that is known.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from math import comb, exp, prod
from typing import Any

CHANCE = 0.02
"""A fact that would hold by accident more often than this is not believed."""
BRACKETS = {")": "(", "]": "[", "}": "{", ">": "<"}
FEW = 3


def facts_of(kind: type, seen: Sequence[Any]) -> tuple[str, ...]:
    """The names of the facts that all values of one type at one place share."""
    values = tuple(seen)
    return tuple(name for name, (kinds, believed, _) in FACTS.items() if kind in kinds and believed(values))


def holds(name: str, value: Any, seen: tuple[Any, ...]) -> bool:
    """Whether a value agrees with a fact about the values seen."""
    return FACTS[name][2](value, seen)


def words_of(seen: Sequence[str]) -> tuple[str, ...]:
    """The different words of texts."""
    return tuple(dict.fromkeys(word for text in seen for word in text.split(" ")))


def _few_words(seen: Sequence[str]) -> bool:
    """Whether texts are made of few words said again and again."""
    total = sum(len(text.split(" ")) for text in seen)
    return total >= 6 and total >= FEW * len(words_of(seen))


@lru_cache(maxsize=512)
def _patterns(seen: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(_pattern, seen))


@lru_cache(maxsize=512)
def _words(seen: tuple[str, ...]) -> frozenset[str]:
    return frozenset(words_of(seen))


def _pattern(text: str) -> str:
    """A text with every run of digits and of letters as one sign: 10/12/1997 is 9/9/9."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", text))


def _patterned(seen: tuple[str, ...]) -> bool:
    signs = _patterns(seen)
    return len(seen) >= FEW and len(signs) * FEW <= len(seen) and any(len(sign) > 1 for sign in signs)


def _balanced(text: str) -> bool:
    open_ = list[str]()
    for letter in text:
        if letter in BRACKETS.values():
            open_.append(letter)
        elif letter in BRACKETS and (not open_ or open_.pop() != BRACKETS[letter]):
            return False
    return not open_


def _ordered(row: Sequence[Any], backwards: bool) -> bool:
    try:
        return all((one >= other) if backwards else (one <= other) for one, other in pairwise(row))
    except TypeError:
        return False


def _sorted_always(rows: Sequence[Any], backwards: bool) -> bool:
    accident = prod(1 / prod(range(1, min(len(row), 8) + 1)) for row in rows)
    return accident < CHANCE and all(_ordered(row, backwards) for row in rows)


def _different(row: Sequence[Any]) -> bool:
    return len({repr(item) for item in row}) == len(row)


def _different_always(rows: Sequence[Any]) -> bool:
    """Whether no row repeats an item although there are few items to choose from."""
    pool = len({repr(item) for row in rows for item in row})
    pairs = sum(comb(len(row), 2) for row in rows)
    return bool(pool) and exp(-pairs / pool) < CHANCE and all(map(_different, rows))


def _rectangular(rows: Any) -> bool:
    return all(isinstance(row, list | tuple | str) for row in rows) and len({len(row) for row in rows}) <= 1


def _square(rows: Any) -> bool:
    return _rectangular(rows) and all(len(row) == len(rows) for row in rows)


def _tables(seen: Sequence[Any]) -> bool:
    return any(len(rows) > 1 and all(isinstance(row, list | tuple) for row in rows) for rows in seen)


def _even(values: Sequence[int], rest: int) -> bool:
    return len(set(values)) >= 6 and all(value % 2 == rest for value in values)


Fact = tuple[tuple[type, ...], Callable[[tuple[Any, ...]], bool], Callable[[Any, tuple[Any, ...]], bool]]
ROWS = (list, tuple)
FACTS: Mapping[str, Fact] = {
    "even": ((int,), lambda seen: _even(seen, 0), lambda value, seen: value % 2 == 0),
    "odd": ((int,), lambda seen: _even(seen, 1), lambda value, seen: value % 2 == 1),
    "no space at the ends": (
        (str,), lambda seen: all(text == text.strip() for text in seen), lambda text, seen: text == text.strip(),
    ),
    "single spaces": (
        (str,), lambda seen: not any("  " in text for text in seen), lambda text, seen: "  " not in text,
    ),
    "balanced": (
        (str,), lambda seen: any(set(text) & set(BRACKETS) for text in seen) and all(map(_balanced, seen)),
        lambda text, seen: _balanced(text),
    ),
    "one pattern": ((str,), _patterned, lambda text, seen: _pattern(text) in _patterns(seen)),
    "known words": (
        (str,), _few_words, lambda text, seen: _words(seen).issuperset(text.split(" ")),
    ),
    "ascending": (ROWS, lambda seen: _sorted_always(seen, False), lambda row, seen: _ordered(row, False)),
    "descending": (ROWS, lambda seen: _sorted_always(seen, True), lambda row, seen: _ordered(row, True)),
    "all different": (ROWS, _different_always, lambda row, seen: _different(row)),
    "rectangular": (
        ROWS, lambda seen: _tables(seen) and all(map(_rectangular, seen)), lambda rows, seen: _rectangular(rows),
    ),
    "square": (ROWS, lambda seen: _tables(seen) and all(map(_square, seen)), lambda rows, seen: _square(rows)),
}  # fmt: skip
"""Name -> the types it is about, whether it is believed of the values seen, whether a new value agrees."""
