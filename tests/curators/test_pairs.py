"""Pairs of a passed and a failed program for one prompt."""

import pytest

from etude.curators.pairs import Pairs, likeness
from etude.errors import RecipeError
from etude.learners.tokens import encode
from etude.records import identify

RIGHT, NEAR, FAR = "    return x + 1\n", "    return x - 1\n", "    return [len(str(y)) for y in range(x)][::-1]\n"


def curate(world, judged, **settings):
    return list(Pairs(**settings).curate(judged, [], world.state([world.task("a"), world.task("b")])))


def judged(world, *programs, task_id="a"):
    return [world.judged(world.attempt(body, task_id, index), passed) for index, (body, passed) in enumerate(programs)]


def test_a_pair_is_a_passed_and_a_failed_program_with_their_lineage(world):
    items = judged(world, (RIGHT, True), (NEAR, False))
    [row] = curate(world, items)
    assert (row.kind, row.target, row.rejected, row.task_id) == ("pair", RIGHT, NEAR, "a")
    assert (row.attempt, row.rejected_attempt) == tuple(identify(item.attempt) for item in items)
    assert (row.verdict, row.licence) == (identify(items[0].verdict), "CC0")


def test_a_program_without_a_verdict_is_in_no_pair(world):
    assert curate(world, judged(world, (RIGHT, None), (NEAR, False))) == []
    assert curate(world, judged(world, (RIGHT, True), (NEAR, None))) == []
    rows = curate(world, judged(world, (RIGHT, True), (NEAR, None), (FAR, False)))
    assert [row.rejected for row in rows] == [FAR]


def test_the_nearest_pair_comes_first(world):
    items = judged(world, (FAR, False), (RIGHT, True), (NEAR, False))
    assert likeness(items[1], items[2]) > likeness(items[1], items[0])
    assert [row.rejected for row in curate(world, items, per_prompt=1)] == [NEAR]
    assert [row.rejected for row in curate(world, items, per_prompt=3, uses=2)] == [NEAR, FAR]


def test_a_program_is_used_only_so_often_and_equal_programs_are_one(world):
    same = "    # another comment\n    return x + 1\n"
    items = judged(world, (RIGHT, True), (same, True), (NEAR, False), (FAR, False))
    assert len(curate(world, items, per_prompt=4)) == 1
    assert len(curate(world, items, per_prompt=4, uses=2)) == 2


def test_a_random_order_is_the_seed_s(world):
    wrong = [(f"    return x * {number}\n", False) for number in range(2, 14)]
    items = judged(world, (RIGHT, True), *wrong)
    one, again = (curate(world, items, order="random") for _ in range(2))
    assert one == again
    curator, others = Pairs(order="random"), set()
    for seed in range(6):
        [row] = curator.curate(items, [], world.state([world.task("a")], seed=seed))
        others.add(row.rejected)
    assert len(others) > 1


def test_a_repair_is_compared_with_repairs_of_the_same_program(world):
    first = world.attempt(NEAR, "a", 0)
    fixed, broken = (world.attempt(body, "a", 0, parent=first) for body in (RIGHT, FAR))
    items = [world.judged(first, False), world.judged(fixed, True), world.judged(broken, False)]
    [row] = curate(world, items)
    assert (row.prompt, row.target, row.rejected) == (fixed.prompt, RIGHT, FAR)


def test_rows_so_far_come_first_and_tasks_stand_in_their_order(world):
    items = judged(world, (RIGHT, True), (NEAR, False), task_id="b") + judged(world, (RIGHT, True), (FAR, False))
    before = world.row("before")
    rows = list(Pairs().curate(items, [before], world.state([world.task("a"), world.task("b")])))
    assert [row.task_id for row in rows] == ["a", "a", "b"]
    assert rows[0] == before


def test_no_learner_but_a_preference_learner_takes_them(world):
    from etude.errors import InputError

    [row] = curate(world, judged(world, (RIGHT, True), (NEAR, False)))
    with pytest.raises(InputError, match="pair"):
        encode([row], None, end=None, room=9, encoder_decoder=False)


def test_settings_out_of_range_are_named(world):
    with pytest.raises(RecipeError, match=r"pairs\.uses"):
        Pairs(uses=0)


def test_in_the_control_a_coin_says_which_is_preferred(world):
    wrong = [(f"    return x * {number}\n", False) for number in range(2, 42)]
    right = [(f"    return x + 1 + {number} - {number}\n", True) for number in range(2, 42)]
    items = judged(world, *right, *wrong)
    real, control = (curate(world, items, per_prompt=16, shuffle=shuffle) for shuffle in (False, True))
    passed = {identify(item.attempt) for item in items if item.verdict.passed}
    assert all(row.attempt in passed and row.rejected_attempt not in passed for row in real)
    turned = [row.attempt not in passed for row in control]
    assert 3 <= sum(turned) <= 13
    assert all((row.rejected_attempt in passed) == (row.attempt not in passed) for row in control)
    assert control == curate(world, items, per_prompt=16, shuffle=True)
