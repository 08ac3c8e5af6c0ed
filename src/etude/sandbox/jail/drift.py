"""Drift: one round of a straight loop adds constants to integers, and no number of rounds ends it.

For `endless`. A round is followed on symbols: an integer variable is a linear expression of the variables at the head
of the loop. Every branch that was taken gives a condition on them. If each variable moves by a fixed step, each
condition is linear in the number of rounds, and it is plain whether it can ever turn.
"""

import dis
from collections.abc import Callable, Sequence
from typing import Any

LONGEST = 300
"""Most instructions of a round."""
CONSTANT = ""  # the key of a sum's constant part
Sum = dict[str, int]
"""A linear expression: variable -> coefficient."""
Condition = tuple[Sum, str]
"""A sum, and how it compares with zero."""

ADD, SUBTRACT, MULTIPLY = (0, 13), (10, 23), (5, 18)
SIZED = (str, bytes, list, tuple, dict)
LOADS = ("LOAD_FAST", "LOAD_NAME", "LOAD_DEREF", "LOAD_GLOBAL")
STORES = ("STORE_FAST", "STORE_NAME", "STORE_DEREF", "STORE_GLOBAL")
SILENT = ("NOP", "RESUME", "PRECALL", "JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT")
OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


class _BeyondError(Exception):
    """The round is not of this simple kind."""


def never_leaves(path: Sequence[tuple[int, dis.Instruction]], read: Callable[[str], Any]) -> bool:
    """Whether a loop that has come to its head, and will run these instructions again, never ends.

    Args:
        path: One round, from the head to the head, in the order of execution: where a jump to the instruction would
            go, and the instruction.
        read: The present value of a variable.
    """
    if len(path) > LONGEST:
        return False
    try:
        round_ = _Round(read)
        for (_, item), (after, _) in zip(path, (*path[1:], path[0]), strict=True):
            round_.run(item, after)
        needed = {name for compared, _ in round_.conditions for name in compared if name in round_.now}
        steps = {name: _step(name, round_.now[name]) for name in needed}
        return not round_.stack and all(_holds(*one, steps, read) for one in round_.conditions)
    except (_BeyondError, IndexError, KeyError):
        return False


class _Round:
    """One round on symbols. The stack holds sums, comparisons with zero, and the function `len` with its argument."""

    def __init__(self, read: Callable[[str], Any]) -> None:
        self.read = read
        self.stack: list[Any] = []
        self.now: dict[str, Sum] = {}
        self.conditions: list[Condition] = []

    def run(self, item: dis.Instruction, after: int) -> None:
        """Follows one instruction; `after` is the offset of the next one that was run."""
        name = item.opname
        if name in LOADS:
            self.stack.append(self._load(str(item.argval)))
        elif name == "LOAD_CONST":
            self.stack.append({CONSTANT: _integer(item.argval)})
        elif name in STORES:
            self.now[str(item.argval)] = _sum(self.stack.pop())
        elif name in ("BINARY_OP", "COMPARE_OP"):
            right, left = self.stack.pop(), self.stack.pop()
            compared = name == "COMPARE_OP"
            self.stack.append((_plus(left, right, -1), item.argval) if compared else _combined(left, right, item.arg))
        elif name == "CALL" and item.arg == 1:
            self.stack[-2:] = [_length(*self.stack[-2:])]
        elif name.startswith("POP_JUMP_") and name.endswith(("_TRUE", "_FALSE")):
            self._branch(name.endswith("_TRUE"), item, after)
        elif name not in SILENT:
            raise _BeyondError

    def _load(self, name: str) -> Any:
        if name in self.now:
            return self.now[name]
        value = self.read(name)
        return {name: 1} if type(value) is int else [value]

    def _branch(self, jumps_if: bool, item: dis.Instruction, after: int) -> None:
        taken = after == item.argval
        if taken == (after == item.offset + 2):
            raise _BeyondError
        found = self.stack.pop()
        compared, operator = found if isinstance(found, tuple) else (_sum(found), "!=")
        self.conditions.append((compared, operator if taken == jumps_if else OPPOSITE[operator]))


def _integer(value: Any) -> int:
    if type(value) is not int:
        raise _BeyondError
    return value


def _sum(value: Any) -> Sum:
    if not isinstance(value, dict):
        raise _BeyondError
    return value


def _length(function: Any, of: Any) -> Sum:
    """`len(x)` of something that nothing in the round can change."""
    if not isinstance(function, list) or function[0] is not len or not isinstance(of, list) or type(of[0]) not in SIZED:
        raise _BeyondError
    return {CONSTANT: len(of[0])}


def _combined(left: Any, right: Any, argument: int | None) -> Sum:
    if argument in ADD or argument in SUBTRACT:
        return _plus(left, right, 1 if argument in ADD else -1)
    if argument in MULTIPLY:
        for one, other in ((_sum(left), _sum(right)), (_sum(right), _sum(left))):
            if set(one) <= {CONSTANT}:
                return {name: one.get(CONSTANT, 0) * factor for name, factor in other.items()}
    raise _BeyondError


def _plus(left: Any, right: Any, sign: int) -> Sum:
    names = _sum(left).keys() | _sum(right).keys()
    found = {name: left.get(name, 0) + sign * right.get(name, 0) for name in names}
    return {name: factor for name, factor in found.items() if factor}


def _step(name: str, changed: Sum) -> int:
    """How much a variable grows in a round."""
    if {other: factor for other, factor in changed.items() if other != CONSTANT} != {name: 1}:
        raise _BeyondError
    return changed.get(CONSTANT, 0)


def _holds(compared: Sum, operator: str, steps: dict[str, int], read: Callable[[str], Any]) -> bool:
    """Whether a condition holds in this round, as the variables are now at the head, and in every later one."""
    start = sum(factor * (read(name) if name else 1) for name, factor in compared.items())
    step = sum(factor * steps.get(name, 0) for name, factor in compared.items())
    always = {
        "<": start < 0 and step <= 0,
        "<=": start <= 0 and step <= 0,
        ">": start > 0 and step >= 0,
        ">=": start >= 0 and step >= 0,
        "==": start == 0 and step == 0,
        "!=": _misses_zero(start, step),
    }
    return always.get(operator, False)


def _misses_zero(start: int, step: int) -> bool:
    """Whether no k >= 0 makes `start + k * step` zero."""
    if step == 0:
        return start != 0
    return start % step != 0 or -start // step < 0
