"""Plain values to bytes. It runs in the program's own process, so it is short rather than safe: it decides nothing.

What a new process touches for the first time costs a page fault, so common types are written in one loop, and lists
of one type by one call. A program that changes this code lies to itself: the reader believes nothing.
"""

import struct
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

from . import wire_arrays
from . import wire_layout as layout
from .wire_layout import BYTES, DEPTH, JOINED, KEYS, LAYERS, NotPlainError, WireError

PACKED_FROM = 4  # items; below that it is no shorter
LONG = 256  # items; the sizes of fewer texts are not added up before they are joined
COMPARES = {"__eq__", "__ne__", "__hash__", "__iter__", "__len__", "__getitem__"}
OWNERS = type.__dict__["__mro__"]  # what a class says about its ancestors may be a lie of its metaclass

_head, _integer, _number = layout.HEAD.pack, layout.INTEGER.pack, layout.NUMBER.pack
_ONE_MICROSECOND = timedelta(microseconds=1)

Writer = Callable[[Any, bytearray, list[int], int], None]


def write(values: Iterable[Any], out: bytearray, left: list[int], depth: int) -> None:
    """Appends values to `out`, one after another.

    Args:
        left: One number: how many items may still come.
        depth: How many containers these values are in.
    """
    for value in values:
        kind = type(value)
        if kind is int:
            if -0x8000_0000_0000_0000 <= value <= 0x7FFF_FFFF_FFFF_FFFF:
                out += _integer(b"i", value)
            else:
                _write_big(value, out)
        elif kind is str:
            try:
                text = value.encode()
            except UnicodeEncodeError:
                _write_codes(value, out, left)
            else:
                out += _head(b"s", len(text))
                out += text
        elif kind is tuple or kind is list:
            count = len(value)
            out += _head(b"t" if kind is tuple else b"l", count)
            write_column(value, count, out, left, depth)
        elif kind is bool:
            out += b"T" if value else b"F"
        elif value is None:
            out += b"N"
        elif kind is float:
            out += _number(b"f", value)
        else:
            (WRITERS.get(kind) or _write_rare)(value, out, left, depth)


