"""Samples go where they tell most, within the budget, and never twice under one index."""

from collections import Counter

import pytest

from etude.errors import RecipeError
from etude.ledger import Ledger
from etude.models.scripted import Scripted
from etude.protocols import Budget
from etude.records import Agent, Attempt, Call, TaskView, Tests
from etude.sandbox import Sandbox
from etude.solvers.adaptive import Adaptive
from etude.workbench import Bench

BUDGET = Budget(samples=None, seed=0, round=0)
RIGHT = [f"def f(x):\n    return x + {k} - {k} + 1\n```" for k in range(20)]
WRONG = [f"def f(x):\n    return x - {k}\n```" for k in range(20)]
REPLIES = {
    "Always.": RIGHT,
    "Same.": RIGHT[:1],
    "Sometimes.": [RIGHT[k // 4] if k % 4 == 3 else WRONG[k] for k in range(20)],
    "Never.": WRONG,
    "Unseen.": RIGHT,
}


def view(name: str) -> TaskView:
    shown = Tests() if name == "Unseen." else Tests(calls=(Call(args=(1,), expected=2),))
    return TaskView(task_id=name, kind="instruct", prompt=name, entry_point="f", shown=shown)


@pytest.fixture(scope="module")
def jail():
    with Sandbox(workers=1) as sandbox:
        yield sandbox


def attempts(tmp_path, jail, names, **settings) -> list[Attempt]:
    ledger = Ledger(tmp_path / "run")
    bench = Bench(Scripted(replies=REPLIES, match="substring"), jail, ledger)
    agent = Agent(model="scripted", fingerprint="x")
    found = list(Adaptive(**settings).attempt([view(name) for name in names], agent, bench, BUDGET))
    ledger.close()
    return found


def test_each_task_stops_where_more_would_tell_little(tmp_path, jail):
    found = attempts(tmp_path, jail, REPLIES, samples=20, wave=2, enough=2, most=12, hopeless=6)
    drawn = Counter(item.task_id for item in found)
    assert drawn == {"Always.": 2, "Same.": 12, "Sometimes.": 8, "Never.": 6, "Unseen.": 2}
    for name in REPLIES:
        assert sorted(item.sample_index for item in found if item.task_id == name) == list(range(drawn[name]))


def test_the_budget_holds_and_goes_first_to_tasks_that_were_solved_sometimes(tmp_path, jail):
    found = attempts(tmp_path, jail, ["Never.", "Same."], samples=3, wave=2, enough=2, most=12, hopeless=6)
    assert Counter(item.task_id for item in found) == {"Never.": 2, "Same.": 4}
    assert len(found) == 6


def test_nothing_to_spend_writes_nothing(tmp_path, jail):
    assert attempts(tmp_path, jail, REPLIES, samples=0) == []


def test_nothing_is_drawn_before_the_first_round(tmp_path, jail):
    assert attempts(tmp_path, jail, REPLIES, first_round=1) == []
    assert attempts(tmp_path, jail, REPLIES, first_round=0)


def test_the_judge_may_not_be_asked_without_leave(tmp_path, jail):
    with pytest.raises(RecipeError, match="does not allow it"):
        attempts(tmp_path, jail, ["Always."], gate="oracle")


def test_settings_that_mean_nothing_are_refused():
    with pytest.raises(RecipeError, match="wave 0"):
        Adaptive(wave=0)
