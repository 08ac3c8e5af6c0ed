"""The published right programs pass, and emptied ones do not: HumanEval, MBPP, P3."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from etude.judges.auto import Auto
from etude.judges.malformed import malformed
from etude.protocols import Judge
from etude.records import Verdict
from etude.sandbox import Sandbox
from etude.sources.p3 import instances, references
from etude.sources.task_set import open_task_set
from etude.tasks import Task
from tests.judges.hostile import attempt_of

pytestmark = pytest.mark.data


def verdicts_of(
    tasks: Sequence[Task], programs: Sequence[str], jail: Sandbox, judge: Judge | None = None
) -> list[Verdict]:
    judge = judge or Auto()
    return [judge.judge(task, [attempt_of(program)], jail)[0] for task, program in zip(tasks, programs, strict=True)]


def test_humaneval_references_pass_and_empty_bodies_do_not(data: Callable[[str], Path], jail: Sandbox) -> None:
    tasks = open_task_set(f"humaneval:{data('humaneval/HumanEval.jsonl.gz')}")
    good = verdicts_of(tasks, [task.reference for task in tasks], jail)
    assert [task.task_id for task, verdict in zip(tasks, good, strict=True) if not verdict.passed] == []
    empty = verdicts_of(tasks, [task.view().prompt + "    pass\n" for task in tasks], jail)
    assert (len(good), [verdict.passed for verdict in empty].count(False)) == (164, 164)


def test_mbpp_references_pass_and_three_assertions_are_malformed(data: Callable[[str], Path], jail: Sandbox) -> None:
    tasks = open_task_set(f"mbpp:{data('mbpp/mbpp.jsonl')}[all]")
    assert len(tasks) == 974
    good = verdicts_of(tasks, [task.reference for task in tasks], jail)
    assert [task.task_id for task, verdict in zip(tasks, good, strict=True) if not verdict.passed] == []
    odd = [task.task_id for task in tasks if malformed(task.hidden) or malformed(task.view().shown)]
    assert [int(re.sub(r"\D", "", name)) for name in odd] == [313, 362, 436]


def test_p3_answers_pass_one_body_in_six(data: Callable[[str], Path], jail: Sandbox) -> None:
    folder = data("p3")
    tasks = {task.task_id: task for task in open_task_set(f"p3:{folder}[all]")}
    pairs = [(tasks[str(row.values["name"])], text) for row in instances(str(folder)) for text in references(row)][::6]
    verdicts = verdicts_of([task for task, _ in pairs], [text for _, text in pairs], jail)
    assert len(pairs) > 270
    assert [task.task_id for (task, _), verdict in zip(pairs, verdicts, strict=True) if not verdict.passed] == []
    wrong = verdicts_of([task for task, _ in pairs[::6]], ["def sol(*a, **k): return None\n"] * len(pairs[::6]), jail)
    assert not any(verdict.passed for verdict in wrong)
