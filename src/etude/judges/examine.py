"""What a program says to its tests: from tests as data to an `Outcome`, the verdict formed outside the program's process.

Expected values and check code never enter the process that runs the program. Identical exams are run once.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from etude.judges.asking import Ask, ask_of, imports_for
from etude.judges.comparing import literal, same, same_output, shown
from etude.judges.puzzles import check_source
from etude.protocols import Sandbox
from etude.records import Answer, Call, Job, Limits, Outcome, Run, Status, TestResult, Tests


class Exam(NamedTuple):
    """One program and the tests it must pass."""

    program: str
    tests: Tests
    entry_point: str
    limits: Limits = Limits()


class Plan(NamedTuple):
    """The jobs of an exam, and how their runs become results."""

    jobs: tuple[Job, ...]
    results: Callable[[Sequence[Run]], list[TestResult]]


def examine(exams: Sequence[Exam], sandbox: Sandbox) -> list[Outcome]:
    """The outcome of each exam, in order.

    Args:
        exams: Programs with their tests; no tests at all is `unavailable`, never a pass.
        sandbox: Where the programs run; jobs of different exams run side by side.
    """
    distinct = {_key(exam): exam for exam in exams}
    plans = {key: _plan(exam) for key, exam in distinct.items()}
    runs = iter(sandbox.run([job for plan in plans.values() for job in plan.jobs]))
    level = sandbox.isolation.get("level", "")
    outcomes = {key: _outcome(plan, [next(runs) for _ in plan.jobs], level) for key, plan in plans.items()}
    return [outcomes[_key(exam)] for exam in exams]


def _key(exam: Exam) -> tuple[str, str, str, str]:
    return exam.program, repr(exam.tests), exam.entry_point, repr(exam.limits)


def _plan(exam: Exam) -> Plan:
    planners = {
        "calls": _calls,
        "assertions": _assertions,
        "check": _check,
        "stdio": _stdio,
        "puzzle": _puzzle,
    }
    kind = exam.tests.kind
    return planners[kind](exam) if kind else Plan((), lambda runs: [])


def call_text(entry_point: str, call: Call) -> str:
    """The call as Python source: `f([1, 2], k=3)`."""
    args = [literal(_plain(arg)) for arg in call.args]
    args += [f"{name}={literal(_plain(value))}" for name, value in call.kwargs.items()]
    return f"{entry_point}({', '.join(args)})"


def _plain(value: object) -> object:
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _calls(exam: Exam) -> Plan:
    tests = exam.tests
    texts = [call_text(exam.entry_point, call) for call in tests.calls]
    job = Job(source=exam.program, setup=tests.setup, asks=tuple(texts), limits=exam.limits)

    def results(runs: Sequence[Run]) -> list[TestResult]:
        answers = runs[0].answers
        pairs = zip(texts, tests.calls, _padded(answers, len(texts)), strict=True)
        return [_result(text, answer, call.expected, same) for text, call, answer in pairs]

    return Plan((job,), results)


def _assertions(exam: Exam) -> Plan:
    """One process for all left sides, one for all computed right sides, one per assertion that must run whole."""
    tests = exam.tests
    asks = [ask_of(text) for text in tests.assertions]
    left = [ask for ask in asks if ask.way != "check"]
    right = [ask for ask in asks if ask.way == "computed"]
    whole = [ask for ask in asks if ask.way == "check"]
    jobs = [Job(source=exam.program, setup=tests.setup, asks=tuple(a.left for a in left), limits=exam.limits)]
    if right:
        sources = "".join(imports_for(ask.right) for ask in right)
        jobs.append(Job(source=sources, asks=tuple(ask.right for ask in right), limits=exam.limits))
    jobs += [_whole(exam, ask) for ask in whole]

    def results(runs: Sequence[Run]) -> list[TestResult]:
        answers = dict(zip([ask.text for ask in left], _padded(runs[0].answers, len(left)), strict=True))
        wanted = dict(zip([ask.text for ask in right], _padded(runs[1].answers, len(right)) if right else (), strict=True))
        checked = dict(zip([ask.text for ask in whole], runs[len(runs) - len(whole) :], strict=True))
        return [
            _checked(ask.text, checked[ask.text])
            if ask.way == "check"
            else _compared(ask, answers[ask.text], wanted.get(ask.text))
            for ask in asks
        ]

    return Plan(tuple(jobs), results)


def _whole(exam: Exam, ask: Ask) -> Job:
    return Job(
        source=exam.program,
        setup=exam.tests.setup,
        check=ask.text,
        context=imports_for(ask.text),
        names=ask.names,
        limits=exam.limits,
    )


def _compared(ask: Ask, answer: Answer | None, wanted: Answer | None) -> TestResult:
    if ask.way == "computed":
        if wanted is None or wanted.fault or not wanted.plain:
            # The test itself cannot say what it wants: nobody can pass or fail it.
            return TestResult(test=ask.text, passed=None, fault=wanted.fault if wanted else None)
        return _result(ask.text, answer, wanted.value, ask.holds)
    return _result(ask.text, answer, ask.expected, ask.holds)


def _check(exam: Exam) -> Plan:
    tests = exam.tests
    source = f"{tests.check}\ncheck({exam.entry_point})\n"
    job = Job(
        source=exam.program,
        setup=tests.setup,
        check=source,
        context=tests.context,
        names=(exam.entry_point,),
        limits=exam.limits,
    )
    return Plan((job,), lambda runs: [_checked(f"check({exam.entry_point})", runs[0])])


def _stdio(exam: Exam) -> Plan:
    jobs = tuple(Job(source=exam.program, stdin=pair.stdin, limits=exam.limits) for pair in exam.tests.stdio)

    def results(runs: Sequence[Run]) -> list[TestResult]:
        found = []
        for number, (run, pair) in enumerate(zip(runs, exam.tests.stdio, strict=True), 1):
            passed = same_output(run.stdout, pair.stdout) if run.status == "ok" else False
            passed_or_none = None if run.status == "unavailable" else passed
            found.append(
                TestResult(
                    test=f"input {number}",
                    passed=passed_or_none,
                    actual=shown(run.stdout),
                    expected=shown(pair.stdout),
                    fault=run.fault,
                )
            )
        return found

    return Plan(jobs, results)


def _puzzle(exam: Exam) -> Plan:
    """The answer goes straight to the pristine puzzle in another jailed process; only `True` itself will do."""
    source = check_source(exam.tests.puzzle)
    job = Job(source=exam.program, check=source, names=("sol",), limits=exam.limits)
    return Plan((job,), lambda runs: [_solved(runs[0])])


def _solved(run: Run) -> TestResult:
    if run.status == "unavailable":
        return TestResult(test="sat(sol())", passed=None)
    said = run.check_fault if run.fault is None else None
    if said is not None and said.type == "AssertionError":
        # Our own assertion carries the answer as its message; an assertion inside `sat` carries none.
        return TestResult(test="sat(sol())", passed=False, actual=said.message, expected="sat(...) is True")
    return TestResult(test="sat(sol())", passed=run.check_passed is True, fault=run.fault or run.check_fault)


def _padded(answers: Sequence[Answer], count: int) -> list[Answer | None]:
    return [*answers[:count], *[None] * (count - len(answers))]


def _result(test: str, answer: Answer | None, expected: object, holds: Callable[[object, object], bool]) -> TestResult:
    if answer is None:
        return TestResult(test=test, passed=None, expected=shown(expected))
    if answer.fault:
        return TestResult(test=test, passed=False, expected=shown(expected), fault=answer.fault)
    if not answer.plain:
        return TestResult(test=test, passed=False, actual=f"no plain value: {answer.value}", expected=shown(expected))
    passed = holds(answer.value, expected)
    return TestResult(test=test, passed=passed, actual=shown(answer.value), expected=shown(expected))


def _checked(test: str, run: Run) -> TestResult:
    """A check that ran whole: it says pass or fault; the program's own fault, where there is one, is the one to show."""
    if run.status == "unavailable":
        return TestResult(test=test, passed=None)
    return TestResult(test=test, passed=run.check_passed is True, fault=run.fault or run.check_fault)


