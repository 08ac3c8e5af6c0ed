"""Which loops with counters never end: arithmetic on the path of one round, for `endless`.

A loop whose state repeats exactly is proved elsewhere. Here some variables differ from round to round, so the round's
instructions are followed once more on symbols: an unchanged variable is a known value, a whole number that changed is a
linear term, a float that changed is a monotone one. Every branch adds a condition that all later rounds must meet too.
If every counter moves by a fixed step and no condition can ever turn, the loop has no end.

Anything but the plainest instructions in one frame (a call of a program's function, a store into a container) gives no
proof. It reads the program's values and never writes them.
"""

import math
import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

PATH = 400
"""Most instructions that one round may have."""
BITS = 512
"""Most bits of a number that counts as a counter: larger ones cost more than they tell."""
PLAIN = (int, bool, float, str, bytes, type(None))
BINARY: dict[int, Callable[[Any, Any], Any]] = {
    0: operator.add, 1: operator.and_, 2: operator.floordiv, 3: operator.lshift, 5: operator.mul, 6: operator.mod,
    7: operator.or_, 9: operator.rshift, 10: operator.sub, 11: operator.truediv, 12: operator.xor,
}  # fmt: skip
"""By the argument of BINARY_OP; the operators in place are 13 higher. No power: it may take long or overflow."""
COMPARE = {"<": operator.lt, "<=": operator.le, "==": operator.eq, "!=": operator.ne, ">": operator.gt, ">=": operator.ge}
NEGATED = {"<": ">=", "<=": ">", "==": "!=", "!=": "==", ">": "<=", ">=": "<"}
PURE = (len, abs, min, max, sum, int, float, bool, str, divmod, round, range, math.sqrt, math.floor, math.gcd)


class NoProof(Exception):  # noqa: N818 - it is an outcome, not a fault
    """The path has something in it of which nothing is known for certain."""


@dataclass(frozen=True, slots=True)
class Known:
    """A value that is the same in every round."""

    value: Any


@dataclass(frozen=True, slots=True)
class Linear:
    """A whole number: `value` in this round, and the sum of `factors[name]` times the counter `name` plus a constant."""

    value: int
    factors: dict[str, int]
    rest: int


@dataclass(frozen=True, slots=True)
class Monotone:
    """A float that grows or stays when the counter `name` at the start of the round does."""

    value: float
    name: str


@dataclass(frozen=True, slots=True)
class Junk:
    """A plain whole number of which nothing is known; nothing may depend on it."""


@dataclass(slots=True)
class Round:
    """What following one round has found.

    Attributes:
        names: What each variable holds now; `start` holds what it held when it was first read.
        conditions: (symbol, relation, bound): what must hold for ever of a symbol against a number.
        steady: Linear terms that must not change, because something was computed from them; with the modulus, or 0.
    """

    read: Callable[[str], Any]
    changed: dict[str, Any]
    names: dict[str, Any] = field(default_factory=dict)
    start: dict[str, Any] = field(default_factory=dict)
    stack: list[Any] = field(default_factory=list)
    conditions: list[tuple[Any, str, Any]] = field(default_factory=list)
    steady: list[tuple[Linear, int]] = field(default_factory=list)
    keywords: bool = False


Step = tuple[int, str, int, Any]
"""Offset, name, argument, and what the argument stands for: a name, a constant, a relation or a jump's target."""


def never_ends(path: Sequence[Step], read: Callable[[str], Any], changed: dict[str, Any]) -> bool:
    """Whether a loop that has just gone along `path` will go along it for ever.

    Args:
        path: The instructions of one round in the order they were run, from the loop's head on; the head follows.
        read: A variable's present value by its name, or KeyError. Called only for what is read before it is written.
        changed: The variables that were different a round ago: name -> value now. All others were equal.
    """
    if not path or len(path) > PATH:
        return False
    found = Round(read, changed)
    try:
        for index, step in enumerate(path):
            after = path[index + 1][0] if index + 1 < len(path) else path[0][0]
            _follow(found, step, after)
        return not found.stack and _for_ever(found)
    except (NoProof, ArithmeticError, LookupError, TypeError, ValueError):
        return False


