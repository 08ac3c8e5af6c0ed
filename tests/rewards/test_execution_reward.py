"""The reward of a completion: 1, 0 or none, in order, whatever shape the completion has."""

import logging
import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from etude.errors import InputError, LockedError
from etude.records import Tests
from etude.rewards import ExecutionReward, execution_reward, rows, words_of
from etude.sandbox import Sandbox
from tests.rewards.tasks import HALF, HIDDEN, RIGHT, UNDECIDABLE, WRONG, ByText, task

TWO = [task("add"), task("plus"), UNDECIDABLE]


@pytest.fixture(scope="module")
def jail() -> Iterator[Sandbox]:
    with Sandbox(workers=2) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def reward(jail: Sandbox) -> ExecutionReward:
    return execution_reward(TWO, sandbox=jail, workers=2)


def chat(text: Any) -> list[dict[str, Any]]:
    return [{"role": "assistant", "content": text}]


def test_completions_are_texts_or_chats_and_rewards_come_in_their_order(reward: ExecutionReward) -> None:
    fenced = f"Here it is:\n```python\n{RIGHT}```\nIt adds."
    parts = [{"type": "text", "text": RIGHT}, {"type": "image"}]
    completions = [RIGHT, WRONG, chat(fenced), chat(parts), chat(None), RIGHT, []]
    ids = ["add", "plus", "plus", "add", "add", "plus", "add"]
    assert reward(completions, task_id=ids) == [1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0]


def test_only_what_the_assistant_said_last_is_read() -> None:
    talk = [{"role": "user", "content": RIGHT}, *chat("first"), *chat("last"), {"role": "tool", "content": RIGHT}]
    assert words_of(talk) == "last"
    assert words_of([{"role": "user", "content": RIGHT}]) == ""


@pytest.mark.parametrize("strange", [None, 7, {"role": "assistant"}, ["text"], chat(7)])
def test_what_is_no_completion_is_refused(strange: Any) -> None:
    with pytest.raises(InputError, match="expected"):
        words_of(strange)


def test_no_verdict_is_no_reward_and_never_0(reward: ExecutionReward, caplog: pytest.LogCaptureFixture) -> None:
    metrics, columns = {}, {}
    with caplog.at_level(logging.WARNING):
        found = reward(
            [RIGHT, WRONG, RIGHT],
            task_id=["add", "add", UNDECIDABLE.task_id],
            log_metric=metrics.__setitem__,
            log_extra=columns.__setitem__,
            trainer_state=object(),
            another_column=[1, 2, 3],
        )
    assert found == [1.0, 0.0, None]
    assert metrics == {"execution_reward/no_verdict": 1 / 3}
    assert columns["verdict"][:2] == ["passed", "failed: test 1 failed: wrong value"]
    assert columns["verdict"][2].startswith("no verdict: ")
    assert "1 of 3 completions have no verdict" in caplog.text


