"""The lab's little puzzles: a function `sat` of one to three conditions, and an answer that meets them.

A puzzle is made around a witness, so it always has an answer. Test and validation puzzles are drawn first and kept
from training tasks and from the base corpus, condition sets compared without regard to their order. What the reader
of a puzzle answers is decided by running `sat`; that happens elsewhere.
"""

import random
import string
from dataclasses import dataclass
from functools import lru_cache

from etude.lab.world import EARLIER, SIZES, Split

GRADES = (1, 2, 3)
LETTERS = "abcdefgh"
TRIVIAL: tuple[int | str, ...] = (0, 1, -1, 10, 100, "", "a", "aaa")
"""Answers that a puzzle must refuse."""


Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Puzzle:
    """One puzzle: the type of the answer, the conditions on `x`, and an answer."""

    type: str
    conditions: tuple[str, ...]
    witness: int | str

    @property
    def grade(self) -> int:
        """Its difficulty: the number of conditions."""
        return len(self.conditions)

    @property
    def source(self) -> str:
        """The source of `sat`."""
        return f"def sat(x: {self.type}):\n    return {' and '.join(self.conditions)}"

    @property
    def prompt(self) -> str:
        """The source and the header of the answer; ends before the newline."""
        return f"{self.source}\n\n\ndef sol():"

    @property
    def key(self) -> Key:
        """The same for puzzles that ask the same."""
        return (self.type, *sorted(self.conditions))


def answer(value: int | str) -> str:
    """The completion that gives `value`."""
    return f"\n    return {value!r}"


def compose(rng: random.Random, grade: int) -> Puzzle:
    """A puzzle of `grade` conditions around a random witness, drawn without any filter."""
    if rng.random() < 0.5:
        number = rng.randint(2, 99)
        return Puzzle("int", tuple(rng.sample(_of_number(number, rng), grade)), number)
    text = "".join(rng.choices(LETTERS, k=rng.randint(2, 6)))
    return Puzzle("str", tuple(rng.sample(_of_text(text, rng), grade)), text)


def _of_number(x: int, rng: random.Random) -> list[str]:
    by, step = rng.randint(3, 9), rng.randint(1, 9)
    return [
        f"x % {by} == {x % by}",
        f"x > {x - rng.randint(1, 12)}",
        f"x < {x + rng.randint(1, 12)}",
        f"x + {step} == {x + step}",
        f"str(x)[-1] == '{x % 10}'",
        f"x // 10 == {x // 10}",
    ]


def _of_text(x: str, rng: random.Random) -> list[str]:
    letter = rng.choice(x)
    return [
        f"len(x) == {len(x)}",
        f"x[0] == '{x[0]}'",
        f"x[-1] == '{x[-1]}'",
        f"x.count('{letter}') == {x.count(letter)}",
        f"x[1] == '{x[1]}'",
        f"'{x[:2]}' in x",
    ]


def solves(puzzle: Puzzle, value: int | str) -> bool:
    """Whether a value answers the puzzle; only for our own conditions and values, never for a program's."""
    if type(value).__name__ != puzzle.type:
        return False
    try:
        return all(_check(condition, value) for condition in puzzle.conditions)
    except IndexError:
        return False


def _check(condition: str, value: int | str) -> bool:
    return eval(condition, {"x": value}) is True


@lru_cache(maxsize=8)
def puzzles(seed: int, split: Split) -> tuple[Puzzle, ...]:
    """All puzzles of a split, in order; no condition set occurs twice, in this split or in a held-out one."""
    rng = random.Random(f"lab/{seed}/puzzles/{split}")
    taken = {puzzle.key for other in EARLIER[split] for puzzle in puzzles(seed, other)}
    found: list[Puzzle] = []
    while len(found) < sum(SIZES[split]):
        puzzle = compose(rng, GRADES[len(found) % len(GRADES)])
        if puzzle.key not in taken and not any(solves(puzzle, value) for value in TRIVIAL):
            taken.add(puzzle.key)
            found.append(puzzle)
    return tuple(found)


@lru_cache(maxsize=8)
def held_out_puzzles(seed: int) -> frozenset[Key]:
    """The condition sets of a world's test and validation puzzles."""
    splits: tuple[Split, ...] = ("test", "validation")
    return frozenset(puzzle.key for split in splits for puzzle in puzzles(seed, split))


def guess(puzzle: Puzzle, rng: random.Random) -> int | str:
    """A wrong or right answer of somebody who looks at the type only."""
    if puzzle.type == "int":
        return rng.randint(2, 99)
    return "".join(rng.choices(string.ascii_lowercase[:8], k=rng.randint(2, 6)))
