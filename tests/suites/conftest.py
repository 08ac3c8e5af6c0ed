"""Judged attempts and reports made by hand."""

import dataclasses
from pathlib import Path

import pytest

from etude.protocols import Judged, State
from etude.records import Agent, Attempt, TaskView, Tests, Verdict, identify
from etude.suites.passk import PassAtK
from etude.tasks import Task


def task(name, difficulty=""):
    view = TaskView(task_id=name, kind="complete", prompt=f"def {name}():", difficulty=difficulty)
    return Task(facts=view, hidden=Tests(assertions=("assert True",)))


def judged(exercise, index, passed, *, parent="", status=None):
    attempt = Attempt(
        task_id=exercise.task_id, prompt="p", completion="c", program="pc", template="t", agent="a", solver="s",
        sample_index=index, seed=0, round=0, prompt_tokens=10, completion_tokens=5, parent=parent,
    )  # fmt: skip
    verdict = Verdict(
        attempt=identify(attempt), judge="j", passed=passed, score=float(passed or 0), reason="",
        status=status or {True: "ok", False: "failed", None: "unavailable"}[passed],
    )  # fmt: skip
    return Judged(exercise, attempt, verdict)


def samples(name, text, difficulty=""):
    """One judged sample per letter: + passed, - failed, ? could not be judged."""
    exercise = task(name, difficulty)
    return [judged(exercise, index, {"+": True, "-": False, "?": None}[sign]) for index, sign in enumerate(text)]


@pytest.fixture
def state():
    agent = Agent(model="m", fingerprint="f")
    return State(round=1, seed=0, folder=Path("unused"), base=agent, agent=agent)


@pytest.fixture
def report(state):
    def make(outcomes, *, name="main", round=1, k=(1, 2), n=4):
        rows = [item for task_name, text in outcomes.items() for item in samples(task_name, text)]
        suite = PassAtK(tasks_from="x", n=n, k=k)
        return suite.report(name, rows, dataclasses.replace(state, round=round))

    return make


@pytest.fixture
def make_samples():
    return samples


@pytest.fixture
def make_task():
    return task


@pytest.fixture
def make_judged():
    return judged
