"""The tests of a task as an audit uses them: whole, in another order, question by question.

A program passes a task if it passes every hidden and every shown test, as with the judges.
"""

import ast
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Any, NamedTuple

from etude.judges.deciding import parts_of
from etude.judges.exam import Exam
from etude.judges.rules.apart import Apart, take_assertion_apart, take_check_apart
from etude.judges.rules.calls import question
from etude.judges.rules.plain_evaluation import Recorded
from etude.programs.parse import parse
from etude.protocols import Sandbox
from etude.records import Limits, Outcome, Tests
from etude.tasks import Task

LARGEST = 20_000_000  # characters of trusted source
CANDIDATE = "candidate"
MOST_CALLS = 50
UNSEEDED = "from __future__"

Examine = Callable[[Sequence[Exam], Sandbox], list[Outcome]]
"""How programs are judged; `etude.judges.examine.examine`, but for tests of the audit itself."""


class Question(NamedTuple):
    """What a test asks of the program, and the value it wants, where it wants one."""

    ask: str
    known: bool
    expected: Any


def tests_of(task: Task) -> tuple[Tests, ...]:
    """Hidden and shown tests in as few sets as can be; none where the task has no tests."""
    return tuple(tests for tests in parts_of(task) if tests.kind)


class Trial(NamedTuple):
    """A program to be judged by all tests of a task."""

    task: Task
    program: str
    tests: tuple[Tests, ...]
    limits: Limits = Limits()


def judged(trials: Sequence[Trial], sandbox: Sandbox, judge: Examine) -> list[Outcome | None]:
    """One outcome per trial: the first that is not `ok`, else the last; None where there are no tests."""
    found: list[Outcome | None] = [None] * len(trials)
    for turn in range(max((len(trial.tests) for trial in trials), default=0)):
        open_ = [at for at, trial in enumerate(trials) if turn < len(trial.tests) and _alive(found[at])]
        exams = [_exam(trials[at], turn) for at in open_]
        for at, outcome in zip(open_, judge(exams, sandbox) if exams else [], strict=True):
            found[at] = outcome
    return found


def _alive(outcome: Outcome | None) -> bool:
    return outcome is None or outcome.status == "ok"


def _exam(trial: Trial, turn: int) -> Exam:
    facts = trial.task.facts
    return Exam(trial.program, trial.tests[turn], facts.entry_point, trial.limits, language=facts.language)


def passes(outcome: Outcome | None) -> bool:
    """Whether every test said yes."""
    return outcome is not None and outcome.status == "ok"


def seeded(program: str, number: int) -> str:
    """The program with another random seed. The sandbox seeds `random` alike for all programs, which hides chance."""
    if not number or UNSEEDED in program:
        return program
    return f"import random as _chance; _chance.seed({number}); del _chance\n{program}"


def reordered(tests: Tests, random: Random | None) -> Tests | None:
    """The same tests in another order, backwards where there is no random; None where there is only one order."""
    if tests.kind == "assertions" and len(tests.assertions) > 1:
        return replace(tests, assertions=_mixed(tests.assertions, random))
    if tests.kind == "calls" and len(tests.calls) > 1:
        return replace(tests, calls=_mixed(tests.calls, random))
    if tests.kind != "check":
        return None
    check = _mixed_check(tests.check, random)
    return replace(tests, check=check) if check else None


def _mixed(items: Sequence[Any], random: Random | None) -> tuple[Any, ...]:
    return tuple(random.sample(items, len(items))) if random else tuple(reversed(items))


def _mixed_check(source: str, random: Random | None) -> str:
    """A `check` whose assertions that stand one after another are in another order, or ""."""
    tree = parse(source, LARGEST)
    found = [item for item in (tree.body if tree else []) if isinstance(item, ast.FunctionDef) and item.name == "check"]
    if tree is None or not found:
        return ""
    body, runs = found[-1].body, list[list[ast.stmt]]([[]])
    for item in body:
        runs = [*runs[:-1], [*runs[-1], item]] if isinstance(item, ast.Assert) else [*runs, [item], []]
    if all(len(run) < 2 for run in runs):
        return ""
    found[-1].body = [item for run in runs for item in (_mixed(run, random) if len(run) > 1 else run)]
    return ast.unparse(tree)


def questions(tests: Tests, entry_point: str) -> tuple[Question, ...]:
    """What tests ask of a program, as far as that can be read off them; nothing of scripts and puzzles."""
    if tests.kind == "calls":
        return tuple(Question(question(entry_point, call), True, call.expected) for call in tests.calls)
    texts = tests.assertions or ((tests.check,) if tests.check else ())
    parts = zip(texts, plans(tests, entry_point), strict=True)
    return tuple(item for text, plan in parts for item in (_questions(plan) if plan else _calls(text, entry_point)))


def arguments_of(ask: str, name: str) -> str:
    """The arguments of an ask as source, or "" where it is more than one plain call."""
    tree = parse(ask)
    call = tree.body[0].value if tree and len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr) else None
    plain = isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == name
    return ask[len(name) :] if plain and ask.startswith(f"{name}(") else ""


def plans(tests: Tests, entry_point: str) -> list[Apart | None]:
    """Assertions and checks taken apart; None in the place of those that cannot be."""
    if tests.kind == "assertions":
        return [take_assertion_apart(text, entry_point) for text in tests.assertions]
    return [take_check_apart(tests.check, tests.context, entry_point)] if tests.kind == "check" else []


def _questions(plan: Apart) -> list[Question]:
    wanted = dict(pair for claim in plan.claims if claim.certain for pair in _wanted(claim.test))
    return [Question(ask, at in wanted, wanted.get(at)) for at, ask in enumerate(plan.asks)]


def _calls(text: str, entry_point: str) -> list[Question]:
    """The calls with literal arguments in a test that cannot be taken apart."""
    found = []
    tree = parse(text, LARGEST)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in (entry_point, CANDIDATE):
            call = ast.Call(ast.Name(entry_point), node.args, node.keywords)
            if not any(isinstance(item, ast.Name | ast.Starred) for part in node.args for item in ast.walk(part)):
                found.append(Question(ast.unparse(call), False, None))
    return found[:MOST_CALLS]


def _wanted(test: ast.expr) -> list[tuple[int, Any]]:
    """The number of an ask and the value it must have, where an assertion is as plain as that."""
    if isinstance(test, Recorded):
        return [(test.number, True)]
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) and isinstance(test.operand, Recorded):
        return [(test.operand.number, False)]
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq | ast.Is):
        sides = (test.left, test.comparators[0])
        for one, other in (sides, sides[::-1]):
            if isinstance(one, Recorded) and isinstance(other, ast.Constant):
                return [(one.number, other.value)]
    return []
