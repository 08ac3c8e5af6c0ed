"""Arrays and numpy scalars on the wire. The writer needs no numpy; the reader imports it when such a value arrives.

Their bytes cross as they lie in memory, with a type of a short list and a shape. Objects, structures, long doubles
and masked arrays do not cross. The reader makes sure that no item is a value its type cannot have.
"""

import re
import struct
import sys
from math import prod
from typing import Any, NamedTuple

from .wire_layout import ARRAY, GRID, LENGTH, SCALAR, NotPlainError, WireError

CODES = "bBhHiIlLqQfd"  # of array.array
SIDES = 32
HEAD_OF_GRID = struct.Struct("<BB")  # bytes of the type's name, number of sides
TYPES = re.compile(
    r"\|b1|\|[iu]1|<[iu][248]|<f[248]|<c(8|16)|<U[1-9][0-9]{0,7}|\|S[1-9][0-9]{0,7}"
    r"|<[mM]8(\[(Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as)\])?",
    re.ASCII,
)
LAST_CODE_POINT = 0x10FFFF


class Grid(NamedTuple):
    """An array in bytes: numpy's name of its type, its sides, its items in C order."""

    kind: str
    sides: tuple[int, ...]
    items: memoryview


def write(value: Any, out: bytearray) -> bool:
    """Appends an array or a numpy scalar; False where the value is none.

    Raises:
        NotPlainError: Its items may not cross.
    """
    kind = type(value)
    if kind is getattr(sys.modules.get("array"), "array", None):
        return _write_array(value, out)
    numpy = sys.modules.get("numpy")
    if numpy is None or kind.__module__ != "numpy":
        return False
    if kind is numpy.ndarray:
        _write_grid(GRID, value, out)
    elif isinstance(value, numpy.generic):
        _write_grid(SCALAR, numpy.asarray(value), out)
    else:
        return False
    return True


def _write_array(value: Any, out: bytearray) -> bool:
    if value.typecode not in CODES:
        raise NotPlainError(f"array of {value.typecode}")
    content = value.tobytes()
    out += ARRAY + value.typecode.encode()
    out += LENGTH.pack(len(content)) + content
    return True


def _write_grid(tag: bytes, value: Any, out: bytearray) -> None:
    if value.dtype.byteorder == ">":
        value = value.astype(value.dtype.newbyteorder("<"))
    name = value.dtype.str
    if not TYPES.fullmatch(name) or len(value.shape) > SIDES:
        raise NotPlainError(f"{type(value).__name__} of {value.dtype}"[:100])
    if value.nbytes > 0xFFFF_FFFF:
        raise WireError("the value is too large")
    out += tag + HEAD_OF_GRID.pack(len(name), len(value.shape))
    out += name.encode() + struct.pack(f"<{len(value.shape)}Q", *value.shape)
    out += LENGTH.pack(value.nbytes)
    out += value.tobytes()


def array(code: str, content: bytes) -> Any:
    """An array.array of these bytes."""
    from array import array as kind

    if code not in CODES:
        raise WireError("an array of no known type")
    return kind(code, content)


def grid(found: Grid, *, scalar: bool) -> Any:
    """A numpy array of its own memory, or the scalar that it holds.

    Raises:
        WireError: The type, the sides or an item is impossible.
    """
    import numpy

    if not TYPES.fullmatch(found.kind) or len(found.sides) > SIDES or (scalar and found.sides):
        raise WireError("an array of no known type")
    kind = numpy.dtype(found.kind)
    if prod(found.sides) * kind.itemsize != len(found.items) or max(found.sides, default=0) > 0xFFFF_FFFF:
        raise WireError("an array whose sides lie")
    if not found.items:
        return numpy.empty(found.sides, kind)
    if kind.kind == "b":
        items = numpy.frombuffer(found.items, numpy.uint8) != 0
    else:
        items = numpy.frombuffer(found.items, kind).copy()
    if kind.kind == "U" and items.view(numpy.uint32).max() > LAST_CODE_POINT:
        raise WireError("a text with impossible characters")
    return items[0] if scalar else items.reshape(found.sides)
