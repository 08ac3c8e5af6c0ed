"""Tasks that want the same behaviour: the reference of each passes the tests of the other, however it is written.

Every reference is asked a few questions of the tests of every task that could be meant (as many arguments, of such
types), all in one run; whoever answers all of them rightly goes before the tests themselves. Weak tests are passed by
strangers, too: two references that pass each other's tests are no twins if they part on what other tasks ask.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from etude.auditing.card import Finding
from etude.auditing.exams import Examine, Trial, arguments_of, judged, passes, questions, tests_of
from etude.auditing.twins import Found, label
from etude.judges.values import brief, equal, same
from etude.programs.parse import parse
from etude.protocols import Sandbox
from etude.records import Job, Limits
from etude.tasks import Task

ASKED = 2
"""Questions of one task to a reference of another; who answers the first one wrongly is asked no second."""
MORE = 40
"""Questions of other tasks on which two references must not differ."""
LIMITS = Limits(cpu_seconds=0.2, wall_seconds=10.0)
"""Of a run of questions, and of a reference before the tests of another task."""
STARTS = 2
"""How often a run is started, if it sticks at a question; short questions come first, since long ones take time."""
NOTHING = object()
"""In the place of an answer that never came; it equals nothing."""
LONGEST = 2000  # characters of a question


class Member(NamedTuple):
    """A task with a reference, the set it is in ("" for the audited one), and what its tests ask.

    Attributes:
        arguments: Of its first questions, as source, with the answers they want.
        shape: The kinds of the arguments: which tasks can be alike at all.
    """

    where: str
    task: Task
    arguments: tuple[tuple[str, Any], ...]
    shape: tuple[str, ...]


def twins(
    tasks: Sequence[Task], others: Mapping[str, Sequence[Task]], sandbox: Sandbox, judge: Examine
) -> tuple[Found, Found]:
    """Defects and remarks by task id: tasks that want the same, and tests that another task's reference passes."""
    named = [("", task) for task in tasks] + [(name, task) for name, own in others.items() for task in own]
    members = [item for name, task in named if (item := _member(name, task))]
    pairs = _hopeful(members, sandbox)
    outcomes = judged([_trial(members[one], members[other]) for one, other in pairs], sandbox, judge)
    solved = {pair for pair, outcome in zip(pairs, outcomes, strict=True) if passes(outcome)}
    return _told(members, solved, _parted(members, {pair for pair in solved if pair[::-1] in solved}, sandbox))


def _member(where: str, task: Task) -> Member | None:
    """A task that can be compared: with a reference, and tests whose questions are plain calls of its function."""
    asked = [item for tests in tests_of(task) for item in questions(tests, task.facts.entry_point)]
    known = [(arguments_of(item.ask, task.facts.entry_point), item.expected) for item in asked if item.known]
    plain = [(text, value) for text, value in known if text and len(text) < LONGEST]
    shape = _shape(plain[0][0]) if plain else None
    if not task.reference.strip() or shape is None:
        return None
    second = next((pair for pair in plain[1:] if not _right(pair[1], plain[0][1])), None)  # one that tells more
    return Member(where, task, tuple([plain[0], second][:ASKED] if second else plain[:ASKED]), shape)


def _shape(arguments: str) -> tuple[str, ...] | None:
    """The kinds of the arguments; None where some are named or spread out."""
    tree = parse(f"f{arguments}")
    value = tree.body[0].value if tree and isinstance(tree.body[0], ast.Expr) else None
    if not isinstance(value, ast.Call) or value.keywords or any(isinstance(item, ast.Starred) for item in value.args):
        return None
    return tuple(map(_kind, value.args))


def _kind(node: ast.expr) -> str:
    if isinstance(node, ast.UnaryOp):
        return _kind(node.operand)
    if isinstance(node, ast.Constant):
        return "number" if isinstance(node.value, int | float) else type(node.value).__name__
    return "row" if isinstance(node, ast.List | ast.Tuple | ast.Set) else type(node).__name__


def _hopeful(members: Sequence[Member], sandbox: Sandbox) -> list[tuple[int, int]]:
    """Pairs of members, of which the first one's reference answers the second one's questions rightly."""
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for at, member in enumerate(members):
        groups[member.shape].append(at)
    rows = [[to for to in groups[member.shape] if _apart(members, at, to)] for at, member in enumerate(members)]
    for turn in range(ASKED):
        rows = _answering(members, rows, turn, sandbox)
    return [(at, to) for at, row in enumerate(rows) for to in row]


