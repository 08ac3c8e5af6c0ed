"""From outcomes to verdicts: what the three judges share."""

from collections.abc import Sequence
from dataclasses import replace

from etude.judges.examine import Exam, examine
from etude.protocols import Sandbox
from etude.records import Attempt, Limits, Outcome, Strength, Tests, Verdict, identify
from etude.tasks import Task


def decide(
    task: Task, attempts: Sequence[Attempt], sandbox: Sandbox, limits: Limits, name: str, strength: Strength
) -> list[Verdict]:
    """One verdict per attempt: passed where every hidden and every shown test says yes."""
    parts = joined(task.hidden, task.view().shown)
    entry = task.view().entry_point
    exams = [Exam(attempt.program, tests, entry, limits) for attempt in attempts for tests in parts]
    outcomes = examine(exams, sandbox)
    size = len(parts)
    return [
        _verdict(attempt, outcomes[index * size : (index + 1) * size], name, strength)
        for index, attempt in enumerate(attempts)
    ]


def joined(hidden: Tests, shown: Tests) -> list[Tests]:
    """Hidden and shown tests as few exams: one where they are of a kind, so that a program starts once."""
    if not len(shown) or shown == hidden:
        return [hidden]
    if not len(hidden):
        return [shown]
    alike = hidden.kind == shown.kind and hidden.setup == shown.setup and hidden.kind in ("calls", "assertions", "stdio")
    if not alike:
        return [hidden, shown]
    extra = {key: getattr(shown, key) + getattr(hidden, key) for key in ("calls", "assertions", "stdio")}
    return [replace(hidden, **extra)]


def _verdict(attempt: Attempt, outcomes: Sequence[Outcome], name: str, strength: Strength) -> Verdict:
    worst = _worst(outcomes)
    passed = None if worst.status == "unavailable" else all(outcome.status == "ok" for outcome in outcomes)
    return Verdict(
        attempt=identify(attempt),
        judge=name,
        passed=passed,
        score=score(outcomes) if passed is not None else 0.0,
        reason=reason(worst),
        status=worst.status,
        strength=strength,
        isolation=worst.isolation,
    )


def _worst(outcomes: Sequence[Outcome]) -> Outcome:
    """A failure decides even where another part could not be judged; else what could not be judged does."""
    bad = [outcome for outcome in outcomes if outcome.status not in ("ok", "unavailable")]
    unknown = [outcome for outcome in outcomes if outcome.status == "unavailable"]
    return [*bad, *unknown, *outcomes][0]


def score(outcomes: Sequence[Outcome]) -> float:
    """The share of tests passed, 0 to 1."""
    results = [result for outcome in outcomes for result in outcome.results]
    return sum(result.passed is True for result in results) / len(results) if results else 0.0


def reason(outcome: Outcome) -> str:
    """One short line. It never holds an argument or an expected value: it may be printed anywhere."""
    if outcome.status == "ok":
        return ""
    for number, result in enumerate(outcome.results, 1):
        if result.passed is False and outcome.status not in ("timeout", "killed"):
            said = f"raised {result.fault.type}" if result.fault else "failed"
            return f"test {number} of {len(outcome.results)} {said}"
    if outcome.status in ("error", "forbidden", "memory") and outcome.fault:
        return outcome.fault.type
    return f"{outcome.status} ({outcome.detail})" if outcome.detail else outcome.status
