"""Puzzles: always answerable, never trivially, and disjoint between splits and from the base corpus."""

import contextlib
import itertools

import pytest

from etude.lab import corpus, puzzles
from etude.sources.lab import SPLITS, Lab


def run_trusted(program):
    """Our own generated code, not a model's: it may run here."""
    space = {}
    exec(program, space)
    return space


@pytest.mark.parametrize("split", SPLITS)
def test_every_reference_solves_its_puzzle_and_trivial_answers_do_not(split):
    tasks = list(Lab(split=split, kinds=("puzzles",)).propose(None))
    for task in tasks:
        space = run_trusted(task.reference)
        answer = space["sol"]()
        assert space["sat"](answer) is True
        assert type(answer).__name__ in task.facts.prompt.splitlines()[0]
        assert task.hidden.puzzle == task.facts.shown.puzzle
        assert task.facts.prompt == task.hidden.puzzle + "\n\n\ndef sol():"
    for puzzle in puzzles.puzzles(0, split):
        assert not any(puzzles.solves(puzzle, value) for value in puzzles.TRIVIAL)


def test_no_puzzle_stands_in_two_splits_whatever_the_order_of_its_conditions():
    keys = {split: [puzzle.key for puzzle in puzzles.puzzles(0, split)] for split in SPLITS}
    for split in SPLITS:
        assert len(set(keys[split])) == len(keys[split])
    for one, other in itertools.combinations(SPLITS, 2):
        assert not set(keys[one]) & set(keys[other])


def held_out_in(stream, held):
    documents = [item for item in itertools.islice(stream, 12000) if item.prompt.startswith("def sat")]
    sources = {puzzle.source for split in ("test", "validation") for puzzle in puzzles.puzzles(0, split)}
    assert len(documents) > 1000
    return sum(item.prompt.removesuffix("\n\n\ndef sol():") in sources for item in documents)


def test_held_out_puzzles_are_not_in_the_base_corpus_and_would_be_without_the_ban():
    held = puzzles.held_out_puzzles(0)
    assert held_out_in(corpus.documents(0, frozenset(), held), held) == 0
    assert held_out_in(corpus.documents(0, frozenset(), frozenset()), held) > 0


def test_a_part_of_the_answers_in_the_base_corpus_is_wrong():
    stream = (item for item in corpus.lab_documents(0) if item.prompt.startswith("def sat"))
    right = 0
    for item in itertools.islice(stream, 600):
        space = run_trusted(item.prompt + item.completion)
        with contextlib.suppress(IndexError):
            right += space["sat"](space["sol"]()) is True
    assert 0.5 < right / 600 < 0.75
