"""A small evaluator of Python expressions over plain values: it decides assertions outside every program's process.

It walks a syntax tree and never hands code to Python's own `eval`, for tests may be written by a model. It knows the
operators, comparisons, displays, comprehensions and pure built-in functions that tests are made of, with exactly
Python's meaning; what it does not know, or what would take long, is a `BeyondError`, never a guess.
"""

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from etude.judges.rules.plain_operations import (
    COMPARISONS,
    CONSUMERS,
    FUNCTIONS,
    LAZY,
    MAPPINGS,
    MATHS,
    METHODS,
    NAMED,
    OPERATORS,
    TYPES,
    UNARY,
    VIEWS,
    BeyondError,
    Meter,
    apply,
    call_method,
    iterated,
    spread,
)

SINGLETONS: tuple[type, ...] = (type(None), bool, type)
"""Types of values that `is` may be asked about."""

Names = Mapping[str, Any]


class Recorded(ast.expr):
    """In an expression, the place of the program's `number`-th answer."""

    _fields = ("number",)

    def __init__(self, number: int = 0) -> None:
        super().__init__()
        self.number = number


def evaluate(node: ast.expr, answers: Sequence[Any], meter: Meter, names: Names | None = None) -> Any:
    """The value of an expression.

    Args:
        node: The expression; `Recorded` nodes stand for answers, `Constant` nodes may hold any plain value.
        answers: Plain values, by number.
        meter: What the evaluation may cost.
        names: Values of variables; other names are Python's built-in ones.

    Raises:
        BeyondError: The expression holds something that is not known here, or costs too much.
        Exception: As Python raises it: `TypeError`, `IndexError`, `ZeroDivisionError` and the like.
    """
    return _Evaluation(answers, meter).value(node, names or {})


def loop_items(node: ast.expr, meter: Meter) -> list[Any]:
    """The items that `for ... in node` goes through; it raises as `evaluate` does."""
    return iterated(_Evaluation((), meter).rows(node, {}))


def knows(node: ast.expr) -> bool:
    """Whether an expression has no form, name, function or method that is not known here, whatever the values are."""
    inner = {item.id for item in ast.walk(node) if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store)}
    return all(_knows(item, inner) for item in ast.walk(node))


def _knows(node: ast.AST, inner: set[str]) -> bool:
    if isinstance(node, ast.Call):
        return _knows_call(node)
    if isinstance(node, ast.Name):
        return node.id in inner or node.id in TYPES or node.id in FUNCTIONS or node.id in LAZY or node.id == "math"
    if isinstance(node, ast.Attribute):
        return node.attr in METHODS or node.attr in VIEWS or _is_math(node, {})
    if isinstance(node, ast.Compare) and any(isinstance(kind, ast.Is | ast.IsNot) for kind in node.ops):
        return any(_is_single(side) for side in (node.left, *node.comparators))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant):
        return not isinstance(node.left.value, str | bytes)
    return isinstance(node, (*HANDLERS, *PARTS))


def _knows_call(node: ast.Call) -> bool:
    if isinstance(node.func, ast.Name):
        name = node.func.id
        known = name in FUNCTIONS or (name in LAZY and not node.keywords)
    else:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        known = callable(MATHS.get(name)) or (name in (*METHODS, *VIEWS) and not node.keywords)
    return known and all((name, item.arg) in NAMED for item in node.keywords)


