"""Tests, taken apart before any program runs: what is asked of the program, and what decides about its answers.

A test is read like a program whose calls of the judged function are not known yet. Each such call with known arguments
becomes an ask, a text that tells nothing of what is expected; what is left is an expression over the recorded answers.
Straight lines of assignments and assertions are taken apart, and loops over known rows. Whatever else there is, a
random number for one, leaves the whole test to the second jail. Nothing here runs a test's code.
"""

import ast
import sys
from collections import ChainMap
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from etude.judges.rules.asking import WRONG, Asking, BrokenTestError, Function, Held, Program, ProxyError, When
from etude.judges.rules.plain_evaluation import Recorded, bound, loop_items
from etude.judges.rules.plain_operations import BeyondError
from etude.programs.parse import UNREADABLE, parse
from etude.records import Tests

LARGEST = 1_000_000
MOST_ASKS = 500
DEEPEST = 5
STATEMENT = 25  # what reading a statement costs, in items looked at: loops may be nested
PLANS = 8192
"""Plans kept: those of all assertions of a task set such as MBPP, which are judged again and again."""

Tier = Literal["calls", "proxy"]


class Claim(NamedTuple):
    """One assertion over recorded answers.

    Attributes:
        text: The assertion, for people.
        test: What must be true; `Recorded` nodes number the plan's asks.
        needs: The numbers of its asks.
        certain: False for a statement that only must raise nothing.
    """

    text: str
    test: ast.expr
    needs: tuple[int, ...]
    certain: bool = True


class Apart(NamedTuple):
    """A test taken apart.

    Attributes:
        asks: Expressions for the program's process, in the order in which the test calls.
        claims: What must hold of the answers.
        broken: Why the test says nothing about any program, or "".
    """

    asks: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    broken: str = ""


def tier_of(tests: Tests, entry_point: str) -> Tier:
    """How tests are decided: `calls` outside on recorded answers, or `proxy`, at least in part, in a second jail.

    Args:
        tests: Of any kind; of none, there is nothing to be decided, which takes no second jail.
        entry_point: The judged function; "" for a whole program.
    """
    if tests.kind == "assertions":
        plans = [take_assertion_apart(text, entry_point) for text in tests.assertions]
        return "calls" if all(plan is not None for plan in plans) else "proxy"
    if tests.kind == "check":
        return "calls" if take_check_apart(tests.check, tests.context, entry_point) is not None else "proxy"
    return "proxy" if tests.kind == "puzzle" else "calls"


@lru_cache(maxsize=PLANS)
def take_assertion_apart(text: str, entry_point: str) -> Apart | None:
    """One `assert` statement, where names that it does not bind are the program's; None: a matter for a second jail.

    Args:
        text: The statement.
        entry_point: The judged function; a built-in name is the program's only here.
    """
    tree = parse(text.strip(), LARGEST)
    if tree is None or len(tree.body) != 1 or not isinstance(tree.body[0], ast.Assert):
        return None
    reading = _Reading(Asking(entry_point, free=True))
    plan = _read(reading, tree.body)
    if plan is None or plan.broken or plan.asks:
        return plan and plan._replace(claims=tuple(claim._replace(text=text) for claim in plan.claims))
    return Apart(broken="it never used the program")


@lru_cache(maxsize=PLANS)
def take_check_apart(check: str, context: str, entry_point: str) -> Apart | None:
    """A `check(candidate)`, called with the program's `entry_point`; None: a matter for a second jail."""
    tree = parse(check, LARGEST)
    if tree is None or not entry_point.isidentifier() or not _harmless(context):
        return None
    call = ast.Expr(ast.Call(ast.Name("check"), [ast.Name(entry_point)], []))
    reading = _Reading(Asking(entry_point, free=False))
    reading.asking.names[entry_point] = Program(entry_point)
    plan = _read(reading, [*tree.body, call])
    if plan is None or plan.broken or plan.asks:
        return plan
    return Apart(broken="it never used the program")


def _harmless(context: str) -> bool:
    """Whether a context only defines functions, and so can be left out where none of them is used."""
    tree = parse(context, LARGEST)
    return tree is not None and all(_defines(item) for item in tree.body)


def _defines(item: ast.stmt) -> bool:
    if isinstance(item, ast.Import):
        return all(name.name.split(".")[0] in sys.stdlib_module_names for name in item.names)
    if isinstance(item, ast.ImportFrom):
        return not item.level and str(item.module).split(".")[0] in sys.stdlib_module_names
    if isinstance(item, ast.FunctionDef):
        return not item.decorator_list
    value = item.value if isinstance(item, ast.Expr | ast.Assign) else None
    return isinstance(value, ast.Constant)


def _read(reading: "_Reading", body: Sequence[ast.stmt]) -> Apart | None:
    try:
        reading.block(body)
    except BrokenTestError as error:
        return Apart(broken=str(error))
    except (BeyondError, ProxyError, *UNREADABLE, *WRONG):
        return None
    return Apart(tuple(reading.asking.asks), tuple(reading.claims))


