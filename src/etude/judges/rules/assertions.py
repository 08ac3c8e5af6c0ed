"""Python assertions, taken apart so that the expected value never enters the program's process.

What an assertion calls is asked in the program's process, and the rest is decided outside on plain values (`apart`).
An assertion that cannot be taken apart runs as it stands in a second jail, where the program's functions are remote
calls. A program whose answers are not plain data cannot pass either way.
"""

import ast
import sys
from collections.abc import Sequence

from etude.judges.exam import Exam, settle, unavailable
from etude.judges.rules.apart import Apart, take_assertion_apart
from etude.judges.rules.claims import judged
from etude.judges.rules.plain_operations import BeyondError
from etude.programs.parse import free_names
from etude.protocols import Sandbox
from etude.records import Checked, Job, Outcome, Run, TestResult

Plan = Sequence[Apart | str]
"""How each assertion is decided: outside, or (its own text) in the second jail."""


def examine_assertions(exams: Sequence[Exam], sandbox: Sandbox) -> list[Outcome]:
    """One outcome per exam; one whose answers are too unusual for us goes to the second jail as a whole."""
    plans = [_plan(exam) for exam in exams]
    sound = [at for at, plan in enumerate(plans) if not _broken(plan)]
    runs = dict(zip(sound, sandbox.run([_job(exams[at], plans[at]) for at in sound]), strict=True))
    level = sandbox.isolation["level"]
    outcomes = [
        _outcome(plan, runs[at], level) if at in runs else unavailable(f"the tests do not run: {_broken(plan)}")
        for at, plan in enumerate(plans)
    ]
    left = [at for at, outcome in enumerate(outcomes) if outcome is None]
    whole = [exams[at].tests.assertions for at in left]
    again = sandbox.run([_job(exams[at], plan) for at, plan in zip(left, whole, strict=True)]) if left else []
    decided = iter([settle(run, _results(plan, run), level) for plan, run in zip(whole, again, strict=True)])
    return [next(decided) if outcome is None else outcome for outcome in outcomes]


def _plan(exam: Exam) -> Plan:
    return [take_assertion_apart(text, exam.entry_point) or text for text in exam.tests.assertions]


def _broken(plan: Plan) -> str:
    return next((item.broken for item in plan if isinstance(item, Apart) and item.broken), "")


def _job(exam: Exam, plan: Plan) -> Job:
    checks = tuple(item for item in plan if isinstance(item, str))
    return Job(
        source=exam.program,
        setup=exam.tests.setup,
        asks=tuple(ask for item in plan if isinstance(item, Apart) for ask in item.asks),
        checks=checks,
        context=exam.tests.context,
        names=_names(exam, checks),
        limits=exam.limits,
    )


def _names(exam: Exam, checks: Sequence[str]) -> tuple[str, ...]:
    """What the checks read of the program: all their free names but standard modules they take attributes of."""
    names = {exam.entry_point} - {""} if checks else set()
    for check in checks:
        names |= free_names(check) - _modules(check)
    return tuple(sorted(names))


def _modules(check: str) -> set[str]:
    bases = (node.value for node in ast.walk(ast.parse(check.strip())) if isinstance(node, ast.Attribute))
    return {base.id for base in bases if isinstance(base, ast.Name) and base.id in sys.stdlib_module_names}


def _outcome(plan: Plan, run: Run, level: str) -> Outcome | None:
    """The outcome of a run, or None where the second jail has to say."""
    try:
        return settle(run, _results(plan, run), level)
    except BeyondError:
        return None


def _results(plan: Plan, run: Run) -> list[TestResult]:
    results, at, checks = list[TestResult](), 0, iter(run.checks)
    for item in plan:
        if isinstance(item, str):
            checked = next(checks, Checked())
            results.append(TestResult(test=item, passed=checked.passed, fault=checked.fault))
        else:
            own = run.answers[at : at + len(item.asks)]
            results += [judged(claim, own) for claim in item.claims]
            at += len(item.asks)
    return results
