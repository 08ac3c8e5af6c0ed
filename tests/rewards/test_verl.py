"""verl's signature: called as its reward managers call it, in threads of worker processes."""

import importlib
import json
import multiprocessing
import statistics
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from etude.errors import InputError
from etude.records import Attempt, Verdict
from etude.rewards import verl
from etude.rewards.referee import Referee
from etude.rewards.rows import verl_rows
from etude.sandbox import Sandbox
from etude.tasks import Task
from tests.rewards.tasks import RIGHT, WRONG, task, verdict_of

TASKS = [
    {"task_id": "add", "prompt": "Add.", "entry_point": "add", "calls": [{"args": [1, 2], "expected": 3}]},
    {"task_id": "odd/7", "prompt": "Is it odd?", "entry_point": "odd", "calls": [{"args": [3], "expected": True}]},
]


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path: Path = tmp_path_factory.mktemp("verl") / "tasks.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in TASKS))
    yield f"jsonl:{path}"
    verl.local.cache_clear()


def called(reward_kwargs: dict[str, Any], solution: str, truth: Any, **more: Any) -> dict[str, float]:
    """As verl's naive manager calls a custom function: everything by keyword, the configured settings on top."""
    function = importlib.import_module("etude.rewards.verl").compute_score
    row = {"data_source": "etude", "solution_str": solution, "ground_truth": truth, "extra_info": {"num_turns": None}}
    return function(**{**row, **more, **reward_kwargs})


def test_a_completion_is_scored(tasks: str) -> None:
    assert called({"tasks": tasks}, RIGHT, "add") == {"score": 1.0, "acc": 1.0, "judged": 1.0}
    assert called({"tasks": tasks}, WRONG, "add", reward_router_address=None) == {
        "score": 0.0,
        "acc": 0.0,
        "judged": 1.0,
    }
    assert called({"tasks": tasks}, "def odd(n): return n % 2 == 1", 7)["score"] == 1.0


def test_task_sets_are_found_by_data_source_or_environment(tasks: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert called({"tasks": {"etude": tasks}}, RIGHT, "add")["score"] == 1.0
    monkeypatch.setenv("ETUDE_TASKS", tasks)
    assert called({}, RIGHT, "add")["score"] == 1.0
    monkeypatch.delenv("ETUDE_TASKS")
    with pytest.raises(InputError, match="no task set for the data source 'etude'"):
        called({"tasks": {"another": tasks}}, RIGHT, "add")
    with pytest.raises(InputError, match="not in the task set: ad"):
        called({"tasks": tasks}, RIGHT, "ad")


def test_rows_carry_the_id_as_ground_truth_and_no_hidden_test(tasks: str) -> None:
    found = verl_rows(tasks, source="mine")
    assert [row["reward_model"]["ground_truth"] for row in found] == ["add", "odd/7"]
    assert {row["data_source"] for row in found} == {"mine"}
    assert "[3]" not in json.dumps(found)
    assert "expected" not in json.dumps(found)


class Spoilt:
    """A judge that can say nothing of one program."""

    def judge(self, task: Task, attempts: Sequence[Attempt], sandbox: Sandbox) -> list[Verdict]:
        return [verdict_of(item, None if "spoilt" in item.program else "a + b" in item.program) for item in attempts]


@pytest.fixture
def spoilt(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with Referee([task("add"), task("plus"), task("odd")], judge=Spoilt()) as referee:
        monkeypatch.setattr(verl, "local", lambda *_: referee)
        yield


@pytest.mark.usefixtures("spoilt")
def test_without_a_verdict_it_raises_unless_a_number_is_named() -> None:
    with pytest.raises(verl.NoVerdictError, match="no verdict on a program for add"):
        called({"tasks": "any"}, "spoilt", "add")
    assert called({"tasks": "any", "undecided": 0.25}, "spoilt", "add") == {"score": 0.25, "acc": 0.0, "judged": 0.0}


def batch(texts: list[str], names: list[str], **settings: Any) -> list[dict[str, float]]:
    return verl.compute_scores(
        data_sources=["etude"] * len(texts),
        solution_strs=texts,
        ground_truths=names,
        extra_infos=[{}] * len(texts),
        **settings,
    )


@pytest.mark.usefixtures("spoilt")
def test_in_a_batch_what_is_undecided_gets_no_advantage() -> None:
    texts = [RIGHT, WRONG, WRONG, "spoilt", RIGHT, RIGHT, "spoilt", "spoilt"]
    scores = [item["score"] for item in batch(texts, ["add"] * 4 + ["plus"] * 2 + ["odd"] * 2, tasks="any")]
    group = scores[:4]
    assert group[3] == pytest.approx(statistics.mean(group))  # verl's advantage: score minus the group's mean
    decided = statistics.stdev(group[:3])
    assert statistics.stdev(group) == pytest.approx(decided * (2 / 3) ** 0.5)  # what the docstring says of it
    assert scores[4:] == [1.0, 1.0, 0.0, 0.0]


def test_a_batch_scores_as_its_members_do(tasks: str) -> None:
    found = batch([RIGHT, WRONG, "def odd(n): return n % 2 == 1"], ["add", "add", "7"], tasks=tasks)
    assert [item["score"] for item in found] == [1.0, 0.0, 1.0]


def scored_in_threads(tasks: str) -> list[float]:
    """What one worker process does: several threads score at once, with the process's own referee."""
    score = partial(called, {"tasks": tasks}, truth="add")
    with ThreadPoolExecutor(4) as pool:
        return [item["score"] for item in pool.map(score, [RIGHT, WRONG] * 4)]


@pytest.mark.slow
@pytest.mark.parametrize("way", ["spawn", "fork"])
def test_worker_processes_have_a_sandbox_each(tasks: str, way: str) -> None:
    assert called({"tasks": tasks}, RIGHT, "add")["score"] == 1.0  # the parent has one already when it forks
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(way)) as pool:
        for found in pool.map(scored_in_threads, [tasks] * 3):
            assert found == [1.0, 0.0] * 4
