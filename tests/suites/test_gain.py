"""The gain over the base resampled, on made-up draws whose truth is known."""

from collections.abc import Sequence
from dataclasses import replace

import numpy
import pytest

from etude.errors import InputError
from etude.records import encode
from etude.suites.gain import Gain, curve, gain, spread
from etude.suites.gain_draws import Measured, joined, of_attempts, of_report, values
from etude.suites.solve_map import fisher, moves, paths

RATES = numpy.random.default_rng(11).beta(0.5, 0.9, 60)
"""A benchmark: a few easy tasks, many hard ones."""


def measured(passes: dict[str, str], tokens: float = 40.0, name: str = "base", **more: object) -> Measured:
    """One draw per sign, + passed."""
    return Measured(
        name=name, round=0,
        passes={task: tuple(sign == "+" for sign in signs) for task, signs in passes.items()},
        tokens=dict.fromkeys(passes, tokens), generations=dict.fromkeys(passes, 1.0), **more,  # type: ignore[arg-type]
    )  # fmt: skip


def drawn(rates: Sequence[float], n: int, seed: int, tokens: float = 40.0, name: str = "other") -> Measured:
    """n draws per task, each right with the task's rate."""
    generator = numpy.random.default_rng(seed)
    signs = {f"t{i}": "".join("+" if x < rate else "-" for x in generator.random(n)) for i, rate in enumerate(rates)}
    return measured(signs, tokens, name)


def better(rates: Sequence[float], by: float) -> numpy.ndarray:
    return numpy.clip(numpy.asarray(rates) + by, 0, 1)


def at(found: Gain, budget: str):
    return next(item for item in found.budgets if item.budget == budget)


def test_a_true_gain_is_called_a_gain_and_a_true_loss_a_loss() -> None:
    base = drawn(RATES, 10, 0, name="base")
    for seed in range(1, 11):
        assert gain(base, drawn(better(RATES, 0.15), 10, seed)).call == "a gain"
        assert gain(base, drawn(better(RATES, -0.15), 10, seed)).call == "a loss"


@pytest.mark.parametrize("first", [0, 100, 200])
def test_the_same_base_against_itself_over_20_seeds_is_within_noise(first: int) -> None:
    base = drawn(RATES, 10, first, name="base")
    calls = [gain(base, drawn(RATES, 10, first + seed)).call for seed in range(1, 21)]
    assert calls.count("within noise") >= 18


def test_seeds_of_a_true_gain_are_a_gain_and_seeds_of_nothing_are_noise() -> None:
    true = [gain(drawn(RATES, 10, s, name="base"), drawn(better(RATES, 0.1), 10, s + 50)) for s in range(5)]
    none = [gain(drawn(RATES, 10, s, name="base"), drawn(RATES, 10, s + 50)) for s in range(5)]
    found, nothing = spread(true), spread(none)
    assert found is not None
    assert nothing is not None
    assert (found.call, nothing.call) == ("a gain", "within noise")
    assert found.over_seeds is not None
    assert found.over_seeds.low > 0
    assert len(found.by_seed) == 5


def test_seeds_that_disagree_are_noise_however_sure_each_is() -> None:
    """One seed gains much and one loses a little: sure over tasks, unknown over seeds."""
    base = measured({f"t{i}": "+-+-+-+-" for i in range(40)})
    up = measured({f"t{i}": "++++++++" for i in range(40)}, name="other")
    down = measured({f"t{i}": "++------" for i in range(40)}, name="other")
    found = spread([gain(base, up), gain(base, down)])
    assert found is not None
    assert found.over_tasks.low > 0
    assert found.p < 0.01
    assert found.call == "within noise"


def test_the_same_tokens_take_back_a_gain_that_longer_answers_bought() -> None:
    """Twice the tokens: the base gets two draws for one, and the gain is gone."""
    rates = [0.3] * 80
    base, longer = drawn(rates, 20, 1, name="base"), drawn([0.51] * 80, 20, 2, tokens=80.0)
    found = gain(base, longer)
    assert at(found, "samples").call == "a gain"
    assert at(found, "tokens").draws == pytest.approx(2.0)
    assert at(found, "tokens").base == pytest.approx(0.51, abs=0.03)
    assert found.call == "within noise"
    cheap = gain(base, drawn([0.51] * 80, 20, 2, tokens=40.0))
    assert cheap.call == "a gain"


