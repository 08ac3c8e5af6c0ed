"""Plain values cross unchanged; nothing else crosses; hostile bytes raise the decoder's own error and no other."""

import contextlib
import math
import struct
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etude.sandbox.jail import wire

HASHABLE = st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.floats(allow_nan=False)
PLAIN = st.recursive(
    HASHABLE | st.complex_numbers(allow_nan=False) | st.fractions() | st.decimals(allow_nan=False) | st.datetimes(),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(HASHABLE, inner)
        | st.sets(HASHABLE)
        | st.frozensets(HASHABLE)
    ),
    max_leaves=12,
)


@given(PLAIN)
def test_a_plain_value_comes_back_as_it_was(value: object) -> None:
    again = wire.decode(wire.encode(value))
    assert again == value
    assert type(again) is type(value)


@pytest.mark.parametrize(
    "value",
    [
        10**8000,
        -(10**8000),
        math.inf,
        range(3, 10**30, 7),
        Counter("abca"),
        OrderedDict([(2, 1), (1, 2)]),
        defaultdict(None, {1: [2]}),
        deque([1, 2]),
        date(2024, 2, 29),
        time(1, 2, 3, 4, UTC, fold=1),
        datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=-5))),
        timedelta(days=-1, microseconds=5),
        Decimal("1E+400"),
        Fraction(22, 7),
        "\ud800 lone",
        [True, 1, 1.0],
    ],
    ids=lambda value: type(value).__name__,
)
def test_special_values_cross(value: object) -> None:
    again = wire.decode(wire.encode(value))
    assert again == value
    assert type(again) is type(value)


def test_nan_crosses_and_a_named_tuple_becomes_a_tuple() -> None:
    assert math.isnan(wire.decode(wire.encode(math.nan)))
    again = wire.decode(wire.encode(namedtuple("Point", "x y")(1, 2)))
    assert type(again) is tuple
    assert again == (1, 2)


class Whole(int):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__


class Rows(list): ...


class Colour(IntEnum):
    RED = 1


@pytest.mark.parametrize(
    "value",
    [Whole(1), Rows(), Colour.RED, object(), len, (x for x in ()), [[Whole(1)]], {"a": object()}, {}.keys(), ...],
)
def test_what_is_not_plain_is_refused(value: object) -> None:
    with pytest.raises(wire.NotPlainError):
        wire.encode(value)


def test_depth_and_loops_are_refused_on_both_sides() -> None:
    loop: list = []
    loop.append(loop)
    with pytest.raises(wire.WireError, match="deep"):
        wire.encode(loop)
    deep = b"".join(b"l" + struct.pack("<I", 1) for _ in range(5000)) + b"N"
    with pytest.raises(wire.WireError, match="deep"):
        wire.decode(deep)


def test_colliding_keys_are_refused_before_they_cost_time() -> None:
    prime = (1 << 61) - 1
    with pytest.raises(wire.WireError, match="hash"):
        wire.decode(b"S" + wire.encode([prime * k for k in range(2000)])[1:])


def test_too_many_items_and_lengths_that_lie_are_refused() -> None:
    with pytest.raises(wire.WireError, match="items"):
        wire.decode(b"l" + struct.pack("<I", wire.ITEMS + 1) + b"N" * (wire.ITEMS + 1))
    with pytest.raises(wire.WireError, match="early"):
        wire.decode(b"s" + struct.pack("<I", 0xFFFF_FFFF))


@settings(max_examples=1000)
@given(st.binary(max_size=200))
def test_random_bytes_raise_nothing_but_the_decoders_own_error(data: bytes) -> None:
    with contextlib.suppress(wire.WireError):
        wire.decode(data)


@settings(max_examples=500)
@given(PLAIN, st.data())
def test_spoiled_values_raise_nothing_but_the_decoders_own_error(value: object, data: st.DataObject) -> None:
    good = bytearray(wire.encode(value))
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(wire.WireError):
        wire.decode(bytes(good))
