"""Three views of one program: give its output, give an input, or write it from pairs of both.

Method: the deduction, abduction and induction tasks of Absolute Zero (arXiv 2505.03335). Deduction and abduction are
puzzles: the program stands inside `sat`, so that `sol` cannot call it, and any input that gives the output is right.
Induction is an ordinary function task: some pairs are shown, others decide. Only text is made here; what the program
gives for an input comes from a sandbox, and so does the word that a view holds.
"""

import ast
import builtins
import keyword
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Literal

from etude.programs.parse import UNREADABLE, defined, parse
from etude.puzzles.filters import text_fault
from etude.puzzles.proposing import Layout
from etude.puzzles.question import read_question, type_of
from etude.puzzles.trivial import FEW, trivial_answers
from etude.records import Call, Json, TaskView, Tests
from etude.tasks import Task

View = Literal["deduction", "abduction", "induction"]
VIEWS: tuple[View, ...] = ("deduction", "abduction", "induction")
Inputs = tuple[Json, ...]
LONGEST = 200  # characters of an input or an output that a prompt may show
NAMES = ("f", "g", "h", "solve")
"""Names for the function to be written: its own would tell what it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A program and what it may be asked.

    Attributes:
        task: Id of the task that it solves.
        open: Inputs that a prompt may show.
        kept: Inputs that only ever decide: those of hidden tests.
    """

    task: str
    program: str
    entry_point: str
    open: tuple[Inputs, ...]
    kept: tuple[Inputs, ...] = ()
    licence: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """Inputs and what the program gave for them."""

    inputs: Inputs
    output: Json


@dataclass(frozen=True, slots=True)
class Made:
    """One view of a program: its task with a reference, or the reason why there is none."""

    view: View
    task: Task | None
    fault: str = ""
    asked: tuple[Json, ...] = ()
    """Answers that must not solve it: guesses, and constants that its prompt holds."""


def inputs_of(tests: Tests, entry_point: str) -> list[Inputs]:
    """The plain inputs that tests call the entry point with, each once; other calls are left out."""
    found = [tuple(call.args) for call in tests.calls if not call.kwargs]
    trees = [tree for text in tests.assertions if (tree := parse(text.strip()))]
    for call in (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Name) and call.func.id == entry_point and not call.keywords:
            values = [_literal(item) for item in call.args]
            found += [tuple(values)] if None not in values else []
    usable = [item for item in found if item and all(plain(value) for value in item) and _short(item)]
    return list({repr(item): item for item in usable}.values())


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (*UNREADABLE, TypeError):
        return None


def plain(value: Any) -> bool:
    """Whether a value is JSON, exactly: no tuple, no set, no nan, no infinity, no key that is not a text."""
    if isinstance(value, list):
        return all(map(plain, value))
    if isinstance(value, dict):
        return all(type(key) is str for key in value) and all(map(plain, value.values()))
    return value is None or type(value) in (bool, int, str) or (type(value) is float and math.isfinite(value))


def _short(value: Any) -> bool:
    return len(repr(value)) <= LONGEST


def deduction(subject: Subject, pair: Pair) -> Made:
    """Given program and input, give the output."""
    names = _parameters(subject, len(pair.inputs))
    answer = _free("output", subject, names)
    inputs = dict(zip(names, pair.inputs, strict=True))
    claim = f"{answer} == {subject.entry_point}({', '.join(names)})"
    told = any(repr(pair.output) == repr(value) for value in pair.inputs)
    written = type(pair.output) is str and repr(pair.output) in map(repr, _constants(subject.program))
    if told or written:
        return Made("deduction", None, "trivial")
    return _puzzle("deduction", subject, answer, pair.output, inputs, claim)


def abduction(subject: Subject, pair: Pair, place: int) -> Made:
    """Given program, output and the other inputs, give the input at a place: any that leads to the output."""
    names = _parameters(subject, len(pair.inputs))
    answer, output = names[place], _free("output", subject, names)
    inputs = {name: value for name, value in zip(names, pair.inputs, strict=True) if name != answer}
    claim = f"{subject.entry_point}({', '.join(names)}) == {output}"
    made = _puzzle("abduction", subject, answer, pair.inputs[place], {**inputs, output: pair.output}, claim)
    return replace(made, asked=_guesses(made.task)) if made.task else made


def induction(subject: Subject, pairs: Sequence[Pair], shown: int) -> Made:
    """Given pairs and the signature, write the program: the first pairs are shown, the others decide.

    Args:
        pairs: Open ones first.
        shown: How many of them the prompt holds; the others are hidden.
    """
    if shown < 1 or len(pairs) <= shown:
        return Made("induction", None, "few pairs")
    if all(repr(pair.output) == repr(pair.inputs[0]) for pair in pairs):
        return Made("induction", None, "trivial")
    tree, name = parse(subject.program), _new_name(subject)
    function = _function(tree, subject.entry_point) if tree else None
    if tree is None or function is None:
        return Made("induction", None, "parses")
    program = ast.unparse(_bare(_Named(subject.entry_point, name).visit(tree))) + "\n"
    calls = tuple(Call(args=pair.inputs, expected=pair.output) for pair in pairs)
    lines = [f"# {name}({', '.join(map(repr, pair.inputs))}) == {pair.output!r}" for pair in pairs[:shown]]
    view = TaskView(
        task_id="",
        kind="complete",
        prompt="\n".join([*lines, f"def {name}({_signature(function)}):"]),
        entry_point=name,
        shown=Tests(calls=calls[:shown]),
    )
    hidden = Tests(calls=calls[shown:])
    return Made("induction", Task(facts=view, hidden=hidden, reference=program, licence=subject.licence))


