"""Answers that nobody has to think for: a puzzle that one of them solves teaches little.

The constants are those of the P3 generators and of the self-taught puzzles of Haluptzok et al. 2023, by type.
"""

import itertools
from collections.abc import Iterator

from etude.records import Json

NUMBERS = tuple(range(-10, 101))
TEXTS = ("", "a", "b", "A", "0", "1", "abc", "cat")
FLOATS = (0.0, 0.5, 1.0, -1.0, 2.0, -2.0, 3.0, 4.0, 5.0, 10.0, 100.0, 0.1, 0.01)
FEW = {"int": (0, 1, 2, 3, -1, 10, 100), "str": TEXTS[:5], "bool": (False, True), "float": FLOATS[:7]}
MOST_ITEMS = 2


def trivial_answers(ans_type: str) -> Iterator[Json]:
    """The trivial answers of a type, such as `List[List[int]]`; none of a type that is not known."""
    inner, depth = ans_type.replace("list[", "List["), 0
    while inner.startswith("List[") and inner.endswith("]"):
        inner, depth = inner[5:-1], depth + 1
    if depth == 0:
        yield from {"int": NUMBERS, "str": TEXTS, "float": FLOATS, "bool": FEW["bool"]}.get(inner, ())
        return
    for length in range(MOST_ITEMS + 1):
        for items in itertools.product(FEW.get(inner, ()), repeat=length):
            value: Json = list(items)
            for _ in range(depth - 1):
                value = [value]
            yield value
