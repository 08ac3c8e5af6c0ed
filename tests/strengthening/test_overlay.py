"""`etude strengthen` writes an overlay of new tests, and `strengthened:FILE` is the task set with them."""

import json

import pytest

from etude.cli import main
from etude.errors import InputError, LockedError
from etude.sources.task_set import open_task_set
from etude.strengthening import Witness
from etude.strengthening.overlay import overlay_of, read_overlay, write_overlay

SOURCE = "etude.sources.strengthened:Strengthened"
TASKS = [
    {"task_id": "largest", "prompt": "The largest.", "entry_point": "largest",
     "reference": "def largest(xs):\n    return max(xs)\n",
     "assertions": ["assert largest([1, -5]) == 1", "assert largest([-3, 2, 2]) == 2"]},
    {"task_id": "double", "prompt": "Twice as much.", "entry_point": "double",
     "reference": "def double(x):\n    return x + x\n",
     "calls": [{"args": [1], "expected": 2}, {"args": [4], "expected": 8}]},
    {"task_id": "grade", "prompt": "From five on it is a pass.", "entry_point": "grade",
     "reference": "def grade(x):\n    return 'pass' if x >= 5 else 'fail'\n",
     "assertions": ["assert grade(2) == 'fail'", "assert grade(9) == 'pass'"]},
    {"task_id": "broken", "prompt": "One more.", "entry_point": "more",
     "reference": "def more(x):\n    return x\n", "assertions": ["assert more(1) == 2"]},
    {"task_id": "bare", "prompt": "One less.", "entry_point": "less", "assertions": ["assert less(1) == 0"]},
]  # fmt: skip
WRONG = "def largest(xs):\n    return xs[0] if xs[0] > 0 else max(0, *xs)\n"
SAMPLES = [("largest", WRONG), ("largest", TASKS[0]["reference"]), ("largest", "def largest(xs):\n    return 0\n"),
           ("double", "def double(x):\n    return 2 * x\n"), ("broken", "def more(x):\n    return x + 1\n"),
           ("bare", "def less(x):\n    return x - 1\n")]  # fmt: skip


@pytest.fixture
def files(tmp_path):
    (tmp_path / "tasks.jsonl").write_text("".join(json.dumps(row) + "\n" for row in TASKS))
    rows = [{"task_id": name, "solution": text} for name, text in SAMPLES]
    (tmp_path / "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def run(files, capsys, *more):
    code = main(
        [
            "strengthen",
            f"jsonl:{files}/tasks.jsonl",
            "--workers",
            "1",
            "--inputs",
            "30",
            "--generators",
            "type,change",
            *more,
        ]
    )
    return code, capsys.readouterr()


def test_programs_are_refuted_and_the_overlay_is_a_task_set(files, capsys):
    out = files / "stronger.json"
    chosen = ["--programs", f"{files}/samples.jsonl", "--out", str(out), "--json"]
    code, said = run(files, capsys, *chosen)
    document = json.loads(said.out)
    assert code == 0
    assert (document["programs"], document["passing"], document["refuted"]) == (6, 3, 1)
    assert document["aside"] == {"its reference fails its tests": ["broken"], "no reference": ["bare"]}
    [witness] = document["witnesses"]
    assert witness["task_id"] == "largest"
    opened = {task.task_id: task for task in open_task_set(f"{SOURCE}:{out}", reading="look")}
    assert list(opened) == [row["task_id"] for row in TASKS]
    assert len(opened["largest"].hidden.assertions) == 3
    assert len(opened["double"].hidden.calls) == 2
    before = out.read_text()
    assert "The largest" not in before, "nothing of the set is in it"
    out.unlink()
    run(files, capsys, *chosen)
    assert out.read_text() == before, "the same seed, the same bytes"
    assert main(["judge", f"{files}/samples.jsonl", "--tasks", f"{SOURCE}:{out}", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["statuses"]["failed"] == 2
    assert main(["judge", f"{files}/samples.jsonl", "--tasks", f"jsonl:{files}/tasks.jsonl", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["statuses"]["failed"] == 1, "as it was before"


def test_without_programs_mutants_of_the_references_are_told_apart(files, capsys):
    code, said = run(files, capsys)
    assert code == 0
    assert "tests added to" in said.out
    row = next(line for line in said.out.splitlines() if line.startswith("grade"))
    assert "(4,)" in row or "(5,)" in row, "where the reference changes its mind, or a mutant does"


def test_validators_come_by_file(files, capsys):
    rows = [{"task_id": "largest", "validator": "def valid(xs): return len(xs) == 2 and xs[0] > 0"}]
    (files / "valid.jsonl").write_text(json.dumps(rows[0]) + "\n")
    more = ["--programs", f"{files}/samples.jsonl", "--validators", f"{files}/valid.jsonl", "--json"]
    _, said = run(files, capsys, *more)
    [witness] = json.loads(said.out)["witnesses"]
    (row,) = eval(witness["arguments"])
    assert len(row) == 2
    assert row[0] > 0
    (files / "valid.jsonl").write_text('{"task_id": "nobody", "validator": "def valid(x): return True"}\n')
    code, said = run(files, capsys, *more)
    assert code == 2
    assert "nobody" in said.err


def test_a_generator_that_is_none_is_named(files, capsys):
    code, said = run(files, capsys, "--generators", "type,luck")
    assert code == 2
    assert "luck" in said.err


def test_values_that_json_lacks_come_back_from_the_file(tmp_path):
    given = (("a", (1, 2)), {3: {4}}, float("inf"), None, "ü\n")
    one = Witness(task_id="t", program=0, arguments=given, expected=(1.5, {"k": [True]}), said="None")
    write_overlay(tmp_path / "o.json", overlay_of("jsonl:x", [one]))
    assert read_overlay(tmp_path / "o.json").tests == {"t": (one,)}


HEAD = '"format": "etude-witnesses/1", "tasks": "x"'


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"format": "etude-index/1"}',
        '{"format": "etude-witnesses/1", "tasks": 1}',
        "{" + HEAD + ', "tests": {"t": [{"arguments": "f()"}]}}',
        "{" + HEAD + ', "tests": {"t": 5}}',
    ],
)
def test_a_file_that_is_no_overlay_is_refused_with_what_is_wrong(tmp_path, text):
    (tmp_path / "o.json").write_text(text)
    with pytest.raises(InputError):
        read_overlay(tmp_path / "o.json")


def test_witnesses_of_a_task_that_the_set_lacks_are_refused(files):
    one = Witness(task_id="gone", program=0, arguments=(1,), expected=2, said="")
    write_overlay(files / "o.json", overlay_of(f"jsonl:{files}/tasks.jsonl", [one]))
    with pytest.raises(InputError, match="gone"):
        open_task_set(f"{SOURCE}:{files}/o.json", reading="look")


def test_the_test_split_stays_locked_behind_an_overlay(files):
    one = Witness(task_id="largest", program=0, arguments=([3, 4],), expected=4, said="3")
    write_overlay(files / "o.json", overlay_of(f"jsonl:{files}/tasks.jsonl", [one]))
    with pytest.raises(LockedError):
        open_task_set(f"{SOURCE}:{files}/o.json")
    write_overlay(files / "h.json", overlay_of("humaneval:none.jsonl", []))
    with pytest.raises(LockedError):
        open_task_set(f"{SOURCE}:{files}/h.json[train]")
    practised = open_task_set(f"{SOURCE}:{files}/o.json[all]")
    assert len(practised[0].hidden.assertions) == 3
