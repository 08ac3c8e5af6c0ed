"""McNemar's exact test against values worked out by hand and published ones."""

import pytest

from etude.suites.mcnemar import exact, mcnemar


@pytest.mark.parametrize(
    ("one", "another", "p"),
    [
        (0, 0, 1.0),
        (1, 0, 1.0),
        (5, 0, 2 / 2**5),
        (8, 1, 20 / 2**9),  # 2 * (1 + 9) / 512
        (10, 2, 2 * (1 + 12 + 66) / 2**12),
        (6, 6, 1.0),
        (7, 5, 2 * (1 + 12 + 66 + 220 + 495 + 792) / 2**12),
        (0, 40, 2 / 2**40),
    ],
)
def test_the_probability_is_the_binomial_one(one: int, another: int, p: float) -> None:
    assert exact(one, another) == pytest.approx(p)
    assert exact(another, one) == exact(one, another)


def test_only_tasks_of_both_count_and_each_is_in_one_cell() -> None:
    base = {"a": True, "b": True, "c": False, "d": False, "e": True, "only here": True}
    other = {"a": True, "b": False, "c": True, "d": False, "e": False, "only there": True}
    found = mcnemar(base, other)
    assert (found.both, found.only_base, found.only_other, found.neither) == (1, 2, 1, 1)
    assert found.p == pytest.approx(1.0)
