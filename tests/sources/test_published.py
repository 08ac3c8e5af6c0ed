import gzip
import json
import subprocess
import sys

import pyarrow
import pyarrow.parquet
import pytest

from etude.errors import InputError, MissingError
from etude.sources.check import check_tasks
from etude.sources.humaneval import HumanEval, examples
from etude.sources.mbpp import Mbpp
from etude.sources.p3 import P3, instances, references
from etude.sources.rows import read_rows

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def mbpp(data):
    """All tasks of MBPP as they are by default, read once."""
    return list(Mbpp(path=str(data("mbpp")), split="all").propose(None))


def ids(source):
    return [task.task_id for task in source.propose(None)]


def run(program):
    """Runs trusted programs of a data set in a process of their own."""
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]


def test_mbpp_has_the_published_splits(data, mbpp):
    path = str(data("mbpp/mbpp.jsonl"))
    found = {split: ids(Mbpp(path=path, split=split)) for split in ("train", "validation", "test", "prompt")}
    sizes = {split: len(names) for split, names in found.items()}
    assert sizes == {"train": 374, "validation": 90, "test": 500, "prompt": 10}
    assert found["test"][0] == "mbpp/11"
    assert found["train"][-1] == "mbpp/974"
    assert {name for names in found.values() for name in names} == {task.task_id for task in mbpp}
    assert len(mbpp) == 974


def test_sanitized_mbpp_has_its_own_sizes_in_the_same_ranges(data):
    folder = str(data("mbpp"))
    sizes = {
        split: len(ids(Mbpp(path=folder, split=split, variant="sanitized")))
        for split in ("train", "validation", "test", "prompt", "all")
    }
    assert sizes == {"train": 120, "validation": 43, "test": 257, "prompt": 7, "all": 427}


def test_mbpp_hides_all_assertions_but_the_visible_ones(data, mbpp):
    others = [(visible, Mbpp(path=str(data("mbpp")), visible_tests=visible).propose(None)) for visible in (0, 2)]
    for visible, tasks in ((1, mbpp), *others):
        for task in tasks:
            seen = task.facts.prompt + "\n".join(task.facts.shown.assertions)
            assert len(task.facts.shown.assertions) == visible
            assert not any(test.strip() in seen for test in task.hidden.assertions), task.task_id
            assert "\r" not in seen + task.reference + task.hidden.setup


def test_mbpp_loses_no_assertion_between_shown_and_hidden(data, mbpp):
    rows = {row.values["task_id"]: row.values["test_list"] for row in read_rows([data("mbpp/mbpp.jsonl")])}
    short = []
    for task in mbpp:
        both = {*task.facts.shown.assertions, *task.hidden.assertions}
        assert both == set(rows[int(task.task_id.removeprefix("mbpp/"))])
        if len(task.hidden) < 2:
            short.append(task.task_id)
    assert short == ["mbpp/37", "mbpp/337", "mbpp/508", "mbpp/713", "mbpp/862"]  # these state an assertion twice


def test_mbpp_names_the_function_that_the_assertions_call(mbpp):
    tasks = {task.task_id: task for task in mbpp}
    assert all(task.facts.entry_point for task in tasks.values())
    assert tasks["mbpp/2"].facts.entry_point == "similar_elements"
    assert tasks["mbpp/927"].facts.entry_point == "max_height"
    assert tasks["mbpp/596"].hidden.setup == "import sys"


def test_mbpp_references_pass_with_setup_after_the_program(data, mbpp):
    chosen = {"mbpp/367", "mbpp/927", "mbpp/596", "mbpp/11", "mbpp/601"}
    for task in mbpp:
        if task.task_id in chosen:
            tests = [*task.facts.shown.assertions, *task.hidden.assertions]
            run("\n".join([task.reference, task.hidden.setup, *tests]))
    for task in Mbpp(path=str(data("mbpp")), variant="sanitized").propose(None, 80):
        if "math." in "".join(task.hidden.assertions):
            run("\n".join([task.reference, task.hidden.setup, *task.hidden.assertions]))


