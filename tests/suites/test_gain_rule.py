"""The rule that calls a difference a gain, and the arithmetic under it."""

import itertools
from statistics import NormalDist

import numpy
import pytest

from etude.records import Estimate
from etude.suites.gain_rule import ALPHA, called, quantile, sign_flips, student, worst


def estimate(value: float, low: float, high: float) -> Estimate:
    return Estimate(value=value, low=low, high=high)


@pytest.mark.parametrize(
    ("low", "high", "p", "call"),
    [
        (0.01, 0.05, 0.001, "a gain"),
        (0.01, 0.05, 0.02, "within noise"),
        (-0.01, 0.05, 0.001, "within noise"),
        (0.0, 0.05, 0.001, "within noise"),
        (-0.05, -0.01, 0.001, "a loss"),
        (-0.05, -0.01, 0.02, "within noise"),
        (-0.05, 0.0, 0.001, "within noise"),
    ],
)
def test_a_call_needs_interval_and_p(low: float, high: float, p: float, call: str) -> None:
    assert called(estimate((low + high) / 2, low, high), p) == call


def test_the_least_favourable_call_is_the_verdict() -> None:
    assert worst(["a gain", "a gain"]) == "a gain"
    assert worst(["a gain", "not proven"]) == "not proven"
    assert worst(["not proven", "within noise", "a gain"]) == "within noise"
    assert worst(["a gain", "a loss", "within noise"]) == "a loss"
    assert worst([]) == "not proven"


def test_sign_flips_agree_with_all_flips_counted_out() -> None:
    values = [0.5, 0.25, -0.1, 0.3, 0.0, 0.2, 0.4, -0.05, 0.6, 0.15]
    moved = [value for value in values if value]
    sums = [
        abs(sum(s * v for s, v in zip(signs, moved, strict=True))) for signs in itertools.product((1, -1), repeat=9)
    ]
    whole = sum(each >= abs(sum(moved)) - 1e-12 for each in sums) / len(sums)
    assert sign_flips(values) == pytest.approx(whole, abs=0.01)
    assert sign_flips(values) == sign_flips([-value for value in values]) == sign_flips(values)


def test_few_tasks_can_never_be_a_gain() -> None:
    assert sign_flips([0.5] * 7) > ALPHA
    assert sign_flips([0.5] * 9) < ALPHA
    assert sign_flips([]) == sign_flips([0.0] * 50) == 1.0


def test_p_is_even_where_nothing_differs() -> None:
    """Under the null hypothesis p is below x in a share x of the cases."""
    generator = numpy.random.default_rng(5)
    found = numpy.array([sign_flips(generator.normal(0, 1, 40)) for _ in range(150)])
    assert 0.35 < (found < 0.5).mean() < 0.65
    assert (found < 0.1).mean() < 0.2


def test_student_is_the_textbook_interval() -> None:
    assert student([0.1]) is None
    found = student([0.01, 0.03, 0.05])
    assert found is not None
    half = 4.3027 * 0.02 / 3**0.5
    assert (found.value, found.low, found.high) == pytest.approx((0.03, 0.03 - half, 0.03 + half), abs=1e-6)


def test_quantiles_fall_to_the_normal_one_without_a_step() -> None:
    found = [quantile(freedom) for freedom in range(1, 400)]
    assert found == sorted(found, reverse=True)
    assert quantile(60) == pytest.approx(2.0003, abs=1e-4)
    assert quantile(120) == pytest.approx(1.9799, abs=1e-4)
    assert quantile(10**6) == pytest.approx(NormalDist().inv_cdf(0.975), abs=1e-5)