def _follow(found: Round, step: Step, after: int) -> None:
    offset, name, argument, meaning = step
    if name in JUMPS:
        taken = JUMPS[name](found)
        if taken and after != meaning:
            raise NoProof
        if not taken and (after == meaning or not offset < after <= offset + 4):
            raise NoProof
        return
    if name == "FOR_ITER":
        _advance(found, after == meaning)
    elif name in SIMPLE:
        SIMPLE[name](found, argument, meaning)
    else:
        raise NoProof
    if name != "FOR_ITER" and after <= offset:
        raise NoProof


def _advance(found: Round, over: bool) -> None:
    source = found.stack[-1]
    if type(source) is not Iteration:
        raise NoProof
    value = next(source.rest, found)
    if (value is found) != over:
        raise NoProof
    if over:
        found.stack.pop()
    else:
        found.stack.append(_known(value))


@dataclass(frozen=True, slots=True)
class Iteration:
    """An iterator that the round has made itself, over a value that does not change."""

    rest: Iterator[Any]


def _known(value: Any) -> Known:
    if type(value) in PLAIN or type(value) in (tuple, list, dict, range, set, frozenset):
        if type(value) is float and value != value:
            raise NoProof
        return Known(value)
    if any(value is pure for pure in PURE):
        return Known(value)
    raise NoProof


def _load(found: Round, name: str) -> Any:
    if name not in found.names:
        value = found.read(name)
        symbol: Any
        if name not in found.changed:
            symbol = _known(value)
        elif type(value) is int and value.bit_length() < BITS:
            symbol = Linear(value, {name: 1}, 0)
        elif type(value) is float and math.isfinite(value):
            symbol = Monotone(value, name)
        else:
            raise NoProof
        found.names[name] = found.start[name] = symbol
    return found.names[name]


def _store(found: Round, _: int, name: Any) -> None:
    found.names[name] = _no_iteration(found.stack.pop())


def _no_iteration(symbol: Any) -> Any:
    """An iterator may not be kept in a variable: it would have a state of its own."""
    if type(symbol) is Iteration:
        raise NoProof
    return symbol


def _linear(symbol: Any) -> Linear:
    if type(symbol) is Linear:
        return symbol
    if type(symbol) is Known and type(symbol.value) in (int, bool):
        return Linear(int(symbol.value), {}, int(symbol.value))
    raise NoProof


def _sum(left: Linear, right: Linear, sign: int) -> Any:
    factors = dict(left.factors)
    for name, factor in right.factors.items():
        factors[name] = factors.get(name, 0) + sign * factor
    factors = {name: factor for name, factor in factors.items() if factor}
    value = left.value + sign * right.value
    return Linear(value, factors, left.rest + sign * right.rest) if factors else Known(value)


def _scaled(symbol: Linear, by: int) -> Any:
    if by == 0:
        return Known(0)
    factors = {name: factor * by for name, factor in symbol.factors.items()}
    return Linear(symbol.value * by, factors, symbol.rest * by)


def _binary(found: Round, argument: int, _: Any) -> None:
    right, left = found.stack.pop(), found.stack.pop()
    kind = argument - 13 if argument >= 13 else argument
    if kind not in BINARY:
        raise NoProof
    if type(left) is Known and type(right) is Known:
        found.stack.append(_computed(BINARY[kind], left.value, right.value))
    elif type(left) is Monotone:
        found.stack.append(_moved(left, kind, right))
    elif type(right) is Monotone and kind in (0, 5):
        found.stack.append(_moved(right, kind, left))
    else:
        found.stack.append(_whole(found, kind, left, right))


def _computed(function: Callable[[Any, Any], Any], left: Any, right: Any) -> Known:
    """Only of plain values: an operator in place would change a list, and a big shift would take all memory."""
    if type(left) not in PLAIN or type(right) not in PLAIN:
        raise NoProof
    if function is operator.lshift and right > BITS:
        raise NoProof
    return _known(function(left, right))


def _moved(symbol: Monotone, kind: int, by: Any) -> Monotone:
    """Adding a number or multiplying by a positive one keeps the order of floats, whatever is rounded away."""
    if type(by) is not Known or type(by.value) not in (int, float) or not math.isfinite(by.value):
        raise NoProof
    if kind in (0, 10) or (kind in (5, 11) and by.value > 0):
        return Monotone(BINARY[kind](symbol.value, by.value), symbol.name)
    raise NoProof