def write_column(items: Collection[Any], count: int, out: bytearray, left: list[int], depth: int) -> None:
    """Appends the items of a container, packed where they are of one type that can be."""
    if count >= PACKED_FROM:
        kinds = set(map(type, items))
        if len(kinds) == 1 and (pack := PACKS.get(kinds.pop())) is not None and pack(items, count, out):
            _charge(count // LAYERS, out, left)
            return
    _charge(count, out, left)
    if depth >= DEPTH:
        raise WireError("the value is nested too deep")
    out += b"v"
    write(items, out, left, depth + 1)


def _charge(cost: int, out: bytearray, left: list[int]) -> None:
    left[0] -= cost + 1
    if left[0] < 0:
        raise WireError("the value has too many items")
    if len(out) > BYTES:
        raise WireError("the value is too large")


def _pack_ints(items: Collection[int], count: int, out: bytearray) -> bool:
    try:
        packed = struct.pack(f"<{count}q", *items)
    except struct.error:
        return False
    out += b"q"
    out += packed
    return True


def _pack_floats(items: Collection[float], count: int, out: bytearray) -> bool:
    out += b"d"
    out += struct.pack(f"<{count}d", *items)
    return True


def _pack_bools(items: Collection[bool], count: int, out: bytearray) -> bool:
    out += b"o"
    out += bytes(items)
    return True


def _pack_texts(items: Collection[str], count: int, out: bytearray) -> bool:
    if count > LONG and sum(map(len, items)) > JOINED:
        return False
    try:
        joined = layout.JOINT.join(items).encode()
    except UnicodeEncodeError:
        return False
    if len(joined) > JOINED or joined.count(b"\0") != count - 1:
        return False
    out += _head(b"j", len(joined))
    out += joined
    return True


def _write_big(value: int, out: bytearray) -> None:
    size = value.bit_length() // 8 + 1
    out += _head(b"I", size)
    out += value.to_bytes(size, "little", signed=True)


def _write_codes(value: str, out: bytearray, left: list[int]) -> None:
    count = len(value)
    _charge(count // LAYERS, out, left)
    out += _head(b"u", count)
    out += struct.pack(f"<{count}I", *map(ord, value))


def _write_sized(tag: bytes, content: bytes, out: bytearray) -> None:
    out += _head(tag, len(content))
    out += content


def _write_keys(keys: Collection[Any], out: bytearray, left: list[int], depth: int) -> None:
    at = len(out)
    write_column(keys, len(keys), out, left, depth)
    if len(keys) > KEYS and out[at] != ord(b"j"):
        raise WireError("the value has too many keys")


def _members(tag: bytes) -> Writer:
    def write_members(value: Collection[Any], out: bytearray, left: list[int], depth: int) -> None:
        out += _head(tag, len(value))
        _write_keys(value, out, left, depth)

    return write_members


def _write_deque(value: deque[Any], out: bytearray, left: list[int], depth: int) -> None:
    _charge(2, out, left)
    out += _head(b"Q", len(value))
    write_column(value, len(value), out, left, depth)


def _mapping(tag: bytes, cost: int) -> Writer:
    def write_mapping(value: dict[Any, Any], out: bytearray, left: list[int], depth: int) -> None:
        _charge(cost, out, left)
        out += _head(tag, len(value))
        _write_keys(value.keys(), out, left, depth)
        write_column(value.values(), len(value), out, left, depth)

    return write_mapping


def _write_complex(value: complex, out: bytearray, left: list[int], depth: int) -> None:
    out += layout.PAIR.pack(b"c", value.real, value.imag)


def _write_raw(value: bytes, out: bytearray, left: list[int], depth: int) -> None:
    _write_sized(b"b", value, out)


def _write_raw_array(value: bytearray, out: bytearray, left: list[int], depth: int) -> None:
    _write_sized(b"B", bytes(value), out)


def _write_decimal(value: Decimal, out: bytearray, left: list[int], depth: int) -> None:
    text = str(value).encode()
    if len(text) > layout.DECIMAL_CHARACTERS:
        raise WireError("the number has too many digits")
    _charge(1 + len(text) // 64, out, left)
    _write_sized(b"M", text, out)


def _write_parts(tag: bytes, parts: tuple[int, ...], bits: int, out: bytearray) -> None:
    if any(part.bit_length() > bits for part in parts):
        raise WireError("the number has too many digits")
    out += tag
    write(parts, out, [0], 0)


def _write_range(value: range, out: bytearray, left: list[int], depth: int) -> None:
    _charge(3, out, left)
    _write_parts(b"r", (value.start, value.stop, value.step), layout.PART_BITS, out)


def _write_fraction(value: Fraction, out: bytearray, left: list[int], depth: int) -> None:
    top, bottom = value.numerator, value.denominator
    _charge(2 + layout.reducing(top, bottom), out, left)
    _write_parts(b"R", (top, bottom), layout.FRACTION_BITS, out)


def _write_delta(value: timedelta, out: bytearray, left: list[int], depth: int) -> None:
    out += layout.INTEGERS.pack(b"E", value.days, value.seconds, value.microseconds)


def _write_zone(value: timezone, out: bytearray, left: list[int], depth: int) -> None:
    out += _integer(b"z", _offset(value))


def _write_date(value: date, out: bytearray, left: list[int], depth: int) -> None:
    out += layout.DAY.pack(b"a", value.year, value.month, value.day)


def _write_time(value: time, out: bytearray, left: list[int], depth: int) -> None:
    _charge(1, out, left)
    out += b"h"
    out += _clock(value)


def _write_moment(value: datetime, out: bytearray, left: list[int], depth: int) -> None:
    _charge(1, out, left)
    out += layout.DAY.pack(b"A", value.year, value.month, value.day)
    out += _clock(value)


def _clock(value: time | datetime) -> bytes:
    zone, clock = value.tzinfo, (value.hour, value.minute, value.second, value.microsecond, value.fold)
    return layout.CLOCK.pack(*clock, zone is not None, 0 if zone is None else _offset(zone))


def _offset(zone: Any) -> int:
    if type(zone) is not timezone:
        raise NotPlainError(type(zone).__name__[:100])
    return zone.utcoffset(None) // _ONE_MICROSECOND


def _write_rare(value: Any, out: bytearray, left: list[int], depth: int) -> None:
    """Types whose modules may not be loaded here, and named tuples."""
    kind = type(value)
    if _is_named_tuple(kind):
        content = tuple(tuple.__iter__(value))
        out += _head(b"t", len(content))
        write_column(content, len(content), out, left, depth)
        return
    _charge(4, out, left)
    if kind is _loaded("uuid", "UUID"):
        out += b"g" + value.bytes
    elif kind in (_loaded("pathlib", "PurePosixPath"), _loaded("pathlib", "PosixPath")):
        _write_path(str(value), out, left)
    elif not wire_arrays.write(value, out):
        raise NotPlainError(str(kind.__name__)[:100])


def _write_path(text: str, out: bytearray, left: list[int]) -> None:
    try:
        content = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise WireError("the path is no text") from None
    if len(content) > layout.PATH_BYTES:
        raise WireError("the path is too long")
    _charge(4 + len(content) // 4, out, left)
    _write_sized(b"p", content, out)


def _loaded(module: str, name: str) -> Any:
    """A class of a module, or None where nobody has imported the module: then no value can be of it."""
    return getattr(sys.modules.get(module), name, None)


def _is_named_tuple(kind: type) -> bool:
    """Whether it is a named tuple that compares as a tuple does, or a class derived from one."""
    owners = OWNERS.__get__(kind)
    if tuple not in owners or not isinstance(getattr(kind, "_fields", None), tuple):
        return False
    return not any(COMPARES & owner.__dict__.keys() for owner in owners[: owners.index(tuple)])


PACKS: dict[type, Callable[[Any, int, bytearray], bool]] = {
    int: _pack_ints,
    str: _pack_texts,
    float: _pack_floats,
    bool: _pack_bools,
}
WRITERS: dict[type, Writer] = {
    dict: _mapping(b"d", 0),
    Counter: _mapping(b"C", 2),
    defaultdict: _mapping(b"D", 2),
    OrderedDict: _mapping(b"O", 2),
    set: _members(b"S"),
    frozenset: _members(b"Z"),
    deque: _write_deque,
    complex: _write_complex,
    bytes: _write_raw,
    bytearray: _write_raw_array,
    Decimal: _write_decimal,
    Fraction: _write_fraction,
    range: _write_range,
    timedelta: _write_delta,
    timezone: _write_zone,
    date: _write_date,
    time: _write_time,
    datetime: _write_moment,
}
