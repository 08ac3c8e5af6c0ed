"""One program before one set of tests, and how what the sandbox saw of it becomes an outcome."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from etude.records import Fault, Limits, Outcome, Run, Status, TestResult, Tests

Trust = Literal["outside", "in-process"]

BY_FAULT: dict[str, Status] = {"AssertionError": "failed", "MemoryError": "memory", "PermissionError": "forbidden"}
ENDLESS = "endless: "  # so begins the detail of a run that was proved never to end
REFUSED = ("[Errno 1]", "[Errno 13]", "[Errno 30]")  # not permitted, denied, read-only


class Exam(NamedTuple):
    """A program and the tests it is to pass.

    Attributes:
        entry_point: The function that calls and checks are about; "" for a whole program.
        trust: `in-process` where assertions and checks are to run in the program's own process.
        language: The program's; another than Python is judged by what it prints.
    """

    program: str
    tests: Tests
    entry_point: str
    limits: Limits = Limits()
    trust: Trust = "outside"
    language: str = "python"


def unavailable(detail: str) -> Outcome:
    """The outcome of an exam that says nothing about the program."""
    return Outcome(status="unavailable", detail=detail)


def settle(run: Run, results: Sequence[TestResult], level: str) -> Outcome:
    """The outcome of a run whose tests gave `results`: `ok` only if every test passed and the run itself is `ok`."""
    status, detail = _status(run, results)
    return Outcome(
        status=status,
        results=tuple(results) if status != "unavailable" else (),
        stdout=run.stdout,
        stderr=run.stderr,
        fault=run.fault,
        detail=detail,
        cpu_seconds=run.cpu_seconds,
        wall_seconds=run.wall_seconds,
        peak_bytes=run.peak_bytes,
        isolation=level,
    )


def _status(run: Run, results: Sequence[TestResult]) -> tuple[Status, str]:
    if run.status == "timeout" and run.detail.startswith(ENDLESS):
        return run.status, "cpu"  # a proof only shortens the wait: the verdict is the one that the clock would give
    if run.status != "ok":
        return run.status, run.detail
    if not results:
        return "unavailable", "no tests"
    wrong = next((item for item in results if item.passed is not True), None)
    if wrong is None:
        return "ok", ""
    if wrong.passed is None:
        return "error", run.detail or "the program gave no answer"
    return _of(wrong.fault), ""


def _of(fault: Fault | None) -> Status:
    if fault is not None and fault.message.startswith(REFUSED):
        return "forbidden"
    return "failed" if fault is None else BY_FAULT.get(fault.type, "error")
