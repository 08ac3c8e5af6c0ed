"""A task with its witnesses among the hidden tests, in the form that its hidden tests have."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from etude.errors import InputError
from etude.judges.rules.writing import written
from etude.judges.values import literal
from etude.records import Call, Tests
from etude.strengthening.answers import LONGEST, TOLERANCE, call
from etude.strengthening.witnesses import Witness
from etude.tasks import Task

FLOATS = 12
"""Most numbers of an answer that are compared one by one."""


def with_witnesses(task: Task, found: Sequence[Witness]) -> Task:
    """The task with one more hidden test per witness; equal ones are added once.

    Raises:
        InputError: Its tests are not calls, assertions or a check.
    """
    different = list({repr(item.arguments): item for item in found if item.task_id == task.task_id}.values())
    if not different:
        return task
    hidden = task.hidden if task.hidden.kind else replace(task.facts.shown, **_EMPTY)
    return replace(task, hidden=_more(hidden, task.facts.entry_point, different, task.facts.shown.kind))


_EMPTY: dict[str, Any] = {"assertions": (), "calls": (), "check": ""}


def _more(tests: Tests, entry_point: str, found: Sequence[Witness], shown: str | None) -> Tests:
    kind = tests.kind or shown
    if kind == "calls":
        calls = (Call(args=item.arguments, expected=item.expected) for item in found)
        return replace(tests, calls=(*tests.calls, *calls))
    if kind == "assertions":
        return replace(tests, assertions=(*tests.assertions, *(assertion(entry_point, item) for item in found)))
    if kind == "check":
        before = ["before_witnesses = check"] if tests.check else []
        lines = [*before, "def check(candidate):", *(["    before_witnesses(candidate)"] if before else [])]
        lines += [f"    {assertion('candidate', item)}" for item in found]
        return replace(tests, check=f"{tests.check.rstrip()}\n\n\n".lstrip() + "\n".join(lines) + "\n")
    raise InputError(f"tests of kind {kind} take no calls", expected="calls, assertions or a check")


def assertion(name: str, item: Witness) -> str:
    """One assertion that fails where `alike` says no: floats by a tolerance, truth by what counts as true."""
    asked = call(name, item.arguments)
    if isinstance(item.expected, bool):
        return f"assert {asked}" if item.expected else f"assert not {asked}"
    if _floats(item.expected):
        return f"assert {' and '.join(_claims(asked, item.expected))}"
    return f"assert {asked} == {written(item.expected, LONGEST)}"


def writable(item: Witness) -> bool:
    """Whether a witness can be said in one assertion of sensible length."""
    return _floats(item.expected) <= FLOATS and bool(written(item.expected, LONGEST))


def _floats(value: Any) -> int:
    """How many floats a value holds."""
    if isinstance(value, float):
        return 1
    if isinstance(value, dict):
        return sum(map(_floats, value.values()))
    return sum(map(_floats, value)) if isinstance(value, list | tuple) else 0


def _claims(asked: str, value: Any) -> Iterator[str]:
    """What must hold of an answer with floats in it, part by part."""
    if isinstance(value, float):
        yield f"abs({asked} - {literal(value)}) <= {TOLERANCE * max(1.0, abs(value))!r}"
    elif _floats(value) and isinstance(value, list | tuple):
        yield f"len({asked}) == {len(value)}"
        for place, item in enumerate(value):
            yield from _claims(f"{asked}[{place}]", item)
    elif _floats(value):
        yield f"len({asked}) == {len(value)}"
        for key, item in value.items():
            yield from _claims(f"{asked}[{written(key, LONGEST)}]", item)
    else:
        yield f"{asked} == {written(value, LONGEST)}"
