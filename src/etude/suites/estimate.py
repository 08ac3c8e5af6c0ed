"""pass@k from counts, and how sure one may be of it.

pass@k is the chance that at least one of k samples of a task is right; the unbiased estimator is that of Chen et al.
2021 (arXiv 2107.03374). The interval says how far the mean over tasks would move with other tasks of the same kind; it
says nothing of other training seeds. Pure arithmetic: no records but `Estimate`, no files, no clock.
"""

from collections.abc import Mapping, Sequence

import numpy

from etude.records import Estimate

Counts = Mapping[str, tuple[int, int]]
"""Task id -> (correct, judged) samples."""

RESAMPLES = 10_000
SEED = 0  # resampling is arithmetic, not an experiment: the same counts always give the same interval
LEVEL = 0.95


def pass_at_k(n: int, c: int, k: int) -> float:
    """The chance that k samples drawn without return from n, of which c are right, hold a right one.

    The product form needs no binomials, so it neither overflows nor cancels for large n.

    Raises:
        ValueError: k is above n (nothing is known of k samples then), or the counts are impossible.
    """
    if not (0 <= c <= n and 1 <= k <= n):
        raise ValueError(f"pass@{k} of {c} right among {n} samples is not defined: 0 <= c <= n and 1 <= k <= n")
    if n - c < k:
        return 1.0
    return 1.0 - float(numpy.prod(1.0 - k / numpy.arange(n - c + 1, n + 1)))


def task_values(counts: Counts, k: int) -> dict[str, float]:
    """Task id -> pass@k, for the tasks with at least k judged samples."""
    known: dict[tuple[int, int], float] = {}
    values: dict[str, float] = {}
    for task, (correct, judged) in counts.items():
        if judged >= k:
            pair = (judged, correct)
            if pair not in known:
                known[pair] = pass_at_k(judged, correct, k)
            values[task] = known[pair]
    return values


def mean_pass(counts: Counts, k: int, generator: numpy.random.Generator | None = None) -> Estimate | None:
    """Mean pass@k over tasks with its interval, or None where no task has k judged samples."""
    values = list(task_values(counts, k).values())
    return interval(values, generator) if values else None


def interval(values: Sequence[float], generator: numpy.random.Generator | None = None) -> Estimate:
    """The mean and its 95 % percentile-bootstrap interval, tasks being drawn with return.

    Equal values are interchangeable, so the draws are counts of the distinct ones: exact, and quick for any number of
    tasks. Where all values are equal the interval has no width: the sample then holds no sign of how tasks differ.

    Args:
        values: One number per task, at least one.
        generator: Source of the draws; by default always the same (`SEED`).
    """
    generator = numpy.random.default_rng(SEED) if generator is None else generator
    distinct, numbers = numpy.unique(numpy.asarray(values, dtype=float), return_counts=True)
    total = int(numbers.sum())
    draws = generator.multinomial(total, numbers / total, size=RESAMPLES)
    tail = (1 - LEVEL) / 2
    low, high = numpy.quantile(draws @ distinct / total, [tail, 1 - tail])
    mean = float(distinct @ numbers / total)
    return Estimate(value=mean, low=min(float(low), mean), high=max(float(high), mean))


def paired_difference(
    base: Counts, other: Counts, k: int, generator: numpy.random.Generator | None = None
) -> Estimate | None:
    """Mean of (other - base) in pass@k over the tasks that both have k judged samples of, with its interval.

    Pairing by task takes out how much tasks differ in difficulty. None where there is no common task.
    """
    before, after = task_values(base, k), task_values(other, k)
    common = [task for task in before if task in after]
    return interval([after[task] - before[task] for task in common], generator) if common else None
