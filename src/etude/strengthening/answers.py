"""What programs answer to inputs: asked in the sandbox, in fresh processes, and compared without running their code."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import isclose
from typing import Any

from etude.judges.rules.writing import written
from etude.judges.values import equal
from etude.protocols import Sandbox
from etude.records import Answer, Job, Limits
from etude.strengthening.inputs import Arguments
from etude.strengthening.shaken import shaken
from etude.tasks import Task

LIMITS = Limits(cpu_seconds=4.0, wall_seconds=20.0)
QUICK = 0.2
"""Share of the limits that the reference may need of one input: what is too slow then is so by far."""
LONGEST = 2_000
TOLERANCE = 1e-6
BREAKS = 6
"""How often a program that breaks off is started again behind the input at which it did."""
Agreed = list[tuple[Arguments, Any]]


class Asker:
    """Asks the reference and other programs of one task.

    Args:
        task: A Python task with an entry point and a reference.
        valid: Which of some inputs may be used, one answer each; beside it, the reference must agree with itself.
    """

    def __init__(self, task: Task, sandbox: Sandbox, valid: Callable[[Sequence[Arguments]], list[bool]]) -> None:
        self.task, self.sandbox, self.valid = task, sandbox, valid
        self.setup = task.hidden.setup or task.facts.shown.setup

    def agreed(self, inputs: Sequence[Arguments]) -> Agreed:
        """The inputs on which the reference says one plain value, with that value.

        It is asked three times: in order, backwards in a fresh process, and with another random seed and its sets in
        another order.
        """
        asked = [given for given in inputs if call(self.task.facts.entry_point, given)]
        asked = [given for given, good in zip(asked, self.valid(asked), strict=True) if good]
        first = zip(asked, self.answers(self.task.reference, asked), strict=True)
        told = [(given, answer.value) for given, answer in first if answer is not None and _plain(answer)]
        # equal jobs may be answered from memory: a comment makes the second one its own
        again = f"{self.task.reference}\n# again\n"
        backwards = self.answers(again, [given for given, _ in told][::-1])[::-1]
        told = [item for item, answer in zip(told, backwards, strict=True) if _says(answer, item[1])]
        program, after = shaken(self.task.reference, self.task.facts.entry_point)
        third = self.answers(program, [given for given, _ in told], after)
        return [item for item, answer in zip(told, third, strict=True) if _says(answer, item[1])]

    def answers(self, program: str, inputs: Sequence[Arguments], after: str = "") -> list[Answer | None]:
        """What a program says of each input, None where it said nothing; where it breaks off, it goes on behind."""
        return self.all_answers([program], inputs, after)[0]

    def all_answers(
        self, programs: Sequence[str], inputs: Sequence[Arguments], after: str = ""
    ) -> list[list[Answer | None]]:
        """The same for several programs, as many at once as the sandbox has workers."""
        asks = tuple(call(self.task.facts.entry_point, given) for given in inputs)
        found: list[list[Answer | None]] = [[] for _ in programs]
        for _ in range(BREAKS):
            open_ = [number for number, own in enumerate(found) if len(own) < len(asks)]
            jobs = [replace(self._job(programs[number], after), asks=asks[len(found[number]) :]) for number in open_]
            for number, job, run in zip(open_, jobs, self.sandbox.run(jobs), strict=True):
                found[number] += run.answers if len(run.answers) == len(job.asks) else [*run.answers, None]
        return [[*own, *[None] * (len(asks) - len(own))] for own in found]

    def alone(self, program: str, given: Arguments, times: int = 1) -> list[tuple[Answer | None, str]]:
        """What a program says of one input in fresh processes, and how each run ended."""
        ask = call(self.task.facts.entry_point, given)
        job = replace(self._job(program, ""), asks=(ask,))
        # equal jobs may be answered from memory: a comment makes each its own
        jobs = [replace(job, source=f"{program}\n# run {turn}\n") for turn in range(times)]
        return [(run.answers[0] if run.answers else None, run.status) for run in self.sandbox.run(jobs)]

    def quick(self, given: Arguments) -> bool:
        """Whether the reference answers an input in a small part of the limits."""
        ask = call(self.task.facts.entry_point, given)
        [run] = self.sandbox.run([replace(self._job(self.task.reference, ""), asks=(ask,))])
        return run.status == "ok" and run.cpu_seconds <= QUICK * LIMITS.cpu_seconds

    def _job(self, program: str, after: str) -> Job:
        return Job(source=program, setup="\n".join(filter(None, [self.setup, after])), limits=LIMITS)


def call(name: str, given: Arguments) -> str:
    """The call as an expression, or "" where an argument has no short text."""
    texts = [written(item, LONGEST) for item in given]
    whole = [text for text in texts if text is not None]
    return f"{name}({', '.join(whole)})" if len(whole) == len(texts) else ""


def alike(answer: Answer, expected: Any) -> bool:
    """Whether an answer is the expected one.

    Floats may differ by what rounding does. Where True or False is expected, what counts as true or false will do:
    many programs return None for no.
    """
    if answer.fault or answer.opaque:
        return False
    if isinstance(expected, bool):
        return bool(answer.value) is expected
    return near(answer.value, expected)


def near(value: Any, expected: Any) -> bool:
    """Whether two plain values are equal but for rounding, at any depth."""
    if isinstance(expected, float) and type(value) in (int, float):
        return isclose(value, expected, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    if isinstance(expected, list | tuple) and type(value) is type(expected):
        return len(value) == len(expected) and all(map(near, value, expected))
    if isinstance(expected, dict) and type(value) is dict:
        return value.keys() == expected.keys() and all(near(value[key], item) for key, item in expected.items())
    return equal(value, expected)


def said(answer: Answer | None, status: str = "") -> str:
    """An answer in a few words, for people."""
    if answer is None:
        return f"no answer ({status})" if status else "no answer"
    return answer.fault.type if answer.fault else answer.opaque or repr(answer.value)[:200]


def _plain(answer: Answer) -> bool:
    """Whether it is data that a test can name; a nan is not equal to itself."""
    plain = not answer.fault and not answer.opaque and written(answer.value, LONGEST) is not None
    return plain and equal(answer.value, answer.value)


def _says(answer: Answer | None, value: Any) -> bool:
    return answer is not None and _plain(answer) and equal(answer.value, value)
