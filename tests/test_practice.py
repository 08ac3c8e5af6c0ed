"""Practice: the judge is asked once per program, what could not be judged is asked again, and the order is fixed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from etude.ledger import Ledger
from etude.practice import Court, practise
from etude.progress import Tracker, ignore
from etude.protocols import Budget, Sandbox, Workbench
from etude.records import Agent, Attempt, Strength, TaskView, Tests, Verdict, identify
from etude.tasks import Task

TASKS = tuple(
    Task(facts=TaskView(task_id=name, kind="instruct", prompt=name), hidden=Tests(assertions=("assert f()",)))
    for name in ("b", "a")
)


@dataclass
class Writer:
    """Writes the same two programs for every task, the later samples first."""

    samples: int = 4

    def attempt(self, views: Sequence[TaskView], agent: Agent, bench: Workbench, budget: Budget):
        for index in reversed(range(self.samples)):
            for view in views:
                program = f"program {index % 2}"
                yield Attempt(
                    task_id=view.task_id,
                    prompt="",
                    completion=program,
                    program=program,
                    template="",
                    agent="",
                    solver="",
                    sample_index=index,
                    seed=0,
                    round=budget.round,
                )


@dataclass
class Counting:
    """A judge that counts what it is asked; program 1 passes, or cannot be judged."""

    strength: Strength = "tests"
    known: bool = True
    asked: list[str] = field(default_factory=list, repr=False)

    def judge(self, task: Task, attempts: Sequence[Attempt], sandbox: Sandbox) -> list[Verdict]:
        self.asked += [f"{task.task_id} {item.program}" for item in attempts]
        return [self._verdict(item) for item in attempts]

    def _verdict(self, attempt: Attempt) -> Verdict:
        passed = attempt.program == "program 1" if self.known else None
        status = "unavailable" if passed is None else "ok" if passed else "failed"
        return Verdict(
            attempt=identify(attempt),
            judge="j",
            passed=passed,
            score=0.0,
            reason="",
            status=status,
            strength=self.strength,
        )


def run(folder: Path, judge: Counting, round: int = 0) -> list[tuple[str, int, bool | None]]:
    ledger = Ledger(folder)
    court = Court(judge=judge, sandbox=None, ledger=ledger)  # type: ignore[arg-type]
    budget = Budget(samples=None, seed=0, round=round)
    tracker = Tracker("main", "stage", 0, ignore)
    judged = practise(TASKS, Writer(), Agent(model="", fingerprint=""), None, budget, court, "train", tracker)  # type: ignore[arg-type]
    ledger.close()
    return [(item.task.task_id, item.attempt.sample_index, item.verdict.passed) for item in judged]


def test_the_order_is_by_task_and_sample_whatever_came_first(tmp_path: Path) -> None:
    found = run(tmp_path, Counting())
    assert found == [(name, index, index % 2 == 1) for name in ("b", "a") for index in range(4)]


def test_a_program_is_judged_once_per_task_over_all_rounds(tmp_path: Path) -> None:
    judge = Counting()
    first = run(tmp_path, judge)
    asked = list(judge.asked)
    again = run(tmp_path, judge, round=1)
    assert judge.asked == asked
    assert again == first


@pytest.mark.parametrize(
    "judge", [Counting(known=False), Counting(strength="agreement")], ids=["unjudged", "agreement"]
)
def test_what_is_unknown_or_weighs_its_company_is_asked_again(tmp_path: Path, judge: Counting) -> None:
    run(tmp_path, judge)
    asked = len(judge.asked)
    run(tmp_path, judge, round=1)
    assert len(judge.asked) == 2 * asked


def test_every_attempt_has_a_verdict_of_its_own(tmp_path: Path) -> None:
    run(tmp_path, Counting())
    ledger = Ledger(tmp_path)
    pairs = list(ledger.judged("train", 0))
    ledger.close()
    assert len(pairs) == 8
    assert all(verdict.attempt == identify(attempt) for attempt, verdict in pairs)
