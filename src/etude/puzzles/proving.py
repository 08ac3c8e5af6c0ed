"""What is wrong with the instances of a family, found by running them in the sandbox.

Each known solution must pass the judge of puzzles in its time, and no trivial constant should.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from etude.judges.puzzle import PuzzleJudge
from etude.protocols import Sandbox
from etude.puzzles.instance import Instance
from etude.puzzles.trivial import trivial_answers
from etude.records import TaskView, Tests, outside_attempt
from etude.tasks import Task

SECONDS = 1.0
WALL = 10  # times the processor time: a busy machine is no reason to call a solution slow


@dataclass(frozen=True, slots=True)
class Problem:
    """One defect of one instance: `wrong solution`, `trivial`, `no solution` or `unjudged`, and where it lies."""

    name: str
    defect: str
    detail: str = ""


def task_of(instance: Instance, licence: str = "") -> Task:
    """The instance as a task; the prompt is its checker and the header of the solution."""
    tests = Tests(puzzle=instance.spec)
    view = TaskView(
        task_id=instance.name,
        kind="puzzle",
        prompt=f"{instance.spec}\n\n{instance.sol_header}\n",
        entry_point="sol",
        shown=tests,
        difficulty=instance.module.removesuffix(".py"),
    )
    reference = next(iter(instance.solutions), "")
    return Task(facts=view, hidden=tests, reference=reference, origin="families", licence=licence)


def problems(instances: Sequence[Instance], sandbox: Sandbox) -> list[Problem]:
    """Every defect, in the order of the instances."""
    return [problem for instance in instances for problem in _of(instance, sandbox)]


def _of(instance: Instance, sandbox: Sandbox) -> list[Problem]:
    seconds = SECONDS * max(1.0, instance.weight)
    judge = PuzzleJudge(cpu_seconds=seconds, wall_seconds=WALL * seconds, calibrate=0)  # it is the reference itself
    answers = list(trivial_answers(instance.ans_type))
    programs = [*instance.solutions, *(f"def sol():\n    return {answer!r}\n" for answer in answers)]
    task = task_of(instance)
    verdicts = judge.judge(task, [outside_attempt(instance.name, program, "proving") for program in programs], sandbox)
    known, constants = verdicts[: len(instance.solutions)], verdicts[len(instance.solutions) :]
    found = [] if known else [Problem(instance.name, "no solution")]
    for number, verdict in enumerate(known, 1):
        if verdict.passed is not True:
            defect = "unjudged" if verdict.passed is None else "wrong solution"
            found.append(Problem(instance.name, defect, f"solution {number}: {verdict.reason}"))
    solved = [repr(answer) for answer, verdict in zip(answers, constants, strict=True) if verdict.passed]
    return [*found, Problem(instance.name, "trivial", f"solved by {solved[0]}")] if solved else found
