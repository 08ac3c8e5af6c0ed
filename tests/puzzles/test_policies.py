"""What a policy prefers, and that drawing by weight is fair, seeded and independent of order."""

from collections import Counter
from random import Random

import pytest

from etude.errors import RecipeError
from etude.puzzles.policies import (
    POLICIES,
    Archive,
    Band,
    Known,
    Learnability,
    Uniform,
    descriptor,
    drawn,
    policy_named,
)


def known(name: str, solved: int, tried: int = 8, puzzle: str = "def sat(x: int):\n    return x == 5") -> Known:
    return Known(task_id=name, puzzle=puzzle, solved=solved, tried=tried)


RATES = [known("never", 0), known("seldom", 1), known("half", 4), known("always", 8), known("new", 0, 0)]


def test_what_each_policy_prefers() -> None:
    assert Uniform().weights(RATES) == [1, 1, 1, 1, 1]
    assert Band(0.1, 0.6).weights(RATES) == [0, 1, 1, 0, 1]
    assert Learnability().weights(RATES) == [0, 4 * 7 / 64, 1, 0, 1]


def test_the_archive_prefers_rare_kinds_and_hard_ones() -> None:
    common, rare = "def sat(x: int):\n    return x % 7 == 3", "def sat(s: str):\n    return s.count('a') == 3"
    puzzles = [*(known(str(n), 4, puzzle=common) for n in range(5)), known("rare", 4, puzzle=rare)]
    weights = Archive().weights(puzzles)
    assert weights[-1] == pytest.approx(5 * weights[0])
    easy, hard = Archive().weights([known("a", 8, puzzle=rare), known("b", 0, puzzle=common)])
    assert easy < hard


def test_a_descriptor_is_the_type_and_the_skills() -> None:
    assert descriptor("def sat(x: int):\n    return x % 7 == 3 and x > 2") == ("int", "Eq", "Gt", "Mod")
    assert descriptor("def sat(xs: List[str]):\n    return all(x[0] == 'a' for x in xs)") == (
        "List[str]", "Eq", "all()", "item", "loop",
    )  # fmt: skip
    assert descriptor("no puzzle") == ("",)


def test_drawing_ignores_the_order_and_depends_on_the_dice() -> None:
    names = [item.task_id for item in drawn(RATES, Uniform(), None, Random("a"))]
    assert names == [item.task_id for item in drawn(RATES[::-1], Uniform(), None, Random("a"))]
    assert sorted(names) == sorted(item.task_id for item in RATES)
    assert any(names != [item.task_id for item in drawn(RATES, Uniform(), None, Random(str(n)))] for n in range(5))


def test_what_has_no_weight_is_never_drawn_and_heavy_ones_come_first() -> None:
    first = Counter(drawn(RATES, Learnability(), 1, Random(n))[0].task_id for n in range(2000))
    assert set(first) == {"seldom", "half", "new"}
    assert 0.1 < first["seldom"] / 2000 < 0.25, "0.44 of 2.44"
    assert len(drawn(RATES, Learnability(), 9, Random(0))) == 3


def test_policies_are_named_and_a_wrong_one_lists_the_others() -> None:
    assert set(POLICIES) == {"uniform", "band", "archive", "learnability"}
    assert policy_named("band", (0.2, 0.3)) == Band(0.2, 0.3)
    with pytest.raises(RecipeError, match="no policy 'archives'"):
        policy_named("archives")
    with pytest.raises(RecipeError, match="band"):
        policy_named("uniform", (0.5, 1.5))
