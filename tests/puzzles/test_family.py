"""How families become instances: the example first, by rule, by chance, each once, the same everywhere."""

import json
import random
from typing import List  # noqa: UP035

import pytest

from etude.errors import InputError
from etude.puzzles.family import Family
from etude.puzzles.instance import Instance, as_row, from_row


class Halves(Family):
    notes = "for tests"

    @staticmethod
    def sat(answer: int, total=10, name="ten"):
        """Find half of the total."""
        # the comment would give it away: total // 2
        return 2 * answer == total

    @staticmethod
    def sol(total, name):
        return total // 2

    @staticmethod
    def sol_slowly(total, name):
        """By counting."""
        for number in range(total + 1):
            if 2 * number == total:
                return number

    def gen(self, target):
        self.add({"total": 20, "name": "twenty"})
        self.add({"total": 10})  # the example again

    def gen_random(self, random):
        self.add({"total": 2 * random.randint(0, 3)})


def test_an_instance_has_the_published_form():
    instance = Halves().build(1)[0]
    assert instance == Instance(
        name="Halves:0",
        sat="def sat(answer: int, total=10, name='ten'):\n    return 2 * answer == total",
        ans_type="int",
        sol_header="def sol(total=10, name='ten'):",
        sol_docstring='    """Find half of the total."""',
        sol_bodies=(
            "    return total // 2",
            "    for number in range(total + 1):\n        if 2 * number == total:\n            return number",
        ),
        module="test_family.py",
        notes="for tests",
    )


def test_example_rule_and_chance_come_in_this_order_and_no_input_comes_twice():
    built = Halves().build(5)
    totals = [instance.sol_header for instance in built]
    assert totals[:2] == ["def sol(total=10, name='ten'):", "def sol(total=20, name='twenty'):"]
    assert len(set(totals)) == len(totals) == 5
    assert [instance.name for instance in built] == [f"Halves:{number}" for number in range(5)]


def test_a_family_that_runs_dry_gives_what_there_is():
    assert len(Halves().build(50)) == 6  # example, twenty, and the totals 0, 2, 4, 6


def test_no_more_than_asked_for_and_a_second_build_is_the_first():
    family = Halves()
    assert len(family.build(2)) == 2
    assert family.build(4) == family.build(4) == Halves().build(4)


def test_another_seed_draws_others_and_chance_does_not_depend_on_what_was_drawn_before():
    class Wide(Halves):
        def gen_random(self, random):
            self.add({"total": random.randint(0, 10**9)})

    random.seed(1)
    first = Wide().build(6)
    random.seed(2)
    assert Wide().build(6) == first
    other = Wide().build(6, seed=1)
    assert other[:2] == first[:2]
    assert not set(other[2:]) & set(first[2:])


def test_the_seed_is_the_name():
    class Left(Halves):
        def gen_random(self, random):
            self.add({"total": random.randint(0, 10**9)})

    class Right(Left):
        pass

    assert [item.sat for item in Left().build(6)][2:] != [item.sat for item in Right().build(6)][2:]


def test_an_instance_that_is_too_hard_for_the_solutions_carries_none_and_may_have_more_time():
    class Hard(Halves):
        weight = 2.0

        def gen(self, target):
            self.add({"total": 7}, test=False, multiplier=3.0)

    example, hard = Hard().build(2)
    assert (len(example.sol_bodies), example.weight) == (2, 2.0)
    assert (hard.sol_bodies, hard.weight) == ((), 6.0)


def test_an_instance_survives_json():
    for instance in Halves().build(4):
        row = json.loads(json.dumps(as_row(instance)))
        assert set(row) == {
            "name", "sat", "ans_type", "sol_header", "sol_docstring", "sol_bodies", "module", "notes", "weight",
        }  # fmt: skip
        assert from_row(row) == instance


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sat": 3}, "wrong type"),
        ({"extra": ""}, "fields extra"),
        ({"weight": "1"}, "wrong type"),
        ({"weight": True}, "wrong type"),
        ({"sol_bodies": [1]}, "wrong type"),
        ({"sol_bodies": 1}, "wrong type"),
    ],
)
def test_a_row_of_another_form_is_refused(change, said):
    with pytest.raises(InputError, match=said):
        from_row({**as_row(Halves().build(1)[0]), **change})


OUTSIDE = 3


class WithNoDefault(Family):
    @staticmethod
    def sat(answer: int, total):
        return answer == total


class WithNoType(Family):
    @staticmethod
    def sat(answer, total=1):
        return answer == total


class WithTuple(Family):
    @staticmethod
    def sat(answer: tuple[int, int], total=1):
        return answer[0] == total


class WithOutside(Family):
    @staticmethod
    def sat(answer: int, total=1):
        return answer == OUTSIDE


class WithStars(Family):
    @staticmethod
    def sat(answer: int, *totals):
        return answer in totals


class WithComputed(Family):
    @staticmethod
    def sat(answer: int, total=OUTSIDE):
        return answer == total


class WithSet(Family):
    @staticmethod
    def sat(answer: int, totals=frozenset([1])):
        return answer in totals


class WithNothing(Family):
    pass


@pytest.mark.parametrize(
    ("family", "said"),
    [
        (WithNoDefault, "WithNoDefault.sat takes"),
        (WithNoType, "annotates its answer with nothing"),
        (WithTuple, "annotates its answer with tuple"),
        (WithOutside, "uses OUTSIDE from outside"),
        (WithStars, "WithStars.sat takes"),
        (WithComputed, "is no literal"),
        (WithSet, "is no literal"),
        (WithNothing, "has no sat"),
    ],
)
def test_a_malformed_family_is_refused_by_name(family, said):
    with pytest.raises(InputError, match=said):
        family()


def test_a_solution_with_other_inputs_is_refused():
    class Other(Halves):
        @staticmethod
        def sol_other(total):
            return total // 2

    with pytest.raises(InputError, match=r"Other.sol_other takes \(total\)"):
        Other().build(1)


@pytest.mark.parametrize("value", [(1, 2), {1}, float("nan"), 1j, object(), b"x"])
def test_an_input_that_does_not_survive_json_and_source_is_refused(value):
    with pytest.raises(InputError, match="input total"):
        Halves().add({"total": value})


def test_an_unknown_input_is_refused():
    with pytest.raises(InputError, match="no input totl"):
        Halves().add({"totl": 3})


def test_lists_keep_their_types_in_the_source():
    class Lists(Family):
        @staticmethod
        def sat(answer: List[List[int]], rows: List[int] = [1, 2], flag=True, rate=0.5):  # noqa: B006, UP006
            return answer == [rows] and flag and rate

    [instance] = Lists().build(1)
    assert instance.sat.startswith("def sat(answer: List[List[int]], rows=[1, 2], flag=True, rate=0.5):\n")
    assert instance.ans_type == "List[List[int]]"
