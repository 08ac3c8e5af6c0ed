"""Puzzles: the program's `sol()` gives a plain answer, and a pristine `sat` decides about it in a second jail.

Schuster et al. 2021 (P3). The answer must have exactly the type that `sat` declares for its first parameter, and
`sat(answer)` must be True itself; an answer that holds a nan, of which any comparison is false, is none. The program's
process never sees the `sat` that decides.
"""

import ast
import re
from collections.abc import Sequence
from dataclasses import replace

from etude.judges.exam import Exam, settle, unavailable
from etude.judges.rules.annotations import matches
from etude.judges.rules.literal import literal_answer
from etude.judges.values import brief
from etude.programs.parse import parse
from etude.protocols import Sandbox
from etude.records import Checked, Job, Outcome, Run, TestResult

TEST = "sat(sol()) is True"
LARGEST = 20_000_000
LEAST_SECONDS = 0.05  # for a check whose program has used nearly all there was
GIVEN = "_answer_of_the_program"
SAID = "_said_of_it"
CHECK = f"""{SAID} = sat({GIVEN})
assert {SAID} is True, "it returned False" if {SAID} is False else "it returned something that is not True"
"""
LONG_NUMBER = re.compile(r"[0-9]{4000,}")  # Python refuses to read one in decimals


def examine_puzzles(exams: Sequence[Exam], sandbox: Sandbox) -> list[Outcome]:
    """One outcome per exam: ask every program, then check the answers of the right type."""
    runs = _answered(exams, sandbox)
    types = [_annotation(exam.tests.puzzle) for exam in exams]
    fit = [_fits(run, kind) for run, kind in zip(runs, types, strict=True)]
    decided = iter(sandbox.run([_check(exam, run) for exam, run, ok in zip(exams, runs, fit, strict=True) if ok]))
    second = [next(decided) if ok else None for ok in fit]
    level = sandbox.isolation["level"]
    return [
        unavailable("sat does not declare its answer's type") if kind is None else _outcome(run, check, kind, level)
        for run, check, kind in zip(runs, second, types, strict=True)
    ]


def _answered(exams: Sequence[Exam], sandbox: Sandbox) -> list[Run]:
    """What every program answers; one that only names its answer is read, the others are run."""
    named = [literal_answer(exam.program) for exam in exams]
    asked = [
        Job(source=exam.program, asks=("sol()",), limits=exam.limits)
        for exam, answer in zip(exams, named, strict=True)
        if answer is None
    ]
    runs = iter(sandbox.run(asked))
    return [Run(status="ok", answers=(answer,)) if answer else next(runs) for answer in named]


def _check(exam: Exam, run: Run) -> Job:
    given = {GIVEN: run.answers[0].value}
    left = replace(exam.limits, cpu_seconds=max(LEAST_SECONDS, exam.limits.cpu_seconds - run.cpu_seconds))
    return Job(source="", checks=(CHECK,), context=exam.tests.puzzle, given=given, limits=left)


def _outcome(run: Run, check: Run | None, kind: ast.expr, level: str) -> Outcome:
    answer = run.answers[0] if run.answers else None
    if answer is None:
        return settle(run, [TestResult(test=TEST, passed=None)], level)
    actual = answer.opaque or ("" if answer.fault else brief(answer.value))
    if check is None:
        kinds = "" if answer.fault else f"an answer of type {ast.unparse(kind)}"
        return settle(
            run, [TestResult(test=TEST, passed=False, actual=actual, expected=kinds, fault=answer.fault)], level
        )
    if check.status != "ok":
        return settle(check, [TestResult(test=TEST, passed=None, actual=actual)], level)
    checked = check.checks[0] if check.checks else Checked()
    result = TestResult(test=TEST, passed=checked.passed, actual=actual, expected="True", fault=checked.fault)
    return settle(run, [result], level)


def _annotation(puzzle: str) -> ast.expr | None:
    """The declared type of the first parameter of `sat`, or None where there is none."""
    tree = parse(LONG_NUMBER.sub("0", puzzle), LARGEST)
    found = [node for node in (tree.body if tree else []) if isinstance(node, ast.FunctionDef) and node.name == "sat"]
    parameters = [*found[-1].args.posonlyargs, *found[-1].args.args] if found else []
    return parameters[0].annotation if parameters else None


def _fits(run: Run, kind: ast.expr | None) -> bool:
    if run.status != "ok" or kind is None or len(run.answers) != 1:
        return False
    answer = run.answers[0]
    return not answer.fault and not answer.opaque and matches(answer.value, kind) and not _has_nan(answer.value)


def _has_nan(value: object) -> bool:
    """Whether something that is not even itself is in an answer: conditions that nobody meant are true of it."""
    if isinstance(value, list | tuple):
        return any(map(_has_nan, value))
    return isinstance(value, float) and value != value
