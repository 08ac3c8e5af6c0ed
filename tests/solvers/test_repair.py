"""Repair: a tree over rounds with its lineage, what it is told, who writes it, and which failures are worth it."""

from dataclasses import replace

import pytest

from etude.errors import RecipeError
from etude.ledger import Ledger
from etude.models.prompts import target_for
from etude.models.scripted import Scripted
from etude.protocols import Budget
from etude.records import Agent, Attempt, Call, TaskView, Tests, identify
from etude.sandbox import Sandbox
from etude.solvers.repair import Repair
from etude.workbench import Bench

BUDGET = Budget(samples=None, seed=0, round=0)
FIRST = "def f(x):\n    y = x * 2\n    return y + 9\n"
SECOND = "def f(x):\n    return x - 100\n"
RIGHT = "def f(x):\n    return x * 2\n"


def fenced(program: str) -> str:
    return f"{program}```"


def view(kind: str = "instruct") -> TaskView:
    prompt = "Double it." if kind == "instruct" else 'def f(x):\n    """Double it."""\n'
    calls = (Call(args=(3,), expected=6), Call(args=(4,), expected=8))
    return TaskView(task_id="t", kind=kind, prompt=prompt, entry_point="f", shown=Tests(calls=calls))


REPLIES = {"Double it.": [fenced(FIRST)], "return y + 9\n": [fenced(SECOND)], "return x - 100\n": [fenced(RIGHT)]}


@pytest.fixture(scope="module")
def jail():
    with Sandbox(workers=1) as sandbox:
        yield sandbox


@pytest.fixture
def solve(tmp_path, jail):
    def run(solver: Repair, replies=REPLIES, task: TaskView | None = None) -> list[Attempt]:
        ledger = Ledger(tmp_path / "run")
        bench = Bench(Scripted(replies=replies, match="substring"), jail, ledger)
        agent = Agent(model="m", fingerprint="writer")
        found = list(solver.attempt([task or view()], agent, bench, BUDGET))
        ledger.close()
        return found

    return run


def test_a_failed_repair_is_repaired_in_the_next_round_and_each_knows_its_parent(solve):
    first, second, third = solve(Repair(samples=1, rounds=3))
    assert [item.program for item in (first, second, third)] == [FIRST, SECOND, RIGHT]
    assert (first.parent, second.parent, third.parent) == ("", identify(first), identify(second))
    assert "f(3) returned 15, expected 6" in second.feedback
    assert "f(3) returned -97, expected 6" in third.feedback
    assert first.feedback == ""


def test_each_failure_gets_so_many_repairs_and_each_has_an_index_of_its_own(solve):
    found = solve(Repair(samples=2, repairs=3, rounds=2))
    depths = [sum(bool(item.parent) for item in found if item.program == program) for program in (FIRST, SECOND, RIGHT)]
    assert depths == [0, 6, 18]
    for program in (SECOND, RIGHT):
        keys = [(item.prompt, item.sample_index) for item in found if item.program == program]
        assert len(set(keys)) == len(keys)


def test_no_repairs_and_no_rounds_are_samples(solve):
    assert len(solve(Repair(samples=2, repairs=0))) == len(solve(Repair(samples=2, rounds=0))) == 2


def test_another_model_may_write_the_repairs_and_is_named(solve, tmp_path):
    import json

    file = tmp_path / "other.json"
    file.write_text(json.dumps({"return y + 9\n": [fenced(RIGHT)]}))
    other = {"use": "scripted", "replies": str(file), "match": "substring"}
    first, repair = solve(Repair(samples=1, repairer=other), {"Double it.": [fenced(FIRST)]})
    assert repair.program == RIGHT
    assert first.agent == "writer"
    assert repair.agent == Scripted(replies=str(file), match="substring").fingerprint != "writer"


def test_the_samples_of_one_repairing_model_are_not_taken_for_those_of_another(solve, tmp_path):
    import json

    found = []
    for name, program in (("one", SECOND), ("two", RIGHT), ("one", SECOND)):
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps({"return y + 9\n": [fenced(program)]}))
        other = {"use": "scripted", "replies": str(file), "match": "substring"}
        found.append(solve(Repair(samples=1, repairer=other), {"Double it.": [fenced(FIRST)]})[1])
    assert [item.program for item in found] == [SECOND, RIGHT, SECOND]
    assert found[0] == found[2]
    assert found[0].agent != found[1].agent


def test_what_passes_its_shown_tests_is_left_alone_and_the_judge_is_asked_only_where_it_may_be(solve):
    assert len(solve(Repair(samples=1), {"Double it.": [fenced(RIGHT)]})) == 1
    with pytest.raises(RecipeError, match="does not allow it"):
        solve(Repair(samples=1, gate="oracle"))


def test_a_task_without_shown_tests_has_nothing_to_repair_by(solve):
    assert len(solve(Repair(samples=1), task=replace(view(), shown=Tests()))) == 1


def test_only_some_failures_are_worth_a_repair(solve):
    broken = {**REPLIES, "Double it.": [fenced(FIRST), fenced("def f(x):\n    return z\n")]}
    broken["def f(x):\n    return z\n"] = [fenced(RIGHT)]
    found = solve(Repair(samples=2, only=("error",)), broken)
    assert [item.program for item in found if item.parent] == [RIGHT]


@pytest.mark.parametrize(
    ("level", "there", "missing"),
    [
        ("none", "wrong", "f(3)"),
        ("verdict", "a test fails", "f(3)"),
        ("short", "f(3) returned 15, expected 6", "line"),
        ("full", "f(3) returned 15, expected 6", "y = 6"),
        ("trace", "y = 6", "f(4)"),
    ],
)
def test_a_level_says_so_much_and_no_more(solve, level, there, missing):
    _, repair = solve(Repair(samples=1, level=level))
    assert there in repair.feedback
    assert missing not in repair.feedback
    assert repair.feedback in repair.prompt


def test_a_trace_follows_the_call_that_failed(solve):
    _, repair = solve(Repair(samples=1, level="trace"))
    lines = repair.feedback.splitlines()
    assert lines[0] == "f(3) returned 15, expected 6"
    assert any("call of f" in line and "x = 3" in line for line in lines)
    assert any("returns 15" in line for line in lines)


def test_an_explanation_comes_before_the_program(solve):
    reply = "The 9 should not be added.\n```python\n" + RIGHT + "```\nThat is all."
    _, repair = solve(Repair(samples=1, explain=True), {**REPLIES, "return y + 9\n": [reply]})
    assert repair.program == RIGHT
    assert repair.completion.startswith("The 9 should not be added.")
    assert repair.template == "explain-instruct.v1"
    assert "That is all" not in repair.completion


def test_there_is_no_place_for_an_explanation_in_code_to_be_continued(solve):
    replies = {"Double it.": [target_for(view("complete"), FIRST)]}
    with pytest.raises(RecipeError, match="no place for an explanation"):
        solve(Repair(samples=1, explain=True), replies, view("complete"))
