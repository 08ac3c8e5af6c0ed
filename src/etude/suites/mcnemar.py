"""McNemar's exact test: of the tasks that only one of two agents solves, how unevenly are they divided?

Tasks that both solve or neither solves say nothing of a difference, so they do not count. Pure arithmetic over who
solved what; which tasks count as solved is for the caller to say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import comb


@dataclass(frozen=True, slots=True, kw_only=True)
class McNemar:
    """How two agents divide the tasks that both have tried.

    Attributes:
        p: The chance of a division at least so uneven if either agent were as likely to be the one that solves.
    """

    both: int
    only_base: int
    only_other: int
    neither: int
    p: float


def mcnemar(base: Mapping[str, bool], other: Mapping[str, bool]) -> McNemar:
    """The division of the tasks in both mappings (task id -> solved)."""
    pairs = [(solved, other[task]) for task, solved in base.items() if task in other]
    only_base, only_other = pairs.count((True, False)), pairs.count((False, True))
    return McNemar(
        both=pairs.count((True, True)),
        only_base=only_base,
        only_other=only_other,
        neither=pairs.count((False, False)),
        p=exact(only_base, only_other),
    )


def exact(one: int, another: int) -> float:
    """The two-sided probability of a division of `one` against `another`, each side being equally likely."""
    total, fewer = one + another, min(one, another)
    if one == another:
        return 1.0
    tail: int = sum(comb(total, place) for place in range(fewer + 1))
    return min(1.0, float(2 * tail / 2**total))
