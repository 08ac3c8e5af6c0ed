"""The constants of a puzzle, moved to what an answer gives: the text work of hindsight puzzles.

A puzzle that ends in one `return` of conditions joined by `and` can be moved. Of the conditions that fail:

- `side == literal`: the literal becomes the value of the side, which must have the same type;
- `side < literal`, `<=`, `>`, `>=` over whole numbers: the bound moves as little as it takes;
- an input in the place of the literal: its default is moved, where the body reads it nowhere else.

Conditions that hold stay as they are. Any other condition that fails (`in`, `!=`, a method, a bound on floats) leaves
the puzzle out. What conditions and sides are for an answer is asked in a sandbox (`probe`): nothing is evaluated here.
"""

import ast
import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from etude.programs.parse import parse
from etude.records import Call, Json, TaskView, Tests

ORDER: dict[type[ast.cmpop], int] = {ast.Lt: 1, ast.LtE: 0, ast.Gt: -1, ast.GtE: 0}
"""How far beyond the value of the other side a bound on the right must lie."""
NEITHER = "\0 neither true nor false \0"
PROBE = "_sides"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a puzzle: `side OP literal`, where the literal is a constant or an input.

    Attributes:
        text: The whole condition.
        side: What is compared; "" where the condition is of no form that can be moved.
        literal: The constant as it stands in the text, or the name of the input.
        left: The literal stands on the left.
    """

    text: str
    side: str = ""
    literal: str = ""
    operator: type[ast.cmpop] = ast.Eq
    left: bool = False


@dataclass(frozen=True, slots=True)
class Readable:
    """A puzzle that ends in one `return` of conditions joined by `and`."""

    sat: ast.FunctionDef
    conditions: tuple[Condition, ...]


def read_puzzle(puzzle: str) -> Readable | None:
    """The conditions of a puzzle, or None where it has another form.

    Args:
        puzzle: The bare source of `sat`.
    """
    tree = parse(puzzle)
    sat = tree.body[0] if tree and len(tree.body) == 1 else None
    if not isinstance(sat, ast.FunctionDef) or not sat.args.args:
        return None
    if ast.get_docstring(sat):
        sat.body = sat.body[1:]  # words would speak of the old constants
    returns = [node for node in ast.walk(sat) if isinstance(node, ast.Return)]
    last = sat.body[-1] if sat.body else None
    if not isinstance(last, ast.Return) or last.value is None or len(returns) != 1:
        return None
    joined = isinstance(last.value, ast.BoolOp) and isinstance(last.value.op, ast.And)
    parts: list[ast.expr] = last.value.values if joined else [last.value]  # type: ignore[attr-defined]
    return Readable(sat, tuple(_condition(part, sat) for part in parts))


def _condition(node: ast.expr, sat: ast.FunctionDef) -> Condition:
    text = ast.unparse(node)
    if not isinstance(node, ast.Compare) or len(node.ops) != 1:
        return Condition(text)
    left, right = node.left, node.comparators[0]
    if type(node.ops[0]) not in (ast.Eq, *ORDER):
        return Condition(text)
    for literal, side, at_left in ((right, left, False), (left, right, True)):
        if _movable(literal, sat) and not _is_literal(side):
            return Condition(text, ast.unparse(side), ast.unparse(literal), type(node.ops[0]), at_left)
    return Condition(text)


def _movable(node: ast.expr, sat: ast.FunctionDef) -> bool:
    """Whether a side is a constant, or an input with a literal default that the body reads only here."""
    if not isinstance(node, ast.Name):
        return _is_literal(node)
    reads = [item for item in _names(sat) if item.id == node.id]
    return node.id in _defaults(sat) and len(reads) == 1


def _names(sat: ast.FunctionDef) -> list[ast.Name]:
    return [node for statement in sat.body for node in ast.walk(statement) if isinstance(node, ast.Name)]


def _defaults(sat: ast.FunctionDef) -> dict[str, int]:
    """Input -> its place among the defaults, for those whose default is a literal."""
    names = [item.arg for item in sat.args.args[len(sat.args.args) - len(sat.args.defaults) :]]
    return {name: place for place, name in enumerate(names) if _is_literal(sat.args.defaults[place])}


def _is_literal(node: ast.expr) -> bool:
    if isinstance(node, ast.List):
        return all(map(_is_literal, node.elts))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return isinstance(node.operand, ast.Constant)
    return isinstance(node, ast.Constant)


def probe(readable: Readable, value: Json) -> tuple[TaskView, str]:
    """A program and questions whose answers are what each condition, and each side, is for a value.

    Every question is asked alone, so that one that raises does not hide the others. What comes back, condition by
    condition, is whether it holds and then the value of its side.
    """
    names = ", ".join(f"lambda: {text}" for item in readable.conditions for text in _questions(item))
    sat = copy.deepcopy(readable.sat)
    sat.name = PROBE
    sat.args.args.insert(0, ast.arg(arg="_place"))
    sat.body[-1] = ast.parse(f"def f():\n    return [{names}][_place]()").body[0].body[0]  # type: ignore[attr-defined]
    places = range(2 * len(readable.conditions))
    calls = tuple(Call(args=(place, value), expected=NEITHER) for place in places)
    view = TaskView(task_id="", kind="instruct", prompt="", entry_point=PROBE, shown=Tests(calls=calls))
    return view, f"from typing import List\n\n\n{ast.unparse(ast.fix_missing_locations(sat))}\n"


def _questions(item: Condition) -> tuple[str, str]:
    return f"({item.text}) is True", f"({item.side or item.text})"


def moved(readable: Readable, answers: Sequence[Any]) -> str:
    """The changed puzzle, or "" where it cannot be changed by the rules or nothing failed.

    Args:
        answers: Whether each condition holds, and the value of its side, alternating; None for what raised.
    """
    sat = copy.deepcopy(readable.sat)
    texts = [item.text for item in readable.conditions]
    changed = False
    for place, item in enumerate(readable.conditions):
        holds, actual = answers[2 * place : 2 * place + 2]
        if holds is True:
            continue
        literal = _new_literal(item, actual, _old_literal(item, sat)) if holds is False else ""
        if not literal:
            return ""
        changed = True
        if item.literal in _defaults(sat):
            sat.args.defaults[_defaults(sat)[item.literal]] = _expression(literal)
        else:
            texts[place] = _joined(item, literal)
    sat.body[-1] = ast.Return(ast.Name(PROBE))
    head = ast.unparse(ast.fix_missing_locations(sat)).removesuffix(PROBE)
    # `unparse` would put the third condition and all after it into brackets
    return f"{head}{' and '.join(texts)}" if changed else ""


def _old_literal(item: Condition, sat: ast.FunctionDef) -> Any:
    places = _defaults(sat)
    if item.literal in places:
        return ast.literal_eval(sat.args.defaults[places[item.literal]])
    return ast.literal_eval(item.literal) if item.literal else None


def _new_literal(item: Condition, actual: Any, old: Any) -> str:
    """The constant that makes a condition true, as text; "" where no rule gives one."""
    if not item.side or type(actual) is not type(old):
        return ""
    if item.operator is ast.Eq:
        return repr(actual)
    if type(actual) is not int:
        return ""
    beyond = ORDER[item.operator]
    return repr(actual - beyond if item.left else actual + beyond)


_SIGNS: dict[type[ast.cmpop], str] = {ast.Eq: "==", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}


def _joined(item: Condition, literal: str) -> str:
    first, second = (literal, item.side) if item.left else (item.side, literal)
    return ast.unparse(_expression(f"({first}) {_SIGNS[item.operator]} ({second})"))


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body
