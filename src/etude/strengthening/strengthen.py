"""A whole task set made stronger: program by program, witness by witness, and what was not possible and why.

A task whose reference fails its own tests is put aside: what such a reference says is no test.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from etude.judges.auto import Auto
from etude.programs.mutate import mutants
from etude.protocols import Sandbox
from etude.records import outside_attempt
from etude.strengthening.adding import with_witnesses, writable
from etude.strengthening.inputs import known_arguments
from etude.strengthening.witnesses import Generator, Witness, witnesses
from etude.tasks import Task

MUTANTS = 12
TAKEN = ("assertions", "calls", "check")


@dataclass(frozen=True, slots=True, kw_only=True)
class Strengthening:
    """What was done for one task.

    Attributes:
        programs: How many were looked at.
        passing: How many of them pass the tests as they are.
        refuted: How many of those are wrong on some witness.
        witnesses: Different inputs, one new hidden test each.
        aside: Why nothing could be done, or "".
    """

    task_id: str
    programs: int = 0
    passing: int = 0
    refuted: int = 0
    witnesses: tuple[Witness, ...] = ()
    aside: str = ""


def strengthen(
    tasks: Sequence[Task],
    programs: Mapping[str, Sequence[str]] | None,
    sandbox: Sandbox,
    *,
    seed: int = 0,
    inputs: int = 300,
    validators: Mapping[str, str] | None = None,
    generators: Sequence[Generator] = (),
) -> Iterator[Strengthening]:
    """One result per task, in order.

    Args:
        programs: Task id -> programs that something wrote; those that fail the tests already are not looked at. None:
            mutants of each reference.
        validators: Task id -> source of a validator, see `etude.strengthening.validators`.

    Raises:
        InputError: A validator defines none of its functions.
        MissingError: Hypothesis is named and not installed.
    """
    for task in tasks:
        own = _mutants(task, seed) if programs is None else list(dict.fromkeys(programs.get(task.task_id, ())))
        aside = _aside(task, sandbox) if own else ""
        if aside or not own:
            yield Strengthening(task_id=task.task_id, programs=len(own), aside=aside)
            continue
        alive = [text for text, ok in zip(own, passing(task, own, sandbox), strict=True) if ok]
        given = {"inputs": inputs, "validator": (validators or {}).get(task.task_id, ""), "generators": generators}
        dice = Random(f"strengthen {seed} {task.task_id}")
        found = [item for item in witnesses(task, alive, sandbox, dice, **given) if writable(item)]  # type: ignore[arg-type]
        kept = _kept(task, found, sandbox)
        yield Strengthening(
            task_id=task.task_id, programs=len(own), passing=len(alive),
            refuted=len(found) if kept else 0, witnesses=tuple(kept),
        )  # fmt: skip


def passing(task: Task, programs: Sequence[str], sandbox: Sandbox) -> list[bool]:
    """Whether each program passes the tests of a task."""
    attempts = [outside_attempt(task.task_id, text, "strengthen") for text in programs]
    return [item.passed is True for item in Auto().judge(task, attempts, sandbox)]


def _aside(task: Task, sandbox: Sandbox) -> str:
    kind = task.hidden.kind or task.facts.shown.kind
    if not task.reference:
        return "no reference"
    if task.facts.language != "python" or kind not in TAKEN:
        return f"{task.facts.language} tests of kind {kind} take no calls"
    if not known_arguments(task):
        return "its tests show no plain arguments"
    return "" if passing(task, [task.reference], sandbox) == [True] else "its reference fails its tests"


def _kept(task: Task, found: Sequence[Witness], sandbox: Sandbox) -> list[Witness]:
    """One witness for each different input, those that the reference passes as a test."""
    different = list({repr(item.arguments): item for item in found}.values())
    if different and passing(with_witnesses(task, different), [task.reference], sandbox) == [True]:
        return different
    return [item for item in different if passing(with_witnesses(task, [item]), [task.reference], sandbox) == [True]]


def _mutants(task: Task, seed: int) -> list[str]:
    return [item.program for item in mutants(task.reference, seed, MUTANTS, task.facts.entry_point)]
