"""Programs against exam puzzles: what a function without arguments answers is put to every `sat` it fits, in one run.

It says which pairs are judged in full, and decides nothing.
"""

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from etude.judges.rules.annotations import matches
from etude.leaks.asking import LIMITS, WITHIN, Inquiry, Round, Subject
from etude.leaks.papers import Paper
from etude.programs.parse import parse
from etude.protocols import Sandbox
from etude.records import Answer, Job

if TYPE_CHECKING:
    from etude.leaks.finding import Pair

SOLVING, SECONDS = 3.0, 0.5
"""Processor seconds of one answer, and of one `sat` of it."""
GIVEN = "answer_of_the_program"
LARGEST = 20_000_000
CHECK = """import copy as _copy
_space = {{"__name__": "exam"}}
exec({puzzle!r}, _space)
assert _within_time_of_exam({seconds}, lambda: _space["sat"](_copy.deepcopy({given}))) is True
"""


def proving(
    pairs: Sequence["Pair"], papers: Sequence[Paper], subjects: Sequence[Subject], sandbox: Sandbox, bare: set[int]
) -> tuple[list["Pair"], list[int]]:
    """The pairs of puzzles whose `sat` seems to hold of the way's answer; and the subjects of ways too slow to answer.

    Args:
        pairs: Ways with papers of any kind; those of puzzles are looked at.
        subjects: The programs.
        bare: As in `Round`.
    """
    kinds = {number: _annotation(item.tests.puzzle) for number, item in enumerate(papers) if item.tests.puzzle}
    groups: dict[tuple[int, str], list[Pair]] = {}
    for pair in pairs:
        if pair.paper in kinds:
            groups.setdefault((pair.subject, pair.way.expression), []).append(pair)
    asking = Round(subjects, sandbox, SOLVING, bare)
    answers = asking.answers([Inquiry(subject, "", f"{expression}()") for subject, expression in groups])
    asked = [(_fitting(own, kinds, answer), answer) for own, answer in zip(groups.values(), answers, strict=True)]
    told = [(own, answer) for own, answer in asked if own and isinstance(answer, Answer)]
    runs = sandbox.run([_job([papers[pair.paper] for pair in own], answer.value) for own, answer in told])
    found = []
    for (own, _), run in zip(told, runs, strict=True):
        said = [item.passed for item in run.checks]
        # what a broken-off run did not get to is judged in full
        found += [pair for at, pair in enumerate(own) if at >= len(said) or said[at] is not False]
    late = [subject for (subject, _), answer in zip(groups, answers, strict=True) if answer in ("slow", "unknown")]
    return found, late


def _fitting(own: Sequence["Pair"], kinds: dict[int, ast.expr | None], answer: Answer | str) -> list["Pair"]:
    if isinstance(answer, str) or answer.fault or answer.opaque:
        return []
    return [pair for pair in own if (kind := kinds[pair.paper]) is not None and matches(answer.value, kind)]


def _job(papers: Sequence[Paper], value: Any) -> Job:
    checks = tuple(CHECK.format(puzzle=item.tests.puzzle, seconds=SECONDS, given=GIVEN) for item in papers)
    return Job(source="", checks=checks, context=WITHIN, given={GIVEN: value}, limits=LIMITS)


def _annotation(puzzle: str) -> ast.expr | None:
    """The declared type of an answer."""
    tree = parse(puzzle, LARGEST)
    found = [node for node in (tree.body if tree else []) if isinstance(node, ast.FunctionDef) and node.name == "sat"]
    parameters = [*found[-1].args.posonlyargs, *found[-1].args.args] if found else []
    return parameters[0].annotation if parameters else None
