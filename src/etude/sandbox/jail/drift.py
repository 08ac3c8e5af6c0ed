"""Drift: one pass through a straight loop adds constants to integers, and no number of passes ends it."""

import dis
from collections.abc import Mapping
from typing import Any

CONSTANT = ""  # the key of a sum's constant part
Sum = dict[str, int]
"""A linear expression: variable -> coefficient."""

ADD, SUBTRACT, MULTIPLY = ({0, 13}, {10, 23}, {5, 18})
LOADS = ("LOAD_FAST", "LOAD_NAME", "LOAD_DEREF", "LOAD_GLOBAL")
STORES = ("STORE_FAST", "STORE_NAME", "STORE_DEREF", "STORE_GLOBAL")
SILENT = ("CACHE", "NOP", "RESUME", "EXTENDED_ARG")


class _BeyondError(Exception):
    """The loop is not of this simple kind."""


def never_leaves(instructions: list[dis.Instruction], values: Mapping[str, Any]) -> str:
    """Why a loop whose variables now have these values, at its head, never ends; "" where that is not proved.

    Args:
        instructions: From the loop's head to the jump back to it.
        values: Of its variables; plain.
    """
    if any(type(value) is not int for value in values.values()):
        return ""
    try:
        after, test = _once_through(instructions)
    except _BeyondError:
        return ""
    steps = {name: _step(name, changed) for name, changed in after.items()}
    if any(step is None for step in steps.values()):
        return ""
    if test is None:
        return "a loop without a way out"
    difference, operator, wanted = test
    start = sum(factor * (values[name] if name else 1) for name, factor in difference.items())
    step = sum(factor * (steps.get(name) or 0) for name, factor in difference.items() if name)
    return "its condition stays true" if _always(start, step, operator, wanted) else ""


def _once_through(instructions: list[dis.Instruction]) -> tuple[dict[str, Sum], tuple[Sum, str, bool] | None]:
    """What one pass makes of each variable, in terms of the values at the head; and what must hold to pass again.

    The test is (left minus right after the pass, operator, what it must say); None where the jump back is unconditional.

    Raises:
        _BeyondError: The loop branches, or does more than add, subtract and multiply by constants.
    """
    stack: list[Any] = []
    now: dict[str, Sum] = {}
    for item in instructions[:-1]:
        name = item.opname
        if name in SILENT:
            continue
        if name in LOADS:
            stack.append(now.get(str(item.argval), {str(item.argval): 1}))
        elif name == "LOAD_CONST" and type(item.argval) is int:
            stack.append({CONSTANT: item.argval})
        elif name in STORES and stack and isinstance(stack[-1], dict):
            now[str(item.argval)] = stack.pop()
        elif name == "BINARY_OP" and len(stack) > 1:
            right, left = stack.pop(), stack.pop()
            stack.append(_combined(left, right, item.arg or 0))
        elif name == "COMPARE_OP" and len(stack) > 1:
            right, left = stack.pop(), stack.pop()
            stack.append((_plus(left, right, -1), str(item.argval)))
        else:
            raise _BeyondError
    last = instructions[-1]
    if last.opname.startswith("JUMP_BACKWARD") and not stack:
        return now, None
    if last.opname in ("POP_JUMP_BACKWARD_IF_TRUE", "POP_JUMP_BACKWARD_IF_FALSE") and len(stack) == 1:
        if isinstance(stack[0], tuple):
            return now, (*stack[0], last.opname.endswith("TRUE"))
    raise _BeyondError


def _combined(left: Any, right: Any, argument: int) -> Sum:
    if not isinstance(left, dict) or not isinstance(right, dict):
        raise _BeyondError
    if argument in ADD or argument in SUBTRACT:
        return _plus(left, right, 1 if argument in ADD else -1)
    if argument in MULTIPLY:
        for one, other in ((left, right), (right, left)):
            if set(one) <= {CONSTANT}:
                factor = one.get(CONSTANT, 0)
                return {name: factor * value for name, value in other.items()}
    raise _BeyondError


def _plus(left: Any, right: Any, sign: int) -> Sum:
    if not isinstance(left, dict) or not isinstance(right, dict):
        raise _BeyondError
    names = left.keys() | right.keys()
    found = {name: left.get(name, 0) + sign * right.get(name, 0) for name in names}
    return {name: value for name, value in found.items() if value}


def _step(name: str, changed: Sum) -> int | None:
    """How much a variable grows in a pass; None where that is no constant."""
    rest = {other: factor for other, factor in changed.items() if other != CONSTANT}
    return changed.get(CONSTANT, 0) if rest == {name: 1} else None


def _always(start: int, step: int, operator: str, wanted: bool) -> bool:
    """Whether `start + k * step OPERATOR 0` is `wanted` for every k >= 0.

    `start` is the difference after the pass that begins now at the head, were nothing changed in it; the test stands at
    the end of the pass, so k begins with the first pass done.
    """
    opposite = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
    operator = operator if wanted else opposite.get(operator, "")
    holds = {
        "<": start < 0 and step <= 0,
        "<=": start <= 0 and step <= 0,
        ">": start > 0 and step >= 0,
        ">=": start >= 0 and step >= 0,
        "==": start == 0 and step == 0,
        "!=": _misses_zero(start, step),
    }
    return holds.get(operator, False)


def _misses_zero(start: int, step: int) -> bool:
    """Whether no k >= 0 makes `start + k * step` zero."""
    if step == 0:
        return start != 0
    return start % step != 0 or -start // step < 0
