"""What was measured of one agent, as draws: who passed in which order, and what a draw costs.

A draw is a first attempt; with repairs, it is a chain (a first attempt and all repairs that come of it). What could not
be judged is no draw. Values at a whole number of draws are the unbiased pass@k; between two whole numbers they are what
someone gets who tosses a coin for the last draw, so a budget in tokens has a value too, and none is extrapolated.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor
from statistics import fmean

from etude.measurement import Measurement, differences, named, told
from etude.protocols import Judged
from etude.records import Attempt, Report, TaskView, Tests, Verdict
from etude.suites.compare import title
from etude.suites.estimate import pass_at_k
from etude.suites.repairk import chains_of
from etude.tasks import Task

Pair = tuple[Attempt, Verdict]
PROTOCOL = str(Report.__dataclass_fields__["protocol"].default)
ROUNDING = 1e-9
SHARE = 0.95
"""Tasks (of those to be compared) that must have enough draws for a number to be known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """An agent's draws on a task set.

    Attributes:
        name: For people, such as `main, round 2`.
        passes: Task id -> whether each judged draw passed, in the order of the draws; empty where none was judged.
        tokens: Task id -> mean completion tokens of a draw.
        generations: Task id -> mean generations of a draw.
        ordered: The order in `passes` is that of the draws; else it is not known, and only counts mean something.
        seconds: Mean seconds of a draw, or None where nobody took the time.
        training: Completion tokens that practice has taken up to and with this round.
        seeds: Seeds of the draws.
        protocol, how: How it was measured: the estimator, and all the rest; None where it was not recorded.
        exam: Hash of the tasks, or "".
    """

    name: str
    round: int
    passes: Mapping[str, tuple[bool, ...]]
    tokens: Mapping[str, float]
    generations: Mapping[str, float]
    ordered: bool = True
    seconds: float | None = None
    training: float = 0.0
    seeds: tuple[int, ...] = ()
    protocol: str = PROTOCOL
    how: Measurement | None = None
    exam: str = ""

    @property
    def draws(self) -> int:
        """The most judged draws that any task has."""
        return max(map(len, self.passes.values()), default=0)


def of_attempts(pairs: Iterable[Pair], *, name: str, round: int, repairs: bool = False) -> Measured:
    """The draws of one agent from its attempts and verdicts.

    Args:
        repairs: A draw is a chain, and costs what the chain costs.
    """
    pairs = list(pairs)
    found = _chains(pairs) if repairs else _samples(pairs)
    return Measured(
        name=name,
        round=round,
        passes={task: tuple(draw[0] for draw in own) for task, own in found.items()},
        generations={task: fmean(draw[1] for draw in own) for task, own in found.items() if own},
        tokens={task: fmean(draw[2] for draw in own) for task, own in found.items() if own},
        seeds=tuple(sorted({attempt.seed for attempt, _ in pairs})),
    )


def of_report(report: Report) -> Measured:
    """The draws of one agent as far as a report knows them: counts per task, costs as a mean over all tasks."""
    draws = max(1, report.samples + report.unjudged)
    repairs = report.budget.get("repairs", 0.0)
    tokens = report.budget.get("completion_tokens", 0.0) / (draws + repairs)
    return Measured(
        name=title(report),
        round=report.round,
        passes={task: (True,) * right + (False,) * (seen - right) for task, (right, seen) in report.counts.items()},
        tokens=dict.fromkeys(report.counts, tokens),
        generations=dict.fromkeys(report.counts, 1.0),
        ordered=False,
        training=report.budget.get("train_tokens", 0.0),
        protocol=report.protocol,
        how=report.measurement,
        exam=report.exam,
    )


