"""Python's operators and pure built-in functions on plain values, each of them bounded in time and memory.

Tests may be written by a model and values by a hostile program, so nothing here may take long: what would is refused
with `BeyondError`, and a second jail has the word. What Python itself refuses is refused with Python's own exception.
"""

import ast
import math
import operator
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Any

BITS = 14_000  # fewer than 4,300 digits, so the text of every integer here is one that Python is willing to write
ITEMS = 200_000
STEPS = 500_000
SAME_HASH = 100
TEXT = 64  # characters that count as much as one item
CONTAINERS: tuple[type, ...] = (list, tuple, set, frozenset, deque)
MAPPINGS: tuple[type, ...] = (dict, Counter, OrderedDict, defaultdict)
ITERABLE: tuple[type, ...] = (*CONTAINERS, *MAPPINGS, str, bytes, range)
SCALARS: tuple[type, ...] = (type(None), bool, float, complex, type)
NUMBERS: tuple[type, ...] = (bool, int, float, complex)
OPERANDS: tuple[type, ...] = (*NUMBERS, type(None), str, bytes, list, tuple, set, frozenset, dict, range)


class BeyondError(Exception):
    """Not to be evaluated here: of a kind that is not known, or too large."""


class Meter:
    """What one evaluation may still cost, in items looked at. The count, and so a verdict, never depends on a clock."""

    def __init__(self, left: int = STEPS) -> None:
        self.left = left

    def spend(self, count: int = 1) -> None:
        """Takes `count` off what is left.

        Raises:
            BeyondError: There is not so much.
        """
        self.left -= count
        if self.left < 0:
            raise BeyondError("too much to evaluate")

    def weigh(self, value: Any) -> Any:
        """The value, paid for by its items, however deep they lie.

        Raises:
            BeyondError: It holds a long integer, too many items, or something else than numbers, texts and containers.
        """
        rest = [value]
        while rest:
            item = rest.pop()
            kind = type(item)
            self.spend()
            if kind in CONTAINERS:
                self.spend(len(item))
                rest.extend(item)
            elif kind in MAPPINGS:
                self.spend(2 * len(item))
                rest.extend(item)
                rest.extend(item.values())
            elif kind in (str, bytes):
                self.spend(len(item) // TEXT)
            elif kind is range:
                self.spend(len(_bounded_range(item)))
            elif kind not in SCALARS and (kind is not int or item.bit_length() > BITS):
                raise BeyondError(f"a value of type {kind.__name__}")
        return value


def apply(kind: type[ast.AST], left: Any, right: Any) -> Any:
    """What a binary operator makes of two values.

    Raises:
        BeyondError: The operator or an operand is not known, or the result might be large.
        Exception: As Python raises it.
    """
    function = OPERATORS.get(kind)
    if function is None or type(left) not in OPERANDS or type(right) not in OPERANDS:
        raise BeyondError(f"{kind.__name__} of {type(left).__name__} and {type(right).__name__}")
    if type(left) in NUMBERS and type(right) in NUMBERS:
        _bounded(kind, left, right)
    elif kind is ast.Mod and type(left) in (str, bytes):
        raise BeyondError("text formatting")
    elif kind is ast.Mult:
        _bounded_repeat(left, right)
    return function(left, right)


def _bounded(kind: type[ast.AST], left: Any, right: Any) -> None:
    if not isinstance(left, int) or not isinstance(right, int):
        return  # floats and complex numbers have a size of their own
    if kind is ast.Pow:
        size = left.bit_length() * abs(right)
    elif kind is ast.LShift:
        size = left.bit_length() + max(right, 0)
    else:
        size = left.bit_length() + right.bit_length()
    if size > BITS:
        raise BeyondError("a long number")


def _bounded_repeat(left: Any, right: Any) -> None:
    for row, times in ((left, right), (right, left)):
        if isinstance(times, int) and isinstance(row, str | bytes | list | tuple) and len(row) * times > ITEMS:
            raise BeyondError("a long row")


OPERATORS: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow, ast.LShift: operator.lshift,
    ast.RShift: operator.rshift, ast.BitAnd: operator.and_, ast.BitOr: operator.or_, ast.BitXor: operator.xor,
}  # fmt: skip

COMPARISONS: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.In: lambda left, right: left in right, ast.NotIn: lambda left, right: left not in right,
    ast.Is: operator.is_, ast.IsNot: operator.is_not,
}  # fmt: skip

UNARY: dict[type[ast.AST], Callable[[Any], Any]] = {
    ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Invert: operator.invert, ast.Not: operator.not_,
}  # fmt: skip


def spread(items: Iterable[Any]) -> list[Any]:
    """The items, if a set of them takes no quadratic time.

    Raises:
        BeyondError: Too many of them share a hash.
        TypeError: One cannot be hashed.
    """
    rows = list(items)
    if len(rows) > SAME_HASH and Counter(map(hash, rows)).most_common(1)[0][1] > SAME_HASH:
        raise BeyondError("too many items share a hash")
    return rows


def iterated(value: Any) -> list[Any]:
    """The items of a plain value that a loop goes through.

    Raises:
        BeyondError: It is of a kind whose loop is not known here, or a set: its order is not the one it had elsewhere.
    """
    unordered = type(value) in (set, frozenset) and len(value) > 1
    if unordered or (type(value) not in ITERABLE and hasattr(value, "__iter__")):
        raise BeyondError(f"a loop over {type(value).__name__}")
    return list(value)


