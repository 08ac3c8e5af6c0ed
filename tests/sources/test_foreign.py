"""Task files of NeMo-Gym, verifiers and inspect_ai: what is data is judged, what is not is refused with the reason."""

import base64
import json
import zlib
from pathlib import Path
from typing import Any

import pytest

from etude.cli import main
from etude.errors import InputError
from etude.records import Call, Exchange
from etude.sources.task_set import open_task_set
from etude.tasks import Task

PAIRS = {"inputs": ["1 2\n", "5 5\n"], "outputs": ["3\n", "10\n"]}
FUNCTION = {"inputs": ['[3, 1]\n"up"', '[2]\n"down"'], "outputs": ["[1, 3]", "[2]"], "fn_name": "order"}
CHECK = "def check(candidate):\n    assert candidate(2) == 4\n"


def write(folder: Path, *rows: dict[str, Any]) -> Path:
    file = folder / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def read(source: str, folder: Path, *rows: dict[str, Any]) -> list[Task]:
    return open_task_set(f"{source}:{write(folder, *rows)}", reading="look")


def gym(tests: Any, **more: Any) -> dict[str, Any]:
    asked = {"input": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Add two numbers."}]}
    return {"responses_create_params": asked, "verifier_metadata": {"unit_tests": tests}, **more}


def test_nemo_gym_rows_are_tasks(tmp_path: Path) -> None:
    packed = base64.b64encode(zlib.compress(json.dumps(PAIRS).encode())).decode()
    rows = [gym({**PAIRS, "fn_name": None}, hash_id="a"), gym(FUNCTION), gym({"packed": packed, "fn_name": None})]
    first, second, third = read("nemo-gym", tmp_path, *rows)
    assert first.task_id == "a"
    assert first.facts.prompt == "Be brief.\n\nAdd two numbers."
    assert first.hidden.stdio == (Exchange(stdin="1 2\n", stdout="3\n"), Exchange(stdin="5 5\n", stdout="10\n"))
    assert second.task_id == "nemo-gym/1"
    assert second.facts.entry_point == "order"
    assert second.hidden.calls[0] == Call(args=([3, 1], "up"), expected=[1, 3])
    assert third.hidden == first.hidden
    assert not any(task.facts.shown for task in (first, second, third)), "nothing is shown that is not said to be"


@pytest.mark.parametrize(
    "row",
    [
        {"question": "Add.", "answer": "", "info": json.dumps({"tests": json.dumps(PAIRS)}), "example_id": 7},
        {
            "prompt": [{"role": "user", "content": "Add."}],
            "verification_info": {**PAIRS, "language": "python"},
            "id": 7,
        },
        {
            "question": "Add.",
            "tests": [{"input": a, "output": b} for a, b in zip(*PAIRS.values(), strict=True)],
            "id": 7,
        },
    ],
)
def test_verifiers_rows_are_tasks_wherever_their_tests_lie(row: dict[str, Any], tmp_path: Path) -> None:
    [task] = read("verifiers", tmp_path, row)
    assert (task.task_id, task.facts.prompt) == ("7", "Add.")
    assert [pair.stdout for pair in task.hidden.stdio] == ["3\n", "10\n"]


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"input": "Double.", "metadata": {"test": CHECK, "entry_point": "f"}}, "check"),
        ({"input": "Double.", "target": ["assert f(2) == 4", "assert f(0) == 0"]}, "assertions"),
        ({"input": "Double.", "metadata": {"test_list": ["assert f(2) == 4"]}}, "assertions"),
        ({"input": "Double.", "metadata": {"test": "assert f(2) == 4\nassert f(3) == 6"}}, "assertions"),
        ({"input": "Double.", "metadata": {"inputs": ["2"], "outputs": ["4"], "fn_name": "f"}}, "calls"),
    ],
)
def test_inspect_samples_are_tasks(
    row: dict[str, Any], kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [task] = read("inspect", tmp_path, {**row, "id": "double"})
    assert task.hidden.kind == kind
    assert task.facts.entry_point == "f"
    file = tmp_path / "s.jsonl"
    programs = ("def f(x):\n    return x + x\n", "def f(x):\n    return x + 1\n")
    file.write_text("".join(json.dumps({"task_id": "double", "solution": text}) + "\n" for text in programs))
    capsys.readouterr()
    assert main(["judge", str(file), "--tasks", f"inspect:{tmp_path}/rows.jsonl", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["passed"], said["failed"]) == (1, 1)


@pytest.mark.parametrize(
    ("source", "row", "words"),
    [
        ("nemo-gym", {"prompt": "Add."}, "no responses_create_params"),
        ("nemo-gym", gym({"inputs": ["1"], "outputs": []}), "1 inputs and 0 outputs"),
        ("nemo-gym", gym({"packed": "not base64 at all!"}), "packed tests are damaged"),
        (
            "nemo-gym",
            {**gym(PAIRS), "verifier_metadata": {"rubric": "be kind"}},
            "no tests were found in it that are data",
        ),
        ("nemo-gym", {**gym(PAIRS), "responses_create_params": {"input": "x", "tools": [{}]}}, "gives the model tools"),
        ("verifiers", {"question": "2 + 2?", "answer": "4"}, "no tests were found in it that are data"),
        ("verifiers", {"question": "Add.", "info": {**PAIRS, "language": "cpp"}}, "its language is cpp"),
        ("verifiers", {"question": "", "info": PAIRS}, "its prompt is empty"),
        ("verifiers", {"prompt": [{"role": "assistant", "content": "a"}], "info": PAIRS}, "a turn of 'assistant'"),
        ("inspect", {"input": "Which?", "choices": ["a", "b"], "target": "A"}, "a letter is chosen"),
        ("inspect", {"input": "Fix it.", "files": {"a.py": "x"}, "metadata": PAIRS}, "it needs files"),
        ("inspect", {"input": "Double.", "metadata": {"test": CHECK}}, "does not say what function is checked"),
        ("inspect", {"input": "Double.", "metadata": {"inputs": [[2]], "outputs": [4]}}, "what function they are for"),
        ("inspect", {"input": "D.", "metadata": {"inputs": ["two"], "outputs": ["4"], "fn_name": "f"}}, "are no JSON"),
    ],
)
def test_what_cannot_be_judged_is_refused_by_line(source: str, row: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="1 rows are no tasks") as caught:
        read(source, tmp_path, row)
    assert words in str(caught.value)
    assert "rows.jsonl, line 1" in str(caught.value)
    assert "fix:" in str(caught.value)


def test_the_good_rows_can_be_had_alone(tmp_path: Path) -> None:
    write(tmp_path, gym(PAIRS, id="x"), {"prompt": "?"}, gym(PAIRS, id="x"))
    with pytest.raises(InputError, match="2 rows are no tasks") as caught:
        open_task_set(f"nemo-gym:{tmp_path}/rows.jsonl", reading="look")
    assert "'x' occurs twice" in str(caught.value)
    found = open_task_set(f"nemo-gym:{tmp_path}/rows.jsonl", {"skip_invalid": True}, reading="look")
    assert [task.task_id for task in found] == ["x"]


def test_what_we_write_for_nemo_gym_comes_back(tmp_path: Path) -> None:
    assert main(["export", "lab[validation][0:5]", "--as", "nemo-gym", "--to", str(tmp_path / "lab.jsonl")]) == 0
    ours = open_task_set("lab[validation][0:5]", reading="look")
    back = open_task_set(f"nemo-gym:{tmp_path}/lab.jsonl", reading="look")
    for task, again in zip(ours, back, strict=True):
        assert again.task_id == task.task_id
        assert again.hidden.calls == (*task.facts.shown.calls, *task.hidden.calls)
        assert again.licence == "Apache-2.0"
