import random

import pytest

from etude.curators.passed import Passed
from etude.errors import InputError
from etude.records import identify


def test_only_true_is_a_pass(world):
    tried = [world.attempt(f"    return {number}\n", index=number) for number in range(3)]
    judged = [world.judged(tried[0], True), world.judged(tried[1], False), world.judged(tried[2], None)]
    rows = list(Passed().curate(judged, (), world.state()))
    assert [row.attempt for row in rows] == [identify(tried[0])]
    assert list(Passed().curate(judged[1:], (), world.state())) == []


def test_a_truthy_value_that_is_not_true_is_no_pass(world):
    item = world.judged(world.attempt("    return 1\n"))
    object.__setattr__(item.verdict, "passed", 1)
    assert list(Passed().curate([item], (), world.state())) == []


def test_a_row_names_everything_it_came_from(world):
    item = world.judged(world.attempt("    return x\n"))
    (row,) = Passed().curate([item], (), world.state())
    assert (row.prompt, row.target, row.program) == (item.attempt.prompt, item.attempt.completion, item.attempt.program)
    assert (row.attempt, row.verdict) == (identify(item.attempt), identify(item.verdict))
    assert (row.origin, row.round, row.licence, row.task_id, row.kind) == ("attempt", 2, "CC0", "a", "sft")


def test_the_shortest_programs_are_kept_with_ties_by_sample(world):
    bodies = ["    return x + 0 + 0\n", "    return x + 2\n", "    return x + 1\n", "    return x\n"]
    judged = [world.judged(world.attempt(body, index=number)) for number, body in enumerate(bodies)]
    kept = [row.target for row in Passed(cap=3).curate(judged, (), world.state())]
    assert kept == [bodies[3], bodies[1], bodies[2]]
    assert [row.target for row in Passed(cap=2, shortest_first=False).curate(judged, (), world.state())] == bodies[:2]


def test_the_cap_holds_for_each_task(world):
    judged = [
        world.judged(world.attempt(f"    return {number}\n", task_id=name, index=number))
        for number in range(6)
        for name in ("b", "a")
    ]
    rows = list(Passed(cap=2).curate(judged, (), world.state([world.task("b"), world.task("a")])))
    assert [row.task_id for row in rows] == ["b", "b", "a", "a"]


def test_programs_that_differ_in_comments_and_names_only_are_one(world):
    bodies = [
        "    total = x\n    return total\n",
        "    y = x  # the same\n    return y\n",
        "    total=x\n\n    return (total)\n",
        "    return x\n",
    ]
    judged = [world.judged(world.attempt(body, index=number)) for number, body in enumerate(bodies)]
    assert len(list(Passed().curate(judged, (), world.state()))) == 2
    assert len(list(Passed(distinct=False).curate(judged, (), world.state()))) == 4


@pytest.mark.parametrize(
    ("manner", "prompts"),
    [("repair", ["repair"]), ("initial", ["initial"]), ("both", ["repair", "initial"])],
)
def test_a_repair_answers_the_prompt_it_was_asked_or_the_first_one(world, manner, prompts):
    first = world.attempt("    return 0\n")
    second = world.attempt("    return 1\n", parent=first)
    third = world.attempt("    return x\n", parent=second)
    judged = [world.judged(third), world.judged(second, False), world.judged(first, False)]
    rows = list(Passed(repair_rows=manner).curate(judged, (), world.state()))
    expected = {"repair": third.prompt, "initial": first.prompt}
    assert [row.prompt for row in rows] == [expected[name] for name in prompts]
    assert {row.origin for row in rows} == {"repair"}
    assert {row.attempt for row in rows} == {identify(third)}
    assert {row.feedback for row in rows} == {"wrong"}
    assert {row.target.strip() for row in rows} == {"return x"}


def test_the_failed_attempt_behind_a_repair_gives_no_row(world):
    first = world.attempt("    return 0\n")
    second = world.attempt("    return x\n", parent=first)
    rows = list(
        Passed(repair_rows="both").curate([world.judged(first, False), world.judged(second)], (), world.state())
    )
    assert identify(first) not in {row.attempt for row in rows}
    assert not any("return 0" in row.target for row in rows)


def test_an_initial_prompt_that_is_not_there_is_an_error_and_not_a_guess(world):
    lost = world.attempt("    return x\n", parent=world.attempt("    return 0\n"))
    with pytest.raises(InputError, match="repairs an attempt that was not judged with it"):
        list(Passed(repair_rows="initial").curate([world.judged(lost)], (), world.state()))
    assert len(list(Passed().curate([world.judged(lost)], (), world.state()))) == 1


def test_rows_so_far_pass_through_first(world):
    before = [world.row(1), world.row(2)]
    rows = list(Passed().curate([world.judged(world.attempt("    return x\n"))], before, world.state()))
    assert rows[:2] == before
    assert len(rows) == 3


def test_the_rows_do_not_depend_on_the_order_of_judging(world):
    judged = []
    for name in ("c", "a", "b"):
        for index in range(4):
            first = world.attempt(f"    return {index}\n", task_id=name, index=index)
            repaired = world.attempt(f"    return x + {index}\n", task_id=name, index=index, parent=first)
            judged += [world.judged(first, index % 2 == 0), world.judged(repaired, index % 2 == 1)]
    state = world.state([world.task(name) for name in ("c", "a")])
    expected = list(Passed(repair_rows="both", cap=3).curate(judged, (), state))
    assert [row.task_id for row in expected if row.origin == "attempt"] == ["c", "c", "a", "a", "b", "b"]
    for seed in range(10):
        random.Random(seed).shuffle(judged)
        assert list(Passed(repair_rows="both", cap=3).curate(judged, (), state)) == expected


def test_hostile_programs_are_curated_like_others(world):
    bodies = ["    return " + "(" * 5_000, "    return " + "-" * 90_000 + "1", "    '\ud800'\0", "x = 1\n" * 50_000]
    judged = [world.judged(world.attempt(body, index=number)) for number, body in enumerate(bodies)]
    assert len(list(Passed().curate(judged, (), world.state()))) == 4
