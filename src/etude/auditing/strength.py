"""How strong the tests of a task are: which cheats pass them, and which mutants of the reference.

A mutant that passes is either a hole in the tests or a program that does the same as the reference; nothing here can
tell the two apart. A mutant of a puzzle's reference that passes is simply another right answer.
"""

from collections.abc import Sequence
from typing import NamedTuple

from etude.auditing.card import Finding, Survivor
from etude.auditing.cheats import TRIVIAL, Cheat, cheats
from etude.auditing.exams import Examine, Trial, judged, passes, tests_of
from etude.auditing.references import Reruns
from etude.programs.mutate import Mutant, mutants
from etude.protocols import Sandbox
from etude.records import Limits, Outcome
from etude.tasks import Task

WEAK = 0.5
"""Share of mutants noticed below which tests are called weak."""
ENOUGH = 6
"""Mutants below which nothing is said of a share."""
TIMES, LEAST_SECONDS, MORE_SECONDS = 5.0, 0.3, 0.5
"""Processor time of a cheat or a mutant: so many times the reference's, at least this, and of a slow reference no more
than half as much again and a little."""
SPENT, FEWEST = 8.0, 4
"""Processor seconds for all mutants of a reference, if each takes all it may; and how many are made at least."""
OF_PUZZLE = 8
"""Mutants of a puzzle's reference: they say less, since most of those that pass are other right answers."""
SEVERAL = 3
"""Trivial answers of a puzzle, all right, from which it is said to accept anything."""
NAMED = 5
LINE = 160


class Strength(NamedTuple):
    """What was tried on one task, and how it went."""

    cheats: tuple[Cheat, ...]
    passed: tuple[Cheat, ...]
    mutants: int
    killed: int
    survivors: tuple[Survivor, ...]


def tried(
    tasks: Sequence[Task], reruns: Sequence[Reruns], sandbox: Sandbox, *, most: int, seed: int, judge: Examine
) -> list[Strength]:
    """Cheats and mutants of every task, judged together. Mutants want a reference that passes."""
    told = [cheats(task.view()) if _judgeable(task, own) else () for task, own in zip(tasks, reruns, strict=True)]
    made = [_mutants(task, own, most, seed) for task, own in zip(tasks, reruns, strict=True)]
    trials = [
        Trial(task, program, tests_of(task), _limits(own))
        for task, own, one, other in zip(tasks, reruns, told, made, strict=True)
        for program in (*(item.program for item in one), *(item.program for item in other))
    ]
    outcomes = iter(judged(trials, sandbox, judge))
    found = []
    for task, one, other in zip(tasks, told, made, strict=True):
        passed = tuple(item for item in one if passes(next(outcomes)))
        found.append(Strength(one, passed, *_counted(task, other, [next(outcomes) for _ in other])))
    return found


def _judgeable(task: Task, reruns: Reruns) -> bool:
    """Whether a verdict means anything: not where the tests themselves do not run."""
    return bool(tests_of(task)) and all(item.status != "unavailable" for item in reruns.outcomes)


def _mutants(task: Task, reruns: Reruns, most: int, seed: int) -> tuple[Mutant, ...]:
    """Mutants of a sound reference; fewer of a slow one."""
    if task.facts.language != "python" or not reruns.sound:
        return ()
    few = max(FEWEST, int(SPENT / _limits(reruns).cpu_seconds))
    few = min(few, OF_PUZZLE) if task.hidden.kind == "puzzle" else few
    return mutants(task.reference, seed, min(most, few), task.facts.entry_point)


def _limits(reruns: Reruns) -> Limits:
    seconds = max(LEAST_SECONDS, min(TIMES * reruns.seconds, 1.5 * reruns.seconds + MORE_SECONDS))
    return Limits(cpu_seconds=seconds, wall_seconds=3 * seconds + 5)


def _counted(
    task: Task, made: Sequence[Mutant], outcomes: Sequence[Outcome | None]
) -> tuple[int, int, tuple[Survivor, ...]]:
    pairs = [(item, out) for item, out in zip(made, outcomes, strict=True) if out and out.status != "unavailable"]
    alive = tuple(_survivor(task.reference, item) for item, outcome in pairs if passes(outcome))
    return len(pairs), len(pairs) - len(alive), alive


def _survivor(reference: str, mutant: Mutant) -> Survivor:
    was, now = _difference(reference, mutant.program)
    return Survivor(operator=mutant.operator, line=mutant.line, was=was[:LINE], now=now[:LINE])


def _difference(one: str, other: str) -> tuple[str, str]:
    """The first lines in which two programs differ, in Python's own layout."""
    import ast

    try:
        lines = ast.unparse(ast.parse(one)).splitlines()
    except (SyntaxError, ValueError, RecursionError):
        lines = one.splitlines()
    pairs = zip([*lines, ""], [*other.splitlines(), ""], strict=False)
    return next(((was.strip(), now.strip()) for was, now in pairs if was != now), ("", ""))


def findings(task: Task, strength: Strength) -> list[Finding]:
    """What is wrong with tests that such programs pass."""
    found = list[Finding]()
    names = [item.name for item in strength.passed]
    if "nonsense" in names:
        found.append(Finding(name="tests accept anything", detail="a program that answers nonsense passes"))
    trivial = [item.name for item in strength.cheats if item.name.startswith(TRIVIAL)]
    if len(trivial) >= SEVERAL and set(trivial) <= set(names):
        found.append(Finding(name="tests accept anything", detail=f"all {len(trivial)} answers tried solve the puzzle"))
    if names:
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        found.append(Finding(name="cheat passes", detail=f"{'; '.join(names[:NAMED])}{more}"))
    share = strength.killed / strength.mutants if strength.mutants else 1.0
    if share < WEAK and strength.mutants >= ENOUGH and task.hidden.kind != "puzzle":
        first = strength.survivors[0]
        example = f"line {first.line}: {first.was!r} may be {first.now!r}"
        found.append(
            Finding(name="weak tests", detail=f"{strength.killed} of {strength.mutants} mutants fail; {example}")
        )
    return found
