"""The mistakes that mutants have: for a node of a syntax tree, the nodes that could stand there by mistake.

An operator gives new nodes and leaves the old one, and its parent, as they are. What it gives need not compile.
"""

import ast
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any

Operator = Callable[[ast.AST, ast.AST], Iterator[ast.AST]]
"""From a node and its parent to the nodes that may take its place."""

COMPARED: Mapping[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
}  # fmt: skip
COMPUTED: Mapping[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub, ast.Mult), ast.Sub: (ast.Add,), ast.Mult: (ast.Add, ast.FloorDiv), ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Div, ast.Mod), ast.Mod: (ast.FloorDiv, ast.Add), ast.Pow: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,), ast.BitOr: (ast.BitAnd,), ast.BitXor: (ast.BitOr,), ast.LShift: (ast.RShift,),
    ast.RShift: (ast.LShift,),
}  # fmt: skip
TWINS = (
    ("min", "max"), ("any", "all"), ("ceil", "floor"), ("lower", "upper"), ("lstrip", "rstrip"), ("append", "extend"),
    ("startswith", "endswith"), ("find", "rfind"), ("islower", "isupper"), ("isalpha", "isalnum"),
    ("union", "intersection"), ("keys", "values"), ("int", "round"), ("list", "set"),
)  # fmt: skip
TWIN = {name: other for pair in TWINS for name, other in (pair, pair[::-1])}
SIMPLE = (ast.Expr, ast.Assign, ast.AugAssign, ast.Break, ast.Continue, ast.Delete, ast.Raise)


def comparison(node: ast.AST, parent: ast.AST) -> Iterator[ast.AST]:
    """`<` for `<=`, `==` for `!=`, `in` for `not in`."""
    for number, operator in enumerate(node.ops if isinstance(node, ast.Compare) else ()):
        for other in COMPARED[type(operator)]:
            changed: Any = deepcopy(node)
            changed.ops[number] = other()
            yield changed


def arithmetic(node: ast.AST, parent: ast.AST) -> Iterator[ast.AST]:
    """`+` for `-`, `//` for `/`."""
    if isinstance(node, ast.BinOp | ast.AugAssign):
        for other in COMPUTED.get(type(node.op), ()):
            changed = deepcopy(node)
            changed.op = other()
            yield changed
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield node.operand


def boundary(node: ast.AST, parent: ast.AST) -> Iterator[ast.AST]:
    """One more or one less: whole numbers, sides of `<`, arguments of `range`, places in a row."""
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield from (ast.Constant(node.value + step) for step in (1, -1))
    elif isinstance(node, ast.expr) and _bounds(node, parent):
        yield ast.BinOp(node, ast.Add(), ast.Constant(1))
        yield ast.BinOp(node, ast.Sub(), ast.Constant(1))


def _bounds(node: ast.expr, parent: ast.AST) -> bool:
    if isinstance(parent, ast.Call):
        return isinstance(parent.func, ast.Name) and parent.func.id == "range" and node in parent.args
    if isinstance(parent, ast.Compare):
        return node is parent.comparators[0] and isinstance(parent.ops[0], ast.Lt | ast.LtE | ast.Gt | ast.GtE)
    return isinstance(parent, ast.Slice) and node in (parent.lower, parent.upper)


def boolean(node: ast.AST, parent: ast.AST) -> Iterator[ast.AST]:
    """`and` for `or`, one part of several left out, `not` left out."""
    if isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.And() if isinstance(node.op, ast.Or) else ast.Or(), node.values)
        for number in range(len(node.values)):
            rest = [*node.values[:number], *node.values[number + 1 :]]
            yield ast.BoolOp(node.op, rest) if len(rest) > 1 else rest[0]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand


def constant(node: ast.AST, parent: ast.AST) -> Iterator[ast.AST]:
    """Another constant of the same type."""
    if not isinstance(node, ast.Constant):
        return
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int) and value not in (-1, 0, 1):
        yield ast.Constant(0)
    elif isinstance(value, float):
        yield from (ast.Constant(value + 1.0), ast.Constant(value * 1.01))
    elif isinstance(value, str):
        yield ast.Constant(value + "?" if value else "?")
        yield from [ast.Constant("")] if value else []


