"""Expressions of a test, split into what the program is asked and what is left to be decided about its answers.

A call of the program becomes an ask where its arguments are known before anything runs. An ask holds such arguments and
nothing else of the test, so it tells the program nothing of what is expected, and nothing of it decides: a comparison,
a condition, a loop stay outside. What is known already is computed here, once, by our own evaluator.
"""

import ast
import builtins
import sys
from collections import ChainMap
from collections.abc import Callable, Sequence
from copy import deepcopy
from enum import Enum
from typing import Any, NamedTuple

from etude.judges.rules.plain_evaluation import Recorded, bound, evaluate, knows, loop_items
from etude.judges.rules.plain_operations import CONSUMERS, BeyondError, Meter
from etude.judges.rules.writing import written
from etude.programs.parse import free_names

LONGEST = 20_000
SHOWN = 1_000
WRONG = (ArithmeticError, LookupError, TypeError, ValueError, AttributeError)
"""What an expression of a test may raise by its own fault."""

DECIDING = (ast.Compare, ast.BoolOp, ast.IfExp, ast.Not, ast.comprehension, ast.Lambda, ast.NamedExpr, ast.Await)
"""What decides must not run where an `__eq__` or a `__bool__` of the program can answer for it."""
UNPACKED = CONSUMERS - {"dict"}
"""Functions that may be given an iterator: it is gone through in the program's process, where it is."""


class ProxyError(Exception):
    """The test cannot be taken apart."""


class BrokenTestError(Exception):
    """The test raises by itself: it says nothing about any program."""


class Program(NamedTuple):
    """A function of the program, under its name there."""

    name: str


class Function(NamedTuple):
    """A function of the test."""

    parameters: tuple[str, ...]
    body: tuple[ast.stmt, ...]


class Held(NamedTuple):
    """Something that is bound and may not be used, such as a module."""

    what: str


class When(Enum):
    """Whether an expression is evaluated: needed for the test to pass, always, or only sometimes."""

    NEEDED = 2
    ALWAYS = 1
    SOMETIMES = 0


Thing = Program | Function | Held | ast.expr