def _answering(
    members: Sequence[Member], rows: Sequence[Sequence[int]], turn: int, sandbox: Sandbox
) -> list[list[int]]:
    """Of every row of members those whose question of this turn the row's own member answers rightly."""
    asked = [[(to, *members[to].arguments[turn]) for to in row if turn < len(members[to].arguments)] for row in rows]
    asked = [sorted(own, key=lambda item: len(item[1])) for own in asked]
    answers = _answers(members, [[text for _, text, _ in own] for own in asked], sandbox)
    wrong = [
        {to for (to, _, value), answer in zip(own, given, strict=True) if not _right(answer, value)}
        for own, given in zip(asked, answers, strict=True)
    ]
    return [[to for to in row if to not in lost] for row, lost in zip(rows, wrong, strict=True)]


def _apart(members: Sequence[Member], one: int, other: int) -> bool:
    """Two tasks, at least one of them of the audited set."""
    return one != other and not (members[one].where and members[other].where)


def _right(actual: Any, expected: Any) -> bool:
    return equal(actual, expected) or same(actual, expected)


def _answers(members: Sequence[Member], asked: Sequence[Sequence[str]], sandbox: Sandbox) -> list[list[Any]]:
    """What every reference answers to its questions; a run that gets stuck at one goes on behind it."""
    found: list[list[Any]] = [[] for _ in members]
    for _ in range(STARTS):
        open_ = [at for at, own in enumerate(asked) if len(found[at]) < len(own)]
        jobs = [_job(members[at].task, asked[at][len(found[at]) :]) for at in open_]
        for at, run in zip(open_, sandbox.run(jobs), strict=True):
            found[at] += [NOTHING if item.fault or item.opaque else item.value for item in run.answers]
            found[at] += [NOTHING] if len(found[at]) < len(asked[at]) else []
    return [[*own, *[NOTHING] * (len(texts) - len(own))] for own, texts in zip(found, asked, strict=True)]


def _job(task: Task, arguments: Sequence[str]) -> Job:
    asks = tuple(task.facts.entry_point + text for text in arguments)
    return Job(source=task.reference, setup=task.hidden.setup, asks=asks, limits=LIMITS)


def _trial(one: Member, other: Member) -> Trial:
    """The reference of one before the tests of the other, under the name that these call."""
    mine, wanted = one.task.facts.entry_point, other.task.facts.entry_point
    alias = f"\n{wanted} = {mine}\n" if mine != wanted else ""
    return Trial(other.task, one.task.reference + alias, tests_of(other.task), LIMITS)


def _parted(members: Sequence[Member], mutual: set[tuple[int, int]], sandbox: Sandbox) -> dict[tuple[int, int], str]:
    """Pair -> a question of other tasks on which the two references part, with both answers; "" where there is none."""
    pairs = sorted(mutual)
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for member in members:
        groups[member.shape] += [text for text, _ in member.arguments]
    asked = [sorted(dict.fromkeys(groups[members[one].shape]), key=len)[:MORE] for one, _ in pairs]
    answers = [_answers([members[pair[at]] for pair in pairs], asked, sandbox) for at in (0, 1)]
    found = {}
    for pair, texts, one, other in zip(pairs, asked, *answers, strict=True):
        differing = (item for item in zip(texts, one, other, strict=True) if not _alike(*item[1:]))
        found[pair] = next((f"{text} gives {brief(a)[:40]} and {brief(b)[:40]}" for text, a, b in differing), "")
    return found


def _alike(one: Any, other: Any) -> bool:
    """Where one of the two has no answer, what it was asked is none of its business."""
    return one is NOTHING or other is NOTHING or _right(one, other)


def _told(
    members: Sequence[Member], solved: set[tuple[int, int]], parted: Mapping[tuple[int, int], str]
) -> tuple[Found, Found]:
    defects: Found = defaultdict(list)
    remarks: Found = defaultdict(list)
    for one, other in sorted(solved):
        first, second = members[one], members[other]
        name = label(first.where, first.task)
        if second.where:
            continue
        part = parted.get((one, other))
        if part is None or (part and not _same_words(first.task, second.task)):
            remarks[second.task.task_id].append(Finding(name="another reference passes", detail=f"that of {name}"))
        elif part and (first.where or one < other):
            defects[second.task.task_id].append(
                Finding(name="references differ", detail=f"{name} asks the same: {part}")
            )
        elif first.where or one < other:
            defects[second.task.task_id].append(
                Finding(name="same behaviour", detail=f"each passes with the reference of the other: {name}")
            )
    return defects, remarks


def _same_words(one: Task, other: Task) -> bool:
    """Whether two prompts differ in nothing but looks."""
    words = [re.findall(r"\w+", task.facts.prompt.casefold()) for task in (one, other)]
    return words[0] == words[1]