def returned(node: ast.AST, parent: ast.AST) -> Iterator[ast.AST]:
    """Nothing returned, or the opposite of a truth value."""
    if isinstance(node, ast.Return) and node.value is not None:
        if not (isinstance(node.value, ast.Constant) and node.value.value is None):
            yield ast.Return(ast.Constant(None))
        if isinstance(node.value, ast.Compare | ast.BoolOp):
            yield ast.Return(ast.UnaryOp(ast.Not(), node.value))


def sliced(node: ast.AST, parent: ast.AST) -> Iterator[ast.AST]:
    """A slice without its beginning, its end or its step."""
    if isinstance(node, ast.Slice):
        for field in ("lower", "upper", "step"):
            if getattr(node, field) is not None:
                changed = deepcopy(node)
                setattr(changed, field, None)
                yield changed


def argument_order(node: ast.AST, parent: ast.AST) -> Iterator[ast.AST]:
    """Two arguments next to each other, swapped."""
    if isinstance(node, ast.Call) and not any(isinstance(item, ast.Starred) for item in node.args):
        for number in range(len(node.args) - 1):
            changed = deepcopy(node)
            changed.args[number : number + 2] = reversed(changed.args[number : number + 2])
            yield changed


def dropped(node: ast.AST, parent: ast.AST) -> Iterator[ast.AST]:
    """A statement left out."""
    if isinstance(node, SIMPLE):
        yield ast.Pass()
    if isinstance(node, ast.If) and node.orelse:
        yield ast.If(node.test, node.body, [])


def negated(node: ast.AST, parent: ast.AST) -> Iterator[ast.AST]:
    """The opposite condition, or none."""
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        changed = deepcopy(node)
        changed.test = ast.UnaryOp(ast.Not(), changed.test)
        yield changed
    if isinstance(node, ast.If | ast.IfExp):
        for value in (True, False):
            fixed = deepcopy(node)
            fixed.test = ast.Constant(value)
            yield fixed
    if isinstance(node, ast.comprehension) and node.ifs:
        bare = deepcopy(node)
        bare.ifs = []
        yield bare


def swapped(node: ast.AST, parent: ast.AST) -> Iterator[ast.AST]:
    """The branches of a condition in each other's place, and the sides of `-` and `/`."""
    if isinstance(node, ast.IfExp):
        yield ast.IfExp(node.test, node.orelse, node.body)
    if isinstance(node, ast.If) and node.orelse:
        yield ast.If(node.test, node.orelse, node.body)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub | ast.Div | ast.FloorDiv | ast.Mod | ast.Pow):
        yield ast.BinOp(node.right, node.op, node.left)


def loop(node: ast.AST, parent: ast.AST) -> Iterator[ast.AST]:
    """A loop that ends too early or goes on too long."""
    if isinstance(node, ast.For | ast.While) and not isinstance(node.body[-1], ast.Break | ast.Return):
        changed = deepcopy(node)
        changed.body = [*changed.body, ast.Break()]
        yield changed
    if isinstance(node, ast.Break):
        yield ast.Continue()
    if isinstance(node, ast.Continue):
        yield ast.Break()


def function(node: ast.AST, parent: ast.AST) -> Iterator[ast.AST]:
    """Another function or method of the same kind, such as `max` for `min`; `sorted` and `abs` left out."""
    if not isinstance(node, ast.Call):
        return
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    if other := TWIN.get(name):
        changed = deepcopy(node)
        setattr(changed.func, "id" if isinstance(changed.func, ast.Name) else "attr", other)
        yield changed
    if name in ("sorted", "abs", "reversed", "round", "strip") and isinstance(node.func, ast.Name) and node.args:
        yield node.args[0]


OPERATORS: Mapping[str, Operator] = {
    "comparison": comparison,
    "arithmetic": arithmetic,
    "boundary": boundary,
    "boolean": boolean,
    "constant": constant,
    "return value": returned,
    "slice": sliced,
    "argument order": argument_order,
    "dropped statement": dropped,
    "negated condition": negated,
    "swapped branches": swapped,
    "loop": loop,
    "function": function,
}
