"""The audited index: written, read, merged, applied, and what is said of files that are none."""

import json
from pathlib import Path

import pytest

from etude.auditing.card import Card, Finding
from etude.auditing.index import Index, excluded, index_of, merge, read, without, write
from etude.errors import InputError, StorageError
from etude.records import TaskView, Tests
from etude.tasks import Task

ONE = Index(set_name="mbpp", version="1", date="2026-01-31", reasons={"mbpp/3": ("weak tests",), "mbpp/1": ("a", "b")})


def task(name: str) -> Task:
    return Task(facts=TaskView(task_id=name, kind="instruct", prompt="p"), hidden=Tests())


def test_an_index_is_read_as_it_was_written_and_its_bytes_do_not_depend_on_order(tmp_path: Path) -> None:
    turned = Index(set_name="mbpp", version="1", date="2026-01-31", reasons=dict(reversed(ONE.reasons.items())))
    write(ONE, tmp_path / "a.json")
    write(turned, tmp_path / "b.json")
    assert read(tmp_path / "a.json") == ONE
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert sorted(item.name for item in tmp_path.iterdir()) == ["a.json", "b.json"]


def test_the_index_of_an_audit_names_flagged_tasks_with_every_kind_once() -> None:
    weak, odd = Finding(name="weak tests", detail="x"), Finding(name="no reference")
    found = [
        Card(task_id="a", defects=(weak, Finding(name="weak tests", detail="y"), odd)),
        Card(task_id="b", remarks=(weak,)),
        Card(task_id="c", defects=(odd,)),
    ]
    made = index_of(found, "mine", "2", "2026-03-01", ignored=["no reference"])
    assert made.reasons == {"a": ("weak tests",)}
    assert index_of(found, "mine", "2", "2026-03-01").reasons == {
        "a": ("weak tests", "no reference"),
        "c": ("no reference",),
    }


def test_merging_keeps_all_reasons_and_the_later_date() -> None:
    later = Index(set_name="mbpp", version="2", date="2026-02-01", reasons={"mbpp/1": ("b", "c"), "mbpp/9": ("d",)})
    both = merge(ONE, later)
    assert (both.version, both.date) == ("2", "2026-02-01")
    assert both.reasons == {"mbpp/3": ("weak tests",), "mbpp/1": ("a", "b", "c"), "mbpp/9": ("d",)}
    assert merge(later, ONE).date == "2026-02-01"
    with pytest.raises(InputError, match="of mbpp and p3 cannot be merged"):
        merge(ONE, Index(set_name="p3", version="1", date="2026-01-31"))


def test_named_tasks_are_excluded_with_their_reasons() -> None:
    tasks = [task(f"mbpp/{number}") for number in (1, 2, 3)]
    assert excluded(tasks, ONE) == {"mbpp/1": ("a", "b"), "mbpp/3": ("weak tests",)}
    assert [item.task_id for item in without(tasks, ONE)] == ["mbpp/2"]


def test_a_slice_without_named_tasks_is_fine_and_another_set_is_not() -> None:
    assert excluded([task("mbpp/120")], ONE) == {}
    with pytest.raises(InputError, match="the index of mbpp names 'mbpp/3'; these tasks are called 'HumanEval/1'"):
        excluded([task("HumanEval/1")], ONE)
    assert excluded([task("HumanEval/1")], Index(set_name="mbpp", version="1", date="2026-01-31")) == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[]", "no index of format etude-index/1, found 'list'"),
        ('{"format": "other"}', "found 'other'"),
        ({"version": ""}, "version is '', expected text"),
        ({"set": None}, "set is None, expected text"),
        ({"date": "31.1.2026"}, "'31.1.2026' is no date"),
        ({"tasks": []}, "tasks is no object"),
        ({"tasks": {"a": "weak"}}, "the reasons of 'a' are 'weak'"),
        ({"tasks": {"a": []}}, "the reasons of 'a' are"),
    ],
)
def test_a_file_that_is_no_index_is_refused_with_the_reason(tmp_path: Path, text: str | dict, said: str) -> None:
    sound = {"format": "etude-index/1", "set": "s", "version": "1", "date": "2026-01-31", "tasks": {}}
    path = tmp_path / "index.json"
    path.write_text(text if isinstance(text, str) else json.dumps({**sound, **text}))
    with pytest.raises(InputError) as caught:
        read(path)
    assert said in str(caught.value)
    assert "fix:" in str(caught.value)


def test_a_missing_file_and_a_missing_folder_are_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the index"):
        read(tmp_path / "no.json")
    with pytest.raises(StorageError, match="cannot write"):
        write(ONE, tmp_path / "no" / "index.json")


def test_a_date_that_is_none_is_refused_when_an_index_is_made() -> None:
    with pytest.raises(InputError, match="the date: 'today' is no date"):
        index_of([], "s", "1", "today")
