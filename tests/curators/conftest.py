"""Judged attempts to curate, built from plain words."""

from dataclasses import replace
from pathlib import Path

import pytest

from etude.protocols import Judged, State
from etude.records import Agent, Attempt, Example, TaskView, Tests, Verdict, identify
from etude.tasks import Task


class World:
    """Makes tasks, attempts and states with as few words as a test needs."""

    def task(self, task_id="a", reference=""):
        view = TaskView(task_id=task_id, kind="complete", prompt=f'def f(x):\n    """{task_id}"""\n', entry_point="f")
        return Task(facts=view, hidden=Tests(assertions=("assert f(1) == 1",)), reference=reference, licence="CC0")

    def attempt(self, body, task_id="a", index=0, parent=None, prompt=""):
        first = prompt or self.task(task_id).facts.prompt
        return Attempt(
            task_id=task_id,
            prompt=f"# repair\n{parent.completion}" if parent and not prompt else first,
            completion=body,
            program=self.task(task_id).facts.prompt + body,
            template="complete.v1",
            agent="agent",
            solver="sample",
            sample_index=index,
            seed=0,
            round=2,
            parent=identify(parent) if parent else "",
            feedback="wrong" if parent else "",
        )

    def judged(self, attempt, passed=True):
        verdict = Verdict(
            attempt=identify(attempt),
            judge="tests",
            passed=passed,
            score=float(bool(passed)),
            reason="",
            status={True: "ok", False: "failed", None: "unavailable"}[passed],
        )
        return Judged(self.task(attempt.task_id), attempt, verdict)

    def state(self, tasks=(), **changes):
        agent = Agent(model="m", fingerprint="agent")
        state = State(round=2, seed=7, folder=Path("unused"), base=agent, agent=agent, tasks=tuple(tasks))
        return replace(state, **changes)

    def row(self, name, **changes):
        row = Example(prompt=f"p {name}", target=f"t {name}", program=f"def f(x): return {name!r}", task_id="a")
        return replace(row, **changes)


@pytest.fixture
def world():
    return World()
