"""Hindsight: a wrong program becomes a right attempt at a task that it does solve, and only then."""

import pytest

from etude.hindsight import relabelled
from etude.judges.auto import Auto
from etude.ledger import Ledger
from etude.models.prompts import render
from etude.practice import Court, decide
from etude.protocols import Judged
from etude.records import Attempt, Call, Limits, TaskView, Tests, identify
from etude.sandbox import Sandbox
from etude.tasks import Task

LIMITS = Limits(cpu_seconds=1, wall_seconds=5)


def task(number: int, entry_point: str = "f", hidden: int | None = None) -> Task:
    calls = tuple(Call(args=(x,), expected=x + number) for x in (1, 5))
    secret = tuple(Call(args=(x,), expected=x + (number if hidden is None else hidden)) for x in (70, 80))
    facts = TaskView(
        task_id=f"add-{number}",
        kind="instruct",
        prompt=f"Add {number}.",
        entry_point=entry_point,
        shown=Tests(calls=calls),
    )
    return Task(facts=facts, hidden=Tests(calls=secret))


def attempt(at: Task, program: str, index: int = 0) -> Attempt:
    return Attempt(
        task_id=at.task_id, prompt=at.facts.prompt, completion=program, program=program, template="instruct.v1",
        agent="a", solver="sample", sample_index=index, seed=0, round=0,
    )  # fmt: skip


@pytest.fixture(scope="module")
def jail():
    with Sandbox(workers=1) as sandbox:
        yield sandbox


def found(tmp_path, jail, tasks: list[Task], programs: list[tuple[Task, str]], cap: int = 3) -> list[Judged]:
    ledger = Ledger(tmp_path / "run")
    court = Court(judge=Auto(), sandbox=jail, ledger=ledger)
    known = {item.task_id: item for item in tasks}
    written = [attempt(at, text, place) for place, (at, text) in enumerate(programs)]
    judged = [Judged(known[one.task_id], one, verdict) for one, verdict in decide(written, known, court, "train", 0)]
    again = relabelled(judged, tasks, court, 0, cap=cap, limits=LIMITS)
    ledger.close()
    return again


def test_a_wrong_program_is_an_attempt_at_the_task_it_solves(tmp_path, jail):
    tasks = [task(0), task(1), task(2)]
    program = "def f(x):\n    return x + 2\n"
    [item] = found(tmp_path, jail, tasks, [(tasks[0], program)])
    assert (item.task.task_id, item.attempt.task_id, item.verdict.passed) == ("add-2", "add-2", True)
    assert item.attempt.prompt == render("instruct.v1", tasks[2].view())
    assert item.attempt.program == program
    assert item.attempt.completion.strip().startswith("def f(x):")
    assert item.attempt.feedback == f"hindsight of {identify(attempt(tasks[0], program))} at add-0"
    assert item.attempt.solver == "hindsight"


def test_right_on_what_is_shown_and_wrong_on_what_is_hidden_is_no_attempt(tmp_path, jail):
    tasks = [task(0), task(2, hidden=3)]
    assert found(tmp_path, jail, tasks, [(tasks[0], "def f(x):\n    return x + 2\n")]) == []


def test_what_is_right_or_breaks_is_left_alone_and_equal_programs_count_once(tmp_path, jail):
    tasks = [task(0), task(1), task(2)]
    programs = [
        (tasks[0], "def f(x):\n    return x\n"),
        (tasks[0], "def f(x):\n    return y\n"),
        (tasks[0], "def f(x):\n    while True:\n        pass\n"),
        (tasks[0], "def f(x):\n    return x + 1\n"),
        (tasks[2], "def f(number):\n    # the same\n    return number + 1\n"),
    ]
    again = found(tmp_path, jail, tasks, programs)
    assert [(item.task.task_id, item.attempt.sample_index) for item in again] == [("add-1", 3)]


def test_other_entry_points_and_the_cap(tmp_path, jail):
    tasks = [task(0), task(1, entry_point="g"), task(2), task(3)]
    same = "def f(x):\n    return x + (2 if x in (1, 5) else 3)\n"
    assert found(tmp_path, jail, tasks, [(tasks[0], same)]) == []
    twins = [
        task(0),
        task(2),
        Task(facts=task(2).facts.__class__(**{**_fields(task(2)), "task_id": "twin"}), hidden=task(2).hidden),
    ]
    program = "def f(x):\n    return x + 2\n"
    assert len(found(tmp_path / "a", jail, twins, [(twins[0], program)])) == 2
    assert len(found(tmp_path / "b", jail, twins, [(twins[0], program)], cap=1)) == 1


def _fields(of: Task) -> dict:
    return {name: getattr(of.facts, name) for name in of.facts.__dataclass_fields__}
