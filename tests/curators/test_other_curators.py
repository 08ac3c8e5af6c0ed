import random

import pytest

from etude.curators.cap import Cap
from etude.curators.dedupe import Dedupe
from etude.curators.mix import Mix
from etude.curators.passed import Passed
from etude.curators.references import References
from etude.curators.unverified import Unverified
from etude.errors import RecipeError
from etude.models.prompts import render, template_for
from etude.records import identify

RIGHT = 'def f(x):\n    """a"""\n    return x\n'


def test_the_control_gives_the_same_rows_whatever_the_verdicts(world):
    tried = [world.attempt(f"    return {number}\n", index=number) for number in range(6)]
    rows = {
        tuple(Unverified(cap=3).curate([world.judged(item, passed) for item in tried], (), world.state()))
        for passed in (True, False, None)
    }
    assert len(rows) == 1
    (found,) = rows
    assert [row.attempt for row in found] == [identify(item) for item in tried[:3]]
    assert {row.verdict for row in found} == {""}


def test_the_control_counts_a_program_once(world):
    bodies = ["    y = x\n    return y\n", "    z = x  # again\n    return z\n", "    return x\n"]
    judged = [world.judged(world.attempt(body, index=number)) for number, body in enumerate(bodies)]
    assert [row.target for row in Unverified(cap=2).curate(judged, (), world.state())] == [bodies[0], bodies[2]]


def test_the_control_passes_rows_through(world):
    rows = list(Unverified().curate([], [world.row(1)], world.state()))
    assert rows == [world.row(1)]


def test_references_answer_the_prompt_a_model_is_given(world):
    tasks = [world.task("a", RIGHT), world.task("b"), world.task("c", RIGHT.replace('"a"', '"c"'))]
    rows = list(References().curate((), (), world.state(tasks)))
    assert [(row.task_id, row.origin, row.round) for row in rows] == [("a", "reference", 2), ("c", "reference", 2)]
    view = tasks[0].view()
    assert rows[0].prompt == render(template_for(view, repair=False), view)
    assert rows[0].target.strip() == "return x"
    assert (rows[0].program, rows[0].licence, rows[0].attempt, rows[0].verdict) == (RIGHT, "CC0", "", "")


def test_references_may_be_limited_and_pass_rows_through(world):
    tasks = [world.task(name, RIGHT) for name in "abcd"]
    rows = list(References(limit=2).curate((), [world.row(1)], world.state(tasks)))
    assert [row.task_id for row in rows[1:]] == ["a", "b"]
    assert rows[0] == world.row(1)


def test_references_may_stand_in_for_unsolved_tasks_only(world):
    tasks = [world.task(name, RIGHT) for name in ("solved", "failed", "unjudged", "mixed", "untried")]
    verdicts = {"solved": [False, True], "failed": [False, None], "unjudged": [None, None], "mixed": [None, True]}
    judged = [
        world.judged(world.attempt(f"    return {index}\n", task_id=name, index=index), passed)
        for name, passes in verdicts.items()
        for index, passed in enumerate(passes)
    ]
    rows = list(References(unsolved_only=True).curate(judged, (), world.state(tasks)))
    assert [row.task_id for row in rows] == ["failed"]


def test_a_reference_may_answer_the_failed_repair(world):
    first = world.attempt("    return 0\n")
    second = world.attempt("    return 1\n", parent=first)
    judged = [world.judged(second, False), world.judged(first, False)]
    curator = References(unsolved_only=True, on_repair=True)
    (row,) = curator.curate(judged, (), world.state([world.task("a", RIGHT)]))
    assert (row.prompt, row.attempt, row.feedback) == (second.prompt, identify(second), "wrong")
    assert row.origin == "reference"
    assert row.target.strip() == "return x"
    with pytest.raises(RecipeError, match="on_repair without unsolved_only"):
        References(on_repair=True)


def test_dedupe_keeps_the_first_of_rows_that_differ_in_looks_only(world):
    program = "def f(x):\n    y = x\n    return y\n"
    looks = program.replace("y", "z").replace("    return", "    # done\n    return")
    rows = [
        world.row(1, program=program),
        world.row(1, program=looks),
        world.row(1, program=program.replace("y = x", "y = -x")),
        world.row(2, program=program),  # another prompt
        world.row(1, program=program, kind="text"),
    ]
    kept = list(Dedupe().curate((), rows, world.state()))
    assert kept == [rows[0], rows[2], rows[3], rows[4]]
    assert list(Dedupe(level="text").curate((), [*rows, rows[0]], world.state())) == rows
    assert list(Dedupe(by="task").curate((), rows, world.state())) == [rows[0], rows[2], rows[4]]