def test_what_a_broken_test_says_of_itself_is_not_logged(jail: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    broken = task("broken", Tests(check="def check(candidate):\n    {}['a secret']\n"), Tests())
    columns: dict[str, list[str]] = {}
    with caplog.at_level(logging.WARNING):
        found = execution_reward([broken], sandbox=jail)([RIGHT], task_id=["broken"], log_extra=columns.__setitem__)
    assert found == [None]
    assert columns == {"verdict": ["no verdict: the tests do not run"]}
    assert "the tests do not run" in caplog.text
    assert "secret" not in caplog.text


def test_what_was_decided_is_counted(jail: Sandbox) -> None:
    reward = execution_reward(TWO, sandbox=jail)
    reward([RIGHT, WRONG, WRONG], task_id=["add"] * 3)
    reward([RIGHT], task_id=[UNDECIDABLE.task_id])
    assert dict(reward.tally) == {"passed": 1, "failed": 2, "none": 1}


def test_verdicts_say_why(reward: ExecutionReward) -> None:
    passed, failed, none = reward.verdicts(["add", "plus", UNDECIDABLE.task_id], [RIGHT, WRONG, RIGHT])
    assert [item.passed for item in (passed, failed, none)] == [True, False, None]
    assert (failed.reason, none.status) == ("test 1 failed: wrong value", "unavailable")


def test_the_verdicts_of_a_batch_are_those_of_its_members(reward: ExecutionReward) -> None:
    ids, texts = ["add", "plus"] * 8, [RIGHT, WRONG, HALF, RIGHT] * 4
    alone = [reward.verdicts([name], [text])[0] for name, text in zip(ids, texts, strict=True)]
    together = reward.verdicts(ids, texts)
    assert [(item.passed, item.reason) for item in together] == [(item.passed, item.reason) for item in alone]


def test_partial_credit_is_off_and_counts_hidden_tests_alone(jail: Sandbox) -> None:
    shown_only = "def add(a, b):\n    return 0\n"
    assert execution_reward(TWO, sandbox=jail)([HALF, shown_only], task_id=["add"] * 2) == [0.0, 0.0]
    some = execution_reward(TWO, sandbox=jail, partial=True)
    undecidable = UNDECIDABLE.task_id
    found = some([RIGHT, HALF, shown_only, RIGHT], task_id=["add", "add", "add", undecidable])
    assert found == [1.0, 0.5, 0.0, None]


def test_partial_credit_stays_below_a_pass(jail: Sandbox) -> None:
    all_hidden = "def add(a, b):\n    return a + b if a else 'no'\n"  # fails the shown test alone
    [found] = execution_reward(TWO, sandbox=jail, partial=True)([all_hidden], task_id=["add"])
    assert found == 0.99


def test_an_unknown_task_is_a_clear_error_and_nothing_runs(reward: ExecutionReward) -> None:
    before = dict(reward.tally)
    with pytest.raises(InputError, match="not in the task set: adds") as error:
        reward([RIGHT, RIGHT], task_id=["add", "adds"])
    assert error.value.choices[0] == "add"
    assert dict(reward.tally) == before


def test_task_ids_must_be_there_one_for_each(reward: ExecutionReward) -> None:
    with pytest.raises(InputError, match="no task ids"):
        reward([RIGHT])
    with pytest.raises(InputError, match="2 completions for 1 task ids"):
        reward([RIGHT, RIGHT], task_id=["add"])


def test_task_ids_may_be_spelt_as_other_tools_spell_them(jail: Sandbox) -> None:
    reward = execution_reward([task("mbpp/11")], sandbox=jail)
    assert reward([RIGHT] * 3, task_id=["mbpp/11", "Mbpp/11", 11]) == [1.0] * 3


def test_the_judge_is_one_s_own_where_it_is_given(jail: Sandbox) -> None:
    reward = execution_reward([task()], judge=ByText(), sandbox=jail)
    found = reward([f"x = {number}" for number in range(30)], task_id=["add"] * 30)
    assert set(found) == {1.0, 0.0, None}


def test_a_sandbox_that_was_given_stays_open(jail: Sandbox) -> None:
    with execution_reward(TWO, sandbox=jail) as reward:
        assert reward([RIGHT], task_id=["add"]) == [1.0]
    assert execution_reward(TWO, sandbox=jail)([RIGHT], task_id=["add"]) == [1.0]


def test_a_reward_of_its_own_sandbox_can_be_pickled_and_closed() -> None:
    with execution_reward([task()]) as reward:
        copy = pickle.loads(pickle.dumps(reward))
        assert reward([RIGHT, WRONG], task_id=["add"] * 2) == [1.0, 0.0]
        assert copy([RIGHT, WRONG], task_id=["add"] * 2) == [1.0, 0.0]
        copy.close()
    with pytest.raises(RuntimeError, match="closed"):
        reward([RIGHT], task_id=["add"])


def test_rows_hold_shown_things_only() -> None:
    secret = [task("a"), task("b")]
    for row in (*rows(secret), *rows(secret, chat=True)):
        assert set(row) == {"prompt", "task_id"}
        assert "add(0, 0)" in str(row["prompt"])
        for call in HIDDEN.calls:
            assert str(call.args) not in str(row)
    assert rows(secret, chat=True)[0]["prompt"][0]["content"].endswith("defines `add`:")


def test_a_test_split_is_nothing_to_train_on() -> None:
    with pytest.raises(LockedError):
        execution_reward("lab[test]")
    with pytest.raises(LockedError):
        rows("lab[test]")


def test_a_reward_has_the_name_that_a_trainer_logs(reward: ExecutionReward) -> None:
    assert reward.__name__ == "execution_reward"
    assert callable(reward)
