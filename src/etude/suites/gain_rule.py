"""When a difference is called a gain, a loss, or noise: the one rule, and the arithmetic under it.

A gain needs both: the 95 % interval over tasks lies above nought, and a test that flips the signs of the tasks'
differences gives p below `ALPHA`. One in a hundred rather than one in twenty, because a run is looked at round by round
and the same measured base stands under all of them. With several seeds the interval over seeds must lie above nought
too. A loss is the same below nought; everything else is within noise. Where a difference is known at several budgets,
the least favourable one is the verdict.
"""

from collections.abc import Iterable, Sequence
from statistics import fmean, stdev
from typing import Literal

import numpy

from etude.records import Estimate

Call = Literal["a loss", "within noise", "not proven", "a gain"]

ALPHA = 0.01
FLIPS = 10_000
SEED = 0  # flipping is arithmetic, not an experiment: the same differences always give the same p
WORST_FIRST: tuple[Call, ...] = ("a loss", "within noise", "not proven", "a gain")
RULE = (
    f"a gain: the 95 % interval over tasks lies above 0 and sign flips over tasks give p < {ALPHA}, at the same "
    "samples and tokens, and at the same seconds where these buy the base more than twice what tokens buy; with "
    "several seeds the interval over seeds lies above 0 too. "
    "A loss: the same below 0. All else is within noise."
)
T_975 = (
    12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281,
    2.2010, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860,
    2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423,
)  # fmt: skip
"""Student's 97.5 % quantile for 1, 2, ... 30 degrees of freedom."""


def called(difference: Estimate, p: float) -> Call:
    """What a difference over tasks is called."""
    if p < ALPHA and difference.low > 0:
        return "a gain"
    if p < ALPHA and difference.high < 0:
        return "a loss"
    return "within noise"


def worst(calls: Iterable[Call]) -> Call:
    """The least favourable of several calls; nothing known is `not proven`."""
    return min(calls, key=WORST_FIRST.index, default="not proven")


def sign_flips(differences: Sequence[float], generator: numpy.random.Generator | None = None) -> float:
    """The chance of a mean at least so far from nought if each task's difference were as likely to have either sign.

    Equal sizes are flipped together, by how many of them are up: exact, and quick for any number of tasks. Fewer than
    eight tasks that differ can never give a p below 0.01.

    Args:
        differences: One number per task.
        generator: Source of the flips; by default always the same (`SEED`).
    """
    generator = numpy.random.default_rng(SEED) if generator is None else generator
    values = numpy.asarray(differences, dtype=float)
    sizes, numbers = numpy.unique(numpy.abs(values[values != 0]).round(12), return_counts=True)
    total = numpy.zeros(FLIPS)
    for size, number in zip(sizes, numbers, strict=True):
        total += size * (2.0 * generator.binomial(number, 0.5, size=FLIPS) - number)
    reached = int((numpy.abs(total) >= abs(float(values.sum())) - 1e-9).sum())
    return (1 + reached) / (1 + FLIPS)


def student(values: Sequence[float]) -> Estimate | None:
    """The mean over seeds with Student's 95 % interval, or None for fewer than two seeds."""
    if len(values) < 2:
        return None
    mean, width = fmean(values), quantile(len(values) - 1) * stdev(values) / len(values) ** 0.5
    return Estimate(value=mean, low=mean - width, high=mean + width)


def quantile(freedom: int) -> float:
    """Student's 97.5 % quantile; beyond the table by the expansion around the normal one (error below 1e-5)."""
    if freedom <= len(T_975):
        return T_975[freedom - 1]
    z = 1.959963985
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    return z + first / freedom + second / freedom**2
