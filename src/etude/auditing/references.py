"""The reference, rerun: in fresh processes, with other random seeds, with its tests in another order.

A sound reference passes every time, gives the same answers every time and takes little time.
"""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import NamedTuple

from etude.auditing.card import Finding
from etude.auditing.exams import Examine, Trial, judged, passes, questions, reordered, seeded, tests_of
from etude.judges.values import brief, equal
from etude.protocols import Sandbox
from etude.records import Answer, Job, Limits, Outcome, Run, Tests
from etude.tasks import Task

PATIENT = Limits(cpu_seconds=10.0, wall_seconds=40.0)
SLOW = 1.0
"""Processor seconds above which a reference is slow."""
FEW = 2
"""Runs of a slow one."""
SAID = 200
BROKEN = ("the tests do not run", "sat does not declare")
"""How the judges begin to say that the tests are at fault, and not the sandbox."""


class Reruns(NamedTuple):
    """How the reference of one task went.

    Attributes:
        straight: With the tests in their own order; the first with no other seed.
        shuffled: With the tests in other orders.
        again: Those orders once more that did not pass.
        answered: What it answered, run by run.
    """

    straight: tuple[Outcome, ...]
    shuffled: tuple[Outcome, ...]
    again: tuple[Outcome, ...]
    answered: tuple[Run, ...]

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """All first runs."""
        return (*self.straight, *self.shuffled)

    @property
    def sound(self) -> bool:
        """Whether every run passed."""
        return bool(self.straight) and all(map(passes, self.outcomes))

    @property
    def seconds(self) -> float:
        """Processor time of the slowest run."""
        return max((item.cpu_seconds for item in self.outcomes), default=0.0)


def rerun(tasks: Sequence[Task], sandbox: Sandbox, *, runs: int, seed: int, judge: Examine) -> list[Reruns]:
    """Every reference, `runs` times in the tests' own order and as often in other orders."""
    first = _grouped([_straight(task, range(1)) for task in tasks], sandbox, judge)
    turns = [_turns(own, runs) for own in first]
    more = [_straight(task, range(1, turn)) for task, turn in zip(tasks, turns, strict=True)]
    mixed = [_mixed(task, turn, seed) for task, turn in zip(tasks, turns, strict=True)]
    both = _grouped([[*one, *other] for one, other in zip(more, mixed, strict=True)], sandbox, judge)
    first = [[*own, *rest[: len(trials)]] for own, rest, trials in zip(first, both, more, strict=True)]
    second = [rest[len(trials) :] for rest, trials in zip(both, more, strict=True)]
    lost = [
        [trial for trial, outcome in zip(trials, own, strict=True) if not passes(outcome)]
        for trials, own in zip(mixed, second, strict=True)
    ]
    third = _grouped([[_fresh(trial) for trial in trials] for trials in lost], sandbox, judge)
    answered = _answered(tasks, turns, sandbox)
    return [Reruns(*map(tuple, parts)) for parts in zip(first, second, third, answered, strict=True)]  # type: ignore[arg-type]


def _turns(first: Sequence[Outcome], runs: int) -> int:
    """How often a reference is run: one that needs too long once is not given as much time again and again."""
    if not first or first[0].status == "timeout":
        return 0
    return min(runs, FEW) if first[0].cpu_seconds > SLOW else runs


def _straight(task: Task, turns: range) -> list[Trial]:
    tests = tests_of(task)
    return [_trial(task, tests, turn) for turn in turns] if tests and task.reference.strip() else []


def _trial(task: Task, tests: Sequence[Tests], turn: int) -> Trial:
    # tests are the same only where they are one object, and equal trials would be run once
    program = seeded(task.reference, turn) if task.facts.language == "python" else task.reference
    return Trial(task, program, tuple(replace(item) for item in tests), PATIENT)


def _fresh(trial: Trial) -> Trial:
    return trial._replace(tests=tuple(replace(item) for item in trial.tests))


def _mixed(task: Task, runs: int, seed: int) -> list[Trial]:
    """Trials with the tests in another order: backwards first, since that parts every pair."""
    random, found = Random(f"order {seed} {task.task_id}"), list[Trial]()
    for turn in range(runs):
        parts = [(tests, reordered(tests, random if turn else None)) for tests in tests_of(task)]
        if any(other for _, other in parts):
            found.append(_trial(task, [other or tests for tests, other in parts], 0))
    return found


