"""How plain values cross the jail's wall: our own data-only encoding, and a decoder that trusts nothing.

Values become JSON text in which every type but None, bool, small int and str is tagged. Types are exact: a subclass of
`int` or `list` is not plain, so an object that lies about equality cannot cross. Supported: None, bool, int, float,
complex, str, bytes, bytearray, list, tuple, dict, set, frozenset, range, and by tag Counter, defaultdict, OrderedDict,
deque, namedtuple (as a tuple), datetime's kinds, Decimal and Fraction.

This module imports the standard library only: the jailed side uses it too.
"""

import collections
import datetime
import decimal
import fractions
import json
from collections.abc import Callable, Iterable
from typing import Any

DEEPEST = 60
MOST_ITEMS = 1_000_000
MOST_BYTES = 8 << 20
MOST_CARRIED = 128 << 20
"""Bytes of a value that goes from one jailed process to another; the driver carries them unread."""
SMALL = 1 << 53

LOADED, VALUE, STRANGE, FAULT, CALL = b"L", b"V", b"N", b"F", b"C"
"""What a frame is, by its first byte: the program (or the check) came to its end, a plain value, a value that may not
cross, an exception, a call of the check into the program."""


class NotPlain(ValueError):
    """A value has a type that may not cross, is too deep, or too large."""


class Malformed(ValueError):
    """Bytes are no encoded value: only a hostile or broken sender makes them."""


def encode(value: Any, most: int = MOST_BYTES) -> bytes:
    """The bytes of a plain value, at most `most` of them.

    Raises:
        NotPlain: The value, or something in it, may not cross.
    """
    text = json.dumps(_pack(value, DEEPEST, [MOST_ITEMS]), ensure_ascii=True, separators=(",", ":"))
    if len(text) > most:
        raise NotPlain(f"the value takes {len(text)} bytes, at most {most} may cross")
    return text.encode("ascii")


def decode(data: bytes, most: int = 2 * MOST_BYTES) -> Any:
    """The value that `encode` turned into bytes; the bytes may come from anyone.

    Raises:
        Malformed: They are no such bytes.
    """
    if len(data) > most:
        raise Malformed(f"{len(data)} bytes")
    try:
        packed = json.loads(data.decode("ascii"), parse_int=_small, parse_float=_refuse, parse_constant=_refuse)
        return _unpack(packed, DEEPEST, [MOST_ITEMS])
    except Malformed:
        raise
    except (ValueError, TypeError, RecursionError, OverflowError, ArithmeticError, MemoryError, KeyError) as error:
        raise Malformed(f"{type(error).__name__}: {str(error)[:200]}") from None


def _small(text: str) -> int:
    if len(text) > 20:
        raise Malformed("a long number without its tag")
    return int(text)


def _refuse(text: str) -> Any:
    raise Malformed(f"unexpected {text[:20]}")


def _pack(value: Any, depth: int, left: list[int]) -> Any:
    left[0] -= 1
    if depth < 0 or left[0] < 0:
        raise NotPlain("the value is too deep or has too many items")
    kind = type(value)
    if value is None or kind is bool or kind is str:
        return value
    if kind is int:
        return value if -SMALL < value < SMALL else {"int": hex(value)}
    packer = _PACKERS.get(kind)
    if packer is not None:
        return packer(value, lambda items: [_pack(item, depth - 1, left) for item in items])
    if _is_named_tuple(kind):
        return {"tuple": [_pack(item, depth - 1, left) for item in tuple.__iter__(value)]}
    raise NotPlain(f"a value of type {getattr(kind, '__name__', '?')} may not cross")


def _is_named_tuple(kind: type) -> bool:
    """A direct subclass of tuple made by namedtuple: no own `__eq__`, no own iteration."""
    own = type.__getattribute__(kind, "__dict__")
    return type.__getattribute__(kind, "__bases__") == (tuple,) and "_fields" in own and "__eq__" not in own


Pack = Callable[[Iterable[Any]], list[Any]]

