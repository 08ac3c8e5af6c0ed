"""The encoding of plain values: what crosses, what must not, and what a decoder may meet."""
# ruff: noqa: E501  (programs and expressions read best on one line)

import collections
import contextlib
import datetime
import decimal
import enum
import fractions
import struct
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etude.sandbox.jail import wire

TEXT = st.text(st.characters(), max_size=20)
ATOMS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-(10**60), 10**60), st.floats(allow_nan=False), TEXT,
    st.complex_numbers(allow_nan=False), st.binary(max_size=20), st.decimals(allow_nan=False), st.fractions(),
    st.dates(), st.datetimes(), st.times(), st.timedeltas(),
    st.builds(range, st.integers(-99, 99), st.integers(-99, 99), st.integers(1, 9)),
)  # fmt: skip
KEYS = st.one_of(st.integers(), TEXT, st.tuples(st.integers(), TEXT), st.frozensets(st.integers(), max_size=3))
VALUES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.lists(inner, max_size=4).map(tuple), st.dictionaries(KEYS, inner, max_size=4),
        st.sets(KEYS, max_size=4), st.frozensets(KEYS, max_size=4),
                st.lists(KEYS, max_size=4).map(collections.Counter), st.lists(inner, max_size=4).map(collections.deque),
        st.dictionaries(KEYS, inner, max_size=4).map(collections.OrderedDict),
    ),
    max_leaves=15,
)  # fmt: skip


@given(VALUES)
@settings(max_examples=200, deadline=None)
def test_a_plain_value_comes_back_as_it_was(value: Any) -> None:
    back = wire.decode(wire.encode(value))
    assert type(back) is type(value)
    assert back == value


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        -0.0,
        2**53,
        -(2**53),
        10**4000,
        10**8000,
        -(10**8000),
        "\ud800 lone",
        "",
        1j * float("inf"),
        range(3, 10**30, 7),
        decimal.Decimal("1E+400"),
        [True, 1, 1.0],
        datetime.time(1, 2, 3, 4, datetime.UTC, fold=1),
        datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=-5))),
    ],
    ids=lambda value: type(value).__name__,
)
def test_odd_values_come_back(value: Any) -> None:
    back = wire.decode(wire.encode(value))
    assert type(back) is type(value)
    assert back == value or value != value
    assert getattr(back, "fold", 0) == getattr(value, "fold", 0)
    assert str(back)[:50] == str(value)[:50] if not isinstance(value, int) else True


def test_types_are_kept_apart() -> None:
    values = [
        1,
        True,
        1.0,
        "1",
        b"1",
        [1],
        (1,),
        {1},
        frozenset([1]),
        {1: 1},
        1 + 0j,
        decimal.Decimal(1),
        fractions.Fraction(1),
    ]
    assert len({wire.encode(value) for value in values}) == len(values)


def test_relatives_of_plain_types_come_back_by_their_tag() -> None:
    pair = collections.namedtuple("pair", "a b")
    grouped = collections.defaultdict(list, {1: [2]})
    assert wire.decode(wire.encode(pair(1, [2]))) == (1, [2])
    assert type(wire.decode(wire.encode(pair(1, 2)))) is tuple
    assert wire.decode(wire.encode(grouped)) == {1: [2]}


class Int(int): ...


class Colour(enum.IntEnum):
    RED = 1


class Text(str): ...


class Items(list):  # type: ignore[type-arg]
    ...


class Pair(collections.namedtuple("Pair", "a b")):
    def __eq__(self, other: object) -> bool:
        return True


class Map(dict):  # type: ignore[type-arg]
    ...


def looped() -> list[Any]:
    items: list[Any] = []
    items.append(items)
    return items


def deep(levels: int) -> list[Any]:
    items: list[Any] = []
    for _ in range(levels):
        items = [items]
    return items


@pytest.mark.parametrize(
    "value",
    [
        Int(1), Text("a"), Items(), Map(), Pair(1, 2), [Int(1)], {Text("a"): 1}, object(), len, type, (x for x in ""), looped(),
        deep(1500), deep(150), memoryview(b"a"), NotImplemented, ..., Exception(),
        Colour.RED, {}.keys(), [[Int(1)]], {"a": object()},
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_is_not_plain_does_not_cross(value: Any) -> None:
    with pytest.raises(wire.WireError):
        wire.encode(value)


def decoded(data: bytes) -> None:
    """Decodes, and lets nothing but `Malformed` come out, soon."""
    start = time.process_time()
    with contextlib.suppress(wire.WireError):
        wire.decode(data)
    assert time.process_time() - start < 3


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_random_bytes_are_malformed_at_most(data: bytes) -> None:
    decoded(data)


@given(VALUES, st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6))
@settings(max_examples=300, deadline=None)
def test_changed_encodings_are_malformed_at_most(value: Any, changes: list[tuple[int, int]]) -> None:
    data = bytearray(wire.encode(value))
    for place, byte in changes:
        data[place % len(data)] = byte
    decoded(bytes(data))


def colliding(kind: type) -> bytes:
    """What a hostile sender makes of 50,000 keys with one hash: a program could build them only in quadratic time."""
    keys = [number * (2**61 - 1) for number in range(1, 50_000)]
    if kind in (set, frozenset):
        tag, body = wire.encode(kind())[:1], wire.encode(keys)[1:]
    else:
        tag, body = wire.encode(kind())[:1], wire.encode([part for key in keys for part in (key, 0)])[1:]
        size = len(wire._length(2 * len(keys)))
        body = wire._length(len(keys)) + body[size:]
    return tag + body


@pytest.mark.parametrize("kind", [set, frozenset, dict, collections.OrderedDict, collections.Counter])
def test_keys_that_collide_are_refused_soon(kind: type) -> None:
    data = colliding(kind)
    start = time.process_time()
    with pytest.raises(wire.WireError):
        wire.decode(data)
    assert time.process_time() - start < 2


def test_depth_counts_and_lengths_that_lie_are_refused() -> None:
    with pytest.raises(wire.WireError, match="deep"):
        wire.decode(b"".join(b"l" + struct.pack("<I", 1) for _ in range(5000)) + b"N")
    with pytest.raises(wire.WireError, match="items"):
        wire.decode(b"l" + struct.pack("<I", wire.ITEMS + 1) + b"N" * (wire.ITEMS + 1))
    with pytest.raises(wire.WireError, match="early"):
        wire.decode(b"s" + struct.pack("<I", 0xFFFF_FFFF))


def test_an_honest_large_value_crosses() -> None:
    value = {"a": list(range(100_000)), "b": {str(k): k for k in range(20_000)}, "c": {(k, k) for k in range(20_000)}}
    assert wire.decode(wire.encode(value)) == value
    assert wire.decode(wire.encode(datetime.timedelta(1, 2, 3))) == datetime.timedelta(1, 2, 3)