def test_mbpp_wants_the_file_of_its_variant(data):
    with pytest.raises(InputError, match="is of the full MBPP"):
        ids(Mbpp(path=str(data("mbpp/mbpp.jsonl")), variant="sanitized"))
    with pytest.raises(InputError, match="the row has no 'prompt'"):
        ids(HumanEval(path=str(data("mbpp/mbpp.jsonl"))))


def test_mbpp_parquet_of_the_hub_gives_the_same_tasks(data, mbpp, tmp_path):
    rows = [dict(row.values) for row in read_rows([data("mbpp/mbpp.jsonl")])]
    (tmp_path / "full").mkdir()
    for name, part in (("test", slice(10, 510)), ("train", slice(600, 974)), ("prompt", slice(0, 10))):
        table = pyarrow.Table.from_pylist(rows[part])
        pyarrow.parquet.write_table(table, tmp_path / "full" / f"{name}-00000-of-00001.parquet")
    published = {task.task_id: task for task in mbpp}
    for split in ("train", "test", "prompt"):
        found = list(Mbpp(path=str(tmp_path), split=split).propose(None))
        assert found == [published[task.task_id] for task in found]
        assert len(found) == {"train": 374, "test": 500, "prompt": 10}[split]


def test_humaneval_is_complete_and_hides_its_check(data):
    tasks = list(HumanEval(path=str(data("humaneval"))).propose(None))
    assert len(tasks) == 164
    assert [task.task_id for task in tasks] == [f"HumanEval/{number}" for number in range(164)]
    for task in tasks:
        assert task.facts.kind == "complete"
        assert task.reference.startswith(task.facts.prompt)
        assert f"def {task.facts.entry_point}(" in task.hidden.context
        assert "def check(" in task.hidden.check
        assert "check(candidate" not in task.facts.prompt + "".join(task.facts.shown.assertions)


def test_a_humaneval_check_that_calls_the_function_by_name_means_the_candidate(data):
    tasks = {task.task_id: task for task in HumanEval(path=str(data("humaneval"))).propose(None)}
    named = [task for task in tasks.values() if "published(candidate)" in task.hidden.check]
    assert [task.task_id for task in named] == ["HumanEval/33"]
    for number in (33, 38, 50):  # the others need helpers from the context
        task = tasks[f"HumanEval/{number}"]
        wrong = task.hidden.context.replace("pass", "return []")
        program = "program, trusted, name = " + repr(
            (task.reference, task.hidden.context + task.hidden.check, task.facts.entry_point)
        )
        judge = "a, b = {}, {}\nexec(program, a)\nexec(trusted, b)\nb['check'](a[name])"
        run(f"{program}\n{judge}")
        with pytest.raises(AssertionError):
            run(f"{program.replace(repr(task.reference), repr(wrong))}\n{judge}")


def test_humaneval_from_every_format_is_the_same(data, tmp_path):
    source = data("humaneval/HumanEval.jsonl.gz")
    published = list(HumanEval(path=str(source)).propose(None))
    rows = [dict(row.values) for row in read_rows([source])]
    (tmp_path / "plain.jsonl").write_text(gzip.decompress(source.read_bytes()).decode())
    (tmp_path / "list.json").write_text(json.dumps(rows))
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "test-00000-of-00001.parquet")
    for place in ("plain.jsonl", "list.json", "test-00000-of-00001.parquet", "."):
        assert list(HumanEval(path=str(tmp_path / place)).propose(None)) == published


def test_the_examples_a_humaneval_prompt_shows_are_true(data):
    tasks = list(HumanEval(path=str(data("humaneval"))).propose(None))
    shown = [task for task in tasks if task.facts.shown]
    assert len(shown) == 69
    assert sum(len(task.facts.shown) for task in shown) == 159
    for start in range(0, len(shown), 20):
        part = [[task.reference, task.facts.shown.assertions] for task in shown[start : start + 20]]
        lines = ["for program, tests in " + repr(part) + ":", "    names = {}", "    exec(program, names)"]
        run("\n".join([*lines, "    for test in tests: exec(test, names)"]))