class Asking:
    """The variables of a test while it is read, and the asks found so far.

    Args:
        entry_point: The judged function.
        free: Whether names that nothing binds are the program's.
    """

    def __init__(self, entry_point: str, free: bool) -> None:
        self.free, self.asks, self.meter = free, list[str](), Meter()
        self.names: ChainMap[str, Thing] = ChainMap({})
        if free and entry_point.isidentifier():
            self.names[entry_point] = Program(entry_point)

    def thing(self, node: ast.expr) -> Program | Function | None:
        """The function that a name stands for."""
        found = self.names.get(node.id) if isinstance(node, ast.Name) else None
        return found if isinstance(found, Program | Function) else None

    def resolved(self, node: ast.expr, when: When = When.ALWAYS) -> ast.expr:
        """The expression over recorded answers: a `Constant` where nothing of the program is in it.

        Raises:
            ProxyError: It cannot be taken apart.
            BeyondError: It cannot be evaluated here.
            BrokenTestError: It raises, whatever the program does.
        """
        if not self._concerns(node):
            return self._known(node, when)
        found = self._asked(node, when)
        if found is None:
            maker = MAKERS.get(type(node))
            if maker is None:
                raise ProxyError(f"the form {type(node).__name__}")
            found = maker(self, node, when)
        if not isinstance(found, Recorded) and not knows(found):
            raise ProxyError("an expression that cannot be evaluated here")
        return found

    def loop(self, node: ast.expr, items: Callable[[ast.expr, Meter], list[Any]]) -> list[Any]:
        """What a loop of the test goes through.

        Raises:
            ProxyError: It depends on the program.
            BrokenTestError: It is nothing to go through.
        """
        if self._concerns(node):
            raise ProxyError("a loop over an answer")
        try:
            return items(self._put(node), self.meter)
        except WRONG as error:
            raise BrokenTestError(f"{type(error).__name__}: {error}") from None

    def shown(self, node: ast.AST) -> str:
        """The text of a statement with the values of its variables, for people."""
        return ast.unparse(self._put(node, LONGEST // 100))[:SHOWN]

    def _concerns(self, node: ast.AST) -> bool:
        """Whether there is something of the program in a piece of test."""
        inner = {item.id for item in ast.walk(node) if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store)}
        inner |= {item.arg for item in ast.walk(node) if isinstance(item, ast.arg)}
        if inner & self.names.keys():
            raise ProxyError("a variable that hides another")
        modules = {id(item.value) for item in ast.walk(node) if isinstance(item, ast.Attribute)}
        return any(
            self._is_program(item, id(item) in modules)
            for item in ast.walk(node)
            if isinstance(item, ast.Name) and item.id not in inner
        )

    def _is_program(self, node: ast.Name, has_attribute: bool) -> bool:
        if node.id in self.names:
            return not isinstance(self.names[node.id], ast.Constant | Held)
        foreign = hasattr(builtins, node.id) or (has_attribute and node.id in sys.stdlib_module_names)
        return self.free and not foreign

    def _known(self, node: ast.expr, when: When) -> ast.expr:
        put = self._put(node)
        try:
            return ast.Constant(evaluate(put, (), self.meter))
        except WRONG as error:
            if when is When.SOMETIMES:
                kept: ast.expr = put
                return kept
            raise BrokenTestError(f"{type(error).__name__}: {error}") from None

    def _put(self, node: Any, longest: int = 0) -> Any:
        """A copy with the values of known variables in their place."""
        return _Put(self.names, longest).visit(deepcopy(node))

    def _asked(self, node: ast.expr, when: When) -> ast.expr | None:
        """The place of the answer where all of an expression is asked, or None."""
        if isinstance(node, ast.Name) and isinstance(found := self.names.get(node.id), ast.expr):
            return found
        text = self._text(node)
        return None if text is None else self._record(text, when)

    def _record(self, text: str, when: When) -> ast.expr:
        if when is When.SOMETIMES:
            raise ProxyError("a call that may or may not be made")
        self.asks.append(text)
        return Recorded(number=len(self.asks) - 1)

    def _text(self, node: ast.expr) -> str | None:
        """What the program's process is asked, if the expression does no more than fetch a value from there."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and self._calls(node.func):
            given = [self._argument(item) for item in node.args]
            named = [f"{item.arg}={self._argument(item.value)}" if item.arg else None for item in node.keywords]
            if None in named:
                raise ProxyError("arguments by **")
            return f"{node.func.id if self.free else self._name(node.func)}({', '.join([*given, *map(str, named)])})"
        if not self.free or any(isinstance(part, DECIDING) for part in ast.walk(node)) or not self._fetches(node):
            return None
        return ast.unparse(node)

    def _name(self, node: ast.Name) -> str:
        found = self.names[node.id]
        return found.name if isinstance(found, Program) else ""

    def _calls(self, node: ast.Name) -> bool:
        if node.id in self.names:
            return isinstance(self.names[node.id], Program)
        return self.free and not hasattr(builtins, node.id)

    def _fetches(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Name):
            return node.id not in self.names and not hasattr(builtins, node.id)
        if isinstance(node, ast.Attribute):
            return self._fetches(node.value)
        if isinstance(node, ast.Subscript):
            return self._fetches(node.value) and not self._concerns(node.slice)
        return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and self._calls(node.func)

    def _argument(self, node: ast.expr) -> str:
        """An argument as text: its value, or its own words where it has no value outside the program's process."""
        if isinstance(node, ast.Starred):
            return f"*{self._argument(node.value)}"
        if self._concerns(node):
            inner = self._text(node)
            if inner is None and (not self.free or any(isinstance(part, DECIDING) for part in ast.walk(node))):
                raise ProxyError("an argument that depends on the program")
            return inner or ast.unparse(node)
        try:
            known = self._known(node, When.ALWAYS)
            text = written(known.value, LONGEST) if isinstance(known, ast.Constant) else None
        except BeyondError:
            text = None
        if text is not None:
            return text
        words = ast.unparse(node)
        if free_names(words) or any(isinstance(part, ast.Name) and part.id in self.names for part in ast.walk(node)):
            raise ProxyError("an argument that cannot be written down")
        return words

    def each(self, nodes: Sequence[ast.expr], when: When, later: When) -> list[ast.expr]:
        """The expressions resolved; all but the first are evaluated at `later`."""
        return [self.resolved(node, later if at else when) for at, node in enumerate(nodes)]

    def either(self, node: ast.BoolOp, when: When) -> ast.expr:
        needed = when is When.NEEDED and isinstance(node.op, ast.And)
        return ast.BoolOp(node.op, self.each(node.values, *((when, when) if needed else (_less(when), When.SOMETIMES))))

    def compared(self, node: ast.Compare, when: When) -> ast.expr:
        left, first = self.resolved(node.left, _less(when)), self.resolved(node.comparators[0], _less(when))
        later = _less(when) if when is When.NEEDED else When.SOMETIMES
        rest = [self.resolved(item, later) for item in node.comparators[1:]]
        return ast.Compare(left, node.ops, [first, *rest])

    def chosen(self, node: ast.IfExp, when: When) -> ast.expr:
        parts = self.each([node.test, node.body, node.orelse], _less(when), When.SOMETIMES)
        return ast.IfExp(*parts)

    def unary(self, node: ast.UnaryOp, when: When) -> ast.expr:
        return ast.UnaryOp(node.op, self.resolved(node.operand, _less(when)))

    def binary(self, node: ast.BinOp, when: When) -> ast.expr:
        left, right = self.each([node.left, node.right], _less(when), _less(when))
        return ast.BinOp(left, node.op, right)

    def row(self, node: Any, when: When) -> ast.expr:
        made: ast.expr = type(node)(self.each(node.elts, _less(when), _less(when)), ast.Load())
        return made

    def mapping(self, node: ast.Dict, when: When) -> ast.expr:
        pairs = [item for pair in zip(node.keys, node.values, strict=True) for item in pair]
        if None in pairs:
            raise ProxyError("a dictionary with **")
        found = self.each([item for item in pairs if item], _less(when), _less(when))
        return ast.Dict(list(found[::2]), found[1::2])

    def item(self, node: ast.Subscript, when: When) -> ast.expr:
        row = self.resolved(node.value, _less(when))
        if self._concerns(node.slice):
            raise ProxyError("a place that depends on the program")
        return ast.Subscript(row, self._put(node.slice), ast.Load())

    def called(self, node: ast.Call, when: When) -> ast.expr:
        """A call of a pure function of Python, or of a method, with something of the program among its arguments."""
        function = node.func
        if isinstance(function, ast.Attribute) and self._concerns(function):
            function = ast.Attribute(self.resolved(function.value, _less(when)), function.attr, ast.Load())
        name = function.id if isinstance(function, ast.Name) and function.id not in self.names else ""
        given = [self._given(name, item, when) for item in node.args]
        named = [ast.keyword(item.arg, self.resolved(item.value, _less(when))) for item in node.keywords]
        return ast.Call(function, given, named)

    def _given(self, name: str, node: ast.expr, when: When) -> ast.expr:
        if name in UNPACKED and (text := self._unpacked(node)):
            return self._record(text, when)
        if isinstance(node, ast.GeneratorExp) and (name in CONSUMERS or name in ("all", "any")):
            whole = name in CONSUMERS or (name == "all" and when is When.NEEDED)
            return self.gathered(node, when if whole else When.SOMETIMES)
        return self.resolved(node, _less(when))

    def _unpacked(self, node: ast.expr) -> str | None:
        """An ask for all that a call's result gives when it is gone through: a generator's items, for one."""
        calls = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and self._calls(node.func)
        return f"[*{self._text(node)}]" if calls else None

    def gathered(self, node: Any, when: When) -> ast.expr:
        """A comprehension over an answer, or one that asks once for each of some known items: then it is a row."""
        loop = node.generators[0]
        if len(node.generators) > 1 or loop.is_async:
            raise ProxyError("a comprehension in two loops")
        if not self._concerns(loop.iter):
            return self._unrolled(node, loop, when)
        text = (
            self._unpacked(loop.iter) if not isinstance(node, ast.GeneratorExp) or when is not When.SOMETIMES else None
        )
        rows = self._record(text, when) if text else self.resolved(loop.iter, When.ALWAYS)
        if any(self._concerns(part) for part in (node.elt, *loop.ifs)):
            raise ProxyError("a comprehension that asks for each answer")
        inner = ast.comprehension(loop.target, rows, [self._put(item) for item in loop.ifs], 0)
        made: ast.expr = type(node)(self._put(node.elt), [inner])
        return made

    def _unrolled(self, node: Any, loop: ast.comprehension, when: When) -> ast.expr:
        found = []
        for item in self.loop(loop.iter, loop_items):
            outer, self.names = self.names, self.names.new_child()
            for name, value in bound(loop.target, item).items():
                self.names[name] = ast.Constant(value)
            tests = [self.resolved(test) for test in loop.ifs]
            if not all(isinstance(test, ast.Constant) for test in tests):
                raise ProxyError("a condition on an answer")
            if all(isinstance(test, ast.Constant) and test.value for test in tests):
                found.append(self.resolved(node.elt, _less(when)))
            self.names = outer
        return ast.Set(found) if isinstance(node, ast.SetComp) else ast.List(found, ast.Load())


def _less(when: When) -> When:
    return When.ALWAYS if when is When.NEEDED else when


class _Put(ast.NodeTransformer):
    """Puts values in the place of variables, in a copy of a tree."""

    def __init__(self, names: ChainMap[str, Thing], longest: int) -> None:
        self.names, self.longest = names, longest

    def visit_Name(self, node: ast.Name) -> ast.AST:
        found = self.names.get(node.id)
        if not self.longest:
            if isinstance(found, ast.expr) and isinstance(node.ctx, ast.Load):
                return found
            if found is not None:
                raise ProxyError(f"a use of {node.id}")
            return node
        if isinstance(found, Program):
            return ast.Name(found.name, node.ctx)
        if isinstance(found, ast.Constant) and (text := _short(found.value, self.longest)):
            return ast.Name(text, node.ctx)
        return node


def _short(value: Any, longest: int) -> str | None:
    try:
        return written(value, longest)
    except BeyondError:
        return None


MAKERS: dict[type[ast.AST], Callable[[Asking, Any, When], ast.expr]] = {
    ast.BoolOp: Asking.either, ast.Compare: Asking.compared, ast.IfExp: Asking.chosen, ast.UnaryOp: Asking.unary,
    ast.BinOp: Asking.binary, ast.List: Asking.row, ast.Tuple: Asking.row, ast.Dict: Asking.mapping,
    ast.Subscript: Asking.item, ast.Call: Asking.called, ast.ListComp: Asking.gathered, ast.SetComp: Asking.gathered,
}  # fmt: skip
