"""Arrays and numpy's scalars on the wire: what crosses, what must not, and what a lying array is worth."""
# ruff: noqa: E501  (programs and expressions read best on one line)

import struct
from typing import Any

import numpy
import pytest

from etude.sandbox.jail import wire

GRIDS = {
    "truth values": numpy.array([True, False]),
    "bytes": numpy.arange(6, dtype="i1").reshape(2, 3),
    "words": numpy.arange(24, dtype="u2").reshape(2, 3, 4)[:, ::2],
    "turned": numpy.arange(6).reshape(2, 3).T,
    "reals": numpy.array([0.5, float("nan"), -0.0]),
    "halves": numpy.array([0.5], "f2"),
    "complex": numpy.array([1j, 2], "c8"),
    "texts": numpy.array(["a", "bcd", ""]),
    "empty texts": numpy.array(["", ""]),
    "raw": numpy.array([b"a", b"bc"]),
    "days": numpy.array(["2024-01-01", "NaT"], "M8[D]"),
    "spans": numpy.array([1, 2], "m8[us]"),
    "nothing": numpy.zeros((0, 3)),
    "no sides": numpy.array(7),
    "one": numpy.zeros((1, 1, 1)),
}


@pytest.mark.parametrize("name", GRIDS)
def test_an_array_comes_back_in_memory_of_its_own(name: str) -> None:
    value = GRIDS[name]
    data = wire.encode(value)
    back = wire.decode(data)
    assert type(back) is numpy.ndarray
    assert (back.dtype, back.shape) == (value.dtype, value.shape)
    assert back.tobytes() == value.tobytes()
    assert back.flags.writeable
    assert wire.decode(wire.encode({"a": [value, (value,)]})).keys() == {"a"}


def test_an_array_of_another_byte_order_comes_back_in_this_one() -> None:
    back = wire.decode(wire.encode(numpy.array([1, 2], ">i4")))
    assert back.dtype == numpy.dtype("<i4")
    assert back.tolist() == [1, 2]


SCALARS = [numpy.float64(1.5), numpy.int8(-1), numpy.uint64(2**64 - 1), numpy.bool_(True), numpy.complex64(1j), numpy.str_("ab"), numpy.str_(""),
    numpy.bytes_(b"a"), numpy.float32("nan"), numpy.datetime64("2024-01-01"), numpy.timedelta64(5, "s")]  # fmt: skip


@pytest.mark.parametrize("value", SCALARS, ids=lambda value: type(value).__name__)
def test_a_numpy_scalar_comes_back_as_it_was(value: Any) -> None:
    back = wire.decode(wire.encode(value))
    assert type(back) is type(value)
    assert back == value or value != value
    assert wire.encode(value) != wire.encode(value.item())


def test_numpy_scalars_are_keys_too() -> None:
    value = {numpy.int64(3): 1, numpy.str_("a"): 2, numpy.float64(0.5): 3}
    assert wire.decode(wire.encode(value)) == value


@pytest.mark.parametrize(
    "value",
    [
        numpy.array([object()]), numpy.zeros(2, "i4,f4"), numpy.ma.masked_array([1, 2], [0, 1]), numpy.zeros(2, numpy.longdouble),
        numpy.longdouble(1), numpy.zeros((2, 2)).view(numpy.matrix), numpy.dtype("i4"), numpy, numpy.array([None]),
        numpy.zeros(9_000_000), numpy.zeros(1, "i4,f4")[0],
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_is_no_plain_array_does_not_cross(value: Any) -> None:
    with pytest.raises(wire.WireError):
        wire.encode(value)


def grid(kind: bytes, sides: tuple[int, ...], items: bytes, tag: bytes = b"Y") -> bytes:
    head = tag + bytes([len(kind), len(sides)]) + kind + struct.pack(f"<{len(sides)}Q", *sides)
    return head + struct.pack("<I", len(items)) + items


def test_the_bytes_of_a_grid_are_what_these_tests_forge() -> None:
    assert wire.encode(numpy.array([[1, 2]], "i2")) == grid(b"<i2", (1, 2), struct.pack("<hh", 1, 2))
    assert wire.encode(numpy.int16(1)) == grid(b"<i2", (), struct.pack("<h", 1), b"y")


@pytest.mark.parametrize(
    ("kind", "sides", "items"),
    [
        (b"|O", (1,), bytes(8)), (b"O", (1,), bytes(8)), (b"<i4,<i4", (1,), bytes(8)), (b"|V8", (1,), bytes(8)),
        (b"<f16", (1,), bytes(16)), (b"<U0", (1 << 40,), b""), (b"|S0", (1 << 40,), b""), (b"<i4", (2,), bytes(4)),
        (b"<i4", (1 << 62, 4), bytes(4)), (b"<i4", (0, 1 << 60), b""), (b"<i4", (0, *(1 << 31,) * 9), b""),
        (b"<i4", (1,) * 33, bytes(4)), (b"<U1", (1,), b"\xff" * 4), (b"<M8[0s]", (1,), bytes(8)), (b"<M8[7D]", (1,), bytes(8)),
        (b"<M8[xx]", (1,), bytes(8)), (b"\xff", (1,), bytes(8)), (b"", (1,), bytes(8)), (b"<i4\n", (1,), bytes(4)),
        (b"<U99999999", (1,), bytes(4)), (b"float", (1,), bytes(8)), (b">i4", (1,), bytes(4)),
    ],
)  # fmt: skip
def test_arrays_that_lie_are_refused(kind: bytes, sides: tuple[int, ...], items: bytes) -> None:
    for tag in (b"Y", b"y"):
        with pytest.raises(wire.WireError):
            wire.decode(grid(kind, sides, items, tag))


def test_a_truth_value_of_an_array_is_true_or_false() -> None:
    back = wire.decode(grid(b"|b1", (3,), b"\0\1\xff"))
    assert back.tobytes() == b"\0\1\1"


def test_a_program_s_own_class_that_says_it_is_numpy_s_does_not_cross() -> None:
    fake = type(
        "ndarray", (), {"__module__": "numpy", "dtype": numpy.dtype("O"), "shape": (), "tobytes": lambda self: b""}
    )
    with pytest.raises(wire.NotPlainError):
        wire.encode(fake())
