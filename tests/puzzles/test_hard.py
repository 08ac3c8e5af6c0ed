"""Which unsolved puzzles are tried again, and that each counts once."""

from collections import Counter

from etude.puzzles.hard import Hope, merged, retried, solved_later, unsolved
from etude.puzzles.policies import Known


def known(name: str, solved: int, tried: int, round: int = 0) -> Known:
    return Known(
        task_id=name, puzzle=f"def sat(x: int):\n    return x == {name!r}", solved=solved, tried=tried, round=round
    )


ROUNDS = [
    known("a", 0, 8),
    known("b", 2, 8),
    known("c", 0, 8),
    known("d", 0, 0),
    known("a", 0, 8, 1),
    known("c", 1, 8, 1),
]


def test_a_puzzle_of_several_rounds_is_one_with_all_its_attempts() -> None:
    assert merged(ROUNDS) == [known("a", 0, 16), known("b", 2, 8), known("c", 1, 16), known("d", 0, 0)]


def test_the_pool_is_what_was_tried_and_never_solved_and_is_the_model_s_own() -> None:
    assert [item.task_id for item in unsolved(ROUNDS[:4], {"a", "b", "c", "d"})] == ["a", "c"]
    assert [item.task_id for item in unsolved(ROUNDS, {"a", "b", "c", "d"})] == ["a"], "c was solved in round 1"
    assert unsolved(ROUNDS, {"b"}) == []


def test_what_was_solved_later_is_counted_once() -> None:
    assert solved_later(ROUNDS) == 1
    assert solved_later([*ROUNDS, known("c", 3, 8, 2), known("b", 3, 8, 2)]) == 1
    assert solved_later(ROUNDS[:4]) == 0


def test_what_failed_least_often_comes_first_more_often() -> None:
    pool = [known("new", 0, 2), known("old", 0, 30)]
    assert Hope().weights(pool) == [1 / 4, 1 / 32]
    first = Counter(retried(pool, 1, seed, 1)[0].task_id for seed in range(400))
    assert 0.8 < first["new"] / 400 < 0.96, "eight to one"


def test_the_draw_is_the_seed_s_and_the_round_s_and_never_more_than_asked() -> None:
    pool = [known(str(number), 0, 4) for number in range(20)]
    chosen = retried(pool, 5, 0, 1)
    assert len({item.task_id for item in chosen}) == 5
    assert chosen == retried(pool[::-1], 5, 0, 1)
    assert any(retried(pool, 5, 0, round) != chosen for round in range(2, 5))
    assert len(retried(pool, 50, 0, 1)) == 20