def _grouped(groups: Sequence[Sequence[Trial]], sandbox: Sandbox, judge: Examine) -> list[list[Outcome]]:
    outcomes = iter(judged([trial for group in groups for trial in group], sandbox, judge))
    found = [[next(outcomes) for _ in group] for group in groups]
    return [[item for item in group if item is not None] for group in found]


def _answered(tasks: Sequence[Task], turns: Sequence[int], sandbox: Sandbox) -> list[list[Run]]:
    """What each reference answers to all questions of its tests, with another random seed each time."""
    asked = [
        [item.ask for tests in tests_of(task) for item in questions(tests, task.facts.entry_point)] for task in tasks
    ]
    jobs = [
        [_job(task, asks, turn) for turn in range(own)] if asks else []
        for task, asks, own in zip(tasks, asked, turns, strict=True)
    ]
    answers = iter(sandbox.run([job for group in jobs for job in group]))
    return [[next(answers) for _ in group] for group in jobs]


def _job(task: Task, asks: Sequence[str], turn: int) -> Job:
    setup = task.hidden.setup or task.facts.shown.setup
    return Job(source=seeded(task.reference, turn), setup=setup, asks=tuple(asks), limits=PATIENT)


def findings(reruns: Reruns, slow: float = SLOW) -> list[Finding]:
    """What is wrong with a reference."""
    straight, shuffled, again = reruns.straight, reruns.shuffled, reruns.again
    if not straight:
        return []
    broken = next((item for item in reruns.outcomes if item.status == "unavailable"), None)
    if broken is not None:
        name = "tests do not run" if broken.detail.startswith(BROKEN) else "not judged"
        return [Finding(name=name, detail=broken.detail[:SAID])]
    found, ask = list[Finding](), _unsteady(reruns.answered)
    if not any(map(passes, straight)):
        found.append(Finding(name="reference fails", detail=said(straight[0])))
    elif not all(map(passes, straight)):
        lost = next(item for item in straight if not passes(item))
        found.append(Finding(name="flaky reference", detail=f"{_share(straight)} runs pass; else {said(lost)}"))
    elif lost_orders := [item for item in shuffled if not passes(item)]:
        steady = not any(map(passes, again))
        name = "order-dependent tests" if steady else "flaky reference"
        found.append(Finding(name=name, detail=f"{_share(shuffled)} other orders pass; else {said(lost_orders[0])}"))
    if ask and all(item.name == "reference fails" for item in found):
        found.append(Finding(name="non-deterministic reference", detail=ask))
    if reruns.seconds > slow:
        found.append(Finding(name="slow reference", detail=f"{reruns.seconds:.1f} s of processor time"))
    return found


def _share(outcomes: Sequence[Outcome]) -> str:
    return f"{sum(map(passes, outcomes))} of {len(outcomes)}"


def said(outcome: Outcome) -> str:
    """Why an outcome is no pass, in a line."""
    wrong = next((item for item in outcome.results if item.passed is not True), None)
    fault = (wrong.fault if wrong else None) or outcome.fault
    if fault is not None and not (wrong and wrong.actual):
        return f"{wrong.test[:100] if wrong else 'the program'}: {fault.type}: {fault.message}"[:SAID]
    if wrong and wrong.passed is False:
        return f"{wrong.test[:100]} gives {wrong.actual[:60]}, expected {wrong.expected[:60]}"[:SAID]
    return f"{outcome.status} {outcome.detail}".strip()[:SAID]


def _unsteady(runs: Sequence[Run]) -> str:
    """The first question with two answers, or ""."""
    for number, first in enumerate(runs[0].answers if runs else ()):
        for other in runs[1:]:
            if number < len(other.answers) and not _alike(first, other.answers[number]):
                return f"question {number + 1}: {_text(first)} and {_text(other.answers[number])}"[:SAID]
    return ""


def _alike(one: Answer, other: Answer) -> bool:
    if one.fault or other.fault or one.opaque or other.opaque:
        return (one.fault and one.fault.type) == (other.fault and other.fault.type)
    return equal(one.value, other.value) or brief(one.value) == brief(other.value)


def _text(answer: Answer) -> str:
    return answer.fault.type if answer.fault else brief(answer.value)[:60]
