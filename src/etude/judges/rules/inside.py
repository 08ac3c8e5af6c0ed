"""Assertions and `check(candidate)` in the program's own process, as other harnesses run them. Only on request.

Here a program can forge its verdict: it shares a process with what decides about it. Every outcome says so
(`trust="in-process"`). It exists to compare with numbers that were made that way.
"""

from collections.abc import Sequence
from dataclasses import replace

from etude.judges.exam import Exam, settle
from etude.protocols import Sandbox
from etude.records import Checked, Job, Outcome, Run, TestResult


def examine_inside(exams: Sequence[Exam], sandbox: Sandbox) -> list[Outcome]:
    """One outcome per exam."""
    runs = sandbox.run([_job(exam) for exam in exams])
    level = sandbox.isolation["level"]
    return [
        replace(settle(run, _results(exam, run), level), trust="in-process")
        for exam, run in zip(exams, runs, strict=True)
    ]


def _sources(exam: Exam) -> tuple[str, ...]:
    tests = exam.tests
    return tests.assertions or (f"{tests.check}\n\ncheck({exam.entry_point})\n",)


def _job(exam: Exam) -> Job:
    return Job(source=exam.program, setup=exam.tests.setup, inside=_sources(exam), limits=exam.limits)


def _results(exam: Exam, run: Run) -> list[TestResult]:
    names = exam.tests.assertions or (f"check({exam.entry_point})",)
    said = [*run.inside, *[Checked()] * (len(names) - len(run.inside))]
    return [TestResult(test=name, passed=item.passed, fault=item.fault) for name, item in zip(names, said, strict=True)]
