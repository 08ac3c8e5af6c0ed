"""pass@k against published values, brute force and a published run."""

import gzip
import itertools
import json
import os
from pathlib import Path

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as some

from etude.suites.estimate import interval, mean_pass, paired_difference, pass_at_k, task_values

GOLDEN = [
    ((10, 0, 5), 0), ((10, 1, 1), 0.1), ((10, 1, 5), 0.5), ((10, 3, 2), 0.533333), ((10, 8, 5), 1),
    ((100, 7, 10), 0.533260), ((1000, 5, 100), 0.410168),
]  # fmt: skip


@pytest.mark.parametrize(("counts", "value"), GOLDEN)
def test_pass_at_k_gives_the_published_values(counts, value):
    assert pass_at_k(*counts) == pytest.approx(value, abs=5e-7)


@given(some.integers(1, 8), some.data())
def test_pass_at_k_is_the_share_of_subsets_with_a_right_sample(n, data):
    c, k = data.draw(some.integers(0, n)), data.draw(some.integers(1, n))
    subsets = list(itertools.combinations([True] * c + [False] * (n - c), k))
    assert pass_at_k(n, c, k) == pytest.approx(sum(map(any, subsets)) / len(subsets))


@pytest.mark.parametrize("counts", [(4, 2, 5), (4, 5, 2), (4, -1, 2), (4, 2, 0), (0, 0, 1)])
def test_pass_at_k_of_impossible_counts_is_refused(counts):
    with pytest.raises(ValueError, match="not defined"):
        pass_at_k(*counts)


def test_pass_at_k_neither_overflows_nor_leaves_the_unit_interval():
    for c in (0, 1, 50_000, 99_999, 100_000):
        assert 0 <= pass_at_k(100_000, c, 1000) <= 1
    assert pass_at_k(100_000, 1, 1) == pytest.approx(1e-5)


def test_tasks_with_too_few_judged_samples_are_left_out():
    counts = {"a": (1, 2), "b": (2, 10), "c": (0, 0)}
    assert set(task_values(counts, 1)) == {"a", "b"}
    assert set(task_values(counts, 5)) == {"b"}
    assert mean_pass({"c": (0, 0)}, 1) is None


def test_the_interval_is_that_of_drawing_tasks_with_return():
    values = numpy.random.default_rng(5).choice([0, 0.1, 0.4, 1.0], size=120)
    found = interval(values.tolist())
    plain = numpy.random.default_rng(1).choice(values, size=(20_000, 120)).mean(axis=1)
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx(tuple(numpy.quantile(plain, [0.025, 0.975])), abs=0.006)
    assert found == interval(values.tolist())


def test_about_95_of_100_intervals_hold_the_truth():
    chance = numpy.random.default_rng(2)
    held = 0
    for _ in range(300):
        seen = interval(chance.binomial(1, 0.3, size=100).tolist(), chance)
        held += seen.low <= 0.3 <= seen.high
    assert 0.90 <= held / 300 <= 0.98


def test_pairing_by_task_narrows_the_interval_and_keeps_the_mean():
    chance = numpy.random.default_rng(3)
    base = {str(task): (int(correct), 10) for task, correct in enumerate(chance.integers(0, 10, 80))}
    other = {task: (correct + 1, 10) for task, (correct, _) in base.items()}
    found = paired_difference(base, other, 1)
    assert found.value == pytest.approx(0.1)
    assert found.high - found.low < 1e-9 < mean_pass(base, 1).high - mean_pass(base, 1).low


def test_a_difference_is_over_common_tasks_only():
    base, other = {"a": (0, 10), "b": (10, 10)}, {"a": (10, 10), "c": (10, 10)}
    assert paired_difference(base, other, 1).value == 1.0
    assert paired_difference(base, {"c": (1, 10)}, 1) is None


DATA = Path(os.environ.get("ETUDE_DATA", "../shared/data")) / "drboot_outcomes"
RUNS = [
    ("test_full_bootstrap_mbpp_1", "full_feedback_test", (13.86, 20.5378, 29.3270, 35.6)),
    ("test_full_bootstrap_mbpp_1", "full_feedback_repair_test", (18.86, 26.28, 35.3476, 41.2)),
    ("test_simple_bootstrap_mbpp_2", "simple_feedback_test", (12.08, 18.48, 27.9619, 35.0)),
]


@pytest.mark.data
@pytest.mark.parametrize(("run", "part", "values"), RUNS)
def test_published_outcomes_give_the_published_table(run, part, values):
    file = DATA / "mbpp_test" / f"{run}.json.gz"
    if not file.exists():
        pytest.skip(f"{file} is not there; set ETUDE_DATA")
    outcome = json.loads(gzip.decompress(file.read_bytes()))[part][0]
    correct = outcome["total_correct"]
    counts = {str(place): (right, outcome["n"]) for place, right in enumerate(correct)}
    assert len(counts) == 500
    for k, value in zip((1, 2, 5, 10), values, strict=True):
        estimate = mean_pass(counts, k)
        assert 100 * estimate.value == pytest.approx(value, abs=5e-5)
        assert 0.01 < estimate.value - estimate.low < 0.05