def _is_single(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return type(node.value) in SINGLETONS
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "type"


class _Evaluation:
    """One evaluation: the answers and the meter that all its parts share."""

    def __init__(self, answers: Sequence[Any], meter: Meter) -> None:
        self.answers, self.meter = answers, meter

    def value(self, node: ast.expr, names: Names) -> Any:
        handler = HANDLERS.get(type(node))
        if handler is None:
            raise BeyondError(f"the form {type(node).__name__}")
        return self.meter.weigh(handler(self, node, names))

    def recorded(self, node: Recorded, names: Names) -> Any:
        return self.answers[node.number]

    def constant(self, node: ast.Constant, names: Names) -> Any:
        return node.value

    def name(self, node: ast.Name, names: Names) -> Any:
        if node.id in names:
            return names[node.id]
        if node.id in TYPES:
            return TYPES[node.id]
        raise BeyondError(f"the name {node.id}")

    def attribute(self, node: ast.Attribute, names: Names) -> Any:
        if _is_math(node, names) and isinstance(MATHS.get(node.attr), float):
            return MATHS[node.attr]
        raise BeyondError(f"the attribute {node.attr}")

    def row(self, node: ast.List | ast.Tuple | ast.Set, names: Names) -> Any:
        items = [self.value(item, names) for item in node.elts]
        if isinstance(node, ast.Set):
            return set(spread(items))
        return items if isinstance(node, ast.List) else tuple(items)

    def mapping(self, node: ast.Dict, names: Names) -> Any:
        keys = [self.value(key, names) for key in node.keys if key is not None]
        if len(keys) != len(node.values):
            raise BeyondError("a dictionary with **")
        return dict(zip(spread(keys), (self.value(item, names) for item in node.values), strict=True))

    def unary(self, node: ast.UnaryOp, names: Names) -> Any:
        return UNARY[type(node.op)](self.value(node.operand, names))

    def binary(self, node: ast.BinOp, names: Names) -> Any:
        return apply(type(node.op), self.value(node.left, names), self.value(node.right, names))

    def either(self, node: ast.BoolOp, names: Names) -> Any:
        found: Any = None
        for part in node.values:
            found = self.value(part, names)
            if bool(found) is isinstance(node.op, ast.Or):
                return found
        return found

    def choice(self, node: ast.IfExp, names: Names) -> Any:
        return self.value(node.body if self.value(node.test, names) else node.orelse, names)

    def comparison(self, node: ast.Compare, names: Names) -> Any:
        left, found = self.value(node.left, names), None
        for kind, side in zip(node.ops, node.comparators, strict=True):
            right = self.value(side, names)
            if isinstance(kind, ast.Is | ast.IsNot) and not {type(left), type(right)} & set(SINGLETONS):
                raise BeyondError("identity")
            found = COMPARISONS[type(kind)](left, right)
            if not found:
                return found
            left = right
        return found

    def item(self, node: ast.Subscript, names: Names) -> Any:
        row, place = self.value(node.value, names), node.slice
        if isinstance(place, ast.Slice):
            parts = [self.value(part, names) if part else None for part in (place.lower, place.upper, place.step)]
            return row[slice(*parts)]
        if isinstance(row, type):
            raise BeyondError("a generic type")
        return row[self.value(place, names)]

    def call(self, node: ast.Call, names: Names) -> Any:
        function, named = node.func, {str(item.arg): item.value for item in node.keywords}
        if isinstance(function, ast.Attribute) and not _is_math(function, names) and not named:
            item = self.value(function.value, names)
            return call_method(item, function.attr, [self.value(part, names) for part in node.args])
        name = _function_name(function, names)
        if isinstance(function, ast.Name) and name in ("all", "any") and _is_generator(node):
            return self.quantified(name, node.args[0], names)
        known = FUNCTIONS.get(name) if isinstance(function, ast.Name) else MATHS.get(name)
        if not callable(known) or any((name, key) not in NAMED for key in named):
            raise BeyondError(f"a call of {name}")
        read = self.rows if name in CONSUMERS and len(node.args) == 1 else self.value
        given = [read(item, names) for item in node.args]
        return known(*given, **{key: self.value(item, names) for key, item in named.items()})

    def quantified(self, name: str, node: Any, names: Names) -> bool:
        """`all` or `any` of a generator, which is gone through no further than needed."""
        for inner in self.each(node.generators, names):
            if bool(self.value(node.elt, inner)) is (name == "any"):
                return name == "any"
        return name == "all"

    def rows(self, node: ast.expr, names: Names) -> Any:
        """The value of an expression that is only gone through, to its end: a list in place of an iterator."""
        if isinstance(node, ast.GeneratorExp):
            return [self.value(node.elt, inner) for inner in self.each(node.generators, names)]
        if not isinstance(node, ast.Call) or node.keywords:
            return self.value(node, names)
        if isinstance(node.func, ast.Attribute) and node.func.attr in VIEWS and not node.args:
            item = self.value(node.func.value, names)
            return list(getattr(item, node.func.attr)()) if type(item) in MAPPINGS else call_method(item, "", [])
        if isinstance(node.func, ast.Name) and node.func.id in LAZY and node.func.id not in names:
            return list(LAZY[node.func.id](*(self.lazy(item, names) for item in node.args)))
        return self.value(node, names)

    def lazy(self, node: ast.expr, names: Names) -> Any:
        return self.value(node, names) if isinstance(node, ast.GeneratorExp) else self.rows(node, names)

    def gathered(self, node: ast.ListComp | ast.SetComp, names: Names) -> Any:
        found = [self.value(node.elt, inner) for inner in self.each(node.generators, names)]
        return set(spread(found)) if isinstance(node, ast.SetComp) else found

    def gathered_mapping(self, node: ast.DictComp, names: Names) -> Any:
        pairs = [
            (self.value(node.key, inner), self.value(node.value, inner)) for inner in self.each(node.generators, names)
        ]
        spread(key for key, _ in pairs)
        return dict(pairs)

    def each(self, loops: Sequence[ast.comprehension], names: Names) -> Iterator[Names]:
        if not loops:
            yield names
            return
        for item in iterated(self.rows(loops[0].iter, names)):
            self.meter.spend()
            inner = {**names, **bound(loops[0].target, item)}
            if all(self.value(test, inner) for test in loops[0].ifs):
                yield from self.each(loops[1:], inner)


def _function_name(function: ast.expr, names: Names) -> str:
    if isinstance(function, ast.Name) and function.id not in names:
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else ""


def _is_generator(node: ast.Call) -> bool:
    return len(node.args) == 1 and not node.keywords and isinstance(node.args[0], ast.GeneratorExp)


def _is_math(node: ast.Attribute, names: Names) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == "math" and "math" not in names


def bound(target: ast.expr, value: Any) -> dict[str, Any]:
    """The variables that an assignment of a value to a target binds.

    Raises:
        BeyondError: The target is no name and no row of names.
        ValueError: The value has another number of items.
    """
    if isinstance(target, ast.Name):
        return {target.id: value}
    if not isinstance(target, ast.Tuple | ast.List) or any(isinstance(part, ast.Starred) for part in target.elts):
        raise BeyondError("an unusual target")
    found: dict[str, Any] = {}
    for part, item in zip(target.elts, iterated(value), strict=True):
        found |= bound(part, item)
    return found


HANDLERS: dict[type[ast.AST], Callable[[_Evaluation, Any, Names], Any]] = {
    Recorded: _Evaluation.recorded, ast.Constant: _Evaluation.constant, ast.Name: _Evaluation.name,
    ast.Attribute: _Evaluation.attribute, ast.List: _Evaluation.row, ast.Tuple: _Evaluation.row,
    ast.Set: _Evaluation.row, ast.Dict: _Evaluation.mapping, ast.UnaryOp: _Evaluation.unary,
    ast.BinOp: _Evaluation.binary, ast.BoolOp: _Evaluation.either, ast.IfExp: _Evaluation.choice,
    ast.Compare: _Evaluation.comparison, ast.Subscript: _Evaluation.item, ast.Call: _Evaluation.call,
    ast.ListComp: _Evaluation.gathered, ast.SetComp: _Evaluation.gathered,
    ast.DictComp: _Evaluation.gathered_mapping,
}  # fmt: skip

PARTS = (
    ast.GeneratorExp, ast.Slice, ast.comprehension, ast.keyword, ast.expr_context, ast.boolop, ast.cmpop, ast.unaryop,
    *OPERATORS,
)  # fmt: skip
"""Parts of expressions that are read with the expression they are in."""
