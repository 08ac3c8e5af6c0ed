"""Small questions about program text, answered from its syntax tree.

Nothing here runs a program. The text may be hostile: too long, nested too deep, not even text that can be encoded.
Then there is no tree, and every question has its empty answer.
"""

import ast
import builtins
import symtable
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import TypeVar

LARGEST = 100_000
"""Characters of a program that are looked at; a model's answer is a hundred times shorter."""

UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError)
"""What Python's own parser raises on text that is no program."""

Found = TypeVar("Found")
_FILTERS = threading.Lock()  # the warning filters are the process's: two threads may not swap them at once


def parse(program: str, largest: int = LARGEST) -> ast.Module | None:
    """The syntax tree of a program, or None where it has none (see `fault_in` for the reason)."""
    tree = _tree(program, largest)
    return tree if isinstance(tree, ast.Module) else None


def fault_in(program: str, largest: int = LARGEST) -> str:
    """Why a program has no syntax tree, such as `line 2: invalid syntax`, or "" where it has one."""
    tree = _tree(program, largest)
    return tree if isinstance(tree, str) else ""


def _tree(program: str, largest: int) -> ast.Module | str:
    if len(program) > largest:
        return f"longer than {largest} characters"
    try:
        return quietly(lambda: ast.parse(program))
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}" if error.lineno else str(error.msg)
    except UNREADABLE as error:
        return str(error) or "nested too deep"


def quietly(ask: Callable[[], Found]) -> Found:
    """What `ask` returns, without Python's remarks on the style of the program it reads."""
    with _FILTERS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ask()


def defined(program: str, largest: int = LARGEST) -> tuple[str, ...]:
    """The names that the top level of a program binds (functions, classes, imports, variables), in order."""
    tree = parse(program, largest)
    names = (name for statement in (tree.body if tree else []) for name in _bound(statement))
    return tuple(dict.fromkeys(names))


def defines(program: str, name: str, largest: int = LARGEST) -> bool:
    """Whether the top level of a program binds `name`."""
    return name in defined(program, largest)


def functions(program: str) -> tuple[str, ...]:
    """The functions that the top level of a program defines, in order."""
    tree = parse(program)
    body = tree.body if tree else []
    return tuple(item.name for item in body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef))


def _bound(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        yield from ((item.asname or item.name).split(".")[0] for item in statement.names)
    elif isinstance(statement, ast.If | ast.Try | ast.With | ast.For | ast.While):
        yield from (name for child in ast.iter_child_nodes(statement) for name in _inner(child))
    else:
        yield from _targets(statement)


def _inner(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.stmt):
        yield from _bound(node)
    elif isinstance(node, ast.ExceptHandler):
        yield from (name for child in node.body for name in _bound(child))
    else:
        yield from _targets(node)


def _targets(node: ast.AST) -> Iterator[str]:
    return (item.id for item in ast.walk(node) if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store))


def called(text: str, largest: int = LARGEST) -> tuple[str, ...]:
    """The plain names that a piece of code calls, each once, outermost first."""
    tree = parse(text, largest)
    calls = (item.func for item in (ast.walk(tree) if tree else ()) if isinstance(item, ast.Call))
    return tuple(dict.fromkeys(item.id for item in calls if isinstance(item, ast.Name)))


def free_names(program: str) -> frozenset[str]:
    """The names that a program reads without binding them, built-in ones left out."""
    if len(program) > LARGEST:
        return frozenset()
    try:
        table = quietly(lambda: symtable.symtable(program, "<program>", "exec"))
        bound = {item.get_name() for item in table.get_symbols() if _binds(item)}
        return frozenset(_read(table) - bound - set(dir(builtins)))
    except UNREADABLE:
        return frozenset()


def _binds(symbol: symtable.Symbol) -> bool:
    return symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()


def _read(table: symtable.SymbolTable) -> set[str]:
    top = table.get_type() == "module"
    names = {item.get_name() for item in table.get_symbols() if item.is_referenced() and (top or item.is_global())}
    return names.union(*(_read(child) for child in table.get_children()))


def continues(prompt: str, entry_point: str) -> bool:
    """Whether a prompt is code that stops inside `entry_point`, so that a model has only to write the body."""
    tree = parse(stub(prompt))
    last = tree.body[-1] if tree and tree.body else None
    return isinstance(last, ast.FunctionDef | ast.AsyncFunctionDef) and last.name == entry_point


def stub(prompt: str) -> str:
    """A prompt that stops inside a function, made a valid module with an empty body."""
    return prompt.rstrip() + "\n    pass\n"


def tidy(text: str) -> str:
    """Code as Python would lay it out, so that two spellings of one test are equal; other text is stripped."""
    tree = parse(text)
    try:
        return ast.unparse(tree) if tree else text.strip()
    except UNREADABLE:
        return text.strip()


def assertion_fault(text: str, largest: int = LARGEST) -> str:
    """Why a text is not one sound `assert` statement, or "".

    `assert f(x) == 1, 2` is Python, but its author meant a pair: the `2` is only the message of the assertion.
    """
    tree = parse(text, largest)
    if tree is None:
        return f"does not parse ({fault_in(text, largest)})"
    if len(tree.body) != 1 or not isinstance(tree.body[0], ast.Assert):
        return "is not one assert statement"
    message = tree.body[0].msg
    if message is None or isinstance(message, ast.JoinedStr | ast.Call | ast.BinOp):
        return ""
    words = isinstance(message, ast.Constant) and isinstance(message.value, str)
    return "" if words else "compares with the part before the comma only; what follows it is the message"
