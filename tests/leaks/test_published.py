"""Published exam tasks in other words, among the references of another published set."""

import pytest

from etude import leaks
from etude.judges.auto import Auto
from etude.judges.examine import Exam, examine
from etude.records import outside_attempt
from etude.sandbox import Sandbox
from etude.sources.task_set import open_task_set
from tests.leaks.rewording import STYLES, reworded

pytestmark = pytest.mark.data
EVERY = [pytest.param(1, marks=pytest.mark.whole), pytest.param(4, marks=pytest.mark.slow)]
"""One task in so many is planted."""


@pytest.fixture(scope="module")
def jail():
    with Sandbox(workers=1) as sandbox:
        yield sandbox


@pytest.mark.parametrize("every", EVERY)
def test_reworded_references_are_found_and_what_else_is_found_solves_the_task(data, jail, every):
    exam = open_task_set(f"humaneval:{data('humaneval/HumanEval.jsonl.gz')}", reading="guard")
    known = {task.task_id: task for task in exam}
    planted = [
        (task, reworded(task.reference, task.facts.entry_point, STYLES[number % len(STYLES)]))
        for number, task in list(enumerate(exam))[::every]
    ]
    named = [Exam(f"{text}\n{_entry(text)} = {_entry(text)}\n", task.hidden, _entry(text)) for task, text in planted]
    right = [outcome.status == "ok" for outcome in examine(named, jail)]
    assert sum(right) >= 155 // every, "the rewording breaks too many references"
    programs = [text for (_, text), ok in zip(planted, right, strict=True) if ok]
    wanted = [task.task_id for (task, _), ok in zip(planted, right, strict=True) if ok]
    others = [task.reference for task in open_task_set(f"mbpp:{data('mbpp/mbpp.jsonl')}[train][0:{80 // every}]")]
    found = list(leaks.find([*programs, *others], exam, jail))
    by_place = {place: {item.exam for item in found if item.place == place} for place in range(len(programs))}
    assert [name for place, name in enumerate(wanted) if name not in by_place[place]] == []
    for item in found:
        if item.exam not in wanted[item.place : item.place + 1]:
            task, text = known[item.exam], [*programs, *others][item.place]
            program = f"{text}\n\n{task.facts.entry_point} = {item.function}\n"
            [verdict] = Auto().judge(task, [outside_attempt(task.task_id, program, "leaks")], jail)
            shown = [outside_attempt(task.task_id, program, "leaks")]
            assert verdict.passed or _hidden_only(task, program, jail), (item, shown)


def _entry(text):
    return "outermost" if "def outermost" in text else "with_more" if "def with_more" in text else "other_words"


def _hidden_only(task, program, jail):
    """Examples of a prompt may say more than its hidden tests do."""
    [outcome] = examine([Exam(program, task.hidden, task.facts.entry_point)], jail)
    return outcome.status == "ok"
