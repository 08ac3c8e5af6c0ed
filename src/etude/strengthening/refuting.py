r"""Is an input a counterexample to a program? After REFUTE: the validator first, then the reference, then the program.

For functions an input is a tuple of arguments, for scripts one text on standard input. A validator of functions is
source with `valid` or `contract`; a validator of scripts is a script that reads the input and ends well if it is one.
Printed answers are compared word by word, YES and no in any case, so white space refutes nobody.

>>> refute(task, program, ("3\n1 1 2\n",), sandbox, validator).ruling
'refuted'
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from etude.protocols import Sandbox
from etude.records import Exchange, Job, Limits, Run
from etude.strengthening.answers import Asker, alike, said
from etude.strengthening.inputs import Arguments
from etude.strengthening.strengthen import passing
from etude.strengthening.validators import by_source
from etude.tasks import Task

Ruling = Literal["refuted", "invalid input", "same answer", "no answer of the reference", "quarantined"]
RUNS = 5
LIMITS = Limits(cpu_seconds=5.0, wall_seconds=20.0)
QUICK = 0.5
"""Share of the limits that the reference may need."""
YES_NO = frozenset({"yes", "no"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Refutation:
    """What became of an input.

    Attributes:
        ruling: `refuted`; `invalid input` where the validator refuses it; `same answer`; `no answer of the reference`
            where it fails, is slow or disagrees with itself; `quarantined` where it fails the task's own tests.
        expected, said: What the reference and the program answer.
        flaky: The program is wrong in some of its runs only.
    """

    ruling: Ruling
    expected: Any = None
    said: str = ""
    flaky: bool = False


def refute(task: Task, program: str, given: Arguments, sandbox: Sandbox, validator: str = "") -> Refutation:
    """Rules on one input.

    Args:
        task: With a reference; its tests are calls, assertions, a check or stdin/stdout pairs.
        program: One that passes the tests and may be wrong.
        given: The arguments, or `(text,)` for a script.

    Raises:
        InputError: The validator of a function defines neither `valid` nor `contract`.
    """
    if not task.reference or passing(task, [task.reference], sandbox) != [True]:
        return Refutation(ruling="quarantined")
    scripts = (task.hidden.kind or task.facts.shown.kind) == "stdio"
    return (_script if scripts else _function)(task, program, given, sandbox, validator)


def searched(
    task: Task, program: str, generator: str, sandbox: Sandbox, validator: str = "", tries: int = 50
) -> tuple[Arguments, Refutation] | None:
    """The first refuting input that a generator prints, or None.

    Args:
        generator: A script that reads the number of the try from standard input and prints one input: for scripts the
            text itself, for functions a tuple of arguments as Python.
    """
    for given in _printed(task, generator, sandbox, tries):
        found = refute(task, program, given, sandbox, validator)
        if found.ruling in ("refuted", "quarantined"):
            return (given, found) if found.ruling == "refuted" else None
    return None


def with_exchange(task: Task, given: Arguments, found: Refutation) -> Task:
    """A task of scripts with a refuting input among its hidden tests."""
    pair = Exchange(stdin=given[0], stdout=found.expected)
    return replace(task, hidden=replace(task.hidden, stdio=(*task.hidden.stdio, pair)))


def words(text: str) -> list[str]:
    """What counts of a printed answer: its words; YES and no in one case, where there is nothing else."""
    found = text.split()
    lower = [word.lower() for word in found]
    return lower if YES_NO.issuperset(lower) else found


def _printed(task: Task, generator: str, sandbox: Sandbox, tries: int) -> Iterator[Arguments]:
    import ast

    jobs = [Job(source=generator, stdin=f"{number}\n", limits=LIMITS) for number in range(tries)]
    texts = dict.fromkeys(run.stdout for run in sandbox.run(jobs) if run.status == "ok")
    for text in texts:
        if task.hidden.kind == "stdio":
            yield (text,)
            continue
        try:
            given = ast.literal_eval(text.strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(given, tuple):
            yield given


def _function(task: Task, program: str, given: Arguments, sandbox: Sandbox, validator: str) -> Refutation:
    valid = by_source(validator, sandbox) if validator else _any
    if valid([given]) != [True]:
        return Refutation(ruling="invalid input")
    asker = Asker(task, sandbox, _any)
    agreed = asker.agreed([given])
    if not agreed or not asker.quick(given):
        return Refutation(ruling="no answer of the reference")
    expected = agreed[0][1]
    told = [
        (said(answer, status), answer is None or not alike(answer, expected))
        for answer, status in asker.alone(program, given, RUNS)
        if status != "unavailable"
    ]
    return _ruled(expected, told)


def _any(inputs: Sequence[Arguments]) -> list[bool]:
    return [True] * len(inputs)


def _script(task: Task, program: str, given: Arguments, sandbox: Sandbox, validator: str) -> Refutation:
    def run(source: str, times: int) -> list[Run]:
        # equal jobs may be answered from memory: a comment makes each its own
        texts = [f"{source}\n# run {turn}\n" for turn in range(times)] if task.facts.language == "python" else [source]
        language = task.facts.language
        return sandbox.run([Job(source=text, stdin=given[0], language=language, limits=LIMITS) for text in texts])

    if len(given) != 1 or not isinstance(given[0], str) or not _accepted(validator, given[0], sandbox):
        return Refutation(ruling="invalid input")
    right = run(task.reference, 2)
    printed = {tuple(words(item.stdout)) for item in right}
    slow = any(item.cpu_seconds > QUICK * LIMITS.cpu_seconds for item in right)
    if slow or len(printed) != 1 or any(item.status != "ok" for item in right):
        return Refutation(ruling="no answer of the reference")
    told = [
        (item.stdout[:200] if item.status == "ok" else f"no answer ({item.status})", _differs(item, right[0]))
        for item in run(program, RUNS)
        if item.status != "unavailable"
    ]
    return _ruled(right[0].stdout, told)


def _accepted(validator: str, text: str, sandbox: Sandbox) -> bool:
    if not validator:
        return True
    [run] = sandbox.run([Job(source=validator, stdin=text, limits=LIMITS)])
    return run.status == "ok"


def _differs(run: Run, right: Run) -> bool:
    return run.status != "ok" or words(run.stdout) != words(right.stdout)


def _ruled(expected: Any, told: Sequence[tuple[str, bool]]) -> Refutation:
    wrong = [text for text, bad in told if bad]
    if not wrong:
        return Refutation(ruling="same answer", expected=expected, said=told[0][0] if told else "")
    return Refutation(ruling="refuted", expected=expected, said=wrong[0], flaky=len(wrong) < len(told))
