import gzip
import json

import pytest

from etude.errors import InputError
from etude.records import TaskView, Tests
from etude.sources.naming import resolve, spellings
from etude.sources.samples import read_samples
from etude.tasks import Task


def task(task_id, kind="instruct", prompt="Say it."):
    view = TaskView(task_id=task_id, kind=kind, prompt=prompt, entry_point="f")
    return Task(facts=view, hidden=Tests(assertions=("assert f() == 1",)))


TASKS = [
    task("mbpp/11"),
    task("mbpp/12"),
    task("HumanEval/0", "complete", "def f():\n"),
    task("p", "puzzle", "def sol():\n"),
]


def written(path, *rows):
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def test_a_completion_continues_code_and_answers_prose(tmp_path):
    file = written(
        tmp_path / "s.jsonl",
        {"task_id": "HumanEval/0", "completion": "    return 1\n"},
        {"task_id": "p", "completion": "    return 2"},
        {"task_id": "mbpp/11", "completion": "def f(): return 3"},
    )
    found = read_samples(file, TASKS)
    assert [sample.program for sample in found] == [
        "def f():\n    return 1\n",
        "def sol():\n    return 2",
        "def f(): return 3",
    ]
    assert [sample.completion for sample in found] == ["    return 1\n", "    return 2", "def f(): return 3"]
    assert found.unsampled == ("mbpp/12",)


def test_a_solution_is_the_whole_program_even_beside_a_completion(tmp_path):
    file = written(
        tmp_path / "s.jsonl", {"task_id": "HumanEval/0", "completion": "    return 1", "solution": "def f(): return 2"}
    )
    (sample,) = read_samples(file, TASKS)
    assert sample.program == sample.completion == "def f(): return 2"


def test_an_empty_completion_is_a_sample(tmp_path):
    file = written(tmp_path / "s.jsonl", {"task_id": "HumanEval/0", "completion": ""})
    (sample,) = read_samples(file, TASKS)
    assert sample.program == "def f():\n"


def test_the_samples_of_a_task_are_numbered_in_the_order_of_the_file(tmp_path):
    rows = [
        {"task_id": name, "solution": str(number)} for number, name in enumerate(("mbpp/11", "p", "Mbpp/11", 11, "p"))
    ]
    (tmp_path / "s.jsonl.gz").write_bytes(gzip.compress(written(tmp_path / "s.jsonl", *rows).read_bytes()))
    found = read_samples(tmp_path / "s.jsonl.gz", TASKS)
    assert [(s.task_id, s.sample_index, s.program, s.line) for s in found] == [
        ("mbpp/11", 0, "0", 1),
        ("p", 0, "1", 2),
        ("mbpp/11", 1, "2", 3),
        ("mbpp/11", 2, "3", 4),
        ("p", 1, "4", 5),
    ]
    assert len(found) == 5


def test_ids_are_matched_in_the_spellings_that_other_tools_use():
    accepted = spellings(["mbpp/11", "HumanEval/0", "other/0", "Study_1:0"])
    for name in ("mbpp/11", "Mbpp/11", "MBPP/11", "11", 11):
        assert resolve(name, accepted) == "mbpp/11"
    assert resolve("humaneval/0", accepted) == "HumanEval/0"
    assert resolve("study_1:0", accepted) == "Study_1:0"
    assert resolve("0", accepted) is None  # two tasks
    assert resolve("HumanEval/11", accepted) is None
    assert resolve("1", accepted) is None


def test_an_exact_id_is_never_taken_for_another_spelling():
    accepted = spellings(["a/1", "A/1", "1"])
    assert [resolve(name, accepted) for name in ("a/1", "A/1", "1")] == ["a/1", "A/1", "1"]


def test_unknown_ids_are_named_with_lines_and_the_nearest(tmp_path):
    file = written(tmp_path / "s.jsonl", {"task_id": "mbpp/11", "solution": ""}, {"task_id": "mbpp/99", "solution": ""})
    with pytest.raises(InputError) as caught:
        read_samples(file, TASKS)
    assert "1 task ids are not in the task set: mbpp/99 (line 2)" in str(caught.value)
    assert caught.value.choices[0].startswith("mbpp/1")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{", "line 2: column 2: not JSON"),
        ("3", "line 2: a number where a JSON object was expected"),
        ({"solution": "x"}, "line 2: no task_id"),
        ({"task_id": None, "solution": "x"}, "line 2: no task_id"),
        ({"task_id": "mbpp/11", "code": "x"}, "line 2: neither completion nor solution, found task_id, code"),
        ({"task_id": "mbpp/11", "completion": 3}, "line 2: the program is a number, expected text"),
    ],
    ids=str,
)
def test_a_broken_row_is_named_with_its_line(tmp_path, row, message):
    with pytest.raises(InputError) as caught:
        read_samples(written(tmp_path / "s.jsonl", {"task_id": "mbpp/11", "solution": "x"}, row), TASKS)
    assert message in str(caught.value)
    assert "1 rows are no samples" in str(caught.value)


def test_all_broken_rows_are_counted_and_the_first_are_named(tmp_path):
    with pytest.raises(InputError, match="30 rows are no samples") as caught:
        read_samples(written(tmp_path / "s.jsonl", *["{"] * 30), TASKS)
    assert "line 20:" in str(caught.value)
    assert "and 10 more" in str(caught.value)


def test_an_empty_or_missing_file_is_an_error(tmp_path):
    with pytest.raises(InputError, match="is empty"):
        read_samples(written(tmp_path / "s.jsonl"), TASKS)
    with pytest.raises(InputError, match="there is no"):
        read_samples(tmp_path / "t.jsonl", TASKS)
    with pytest.raises(InputError, match="give the file itself"):
        read_samples(tmp_path, TASKS)