_PACKERS: dict[type, Callable[[Any, Pack], Any]] = {
    float: lambda value, pack: {"float": value.hex()},
    complex: lambda value, pack: {"complex": [value.real.hex(), value.imag.hex()]},
    bytes: lambda value, pack: {"bytes": value.hex()},
    bytearray: lambda value, pack: {"bytearray": bytes(value).hex()},
    list: lambda value, pack: {"list": pack(value)},
    tuple: lambda value, pack: {"tuple": pack(value)},
    set: lambda value, pack: {"set": pack(value)},
    frozenset: lambda value, pack: {"frozenset": pack(value)},
    range: lambda value, pack: {"range": pack([value.start, value.stop, value.step])},
    dict: lambda value, pack: {"dict": [pack(pair) for pair in value.items()]},
    collections.Counter: lambda value, pack: {"Counter": [pack(pair) for pair in dict.items(value)]},
    collections.OrderedDict: lambda value, pack: {"OrderedDict": [pack(pair) for pair in value.items()]},
    collections.defaultdict: lambda value, pack: {"defaultdict": [pack(pair) for pair in dict.items(value)]},
    collections.deque: lambda value, pack: {"deque": [pack(value), value.maxlen]},
    decimal.Decimal: lambda value, pack: {"Decimal": str(value)},
    fractions.Fraction: lambda value, pack: {"Fraction": pack([value.numerator, value.denominator])},
    datetime.date: lambda value, pack: {"date": value.isoformat()},
    datetime.datetime: lambda value, pack: {"datetime": value.isoformat()},
    datetime.time: lambda value, pack: {"time": value.isoformat()},
    datetime.timedelta: lambda value, pack: {"timedelta": [value.days, value.seconds, value.microseconds]},
}


def _unpack(packed: Any, depth: int, left: list[int]) -> Any:
    left[0] -= 1
    if depth < 0 or left[0] < 0:
        raise Malformed("too deep or too many items")
    if packed is None or isinstance(packed, bool | int | str):
        return packed
    if not isinstance(packed, dict) or len(packed) != 1:
        raise Malformed("neither a plain value nor a tag")
    ((tag, body),) = packed.items()
    maker = _MAKERS.get(tag)
    if maker is None:
        raise Malformed(f"unknown tag {tag[:20]!r}")
    return maker(body, lambda items: [_unpack(item, depth - 1, left) for item in _list(items)])


def _list(value: Any) -> list[Any]:
    if type(value) is not list:
        raise Malformed("a list was expected")
    return value


def _text(value: Any) -> str:
    if type(value) is not str:
        raise Malformed("text was expected")
    return value


Unpack = Callable[[Any], list[Any]]


def _pairs(body: Any, unpack: Unpack) -> list[tuple[Any, Any]]:
    return [(key, value) for key, value in (unpack(pair) for pair in _list(body))]


def _fraction(body: Any, unpack: Unpack) -> fractions.Fraction:
    top, bottom = unpack(body)
    if type(top) is not int or type(bottom) is not int:
        raise Malformed("a fraction of something else than whole numbers")
    return fractions.Fraction(top, bottom)


def _deque(body: Any, unpack: Unpack) -> collections.deque[Any]:
    items, most = _list(body)
    if most is not None and (type(most) is not int or most < 0):
        raise Malformed("maxlen")
    return collections.deque(unpack(items), most)


def _decimal(body: Any, unpack: Unpack) -> decimal.Decimal:
    text = _text(body)
    if len(text) > 5_000:
        raise Malformed("a long Decimal")
    return decimal.Decimal(text)


_MAKERS: dict[str, Callable[[Any, Unpack], Any]] = {
    "int": lambda body, unpack: int(_text(body), 16),
    "float": lambda body, unpack: float.fromhex(_text(body)),
    "complex": lambda body, unpack: complex(*(float.fromhex(_text(part)) for part in _list(body))),
    "bytes": lambda body, unpack: bytes.fromhex(_text(body)),
    "bytearray": lambda body, unpack: bytearray.fromhex(_text(body)),
    "list": lambda body, unpack: unpack(body),
    "tuple": lambda body, unpack: tuple(unpack(body)),
    "set": lambda body, unpack: set(unpack(body)),
    "frozenset": lambda body, unpack: frozenset(unpack(body)),
    "range": lambda body, unpack: range(*unpack(body)),
    "dict": lambda body, unpack: dict(_pairs(body, unpack)),
    "Counter": lambda body, unpack: collections.Counter(dict(_pairs(body, unpack))),
    "OrderedDict": lambda body, unpack: collections.OrderedDict(_pairs(body, unpack)),
    "defaultdict": lambda body, unpack: collections.defaultdict(None, _pairs(body, unpack)),
    "deque": _deque,
    "Decimal": _decimal,
    "Fraction": _fraction,
    "date": lambda body, unpack: datetime.date.fromisoformat(_text(body)),
    "datetime": lambda body, unpack: datetime.datetime.fromisoformat(_text(body)),
    "time": lambda body, unpack: datetime.time.fromisoformat(_text(body)),
    "timedelta": lambda body, unpack: datetime.timedelta(*unpack(body)),
}