def test_dedupe_looks_at_earlier_rounds_only_where_it_is_told(world):
    row = world.row(1, round=2)
    state = world.state(earlier=(world.row(1, round=1, program=row.program + "  # earlier"),))
    assert list(Dedupe().curate((), [row], state)) == [row]
    assert list(Dedupe(across_rounds=True).curate((), [row], state)) == []


def test_both_rows_of_a_repair_survive_dedupe(world):
    first = world.attempt("    return 0\n")
    judged = [world.judged(first, False), world.judged(world.attempt("    return x\n", parent=first))]
    rows = list(Passed(repair_rows="both").curate(judged, (), world.state()))
    assert list(Dedupe().curate(judged, rows, world.state())) == rows


def test_mix_joins_rows_once_and_depends_on_no_order(world):
    own = [world.row(number) for number in range(5)]
    earlier = [world.row(number, round=1) for number in range(10)]
    state = world.state(earlier=(*earlier, *earlier, own[0]))
    rows = list(Mix().curate((), own, state))
    assert len(rows) == 15
    assert set(map(identify, rows)) == set(map(identify, own + earlier))
    for seed in range(5):
        random.Random(seed).shuffle(own)
        random.Random(seed).shuffle(earlier)
        again = world.state(earlier=tuple(earlier))
        assert list(Mix().curate((), own, again)) == rows
        part = list(Mix(earlier=0.5, limit=7).curate((), own, again))
        assert part == list(Mix(earlier=0.5, limit=7).curate((), own[::-1], again))


def test_mix_is_shuffled_by_seed_and_round(world):
    own = [world.row(number) for number in range(30)]
    orders = {tuple(Mix().curate((), own, world.state(seed=seed, round=round))) for seed in (1, 2) for round in (1, 2)}
    assert len(orders) == 4
    assert list(Mix(shuffle=False).curate((), own, world.state())) == own


def test_mix_replays_a_share_of_the_earlier_rows(world):
    own, earlier = [world.row(1)], tuple(world.row(number, round=1) for number in range(20))
    sizes = [len(list(Mix(earlier=share).curate((), own, world.state(earlier=earlier)))) for share in (0, 0.25, 0.5, 1)]
    assert sizes == [1, 6, 11, 21]


def test_mix_adds_references_by_ratio_or_all(world):
    own = [world.row(number) for number in range(4)]
    state = world.state([world.task(str(number), RIGHT.replace('"a"', f'"{number}"')) for number in range(9)])
    counts = []
    for ratio in (False, 0.5, 1.0, 5.0, True):
        rows = list(Mix(references=ratio).curate((), own, state))
        counts.append(sum(row.origin == "reference" for row in rows))
    assert counts == [0, 2, 4, 9, 9]


def test_mix_keeps_to_its_limit(world):
    own = [world.row(number) for number in range(30)]
    rows = list(Mix(limit=7).curate((), own, world.state()))
    assert len(rows) == len(set(map(identify, rows))) == 7
    assert list(Mix(limit=7).curate((), own, world.state())) == rows


@pytest.mark.parametrize("settings", [{"earlier": 1.5}, {"earlier": -0.1}, {"references": -1.0}, {"limit": 0}])
def test_mix_refuses_settings_that_mean_nothing(settings):
    with pytest.raises(RecipeError):
        Mix(**settings)


def test_the_default_chain_keeps_no_failure_and_no_double(world):
    bodies = ["    return x\n", "    y = x\n    return y\n", "    z = x  # c\n    return z\n", "    return 0\n"]
    passes = [True, True, True, None]
    judged = [
        world.judged(world.attempt(body, index=number), passed)
        for number, (body, passed) in enumerate(zip(bodies, passes, strict=True))
    ]
    rows = []
    for curator in (Passed(), Dedupe(), Mix()):
        rows = list(curator.curate(judged, rows, world.state()))
    assert sorted(row.target for row in rows) == sorted(bodies[:2])


def test_the_cap_keeps_the_shortest_rows_of_a_task_whatever_their_order(world):
    rows = [world.row(str(number), target="x" * number, prompt="p") for number in (5, 2, 9, 4)]
    other = world.row("other", task_id="b", prompt="q")
    kept = list(Cap(per_task=2).curate((), [*rows, other], world.state()))
    assert [row.target for row in kept] == ["xx", "xxxx", other.target]
    assert set(Cap(per_task=2).curate((), [other, *reversed(rows)], world.state())) == set(kept)


def test_a_cap_of_nothing_is_refused():
    with pytest.raises(RecipeError, match="per_task"):
        Cap(per_task=0)