def _row(kind: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *given: kind(iterated(given[0])) if len(given) == 1 else kind(*given)


def _text(function: Callable[[Any], str]) -> Callable[..., str]:
    def write(*given: Any) -> str:
        rest = list(given)
        while rest:
            item = rest.pop()
            if len(given) != 1 or type(item) in (set, frozenset):  # the order of a set is not the one it had elsewhere
                raise BeyondError("the text of a set")
            rest += [*item, *item.values()] if type(item) in MAPPINGS else item if type(item) in CONTAINERS else []
        return function(*given)

    return write


def _dict(*given: Any) -> dict[Any, Any]:
    if len(given) != 1 or type(given[0]) in MAPPINGS:
        return dict(*given)
    pairs = iterated(given[0])
    if any(type(pair) not in (list, tuple) or len(pair) != 2 for pair in pairs):
        pairs = [iterated(pair) if hasattr(pair, "__iter__") else pair for pair in pairs]
        return dict(pairs) if len(pairs) <= SAME_HASH else _too_many()
    spread(key for key, _ in pairs)
    return dict(pairs)


def _too_many() -> dict[Any, Any]:
    raise BeyondError("many unusual pairs")


def _sum(items: Any, start: Any = 0) -> Any:
    rows = list(items) if type(items) in (set, frozenset) and float not in map(type, items) else iterated(items)
    if not all(type(item) in NUMBERS for item in (start, *rows)):
        raise BeyondError("a sum of other things than numbers")
    return sum(rows, start)


def _exactly(count: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that is known with so many arguments only."""

    def call(*given: Any) -> Any:
        if len(given) != count:
            raise BeyondError("an unusual call")
        return function(*given)

    return call


def _round(number: Any, digits: Any = None) -> Any:
    if isinstance(digits, int) and abs(digits) > BITS // 4:
        raise BeyondError("a long number")
    return round(number, digits)


def _range(*given: Any) -> range:
    return _bounded_range(range(*given))


def _bounded_range(found: range) -> range:
    if max(map(abs, (found.start, found.stop, found.step))) >= 1 << 62 or len(found) > ITEMS:
        raise BeyondError("a long range")
    return found


def _number(kind: type) -> Callable[..., Any]:
    def convert(*given: Any) -> Any:
        if any(type(item) not in (*NUMBERS, str, type(None), list, tuple) for item in given) or any(
            type(item) is str and len(item) > BITS // 4 for item in given
        ):
            raise BeyondError(f"{kind.__name__} of an unusual value")
        return kind(*given)

    return convert


def _factorial(number: Any) -> int:
    if isinstance(number, int) and number > 2000:
        raise BeyondError("a long number")
    return math.factorial(number)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs, "len": len, "all": all, "any": any, "list": _row(list), "tuple": _row(tuple), "min": min, "max": max,
    "sum": _sum,
    "set": lambda *given: set(*map(spread, given)), "frozenset": lambda *given: frozenset(*map(spread, given)),
    "sorted": sorted, "dict": _dict, "round": _round, "range": _range,
    "pow": _exactly(2, lambda base, exponent: apply(ast.Pow, base, exponent)),
    "divmod": _exactly(2, lambda left, right: (apply(ast.FloorDiv, left, right), apply(ast.Mod, left, right))),
    "str": _text(str), "repr": _text(repr), "bool": bool,
    "int": _number(int), "float": _number(float), "isinstance": isinstance, "ord": ord, "chr": chr, "bin": bin,
    "hex": hex, "type": _exactly(1, type),
}  # fmt: skip
"""Built-in functions by name; what is not here is not evaluated."""

LAZY: dict[str, Callable[..., Any]] = {"enumerate": enumerate, "reversed": reversed, "zip": zip}
"""Built-in functions whose result is only gone through: it is never compared or shown."""
CONSUMERS = frozenset({"list", "tuple", "set", "frozenset", "sorted", "dict", "sum", "min", "max"})
"""Functions that go through their one argument to its end."""

NAMED = {("sorted", "reverse"), ("min", "default"), ("max", "default"), ("isclose", "rel_tol"), ("isclose", "abs_tol")}
"""Functions and the arguments they take by name."""

TYPES: dict[str, type] = {
    kind.__name__: kind
    for kind in (bool, int, float, complex, str, bytes, list, tuple, set, frozenset, dict, range, object)
}

MATHS: dict[str, Any] = {
    name: getattr(math, name)
    for name in (
        "acos", "asin", "atan", "atan2", "ceil", "cos", "degrees", "e", "exp", "fabs", "floor", "hypot", "inf",
        "isclose", "isfinite", "isinf", "isnan", "isqrt", "log", "log10", "log2", "nan", "pi", "pow", "radians", "sin",
        "sqrt", "tan", "tau", "trunc",
    )
} | {"factorial": _exactly(1, _factorial)}  # fmt: skip
"""What is known of the module `math`."""

METHODS: dict[str, tuple[type, ...]] = {
    "lower": (str,), "upper": (str,), "strip": (str,), "split": (str,), "startswith": (str,), "endswith": (str,),
    "isdigit": (str,), "isalpha": (str,), "isupper": (str,), "islower": (str,), "count": (str, list, tuple),
    "index": (str, list, tuple), "find": (str,), "get": (dict,), "issubset": (set, frozenset),
}  # fmt: skip
"""Methods that change nothing and take no long, and the types whose method it is."""
VIEWS = ("keys", "values", "items")
"""Methods of a dictionary whose result is only gone through."""


def call_method(item: Any, name: str, given: list[Any]) -> Any:
    """What a method of a plain value gives."""
    if type(item) not in METHODS.get(name, ()):
        raise BeyondError(f"the method {name} of {type(item).__name__}")
    return getattr(item, name)(*given)
