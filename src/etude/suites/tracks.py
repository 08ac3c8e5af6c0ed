"""What an agent solves over budget: pass@k at 1, 2, ... draws, each at the tokens and the seconds that it costs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from etude.records import Estimate
from etude.suites.estimate import interval
from etude.suites.gain_draws import SHARE, Measured, cost, values
from etude.suites.solve_map import RATES, rate

SPOTS = 12
"""Points of a track, at most about so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One point: `k` draws per task, what they cost per task, and the share of tasks that they solve.

    Attributes:
        seconds: None where nobody took the time.
    """

    k: int
    tokens: float
    seconds: float | None
    solved: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """An agent over budget, and how many of its tasks are solved never, sometimes and always."""

    name: str
    spots: tuple[Spot, ...]
    rates: Mapping[str, int]


def track(measured: Measured) -> Track:
    """The track of one measurement; it ends where too few tasks have the draws."""
    step = max(1, ceil(measured.draws / SPOTS))
    ks = sorted({1, *range(step, measured.draws + 1, step), measured.draws} - {0})
    spots = [spot for k in ks if (spot := _spot(measured, k))]
    counts = Counter(found for own in measured.passes.values() if (found := rate(own)))
    return Track(name=measured.name, spots=tuple(spots), rates={name: counts[name] for name in RATES})


def tracks(measured: Sequence[Measured]) -> tuple[Track, ...]:
    """The tracks of several measurements, in order."""
    return tuple(track(item) for item in measured)


def _spot(measured: Measured, k: int) -> Spot | None:
    known = values(measured, k)
    if not known or len(known) < SHARE * sum(bool(own) for own in measured.passes.values()):
        return None
    seconds = k * measured.seconds if measured.seconds else None
    return Spot(k=k, tokens=k * cost(measured.tokens, known), seconds=seconds, solved=interval(list(known.values())))
