"""Witnesses: inputs on which a program says something else than the reference.

After REFUTE and the idea behind EvalPlus: inputs are made from known ones, the reference is asked twice, in two runs
and in another order, and what it does not say twice, or raises at, is no test. A validator may refuse inputs too. What
separates a program from the reference is made smaller as long as it separates.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from etude.judges.rules.writing import written
from etude.judges.values import equal, literal
from etude.protocols import Sandbox
from etude.records import Answer, Job, Limits
from etude.strengthening.inputs import Arguments, changed, known_arguments, size, smaller
from etude.tasks import Task

LIMITS = Limits(cpu_seconds=5.0, wall_seconds=20.0)
LONGEST = 2_000
TOLERANCE = 1e-6
STEPS = 12
"""Rounds of making a witness smaller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """One input that tells a program from the reference.

    Attributes:
        task_id: The task.
        program: The number of the program among those given.
        arguments: By position, plain data.
        expected: What the reference says, twice.
        said: What the program says, for people; the name of its exception where it raises.
    """

    task_id: str
    program: int
    arguments: Arguments
    expected: Any
    said: str


def witnesses(
    task: Task, programs: Sequence[str], sandbox: Sandbox, dice: Random, *, inputs: int = 200, validator: str = ""
) -> Iterator[Witness]:
    """Yields at most one witness for each program, in their order.

    Args:
        task: A Python task with an entry point and a reference.
        programs: Those that pass its tests and may yet be wrong.
        inputs: How many new inputs are tried.
        validator: Source of a function `valid(*arguments)`; inputs for which it is not True are left out.
    """
    known = known_arguments(task)
    tried = _agreed(task, [*known, *changed(known, dice, inputs)], sandbox, validator)
    for number, program in enumerate(programs):
        found = _first(task, program, tried, sandbox)
        if found:
            given, expected, said = _smallest(task, program, found, sandbox, validator)
            alone = _agreed(task, [given], sandbox, validator)  # a reference that counts its calls says something else
            if not alone or not equal(alone[0][1], expected):
                continue
            yield Witness(task_id=task.task_id, program=number, arguments=given, expected=expected, said=said)


def _agreed(task: Task, inputs: Sequence[Arguments], sandbox: Sandbox, validator: str) -> list[tuple[Arguments, Any]]:
    """The inputs on which the reference says one plain value, twice, each with that value."""
    asked = [given for given in inputs if _ask(task, given)]
    if validator and asked:
        asks = tuple(_ask(task, given, "valid") for given in asked)
        [run] = sandbox.run([Job(source=validator, asks=asks, limits=LIMITS)])
        asked = [given for given, answer in zip(asked, run.answers, strict=False) if answer.value is True]
    one = _answers(task, task.reference, asked, sandbox)
    other = _answers(task, task.reference, asked[::-1], sandbox)[::-1]
    return [
        (given, first.value)
        for given, first, second in zip(asked, one, other, strict=True)
        if first and second and _plain(first) and _plain(second) and equal(first.value, second.value)
    ]


def _first(
    task: Task, program: str, tried: Sequence[tuple[Arguments, Any]], sandbox: Sandbox
) -> tuple[Arguments, Any, str] | None:
    """The smallest input on which a program is wrong."""
    answers = _answers(task, program, [given for given, _ in tried], sandbox)
    wrong = [
        (given, expected, _said(answer))
        for (given, expected), answer in zip(tried, answers, strict=True)
        if answer is not None and not _alike(answer, expected)
    ]
    return min(wrong, key=lambda item: size(item[0]), default=None)


def _smallest(
    task: Task, program: str, found: tuple[Arguments, Any, str], sandbox: Sandbox, validator: str
) -> tuple[Arguments, Any, str]:
    for _ in range(STEPS):
        candidates = [given for given in smaller(found[0]) if size(given) < size(found[0])][:100]
        better = _first(task, program, _agreed(task, candidates, sandbox, validator), sandbox) if candidates else None
        if better is None:
            return found
        found = better
    return found


def _answers(task: Task, program: str, inputs: Sequence[Arguments], sandbox: Sandbox) -> list[Answer | None]:
    """What a program says of each input, None where it said nothing; where it breaks off, it goes on behind that."""
    found: list[Answer | None] = []
    for _ in range(4):
        rest = inputs[len(found) :]
        if not rest:
            break
        asks = tuple(_ask(task, given) for given in rest)
        [run] = sandbox.run([Job(source=program, setup=task.hidden.setup, asks=asks, limits=LIMITS)])
        found += run.answers if len(run.answers) == len(rest) else [*run.answers, None]
    return [*found, *[None] * (len(inputs) - len(found))]


def _ask(task: Task, given: Arguments, name: str = "") -> str:
    """The call as an expression, or "" where an argument has no short text."""
    texts = [written(item, LONGEST) for item in given]
    whole = [text for text in texts if text is not None]
    return f"{name or task.facts.entry_point}({', '.join(whole)})" if len(whole) == len(texts) else ""


def _plain(answer: Answer) -> bool:
    """Whether it is data that a test can name; a nan is not equal to itself."""
    if answer.fault or answer.opaque:
        return False
    try:
        literal(answer.value)
    except TypeError:
        return False
    return equal(answer.value, answer.value) and written(answer.value, LONGEST) is not None


def _alike(answer: Answer, expected: Any) -> bool:
    """Whether an answer is the expected one; two floats may differ by what rounding does."""
    if answer.fault or answer.opaque:
        return False
    if isinstance(expected, float) and isinstance(answer.value, int | float):
        return abs(answer.value - expected) <= TOLERANCE * max(1.0, abs(expected))
    return equal(answer.value, expected)


def _said(answer: Answer) -> str:
    return answer.fault.type if answer.fault else answer.opaque or repr(answer.value)[:200]