def test_a_prompt_without_clear_examples_shows_none():
    assert examples('def f(x):\n    """Twice.\n    >>> f(2)\n    4\n    """\n', "f") == ("assert f(2) == 4",)
    assert examples('def f(x):\n    """Twice.\n    >>> f(2) == 4\n    """\n', "f") == ()
    assert examples('def f(x):\n    """\n    >>> f(2) [4]\n    >>> g(1)\n    1\n    """\n', "f") == ()
    assert examples('def f(x):\n    """\n      >>> f(2)\n    4\n  x"""\n', "f") == ()
    assert examples("def f(x):\n", "f") == ()


def test_p3_has_the_published_sizes(data):
    folder = str(data("p3"))
    every = list(P3(path=folder, split="all").propose(None))
    train, test = (list(P3(path=folder, split=split).propose(None)) for split in ("train", "test"))
    assert (len(every), len(train), len(test)) == (1715, 155, 228)
    assert len({task.task_id.rpartition(":")[0] for task in every}) == 397
    assert not {task.task_id for task in train} & {task.task_id for task in test}
    assert all(task.task_id.endswith(":0") for task in (*train, *test))
    assert (sum(bool(task.reference) for task in train), sum(bool(task.reference) for task in test)) == (145, 227)


def test_every_published_p3_solution_is_reachable(data):
    bodies = [program for row in instances(str(data("p3"))) for program in references(row)]
    assert len(bodies) == 1698
    assert all(program.startswith("from typing import List\n") and "def sol(" in program for program in bodies)


def test_p3_shows_its_specification_and_references_satisfy_it(data):
    for task in P3(path=str(data("p3")), split="train").propose(None, 12):
        assert task.facts.kind == "puzzle"
        assert task.facts.shown == task.hidden
        assert task.facts.prompt.startswith(task.hidden.puzzle)
        assert task.facts.prompt.rstrip().endswith(":")
        if task.reference:
            run(f"{task.hidden.puzzle}\n{task.reference}\nassert sat(sol()) is True")


def test_p3_from_the_puzzles_file_needs_the_split_beside_it(data, tmp_path):
    puzzles = tmp_path / "puzzles.json"
    puzzles.write_bytes(gzip.decompress(data("p3/puzzles.json.gz").read_bytes()))
    assert len(ids(P3(path=str(puzzles), split="all"))) == 1715
    with pytest.raises(InputError, match=r"wants split\.json beside the puzzles"):
        ids(P3(path=str(puzzles), split="train"))
    (tmp_path / "split.json").write_text('{"train": ["Study_1", "NoSuchProblem"]}')
    with pytest.raises(InputError, match="1 problems of split 'train' are not among the puzzles: NoSuchProblem"):
        ids(P3(path=str(puzzles), split="train"))
    with pytest.raises(InputError, match="has no list 'test'"):
        ids(P3(path=str(puzzles), split="test"))
    (tmp_path / "split.json").write_text('{"train": ["Study_2", "Study_1"]}')
    assert ids(P3(path=str(tmp_path), split="train")) == ["Study_1:0", "Study_2:0"]


def test_an_unknown_split_is_answered_with_the_nearest(data):
    for source, first in (
        (Mbpp(path=str(data("mbpp")), split="tets"), "test"),
        (P3(path=str(data("p3")), split="trian"), "train"),
        (HumanEval(path=str(data("humaneval")), split="train"), "test"),
    ):
        with pytest.raises(InputError) as caught:
            ids(source)
        assert caught.value.choices[0] == first


def test_n_limits_the_tasks(data):
    assert [len(list(Mbpp(path=str(data("mbpp")), split="prompt").propose(None, n))) for n in (0, 1, 7)] == [0, 1, 7]


def test_p3_without_a_path_says_where_to_get_it():
    with pytest.raises(MissingError, match="wants a path"):
        ids(P3())


def test_the_known_defects_of_mbpp_are_found_without_running_it(mbpp):
    problems = check_tasks(mbpp)
    malformed = {problem.task_id for problem in problems if problem.defect == "malformed assertion"}
    assert malformed == {"mbpp/313", "mbpp/362", "mbpp/436"}
    others = {(problem.task_id, problem.defect) for problem in problems if problem.defect != "malformed assertion"}
    assert others == {("mbpp/347", "duplicate prompt")}