def test_shorter_answers_alone_are_no_gain() -> None:
    rates = [0.3] * 80
    found = gain(drawn(rates, 20, 1, name="base"), drawn(rates, 20, 2, tokens=10.0))
    assert at(found, "tokens").draws == pytest.approx(0.25)
    assert at(found, "tokens").call == "a gain"
    assert found.call == "within noise"


def test_seconds_decide_where_they_are_known() -> None:
    base = measured({f"t{i}": "+---" * 5 for i in range(40)}, seconds=1.0)
    other = measured({f"t{i}": "++--" * 5 for i in range(40)}, name="other", seconds=8.0)
    found = gain(base, other)
    assert at(found, "seconds").draws == 8.0
    assert (at(found, "samples").call, at(found, "seconds").call, found.call) == ("a gain", "a loss", "a loss")


def test_a_base_with_too_few_draws_is_said_to_have_too_few_and_nothing_is_extrapolated() -> None:
    base, other = drawn(RATES, 4, 1, name="base"), drawn(better(RATES, 0.3), 4, 2, tokens=250.0)
    found = gain(base, other)
    tokens = at(found, "tokens")
    assert (tokens.difference, tokens.base, tokens.call) == (None, None, "not proven")
    assert "would need 7 samples per task and has 4" in tokens.note
    assert "would need 7" in found.words
    assert (found.wanted, at(found, "samples").call, found.call) == (7, "a gain", "not proven")
    more = joined(base, drawn(RATES, 4, 3, name="more"))
    assert gain(more, other).wanted == 0


def test_training_is_counted_beside_and_does_not_decide() -> None:
    base = drawn(RATES, 20, 1, name="base")
    other = replace(drawn(better(RATES, 0.3), 20, 2), training=40.0 * 10 * 60)
    found = gain(base, other)
    assert at(found, "training").draws == pytest.approx(11.0)
    assert at(found, "training").difference is not None
    assert at(found, "training").call != "a gain"
    assert found.call == "a gain"


def test_between_whole_draws_the_last_one_is_tossed_for() -> None:
    one = measured({"a": "+---"})
    assert values(one, 1) == {"a": 0.25}
    assert values(one, 2) == {"a": 0.5}
    assert values(one, 1.5)["a"] == pytest.approx(0.375)
    assert values(one, 0.5)["a"] == pytest.approx(0.125)
    assert values(one, 4.5) == {}
    assert values(one, 4.0) == {"a": 1.0}


def test_a_diversity_collapse_made_on_purpose_is_flagged() -> None:
    """Every task is solved one time in three; after, every other task always and the rest never."""
    base = drawn([0.35] * 60, 10, 1, name="base")
    found = gain(base, drawn([0.98, 0.01] * 30, 10, 2)).collapse
    assert found is not None
    assert found.collapsing
    assert found.k == 10
    assert found.at_one.low > 0 > found.at_k.high


def test_other_changes_are_no_collapse() -> None:
    base = drawn(RATES, 10, 1, name="base")
    for other in (drawn(RATES, 10, 2), drawn(better(RATES, 0.2), 10, 2), drawn(better(RATES, -0.2), 10, 2)):
        found = gain(base, other).collapse
        assert found is not None
        assert not found.collapsing
    assert gain(drawn(RATES, 1, 1), drawn(RATES, 1, 2)).collapse is None


def test_opposite_signs_by_chance_are_no_collapse() -> None:
    base = drawn([0.35] * 30, 6, 1, name="base")
    found = [gain(base, drawn([0.36] * 30, 6, seed)).collapse for seed in range(2, 14)]
    opposite = [item for item in found if item and item.at_one.value > 0 > item.at_k.value]
    assert opposite
    assert not any(item.collapsing for item in opposite)


def test_mcnemar_is_over_tasks_that_a_draw_solves_at_the_same_number_of_draws() -> None:
    base = measured({"a": "----+", "b": "+", "c": "-", "d": "+-"})
    other = measured({"a": "-+", "b": "-", "c": "+", "d": "-+"}, name="other")
    found = gain(base, other).mcnemar
    assert found is not None
    assert (found.only_base, found.only_other, found.both, found.neither) == (1, 2, 1, 0)


