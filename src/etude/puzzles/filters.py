"""Which proposals are puzzles: stages, one after another, and the reason of every reject.

Text is looked at here; what has to be run is run by the sandbox and read here (`Probe`). No default argument, and
nothing else that a model wrote, is evaluated in this process. The stages follow Haluptzok et al. 2023 (arXiv
2207.14502); behaviour and held-out puzzles are looked at as well.
"""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from etude.programs.normalise import normalised
from etude.programs.parse import UNREADABLE, free_names, parse
from etude.puzzles.instance import IMPORTS
from etude.puzzles.question import read_question
from etude.puzzles.reading import is_answer_type
from etude.puzzles.trivial import trivial_answers
from etude.records import Call, Json, Outcome, TaskView, Tests

Reason = Literal[
    "parses",
    "signature",
    "type",
    "forbidden",
    "unbound",
    "unused",
    "repeated",
    "held out",
    "near held out",
    "does not run",
    "slow",
    "raises",
    "trivial",
    "same behaviour",
    "held-out behaviour",
    "over the limit",
    "unjudged",
]
REASONS: tuple[Reason, ...] = Reason.__args__  # type: ignore[attr-defined]
"""Every reason of a reject, in the order of the stages."""
LONGEST = 5_000  # characters of a proposal
MODULES = frozenset({"collections", "copy", "functools", "hashlib", "itertools", "math", "re", "string", "typing"})
"""What a puzzle may import: nothing that is different tomorrow."""
FORBIDDEN = frozenset({
    "breakpoint", "compile", "delattr", "dir", "eval", "exec", "exit", "getattr", "globals", "hash", "help", "id",
    "input", "locals", "memoryview", "open", "print", "quit", "setattr", "vars",
})  # fmt: skip
"""Names that no puzzle needs; what begins with two underscores is forbidden as well."""
BROKEN = ("NameError", "UnboundLocalError", "TypeError", "AttributeError", "SyntaxError", "ImportError")
"""Exceptions that speak of the puzzle rather than of the value it was asked about, where every value raises one."""
WORDS = re.compile(r"\w+|[^\w\s]")
GRAM = 3


def text_fault(puzzle: str, *, lenient: bool = False) -> Reason | None:
    """The first thing wrong with the text of a proposal, or None.

    Args:
        lenient: Leave out the type and whether the answer is used, as the released filter does for some proposals.
    """
    tree = parse(puzzle) if len(puzzle) <= LONGEST else None
    body = tree.body if tree else []
    if len(body) != 1 or not isinstance(body[0], ast.FunctionDef) or body[0].name != "sat" or not _returns(body[0]):
        return "parses"
    sat = body[0]
    if sat.decorator_list or _unusual(sat.args):
        return "signature"
    if not (_has_type(sat) or (lenient and sat.args.args[0].annotation)):
        return "type"
    if _forbidden(sat):
        return "forbidden"
    if free_names(f"{IMPORTS}{puzzle}"):
        return "unbound"
    if not lenient and not _used(sat):
        return "unused"
    return None if read_question(puzzle) else "type"


def _returns(sat: ast.FunctionDef) -> bool:
    return any(isinstance(node, ast.Return) and node.value is not None for node in ast.walk(sat))


def _unusual(arguments: ast.arguments) -> bool:
    """Whether there is anything but one answer without a default and inputs that all have one."""
    star = arguments.posonlyargs or arguments.vararg or arguments.kwonlyargs or arguments.kwarg
    return bool(star) or len(arguments.args) < 1 or len(arguments.defaults) != len(arguments.args) - 1


def _has_type(sat: ast.FunctionDef) -> bool:
    """Whether the answer's type is one that a puzzle may ask for; of a bare bool one of two guesses is right."""
    kind = sat.args.args[0].annotation
    return kind is not None and is_answer_type(kind) and ast.unparse(kind) != "bool"


def _forbidden(sat: ast.FunctionDef) -> bool:
    """Whether a name is used that no puzzle needs; words in a text do not count."""
    for node in ast.walk(sat):
        if isinstance(node, ast.Name) and (node.id in FORBIDDEN or node.id.startswith("__")):
            return True
        if isinstance(node, ast.Attribute) and node.attr.startswith("__"):
            return True
        if isinstance(node, ast.Import) and any(item.name.split(".")[0] not in MODULES for item in node.names):
            return True
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] not in MODULES:
            return True
        if isinstance(node, ast.Global | ast.Nonlocal | ast.AsyncFunctionDef | ast.ClassDef | ast.Await | ast.Yield):
            return True
    return False


