"""Stdin/stdout pairs: the program runs as a script, once per pair, and what it printed is compared outside.

White space at the end of a line and empty lines at the end do not count; everything else does. A script that ends with
an exception or a non-zero exit status fails, whatever it printed. A program in another language is compiled once for
all its pairs.
"""

from collections.abc import Sequence

from etude.judges.exam import Exam, settle
from etude.judges.values import brief
from etude.protocols import Sandbox
from etude.records import Exchange, Fault, Job, Outcome, Run, TestResult
from etude.sandbox.jail.command import COMPILED

SAID = 500  # characters of stderr
HOPELESS = ("timeout", "memory", "unavailable")
"""After one of these on the first pair, the other pairs are not run: they would cost as much and change nothing."""


def examine_exchanges(exams: Sequence[Exam], sandbox: Sandbox) -> list[Outcome]:
    """One outcome per exam: the first pair of every exam, then all other pairs of those that may still pass."""
    first = sandbox.run([_job(exam, exam.tests.stdio[0]) for exam in exams])
    rest = [() if _hopeless(run) else exam.tests.stdio[1:] for exam, run in zip(exams, first, strict=True)]
    later = iter(sandbox.run([_job(exam, pair) for exam, pairs in zip(exams, rest, strict=True) for pair in pairs]))
    runs = [[run, *(next(later) for _ in pairs)] for run, pairs in zip(first, rest, strict=True)]
    return [_outcome(exam, own, sandbox.isolation["level"]) for exam, own in zip(exams, runs, strict=True)]


def _hopeless(run: Run) -> bool:
    return run.status in HOPELESS or run.detail == "syntax"


def _job(exam: Exam, pair: Exchange) -> Job:
    return Job(source=exam.program, stdin=pair.stdin, language=exam.language, limits=exam.limits)


def _outcome(exam: Exam, runs: Sequence[Run], level: str) -> Outcome:
    results = [_result(pair, run, exam.language) for pair, run in zip(exam.tests.stdio, runs, strict=False)]
    results += [TestResult(test=brief(pair.stdin), passed=None) for pair in exam.tests.stdio[len(runs) :]]
    telling = next((run for run in runs if run.status != "ok"), runs[0])
    return settle(telling, results, level)


def _result(pair: Exchange, run: Run, language: str) -> TestResult:
    if run.status == "unavailable":
        return TestResult(test=brief(pair.stdin), passed=None)
    right = run.status == "ok" and printed(run.stdout) == printed(pair.stdout)
    fault = run.fault if language == "python" else _said(run)
    actual, expected = brief(run.stdout), brief(pair.stdout)
    return TestResult(test=brief(pair.stdin), passed=right, actual=actual, expected=expected, fault=fault)


def _said(run: Run) -> Fault | None:
    """The fault of a program in another language: what its compiler or interpreter says of it on stderr."""
    compiled = run.fault is not None and run.fault.type == COMPILED
    if run.status not in ("error", "killed") or (run.fault is not None and not compiled) or not run.stderr:
        return run.fault
    kind = COMPILED if compiled else run.detail
    return Fault(type=kind, message=run.stderr.strip()[:SAID], traceback=())


def printed(text: str) -> list[str]:
    """What counts of a program's output: its lines without trailing white space, without empty lines at the end."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines
