"""Call/value pairs: the program's process gets the calls, and the values are compared outside with what is expected."""

from collections.abc import Sequence

from etude.judges.exam import Exam, settle
from etude.judges.values import brief, literal, same
from etude.protocols import Sandbox
from etude.records import Answer, Call, Job, Outcome, Run, TestResult


def examine_calls(exams: Sequence[Exam], sandbox: Sandbox) -> list[Outcome]:
    """One outcome per exam; the arguments cross as literals, the expected values never do."""
    runs = sandbox.run([_job(exam) for exam in exams])
    level = sandbox.isolation["level"]
    return [settle(run, _results(exam, run), level) for exam, run in zip(exams, runs, strict=True)]


def _job(exam: Exam) -> Job:
    asks = tuple(question(exam.entry_point, call) for call in exam.tests.calls)
    return Job(source=exam.program, setup=exam.tests.setup, asks=asks, limits=exam.limits)


def question(entry_point: str, call: Call) -> str:
    """The call as an expression; its arguments are literals."""
    named = f"**{literal(call.kwargs)}" if call.kwargs else ""
    return f"{entry_point}({', '.join([*map(literal, call.args), *([named] if named else [])])})"


def _results(exam: Exam, run: Run) -> list[TestResult]:
    answers: list[Answer | None] = [*run.answers, *[None] * (len(exam.tests.calls) - len(run.answers))]
    return [_result(exam, call, answer) for call, answer in zip(exam.tests.calls, answers, strict=True)]


def _result(exam: Exam, call: Call, answer: Answer | None) -> TestResult:
    test = question(exam.entry_point, call)[:1000]
    if answer is not None and not answer.fault and not answer.opaque and same(answer.value, call.expected):
        return TestResult(test=test, passed=True)
    expected = brief(call.expected)
    if answer is None:
        return TestResult(test=test, passed=None, expected=expected)
    if answer.fault or answer.opaque:
        return TestResult(test=test, passed=False, actual=answer.opaque, expected=expected, fault=answer.fault)
    return TestResult(test=test, passed=False, actual=brief(answer.value), expected=expected)