def _used(sat: ast.FunctionDef) -> bool:
    answer = sat.args.args[0].arg
    names = (node for statement in sat.body for node in ast.walk(statement) if isinstance(node, ast.Name))
    return any(node.id == answer and isinstance(node.ctx, ast.Load) for node in names)


def shape(puzzle: str) -> str:
    """The normal form of a puzzle: equal for puzzles that differ in looks only."""
    return normalised(puzzle)


def skeleton(puzzle: str) -> str:
    """The normal form without constants: equal for puzzles of one kind."""
    tree = parse(normalised_names(puzzle))
    if tree is None:
        return puzzle
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            node.value = "s" if isinstance(node.value, str) else 0  # a formatted text is made of texts
    try:
        return ast.unparse(tree)
    except UNREADABLE:
        return puzzle


def normalised_names(puzzle: str) -> str:
    """The normal form with names that Python can read again."""
    return re.sub(r"\$(\d+)", r"_\1", normalised(puzzle))


def grams(puzzle: str) -> frozenset[tuple[str, ...]]:
    """The runs of three words and signs in the normal form of a puzzle."""
    words = WORDS.findall(normalised_names(puzzle))
    return frozenset(tuple(words[place : place + GRAM]) for place in range(max(1, len(words) - GRAM + 1)))


def likeness(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    """The share of runs that two puzzles have in common, 0 to 1."""
    return len(one & other) / len(one | other) if one or other else 1.0


def body_runs(program: str) -> frozenset[tuple[str, ...]]:
    """The runs of three words and signs in what follows a program's first line, whatever its names are."""
    words = WORDS.findall(re.sub(r"\b_\d+\b", "_", normalised_names(program).partition("\n")[2]))
    return frozenset(tuple(words[place : place + GRAM]) for place in range(len(words) - GRAM + 1))


def contained(own: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    """The share of one program's runs that stand in another, 0 to 1; 0 for a program that has none."""
    return len(own & other) / len(own) if own else 0.0


@dataclass(frozen=True, slots=True)
class Probe:
    """The values that every puzzle of one answer type is asked about.

    Attributes:
        kind: The type, such as `List[int]`.
        trivial: The first so many values are trivial answers.
    """

    kind: str
    values: tuple[Json, ...]
    trivial: int

    @property
    def view(self) -> TaskView:
        """The questions as shown tests of a program that defines `sat`."""
        calls = tuple(Call(args=(value,), expected=True) for value in self.values)
        return TaskView(
            task_id=f"probe {self.kind}", kind="puzzle", prompt="", entry_point="sat", shown=Tests(calls=calls)
        )


def probe(kind: str, trivial: Mapping[str, Sequence[Json]] | None, others: Sequence[Json], most: int) -> Probe:
    """The probe of a type: trivial answers, then the usual ones of the type, then others, no value twice.

    Args:
        trivial: Type -> answers that count as trivial; None takes those of `etude.puzzles.trivial`.
        others: Known answers of other puzzles.
        most: At most so many values (never fewer than the trivial ones).
    """
    usual = list(trivial_answers(kind))
    first = _once(usual if trivial is None else trivial.get(kind, ()))
    values = _once([*first, *others, *usual])
    return Probe(kind, tuple(values[: max(most, len(first))]), len(first))


def _once(values: Sequence[Json]) -> list[Json]:
    return list({repr(value): value for value in values}.values())


@dataclass(frozen=True, slots=True)
class Seen:
    """What a puzzle said to its probe: which values it accepted, and what is wrong with it so far."""

    accepted: tuple[int, ...]
    fault: Reason | None

    def behaviour(self, kind: str) -> str:
        """The same text for puzzles that accept the same values; "" where none was accepted, which tells nothing."""
        return f"{kind}: {','.join(map(str, self.accepted))}" if self.accepted else ""


def seen(outcome: Outcome) -> Seen:
    """What the sandbox's outcome says of a puzzle."""
    answered = [result for result in outcome.results if result.passed is not None]
    accepted = tuple(place for place, result in enumerate(outcome.results) if result.passed)
    if outcome.status == "unavailable":
        return Seen((), "unjudged")
    if outcome.status == "timeout":
        return Seen(accepted, "slow" if answered else "does not run")
    if answered and all(result.fault and result.fault.type in BROKEN for result in answered):
        return Seen(accepted, "raises")
    return Seen(accepted, None if answered else "does not run")
