"""Which limit was used is on record: in the ledger, which is asked before anything is measured, and in a summary."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from etude.cli.verbs import run as etude
from etude.judges.auto import Auto
from etude.ledger import Ledger
from etude.practice import LIMIT, Court, decide
from etude.records import Attempt, Call, Job, Run, Tests
from etude.sandbox import Sandbox
from etude.tasks import Task
from tests.judges.hostile import attempt_of, task_of

BUSY = "from time import process_time as t\ndef f(n):\n    start = t()\n    while t() - start < {0}: pass\n"
ROW = {"task_id": "a", "prompt": "Wait.", "entry_point": "f", "calls": [{"args": [1], "expected": None}]}


def task(name: str = "a") -> Task:
    found = task_of(Tests(calls=(Call(args=(1,), expected=None),)), entry_point="f")
    return replace(found, facts=replace(found.facts, task_id=name), reference=BUSY.format(0.05))


def attempts(seconds: Sequence[float]) -> list[Attempt]:
    return [replace(attempt_of(BUSY.format(item), at), task_id="a") for at, item in enumerate(seconds)]


class Alone:
    """A sandbox that counts what is measured on its way to a real one."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox, self.isolation, self.measured = sandbox, sandbox.isolation, 0

    def run(self, jobs: Sequence[Job]) -> list[Run]:
        return self.sandbox.run(jobs)

    def run_alone(self, jobs: Sequence[Job]) -> list[Run]:
        self.measured += 1
        return self.sandbox.run_alone(jobs)

    def close(self) -> None:
        """Nothing: it is borrowed."""


def test_a_run_measures_a_task_once_however_often_it_is_resumed(tmp_path: Path, jail: Sandbox) -> None:
    known, measured = {"a": task()}, []
    for number, seconds in enumerate((0.0, 9.0, 8.0)):
        counting, ledger = Alone(jail), Ledger(tmp_path)
        court = Court(judge=Auto(cpu_seconds=0.2), sandbox=counting, ledger=ledger)
        decide(attempts([seconds]), known, court, "train", number)
        measured.append(counting.measured)
        events = ledger.events(LIMIT)
        ledger.close()
    assert measured == [0, 3, 0]
    [event] = events
    assert event["task_id"] == "a"
    assert event["cpu_seconds"] == pytest.approx(10 * event["reference_seconds"], rel=0.01)


@pytest.mark.parametrize(("flags", "passed"), [((), 1), (("--judge.calibrate", "0"), 0)])
def test_the_verb_takes_the_judge_s_settings_and_says_which_limits_were_used(
    flags: Sequence[str], passed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "t.jsonl").write_text(json.dumps({**ROW, "reference": BUSY.format(0.1)}) + "\n")
    (tmp_path / "s.jsonl").write_text(json.dumps({"task_id": "a", "solution": BUSY.format(0.5)}) + "\n")
    command = ["judge", f"{tmp_path}/s.jsonl", "--tasks", f"jsonl:{tmp_path}/t.jsonl", "--workers", "1"]
    assert etude([*command, "--json", "--judge.cpu_seconds", "0.3", *flags]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["passed"] == passed
    assert (said["limits"]["cpu_seconds"], said["reruns"]) == (0.3, {"alone": 0, "changed": 0})
    assert [item["task_id"] for item in said["limits"]["calibrated"]] == ["a"] * passed
    assert etude([*command, "--judge.cpu_seconds", "0.3"]) == 0
    assert "limits calibrated by the reference on this machine: a " in capsys.readouterr().out


def test_a_setting_that_the_judge_has_not_is_an_error_with_its_choices(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "t.jsonl").write_text(json.dumps(ROW) + "\n")
    (tmp_path / "s.jsonl").write_text(json.dumps({"task_id": "a", "solution": "x = 1"}) + "\n")
    command = ["judge", f"{tmp_path}/s.jsonl", "--tasks", f"jsonl:{tmp_path}/t.jsonl"]
    for flag, hint in (("--judge.calibrat", "calibrate"), ("--calibrate", "--judge.calibrate 4")):
        assert etude([*command, flag, "4"]) == 2
        assert hint in capsys.readouterr().err
