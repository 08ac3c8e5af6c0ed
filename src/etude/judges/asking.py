"""How an assertion is asked: what the program's process must evaluate, what is compared outside, and how.

    assert L == R        L is asked in the program's process, R never goes there; compared outside
    assert f(x)          f(x) is asked, its truth is taken outside; likewise `not f(x)`, `f(x) is None`
    anything else        runs as it stands in a second jail, with the program's functions as remote calls
"""

import ast
import builtins
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from etude.judges.comparing import equal
from etude.programs.parse import free_names, parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One assertion, taken apart.

    Attributes:
        way: `outside` (compare with `expected`), `computed` (compare with what `right` gives in a jail of its own), or
            `check` (run the whole assertion in the second jail).
        left: The expression that the program's process evaluates.
        right: The expression of the expected value, where it is no literal.
        holds: (actual, expected) -> whether the assertion holds.
        names: For `check`: the names that are the program's.
    """

    text: str
    way: Literal["outside", "computed", "check"]
    left: str = ""
    right: str = ""
    expected: Any = None
    holds: Callable[[Any, Any], bool] = equal
    names: tuple[str, ...] = ()


def ask_of(text: str) -> Ask:
    """The way to ask one assertion; what cannot be taken apart is a `check`."""
    tree = parse(text)
    if tree is None or len(tree.body) != 1 or not isinstance(tree.body[0], ast.Assert):
        return _check(text)
    test = tree.body[0].test
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return _comparison(text, test)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) and isinstance(test.operand, ast.Call):
        return Ask(text=text, way="outside", left=ast.unparse(test.operand), expected=False, holds=_truth)
    if isinstance(test, ast.Call) and _is_foreign(test.func):
        return Ask(text=text, way="outside", left=ast.unparse(test), expected=True, holds=_truth)
    return _check(text)


def _comparison(text: str, test: ast.Compare) -> Ask:
    left, right = test.left, test.comparators[0]
    operator = test.ops[0]
    if isinstance(operator, ast.Is) and isinstance(right, ast.Constant) and right.value in (None, True, False):
        return Ask(text=text, way="outside", left=ast.unparse(left), expected=right.value, holds=_identical)
    if not isinstance(operator, ast.Eq | ast.NotEq):
        return _check(text)
    if _literal(left)[0] and not _literal(right)[0]:
        left, right = right, left
    holds = equal if isinstance(operator, ast.Eq) else _differs
    known, value = _literal(right)
    if known:
        return Ask(text=text, way="outside", left=ast.unparse(left), expected=value, holds=holds)
    if not _foreign_names(ast.unparse(right)):
        return Ask(text=text, way="computed", left=ast.unparse(left), right=ast.unparse(right), holds=holds)
    return _check(text)


def _literal(node: ast.expr) -> tuple[bool, Any]:
    try:
        return True, ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False, None


def _is_foreign(function: ast.expr) -> bool:
    """Whether a call is to the program itself, not to a builtin such as `isinstance` or `all`."""
    return isinstance(function, ast.Name) and not hasattr(builtins, function.id)


def _foreign_names(text: str) -> tuple[str, ...]:
    """The names in a piece of test code that only the program can mean."""
    return tuple(name for name in sorted(free_names(text)) if name not in sys.stdlib_module_names)


def _check(text: str) -> Ask:
    return Ask(text=text, way="check", names=_foreign_names(text))


def imports_for(text: str) -> str:
    """Imports of the standard modules that a piece of test code names without importing them."""
    return "".join(f"import {name}\n" for name in sorted(free_names(text)) if name in sys.stdlib_module_names)


def _truth(actual: Any, expected: Any) -> bool:
    return bool(actual) is expected


def _identical(actual: Any, expected: Any) -> bool:
    return actual is expected


def _differs(actual: Any, expected: Any) -> bool:
    return not equal(actual, expected)
