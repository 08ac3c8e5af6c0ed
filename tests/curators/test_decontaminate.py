"""No row that solves an exam task is learned from, and nothing of a hidden test is written down."""

import json

import pytest

from etude.curators.decontaminate import FILE, Decontaminate, weak_exams
from etude.errors import RecipeError
from etude.leaks import Leak
from etude.records import encode
from etude.sandbox import Sandbox
from etude.sources.task_set import open_task_set
from tests.leaks.exam_world import BOUNDED, CANARY, LEAKS, PLATEAU, clean, row

LINES = (
    {
        "task_id": "plateau",
        "prompt": "The longest run of equal items.",
        "entry_point": "longest_plateau",
        "calls": [
            {"args": [[]], "expected": 0},
            {"args": [[1, 1, 2]], "expected": 2},
            {"args": [[CANARY] * 6], "expected": 6},
            {"args": [[4, 5, 5, 5]], "expected": 3},
            {"args": [[0, 0, 1, 0, 0]], "expected": 2},
        ],
        "reference": PLATEAU,
    },
    {
        "task_id": "bounded",
        "prompt": "The sum of what lies between.",
        "entry_point": "bounded_sum",
        "calls": [
            {"args": [[1, 5, 9], 2, 9], "expected": 14},
            {"args": [[CANARY, 1], 0, 10], "expected": 1},
            {"args": [[10, 20, 30, 40], 15, 35], "expected": 50},
        ],
        "reference": BOUNDED,
    },
)


@pytest.fixture(scope="module")
def jail():
    with Sandbox(workers=1) as sandbox:
        yield sandbox


@pytest.fixture
def exam(tmp_path):
    path = tmp_path / "exam.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in LINES))
    return f"jsonl:{path}"


@pytest.fixture
def rows():
    planted = [row(text, f"mine/{name}/{n}") for name in ("plateau", "bounded") for n, text in enumerate(LEAKS[name])]
    return [made for n, own in enumerate(planted) for made in (row(clean(60)[30 + n], f"clean/{n}"), own)]


def test_leaks_are_dropped_and_the_other_rows_stay_in_order(world, tmp_path, exam, rows, jail):
    state = world.state(folder=tmp_path / "round")
    kept = list(Decontaminate(against=[exam], sandbox=jail).curate((), rows, state))
    assert kept == [item for item in rows if item.task_id.startswith("clean")]


def test_leaks_are_only_counted_where_that_is_asked_for(world, tmp_path, exam, rows, jail):
    state = world.state(folder=tmp_path / "round")
    assert list(Decontaminate(against=[exam], action="count", sandbox=jail).curate((), rows, state)) == rows
    written = json.loads((tmp_path / "round" / FILE).read_text())
    assert (written["leaking_rows"], written["dropped"]) == (11, 0)


def test_file_and_ledger_say_which_row_solves_which_task_and_nothing_of_a_test(world, tmp_path, exam, rows, jail):
    notes = []
    state = world.state(folder=tmp_path / "round", note=lambda kind, **facts: notes.append((kind, facts)))
    kept = list(Decontaminate(against=[exam], sandbox=jail).curate((), rows, state))
    text = (tmp_path / "round" / FILE).read_text()
    written = json.loads(text)
    assert [(item["task_id"].split("/")[1], item["exam"]) for item in written["leaks"]] == [
        (name, name) for name in ("plateau", "bounded") for _ in LEAKS[name]
    ]
    assert [rows[item["row"]].task_id for item in written["leaks"]] == [item["task_id"] for item in written["leaks"]]
    assert {kind for kind, _ in notes} == {"read", "leaks"}
    read = next(facts for kind, facts in notes if kind == "read")
    assert {"split": exam, "tasks": 2, "purpose": "guard", "by": "decontaminate"}.items() <= read.items()
    assert (written["rows"], written["exam_tasks_solved"], written["undecided"]) == (22, 2, 0)
    for place in (text, json.dumps(notes), json.dumps([encode(item) for item in kept])):
        assert str(CANARY) not in place
        assert "[10, 20, 30, 40]" not in place


def test_an_exam_task_that_many_different_programs_pass_is_named_as_weak(world, tmp_path, exam, rows, jail):
    state = world.state(folder=tmp_path / "round")
    list(Decontaminate(against=[exam], weak_from=7, sandbox=jail).curate((), rows, state))
    assert json.loads((tmp_path / "round" / FILE).read_text())["weak"] == {"plateau": 7}


def test_one_program_in_many_rows_makes_no_exam_task_weak():
    found = [
        Leak(place=n, task_id=f"t{n}", exam="e", origin="", function="f", how="asked", likeness=0.0) for n in range(6)
    ]
    same = [f"def f(x):\n    return x  # {n}\n" for n in range(6)]
    different = [f"def f(x):\n    return x + {n}\n" for n in range(6)]
    assert weak_exams(found, same, 2) == {}
    assert weak_exams(found, different, 6) == {"e": 6}


def test_without_a_sandbox_it_opens_its_own_and_closes_it(world, tmp_path, exam, rows, monkeypatch):
    import etude.sandbox

    opened = []

    class Watched(Sandbox):
        def __init__(self, **settings):
            opened.append(self)
            super().__init__(**settings)

    monkeypatch.setattr(etude.sandbox, "Sandbox", Watched)
    kept = list(Decontaminate(against=[exam]).curate((), rows[:4], world.state(folder=tmp_path / "round")))
    assert len(kept) == 2
    [own] = opened
    with pytest.raises(RuntimeError):
        own.run([object()])


def test_no_rows_are_no_leaks_and_the_file_says_so(world, tmp_path, exam, jail):
    state = world.state(folder=tmp_path / "round")
    assert list(Decontaminate(against=[exam], sandbox=jail).curate((), (), state)) == []
    assert json.loads((tmp_path / "round" / FILE).read_text())["rows"] == 0


def test_rows_of_a_run_come_out_the_same_twice(world, tmp_path, exam, rows, jail):
    texts = []
    for name in ("one", "two"):
        state = world.state(folder=tmp_path / name)
        list(Decontaminate(against=[exam, f"{exam}[0:1]"], sandbox=jail).curate((), rows, state))
        texts.append((tmp_path / name / FILE).read_text())
    assert texts[0] == texts[1]


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(RecipeError):
        Decontaminate(against="humaneval")
    with pytest.raises(RecipeError):
        Decontaminate(against=["lab[test]"], weak_from=1)


def test_the_exam_of_these_tests_has_hidden_tests(exam):
    assert all(len(item.hidden) >= 2 for item in open_task_set(exam))
