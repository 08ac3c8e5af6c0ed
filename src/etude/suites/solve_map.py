"""The solve-rate map: which tasks went from never to sometimes to always, and which went back.

A task is solved never, sometimes or always by its draws. With few draws a task can move by chance alone, so the map
also names the moves that chance does not explain: Fisher's exact test on that task's draws, p below `SURE`. With four
draws or fewer on each side no move of one task can be sure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb
from typing import Literal

from etude.suites.gain_draws import Measured, level

Rate = Literal["never", "sometimes", "always"]
RATES: tuple[Rate, ...] = ("never", "sometimes", "always")
SURE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """How tasks moved from one measurement to another, at the same number of draws per task.

    Attributes:
        counts: Rate before -> rate after -> tasks.
        tasks: `never > always` and the like -> ids, for the tasks whose rate changed.
        surely_up, surely_down: Ids of tasks whose draws differ by more than chance.
    """

    base: str
    other: str
    draws: int
    counts: Mapping[str, Mapping[str, int]]
    tasks: Mapping[str, tuple[str, ...]]
    surely_up: tuple[str, ...]
    surely_down: tuple[str, ...]


def rate(passes: Sequence[bool]) -> Rate | None:
    """How often a task is solved; None where nothing is known of it."""
    if not passes:
        return None
    return "always" if all(passes) else "sometimes" if any(passes) else "never"


def moves(base: Measured, other: Measured) -> Moves | None:
    """How tasks moved from `base` to `other`; None where their draws cannot be cut to the same number."""
    both = level(base, other)
    if both is None:
        return None
    before, after = (each.passes for each in both)
    known = {task: (rate(own), rate(after[task])) for task, own in before.items() if own and after[task]}
    changed: dict[str, list[str]] = {}
    for task, (one, another) in known.items():
        if one != another:
            changed.setdefault(f"{one} > {another}", []).append(task)
    sure = [task for task in known if fisher(before[task], after[task]) < SURE]
    rising = {task for task in sure if _share(after[task]) > _share(before[task])}
    pairs = list(known.values())
    return Moves(
        base=base.name,
        other=other.name,
        draws=both[0].draws,
        counts={one: {another: pairs.count((one, another)) for another in RATES} for one in RATES},
        tasks={name: tuple(ids) for name, ids in sorted(changed.items())},
        surely_up=tuple(task for task in sure if task in rising),
        surely_down=tuple(task for task in sure if task not in rising),
    )


def paths(rounds: Sequence[Measured]) -> dict[str, tuple[Rate | None, ...]]:
    """Task id -> its rate in each measurement, each over all draws that there are."""
    names = dict.fromkeys(task for each in rounds for task in each.passes)
    return {task: tuple(rate(each.passes.get(task, ())) for each in rounds) for task in names}


def fisher(one: Sequence[bool], another: Sequence[bool]) -> float:
    """Fisher's exact two-sided p that two sets of draws have the same rate."""
    right, total = sum(one) + sum(another), len(one) + len(another)
    ways = [comb(len(one), here) * comb(len(another), right - here) for here in range(right + 1)]
    seen = ways[sum(one)]
    return sum(way for way in ways if way <= seen) / comb(total, right)


def _share(passes: Sequence[bool]) -> float:
    return sum(passes) / len(passes)
