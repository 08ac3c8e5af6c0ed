"""repair@k beside pass@k, at what each really costs.

A chain is a first attempt and the repairs that come of it; it is solved where any end of it passes. pass@k counts first
attempts only, so one measurement gives both: what the model would do with k samples, and with k chains. Since a chain
costs more than a sample, both are given as curves over generations and tokens (Olausson et al., arXiv 2306.09896), and
the crossover, where there is one, is the budget from which repairing is the better use of it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from etude.curators.order import ancestors
from etude.protocols import Judged, State
from etude.records import Point, Report, identify
from etude.suites.estimate import Counts, mean_pass, task_values
from etude.suites.passk import PassAtK


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairAtK(PassAtK):
    """As `PassAtK`, for an examiner that repairs."""

    def report(self, name: str, judged: Sequence[Judged], state: State) -> Report:
        """The numbers of `PassAtK`, and those of the chains: `repair_at`, `curves` and what a solved task costs."""
        plain = PassAtK.report(self, name, judged, state)
        chains = chains_of(judged)
        counts = {task: (sum(chain.solved for chain in own), len(own)) for task, own in chains.items()}
        known = {k: mean_pass(counts, k) for k in sorted(set(self.k)) if k <= self.n}
        curves = {
            "samples": curve(plain.counts, {task: _means(own, repairs=False) for task, own in chains.items()}, self.n),
            "chains": curve(counts, {task: _means(own, repairs=True) for task, own in chains.items()}, self.n),
        }
        spent = {
            f"{what} per solved task, {way}": value
            for way, of, repairs in (("samples", plain.counts, False), ("chains", counts, True))
            for what, value in per_solved(of, {task: _means(own, repairs=repairs) for task, own in chains.items()})
        }
        return replace(
            plain,
            repair_at={str(k): estimate for k, estimate in known.items() if estimate},
            curves=curves,
            budget={**plain.budget, **spent},
        )


class Chain(NamedTuple):
    """A first attempt with its repairs: whether any passes, and what was generated."""

    solved: bool
    generations: int
    tokens: int
    first_tokens: int


def chains_of(judged: Sequence[Judged]) -> dict[str, list[Chain]]:
    """Task id -> its chains. A chain in which something could not be judged and nothing passed is left out."""
    attempts = {identify(item.attempt): item.attempt for item in judged}
    groups: dict[str, dict[str, list[Judged]]] = defaultdict(lambda: defaultdict(list))
    for name, item in zip(attempts, judged, strict=True):
        above = ancestors(item.attempt, attempts)
        groups[item.task.task_id][identify(above[-1]) if above else name].append(item)
    found = {task: [_chain(items) for items in own.values()] for task, own in groups.items()}
    return {task: [chain for chain in own if chain is not None] for task, own in found.items()}


def _chain(items: Sequence[Judged]) -> Chain | None:
    verdicts = [item.verdict.passed for item in items]
    if None in verdicts and True not in verdicts:
        return None
    tokens = [item.attempt.completion_tokens for item in items]
    first = sum(item.attempt.completion_tokens for item in items if not item.attempt.parent)
    return Chain(True in verdicts, len(items), sum(tokens), first)


def _means(chains: Sequence[Chain], *, repairs: bool) -> tuple[float, float]:
    """Mean generations and completion tokens of a chain, or of its first attempt alone."""
    number = max(1, len(chains))
    if not repairs:
        return 1.0, sum(chain.first_tokens for chain in chains) / number
    return sum(chain.generations for chain in chains) / number, sum(chain.tokens for chain in chains) / number


def curve(counts: Counts, costs: Mapping[str, tuple[float, float]], n: int) -> tuple[Point, ...]:
    """The share of tasks solved with 1, 2, ... n draws, each point at the mean generations and tokens it costs."""
    points = []
    for k in range(1, n + 1):
        values = task_values(counts, k)
        if not values:
            break
        generations, tokens = (sum(costs[task][place] for task in values) * k / len(values) for place in (0, 1))
        value = sum(values.values()) / len(values)
        points.append(Point(generations=round(generations, 4), tokens=round(tokens, 2), value=round(value, 6)))
    return tuple(points)


def per_solved(counts: Counts, costs: Mapping[str, tuple[float, float]]) -> list[tuple[str, float]]:
    """Generations and tokens per solved task, for someone who draws until a draw is right or all are used up.

    Of n draws in random order with c right ones, the first right one is expected at place (n + 1) / (c + 1).
    """
    draws = {task: (n + 1) / (c + 1) if c else float(n) for task, (c, n) in counts.items() if n}
    solved = sum(counts[task][0] > 0 for task in draws)
    if not solved:
        return []
    totals = [sum(draws[task] * costs[task][place] for task in draws) for place in (0, 1)]
    return [("generations", round(totals[0] / solved, 3)), ("tokens", round(totals[1] / solved, 2))]


def crossover(samples: Sequence[Point], chains: Sequence[Point]) -> float | None:
    """The least tokens per task from which chains solve at least as much as samples; None where they never do.

    Between points the curve of samples is taken as straight; beyond its last point nothing is claimed.
    """
    better = [
        (point.tokens, point.value >= value) for point in chains if (value := at(samples, point.tokens)) is not None
    ]
    from_here: float | None = None
    for tokens, is_better in reversed(better):
        if not is_better:
            break
        from_here = tokens
    return from_here


def at(points: Sequence[Point], tokens: float) -> float | None:
    """The value of a curve at a number of tokens; None outside of it."""
    for before, after in pairwise(points):
        if before.tokens <= tokens <= after.tokens:
            width = after.tokens - before.tokens
            share = (tokens - before.tokens) / width if width else 1.0
            return before.value + share * (after.value - before.value)
    return points[0].value if points and points[0].tokens == tokens else None
