"""The published right programs pass, and emptied ones do not: HumanEval, MBPP, and P3 in part."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from etude.judges.auto import Auto
from etude.judges.malformed import malformed
from etude.records import Verdict
from etude.sandbox import Sandbox
from etude.sources.p3 import instances, references
from etude.sources.task_set import open_task_set
from etude.tasks import Task
from tests.judges.hostile import attempt_of

pytestmark = pytest.mark.data
LONG_NUMBERS = {"FivePowers:0", "BoxVolume:1"}


def verdicts_of(tasks: Sequence[Task], programs: Sequence[str], jail: Sandbox) -> list[Verdict]:
    return [Auto().judge(task, [attempt_of(program)], jail)[0] for task, program in zip(tasks, programs, strict=True)]


def test_humaneval_references_pass_and_empty_bodies_do_not(data: Callable[[str], Path], jail: Sandbox) -> None:
    tasks = open_task_set(f"humaneval:{data('humaneval/HumanEval.jsonl.gz')}", reading="look")
    programs = [(task.reference, task.view().prompt + "    pass\n") for task in tasks]
    both = [
        Auto().judge(task, [attempt_of(text) for text in pair], jail)
        for task, pair in zip(tasks, programs, strict=True)
    ]
    assert [task.task_id for task, (good, _) in zip(tasks, both, strict=True) if good.passed is not True] == []
    assert [empty.passed for _, empty in both] == [False] * 164


@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.whole)])
def test_mbpp_references_pass_and_three_assertions_are_malformed(
    data: Callable[[str], Path], jail: Sandbox, every: int
) -> None:
    tasks = open_task_set(f"mbpp:{data('mbpp/mbpp.jsonl')}[all]", reading="look")
    assert len(tasks) == 974
    share = tasks[::every]
    good = verdicts_of(share, [task.reference for task in share], jail)
    assert [task.task_id for task, verdict in zip(share, good, strict=True) if not verdict.passed] == []
    odd = [task.task_id for task in tasks if malformed(task.hidden) or malformed(task.view().shown)]
    assert [int(re.sub(r"\D", "", name)) for name in odd] == [313, 362, 436]


def test_p3_answers_pass_one_body_in_eight(data: Callable[[str], Path], jail: Sandbox) -> None:
    folder = data("p3")
    tasks = {task.task_id: task for task in open_task_set(f"p3:{folder}[all]", reading="look")}
    rows = [(str(row.values["name"]), text) for row in instances(str(folder)) for text in references(row)]
    pairs = [(tasks[name], text) for at, (name, text) in enumerate(rows) if at % 8 == 0 or name in LONG_NUMBERS]
    assert len(pairs) > 200
    assert {task.task_id for task, _ in pairs} >= LONG_NUMBERS
    verdicts = verdicts_of([task for task, _ in pairs], [text for _, text in pairs], jail)
    assert [task.task_id for (task, _), verdict in zip(pairs, verdicts, strict=True) if not verdict.passed] == []
    wrong = verdicts_of([task for task, _ in pairs[::8]], ["def sol(*a, **k): return None\n"] * len(pairs[::8]), jail)
    assert not any(verdict.passed for verdict in wrong)
