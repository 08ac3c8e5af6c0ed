"""Which completions of a batch teach, and what is counted."""

import random

from etude.learners.groups import Tally, dealt, in_groups, kind, signals

MIXED, SOLVED, FAILED, ALONE = [1.0, 0.0, None, 1.0], [1.0, 1.0, None, 1.0], [0.0] * 4, [None, 1.0, None, None]


def test_a_group_teaches_only_where_two_verdicts_differ():
    assert [kind(group) for group in (MIXED, SOLVED, FAILED, ALONE)] == ["mixed", "solved", "failed", "empty"]
    assert kind([0.5, 0.25]) == "mixed"
    assert kind([0.5, 0.5]) == "solved"
    assert kind([None, None]) == "empty"


def test_what_has_no_verdict_takes_no_part_and_neither_do_silent_groups():
    groups = [MIXED, SOLVED, FAILED, ALONE]
    assert signals(groups) == [True, True, False, True] + [False] * 12
    assert in_groups([item for group in groups for item in group], 4) == groups


def test_the_tally_counts_every_group_and_every_missing_verdict():
    tally = Tally()
    tally.add([MIXED, SOLVED], tokens=30)
    tally.add([FAILED, ALONE], tokens=12)
    facts = tally.facts()
    assert facts["groups"] == {"mixed": 1, "solved": 1, "failed": 1, "empty": 1}
    assert (facts["groups_skipped"], facts["completions"], facts["completions_without_verdict"]) == (3, 11, 5)
    assert facts["rewards"] == [0.8333, 0.2]
    assert facts["passes_per_group"] == {"0/4": 1, "1/1": 1, "2/3": 1, "3/3": 1}
    assert tally.silent() == 0.75


def test_shuffled_rewards_are_the_same_rewards_and_stay_where_there_was_a_verdict():
    rewards = [1.0, None, 0.0, 0.0, 1.0, None, 0.0, 1.0] * 4
    dealt_out = dealt(rewards, random.Random(3))
    assert dealt_out != rewards
    assert dealt_out == dealt(rewards, random.Random(3))
    assert [item is None for item in dealt_out] == [item is None for item in rewards]
    assert sorted(item for item in dealt_out if item is not None) == sorted(
        item for item in rewards if item is not None
    )