def joined(first: Measured, *more: Measured) -> Measured:
    """The draws of the same agent from several measurements; the cost of a draw is the mean over all of them."""
    whole = (first, *more)
    passes = {task: tuple(passed for each in whole for passed in each.passes.get(task, ())) for task in first.passes}

    def cost(what: str) -> dict[str, float]:
        known = {task: [each for each in whole if each.passes.get(task)] for task in first.passes}
        return {
            task: sum(getattr(each, what)[task] * len(each.passes[task]) for each in own) / len(passes[task])
            for task, own in known.items()
            if own
        }

    seeds = tuple(sorted({seed for each in whole for seed in each.seeds}))
    return replace(first, passes=passes, tokens=cost("tokens"), generations=cost("generations"), seeds=seeds,
                   ordered=all(each.ordered for each in whole))  # fmt: skip


def mismatch(one: Measured, other: Measured) -> str:
    """Why two measurements do not stand side by side, or "". What was not recorded is not known to differ."""
    if one.protocol != other.protocol:
        return f"{other.name} was measured by {other.protocol}, {one.name} by {one.protocol}"
    found = differences(one.how, other.how) if one.how and other.how else ()
    if found:
        names = f"{one.name} by protocol {named(one.how)}, {other.name} by {named(other.how)}"
        return f"{names}: {told(found)}"
    if one.exam and other.exam and one.exam != other.exam:
        return f"{one.name} and {other.name} were measured on tasks of the same ids that are not the same tasks"
    return ""


def values(measured: Measured, draws: float) -> dict[str, float]:
    """Task id -> the chance that so many draws hold a right one, for the tasks with enough of them."""
    least, most = floor(draws + ROUNDING), ceil(draws - ROUNDING)
    share = draws - least if most > least else 0.0
    found = {}
    for task, passes in measured.passes.items():
        if len(passes) >= max(most, 1):
            below = pass_at_k(len(passes), sum(passes), least) if least else 0.0
            found[task] = below + share * (pass_at_k(len(passes), sum(passes), most) - below) if share else below
    return found


def cost(of: Mapping[str, float], tasks: Iterable[str]) -> float:
    """What one draw for each of the tasks costs, per task."""
    return fmean([of[task] for task in tasks if task in of] or [0.0])


def level(one: Measured, other: Measured) -> tuple[Measured, Measured] | None:
    """Both with the same number of draws per task, the first ones of each; None where the order is not known."""
    common = {task: min(len(own), len(other.passes[task])) for task, own in one.passes.items() if task in other.passes}
    cut = [_cut(each, common) for each in (one, other)]
    return None if None in cut else (cut[0], cut[1])  # type: ignore[return-value]


def _cut(measured: Measured, numbers: Mapping[str, int]) -> Measured | None:
    if not measured.ordered and any(len(measured.passes[task]) != number for task, number in numbers.items()):
        return None
    return replace(measured, passes={task: measured.passes[task][:number] for task, number in numbers.items()})


def _samples(pairs: Sequence[Pair]) -> dict[str, list[tuple[bool, int, int]]]:
    """Task id -> (passed, generations, tokens) of its judged first attempts, each seed and sample index once."""
    found: dict[str, dict[tuple[int, int], tuple[bool, int, int]]] = defaultdict(dict)
    for attempt, verdict in sorted(pairs, key=lambda pair: (pair[0].seed, pair[0].sample_index)):
        own = found[attempt.task_id]
        if not attempt.parent and verdict.passed is not None:
            own.setdefault((attempt.seed, attempt.sample_index), (verdict.passed, 1, attempt.completion_tokens))
    return {task: list(own.values()) for task, own in found.items()}


def _chains(pairs: Sequence[Pair]) -> dict[str, list[tuple[bool, int, int]]]:
    ordered = sorted(pairs, key=lambda pair: (bool(pair[0].parent), pair[0].seed, pair[0].sample_index))
    chains = chains_of([Judged(_nameless(attempt.task_id), attempt, verdict) for attempt, verdict in ordered])
    return {task: [(chain.solved, chain.generations, chain.tokens) for chain in own] for task, own in chains.items()}


def _nameless(task_id: str) -> Task:
    """A task of which only the id is asked for."""
    return Task(facts=TaskView(task_id=task_id, kind="instruct", prompt=""), hidden=Tests())
