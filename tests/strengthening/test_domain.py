"""New inputs keep to what the tests show, from every generator, and the same seed makes the same inputs."""

import sys
from random import Random

import pytest

from etude.errors import MissingError
from etude.strengthening.by_hypothesis import by_hypothesis
from etude.strengthening.domain import domain_of
from etude.strengthening.drawing import drawn
from etude.strengthening.witnesses import GENERATORS, candidates

SORTED = [([1, 4, 9], 4), ([2, 3, 5, 8], 8), ([0, 6, 7], 0)]


def test_ranges_lengths_and_types_are_those_of_the_tests():
    domain = domain_of([([3, 1, 2], "ab"), ([5, 9], "xyzq")])
    assert domain.holds(([3, 3], "qa"))
    for outside in (([3, 0], "qa"), ([3], "qa"), ([3, 10], "qa"), ([3, 3.5], "qa"), ([3, 3], "a"), ([3, 3], "Q!")):
        assert not domain.holds(outside), outside
    assert not domain.holds(([3, 3],))


def test_true_is_no_number_and_a_tuple_no_list():
    domain = domain_of([(1, [2]), (0, [3])])
    assert not domain.holds((True, [2]))
    assert not domain.holds((1, (2,)))


def test_what_every_test_has_in_common_must_hold():
    domain = domain_of(SORTED)
    assert domain.holds(([2, 5, 6], 5))
    assert not domain.holds(([6, 5, 2], 5)), "every row is sorted"
    assert not domain.holds(([2, 5, 6], 3)), "the number is always in the row"


@pytest.mark.parametrize(
    ("known", "inside", "outside"),
    [
        ([("10-12-1997",), ("01-02-2003",), ("11-11-1999",)], ("12-11-1990",), ("1--211-199",)),
        ([("(())",), ("()()",), ("((()))",)], ("()()()",), ("))((",)),
        ([("one two one",), ("two two one",), ("two",), ("one",)], ("two one",), ("owt one",)),
        ([([[1, 2], [3, 4]],), ([[5, 6, 7], [1, 2, 3], [3, 4, 5]],)], ([[1, 1], [2, 2]],), ([[1, 1], [2]],)),
        ([("ab", 2), ("abcd", 4), ("abc", 3)], ("aba", 3), ("aba", 2)),
        ([([1, 2, 3], [4, 5, 6]), ([1, 2], [3, 4])], ([1, 3], [6, 6]), ([1, 3], [6, 6, 6])),
        ([(1, 5), (2, 9), (3, 4)], (2, 4), (3, 3)),
    ],
)
def test_patterns_brackets_words_tables_and_relations_are_seen(known, inside, outside):
    domain = domain_of(known)
    assert domain.holds(inside)
    assert not domain.holds(outside)


def test_few_values_make_no_fact():
    domain = domain_of([([1, 2],), ([1, 3],)])
    assert domain.holds(([3, 1],)), "two short rows are sorted by accident"


def test_every_generator_makes_inputs_of_the_domain():
    domain = domain_of(SORTED)
    for name in GENERATORS:
        made = candidates(SORTED, domain, Random(1), 60, [name])
        assert sum(domain.holds(given) for given in made) >= 5, name
        assert made == candidates(SORTED, domain, Random(1), 60, [name]), "the same seed, the same inputs"
        assert not any(given in SORTED for given in made)


def test_two_seeds_draw_different_inputs():
    domain = domain_of([([3, 1, 2], "ab"), ([5, 9], "xyzq")])
    assert drawn(domain, Random(1), 50) != drawn(domain, Random(2), 50)
    assert by_hypothesis(domain, 1, 50) == by_hypothesis(domain, 1, 50)


def test_an_open_domain_reaches_further_but_keeps_the_types():
    opened = domain_of(SORTED).opened()
    made = drawn(opened, Random(1), 300)
    assert any(number < 0 for row, _ in made for number in row)
    assert any(row == [] for row, _ in made)
    assert all(isinstance(row, list) and type(number) is int for row, number in made)


def test_without_hypothesis_a_message_says_how_to_have_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(MissingError, match="hypothesis is not installed"):
        by_hypothesis(domain_of(SORTED), 0, 10)
