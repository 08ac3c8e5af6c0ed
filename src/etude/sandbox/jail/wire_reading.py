"""Bytes of a hostile program to plain values. Every length is checked against what is left, every cost is charged.

Whatever the bytes are, reading ends soon: with a value of exact, harmless types, or with an exception that `wire`
turns into a `WireError`. Nothing of the sender is called, imported or looked up by name.
"""

import struct
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

from . import wire_arrays
from . import wire_layout as layout
from .wire_layout import BYTES, DEPTH, ITEMS, JOINED, KEYS, LAYERS, WireError

SWITCH = (False, True)
_length, _integer, _number = layout.LENGTH.unpack_from, struct.Struct("<q").unpack_from, struct.Struct("<d").unpack_from
_TUPLE, _LIST, _INT, _TEXT, _TRUE, _FALSE, _NONE, _FLOAT = b"tlisTFNf"
_VARIOUS, _TEXTS = b"vj"
_SEQUENCES, _SWITCHES = (_TUPLE, _LIST), (_TRUE, _FALSE)


class Reader:
    """A place in hostile bytes, and what may still be spent on them.

    Attributes:
        at: The next byte.
        left: Items that may still come; costly things take more than one.
        decimals: Whether a Decimal was among the values: comparing one with a long integer is quadratic.
    """

    __slots__ = ("at", "data", "decimals", "left", "size")

    def __init__(self, data: bytes) -> None:
        self.data, self.size, self.at, self.left, self.decimals = data, len(data), 0, ITEMS, False

    def read(self, count: int, depth: int) -> list[Any]:
        """The next values.

        Args:
            count: How many; the caller has charged for them.
            depth: How many containers they are in.
        """
        data, size, at = self.data, self.size, self.at
        found: list[Any] = []
        add = found.append
        for _ in range(count):
            tag = data[at]
            at += 1
            if tag == _INT:
                add(_integer(data, at)[0])
                at += 8
            elif tag == _TEXT:
                end = at + 4 + _length(data, at)[0]
                if end > size:
                    raise WireError("the bytes end too early")
                add(data[at + 4 : end].decode())
                at = end
            elif tag in _SEQUENCES:
                length = _length(data, at)[0]
                if length > size - at:  # every item takes a byte at least
                    raise WireError("the bytes end too early")
                self.at = at + 4
                items = self.column(length, depth)
                add(tuple(items) if tag == _TUPLE else items)
                at = self.at
            elif tag in _SWITCHES:
                add(tag == _TRUE)
            elif tag == _NONE:
                add(None)
            elif tag == _FLOAT:
                add(_number(data, at)[0])
                at += 8
            else:
                self.at = at
                add(READERS[tag](self, depth))
                at = self.at
        self.at = at
        return found

    def column(self, count: int, depth: int) -> list[Any]:
        """The items of a container."""
        form = self.data[self.at]
        self.at += 1
        if form != _VARIOUS:
            self.charge(count // LAYERS + 1)
            return PACKED[form](self, count)
        self.left -= count + 1
        if self.left < 0 or depth >= DEPTH:
            raise WireError("the value has too many items" if self.left < 0 else "the value is nested too deep")
        return self.read(count, depth + 1)

    def charge(self, cost: int, why: str = "the value has too many items") -> None:
        """Takes from what may be spent."""
        self.left -= cost
        if self.left < 0:
            raise WireError(why)

    def take(self, count: int) -> bytes:
        """The next bytes."""
        end = self.at + count
        if end > self.size:
            raise WireError("the bytes end too early")
        piece, self.at = self.data[self.at : end], end
        return piece

    def view(self, count: int) -> memoryview:
        """The next bytes, not copied."""
        end = self.at + count
        if end > self.size:
            raise WireError("the bytes end too early")
        piece, self.at = memoryview(self.data)[self.at : end], end
        return piece

    def unpack(self, layout: struct.Struct) -> tuple[Any, ...]:
        """The next record."""
        found = layout.unpack_from(self.data, self.at)
        self.at += layout.size
        return found

    def count(self) -> int:
        """The next length."""
        found: int = _length(self.data, self.at)[0]
        self.at += 4
        if found > self.size - self.at:  # every item takes a byte at least
            raise WireError("the bytes end too early")
        return found

    def sized(self, most: int = BYTES) -> bytes:
        """The next bytes that have their length in front."""
        count = self.count()
        if count > most:
            raise WireError("a part of the value is too large")
        return self.take(count)

    def keys(self, count: int, depth: int) -> list[Any]:
        """The keys of a table that can be built in time."""
        form = self.data[self.at]
        if count > KEYS and form != _TEXTS:
            raise WireError("the value has too many keys")
        keys = self.column(count, depth)
        if form == _VARIOUS and len(set(map(hash, keys))) != count:  # of packed ones, only a few can share a hash
            self._charge_for_crowds(keys)
        return keys

    def _charge_for_crowds(self, keys: list[Any]) -> None:
        """Charges for comparing keys that share a hash with others: every one with every other."""
        crowds: dict[int, list[Any]] = {}
        for key in keys:
            crowds.setdefault(hash(key), []).append(key)
        for crowd in crowds.values():
            if len(crowd) > 1:
                weights = [self._weight(key) for key in crowd]
                self.charge(len(crowd) ** 2 * max(weights) // LAYERS, "too many keys share a hash")

    def _weight(self, key: Any) -> int:
        """About how many steps it takes to compare a key with another of its hash; looking costs, too."""
        kind = type(key)
        self.charge(1)
        if kind is int:
            bits: int = key.bit_length()
            return 1 + ((bits >> 9) ** 2 if self.decimals else bits >> 12)
        if kind is str or kind is bytes:
            return 1 + len(key) // 512
        if kind is tuple:
            return 1 + sum(map(self._weight, key))
        if kind is frozenset:
            crowded = max(Counter(map(hash, key)).values(), default=1)
            return (1 + sum(map(self._weight, key))) * crowded**2
        return 1 if kind in LIGHT else HEAVY


LIGHT = (type(None), bool, float, complex, date, time, datetime, timedelta, timezone)
HEAVY = 64


def _table(kind: type[Any]) -> Callable[[Reader, int], Any]:
    def read(reader: Reader, depth: int) -> Any:
        count = reader.count()
        keys = reader.keys(count, depth)
        values = reader.column(count, depth)
        reader.charge(2)
        table = kind()
        dict.update(table, zip(keys, values, strict=True))
        return table

    return read


def _read_dict(reader: Reader, depth: int) -> dict[Any, Any]:
    count = reader.count()
    keys = reader.keys(count, depth)
    return dict(zip(keys, reader.column(count, depth), strict=True))


def _read_ordered(reader: Reader, depth: int) -> OrderedDict[Any, Any]:
    reader.charge(2)
    return OrderedDict(_read_dict(reader, depth))


def _members(kind: type[Any]) -> Callable[[Reader, int], Any]:
    return lambda reader, depth: kind(reader.keys(reader.count(), depth))


def _read_deque(reader: Reader, depth: int) -> deque[Any]:
    reader.charge(2)
    return deque(reader.column(reader.count(), depth))


def _ints(reader: Reader, count: int) -> list[Any]:
    return reader.view(8 * count).cast("q").tolist()


def _floats(reader: Reader, count: int) -> list[Any]:
    return reader.view(8 * count).cast("d").tolist()


def _bools(reader: Reader, count: int) -> list[Any]:
    return list(map(SWITCH.__getitem__, reader.take(count)))


def _texts(reader: Reader, count: int) -> list[Any]:
    blob = reader.sized(JOINED)
    if blob.count(b"\0") != count - 1:
        raise WireError("a count of texts lies")
    return blob.decode().split(layout.JOINT)


def _read_big(reader: Reader, depth: int) -> int:
    return int.from_bytes(reader.sized(), "little", signed=True)


def _read_codes(reader: Reader, depth: int) -> str:
    count = reader.count()
    reader.charge(count // LAYERS)
    return "".join(map(chr, reader.view(4 * count).cast("I").tolist()))


def _read_complex(reader: Reader, depth: int) -> complex:
    real, imaginary = struct.unpack("<dd", reader.take(16))
    return complex(real, imaginary)


def _read_raw_array(reader: Reader, depth: int) -> bytearray:
    return bytearray(reader.sized())


def _read_decimal(reader: Reader, depth: int) -> Decimal:
    reader.decimals = True
    text = reader.sized(layout.DECIMAL_CHARACTERS)
    reader.charge(1 + len(text) // 64)
    return Decimal(text.decode("ascii"))


def _parts(reader: Reader, count: int, bits: int) -> list[int]:
    reader.charge(count)
    found = reader.read(count, DEPTH)
    if any(type(part) is not int or part.bit_length() > bits for part in found):
        raise WireError("a part of the value is of the wrong type or too large")
    return found


def _read_range(reader: Reader, depth: int) -> range:
    return range(*_parts(reader, 3, layout.PART_BITS))


def _read_fraction(reader: Reader, depth: int) -> Fraction:
    top, bottom = _parts(reader, 2, layout.FRACTION_BITS)
    reader.charge(layout.reducing(top, bottom))
    return Fraction(top, bottom)


def _read_delta(reader: Reader, depth: int) -> timedelta:
    return timedelta(*reader.unpack(_THREE))


def _read_zone(reader: Reader, depth: int) -> timezone:
    return timezone(timedelta(microseconds=reader.unpack(_ONE)[0]))


def _read_date(reader: Reader, depth: int) -> date:
    return date(*reader.unpack(_DAY))


def _clock(reader: Reader) -> tuple[tuple[int, int, int, int], timezone | None, int]:
    reader.charge(1)
    hour, minute, second, micro, fold, zoned, offset = reader.unpack(layout.CLOCK)
    zone = timezone(timedelta(microseconds=offset)) if zoned else None
    return (hour, minute, second, micro), zone, fold


def _read_time(reader: Reader, depth: int) -> time:
    (hour, minute, second, micro), zone, fold = _clock(reader)
    return time(hour, minute, second, micro, zone, fold=fold)


def _read_moment(reader: Reader, depth: int) -> datetime:
    year, month, day = reader.unpack(_DAY)
    (hour, minute, second, micro), zone, fold = _clock(reader)
    return datetime(year, month, day, hour, minute, second, micro, zone, fold=fold)


def _read_uuid(reader: Reader, depth: int) -> Any:
    from uuid import UUID

    reader.charge(4)
    return UUID(bytes=reader.take(16))


def _read_path(reader: Reader, depth: int) -> Any:
    from pathlib import PurePosixPath

    text = reader.sized(layout.PATH_BYTES).decode("utf-8", "surrogateescape")
    reader.charge(4 + len(text) // 4)
    return PurePosixPath(text)


def _read_array(reader: Reader, depth: int) -> Any:
    reader.charge(4)
    code = reader.take(1).decode("ascii")
    return wire_arrays.array(code, reader.sized())


def _read_grid(*, scalar: bool) -> Callable[[Reader, int], Any]:
    def read(reader: Reader, depth: int) -> Any:
        reader.charge(4)
        length, sides = reader.unpack(wire_arrays.HEAD_OF_GRID)
        name = reader.take(length).decode("ascii")
        shape = tuple(reader.view(8 * sides).cast("Q").tolist())
        return wire_arrays.grid(wire_arrays.Grid(name, shape, reader.view(reader.count())), scalar=scalar)

    return read


_ONE, _THREE, _DAY = struct.Struct("<q"), struct.Struct("<qqq"), struct.Struct("<HBB")
PACKED: dict[int, Callable[[Reader, int], list[Any]]] = {
    ord(layout.INTS): _ints,
    ord(layout.FLOATS): _floats,
    ord(layout.BOOLS): _bools,
    ord(layout.TEXTS): _texts,
}
READERS: dict[int, Callable[[Reader, int], Any]] = {
    ord(tag): read
    for tag, read in {
        layout.BIG: _read_big,
        layout.COMPLEX: _read_complex,
        layout.CODES: _read_codes,
        layout.RAW: lambda reader, depth: reader.sized(),
        layout.RAW_ARRAY: _read_raw_array,
        layout.DECIMAL: _read_decimal,
        layout.FRACTION: _read_fraction,
        layout.RANGE: _read_range,
        layout.SET: _members(set),
        layout.FROZEN: _members(frozenset),
        layout.DEQUE: _read_deque,
        layout.DICT: _read_dict,
        layout.COUNTER: _table(Counter),
        layout.DEFAULT: _table(defaultdict),
        layout.ORDERED: _read_ordered,
        layout.DELTA: _read_delta,
        layout.ZONE: _read_zone,
        layout.DATE: _read_date,
        layout.TIME: _read_time,
        layout.MOMENT: _read_moment,
        layout.UUID: _read_uuid,
        layout.PATH: _read_path,
        layout.ARRAY: _read_array,
        layout.SCALAR: _read_grid(scalar=True),
        layout.GRID: _read_grid(scalar=False),
    }.items()
}
