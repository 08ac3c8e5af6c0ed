"""The lab as a source: what it refuses, and how much of itself it gives."""

import itertools

import pytest

from etude.errors import InputError
from etude.sources.lab import Lab


def test_an_unknown_split_or_kind_is_answered_with_the_choices():
    with pytest.raises(InputError, match="validation"):
        list(Lab(split="valid").propose(None))
    with pytest.raises(InputError, match="puzzles"):
        list(Lab(kinds=("puzzle",)).propose(None))


def test_negative_sizes_are_refused():
    with pytest.raises(InputError, match="0 or more"):
        list(Lab(size=-1).propose(None))
    with pytest.raises(InputError, match="0 or more"):
        list(Lab(given=-1).propose(None))


def test_n_and_size_bound_the_tasks():
    assert len(list(Lab().propose(None, 7))) == 7
    both = list(Lab(kinds=("functions", "puzzles"), size=5).propose(None))
    assert [task.facts.kind for task in both] == ["complete"] * 5 + ["puzzle"] * 5


def test_the_first_tasks_are_the_same_however_many_are_asked_for():
    assert list(Lab().propose(None, 5)) == list(itertools.islice(Lab().propose(None), 5))


def test_a_view_holds_neither_hidden_calls_nor_reference():
    for task in Lab(split="test", size=30).propose(None):
        view = repr(task.view())
        assert task.reference not in view
        assert not any(repr(call) in view for call in task.hidden.calls)
