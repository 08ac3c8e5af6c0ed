"""The ledger remembers, refuses a second writer, and explains what the disk says."""

import subprocess
import sys
from pathlib import Path

import pytest

from etude.errors import InputError, StorageError
from etude.ledger import Ledger
from etude.records import Attempt, Completion, Report, Request, Verdict, identify


def attempt(index: int, task: str = "t") -> Attempt:
    return Attempt(
        task_id=task,
        prompt="p",
        completion="c",
        program="c",
        template="complete.v1",
        agent="a",
        solver="sample",
        sample_index=index,
        seed=0,
        round=0,
        completion_tokens=10,
    )


def verdict(of: Attempt, passed: bool | None) -> Verdict:
    status = "ok" if passed else "failed" if passed is False else "unavailable"
    return Verdict(
        attempt=identify(of), judge="tests", passed=passed, score=float(bool(passed)), reason="", status=status
    )


def test_completions_are_found_again_after_reopening(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    items = {
        f"k{index}": Completion(
            request=Request(prompt="p", sample_index=index), text="t", prompt_tokens=1, completion_tokens=2
        )
        for index in range(1200)
    }
    ledger.put(items.items())
    ledger.close()
    again = Ledger(tmp_path)
    assert again.get([*items, "unknown"]) == items
    again.close()


def test_attempts_verdicts_and_sums(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    tried = [attempt(index) for index in range(3)]
    pairs = list(zip(tried, [verdict(tried[0], True), verdict(tried[1], False), verdict(tried[2], None)], strict=True))
    ledger.add_judged("train", 0, pairs)
    ledger.add_judged("train", 0, pairs)
    assert list(ledger.judged("train", 0)) == pairs
    assert ledger.statuses("train", 0) == {"failed": 1, "passed": 1, "unavailable": 1}
    assert ledger.spent("train", 0) == {"train_generations": 3, "train_tokens": 30, "train_prompt_tokens": 0}
    assert ledger.spent("test", 0)["test_generations"] == 0
    assert ledger.verdicts([tried[1], attempt(9)]) == {identify(tried[1]): pairs[1][1]}
    ledger.close()


def test_reports_and_events(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    report = Report(name="main", round=-1, tasks=1, samples=2, unjudged=0, pass_at={}, counts={"t": (1, 2)})
    ledger.add_report("test", report)
    ledger.note("read", split="test")
    assert ledger.report("test", -1) == report
    assert ledger.report("test", 0) is None
    assert ledger.reports("test") == [report]
    assert ledger.events("read") == [{"split": "test"}]
    ledger.close()


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    code = f"from pathlib import Path; from etude.ledger import Ledger; Ledger(Path({str(tmp_path)!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    ledger.close()
    assert done.returncode != 0
    assert "another process is working on" in done.stderr


def test_a_file_that_is_no_ledger_is_named(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_text("this is not a database, and long enough to be looked at" * 40)
    with pytest.raises(InputError, match="is not a ledger"):
        Ledger(tmp_path)


def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write"):
        Ledger(tmp_path / "file" / "run")
