"""Plain data as bytes, and back: the only thing that crosses a jail's wall.

The decoder reads bytes that a hostile program wrote. It builds exact built-in types, a few of the standard library's
and numpy's, never calls anything the bytes name, and is bounded in bytes, depth, items and time. It does not know what
the values mean. `wire_layout` has the format and the bounds.
"""

from typing import Any

from . import wire_reading, wire_writing
from .wire_layout import BYTES, DEPTH, FALSE, INTEGER, ITEMS, TRUE, NotPlainError, WireError

__all__ = ["BYTES", "DEPTH", "ITEMS", "NotPlainError", "WireError", "decode", "encode"]


def encode(value: Any) -> bytes:
    """The bytes of a plain value.

    Args:
        value: None, bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset or range, all
            of the exact type; Counter, defaultdict (without its factory), OrderedDict and deque; date, datetime, time,
            timedelta and fixed time zones; Decimal and Fraction; UUID; a path, which crosses as a PurePosixPath;
            array.array; numpy's arrays and scalars of numbers, truth values, texts and times; a named tuple, which
            crosses as a tuple.

    Raises:
        NotPlainError: Something in the value has another type.
        WireError: The value is too large or nested too deep.
    """
    kind = type(value)
    if kind is int and -(1 << 63) <= value < 1 << 63:  # the commonest answers, in as few steps as can be
        return INTEGER.pack(b"i", value)
    if kind is bool:
        return TRUE if value else FALSE
    out = bytearray()
    wire_writing.write((value,), out, [ITEMS], 0)
    if len(out) > BYTES:
        raise WireError("the value is too large")
    return bytes(out)


def decode(data: bytes) -> Any:
    """The value that `encode` turned into `data`.

    Raises:
        WireError: The bytes are no value, or exceed a bound.
    """
    if len(data) > BYTES:
        raise WireError("the value is too large")
    reader = wire_reading.Reader(data)
    try:
        (value,) = reader.read(1, 0)
    except (WireError, MemoryError):
        raise
    except Exception as error:  # whatever building a value from hostile bytes may raise, warnings as errors included
        raise WireError(f"the bytes are no value: {type(error).__name__}") from None
    if reader.at != len(data):
        raise WireError("bytes are left over after the value")
    return value