def test_the_curve_has_both_at_the_same_tokens_and_ends_where_the_base_does() -> None:
    base, other = drawn(RATES, 10, 1, name="base"), drawn(better(RATES, 0.1), 10, 2, tokens=80.0)
    points = curve(base, other)
    assert [point.k for point in points] == [1, 2, 3, 4, 5]
    assert [point.base_draws for point in points] == [2, 4, 6, 8, 10]
    assert [point.spent for point in points] == [80, 160, 240, 320, 400]
    assert [point.other for point in points] == sorted(point.other for point in points)
    for point in points:
        assert point.difference.value == pytest.approx(point.other - point.base)


def test_pairing_is_by_task_and_only_over_tasks_of_both() -> None:
    found = gain(measured({"a": "+-", "b": "--"}), measured({"a": "++", "c": "++"}, name="other"))
    assert at(found, "samples").call == "not proven"  # half of the tasks are not in both
    with pytest.raises(InputError, match="no task with 1 judged samples in common"):
        gain(measured({"a": "+-"}), measured({"b": "+-"}, name="other"))
    with pytest.raises(InputError, match="one protocol"):
        gain(measured({"a": "+-"}), measured({"a": "+-"}, name="other", protocol="pass@k/0"))


def test_draws_come_from_attempts_each_once_and_the_unjudged_are_none(make_task, make_judged) -> None:
    task = make_task("a")
    items = [make_judged(task, index, passed) for index, passed in enumerate([True, None, False])]
    repair = make_judged(task, 2, True, parent=items[2].verdict.attempt)
    pairs = [(item.attempt, item.verdict) for item in [*items, repair]]
    plain = of_attempts([*pairs, *pairs], name="x", round=0)
    assert plain.passes == {"a": (True, False)}
    assert (plain.tokens["a"], plain.generations["a"]) == (5, 1)
    chains = of_attempts(pairs, name="x", round=0, repairs=True)
    assert chains.passes == {"a": (True, True)}
    assert (chains.tokens["a"], chains.generations["a"]) == (7.5, 1.5)


def test_a_report_knows_counts_but_no_order(report) -> None:
    one = of_report(report({"a": "+---", "b": "----"}, round=-1))
    other = of_report(report({"a": "++--", "b": "----"}))
    assert (one.name, one.passes["a"], one.tokens["a"]) == ("base", (True, False, False, False), 5)
    assert gain(one, other).mcnemar is not None
    longer = of_report(report({"a": "++------", "b": "--------"}, n=8))
    assert gain(one, longer).mcnemar is None
    assert moves(one, longer) is None


def test_the_map_says_who_went_from_never_to_always_and_back() -> None:
    base = measured({"a": "------", "b": "-+----", "c": "++++++", "d": "------", "e": "++++++"})
    other = measured({"a": "++++++", "b": "++++++", "c": "-+++++", "d": "------", "e": "------"}, name="other")
    found = moves(base, other)
    assert found is not None
    assert found.counts["never"] == {"never": 1, "sometimes": 0, "always": 1}
    assert found.tasks == {
        "always > never": ("e",), "always > sometimes": ("c",), "never > always": ("a",), "sometimes > always": ("b",),
    }  # fmt: skip
    assert (found.surely_up, found.surely_down) == (("a",), ("e",))
    assert paths([base, other])["a"] == ("never", "always")
    assert paths([base, measured({"a": ""})])["a"] == ("never", None)


def test_fisher_is_the_textbook_value() -> None:
    assert fisher([True] + [False] * 9, [True] * 11 + [False] * 3) == pytest.approx(0.002759, abs=1e-6)
    assert fisher([False] * 4, [True] * 4) == pytest.approx(2 / 70)
    assert fisher([True, False], [True, False]) == 1.0


def test_everything_is_json() -> None:
    found = gain(drawn(RATES, 4, 1), drawn(RATES, 4, 2))
    assert encode(found)["budgets"][0]["call"] == "within noise"
