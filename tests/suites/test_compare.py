"""Reports side by side: paired, over common tasks, at a stated budget."""

import dataclasses

import pytest

from etude.errors import InputError
from etude.suites.compare import compare, table


def test_a_comparison_gives_difference_ratio_and_interval(report):
    base = report({"a": "+---", "b": "----", "c": "+---"}, round=-1)
    better = report({"a": "++--", "b": "----", "c": "++++"})
    found = compare(base, better, 1)
    assert found.difference.value == pytest.approx((0.25 + 0 + 0.75) / 3)
    assert found.difference.low <= found.difference.value <= found.difference.high
    assert found.ratio == pytest.approx(3.0)
    assert (found.tasks, found.same_budget, found.note) == (3, True, "")
    assert (found.base, found.other) == ("base", "main, round 2")


def test_another_number_of_samples_is_another_budget_and_is_said(report):
    found = compare(report({"a": "+---"}), report({"a": "+-------"}, n=8), 1)
    assert not found.same_budget
    assert "8 samples per task against 4" in found.note


def test_repairs_are_generations_too(report):
    other = report({"a": "+---"})
    other = dataclasses.replace(other, budget={**other.budget, "generations": 7})
    found = compare(report({"a": "+---"}), other, 1)
    assert not found.same_budget
    assert "7 generations per task against 4" in found.note


def test_only_common_tasks_are_compared_and_the_loss_is_said(report):
    found = compare(report({"a": "+---", "b": "++++"}), report({"a": "+---", "c": "----"}), 1)
    assert (found.tasks, found.difference.value) == (1, 0.0)
    assert "over 1 of 2 tasks" in found.note


def test_nothing_in_common_is_refused(report):
    with pytest.raises(InputError, match="no task with 1 judged samples in common"):
        compare(report({"a": "+---"}), report({"b": "+---"}), 1)
    with pytest.raises(InputError, match="smaller k"):
        compare(report({"a": "+-"}), report({"a": "+-"}), 4)


def test_another_protocol_is_refused(report):
    old = dataclasses.replace(report({"a": "+---"}), protocol="pass@k/0")
    with pytest.raises(InputError, match="pass@k/0"):
        compare(old, report({"a": "+---"}), 1)


def test_a_base_that_solves_nothing_has_no_ratio(report):
    assert compare(report({"a": "----"}), report({"a": "+---"}), 1).ratio is None


def test_the_table_has_a_line_per_report_and_compares_each_with_the_base(report):
    base = report({"a": "+---", "b": "----"}, round=-1)
    arms = {
        "main": [base, report({"a": "++--", "b": "+---"}, round=0)],
        "control": [base, report({"a": "+---", "b": "?---"}, name="control", round=0)],
    }
    first, main, control = table(arms)
    assert [(line.arm, line.round) for line in (first, main, control)] == [("base", -1), ("main", 0), ("control", 0)]
    assert first.difference == {}
    assert main.difference["1"].value == pytest.approx(0.25)
    assert control.difference["1"].value == 0.0
    assert (control.unjudged, control.n, control.tasks_at) == (1, 4, {"1": 2, "2": 2})
    assert "generations" not in control.notes


def test_a_table_without_a_base_compares_nothing(report):
    (line,) = table({"main": [report({"a": "+---"}, round=0)]})
    assert line.difference == {} == line.notes
