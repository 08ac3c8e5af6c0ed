"""Programs before tests: every kind of test by its rule, equal exams run once.

Judges use it for all tests of a task, the workbench for the shown ones. It knows nothing of attempts and verdicts.
"""

from collections.abc import Callable, Sequence

from etude.judges.exam import Exam, unavailable
from etude.judges.rules.appended import examine_appended
from etude.judges.rules.assertions import examine_assertions
from etude.judges.rules.calls import examine_calls
from etude.judges.rules.checks import examine_checks
from etude.judges.rules.exchanges import examine_exchanges
from etude.judges.rules.inside import examine_inside
from etude.judges.rules.puzzles import examine_puzzles
from etude.protocols import Sandbox
from etude.records import Limits, Outcome, TestKind

Key = tuple[str, int, str, Limits, str, str]  # tests by identity: `==` would take True and 1 for one expected value
Rule = Callable[[Sequence[Exam], Sandbox], list[Outcome]]

RULES: dict[TestKind, Rule] = {
    "assertions": examine_assertions,
    "calls": examine_calls,
    "check": examine_checks,
    "stdio": examine_exchanges,
    "puzzle": examine_puzzles,
}

__all__ = ["Exam", "examine"]


def examine(exams: Sequence[Exam], sandbox: Sandbox) -> list[Outcome]:
    """The outcome of each exam, in order.

    No tests at all are `unavailable`, never a pass. What an outcome shows of a test (its text, expected values) may
    reach a prompt only where the test itself may.
    """
    keys = [(exam.program, id(exam.tests), *exam[2:]) for exam in exams]
    distinct = dict(zip(keys, exams, strict=True))
    outcomes: dict[Key, Outcome] = {}
    for rule in dict.fromkeys((*RULES.values(), examine_inside, examine_appended)):
        chosen = {key: exam for key, exam in distinct.items() if _rule(exam) is rule}
        if chosen:
            outcomes.update(zip(chosen, rule(list(chosen.values()), sandbox), strict=True))
    return [outcomes.get(key) or unavailable("no tests") for key in keys]


def _rule(exam: Exam) -> Rule | None:
    kind = exam.tests.kind
    if exam.trust == "in-process" and kind in ("assertions", "check"):
        return examine_inside
    if kind == "stdio" and exam.tests.setup:
        return examine_appended
    return RULES[kind] if kind else None