def _whole(found: Round, kind: int, left: Any, right: Any) -> Any:
    if kind in (2, 6):
        if type(right) is not Known or type(right.value) is not int or right.value == 0:
            raise NoProof
        if kind == 6 and type(left) is Linear:
            found.steady.append((left, abs(right.value)))
            return Known(left.value % right.value)
        return _junk(left)
    if type(left) is Junk or type(right) is Junk:
        raise NoProof
    first, second = _linear(left), _linear(right)
    if kind in (0, 10):
        return _sum(first, second, 1 if kind == 0 else -1)
    if kind == 5 and not second.factors:
        return _scaled(first, second.rest)
    if kind == 5 and not first.factors:
        return _scaled(second, first.rest)
    if kind in (1, 5, 7, 12):
        return Junk()
    raise NoProof


def _junk(symbol: Any) -> Junk:
    if type(symbol) is not Linear:
        raise NoProof
    return Junk()


def _compare(found: Round, _: int, relation: Any) -> None:
    right, left = found.stack.pop(), found.stack.pop()
    if relation not in COMPARE:
        raise NoProof
    if type(left) is Known and type(right) is Known:
        found.stack.append(_computed(COMPARE[relation], left.value, right.value))
        return
    truth = COMPARE[relation](_value(left), _value(right))
    wanted = relation if truth else NEGATED[relation]
    if type(left) is Monotone and type(right) is Known:
        found.conditions.append((left, wanted, right.value))
    elif type(right) is Monotone and type(left) is Known:
        flipped = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(wanted, wanted)
        found.conditions.append((right, flipped, left.value))
    else:
        found.conditions.append((_sum(_linear(left), _linear(right), -1), wanted, 0))
    found.stack.append(Known(truth))


def _value(symbol: Any) -> Any:
    if type(symbol) is Known and type(symbol.value) not in (int, bool, float):
        raise NoProof
    if type(symbol) not in (Known, Linear, Monotone):
        raise NoProof
    return symbol.value


def _truth(found: Round) -> bool:
    symbol = found.stack.pop()
    if type(symbol) is Known:
        return bool(symbol.value)
    value = _value(symbol)
    found.conditions.append((symbol, "!=" if value else "==", 0))
    return bool(value)


def _is_none(found: Round) -> bool:
    symbol = found.stack.pop()
    return type(symbol) is Known and symbol.value is None


def _always(found: Round) -> bool:
    return True


def _kept(wanted: bool) -> Callable[[Round], bool]:
    """`and` and `or` in an expression: the value stays where the jump is taken."""

    def jump(found: Round) -> bool:
        symbol = found.stack[-1]
        if type(symbol) is not Known:
            raise NoProof
        if bool(symbol.value) == wanted:
            return True
        found.stack.pop()
        return False

    return jump


def _negated(found: Round, _: int, __: Any) -> None:
    found.stack.append(Known(not _truth(found)))


def _minus(found: Round, _: int, __: Any) -> None:
    symbol = found.stack.pop()
    if type(symbol) is Known and type(symbol.value) in (int, float):
        found.stack.append(Known(-symbol.value))
    else:
        found.stack.append(_scaled(_linear(symbol), -1))


def _item(found: Round, _: int, __: Any) -> None:
    index, holder = found.stack.pop(), found.stack.pop()
    if type(index) is not Known or type(holder) is not Known or type(index.value) not in PLAIN:
        raise NoProof
    if type(holder.value) not in (list, tuple, str, bytes, dict, range):
        raise NoProof
    if type(holder.value) is dict and not all(type(key) in PLAIN for key in holder.value):
        raise NoProof
    found.stack.append(_known(holder.value[index.value]))


def _iterate(found: Round, _: int, __: Any) -> None:
    symbol = found.stack.pop()
    if type(symbol) is not Known or type(symbol.value) not in (range, list, tuple, str):
        raise NoProof
    found.stack.append(Iteration(iter(symbol.value)))


def _call(found: Round, argument: int, _: Any) -> None:
    if found.keywords:
        raise NoProof
    values = [found.stack.pop() for _ in range(argument)][::-1]
    function, null = found.stack.pop(), found.stack.pop()
    if null is not None or type(function) is not Known or not any(function.value is pure for pure in PURE):
        raise NoProof
    if not all(type(value) is Known and _is_flat(value.value) for value in values):
        raise NoProof
    found.stack.append(_known(function.value(*[value.value for value in values])))


def _is_flat(value: Any) -> bool:
    if type(value) in (list, tuple):
        return len(value) <= PATH and all(type(item) in PLAIN for item in value)
    return type(value) in PLAIN or type(value) is range