def parted(subject: Subject, pairs: Sequence[Pair], dice: Random, most: int) -> tuple[list[Pair], list[Pair]]:
    """Pairs that prompts may show, and pairs that only decide.

    Inputs of hidden tests decide. Where there are none, one in three of the open pairs is kept back.
    """
    free = {repr(item) for item in subject.open}
    shown = [pair for pair in pairs if repr(pair.inputs) in free]
    hidden = [pair for pair in pairs if repr(pair.inputs) not in free]
    dice.shuffle(shown)
    if not hidden and len(shown) > 1:
        count = max(1, len(shown) // 3)
        shown, hidden = shown[count:], shown[:count]
    return shown[:most], hidden


def _puzzle(view: View, subject: Subject, answer: str, value: Json, inputs: dict[str, Json], claim: str) -> Made:
    """A puzzle whose `sat` holds the program, its inputs as defaults, and one claim."""
    tree = parse(subject.program)
    kind = type_of(value)
    if tree is None or not kind:
        return Made(view, None, "type" if tree else "parses")
    given = "".join(f", {name}={item!r}" for name, item in inputs.items())
    text = _around(tree, f"def sat({answer}: {kind}{given}):\n    return {claim}")
    fault = text_fault(text)
    if fault:
        return Made(view, None, fault)
    task = Layout(licence=subject.licence).task("", text, view)
    return Made(view, replace(task, reference=f"{task.facts.prompt}\n    return {value!r}\n"))


def program_fault(program: str) -> str:
    """Why a program is none whose answers are the same tomorrow, in the words of the filters of puzzles, or ""."""
    tree = parse(program)
    return (text_fault(_around(tree, "def sat(_x: int):\n    return _x == 0")) or "") if tree else "parses"


def _around(tree: ast.Module, checker: str) -> str:
    """The source of a checker with a program at its beginning."""
    sat = ast.parse(checker).body[0]
    assert isinstance(sat, ast.FunctionDef)
    sat.body = [*_bare(tree).body, *sat.body]
    return ast.unparse(sat)


def _guesses(task: Task) -> tuple[Json, ...]:
    """What somebody would try who does not read the program: easy values, and what the puzzle itself holds."""
    question = read_question(task.hidden.puzzle)
    assert question, "`text_fault` lets readable puzzles through only"
    easy = FEW.get(question.answer) or tuple(trivial_answers(question.answer))
    values = [*easy, *(value for value in _constants(task.hidden.puzzle) if type_of(value) == question.answer)]
    return tuple({repr(value): value for value in values}.values())


def _constants(text: str) -> list[Json]:
    """The plain values that stand in a text, lists among them."""
    tree = parse(text)
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Constant | ast.List | ast.UnaryOp)) if tree else ()
    return [value for node in nodes if plain(value := _literal(node)) and value is not None]


def _function(tree: ast.Module, name: str) -> ast.FunctionDef | None:
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    return found[-1] if found else None


def _parameters(subject: Subject, count: int) -> list[str]:
    """Names for the inputs: the function's own, where they are in nobody's way."""
    tree = parse(subject.program)
    function = _function(tree, subject.entry_point) if tree else None
    own = [item.arg for item in (*function.args.posonlyargs, *function.args.args)] if function else []
    names: list[str] = []
    for number in range(count):
        names.append(_free(own[number] if number < len(own) else f"x{number}", subject, names))
    return names


def _free(name: str, subject: Subject, taken: Sequence[str]) -> str:
    """The name, with as many underscores behind it as keep it apart from all others."""
    known = {*dir(builtins), *keyword.kwlist, *defined(subject.program), *taken, "sat", "sol"}
    while name in known:
        name += "_"
    return name


def _new_name(subject: Subject) -> str:
    if subject.entry_point in NAMES:
        return subject.entry_point
    tree = parse(subject.program)
    words = {getattr(node, name, "") for node in (ast.walk(tree) if tree else ()) for name in ("id", "arg", "name")}
    return next((name for name in NAMES if name not in words), subject.entry_point)


def _signature(function: ast.FunctionDef) -> str:
    """The parameters as they were written, without annotations: those may name what the prompt does not have."""
    bare = parse(f"def f({ast.unparse(function.args)}): pass")
    for node in ast.walk(bare) if bare else ():
        if isinstance(node, ast.arg):
            node.annotation = None
    assert bare
    assert isinstance(bare.body[0], ast.FunctionDef)
    return ast.unparse(bare.body[0].args)


def _bare(tree: ast.Module) -> ast.Module:
    """The tree without docstrings: words might tell an answer."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            kept = [item for item in body if not _is_words(item)]
            node.body = kept or [ast.Pass()]  # type: ignore[attr-defined]
    return tree


def _is_words(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


class _Named(ast.NodeTransformer):
    """Gives a function another name, where it is defined and wherever it is read."""

    def __init__(self, old: str, new: str) -> None:
        self._old, self._new = old, new

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self._new if node.id == self._old else node.id
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name = self._new if node.name == self._old else node.name
        return self.generic_visit(node)
