"""Plain data as bytes, and back: the only thing that crosses a jail's wall.

The decoder reads bytes that a hostile program wrote. It builds exact built-in types and a few of the standard
library's containers, never calls anything the bytes name, and is bounded in bytes, depth, items and equal hashes (a
dictionary of colliding keys would take quadratic time). It does not know what the values mean.
"""

import struct
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

BYTES = 64 << 20
DEPTH = 100
ITEMS = 500_000
SAME_HASH = 100
DECIMAL_CHARACTERS = 20_000
FRACTION_BYTES = 8_192  # reducing a fraction is quadratic in its length

BROKEN = (ValueError, TypeError, OverflowError, ArithmeticError, struct.error, IndexError, KeyError)
"""What building a value from hostile bytes can raise; `decode` turns all of it into a `WireError`."""


class WireError(Exception):
    """The bytes are not a value, or the value is too large."""


class NotPlainError(WireError):
    """The value has a type that may not cross; the message names the type."""


def encode(value: Any) -> bytes:
    """The bytes of a plain value.

    Args:
        value: None, bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset or range, all of the exact
            type; Counter, defaultdict, OrderedDict and deque; date, datetime, time, timedelta and fixed time zones;
            Decimal and Fraction; a named tuple, which crosses as a tuple.

    Raises:
        NotPlainError: Something in the value has another type.
        WireError: The value is too large or nested too deep.
    """
    out = bytearray()
    _write(value, out, 0)
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
    reader = _Reader(data)
    try:
        value = reader.read(0)
    except BROKEN as error:
        raise WireError(f"the bytes are no value: {type(error).__name__}") from None
    if reader.at != len(data):
        raise WireError("bytes are left over after the value")
    return value


def _length(number: int) -> bytes:
    return struct.pack("<I", number)


def _sized(tag: bytes, payload: bytes) -> bytes:
    return tag + _length(len(payload)) + payload


def _int_bytes(number: int) -> bytes:
    return number.to_bytes(number.bit_length() // 8 + 1, "little", signed=True)


def _write(value: Any, out: bytearray, depth: int) -> None:
    if depth > DEPTH:
        raise WireError("the value is nested too deep")
    if len(out) > BYTES:
        raise WireError("the value is too large")
    kind = type(value)
    if kind in _SCALARS:
        out += _SCALARS[kind](value)
    elif kind in _SEQUENCES:
        _write_items(_SEQUENCES[kind], value, len(value), out, depth)
    elif kind in _MAPPINGS:
        out += _MAPPINGS[kind] + _length(len(value))
        for key, item in value.items():
            _write(key, out, depth + 1)
            _write(item, out, depth + 1)
    elif kind in _PARTS:
        tag, parts = _PARTS[kind]
        values = parts(value)
        _write_items(tag, values, len(values), out, depth)
    elif kind.__bases__ == (tuple,) and isinstance(getattr(kind, "_fields", None), tuple):
        _write_items(b"t", tuple.__iter__(value), tuple.__len__(value), out, depth)
    else:
        raise NotPlainError(str(kind.__name__)[:100])


def _write_items(tag: bytes, items: Iterable[Any], count: int, out: bytearray, depth: int) -> None:
    out += tag + _length(count)
    for item in items:
        _write(item, out, depth + 1)


def _zone(zone: Any) -> timedelta | None:
    if zone is None:
        return None
    if type(zone) is not timezone:
        raise NotPlainError(type(zone).__name__)
    return zone.utcoffset(None)


_SCALARS: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda value: b"N",
    bool: lambda value: b"T" if value else b"F",
    int: lambda value: _sized(b"i", _int_bytes(value)),
    float: lambda value: b"f" + struct.pack("<d", value),
    complex: lambda value: b"c" + struct.pack("<dd", value.real, value.imag),
    str: lambda value: _sized(b"s", value.encode("utf-8", "surrogatepass")),
    bytes: lambda value: _sized(b"b", value),
    Decimal: lambda value: _sized(b"M", str(value).encode()),
}
_SEQUENCES: dict[type, bytes] = {list: b"l", tuple: b"t", set: b"S", frozenset: b"Z", deque: b"Q"}
_MAPPINGS: dict[type, bytes] = {dict: b"d", Counter: b"C", defaultdict: b"D", OrderedDict: b"O"}
_PARTS: dict[type, tuple[bytes, Callable[[Any], tuple[Any, ...]]]] = {
    range: (b"r", lambda value: (value.start, value.stop, value.step)),
    Fraction: (b"R", lambda value: (value.numerator, value.denominator)),
    timedelta: (b"E", lambda value: (value.days, value.seconds, value.microseconds)),
    timezone: (b"z", lambda value: (value.utcoffset(None),)),
    date: (b"a", lambda value: (value.year, value.month, value.day)),
    time: (b"h", lambda value: (*_clock(value), value.fold, _zone(value.tzinfo))),
    datetime: (
        b"A",
        lambda value: (value.year, value.month, value.day, *_clock(value), value.fold, _zone(value.tzinfo)),
    ),
}


def _clock(value: Any) -> tuple[int, int, int, int]:
    return (value.hour, value.minute, value.second, value.microsecond)


