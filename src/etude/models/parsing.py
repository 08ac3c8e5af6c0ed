"""Does this text compile, and how much of it? The tests that reading a reply rests on.

Programs are parsed and compiled, never run. Compiling says more than parsing: `return` outside a function, the usual
sign of lost indentation, is only found there.
"""

import ast
import re
import threading
import warnings
from collections.abc import Sequence

WORK = 1_500_000
"""Characters that the search for a compiling prefix may read in all (about a second)."""

_FILTERS = threading.Lock()  # the warning filters are the process's: two threads may not swap them at once


def compiled(text: str) -> ast.Module | None:
    """The syntax tree of a program that compiles, else None."""
    tree, _ = _compile(text)
    return tree


def longest_program(text: str) -> tuple[str, ast.Module] | None:
    """The longest run of lines from the start that compiles, with its tree; None where there is no such line.

    Each failed compilation names a line that cannot be part of the result, so few steps are needed.
    """
    lines = text.split("\n")
    keep, work = len(lines), 0
    while keep > 0 and work <= WORK:
        part = "\n".join(lines[:keep])
        work += len(part) + 200
        tree, line = _compile(part)
        if tree is not None:
            return part, tree
        keep = min(keep - 1, line - 1) if line > 0 else keep - 1
    return None


def definition(tree: ast.Module | None, name: str) -> ast.stmt | None:
    """The last top-level statement that binds `name` (def, class, assignment or import), or None."""
    body = tree.body if tree is not None else []
    return next((statement for statement in reversed(body) if name in bound(statement)), None)


def bound(statement: ast.stmt) -> set[str]:
    """The names that a top-level statement binds, as far as its text tells."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return {(alias.asname or alias.name).split(".")[0] for alias in statement.names}
    stores = (node for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    return {node.id for node in stores}


def is_code(tree: ast.Module | None) -> bool:
    """Whether a tree does anything: prose of one word per line compiles too, as a row of bare names."""
    return tree is not None and statements(tree.body) > 0


def statements(body: Sequence[ast.stmt]) -> int:
    """How many statements do something: a docstring, `...` or a bare name does not."""
    bare = (ast.Name, ast.Constant, ast.Attribute, ast.Tuple)
    return sum(not (isinstance(item, ast.Expr) and isinstance(item.value, bare)) for item in body)


def header_line(text: str, name: str, start: int = 0) -> int:
    """The line number (from 0) of the first top-level `def name` at or after `start`, or -1."""
    pattern = re.compile(rf"(?:async[ \t]+)?def[ \t]+{re.escape(name)}[ \t]*[(\[]")
    lines = text.split("\n")
    return next((place for place in range(start, len(lines)) if pattern.match(lines[place])), -1)


def _compile(text: str) -> tuple[ast.Module | None, int]:
    """The tree, or None and the number of the first line found wrong (0 where unknown)."""
    try:
        with _FILTERS, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
            compile(tree, "<program>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return None, error.lineno or 0
    except (ValueError, RecursionError, MemoryError, OverflowError):  # NUL, lone surrogates, absurd nesting
        return None, 0
    return tree, 0
