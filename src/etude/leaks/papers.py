"""Exam tasks made ready: how their tests call, what is asked first, and what a right answer to that is.

Whatever a task calls its function, here it has the name `ENTRY`, so that any function of any program can be put in its
place. Tests that can be taken apart give their questions by themselves; of others the reference is run once and what
it is called with is written down. A task whose tests do not hold, or are not Python's, gives no paper.
"""

import ast
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from etude.judges.rules.apart import Apart, Claim, take_assertion_apart, take_check_apart
from etude.judges.rules.calls import question
from etude.judges.rules.claims import judged
from etude.judges.rules.plain_evaluation import Recorded
from etude.judges.rules.plain_operations import BeyondError
from etude.judges.values import same
from etude.leaks.asking import ENTRY
from etude.leaks.recording import Heard, recorded
from etude.leaks.ways import Shape
from etude.programs.parse import UNREADABLE, free_names, parse
from etude.protocols import Sandbox
from etude.records import Answer, Call, Tests
from etude.tasks import Task

ASKED = 3
"""Hidden calls of a task that are asked before it is judged in full."""
LONGEST = 5_000
"""Characters of a question; a longer call is not asked first."""
TRIVIAL = ("None", "True", "False", "0", "1", "-1", "''", "[]", "()", "{}", "0.0", "1.0", "set()")
KINDS: tuple[tuple[type, ...], ...] = ((bool, int, float, complex), (list, tuple), (set, frozenset), (str,), (dict,))


class Question(NamedTuple):
    """One hidden call: an expression that calls `ENTRY`, and whether an answer is right."""

    ask: str
    agrees: Callable[[Answer], bool]


class Paper(NamedTuple):
    """One exam task, ready.

    Attributes:
        tests: Its hidden tests (its shown ones where all are shown), about a function named `ENTRY`, or `sol`.
        shapes: How the tests call the function; empty where that is not known.
        questions: At most `ASKED`, the most telling first; none for stdio and puzzles, or where none is known.
        names: What else the tests use of a program.
    """

    task: Task
    tests: Tests
    entry_point: str
    shapes: frozenset[Shape] = frozenset()
    questions: tuple[Question, ...] = ()
    names: frozenset[str] = frozenset()


def papers(tasks: Sequence[Task], sandbox: Sandbox) -> tuple[list[Paper], list[Task]]:
    """The papers of exam tasks in order, and the tasks that give none."""
    drafts = [_draft(task) for task in tasks]
    quiet = [item for item in drafts if item and item.tests.kind in ("check", "assertions") and not item.questions]
    asked = [item for item in quiet if item.task.reference]
    heard = recorded([(item.task, item.tests) for item in asked], ENTRY, sandbox)
    known = {id(item): _heard(item, calls) for item, calls in zip(asked, heard, strict=True)}
    made = [known.get(id(item), item) for item in drafts if item]
    return made, [task for task, item in zip(tasks, drafts, strict=True) if item is None]


def _draft(task: Task) -> Paper | None:
    tests = task.hidden if task.hidden.kind else task.facts.shown
    if tests.kind == "stdio":
        return Paper(task, tests, "")
    if task.facts.language != "python" or tests.kind is None:
        return None
    if tests.kind == "puzzle":
        return Paper(task, tests, "sol", frozenset({Shape(0)}))
    if tests.kind == "calls":
        return _calls(task, tests)
    return _check(task, tests) if tests.kind == "check" else _assertions(task, tests)


def _calls(task: Task, tests: Tests) -> Paper:
    shapes = frozenset(Shape(len(call.args), frozenset(call.kwargs)) for call in tests.calls)
    pairs = [(question(ENTRY, call), repr(call.expected), partial(_same, call)) for call in tests.calls]
    return Paper(task, tests, ENTRY, shapes, _telling(pairs))


def _same(call: Call, answer: Answer) -> bool:
    return answer.fault is None and not answer.opaque and same(answer.value, call.expected)


def _check(task: Task, tests: Tests) -> Paper | None:
    if parse(tests.check, len(tests.check)) is None:
        return None
    return _planned(Paper(task, tests, ENTRY), [take_check_apart(tests.check, tests.context, ENTRY)])


