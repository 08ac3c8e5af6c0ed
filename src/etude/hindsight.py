"""Hindsight: a program that is wrong for its own task may be right for another one that has a name.

Method: hindsight relabelling as in SOAR (arXiv 2507.14172). Every wrong program of a round is asked one shown call of
every other task with the same entry point, all in one run; where the answer is right, the judge decides over the whole
task. What passes is an attempt at that task: its prompt, the program, and in `feedback` whose attempt it was.
"""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from etude.judges.rules.calls import question
from etude.judges.values import same
from etude.models.prompts import render, target_for, template_for
from etude.practice import Court, decide
from etude.programs.normalise import normalised
from etude.protocols import Judged
from etude.records import Attempt, Call, Job, Limits, identify
from etude.tasks import Task

SOLVER = "hindsight"
ASKED = 400
"""Most tasks that one program is asked about."""


def relabelled(
    judged: Sequence[Judged], tasks: Sequence[Task], court: Court, round: int, *, cap: int, limits: Limits
) -> list[Judged]:
    """Attempts that were wrong for their own task, judged for the tasks that they seem to solve.

    Args:
        judged: A round's attempts with their verdicts.
        tasks: The round's tasks.
        cap: Tasks that one program may be relabelled for, at most.
        limits: Of one program on all its questions.
    """
    wrong = _wrong(judged)
    asked = {item.task.facts.entry_point: _askable(tasks, item.task.facts.entry_point, round) for item in wrong}
    jobs = [
        Job(
            source=item.attempt.program,
            asks=tuple(question(item.task.facts.entry_point, call) for _, call in asked[item.task.facts.entry_point]),
            limits=limits,
        )
        for item in wrong
    ]
    found: list[Attempt] = []
    for item, run in zip(wrong, court.sandbox.run(jobs), strict=True):
        pairs = zip(asked[item.task.facts.entry_point], run.answers, strict=False)
        right = [
            task
            for (task, call), answer in pairs
            if task.task_id != item.task.task_id
            and answer.fault is None
            and not answer.opaque
            and same(answer.value, call.expected)
        ]
        found += [_moved(item, task) for task in right[:cap]]
    known = {task.task_id: task for task in tasks}
    pairs_ = decide(found, known, court, "train", round)
    return [Judged(known[attempt.task_id], attempt, verdict) for attempt, verdict in pairs_ if verdict.passed]


def _wrong(judged: Sequence[Judged]) -> list[Judged]:
    """One attempt per different program that ran and was wrong."""
    kept: dict[str, Judged] = {}
    for item in judged:
        if item.verdict.passed is False and item.verdict.status == "failed" and item.task.facts.entry_point:
            kept.setdefault(normalised(item.attempt.program), item)
    return list(kept.values())


def _askable(tasks: Sequence[Task], entry_point: str, round: int) -> list[tuple[Task, Call]]:
    """Tasks of one entry point, each with a shown call; which of very many is drawn anew in each round."""
    found = [
        (task, task.facts.shown.calls[0])
        for task in tasks
        if task.facts.entry_point == entry_point and task.facts.shown.calls
    ]
    return found if len(found) <= ASKED else Random(f"hindsight {round}").sample(found, ASKED)


def _moved(item: Judged, task: Task) -> Attempt:
    """The attempt as one at another task. Its completion is what a row for that task should hold."""
    view = task.view()
    template = template_for(view, repair=False)
    return replace(
        item.attempt,
        task_id=task.task_id,
        prompt=render(template, view),
        completion=target_for(view, item.attempt.program),
        template=template,
        solver=SOLVER,
        parent="",
        feedback=f"hindsight of {identify(item.attempt)} at {item.task.task_id}",
        prompt_tokens=0,
        completion_tokens=0,
    )