class _Reading:
    """The state of reading one test: its variables, and the claims found so far."""

    def __init__(self, asking: Asking) -> None:
        self.asking, self.claims, self.depth, self.outside = asking, list[Claim](), 0, set[str]()

    def block(self, body: Sequence[ast.stmt]) -> bool:
        """Reads statements; False where a `return` ends them."""
        for statement in body:
            self.asking.meter.spend(STATEMENT)
            if isinstance(statement, ast.Return) and statement.value is None and self.depth:
                return False
            reader = READERS.get(type(statement))
            if reader is None or len(self.asking.asks) > MOST_ASKS or len(self.claims) > MOST_ASKS:
                raise ProxyError(f"a statement {type(statement).__name__}")
            if reader(self, statement) is False:
                return False
        return True

    def skip(self, statement: ast.stmt) -> None:
        """A `pass`."""

    def declare(self, statement: ast.Global) -> None:
        self.outside |= set(statement.names)

    def put(self, name: str, value: Any) -> None:
        (self.asking.names.maps[-1] if name in self.outside else self.asking.names)[name] = value

    def imported(self, statement: ast.Import | ast.ImportFrom) -> None:
        """An import binds names that only `math` can be used by; a foreign module might not be there at all."""
        module = statement.module if isinstance(statement, ast.ImportFrom) else None
        near = isinstance(statement, ast.ImportFrom) and statement.level > 0
        for item in statement.names:
            known = (module or item.name).split(".")[0] in sys.stdlib_module_names and item.name != "*"
            if not known or near:
                raise ProxyError("an import")
            name = item.asname or item.name.split(".")[0]
            if (module, item.name, name) != (None, "math", "math"):
                self.put(name, Held(name))
            else:
                self.asking.names.pop(name, None)

    def function(self, statement: ast.FunctionDef) -> None:
        arguments = statement.args
        names = [item.arg for item in arguments.args]
        if self.depth or statement.decorator_list or ast.dump(arguments) != ast.dump(_plainly(arguments)):
            raise ProxyError("an unusual function")
        self.asking.names[statement.name] = Function(tuple(names), tuple(statement.body))

    def assign(self, statement: ast.Assign | ast.AnnAssign) -> None:
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        if statement.value is None:
            raise ProxyError("a declaration")
        known = self.asking.thing(statement.value)
        if known is not None and len(targets) == 1 and isinstance(targets[0], ast.Name):
            self.put(targets[0].id, known)
            return
        value = self.asking.resolved(statement.value)
        self.ran(statement, value)
        for target in targets:
            self.bind(target, value)

    def bind(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self.put(target.id, value)
        elif isinstance(value, ast.Constant):
            for name, item in bound(target, value.value).items():
                self.put(name, ast.Constant(item))
        else:
            raise ProxyError("an answer in parts")

    def expression(self, statement: ast.Expr) -> bool:
        call = statement.value
        function = self.asking.thing(call.func) if isinstance(call, ast.Call) else None
        if isinstance(call, ast.Call) and isinstance(function, Function):
            return self.called(function, call)
        if isinstance(call, ast.Name) and call.id in ("print", *self.asking.names):
            return True
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "print":
            call = ast.Tuple([*call.args, *(item.value for item in call.keywords)], ast.Load())
        self.ran(statement, self.asking.resolved(call))
        return True

    def called(self, function: Function, call: ast.Call) -> bool:
        given = [self.asking.thing(item) or self.asking.resolved(item) for item in call.args]
        if call.keywords or len(given) != len(function.parameters) or self.depth == DEEPEST:
            raise ProxyError("an unusual call")
        outer, self.asking.names = (
            self.asking.names,
            ChainMap(dict(zip(function.parameters, given, strict=True)), self.asking.names.maps[-1]),
        )
        outside, self.outside = self.outside, set()
        self.depth += 1
        self.block(function.body)
        self.depth -= 1
        self.asking.names, self.outside = outer, outside
        return True

    def ran(self, statement: ast.stmt, value: ast.expr) -> None:
        """Claims that a statement which asks something raises nothing."""
        if not isinstance(value, ast.Constant):
            self.claims.append(Claim(self.asking.shown(statement), value, _needs(value), False))

    def loop(self, statement: ast.For) -> bool:
        if statement.orelse:
            raise ProxyError("an unusual loop")
        for item in self.asking.loop(statement.iter, loop_items):
            for name, value in bound(statement.target, item).items():
                self.put(name, ast.Constant(value))
            if not self.block(statement.body):
                return False
        return True

    def choice(self, statement: ast.If) -> bool:
        test = self.asking.resolved(statement.test)
        if not isinstance(test, ast.Constant):
            raise ProxyError("a branch on an answer")
        return self.block(statement.body if test.value else statement.orelse)

    def claim(self, statement: ast.Assert) -> None:
        text = self.asking.shown(ast.Assert(statement.test))
        test = self.asking.resolved(statement.test, When.NEEDED)
        if not isinstance(test, ast.Constant):
            self.claims.append(Claim(text, test, _needs(test)))
        elif not test.value:
            raise BrokenTestError("AssertionError: a test that fails whatever the program does")


def _needs(test: ast.expr) -> tuple[int, ...]:
    return tuple(dict.fromkeys(node.number for node in ast.walk(test) if isinstance(node, Recorded)))


def _plainly(arguments: ast.arguments) -> ast.arguments:
    return ast.arguments([], list(arguments.args), None, [], [], None, [])


READERS: Mapping[type[ast.stmt], Any] = {
    ast.Pass: _Reading.skip, ast.Global: _Reading.declare, ast.Import: _Reading.imported,
    ast.ImportFrom: _Reading.imported, ast.FunctionDef: _Reading.function, ast.Assign: _Reading.assign,
    ast.AnnAssign: _Reading.assign, ast.Expr: _Reading.expression, ast.For: _Reading.loop, ast.If: _Reading.choice,
    ast.Assert: _Reading.claim,
}  # fmt: skip
