"""The gain of an agent over the base model resampled: at the same samples, the same tokens, the same seconds.

A round's agent with k draws spends tokens; the base gets as many draws as those tokens buy. Everything is paired by
task. What the base has too few draws for is said to be unknown, never extrapolated. The rule that turns a difference
into words is that of `etude.suites.gain_rule`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from statistics import fmean
from typing import Literal

from etude.errors import InputError
from etude.records import Estimate
from etude.suites.estimate import interval, paired_difference
from etude.suites.gain_draws import ROUNDING, SHARE, Measured, cost, level, mismatch, values
from etude.suites.gain_rule import Call, called, sign_flips, student, worst
from etude.suites.mcnemar import McNemar, mcnemar

Budget = Literal["samples", "tokens", "seconds", "training"]
LOAD = 2.0
"""Seconds depend on what else the machine did: up to this factor they are shown and do not decide."""
POINTS = 12
"""Points of a curve, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resampled:
    """An agent against the base at one budget.

    Attributes:
        budget: What is equal: `samples`, `tokens`, `seconds`, or tokens with those of `training` shared out over the
            tasks. The last does not decide: how far training is shared out depends on how many tasks one has.
        draws: Draws of the base per task that the budget buys.
        tasks: Tasks with enough draws in both; the numbers are over these.
        base, other: What each solves, or None where it is not known.
        by_task: Task id -> difference.
        note: Why the call is `not proven`, or "".
    """

    budget: Budget
    draws: float
    tasks: int = 0
    base: float | None = None
    other: float | None = None
    difference: Estimate | None = None
    p: float | None = None
    call: Call = "not proven"
    note: str = ""
    by_task: dict[str, float] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One point of both curves over budget: `k` draws of the other, and what the base makes of the same budget.

    Attributes:
        spent: Completion tokens, or seconds, per task.
    """

    k: int
    spent: float
    base_draws: float
    base: float
    other: float
    difference: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Collapse:
    """pass@1 against pass@k at the same samples.

    Attributes:
        collapsing: pass@1 went up and pass@k went down, both intervals clear of nought.
    """

    k: int
    at_one: Estimate
    at_k: Estimate
    collapsing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """How an agent stands to the base.

    Attributes:
        k: Draws of the agent that the calls are about.
        call: The least favourable call over the budgets that decide.
        words: The same as a sentence.
        mcnemar: Over tasks that at least one draw solves, at the same number of draws.
        wanted: Draws per task that the base would need for all budgets that decide; 0 where it has enough.
        deciding: The budgets that the call is about.
    """

    base: str
    other: str
    round: int
    k: int
    budgets: tuple[Resampled, ...]
    call: Call
    words: str
    mcnemar: McNemar | None
    collapse: Collapse | None
    wanted: int
    deciding: tuple[Budget, ...] = ("samples", "tokens")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """One gain over several seeds.

    Attributes:
        by_seed: The difference of each seed at the same samples.
        over_tasks: Of the differences averaged over seeds.
        over_seeds: Student's interval, or None for one seed.
    """

    budget: Budget
    by_seed: tuple[float, ...]
    over_tasks: Estimate
    over_seeds: Estimate | None
    p: float
    call: Call


def gain(base: Measured, other: Measured, *, k: int = 1, any_protocol: bool = False) -> Gain:
    """How `other` stands to `base` resampled.

    Args:
        any_protocol: Compare what was measured in different ways too; whoever asks for it says so beside the numbers.

    Raises:
        InputError: The two are of different protocols, or have no task with k draws in common.
    """
    if (why := mismatch(base, other)) and not any_protocol:
        raise InputError(
            why,
            expected="one protocol for both",
            fix="measure both again in the same way; --any-protocol compares them all the same, and says so",
        )
    common = [task for task in values(other, k) if base.passes.get(task)]
    if not common:
        raise InputError(
            f"{base.name} and {other.name} have no task with {k} judged samples in common",
            expected="two measurements on the same task set",
            fix=f"draw {k} or more samples per task, or ask for a smaller k",
        )
    budgets = tuple(at_budget(base, other, k, name, draws) for name, draws in _bought(base, other, k, common).items())
    deciding = _deciding(budgets)
    call = worst(item.call for item in deciding)
    lacking = [ceil(item.draws - ROUNDING) for item in deciding if item.difference is None]
    return Gain(
        base=base.name,
        other=other.name,
        round=other.round,
        k=k,
        budgets=budgets,
        call=call,
        words=words(base.name, other.name, k, budgets, call),
        mcnemar=solved(base, other),
        collapse=collapse(base, other),
        wanted=max(lacking, default=0),
        deciding=tuple(item.budget for item in deciding),
    )


def _deciding(budgets: Sequence[Resampled]) -> list[Resampled]:
    """Samples and tokens; seconds where they buy the base far more than tokens do, so that load is no excuse."""
    known = {item.budget: item for item in budgets}
    usual = known.get("tokens", known["samples"]).draws
    slow = "seconds" in known and known["seconds"].draws > LOAD * usual
    return [item for item in budgets if item.budget in ("samples", "tokens") or (slow and item.budget == "seconds")]


def _bought(base: Measured, other: Measured, k: int, tasks: Sequence[str]) -> dict[Budget, float]:
    """Budget -> draws of the base that it buys."""
    found: dict[Budget, float] = {"samples": float(k)}
    price, spent = cost(base.tokens, tasks), k * cost(other.tokens, tasks)
    if price and spent:
        found["tokens"] = spent / price
    if base.seconds and other.seconds:
        found["seconds"] = k * other.seconds / base.seconds
    if price and other.training > base.training:
        found["training"] = (spent + (other.training - base.training) / len(tasks)) / price
    return found


def at_budget(base: Measured, other: Measured, k: int, budget: Budget, draws: float) -> Resampled:
    """The difference where `other` has k draws and `base` so many; unknown where too few of its tasks have them."""
    ours, theirs = values(base, draws), values(other, k)
    common = [task for task in theirs if task in ours]
    if len(common) < SHARE * len(theirs) or not common:
        needed = ceil(draws - ROUNDING)
        note = f"{base.name} would need {needed} samples per task and has {base.draws}"
        return Resampled(budget=budget, draws=draws, tasks=len(common), note=note)
    by_task = {task: theirs[task] - ours[task] for task in common}
    difference, p = interval(list(by_task.values())), sign_flips(list(by_task.values()))
    return Resampled(
        budget=budget,
        draws=draws,
        tasks=len(common),
        base=fmean(ours[task] for task in common),
        other=fmean(theirs[task] for task in common),
        difference=difference,
        p=p,
        call=called(difference, p),
        by_task=by_task,
    )


def solved(base: Measured, other: Measured) -> McNemar | None:
    """McNemar on the tasks that at least one draw solves, over the same number of draws of each."""
    both = level(base, other)
    if both is None:
        return None
    first, second = ({task: any(own) for task, own in each.passes.items() if own} for each in both)
    return mcnemar(first, second)


def collapse(base: Measured, other: Measured) -> Collapse | None:
    """Whether pass@1 rose while pass@k fell, k being the most draws that both have; None for fewer than two."""
    k = next((k for k in range(min(base.draws, other.draws), 1, -1) if _known(base, k) and _known(other, k)), 0)
    if not k:
        return None
    both = [{task: (sum(own), len(own)) for task, own in each.passes.items()} for each in (base, other)]
    at_one, at_k = (paired_difference(both[0], both[1], here) for here in (1, k))
    if at_one is None or at_k is None:
        return None
    return Collapse(k=k, at_one=at_one, at_k=at_k, collapsing=at_one.low > 0 and at_k.high < 0)


def _known(measured: Measured, k: int) -> bool:
    return len(values(measured, k)) >= SHARE * sum(bool(own) for own in measured.passes.values())


def curve(base: Measured, other: Measured, budget: Literal["tokens", "seconds"] = "tokens") -> tuple[Point, ...]:
    """Both over budget: at each number of the other's draws, what the base makes of the same tokens or seconds.

    It ends where the base, or the other, has too few draws; where nobody took the time it has no points.
    """
    points = []
    step = max(1, ceil(other.draws / POINTS))
    for k in sorted({1, *range(step, other.draws + 1, step)}):
        tasks = [task for task in values(other, k) if base.passes.get(task)]
        price, spent = _price(base, tasks, budget), k * _price(other, tasks, budget)
        if budget == "seconds" and not (price and spent):
            break
        found = at_budget(base, other, k, budget, spent / price if price and spent else float(k))
        if found.base is None or found.other is None or found.difference is None or not _known(other, k):
            break
        points.append(
            Point(k=k, spent=float(f"{spent:.4g}"), base_draws=round(found.draws, 4), base=found.base,
                  other=found.other, difference=found.difference)
        )  # fmt: skip
    return tuple(points)


def _price(measured: Measured, tasks: Sequence[str], budget: Literal["tokens", "seconds"]) -> float:
    """What one draw costs, per task."""
    return cost(measured.tokens, tasks) if budget == "tokens" else measured.seconds or 0.0


def words(base: str, other: str, k: int, budgets: Sequence[Resampled], call: Call) -> str:
    """The gain as one sentence, in points of pass@k."""
    told = [f"{_told(item)} at the same {item.budget}" for item in budgets if item.budget != "training"]
    return f"{other} against {base}, pass@{k}: {call} ({'; '.join(told)})"


def _told(item: Resampled) -> str:
    if item.difference is None or item.p is None:
        return f"unknown ({item.note})"
    value, low, high = (100 * part + 0.0 for part in (item.difference.value, item.difference.low, item.difference.high))
    return f"{value:+.1f} [{low:+.1f}, {high:+.1f}], p = {item.p:.4f}"


def spread(gains: Sequence[Gain], budget: Budget = "samples") -> Spread | None:
    """One gain over several seeds, at one budget; None where a seed does not know it.

    The differences are averaged over seeds for each task, so that the interval over tasks is not one seed's; Student's
    interval says how far seeds differ. Both must be clear of nought. Two seeds say little: that interval is wide.
    """
    found = [item for each in gains for item in each.budgets if item.budget == budget and item.difference]
    tasks = [task for task in found[0].by_task if all(task in item.by_task for item in found)] if found else []
    if len(found) < len(gains) or not tasks:
        return None
    means = [fmean(item.by_task[task] for item in found) for task in tasks]
    by_seed = tuple(fmean(item.by_task[task] for task in tasks) for item in found)
    over_tasks, over_seeds, p = interval(means), student(by_seed), sign_flips(means)
    call = called(over_tasks, p)
    if over_seeds and over_seeds.low <= 0 <= over_seeds.high:
        call = "within noise"
    return Spread(budget=budget, by_seed=by_seed, over_tasks=over_tasks, over_seeds=over_seeds, p=p, call=call)
