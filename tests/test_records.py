"""Records round-trip through JSON, and equal records have equal ids."""

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etude.records import (
    Attempt,
    Call,
    Exchange,
    Fault,
    Outcome,
    Report,
    TaskView,
    TestResult,
    Tests,
    canonical,
    decode,
    encode,
    identify,
)
from etude.tasks import Task

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.lists(JSON), st.dictionaries(st.text(), JSON), JSON)
def test_a_call_round_trips_through_json_text(args: list, kwargs: dict, expected: object) -> None:
    call = Call(args=tuple(args), kwargs=kwargs, expected=expected)
    again = decode(Call, json.loads(canonical(call)))
    assert identify(again) == identify(call)


def test_nested_records_round_trip() -> None:
    outcome = Outcome(
        status="failed",
        results=(TestResult(test="f(1)", passed=False, fault=Fault(type="E", message="m", traceback=("x",))),),
    )
    task = Task(
        facts=TaskView(task_id="a", kind="complete", prompt="def f():", shown=Tests(assertions=("assert f()",))),
        hidden=Tests(stdio=(Exchange(stdin="1", stdout="2"),)),
    )
    report = Report(name="main", round=0, tasks=1, samples=1, unjudged=0, pass_at={}, counts={"a": (1, 2)})
    for record in (outcome, task, report):
        assert decode(type(record), json.loads(canonical(record))) == record


def test_the_id_depends_on_every_field() -> None:
    attempt = Attempt(
        task_id="t",
        prompt="p",
        completion="c",
        program="q",
        template="x",
        agent="a",
        solver="s",
        sample_index=0,
        seed=0,
        round=0,
    )
    for field in dataclasses.fields(attempt):
        value = getattr(attempt, field.name)
        other = dataclasses.replace(attempt, **{field.name: value + 1 if isinstance(value, int) else value + "!"})
        assert identify(other) != identify(attempt), field.name


def test_records_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Call().expected = 1  # type: ignore[misc]


def test_a_view_holds_neither_hidden_tests_nor_reference() -> None:
    secret = "assert f(41) == 42"
    facts = TaskView(task_id="a", kind="complete", prompt="def f(x):")
    task = Task(facts=facts, hidden=Tests(assertions=(secret,)), reference="def f(x): return x + 1")
    assert secret not in json.dumps(encode(task.view()))
    assert "return x + 1" not in json.dumps(encode(task.view()))
    assert "hidden" not in encode(task.view())


@pytest.mark.parametrize(
    ("tests", "kind", "length"),
    [
        (Tests(), None, 0),
        (Tests(assertions=("assert f()",) * 2), "assertions", 2),
        (Tests(calls=(Call(),)), "calls", 1),
        (Tests(check="def check(candidate): ..."), "check", 1),
        (Tests(stdio=(Exchange(stdin="", stdout=""),)), "stdio", 1),
        (Tests(puzzle="def sat(x: int): return True"), "puzzle", 1),
    ],
)
def test_tests_know_their_kind_and_number(tests: Tests, kind: str | None, length: int) -> None:
    assert (tests.kind, len(tests)) == (kind, length)
