"""Witnesses: inputs on which a program says something else than the reference.

After REFUTE and the idea behind EvalPlus: inputs are made by type, by changing known ones and by hypothesis; a
validator or the domain that the tests show says which may be used; the reference must say the same each time it is
asked. What separates a program from the reference is made smaller for as long as it separates.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from etude.judges.values import equal
from etude.protocols import Sandbox
from etude.records import Answer
from etude.strengthening.answers import Agreed, Asker, alike, said
from etude.strengthening.by_hypothesis import available, by_hypothesis
from etude.strengthening.domain import Domain, domain_of, mended
from etude.strengthening.drawing import drawn
from etude.strengthening.inputs import Arguments, changed, known_arguments, size, smaller
from etude.strengthening.validators import by_domain, by_source
from etude.tasks import Task

Generator = Literal["type", "change", "hypothesis"]
GENERATORS: tuple[Generator, ...] = ("type", "change", "hypothesis")
STEPS = 12
"""Rounds of making a witness smaller."""
TRIED = 100
DEARER = 3
"""An input by hypothesis takes some milliseconds to make, a hundred times what the others take: there are fewer."""
RUNS = 5
"""Fresh processes in which a program is asked again; one that is wrong only in some is marked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """One input that tells a program from the reference.

    Attributes:
        task_id: The task.
        program: The number of the program among those given.
        arguments: By position, plain data.
        expected: What the reference says, every time.
        said: What the program says, for people; the name of its exception where it raises.
        flaky: The program says it in some of its runs only.
    """

    task_id: str
    program: int
    arguments: Arguments
    expected: Any
    said: str
    flaky: bool = False


def witnesses(
    task: Task,
    programs: Sequence[str],
    sandbox: Sandbox,
    dice: Random,
    *,
    inputs: int = 300,
    validator: str = "",
    generators: Sequence[Generator] = (),
) -> Iterator[Witness]:
    """Yields at most one witness for each program, in their order.

    Args:
        task: A Python task with an entry point and a reference that passes its tests.
        programs: Those that pass its tests and may yet be wrong.
        inputs: How many new inputs each generator makes; hypothesis makes a third as many.
        validator: Source of `valid(*arguments)` or `contract(*arguments)`, see `etude.strengthening.validators`.
            Without one, inputs keep to the domain that the tests show.
        generators: Which ones; () for all that are installed.

    Raises:
        InputError: The validator defines neither function.
        MissingError: Hypothesis is named and not installed.
    """
    known = known_arguments(task)
    shown = domain_of(known)
    domain = shown.opened() if validator else shown
    asker = Asker(task, sandbox, by_source(validator, sandbox) if validator else by_domain(shown))
    made = candidates(known, domain, dice, inputs, generators or chosen())
    tried = asker.agreed([*known, *made])
    said_all = asker.all_answers(programs, [given for given, _ in tried])
    for number, (program, answers) in enumerate(zip(programs, said_all, strict=True)):
        found = _first(asker, tried, answers)
        if found is None:
            continue
        given, expected = _smallest(asker, program, found)
        confirmed = _confirmed(asker, program, given, expected) or _confirmed(asker, program, *found)
        if confirmed:
            given, expected, words, flaky = confirmed
            yield Witness(task_id=task.task_id, program=number, arguments=given, expected=expected, said=words,
                          flaky=flaky)  # fmt: skip


def chosen() -> tuple[Generator, ...]:
    """The generators that can be used here."""
    return GENERATORS if available() else GENERATORS[:2]


def candidates(
    known: Sequence[Arguments], domain: Domain, dice: Random, inputs: int, generators: Sequence[Generator]
) -> list[Arguments]:
    """New inputs of all generators, different from each other and from the known ones."""
    found: list[Arguments] = []
    if "change" in generators:
        found += [mended(given, domain.relations) for given in changed(known, dice, inputs)]
    if "type" in generators:
        found += drawn(domain, dice, inputs)
    if "hypothesis" in generators:
        found += by_hypothesis(domain, dice.randrange(1 << 32), -(-inputs // DEARER))
    old = {repr(given) for given in known}
    return [given for text, given in {repr(given): given for given in found}.items() if text not in old]


def _first(asker: Asker, tried: Agreed, answers: Sequence[Answer | None]) -> tuple[Arguments, Any] | None:
    """The smallest input on which a program is wrong; one at which it breaks off, where no answer is wrong."""
    pairs = list(zip(tried, answers, strict=True))
    wrong = [item for item, answer in pairs if answer is not None and not alike(answer, item[1])]
    if wrong:
        return min(wrong, key=lambda item: size(item[0]))
    silent = next((item for item, answer in pairs if answer is None), None)
    return silent if silent and asker.quick(silent[0]) else None


def _smallest(asker: Asker, program: str, found: tuple[Arguments, Any]) -> tuple[Arguments, Any]:
    for _ in range(STEPS):
        less = [given for given in smaller(found[0]) if size(given) < size(found[0])][:TRIED]
        tried = asker.agreed(less)
        better = _first(asker, tried, asker.answers(program, [item for item, _ in tried])) if tried else None
        if better is None:
            return found
        found = better
    return found


def _confirmed(asker: Asker, program: str, given: Arguments, expected: Any) -> tuple[Arguments, Any, str, bool] | None:
    """A witness on its own: the reference says the same in a fresh process, and the program is wrong in one of five."""
    agreed = asker.agreed([given])
    # a reference that counts its calls says something else when it is asked for the first time
    if not agreed or not equal(agreed[0][1], expected) or not asker.quick(given):
        return None
    runs = asker.alone(program, given, RUNS)
    wrong = [_wrong(answer, status, expected) for answer, status in runs]
    words = next((said(*run) for run, bad in zip(runs, wrong, strict=True) if bad), None)
    return None if words is None else (given, expected, words, not all(wrong))


def _wrong(answer: Answer | None, status: str, expected: Any) -> bool:
    if status == "unavailable":
        return False
    return answer is None or not alike(answer, expected)
