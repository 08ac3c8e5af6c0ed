"""A `check(candidate)` function: it runs in a second jail, where the candidate is a remote call into the program.

The tests' context (a HumanEval prompt) gives the check its helper functions, so a program that redefines them gains
nothing.
"""

from collections.abc import Sequence

from etude.judges.exam import Exam, settle
from etude.protocols import Sandbox
from etude.records import Checked, Job, Outcome, Run, TestResult


def examine_checks(exams: Sequence[Exam], sandbox: Sandbox) -> list[Outcome]:
    """One outcome per exam."""
    runs = sandbox.run([_job(exam) for exam in exams])
    level = sandbox.isolation["level"]
    return [settle(run, [_result(exam, run)], level) for exam, run in zip(exams, runs, strict=True)]


def _job(exam: Exam) -> Job:
    return Job(
        source=exam.program,
        setup=exam.tests.setup,
        checks=(f"{exam.tests.check}\n\ncheck({exam.entry_point})\n",),
        context=exam.tests.context,
        names=(exam.entry_point,),
        limits=exam.limits,
    )


def _result(exam: Exam, run: Run) -> TestResult:
    checked = run.checks[0] if run.checks else Checked()
    return TestResult(test=f"check({exam.entry_point})", passed=checked.passed, fault=checked.fault)
