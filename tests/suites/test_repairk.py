"""Repairs counted at their real cost: chains, curves, what a solved task costs, and where repairing begins to pay."""

import dataclasses

import pytest

from etude.records import Point, identify
from etude.suites.repairk import RepairAtK, at, chains_of, crossover, curve, per_solved
from tests.suites.conftest import judged, task

SUITE = RepairAtK(tasks_from="x", n=2, k=(1, 2))


def family(name, *shapes):
    """Judged attempts of a task; a shape is the verdicts down one chain: '-+' is a failure and a repair that passes."""
    exercise, found = task(name), []
    for index, shape in enumerate(shapes):
        parent = ""
        for depth, sign in enumerate(shape):
            item = judged(exercise, 10 * depth + index, {"+": True, "-": False, "?": None}[sign], parent=parent)
            parent = identify(item.attempt)
            found.append(item)
    return found


def test_a_chain_is_solved_where_any_of_it_passes_and_costs_all_of_it():
    chains = chains_of([*family("a", "+", "-+"), *family("b", "--", "---+")])
    assert [chain.solved for chain in chains["a"]] == [True, True]
    assert [(chain.solved, chain.generations, chain.tokens) for chain in chains["b"]] == [(False, 2, 10), (True, 4, 20)]


def test_what_could_not_be_judged_is_no_failure():
    chains = chains_of([*family("a", "-?"), *family("b", "?+")])
    assert chains["a"] == []
    assert [chain.solved for chain in chains["b"]] == [True]


def test_both_numbers_come_from_one_measurement(state):
    report = SUITE.report("main", [*family("a", "+", "-+"), *family("b", "--", "--")], state)
    assert (report.pass_at["1"].value, report.pass_at["2"].value) == (0.25, 0.5)
    assert (report.repair_at["1"].value, report.repair_at["2"].value) == (0.5, 0.5)
    assert report.budget["repairs"] == 3
    samples, chains = report.curves["samples"], report.curves["chains"]
    assert [point.generations for point in samples] == [1.0, 2.0]
    assert [point.generations for point in chains] == [1.75, 3.5]
    assert [point.tokens for point in chains] == [8.75, 17.5]
    assert report.budget["generations per solved task, samples"] == pytest.approx((1.5 + 2) / 1)
    assert report.budget["generations per solved task, chains"] == pytest.approx((1.5 + 2 * 2) / 1, abs=0.6)


def test_without_repairs_chains_are_samples(state):
    report = SUITE.report("main", family("a", "+", "-"), state)
    assert report.repair_at == report.pass_at
    assert report.curves["samples"] == report.curves["chains"]


def test_a_curve_ends_where_nothing_more_is_known():
    points = curve({"a": (1, 2), "b": (0, 2)}, {"a": (1.0, 5.0), "b": (1.0, 15.0)}, 4)
    assert [(point.value, point.tokens) for point in points] == [(0.25, 10.0), (0.5, 20.0)]


def test_the_first_right_draw_is_expected_where_chance_puts_it():
    assert per_solved({"a": (2, 5)}, {"a": (1.0, 10.0)}) == [("generations", 2.0), ("tokens", 20.0)]
    assert per_solved({"a": (5, 5), "b": (0, 5)}, {"a": (1.0, 1.0), "b": (1.0, 1.0)})[0] == ("generations", 6.0)
    assert per_solved({"a": (0, 5)}, {"a": (1.0, 1.0)}) == []


def line(*pairs):
    return tuple(Point(generations=tokens, tokens=tokens, value=value) for tokens, value in pairs)


SAMPLES = line((10, 0.2), (20, 0.3), (30, 0.4))


@pytest.mark.parametrize(
    ("chains", "expected"),
    [
        (line((15, 0.26), (25, 0.36)), 15),
        (line((15, 0.24), (25, 0.36)), 25),
        (line((15, 0.26), (25, 0.34)), None),
        (line((15, 0.24), (25, 0.34)), None),
        (
            line(
                (40, 0.99),
            ),
            None,
        ),
        ((), None),
    ],
)
def test_repairing_pays_from_the_budget_on_from_which_it_is_never_worse(chains, expected):
    assert crossover(SAMPLES, chains) == expected


def test_between_points_a_curve_is_straight_and_beyond_it_says_nothing():
    assert at(SAMPLES, 25) == pytest.approx(0.35)
    assert (at(SAMPLES, 9), at(SAMPLES, 31), at((), 1)) == (None, None, None)
    assert at(SAMPLES[:1], 10) == 0.2


def test_an_unjudged_chain_is_in_no_number(state):
    report = SUITE.report("main", [*family("a", "+", "-?"), *family("b", "+", "+")], state)
    assert report.repair_at["1"].value == 1.0
    assert dataclasses.asdict(report)["curves"]["chains"][0]["value"] == 1.0
