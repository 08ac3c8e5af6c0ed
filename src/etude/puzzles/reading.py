"""The source of a puzzle family, read as text: its checker and its solutions, with other inputs as defaults.

Nothing of a family's checker or solutions is run here. Comments are not kept: they might tell the answer.
"""

import ast
import copy
import inspect
import json
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from etude.errors import InputError
from etude.programs.parse import free_names
from etude.puzzles.instance import IMPORTS
from etude.records import Json

SCALARS = ("bool", "int", "float", "str")


@dataclass(frozen=True, slots=True)
class Checker:
    """A family's `sat`, read: its tree without docstring, the answer's type, what it says in words, the example."""

    tree: ast.FunctionDef
    ans_type: str
    words: str
    example: Mapping[str, Json]


def read_checker(family: str, function: Callable[..., Any]) -> Checker:
    """The checker of a family.

    Raises:
        InputError: It has no readable source, its answer has no type that a puzzle may have, an input has no default,
            or it uses a name from outside.
    """
    tree = _tree(family, function)
    names = [item.arg for item in tree.args.args]
    if _unusual(tree.args) or not names or len(tree.args.defaults) != len(names) - 1:
        raise InputError(
            f"{family}.sat takes ({ast.unparse(tree.args)})",
            expected="the answer without a default, and plain inputs that all have one",
        )
    kind = tree.args.args[0].annotation
    if kind is None or not is_answer_type(kind):
        found = ast.unparse(kind) if kind else "nothing"
        raise InputError(
            f"{family}.sat annotates its answer with {found}",
            expected="bool, int, float, str, or List of those, nested",
        )
    example = dict(zip(names[1:], map(_literal(family), tree.args.defaults), strict=True))
    words = _take_words(tree)
    tree.returns = None
    for item in tree.args.args[1:]:
        item.annotation = None
    _alone(f"{family}.sat", tree)
    return Checker(
        tree, ast.unparse(kind), words, {name: checked(family, name, item) for name, item in example.items()}
    )


def read_solution(family: str, function: Callable[..., Any], inputs: tuple[str, ...]) -> str:
    """The indented body of a solution.

    Raises:
        InputError: It does not take exactly the inputs of `sat`, or uses a name from outside.
    """
    tree = _tree(family, function)
    names = tuple(item.arg for item in tree.args.args)
    if names != inputs or tree.args.defaults or _unusual(tree.args):
        raise InputError(
            f"{family}.{tree.name} takes ({ast.unparse(tree.args)})",
            expected=f"the inputs of sat without defaults: ({', '.join(inputs)})",
        )
    _take_words(tree)
    tree.returns = None
    _alone(f"{family}.{tree.name}", tree)
    return textwrap.indent("\n".join(ast.unparse(item) for item in tree.body), "    ")


def checker_source(checker: Checker, inputs: Mapping[str, Json]) -> str:
    """The source of `sat` with these inputs as defaults."""
    tree = copy.deepcopy(checker.tree)
    tree.args.defaults = [_as_tree(value) for value in inputs.values()]
    return ast.unparse(tree)


def solution_header(inputs: Mapping[str, Json]) -> str:
    """The line `def sol(...):` with these inputs as defaults."""
    return f"def sol({', '.join(f'{name}={value!r}' for name, value in inputs.items())}):"


def checked(family: str, name: str, value: Json) -> Json:
    """An input that is the same after a trip through JSON and through source.

    Raises:
        InputError: It is not, as a tuple, a set, NaN or an object.
    """
    try:
        if repr(json.loads(json.dumps(value, allow_nan=False))) == repr(value):
            return value
    except (TypeError, ValueError):
        pass
    raise InputError(
        f"{family}: input {name} is {value!r}"[:300], expected="bool, int, float, str, None, lists of those"
    )


def is_answer_type(kind: ast.expr) -> bool:
    """Whether an annotation is one that a puzzle's answer may have."""
    if isinstance(kind, ast.Subscript):
        return isinstance(kind.value, ast.Name) and kind.value.id in ("List", "list") and is_answer_type(kind.slice)
    return isinstance(kind, ast.Name) and kind.id in SCALARS


def _tree(family: str, function: Callable[..., Any]) -> ast.FunctionDef:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    except (OSError, TypeError, SyntaxError, IndexError) as error:
        raise InputError(
            f"{family}: the source of a function cannot be read: {error}", fix="write it in a file"
        ) from None
    if not isinstance(tree, ast.FunctionDef):
        raise InputError(
            f"{family}: a checker or solution is no plain function", expected="@staticmethod, def sat(...)"
        )
    tree.decorator_list = []
    return tree


def _unusual(arguments: ast.arguments) -> bool:
    return bool(arguments.posonlyargs or arguments.vararg or arguments.kwonlyargs or arguments.kwarg)


def _literal(family: str) -> Callable[[ast.expr], Json]:
    def read(node: ast.expr) -> Json:
        try:
            return ast.literal_eval(node)
        except ValueError:
            raise InputError(f"{family}.sat: the default {ast.unparse(node)} is no literal") from None

    return read


def _take_words(tree: ast.FunctionDef) -> str:
    """Takes the docstring out of a function and returns it as an indented docstring, or ""."""
    words = ast.get_docstring(tree)
    if words is None:
        return ""
    tree.body = tree.body[1:] or [ast.Pass()]
    return textwrap.indent(f'"""{words}"""', "    ")


def _alone(name: str, tree: ast.FunctionDef) -> None:
    """A record holds the function alone, so it may use nothing of the module around it.

    Raises:
        InputError: It does.
    """
    strange = sorted(free_names(f"{IMPORTS}{ast.unparse(tree)}"))
    if strange:
        raise InputError(f"{name} uses {', '.join(strange)} from outside", expected="imports and functions inside it")


def _as_tree(value: Json) -> ast.expr:
    return ast.parse(repr(value), mode="eval").body
