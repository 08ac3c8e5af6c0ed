"""Tests in the program's own language, put behind it as text: it passes where it ends well and its last test has run.

The tests share a process with the program, so a program can forge its verdict, and every outcome says so
(`trust="in-process"`). `endings` makes the cheap forgeries fail. What the tests need besides the language, such as a
test library, is looked for before a program is failed for its absence.
"""

from collections.abc import Sequence
from dataclasses import replace

from etude.judges.exam import Exam, settle, unavailable
from etude.judges.rules.endings import NEEDS, PACKAGES, whole
from etude.judges.values import brief
from etude.protocols import Sandbox
from etude.records import Job, Outcome, Run, TestResult
from etude.sandbox.languages import named

NAME = "the tests behind the program"


def examine_appended(exams: Sequence[Exam], sandbox: Sandbox) -> list[Outcome]:
    """One outcome per exam."""
    texts = [whole(exam.program, exam.tests.setup, named(exam.language)) for exam in exams]
    jobs = [_job(exam, text) for exam, (text, _) in zip(exams, texts, strict=True)]
    runs = sandbox.run(jobs)
    lacking = _lacking([job for job, run in zip(jobs, runs, strict=True) if run.status == "error"], sandbox)
    level = sandbox.isolation["level"]
    found = []
    for job, run, (_, token) in zip(jobs, runs, texts, strict=True):
        outcome = settle(run, [_result(run, token)], level)
        if job.language in lacking and outcome.status != "ok":
            outcome = unavailable(lacking[job.language])
        found.append(replace(outcome, trust="in-process"))
    return found


def _job(exam: Exam, text: str) -> Job:
    return Job(source=text, stdin="", language=exam.language, limits=exam.limits)


def _result(run: Run, token: str) -> TestResult:
    if run.status == "unavailable":
        return TestResult(test=NAME, passed=None)
    ended = not token or token in (run.stdout + "\n" + run.stderr).splitlines()
    right = run.status == "ok" and ended
    return TestResult(test=NAME, passed=right, actual=brief(run.stderr or run.stdout), fault=run.fault)


def _lacking(failed: Sequence[Job], sandbox: Sandbox) -> dict[str, str]:
    """Languages of failed programs whose tests cannot run here at all -> why."""
    tried = [job for job in {job.language: job for job in failed}.values() if named(job.language) in NEEDS]
    runs = sandbox.run([replace(job, source=NEEDS[named(job.language)]) for job in tried])
    return {job.language: _why(job, run) for job, run in zip(tried, runs, strict=True) if run.status != "ok"}


def _why(job: Job, run: Run) -> str:
    name = named(job.language)
    said = (run.stderr.strip().splitlines() or [run.detail])[-1]
    fix = f"apt-get install {PACKAGES[name]} (Debian)" if name in PACKAGES else "mend the tools of that language"
    return f"what tests in {name} need is not here: {said[:120]}; {fix}"
