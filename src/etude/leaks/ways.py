"""The ways in which a program can be called: its functions, whatever their names, and what they take.

Read from the syntax tree; nothing runs. A way is an expression in the program's namespace: a function's name, a method
of a class that is made without arguments, what a function without parameters returns where that may be a function.
What cannot be told from the text (a decorated function, a `partial`) counts as taking anything.
"""

import ast
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from etude.programs.parse import parse

ANY = 1 << 30
MOST = 40
"""Ways of one program that are looked at."""
GROWING = frozenset({"append", "add", "update", "pop", "popitem", "setdefault", "extend", "insert", "clear", "remove"})
MUTABLE = (ast.List, ast.Dict, ast.Set)


class Shape(NamedTuple):
    """How a call hands over its arguments: so many by position, these by name."""

    positional: int
    names: frozenset[str] = frozenset()


class Way(NamedTuple):
    """One way to call a program.

    Attributes:
        expression: What is called, such as `solve` or `Solution().solve`.
        parameters: Names of the parameters that may be given by position, in order.
        least: How many of them have no default.
        most: How many arguments by position it takes.
        named: Parameters that are given by name only; `required` are those without a default.
        any_name: It takes any name.
        certain: The text says that it is a function; else it may be anything.
    """

    expression: str
    parameters: tuple[str, ...] = ()
    least: int = 0
    most: int = ANY
    named: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    any_name: bool = True
    certain: bool = False

    def takes(self, shape: Shape) -> bool:
        """Whether a call of this shape binds."""
        if shape.positional > self.most or not self.required <= shape.names:
            return False
        if not self.any_name and not shape.names <= {*self.parameters, *self.named}:
            return False
        return set(self.parameters[shape.positional : self.least]) <= shape.names


def ways(program: str) -> tuple[Way, ...]:
    """The ways to call a program, in the order of its text; none where it does not parse."""
    tree = parse(program)
    found: dict[str, Way] = {}
    for statement in _statements(tree.body if tree else []):
        for way in _of(statement):
            found[way.expression] = way  # a later definition replaces an earlier one
    return tuple(found.values())[:MOST]


def definitions(program: str) -> str:
    """The imports, functions, classes and plain assignments of a program, without what it does by itself."""
    tree = parse(program)
    kept = [item for item in (tree.body if tree else []) if _defines(item)]
    return ast.unparse(ast.Module(body=kept, type_ignores=[])) if kept else ""


def acts(program: str) -> bool:
    """Whether a program does something by itself, beside defining what can be called."""
    tree = parse(program)
    return any(not (_defines(item) or _is_text(item)) for item in (tree.body if tree else []))


def remembers(program: str) -> bool:
    """Whether one call of a program may change what the next one says: it grows something that outlives the call."""
    tree = parse(program)
    nodes = list(ast.walk(tree)) if tree else []
    if any(isinstance(node, ast.Global | ast.Nonlocal) for node in nodes):
        return True
    lasting = {name for item in (tree.body if tree else []) for name in _containers(item)}
    makers = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.Lambda)]
    inner = (item for node in makers for item in ast.walk(node))
    taken = [node for node in nodes if isinstance(node, ast.arguments)]
    defaults = (item for node in taken for item in (*node.defaults, *node.kw_defaults))
    return any(isinstance(item, MUTABLE) for item in defaults) or any(_grown(node) in lasting for node in inner)


def _statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        yield statement
        if isinstance(statement, ast.If | ast.Try | ast.With):
            yield from _statements(item for item in ast.iter_child_nodes(statement) if isinstance(item, ast.stmt))


def _of(statement: ast.stmt) -> Iterator[Way]:
    if isinstance(statement, ast.FunctionDef):
        yield _function(statement.name, statement.args, bool(statement.decorator_list))
        inner = (item for part in statement.body for item in ast.walk(part))
        nested = any(isinstance(item, ast.FunctionDef | ast.Lambda) for item in inner)
        if nested and _function("", statement.args, False).takes(Shape(0)):
            yield Way(f"{statement.name}()")
    elif isinstance(statement, ast.ClassDef):
        yield from _methods(statement)
    elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        name, value = statement.targets[0].id, statement.value
        if isinstance(value, ast.Lambda):
            yield _function(name, value.args, False)
        elif isinstance(value, ast.Name | ast.Call | ast.Attribute | ast.IfExp):
            yield Way(name)


def _function(expression: str, taken: ast.arguments, changed: bool) -> Way:
    if changed:
        return Way(expression)
    placed = [*taken.posonlyargs, *taken.args]
    required = [item.arg for item, default in zip(taken.kwonlyargs, taken.kw_defaults, strict=True) if default is None]
    return Way(
        expression,
        tuple(item.arg for item in placed),
        len(placed) - len(taken.defaults),
        ANY if taken.vararg else len(placed),
        frozenset(item.arg for item in taken.kwonlyargs),
        frozenset(required),
        taken.kwarg is not None,
        True,
    )


def _methods(statement: ast.ClassDef) -> Iterator[Way]:
    """Methods of a class that can be made without arguments."""
    methods = {item.name: item for item in statement.body if isinstance(item, ast.FunctionDef)}
    maker = methods.get("__init__")
    if maker and not _bound(maker).takes(Shape(0)):
        return
    for name, method in methods.items():
        if name == "__call__" or not name.startswith("__"):
            made = f"{statement.name}().{name}"
            yield Way(made) if method.decorator_list else _bound(method)._replace(expression=made)


def _bound(method: ast.FunctionDef) -> Way:
    """A method without its `self`."""
    way = _function("", method.args, False)
    return way._replace(
        parameters=way.parameters[1:], least=max(0, way.least - 1), most=way.most if way.most == ANY else way.most - 1
    )


def _defines(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom):
        return True
    reads = {"input", "open", "stdin", "argv"}
    words = (getattr(node, "id", getattr(node, "attr", "")) for node in ast.walk(statement))
    return isinstance(statement, ast.Assign | ast.AnnAssign) and reads.isdisjoint(words)


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _containers(statement: ast.stmt) -> Iterator[str]:
    """Names of the top level that hold something that can grow."""
    growing = (*MUTABLE, ast.Call, ast.BinOp, ast.ListComp, ast.DictComp, ast.SetComp)
    if isinstance(statement, ast.Assign | ast.AnnAssign) and isinstance(statement.value, growing):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        yield from (item.id for item in targets if isinstance(item, ast.Name))


def _grown(node: ast.AST) -> str:
    """The name of what a piece of code changes in place, or ""."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in GROWING:
        node = node.func
    elif not (isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load)):
        return ""
    return node.value.id if isinstance(node.value, ast.Name) else ""
