"""Tasks written in our own format are read back as the same tasks, whatever set they come from."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from etude.exchange.own_rows import row_of, rows_of
from etude.exchange.tasks_out import write_own
from etude.records import encode
from etude.sources.jsonl import Jsonl
from etude.sources.own_format import task_of
from etude.sources.task_set import open_task_set
from tests.exchange.worlds import BROKEN, SOUND


def same(tasks: list, tmp_path: Path) -> None:  # type: ignore[type-arg]
    told = write_own(tasks, tmp_path / "own.jsonl")
    assert told["left_out"] == []
    back = list(Jsonl(path=str(tmp_path / "own.jsonl")).propose(None))
    plain = [replace(task, origin="jsonl", licence=task.licence or "unknown") for task in tasks]
    assert encode(back) == encode(plain)


@pytest.mark.parametrize("name", ["lab[validation][0:20]", "families:Postmarks?count=3"])
def test_tasks_made_on_the_spot(name: str, tmp_path: Path) -> None:
    same(open_task_set(name, reading="look"), tmp_path)


@pytest.mark.data
@pytest.mark.parametrize(
    ("source", "file"), [("humaneval", "humaneval/HumanEval.jsonl.gz"), ("mbpp", "mbpp/mbpp.jsonl"), ("apps", "apps")]
)
def test_published_tasks(data: Callable[[str], Path], source: str, file: str, tmp_path: Path) -> None:
    """Checks with a context, assertions with a set-up, calls and exchanges, shown examples of another kind."""
    same(open_task_set(f"{source}:{data(file)}[:150]".replace("[:150]", "[0:150]"), reading="look"), tmp_path)


def test_a_task_that_the_format_cannot_hold_is_named() -> None:
    task, _ = task_of(SOUND, "t")
    assert task is not None
    odd = replace(task, facts=replace(task.facts, language="lua"))
    rows, left = rows_of([task, odd])
    assert [row["task_id"] for row in rows] == ["twice"]
    assert len(left) == 1
    assert left[0].startswith("twice: ")


def test_a_check_keeps_its_context() -> None:
    task, problems = task_of(BROKEN, "t")
    assert not problems
    assert task is not None
    assert row_of(task)["context"] == BROKEN["context"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"setup": "def ("}, "setup does not parse"),
        ({"shown_assertions": "assert twice(1) == 2"}, "shown_assertions is text"),
        ({"shown": [], "shown_assertions": ["twice(1)"]}, "shown_assertions[0]"),
        ({"shown_assertions": ["assert twice(1) == 2"]}, "both shown and shown_assertions"),
    ],
)
def test_a_wrong_field_is_named(more: dict[str, object], words: str) -> None:
    assert any(words in problem for problem in task_of({**SOUND, **more}, "t")[1])