def _swap(found: Round, argument: int, _: Any) -> None:
    stack = found.stack
    if len(stack) < argument:
        raise NoProof
    stack[-1], stack[-argument] = stack[-argument], stack[-1]


def _copy(found: Round, argument: int, _: Any) -> None:
    if len(found.stack) < argument:
        raise NoProof
    found.stack.append(_no_iteration(found.stack[-argument]))


def _tuple(found: Round, argument: int, _: Any) -> None:
    values = [found.stack.pop() for _ in range(argument)][::-1]
    if not all(type(value) is Known for value in values):
        raise NoProof
    found.stack.append(Known(tuple(value.value for value in values)))


def _load_global(found: Round, argument: int, name: Any) -> None:
    if argument & 1:
        found.stack.append(None)
    found.stack.append(_load(found, name))


def _nothing(found: Round, _: int, __: Any) -> None:
    return


SIMPLE: dict[str, Callable[[Round, int, Any], None]] = {
    **dict.fromkeys(("NOP", "RESUME", "EXTENDED_ARG", "PRECALL"), _nothing),
    **dict.fromkeys(("LOAD_FAST", "LOAD_NAME"), lambda found, _, name: found.stack.append(_load(found, name))),
    **dict.fromkeys(("STORE_FAST", "STORE_NAME", "STORE_GLOBAL"), _store),
    "LOAD_GLOBAL": _load_global,
    "LOAD_CONST": lambda found, _, value: found.stack.append(_known(value)),
    "PUSH_NULL": lambda found, _, __: found.stack.append(None),
    "POP_TOP": lambda found, _, __: found.stack.pop() and None,
    "BINARY_OP": _binary,
    "COMPARE_OP": _compare,
    "UNARY_NOT": _negated,
    "UNARY_NEGATIVE": _minus,
    "BINARY_SUBSCR": _item,
    "GET_ITER": _iterate,
    "CALL": _call,
    "SWAP": _swap,
    "COPY": _copy,
    "BUILD_TUPLE": _tuple,
}
JUMPS: dict[str, Callable[[Round], bool]] = {
    **dict.fromkeys(("JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT"), _always),
    "JUMP_IF_FALSE_OR_POP": _kept(False),
    "JUMP_IF_TRUE_OR_POP": _kept(True),
}
for _way in ("FORWARD", "BACKWARD"):
    JUMPS[f"POP_JUMP_{_way}_IF_TRUE"] = _truth
    JUMPS[f"POP_JUMP_{_way}_IF_FALSE"] = lambda found: not _truth(found)
    JUMPS[f"POP_JUMP_{_way}_IF_NONE"] = _is_none
    JUMPS[f"POP_JUMP_{_way}_IF_NOT_NONE"] = lambda found: not _is_none(found)


def _for_ever(found: Round) -> bool:
    steps: dict[str, int] = {}
    ways: dict[str, int] = {}
    for name, start in found.start.items():
        last = found.names[name]
        if type(start) is Known:
            if type(last) is not Known or not _same(start.value, last.value):
                return False
        elif type(start) is Linear:
            if type(last) is not Linear or last.factors != {name: 1}:
                return False
            steps[name] = last.rest
        else:
            if type(last) is not Monotone or last.name != name:
                return False
            ways[name] = (last.value > start.value) - (last.value < start.value)
    return all(_change(term, steps) % (modulus or 1) == 0 for term, modulus in found.steady) and all(
        _holds(symbol, relation, bound, steps, ways) for symbol, relation, bound in found.conditions
    )


def _same(left: Any, right: Any) -> bool:
    return left is right or (type(left) in PLAIN and type(left) is type(right) and left == right)


def _change(term: Linear, steps: dict[str, int]) -> int:
    return sum(factor * steps[name] for name, factor in term.factors.items())


def _holds(symbol: Any, relation: str, bound: Any, steps: dict[str, int], ways: dict[str, int]) -> bool:
    """Whether the relation, which holds now, holds in every later round too."""
    value, linear = symbol.value, type(symbol) is Linear
    if bound != bound:
        return False
    way = _change(symbol, steps) if linear else 0 if type(symbol) is Known else ways[symbol.name]
    if way == 0:
        return True
    if relation in (">", ">="):
        return way > 0
    if relation in ("<", "<="):
        return way < 0
    if relation != "!=":
        return False
    if (value > bound) == (way > 0):
        return True
    return linear and (bound - value) % way != 0