def _assertions(task: Task, tests: Tests) -> Paper | None:
    name = task.facts.entry_point
    try:
        texts, setup = tuple(_renamed(text, name) for text in tests.assertions), _renamed(tests.setup, name)
    except UNREADABLE:
        return None
    own = replace(tests, assertions=texts, setup=setup)
    used = free_names("\n".join([setup, *texts])) - {ENTRY} - sys.stdlib_module_names
    paper = Paper(task, own, ENTRY, names=frozenset(used))
    return _planned(paper, [take_assertion_apart(text, ENTRY) for text in texts]) if name else None


def _renamed(text: str, name: str) -> str:
    """A piece of test with `ENTRY` in the place of the task's own name.

    Raises:
        SyntaxError: It is no Python; or another of `UNREADABLE`.
    """
    tree = ast.parse(text.strip())
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == name:
            node.id = ENTRY
    return ast.unparse(tree)


def _planned(paper: Paper, plans: Sequence[Apart | None]) -> Paper | None:
    """The paper with shapes and questions from its plans; None where a test is broken, whatever the program does."""
    if any(plan and plan.broken for plan in plans):
        return None
    whole = [plan for plan in plans if plan]
    shapes = {shape for plan in whole for ask in plan.asks for shape in _shapes(ask)}
    pairs = [
        (plan.asks[claim.needs[0]], _expected(claim), partial(_holds, claim))
        for plan in whole
        for claim in plan.claims
        if claim.certain and len(claim.needs) == 1
    ]
    return paper._replace(shapes=frozenset(shapes), questions=_telling(pairs))


def _shapes(ask: str) -> list[Shape]:
    """How an ask calls `ENTRY`; a call with `*` tells nothing."""
    calls = [node for node in ast.walk(ast.parse(ask, mode="eval")) if isinstance(node, ast.Call)]
    own = [node for node in calls if isinstance(node.func, ast.Name) and node.func.id == ENTRY]
    plain = [node for node in own if not any(isinstance(item, ast.Starred) for item in node.args)]
    return [Shape(len(node.args), frozenset(item.arg for item in node.keywords if item.arg)) for node in plain]


def _expected(claim: Claim) -> str:
    """What a claim compares an answer with, as text, or ""."""
    test = claim.test
    sides = [test.left, *test.comparators] if isinstance(test, ast.Compare) else []
    if isinstance(test, Recorded):
        return "True"
    return next((repr(side.value)[:LONGEST] for side in sides if isinstance(side, ast.Constant)), "")


def _holds(claim: Claim, answer: Answer) -> bool:
    """Whether a claim about one answer holds; a kind of answer that is not decided here counts as right."""
    try:
        return judged(claim, [*[Answer()] * claim.needs[0], answer]).passed is True
    except BeyondError:
        return True


def _telling(pairs: Sequence[tuple[str, str, Callable[[Answer], bool]]]) -> tuple[Question, ...]:
    """The questions that tell most: short ones, whose answers differ, are no constant anybody returns, no echo."""
    ranked = sorted(
        (pair for pair in pairs if len(pair[0]) <= LONGEST),
        key=lambda pair: (pair[1] in TRIVIAL or pair[1] in pair[0], len(pair[0]), pair[0]),
    )
    first = list({answer: pair for pair in reversed(ranked) for answer in [pair[1]]}.values())[::-1]
    chosen = [*first, *(pair for pair in ranked if not any(pair is item for item in first))][:ASKED]
    return tuple(Question(ask, agrees) for ask, _, agrees in chosen)


def _heard(paper: Paper, calls: Sequence[Heard]) -> Paper:
    shapes = frozenset(Shape(call.positional, call.names) for call in calls)
    asked = [item for item in calls if item.ask and len(item.ask) <= LONGEST][:ASKED]
    questions = tuple(Question(item.ask, partial(_alike, item.value)) for item in asked)
    return paper._replace(shapes=shapes, questions=questions)


def _alike(expected: Any, answer: Answer) -> bool:
    """Whether an answer is of the reference's kind: the tests may well take another value of it."""
    if answer.fault is not None or answer.opaque or expected is None:
        return answer.fault is None
    kinds = next((kinds for kinds in KINDS if isinstance(expected, kinds)), (type(expected),))
    return isinstance(answer.value, kinds)
