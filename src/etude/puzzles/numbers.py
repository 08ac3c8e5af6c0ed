"""Puzzle families about numbers. They are examples of how a family is written."""
# Checkers and solutions are spelt as P3 spells them: `List`, inputs without annotations, lists as defaults.
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls
# ruff: noqa: UP006, UP035

import random
from typing import List

from etude.puzzles.family import Family


class DigitBridge(Family):
    """A number that two demands meet in: one on its digits, one on its divisor."""

    @staticmethod
    def sat(answer: int, total=23, divisor=17):
        """Find a positive multiple of the divisor whose decimal digits add up to the total."""
        return answer > 0 and answer % divisor == 0 and sum(map(int, str(answer))) == total

    @staticmethod
    def sol(total, divisor):
        states = [(0, 0, 0)]
        seen = {(0, 0)}
        for number, added, rest in states:
            for digit in range(10):
                state = (added + digit, (10 * rest + digit) % divisor)
                if state[0] <= total and (number or digit) and state not in seen:
                    seen.add(state)
                    states.append((10 * number + digit, *state))
                    if state == (total, 0):
                        return 10 * number + digit

    def gen_random(self, random: random.Random) -> None:
        divisor = random.choice([7, 11, 13, 19, 23, 29, 31])
        number = divisor * random.randint(1000, 10**7)
        self.add({"total": sum(map(int, str(number))), "divisor": divisor})


class ScaleSet(Family):
    """A few weights for a pair of scales on which weights may lie in both pans."""

    @staticmethod
    def sat(weights: List[int], most=12, count=3):
        """Choose so few weights that every whole load up to `most` can be balanced, with weights in either pan."""
        reach = {0}
        for weight in weights:
            reach |= {load + side * weight for load in reach for side in (-1, 1)}
        return len(weights) == count and all(load in reach for load in range(1, most + 1))

    @staticmethod
    def sol(most, count):
        return [3**place for place in range(count)]

    def gen(self, target: int) -> None:
        for count in range(4, 4 + target):
            self.add({"most": (3**count - 1) // 2 - count, "count": count})


class SteadyGrowth(Family):
    """A sequence of fractions from its sum and its rate."""

    @staticmethod
    def sat(steps: List[float], count=4, rate=1.5, total=65.0):
        """Find the steps, each `rate` times the one before, that add up to the total within a millionth."""
        grows = all(abs(steps[place] - rate * steps[place - 1]) < 1e-6 for place in range(1, len(steps)))
        return len(steps) == count and grows and abs(sum(steps) - total) < 1e-6

    @staticmethod
    def sol(count, rate, total):
        first = total / sum(rate**place for place in range(count))
        return [first * rate**place for place in range(count)]

    def gen_random(self, random: random.Random) -> None:
        rate, total = random.choice([0.5, 0.75, 1.25, 2.0, 3.0]), round(random.uniform(10, 500), 2)
        self.add({"count": random.randint(3, 8), "rate": rate, "total": total})
