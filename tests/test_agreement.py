"""Whether verdicts depend on how many programs run at once: what is compared, and that a difference is told."""

import json
import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest

from etude.agreement import LONG, compare, programs_of
from etude.cli.verbs import run
from etude.judges.auto import Auto
from etude.protocols import Sandbox
from etude.records import Attempt, Verdict
from etude.sources.task_set import open_task_set
from etude.tasks import Task


def test_one_worker_and_three_agree_on_references_mutants_and_programs_that_run_long() -> None:
    found = compare(open_task_set("lab[validation][0:3]"), (1, 3))
    assert found.differences == ()
    assert found.programs >= 3 + len(LONG) + 6
    assert set(found.statuses) >= {"passed", "failed", "timeout"}
    assert found.statuses["passed"] >= 4, "the references, and the program that takes most of its time"
    assert [item.workers for item in found.settings] == [1, 3]
    assert found.calibrated == 1, "that of the programs that ran out of time"
    assert found.settings[0].alone == 0
    assert found.settings[1].alone >= 1, "the program that takes a little too long"


class Moody:
    """A judge that lets nothing pass from the second setting on: what a harness does whose verdicts follow the load."""

    def __init__(self, first: int) -> None:
        self._judge, self._left, self._lock = Auto(cpu_seconds=0.3, wall_seconds=1.0), first, threading.Lock()

    def judge(self, task: Task, attempts: Sequence[Attempt], sandbox: Sandbox) -> list[Verdict]:
        with self._lock:
            self._left -= 1
            moody = self._left < 0
        verdicts = self._judge.judge(task, attempts, sandbox)
        return [replace(item, passed=False, status="timeout") if moody else item for item in verdicts]


def test_every_difference_is_named_with_its_program() -> None:
    tasks = open_task_set("lab[validation][1:3]")
    found = compare([replace(task, reference="") for task in tasks[:1]] + tasks[1:], (1, 2), judge=Moody(2))
    [reference] = [item for item in found.differences if item.program == tasks[1].reference]
    assert reference.task_id == tasks[1].task_id
    assert reference.verdicts["1"].startswith("ok")
    assert reference.verdicts["2"].startswith("timeout")
    assert tasks[1].reference.rstrip() in found.text()


def test_a_task_without_reference_still_gets_programs_that_run_long() -> None:
    [task] = open_task_set("lab[validation][0:1]")
    assert len(programs_of(replace(task, reference=""), 0, 0)) == len(LONG)
    assert programs_of(replace(task, reference=""), 1, 0) == []
    assert programs_of(task, 1, 0)[0].program == task.reference


@pytest.mark.whole
def test_the_doctor_says_so_and_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--agreement", "2", "--tasks", "lab[validation][1:2]", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["differences"] == []
    assert [item["workers"] for item in said["settings"]] == [1, 2]


def test_the_doctor_ends_with_1_where_verdicts_differ(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("etude.agreement.Auto", lambda **limits: moody)
    moody = Moody(1)
    assert run(["doctor", "--agreement", "2", "--tasks", "lab[validation][1:2]"]) == 1
    assert "differences" in capsys.readouterr().out
