"""What a puzzle asks, read from the source of its `sat`: the answer's type, the inputs, and constants worth copying.

It reads text only. A puzzle that it cannot read has no question.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from etude.programs.parse import parse
from etude.puzzles.reading import is_answer_type

LARGEST = 2_000_000  # characters of a puzzle; some carry long lists
MOST_COPIES = 30
LONGEST_COPY = 200  # characters of a constant
LONG_NUMBER = re.compile(r"[0-9]{4000,}")  # Python refuses to read one in decimals; it is read as 0


@dataclass(frozen=True, slots=True)
class Question:
    """The typed parts of one puzzle.

    Attributes:
        answer: The type asked for, such as `List[int]`.
        inputs: Name -> type, for the inputs whose type is plain from their default.
        copies: (source, type) of the constants in the body of `sat`, each once.
        header: The line `def sol(...):` with the inputs as `sat` has them.
    """

    answer: str
    inputs: tuple[tuple[str, str], ...]
    copies: tuple[tuple[str, str], ...]
    header: str = "def sol():"


def read_question(puzzle: str) -> Question | None:
    """The question of a puzzle, or None where its `sat` cannot be read or its answer has another kind of type.

    Args:
        puzzle: Source that defines `sat`.
    """
    tree = parse(LONG_NUMBER.sub("0", puzzle), LARGEST)
    found = [node for node in (tree.body if tree else []) if isinstance(node, ast.FunctionDef) and node.name == "sat"]
    if not found or not found[-1].args.args:
        return None
    sat = found[-1]
    kind = sat.args.args[0].annotation
    if kind is None or not is_answer_type(kind):
        return None
    copies = dict.fromkeys(copy for statement in sat.body for copy in _constants(statement))
    answer = ast.unparse(kind).replace("list[", "List[")
    return Question(answer, tuple(_inputs(sat.args)), tuple(copies)[:MOST_COPIES], _header(sat.args))


def type_of(value: Any) -> str:
    """The type of a plain value in the words of an annotation, or "" where it is of no one type."""
    if type(value) in (bool, int, float, str):
        return type(value).__name__
    if type(value) is not list or not value:
        return ""
    kinds = {type_of(item) for item in value}
    [kind] = kinds if len(kinds) == 1 else [""]
    return f"List[{kind}]" if kind else ""


def element(kind: str) -> str:
    """The type of a list's items, or "" for what is no list."""
    return kind[5:-1] if kind.startswith("List[") else ""


def _header(arguments: ast.arguments) -> str:
    inputs = ast.arguments(
        posonlyargs=[], args=arguments.args[1:], kwonlyargs=[], kw_defaults=[], defaults=arguments.defaults
    )
    return f"def sol({ast.unparse(inputs)}):"


def _inputs(arguments: ast.arguments) -> Iterator[tuple[str, str]]:
    named = arguments.args[len(arguments.args) - len(arguments.defaults) :]
    for item, default in zip(named, arguments.defaults, strict=True):
        kind = ast.unparse(item.annotation).replace("list[", "List[") if item.annotation else _literal_type(default)
        if kind and is_answer_type(ast.parse(kind, mode="eval").body):
            yield item.arg, kind


def _literal_type(node: ast.expr) -> str:
    try:
        return type_of(ast.literal_eval(node))
    except (ValueError, TypeError):
        return ""


def _constants(statement: ast.stmt) -> Iterator[tuple[str, str]]:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return  # words about the puzzle
    for node in ast.walk(statement):
        if isinstance(node, ast.Constant | ast.List | ast.UnaryOp):
            kind = _literal_type(node)
            text = ast.unparse(node) if kind else ""
            if text and len(text) <= LONGEST_COPY:
                yield text, kind
