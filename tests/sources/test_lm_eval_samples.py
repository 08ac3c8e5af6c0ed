"""Files that lm-eval logs are samples: every reply of every document once, read as a run reads replies."""

import json
from pathlib import Path
from typing import Any

import pytest

from etude.cli import main
from etude.errors import InputError
from etude.sources.samples import read_samples
from etude.sources.task_set import open_task_set

TASKS = 'def twice(x):\n    """x plus x."""\n'
ROW = {"task_id": "twice/1", "prompt": TASKS, "entry_point": "twice", "calls": [{"args": [3], "expected": 6}]}
RIGHT = "    return x + x\n\nprint(twice(2))"


def logged(doc_id: int, replies: Any, **more: Any) -> dict[str, Any]:
    """One line as lm-eval writes it."""
    return {
        "doc_id": doc_id,
        "doc": {"task_id": "twice/1", "prompt": TASKS},
        "target": "check",
        "arguments": {"gen_args_0": {"arg_0": TASKS, "arg_1": {"until": ["\ndef"]}}},
        "resps": replies,
        "filtered_resps": ["cut beyond recognition"],
        "filter": "create_test",
        "metrics": ["pass@1"],
        "pass@1": 0.0,
        **more,
    }


def write(folder: Path, *rows: dict[str, Any]) -> Path:
    (folder / "t.jsonl").write_text(json.dumps(ROW) + "\n")
    file = folder / "samples_humaneval_2026-01-01.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def test_each_reply_counts_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    again = logged(0, [[RIGHT, "    return 0"]], filter="none")
    file = write(tmp_path, logged(0, [[RIGHT, "    return 0"]]), again)
    assert main(["judge", str(file), "--tasks", f"jsonl:{tmp_path}/t.jsonl", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["samples"], said["passed"], said["failed"]) == (2, 1, 1)


def test_a_reply_in_a_fence_is_read_too(tmp_path: Path) -> None:
    reply = "Sure.\n```python\ndef twice(x):\n    return 2 * x\n```\nDone."
    file = write(tmp_path, logged(0, [[reply]]))
    [sample] = read_samples(file, open_task_set(f"jsonl:{tmp_path}/t.jsonl", reading="look"))
    assert "2 * x" in sample.program
    assert "Sure" not in sample.program
    assert sample.completion == reply


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (logged(0, [[[-1.5, False]]]), "output_type generate_until"),
        (logged(0, []), "no text"),
        (logged(0, [["x"]], doc={"question": "?"}), "so the task is not known"),
        (logged(0, [["x"]], doc={"task_id": "other/9"}), "not in the task set: other/9"),
    ],
)
def test_what_is_no_program_is_named(row: dict[str, Any], words: str, tmp_path: Path) -> None:
    file = write(tmp_path, row)
    with pytest.raises(InputError) as caught:
        read_samples(file, open_task_set(f"jsonl:{tmp_path}/t.jsonl", reading="look"))
    assert words in str(caught.value)
