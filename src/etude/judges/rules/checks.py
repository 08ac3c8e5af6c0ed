"""A `check(candidate)` function: taken apart where it can be, so that all of it is decided outside on plain values.

Any other one runs in a second jail, where the candidate is a remote call into the program. There the tests' context (a
HumanEval prompt) gives the check its helper functions, so a program that redefines them gains nothing.
"""

from collections.abc import Sequence

from etude.judges.exam import Exam, settle, unavailable
from etude.judges.rules.apart import Apart, take_check_apart
from etude.judges.rules.claims import judged
from etude.judges.rules.plain_operations import BeyondError
from etude.protocols import Sandbox
from etude.records import Checked, Job, Outcome, Run, TestResult


def examine_checks(exams: Sequence[Exam], sandbox: Sandbox) -> list[Outcome]:
    """One outcome per exam; one whose answers are too unusual for us goes to the second jail."""
    plans = [take_check_apart(exam.tests.check, exam.tests.context, exam.entry_point) for exam in exams]
    sound = [at for at, plan in enumerate(plans) if not (plan and plan.broken)]
    runs = dict(zip(sound, sandbox.run([_job(exams[at], plans[at]) for at in sound]), strict=True))
    level = sandbox.isolation["level"]
    outcomes = [
        _outcome(exam, plan, runs.get(at), level) for at, (exam, plan) in enumerate(zip(exams, plans, strict=True))
    ]
    left = [exams[at] for at, outcome in enumerate(outcomes) if outcome is None]
    again = sandbox.run([_job(exam, None) for exam in left]) if left else []
    decided = iter([settle(run, [_whole(exam, run)], level) for exam, run in zip(left, again, strict=True)])
    return [next(decided) if outcome is None else outcome for outcome in outcomes]


def _job(exam: Exam, plan: Apart | None) -> Job:
    if plan:
        return Job(source=exam.program, setup=exam.tests.setup, asks=plan.asks, limits=exam.limits)
    return Job(
        source=exam.program,
        setup=exam.tests.setup,
        checks=(f"{exam.tests.check}\n\ncheck({exam.entry_point})\n",),
        context=exam.tests.context,
        names=(exam.entry_point,),
        limits=exam.limits,
    )


def _outcome(exam: Exam, plan: Apart | None, run: Run | None, level: str) -> Outcome | None:
    """The outcome of a run, or None where the second jail has to say."""
    if run is None:
        return unavailable(f"the tests do not run: {plan.broken if plan else ''}")
    try:
        results = [judged(claim, run.answers) for claim in plan.claims] if plan else [_whole(exam, run)]
        return settle(run, results, level)
    except BeyondError:
        return None


def _whole(exam: Exam, run: Run) -> TestResult:
    checked = run.checks[0] if run.checks else Checked()
    return TestResult(test=f"check({exam.entry_point})", passed=checked.passed, fault=checked.fault)
