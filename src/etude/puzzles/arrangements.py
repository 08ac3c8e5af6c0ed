"""Puzzle families about choosing and arranging. They are examples of how a family is written."""
# Checkers and solutions are spelt as P3 spells them: `List`, inputs without annotations, lists as defaults.
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls, disable-error-code="var-annotated"
# ruff: noqa: B006, UP006, UP035

import random
from typing import List

from etude.puzzles.family import Family


class Lanterns(Family):
    """A few lanterns for a dark street."""

    @staticmethod
    def sat(lanterns: List[int], houses=[1, 4, 9, 14, 15, 22], reach=4, count=3):
        """Set up so many lanterns that every house has one within reach."""
        lit = all(any(abs(house - lantern) <= reach for lantern in lanterns) for house in houses)
        return lit and len(lanterns) == count

    @staticmethod
    def sol(houses, reach, count):
        lanterns = []
        for house in sorted(houses):
            if not lanterns or house - lanterns[-1] > reach:
                lanterns.append(house + reach)
        return lanterns + lanterns[-1:] * (count - len(lanterns))

    def gen_random(self, random: random.Random) -> None:
        houses = sorted(random.sample(range(200), random.randint(6, 20)))
        reach = random.randint(2, 12)
        self.add({"houses": houses, "reach": reach, "count": len(self.sol(houses, reach, 0))})


class QuietTables(Family):
    """Guests at tables, with some who must not meet."""

    @staticmethod
    def sat(tables: List[List[int]], guests=6, seats=2, quarrels=[[0, 1], [2, 3], [4, 5]]):
        """Seat guests 0, 1, 2 ... once each at full tables, so that no two who quarrel share one."""
        seated = sorted(guest for table in tables for guest in table)
        full = all(len(table) == seats for table in tables)
        peace = not any(set(pair) <= set(table) for pair in quarrels for table in tables)
        return seated == list(range(guests)) and full and peace

    @staticmethod
    def sol(guests, seats, quarrels):
        foes = {guest: {b for pair in quarrels for b in pair if guest in pair} - {guest} for guest in range(guests)}

        def fill(tables, left):
            if not left:
                return tables
            if not tables or len(tables[-1]) == seats:
                return fill([*tables, [left[0]]], left[1:])
            for guest in left:
                if guest > tables[-1][-1] and not foes[guest] & set(tables[-1]):
                    found = fill([*tables[:-1], [*tables[-1], guest]], [one for one in left if one != guest])
                    if found:
                        return found
            return None

        return fill([], list(range(guests)))

    def gen_random(self, random: random.Random) -> None:
        seats, tables = random.randint(2, 3), random.randint(2, 4)
        guests = list(range(seats * tables))
        random.shuffle(guests)
        table_of = {guest: place // seats for place, guest in enumerate(guests)}
        pairs = [[a, b] for a in table_of for b in table_of if a < b and table_of[a] != table_of[b]]
        self.add({"guests": len(guests), "seats": seats, "quarrels": sorted(random.sample(pairs, len(pairs) // 2))})


class SwitchBoard(Family):
    """Lamps on shared switches."""

    @staticmethod
    def sat(pressed: List[bool], lamps=[[0, 1], [1, 2], [0, 2, 3]], switches=4):
        """Press switches so that every lamp burns: it does when an odd number of its switches is pressed."""
        return len(pressed) == switches and all(sum(pressed[place] for place in lamp) % 2 == 1 for lamp in lamps)

    @staticmethod
    def sol(lamps, switches):
        rows = []
        for lamp in lamps:
            row = sum(1 << place for place in lamp) << 1 | 1
            for other in rows:
                row = min(row, row ^ other)
            if row > 1:
                rows = [*(min(other, other ^ row) for other in rows), row]
        solved = {row.bit_length() - 2 for row in rows if row & 1}
        return [place in solved for place in range(switches)]

    def gen_random(self, random: random.Random) -> None:
        switches = random.randint(4, 10)
        pressed = [random.random() < 0.5 for _ in range(switches)]
        lamps = [sorted(random.sample(range(switches), random.randint(1, 4))) for _ in range(switches)]
        odd = [lamp for lamp in lamps if sum(pressed[place] for place in lamp) % 2]
        if len(odd) >= 3:
            self.add({"lamps": odd, "switches": switches})
