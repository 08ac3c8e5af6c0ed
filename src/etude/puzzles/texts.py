"""Puzzle families about texts. They are examples of how a family is written."""
# Checkers and solutions are spelt as P3 spells them: `List`, inputs without annotations, lists as defaults.
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls
# ruff: noqa: B006, B905, UP006, UP035

import random
import string
from typing import List

from etude.puzzles.family import Family


class Handshakes(Family):
    """A short text in which everybody meets everybody."""

    @staticmethod
    def sat(text: str, letters="kmt", longest=10):
        """Find a text of these letters in which each ordered pair of them, equal ones too, stands side by side."""
        pairs = {text[place : place + 2] for place in range(len(text) - 1)}
        met = all(a + b in pairs for a in letters for b in letters)
        return met and len(text) <= longest and set(text) <= set(letters)

    @staticmethod
    def sol(letters, longest):
        unused = {letter: list(letters) for letter in letters}
        walk, done = [letters[0]], []
        while walk:
            if unused[walk[-1]]:
                walk.append(unused[walk[-1]].pop())
            else:
                done.append(walk.pop())
        return "".join(reversed(done))

    def gen_random(self, random: random.Random) -> None:
        letters = "".join(random.sample(string.ascii_lowercase, random.randint(2, 6)))
        self.add({"letters": letters, "longest": len(letters) ** 2 + random.randint(1, 4)})


class MirrorHall(Family):
    """A text that reads the same from both ends and still says what it has to."""

    @staticmethod
    def sat(text: str, words=["door", "lamp"], longest=15):
        """Find a text that equals its reverse, contains every word, and is not too long."""
        return text == text[::-1] and all(word in text for word in words) and len(text) <= longest

    @staticmethod
    def sol(words, longest):
        half = "".join(words)
        return half + half[-2::-1]

    def gen_random(self, random: random.Random) -> None:
        count = random.randint(1, 4)
        words = ["".join(random.choices("aeioulmnrst", k=random.randint(3, 7))) for _ in range(count)]
        self.add({"words": words, "longest": 2 * sum(map(len, words)) - 1})


class Postmarks(Family):
    """Short codes that no two letters share."""

    @staticmethod
    def sat(codes: List[str], names=["ada", "adam", "madam"], size=2):
        """Give each name a code of `size` neighbouring letters that occurs in that name and in no other code."""
        fits = all(len(code) == size and code in name for code, name in zip(codes, names))
        return fits and len(codes) == len(names) == len(set(codes))

    @staticmethod
    def sol(names, size):
        def place(number, taken):
            if number == len(names):
                return []
            name = names[number]
            for start in range(len(name) - size + 1):
                code = name[start : start + size]
                if code not in taken:
                    rest = place(number + 1, taken | {code})
                    if rest is not None:
                        return [code, *rest]
            return None

        return place(0, frozenset())

    def gen_random(self, random: random.Random) -> None:
        pool = ["".join(random.choices("abno", k=random.randint(4, 6))) for _ in range(random.randint(3, 6))]
        codes = {name[start : start + 2] for name in pool for start in range(len(name) - 1)}
        if len(codes) >= 2 * len(pool):
            self.add({"names": pool, "size": 2}, test=self.sol(pool, 2) is not None)