class _Reader:
    """A place in hostile bytes; every read is bounded by what is left."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.items = data, 0, 0

    def read(self, depth: int) -> Any:
        if depth > DEPTH:
            raise WireError("the value is nested too deep")
        self.items += 1
        if self.items > ITEMS:
            raise WireError("the value has too many items")
        return _READ[self.take(1)](self, depth)

    def take(self, count: int) -> bytes:
        end = self.at + count
        if end > len(self.data):
            raise WireError("the bytes end too early")
        piece, self.at = self.data[self.at : end], end
        return piece

    def sized(self, most: int = BYTES) -> bytes:
        count = self.count()
        if count > most:
            raise WireError("a part of the value is too large")
        return self.take(count)

    def count(self) -> int:
        found: int = struct.unpack("<I", self.take(4))[0]
        if found > len(self.data) - self.at:  # every item takes a byte at least
            raise WireError("the bytes end too early")
        return found

    def sequence(self, depth: int) -> list[Any]:
        return [self.read(depth + 1) for _ in range(self.count())]

    def keys(self, depth: int) -> list[Any]:
        return _spread(self.sequence(depth))

    def pairs(self, depth: int) -> list[tuple[Any, Any]]:
        pairs = [(self.read(depth + 1), self.read(depth + 1)) for _ in range(self.count())]
        _spread([key for key, _ in pairs])
        return pairs

    def parts(self, depth: int, *kinds: type | tuple[type, ...]) -> list[Any]:
        found = self.sequence(depth)
        if len(found) != len(kinds) or not all(_exact(item, kind) for item, kind in zip(found, kinds, strict=True)):
            raise WireError("a part of the value has the wrong type")
        return found


def _exact(item: Any, kind: type | tuple[type, ...]) -> bool:
    return type(item) in kind if isinstance(kind, tuple) else type(item) is kind


def _spread(keys: list[Any]) -> list[Any]:
    """The keys, if not too many of them share one hash."""
    if len(keys) > SAME_HASH:
        (_, most), *_ = Counter(map(hash, keys)).most_common(1)
        if most > SAME_HASH:
            raise WireError("too many keys share a hash")
    return keys


def _fraction(reader: _Reader, depth: int) -> Fraction:
    start = reader.at
    top, bottom = reader.parts(depth, int, int)
    if reader.at - start > FRACTION_BYTES:
        raise WireError("the fraction is too large")
    return Fraction(top, bottom)


def _decimal(reader: _Reader, depth: int) -> Decimal:
    try:
        return Decimal(reader.sized(DECIMAL_CHARACTERS).decode("ascii"))
    except InvalidOperation:
        raise WireError("the text is no decimal") from None


_OFFSET = (timedelta, type(None))
_CLOCK = (int, int, int, int, int, _OFFSET)


def _timezone(offset: timedelta | None) -> timezone | None:
    return None if offset is None else timezone(offset)


def _time(reader: _Reader, depth: int) -> time:
    *clock, fold, offset = reader.parts(depth, *_CLOCK)
    return time(clock[0], clock[1], clock[2], clock[3], _timezone(offset), fold=fold)


def _datetime(reader: _Reader, depth: int) -> datetime:
    year, month, day, hour, minute, second, micro, fold, offset = reader.parts(depth, int, int, int, *_CLOCK)
    return datetime(year, month, day, hour, minute, second, micro, _timezone(offset), fold=fold)


_READ: dict[bytes, Callable[[_Reader, int], Any]] = {
    b"N": lambda reader, depth: None,
    b"T": lambda reader, depth: True,
    b"F": lambda reader, depth: False,
    b"i": lambda reader, depth: int.from_bytes(reader.sized(), "little", signed=True),
    b"f": lambda reader, depth: struct.unpack("<d", reader.take(8))[0],
    b"c": lambda reader, depth: complex(*struct.unpack("<dd", reader.take(16))),
    b"s": lambda reader, depth: reader.sized().decode("utf-8", "surrogatepass"),
    b"b": lambda reader, depth: reader.sized(),
    b"M": _decimal,
    b"l": lambda reader, depth: reader.sequence(depth),
    b"t": lambda reader, depth: tuple(reader.sequence(depth)),
    b"S": lambda reader, depth: set(reader.keys(depth)),
    b"Z": lambda reader, depth: frozenset(reader.keys(depth)),
    b"Q": lambda reader, depth: deque(reader.sequence(depth)),
    b"d": lambda reader, depth: dict(reader.pairs(depth)),
    b"C": lambda reader, depth: Counter(dict(reader.pairs(depth))),
    b"D": lambda reader, depth: defaultdict(None, reader.pairs(depth)),
    b"O": lambda reader, depth: OrderedDict(reader.pairs(depth)),
    b"r": lambda reader, depth: range(*reader.parts(depth, int, int, int)),
    b"R": _fraction,
    b"E": lambda reader, depth: timedelta(*reader.parts(depth, int, int, int)),
    b"z": lambda reader, depth: timezone(*reader.parts(depth, timedelta)),
    b"a": lambda reader, depth: date(*reader.parts(depth, int, int, int)),
    b"h": _time,
    b"A": _datetime,
}
