"""What tests that cannot be taken apart call: their reference is run under them once, and its calls are written down.

It all happens inside the sandbox; the tests and the reference are the task set's own. A task that cannot be recorded
has no calls, and is judged in full where otherwise a question would have come first.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from etude.judges.rules.writing import written
from etude.protocols import Sandbox
from etude.records import Job, Limits, Run, Tests
from etude.tasks import Task

MOST = 3
LONGEST = 5_000
LIMITS = Limits(cpu_seconds=10.0, wall_seconds=30.0)
RECORDER = """
import copy as _copy

_heard = []


def {entry}(*given, **named):
    known = _copy.deepcopy(given), _copy.deepcopy(named)
    value = {own}(*given, **named)
    if len(_heard) < {most}:
        _heard.append((*known, _copy.deepcopy(value)))
    return value


def _examined():
{body}
    return _heard
"""


class Heard(NamedTuple):
    """One call that a test made of its reference.

    Attributes:
        ask: The call as an expression; "" where its arguments cannot be written down.
        value: What the reference answered.
    """

    positional: int
    names: frozenset[str]
    ask: str
    value: Any


def recorded(exams: Sequence[tuple[Task, Tests]], entry: str, sandbox: Sandbox) -> list[list[Heard]]:
    """The first calls that each task's tests make of its reference; none where they cannot be had.

    Args:
        exams: Tasks with a reference, each with tests that call `entry`.
    """
    runs = sandbox.run([_job(task, tests, entry) for task, tests in exams])
    return [_read(run, entry) for run in runs]


def _job(task: Task, tests: Tests, entry: str) -> Job:
    body = [f"exec({tests.check!r}, globals())", f"check({entry})"] if tests.check else []
    body += [f"exec({text!r}, globals())" for text in tests.assertions]
    lines = "\n".join(f"    {line}" for line in body)
    setup = RECORDER.format(entry=entry, own=task.facts.entry_point, most=MOST, body=lines)
    source = f"{tests.context}\n\n{task.reference}"
    return Job(source=source, setup=f"{setup}\n{tests.setup}", asks=("_examined()",), limits=LIMITS)


def _read(run: Run, entry: str) -> list[Heard]:
    answer = run.answers[0] if run.answers else None
    if answer is None or answer.fault or answer.opaque:
        return []
    return [_call(entry, *item) for item in answer.value]


def _call(entry: str, given: tuple[Any, ...], named: dict[str, Any], value: Any) -> Heard:
    texts = [written(item, LONGEST) for item in given]
    words = {name: written(item, LONGEST) for name, item in named.items()}
    whole = None not in texts and None not in words.values()
    parts = [*map(str, texts), *(f"{name}={text}" for name, text in words.items())]
    return Heard(len(given), frozenset(named), f"{entry}({', '.join(parts)})" if whole else "", value)
