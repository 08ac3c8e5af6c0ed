import json

import pytest

from etude.errors import EtudeError, InputError
from etude.sources.task_set import TaskSet, open_task_set, parse_task_set

MINE = """
from dataclasses import dataclass
from etude.records import TaskView, Tests
from etude.tasks import Task

@dataclass
class Mine:
    path: str = ""
    split: str = "a"

    def propose(self, state, n=None):
        names = ["x", "x"] if self.split == "twice" else [f"{self.split}{number}" for number in range(4)]
        for name in names:
            view = TaskView(task_id=name, kind="instruct", prompt=self.path or "p", entry_point="f")
            yield Task(facts=view, hidden=Tests(assertions=("assert f()",)))
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A module of a user's own on the import path."""
    (tmp_path / "mine_for_a_test.py").write_text(MINE)
    monkeypatch.syspath_prepend(str(tmp_path))
    return "mine_for_a_test:Mine"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("humaneval", TaskSet("humaneval")),
        ("humaneval:a/b.jsonl.gz", TaskSet("humaneval", "a/b.jsonl.gz")),
        ("mbpp:~/data/mbpp[test]", TaskSet("mbpp", "~/data/mbpp", "test")),
        ("mbpp[test]", TaskSet("mbpp", "", "test")),
        ("lab[test][0:20]", TaskSet("lab", "", "test", 0, 20)),
        ("lab[:20]", TaskSet("lab", "", "", None, 20)),
        ("lab[-20:]", TaskSet("lab", "", "", -20, None)),
        ("lab[:]", TaskSet("lab")),
        ("hub:OWNER/NAME[train]", TaskSet("hub", "OWNER/NAME", "train")),
        ("jsonl:C:/odd:name.jsonl", TaskSet("jsonl", "C:/odd:name.jsonl")),
        (" jsonl:with space.jsonl ", TaskSet("jsonl", "with space.jsonl")),
        ("jsonl:a[1]b.jsonl", TaskSet("jsonl", "a[1]b.jsonl")),
        ("etude.sources.mbpp:Mbpp", TaskSet("etude.sources.mbpp:Mbpp")),
        ("etude.sources.mbpp:Mbpp:x.jsonl[test]", TaskSet("etude.sources.mbpp:Mbpp", "x.jsonl", "test")),
    ],
)
def test_a_task_set_text_is_taken_apart(text, expected):
    assert parse_task_set(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "[test]", "mbpp[", "mbpp]", "mbpp[test", "mbpp[0:20][test]", "mbpp[a:b]", "mbpp[]", "mbpp[3]", "mbpp[a][b]"],
)
def test_a_malformed_text_says_what_the_form_is(text):
    with pytest.raises(InputError) as caught:
        parse_task_set(text)
    assert "NAME:PLACE[SPLIT][START:STOP]" in caught.value.expected


@pytest.mark.parametrize(
    ("text", "first"), [("humanevl:x.jsonl", "humaneval"), ("mbp[test]", "mbpp"), ("jsom:x", "jsonl")]
)
def test_an_unknown_name_is_answered_with_the_nearest(text, first):
    with pytest.raises(InputError) as caught:
        parse_task_set(text)
    assert caught.value.choices[0] == first
    assert {"humaneval", "mbpp", "p3", "jsonl", "hub", "lab"} <= set(caught.value.choices)


def test_a_bare_path_is_answered_with_the_source_it_wants(tmp_path):
    (tmp_path / "tasks.jsonl").touch()
    with pytest.raises(InputError, match=r"fix: +jsonl:.*tasks\.jsonl"):
        parse_task_set(str(tmp_path / "tasks.jsonl"))


def test_a_source_of_your_own_is_opened_with_place_split_and_slice(mine):
    tasks = open_task_set(f"{mine}:somewhere[b][1:3]")
    assert [task.task_id for task in tasks] == ["b1", "b2"]
    assert tasks[0].facts.prompt == "somewhere"


def test_ids_that_occur_twice_are_named(mine):
    with pytest.raises(InputError, match="1 task ids occur more than once: x"):
        open_task_set(f"{mine}[twice]")


def test_an_empty_slice_is_an_error(mine):
    with pytest.raises(InputError, match="has no task: there are 4 before the slice"):
        open_task_set(f"{mine}[9:]")


def test_settings_reach_the_source(tmp_path):
    row = {"task_id": "a", "prompt": "p", "entry_point": "f", "assertions": ["assert f()"]}
    (tmp_path / "a.jsonl").write_text(json.dumps(row) + "\nbroken\n")
    with pytest.raises(InputError):
        open_task_set(f"jsonl:{tmp_path}/a.jsonl")
    assert len(open_task_set(f"jsonl:{tmp_path}/a.jsonl", {"skip_invalid": True})) == 1
    with pytest.raises(EtudeError, match="has no setting 'skip_invalidd'"):
        open_task_set(f"jsonl:{tmp_path}/a.jsonl", {"skip_invalidd": True})


def test_a_split_that_a_source_does_not_take_is_refused():
    with pytest.raises(InputError, match="takes no split, found 'test'"):
        open_task_set("families[test]")


def test_an_import_path_without_such_an_object_is_a_users_error(mine):
    with pytest.raises(EtudeError, match=r"cannot load .*:Yours"):
        open_task_set(mine.replace(":Mine", ":Yours"))


def test_relative_places_are_found(tmp_path, monkeypatch):
    row = {"task_id": "a", "prompt": "p", "entry_point": "f", "assertions": ["assert f()"]}
    (tmp_path / "a.jsonl").write_text(json.dumps(row))
    monkeypatch.chdir(tmp_path)
    assert [task.task_id for task in open_task_set("jsonl:a.jsonl")] == ["a"]
    assert [task.task_id for task in open_task_set("jsonl:.")] == ["a"]
