"""The tasks and judges that the tests of rewards share."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from etude.protocols import Sandbox
from etude.records import Attempt, Call, TaskView, Tests, Verdict, identify
from etude.tasks import Task

RIGHT = "def add(a, b):\n    return a + b\n"
WRONG = "def add(a, b):\n    return a - b\n"
HALF = "def add(a, b):\n    return 3 if (a, b) == (1, 2) else a + b if a > 4 else 0\n"
"""Right on the first and on the last of four hidden tests, and on the shown one."""

SHOWN = Tests(calls=(Call(args=(0, 0), expected=0),))
HIDDEN = Tests(calls=tuple(Call(args=(a, a + 1), expected=2 * a + 1) for a in (1, 2, 3, 5)))


def task(task_id: str = "add", hidden: Tests = HIDDEN, shown: Tests = SHOWN) -> Task:
    facts = TaskView(task_id=task_id, kind="instruct", prompt="Add two numbers.", entry_point="add", shown=shown)
    return Task(facts=facts, hidden=hidden, reference=RIGHT)


UNDECIDABLE = task("nothing to judge by", Tests(), Tests())
"""A task without a test: no judge can say anything about a program for it."""


def verdict_of(attempt: Attempt, passed: bool | None) -> Verdict:
    reason = "" if passed else "as the test says"
    status = "unavailable" if passed is None else "ok" if passed else "failed"
    return Verdict(
        attempt=identify(attempt),
        judge="test",
        passed=passed,
        score=float(bool(passed)),
        reason=reason,
        status=status,
    )


@dataclass
class Yes:
    """A judge that lets everything pass: what the refusals must find out."""

    def judge(self, task: Task, attempts: Sequence[Attempt], sandbox: Sandbox) -> list[Verdict]:
        return [verdict_of(item, True) for item in attempts]


@dataclass
class ByText:
    """A judge with all three answers, by the text of the program alone."""

    def judge(self, task: Task, attempts: Sequence[Attempt], sandbox: Sandbox) -> list[Verdict]:
        answers = (True, False, None)
        return [verdict_of(item, answers[zlib.crc32(item.program.encode()) % 3]) for item in attempts]
