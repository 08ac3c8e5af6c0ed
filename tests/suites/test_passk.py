"""What a report counts, and what it must not."""

import json

import pytest

from etude.errors import RecipeError
from etude.records import Report, canonical, decode
from etude.suites.passk import PassAtK

SUITE = PassAtK(tasks_from="unused", n=4, k=(1, 2, 4, 9))


def test_pass_at_k_is_the_mean_over_tasks(make_samples, state):
    report = SUITE.report("main", make_samples("a", "+---") + make_samples("b", "++++"), state)
    assert report.pass_at["1"].value == pytest.approx((0.25 + 1) / 2)
    assert report.pass_at["2"].value == pytest.approx((0.5 + 1) / 2)
    assert set(report.pass_at) == {"1", "2", "4"}
    assert (report.tasks, report.samples, report.unjudged, report.round) == (2, 8, 0, 1)


def test_a_sample_that_could_not_be_judged_is_neither_right_nor_wrong(make_samples, state):
    report = SUITE.report("main", make_samples("a", "+??-") + make_samples("b", "----"), state)
    assert report.counts == {"a": (1, 2), "b": (0, 4)}
    assert (report.samples, report.unjudged) == (6, 2)
    assert report.pass_at["1"].value == pytest.approx(0.25)
    assert report.pass_at["4"].value == 0.0  # of the one task that has four judged samples


def test_where_nothing_could_be_judged_there_is_no_number(make_samples, state):
    report = SUITE.report("main", make_samples("a", "????"), state)
    assert (report.pass_at, report.tasks, report.unjudged) == ({}, 0, 4)


def test_a_repair_is_spent_but_is_no_sample(make_samples, make_task, make_judged, state):
    rows = make_samples("a", "----")
    repair = make_judged(make_task("a"), 0, True, parent=rows[0].verdict.attempt)
    report = SUITE.report("main", [*rows, repair], state)
    assert report.pass_at["4"].value == 0.0
    assert report.counts == {"a": (0, 4)}
    assert report.budget == {"generations": 5, "repairs": 1, "prompt_tokens": 50, "completion_tokens": 25}
    assert report.statuses == {"failed": 4}


def test_grades_and_statuses_are_told_apart(make_samples, make_task, make_judged, state):
    rows = make_samples("a", "++--", "easy") + make_samples("b", "----", "hard") + make_samples("c", "++++")
    rows.append(make_judged(make_task("b", "hard"), 9, False, status="timeout"))
    report = SUITE.report("main", rows, state)
    assert {grade: item.value for grade, item in report.by_difficulty.items()} == {"easy": 0.5, "hard": 0.0}
    assert report.statuses == {"failed": 6, "passed": 6, "timeout": 1}


def test_a_report_survives_json(make_samples, state):
    report = SUITE.report("main", make_samples("a", "+--?", "easy"), state)
    assert decode(Report, json.loads(canonical(report))) == report


def test_tasks_come_in_order_up_to_the_limit(tmp_path):
    line = {"prompt": "def f(x):", "language": "python", "entry_point": "f", "assertions": ["assert f(1) == 1"]}
    lines = [{"task_id": f"t{index}", **line} for index in range(5)]
    file = tmp_path / "tasks.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    suite = PassAtK(tasks_from=f"jsonl:{file}", limit=3)
    assert [item.task_id for item in suite.tasks()] == ["t0", "t1", "t2"]


@pytest.mark.parametrize("settings", [{"n": 0}, {"k": ()}, {"k": (0,)}, {"limit": 0}, {"n": 2, "k": (5,)}])
def test_settings_that_can_measure_nothing_are_refused(settings):
    with pytest.raises(RecipeError, match="passk"):
        PassAtK(tasks_from="x", **settings)