def _outcome(plan: Plan, runs: Sequence[Run], level: str) -> Outcome:
    if not runs:
        return Outcome(status="unavailable", detail="no tests")
    results = plan.results(runs)
    worst = next((run for run in runs if run.status != "ok"), runs[0])
    status, detail = _status(results, worst)
    return Outcome(
        status=status,
        results=tuple(results),
        stdout=runs[0].stdout,
        stderr=runs[0].stderr,
        fault=worst.fault,
        detail=detail,
        cpu_seconds=sum(run.cpu_seconds for run in runs),
        wall_seconds=sum(run.wall_seconds for run in runs),
        peak_bytes=max(run.peak_bytes for run in runs),
        isolation=level,
    )


def _status(results: Sequence[TestResult], worst: Run) -> tuple[Status, str]:
    """Passed only where every test ran and said yes; our own faults come before anything about the program."""
    if worst.status == "unavailable":
        return "unavailable", worst.detail
    if worst.status != "ok":
        return worst.status, worst.detail
    if results and all(result.passed is True for result in results):
        return "ok", ""
    bad = next((item for item in results if item.passed is False), None)
    if bad is None:
        return "unavailable", "a test gives no expected value"
    if bad.fault is None or bad.fault.type == "AssertionError":
        return "failed", ""
    return {"MemoryError": "memory", "PermissionError": "forbidden"}.get(bad.fault.type, "error"), bad.fault.type  # type: ignore[return-value]
