"""The store of worked examples: what goes in, what stays, and that equal rows give an equal store."""

import json
from pathlib import Path

import pytest

from etude.errors import RecipeError, StorageError
from etude.learners.prompt_bank import PromptBank
from etude.protocols import State
from etude.records import Agent, Example, TaskView, Tests
from etude.tasks import Task

BASE = Agent(model="m", fingerprint="base")
HIDDEN = "assert f(987654321) == 1"


def task(name: str) -> Task:
    view = TaskView(task_id=name, kind="instruct", prompt=f"Task {name}.", entry_point="f")
    return Task(facts=view, hidden=Tests(assertions=(HIDDEN,)), reference="def f(x): return 1", origin="test")


def row(name: str, program: str, **more: str) -> Example:
    return Example(prompt="p", target="t", program=program, task_id=name, attempt=f"a-{program}", **more)  # type: ignore[arg-type]


def state(folder: Path, round: int = 0) -> State:
    return State(
        round=round, seed=0, folder=folder / f"{round:02d}", base=BASE, agent=BASE, tasks=tuple(map(task, "abc"))
    )


def learned(folder: Path, *rows: Example, agent: Agent = BASE, round: int = 0, **settings: object) -> Agent:
    return PromptBank(**settings).learn(agent, rows, state(folder, round))  # type: ignore[arg-type]


def test_the_shortest_program_of_a_task_stays_through_the_rounds(tmp_path: Path) -> None:
    first = learned(tmp_path, row("a", "a long program"), row("b", "short"))
    second = learned(tmp_path, row("a", "shorter"), row("b", "much longer"), agent=first, round=1)
    assert {item.view.task_id: item.program for item in second.demonstrations} == {"a": "shorter", "b": "short"}
    assert second.model == BASE.model
    assert second.parent == first.fingerprint
    assert second.round == 1


def test_the_store_is_a_file_without_hidden_tests_or_references(tmp_path: Path) -> None:
    learned(tmp_path, row("a", "p"))
    text = (tmp_path / "00" / "bank.jsonl").read_text()
    [line] = map(json.loads, text.splitlines())
    assert line["view"]["task_id"] == "a"
    assert line["attempt"] == "a-p"
    assert "987654321" not in text
    assert "return 1" not in text


def test_the_agent_has_another_name_with_every_other_store_and_the_same_with_the_same(tmp_path: Path) -> None:
    agents = [learned(tmp_path / name, row("a", program)) for name, program in (("x", "p"), ("y", "p"), ("z", "q"))]
    assert agents[0] == agents[1]
    assert len({BASE.fingerprint, agents[0].fingerprint, agents[2].fingerprint}) == 3
    assert learned(tmp_path / "n").fingerprint == BASE.fingerprint


def test_a_repair_is_kept_with_what_it_repaired_beside_a_solution(tmp_path: Path) -> None:
    repair = row("a", "right", origin="repair", rejected="wrong", feedback="it said")
    kept = learned(tmp_path, row("a", "own"), repair).demonstrations
    assert [(item.program, item.wrong, item.feedback) for item in kept] == [
        ("own", "", ""),
        ("right", "wrong", "it said"),
    ]


def test_given_solutions_count_only_where_asked_and_after_the_agents_own(tmp_path: Path) -> None:
    given = Example(prompt="p", target="t", program="g", task_id="a", origin="reference")
    assert learned(tmp_path, given).demonstrations == ()
    assert [item.program for item in learned(tmp_path, given, references=True).demonstrations] == ["g"]
    both = learned(tmp_path, given, row("a", "a longer own program"), references=True)
    assert [item.program for item in both.demonstrations] == ["a longer own program"]


def test_rows_of_unknown_tasks_are_left_out_and_the_oldest_go_first(tmp_path: Path) -> None:
    first = learned(tmp_path, row("elsewhere", "p"), row("a", "p"), most=2)
    second = learned(tmp_path, row("b", "p"), row("c", "q"), agent=first, round=1, most=2)
    assert [item.view.task_id for item in first.demonstrations] == ["a"]
    assert {item.view.task_id for item in second.demonstrations} <= {"a", "b", "c"}
    assert len(second.demonstrations) == 2


def test_settings_out_of_range_and_a_place_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="per_task 0"):
        PromptBank(per_task=0)
    (tmp_path / "00").write_text("a file where the folder should be")
    with pytest.raises(StorageError):
        learned(tmp_path, row("a", "p"))
