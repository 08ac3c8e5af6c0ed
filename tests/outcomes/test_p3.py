"""The published P3 outcomes counted again, and what is said of files that are none."""

import gzip
import json
from pathlib import Path

import pytest

from etude.errors import InputError
from etude.outcomes.p3 import tables

INDEPENDENT = {"experiment": "short", "engine": "some-model", "n": 4, "sat_sols": [
    {"sat": "def f(x: int): return x > 3", "n_sols": 1, "sol_counts": [["4", 1]]},
    {"sat": "def f(x: int): return x < x", "n_sols": 0, "sol_counts": []},
]}  # fmt: skip
LEARNING = {"experiment": "bootstrap", "engine": "some-model", "n": 10, "sat_sols": [
    {"sat": "a", "failures": 0, "sol": "def g(): return 1", "prompt": ""},
    {"sat": "b", "failures": 9, "sol": "def g(): return 2", "prompt": ""},
    {"sat": "c", "failures": 10, "sol": "def g(): return 3", "prompt": ""},
    {"sat": "d", "failures": 12},
]}  # fmt: skip


def written(folder: Path, value: object) -> Path:
    path = folder / "results.json"
    path.write_text(json.dumps(value))
    return path


def test_independent_attempts_are_counted_by_the_unbiased_estimator(tmp_path):
    passes, counts = tables(written(tmp_path, [{**INDEPENDENT, "n": 20}]))
    assert passes.rows == (("short", "2.50", "25.00", "", ""),)  # half of 1/20 and of 10/20; 100 attempts were not made
    assert counts.rows == (("short", "2", "20", "1", "1"),)


def test_attempts_that_learn_count_by_the_first_right_one(tmp_path):
    passes, counts = tables(written(tmp_path, [LEARNING]))
    assert passes.rows == (("bootstrap", "25.00", "50.00", "", ""),)
    assert counts.rows == (("bootstrap", "4", "12", "3", ""),)
    assert "1 more solved after attempt 10" in passes.notes[0]


def test_a_number_that_the_file_says_otherwise_of_itself_is_named(tmp_path):
    passes, _ = tables(written(tmp_path, [{**INDEPENDENT, "pass@k": [[1, 0.125], [4, 0.75]]}]))
    assert passes.notes == ("short: the file itself says 75.00 at 4.",)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({}, "no list of experiments"),
        ([], "no list of experiments"),
        ([3], "experiment 1 has no name"),
        ([{"experiment": "short", "n": 0, "sat_sols": [{}]}], "no number of attempts"),
        ([INDEPENDENT, {"experiment": "med", "n": 3, "sat_sols": []}], "experiment 2"),
        ([{**INDEPENDENT, "sat_sols": [{"n_sols": 5}]}], "puzzle 1: n_sols is 5"),
        ([{**INDEPENDENT, "sat_sols": [{"n_sols": True}]}], "puzzle 1: n_sols is True"),
        ([{**INDEPENDENT, "sat_sols": [{"n_sols": 1}, {"failures": 1}]}], "puzzle 2: n_sols is None"),
    ],
)
def test_a_file_of_another_form_is_refused_with_the_place(tmp_path, value, said):
    with pytest.raises(InputError, match=said):
        tables(written(tmp_path, value))


def test_a_file_that_is_no_json_is_refused(tmp_path):
    path = tmp_path / "results.json.gz"
    path.write_bytes(gzip.compress(b"[1, "))
    with pytest.raises(InputError, match="line 1"):
        tables(path)


@pytest.mark.data
def test_the_published_table_comes_out_to_a_hundredth(data):
    passes, counts = tables(data("p3/results_397_cushman_codex_1k_full.json.gz"))
    assert [row[0] for row in passes.rows] == ["short", "medium", "long", "bootstrap"]
    rounded = [[round(float(cell), 1) for cell in row[1:]] for row in passes.rows]
    assert rounded == [
        [2.2, 8.7, 19.4, 30.0],
        [7.1, 26.7, 51.5, 69.0],
        [14.9, 42.4, 63.8, 76.6],
        [8.8, 29.2, 51.6, 69.8],
    ]
    assert [row[3] for row in counts.rows] == ["119", "274", "304", "278"]
    assert [row[4] for row in counts.rows] == ["8,876", "28,345", "59,315", ""]
    assert [row[2] for row in counts.rows] == ["1,000", "1,000", "1,000", "1,024"]


@pytest.mark.data
def test_our_count_agrees_with_what_the_published_file_says_of_itself(data):
    passes, _ = tables(data("p3/results_397_cushman_codex_1k_full.json.gz"))
    assert not [note for note in passes.notes if "the file itself says" in note]
    assert "1 more solved after attempt 1,000" in passes.notes[0]
