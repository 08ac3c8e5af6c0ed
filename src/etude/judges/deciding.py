"""From outcomes to verdicts: what every judge of this room does once it knows which tests it takes.

A pass needs every hidden and every shown test. A verdict's reason names no expected value: it may be read by anyone.
"""

import builtins
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from etude.judges.calibrating import limits_of
from etude.judges.codes import FLOOD, REFUSED
from etude.judges.exam import unavailable
from etude.judges.examine import Exam, examine
from etude.judges.rules.appended import NAME as APPENDED
from etude.judges.settings import Settings
from etude.protocols import Sandbox
from etude.records import Attempt, Limits, Outcome, Strength, TestKind, Tests, Verdict, identify
from etude.tasks import Task

MERGED: tuple[TestKind, ...] = ("assertions", "calls", "stdio")


def decide(
    task: Task,
    attempts: Sequence[Attempt],
    sandbox: Sandbox,
    *,
    judge: str,
    settings: Settings,
    kinds: Collection[TestKind],
) -> list[Verdict]:
    """One verdict per attempt, in order.

    Args:
        judge: The name the verdicts carry.
        settings: Limits of one program on one set of tests, and how far its process is trusted.
        kinds: The kinds of tests this judge takes; tests of another kind leave the attempts unjudged.
    """
    outcomes: list[list[Outcome]] = [[] for _ in attempts]
    for tests in parts_of(task):
        if tests.kind not in kinds or not (tests.kind == "stdio" or task.facts.language == "python"):
            found = [unavailable(f"this judge takes no {task.facts.language} tests of kind {tests.kind}")] * len(
                attempts
            )
        else:
            found = _asked(task, tests, attempts, outcomes, sandbox, settings)
        for own, outcome in zip(outcomes, found, strict=True):
            own.append(outcome)
    return [_verdict(item, own, judge) for item, own in zip(attempts, outcomes, strict=True)]


def _asked(
    task: Task,
    tests: Tests,
    attempts: Sequence[Attempt],
    before: Sequence[Sequence[Outcome]],
    sandbox: Sandbox,
    settings: Settings,
) -> list[Outcome]:
    """The outcomes on one set of tests; an attempt that has failed already is not run again.

    The floor comes first: the reference is measured only where a program needs more, and then the program runs again
    under the limit that was found. A program that is done within the floor would be done under any limit.
    """
    alive = [at for at, own in enumerate(before) if all(outcome.status == "ok" for outcome in own)]
    found = [own[-1] if own else unavailable("not run") for own in before]
    bounds, measured = settings.bounds, bool(settings.calibrate and task.reference)
    known = settings.calibration.found(task, tests, bounds) if measured else None
    floor = replace(settings.limits, cpu_seconds=bounds.floor) if measured else settings.limits
    floor = limits_of(known, bounds) if known else floor
    _examined(task, tests, attempts, alive, found, sandbox, settings, floor)
    late = [at for at in alive if (found[at].status, found[at].detail) == ("timeout", "cpu")]
    if late and measured and not known:
        limits = limits_of(settings.calibration.limit(task, tests, sandbox, bounds), bounds)
        if limits.cpu_seconds > floor.cpu_seconds:
            _examined(task, tests, attempts, late, found, sandbox, settings, limits)
    return found


def _examined(
    task: Task,
    tests: Tests,
    attempts: Sequence[Attempt],
    chosen: Sequence[int],
    found: list[Outcome],
    sandbox: Sandbox,
    settings: Settings,
    limits: Limits,
) -> None:
    """Puts the chosen attempts before the tests and their outcomes in their places."""
    own = (tests, task.facts.entry_point, limits, settings.trust, task.facts.language)
    outcomes = examine([Exam(attempts[at].program, *own) for at in chosen], sandbox)
    for at, outcome in zip(chosen, outcomes, strict=True):
        found[at] = outcome


def parts_of(task: Task) -> list[Tests]:
    """The task's tests in as few sets as can be: shown and hidden ones of one kind run together."""
    hidden, shown = task.hidden, task.facts.shown
    if shown.kind is None or shown == hidden:
        return [hidden]
    if hidden.kind is None:
        return [shown]
    same_frame = (hidden.kind, hidden.setup, hidden.context) == (shown.kind, shown.setup, shown.context)
    if not same_frame or hidden.kind not in MERGED:
        return [hidden, shown]
    own, others = getattr(hidden, hidden.kind), getattr(shown, hidden.kind)
    changed: dict[str, Any] = {hidden.kind: (*own, *(item for item in others if item not in own))}
    return [replace(hidden, **changed)]


def _verdict(attempt: Attempt, outcomes: Sequence[Outcome], judge: str) -> Verdict:
    telling = next((item for item in outcomes if item.status != "ok"), outcomes[0])
    unjudged, passed = telling.status == "unavailable", telling.status == "ok"
    results = [result for outcome in outcomes for result in outcome.results]
    strength: Strength = "truth" if any(item.test == "sat(sol()) is True" for item in results) else "tests"
    strength = "heuristic" if any(item.test == APPENDED for item in results) else strength
    share = sum(item.passed is True for item in results) / len(results) if results else 0.0
    return Verdict(
        attempt=identify(attempt),
        judge=judge,
        passed=None if unjudged else passed,
        score=1.0 if passed else 0.0 if unjudged else min(share, 0.99),
        reason="" if passed else _reason(telling),
        status=telling.status,
        strength=strength,
        isolation=telling.isolation,
        trust="in-process" if any(item.trust == "in-process" for item in outcomes) else "outside",
    )


def _reason(outcome: Outcome) -> str:
    """A few words that give away no expected value and no input: no message, no name of the program's making."""
    if outcome.status == "unavailable":
        return outcome.detail[:200]
    if outcome.status in ("timeout", "killed"):
        return f"{outcome.status} ({outcome.detail})"
    if outcome.detail in ("syntax", "output"):
        return REFUSED if outcome.detail == "syntax" else FLOOD
    if outcome.fault is not None:
        return f"the program ends with {_known(outcome.fault.type)}"
    for number, result in enumerate(outcome.results, 1):
        if result.passed is False:
            return f"test {number} failed: {_known(result.fault.type) if result.fault else 'wrong value'}"
    return outcome.detail[:200] or "no answer"


def _known(name: str) -> str:
    kind = getattr(builtins, name, None)
    return name if isinstance(kind, type) and issubclass(kind, BaseException) else "an exception of its own"
