"""A task with its witnesses among the hidden tests, in the form that its hidden tests have."""

from collections.abc import Sequence
from dataclasses import replace

from etude.judges.values import literal
from etude.records import Call, Tests
from etude.strengthening.witnesses import Witness
from etude.tasks import Task


def with_witnesses(task: Task, found: Sequence[Witness]) -> Task:
    """The task with one more hidden test per witness; equal ones are added once.

    Raises:
        ValueError: Its hidden tests are not calls, assertions or a check.
    """
    different = list({repr(item.arguments): item for item in found if item.task_id == task.task_id}.values())
    return replace(task, hidden=_more(task.hidden, task.facts.entry_point, different)) if different else task


def _more(tests: Tests, entry_point: str, found: Sequence[Witness]) -> Tests:
    if tests.kind == "calls":
        calls = (Call(args=item.arguments, expected=item.expected) for item in found)
        return replace(tests, calls=(*tests.calls, *calls))
    if tests.kind == "assertions":
        return replace(tests, assertions=(*tests.assertions, *(_assertion(entry_point, item) for item in found)))
    if tests.kind == "check":
        lines = ["before_witnesses = check", "def check(candidate):", "    before_witnesses(candidate)"]
        lines += [f"    {_assertion('candidate', item)}" for item in found]
        return replace(tests, check=f"{tests.check.rstrip()}\n\n\n" + "\n".join(lines) + "\n")
    raise ValueError(f"tests of kind {tests.kind} take no calls")


def _assertion(name: str, item: Witness) -> str:
    call = f"{name}({', '.join(map(literal, item.arguments))})"
    if isinstance(item.expected, float):
        return f"assert abs({call} - {literal(item.expected)}) <= {1e-6 * max(1.0, abs(item.expected))!r}"
    return f"assert {call} == {literal(item.expected)}"
