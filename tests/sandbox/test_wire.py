"""The encoding of plain values: what crosses, what must not, and what a decoder may meet."""
# ruff: noqa: E501  (programs and expressions read best on one line)

import array
import collections
import contextlib
import datetime
import decimal
import enum
import fractions
import os
import pathlib
import struct
import subprocess
import sys
import time
import timeit
import typing
import uuid
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etude.sandbox.jail import wire

ANY_TEXT = st.text(st.characters(), max_size=20)  # half characters included
ATOMS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-(10**60), 10**60), st.floats(allow_nan=False), ANY_TEXT,
    st.complex_numbers(allow_nan=False), st.binary(max_size=20), st.binary(max_size=20).map(bytearray),
    st.decimals(allow_nan=False), st.fractions(), st.dates(), st.datetimes(), st.times(), st.timedeltas(), st.uuids(),
    st.builds(range, st.integers(-99, 99), st.integers(-99, 99), st.integers(1, 9)),
    st.lists(st.sampled_from(["a", "b..", ".", "", "/"])).map(lambda parts: pathlib.PurePosixPath(*parts)),
    st.timedeltas(datetime.timedelta(hours=-23), datetime.timedelta(hours=23)).map(datetime.timezone),
    st.lists(st.integers(-128, 127), max_size=5).map(lambda items: array.array("b", items)),
    st.lists(st.floats(allow_nan=False), max_size=5).map(lambda items: array.array("d", items)),
)  # fmt: skip
KEYS = st.one_of(st.integers(), ANY_TEXT, st.tuples(st.integers(), ANY_TEXT), st.frozensets(st.integers(), max_size=3))
FLAT = st.one_of(
    st.lists(st.integers(), min_size=4, max_size=9), st.lists(st.integers(-(2**70), 2**70), min_size=4, max_size=9),
    st.lists(st.text(st.sampled_from("ab\0\ud800é\U0001f600")), min_size=4, max_size=9),
    st.lists(st.floats(allow_nan=False), min_size=4, max_size=9), st.lists(st.booleans(), min_size=4, max_size=9),
    st.lists(st.one_of(st.booleans(), st.integers(), st.floats(allow_nan=False)), min_size=4, max_size=9),
)  # fmt: skip
VALUES = st.recursive(
    st.one_of(ATOMS, FLAT, FLAT.map(tuple), FLAT.map(frozenset), FLAT.map(collections.Counter)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.lists(inner, max_size=4).map(tuple), st.dictionaries(KEYS, inner, max_size=6),
        st.sets(KEYS, max_size=6), st.frozensets(KEYS, max_size=6),
        st.lists(KEYS, max_size=4).map(collections.Counter), st.lists(inner, max_size=4).map(collections.deque),
        st.dictionaries(KEYS, inner, max_size=4).map(collections.OrderedDict),
    ),
    max_leaves=15,
)  # fmt: skip


def alike(one: Any, other: Any) -> bool:
    """Whether two values are equal and of the same types all the way down."""
    if type(one) is not type(other) or one != other:
        return False
    if isinstance(one, dict):
        return all(map(alike, one, other)) and all(map(alike, one.values(), other.values()))
    if isinstance(one, set | frozenset):
        return sorted(map(kinds_of, one)) == sorted(map(kinds_of, other))
    return not isinstance(one, list | tuple | collections.deque) or all(map(alike, one, other))


def kinds_of(value: Any) -> str:
    inner = sorted(map(kinds_of, value)) if isinstance(value, tuple | frozenset) else ""
    return f"{type(value).__name__} {inner}"


@given(VALUES)
@settings(max_examples=300, deadline=None)
def test_a_plain_value_comes_back_as_it_was(value: Any) -> None:
    assert alike(wire.decode(wire.encode(value)), value)


@pytest.mark.parametrize(
    "value",
    [
        float("nan"), float("inf"), -0.0, 2**53, -(2**53), 2**63 - 1, -(2**63), 2**63, -(2**63) - 1, 10**4000, 10**8000,
        -(10**8000), 1 << 1_000_000, "\ud800 lone", "", "\0", 1j * float("inf"), range(3, 10**30, 7), range(0),
        decimal.Decimal("1E+400"), decimal.Decimal("-0"), decimal.Decimal("NaN"), decimal.Decimal("sNaN"),
        [True, 1, 1.0], [True, 1, 1.0] * 3, [1, True, True, True], ["", "", "", ""], ["a\0b", "", "", ""], [""] * 5, [],
        [2**63, 1, 2, 3], [float("nan")] * 5, (), set(), frozenset(), {}, bytearray(), b"", [[]] * 9, {1: {}, 2: {}},
        datetime.time(1, 2, 3, 4, datetime.UTC, fold=1), datetime.timedelta.min, datetime.timedelta.max, datetime.date.max,
        datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=-5))), datetime.datetime.min,
        datetime.datetime(2024, 10, 27, 2, 30, fold=1), datetime.timezone(datetime.timedelta(microseconds=-7)),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_odd_values_come_back(value: Any) -> None:
    back = wire.decode(wire.encode(value))
    assert type(back) is type(value)
    assert getattr(back, "fold", 0) == getattr(value, "fold", 0)
    if isinstance(value, int):
        assert back == value
    else:
        assert repr(back) == repr(value)


def test_a_nan_keeps_its_bits_and_a_zero_its_sign() -> None:
    odd = struct.unpack("<d", bytes.fromhex("0100000000 00f87f".replace(" ", "")))[0]
    for value in ([odd, -0.0], [odd, -0.0] * 5):
        back = wire.decode(wire.encode(value))
        assert struct.pack(f"<{len(back)}d", *back) == struct.pack(f"<{len(value)}d", *value)


def test_a_set_with_nans_keeps_them_all() -> None:
    back = wire.decode(wire.encode({float("nan"), float("nan"), 1.0}))
    assert len(back) == 3
    assert sum(item != item for item in back) == 2


def test_types_are_kept_apart() -> None:
    one = [
        *(1, True, 1.0, "1", b"1", bytearray(b"1"), [1], (1,), {1}, frozenset([1]), {1: 1}, 1 + 0j, decimal.Decimal(1)),
        *(fractions.Fraction(1), collections.Counter([1]), collections.OrderedDict({1: 1}), collections.deque([1])),
        *(array.array("b", [1]), array.array("B", [1]), pathlib.PurePosixPath("1"), range(1)),
        *([1] * 4, [True] * 4, [1.0] * 4, ["1"] * 4, (1,) * 4, [1, 1, 1, True]),
    ]
    assert len({wire.encode(value) for value in one}) == len(one)


class Point(typing.NamedTuple):
    x: int
    y: int

    def size(self) -> int:
        return self.x + self.y


class Farther(Point):
    def double(self) -> int:
        return 2 * self.size()


def test_named_tuples_cross_as_tuples() -> None:
    pair = collections.namedtuple("pair", "a b")
    for value in (pair(1, [2]), Point(1, 2), Farther(1, 2)):
        back = wire.decode(wire.encode(value))
        assert back == value
        assert type(back) is tuple


def test_a_defaultdict_leaves_its_factory_behind() -> None:
    back = wire.decode(wire.encode(collections.defaultdict(list, {1: [2]})))
    assert type(back) is collections.defaultdict
    assert back == {1: [2]}
    assert back.default_factory is None


def test_a_path_crosses_without_its_file_system() -> None:
    back = wire.decode(wire.encode([pathlib.Path("/a/b"), pathlib.PurePosixPath("a/../b")]))
    assert back == [pathlib.PurePosixPath("/a/b"), pathlib.PurePosixPath("a/../b")]
    assert {type(path) for path in back} == {pathlib.PurePosixPath}


class Liar(type):
    """A class that claims to be a tuple's child with fields; what it says is never asked."""

    @property
    def __bases__(cls) -> tuple[type, ...]:
        return (tuple,)

    @property
    def __mro__(cls) -> tuple[type, ...]:
        return (cls, tuple, object)


class Faked(metaclass=Liar):
    _fields = ("a",)

    def __iter__(self) -> Any:
        return iter((1,))


class Iterates(tuple):  # type: ignore[type-arg]
    _fields = ("a",)

    def __iter__(self) -> Any:
        return iter((3, 12))


class Plain(tuple):  # type: ignore[type-arg]
    _fields = ("a",)


def test_a_tuple_that_lies_about_itself_crosses_as_what_it_holds_or_not_at_all() -> None:
    for value in (Faked(), Iterates((1,))):
        with pytest.raises(wire.NotPlainError):
            wire.encode(value)
    held = Plain((1,))
    Plain.__iter__ = lambda self: iter((3, 12))  # type: ignore[assignment]
    del Plain.__iter__
    assert wire.decode(wire.encode(held)) == (1,)


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


class Zone(datetime.tzinfo):
    def utcoffset(self, when: Any) -> Any:
        return datetime.timedelta(0)


def looped() -> list[Any]:
    items: list[Any] = []
    items.append(items)
    return items


def doubled() -> list[Any]:
    items: list[Any] = [1]
    for _ in range(90):
        items = [items, items]
    return items


def deep(levels: int) -> list[Any]:
    items: list[Any] = []
    for _ in range(levels):
        items = [items]
    return items


@pytest.mark.parametrize(
    "value",
    [
        Int(1), [Int(1), Int(2), Int(3), Int(4)], Text("a"), Items(), Map(), Pair(1, 2), [Int(1)], {Text("a"): 1}, object(),
        len, type, (x for x in ""), looped(), doubled(), deep(1500), deep(150), memoryview(b"a"), NotImplemented, ...,
        Exception(), Colour.RED, [Colour.RED] * 5, {}.keys(), [[Int(1)]], {"a": object()}, time.localtime(), os.stat("/"),
        datetime.datetime(2024, 1, 1, tzinfo=Zone()), decimal.Decimal("1" * 30_000), range(1 << 10_000), array.array("u", "a"),
        fractions.Fraction(1, 3**30_000), pathlib.PurePosixPath("a" * 5000), pathlib.PureWindowsPath("a"), "a" * (wire.BYTES + 1),
        ["a" * 1_000_000] * 100, set(range(200_000)), [None] * (wire.ITEMS + 1), range(0).__iter__(), int, Int,
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_is_not_plain_or_too_large_does_not_cross(value: Any) -> None:
    start = time.process_time()
    with pytest.raises(wire.WireError):
        wire.encode(value)
    assert time.process_time() - start < 3


def decoded(data: bytes) -> None:
    """Decodes, and lets nothing but `WireError` come out, soon; what comes out is of types that are nobody's own."""
    start = time.process_time()
    with contextlib.suppress(wire.WireError):
        assert type(wire.decode(data)).__module__.split(".")[0] in sys.stdlib_module_names | {"numpy"}
    assert time.process_time() - start < 3


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_random_bytes_are_malformed_at_most(data: bytes) -> None:
    decoded(data)


@given(st.lists(st.sampled_from([bytes([n]) for n in b"NTFiIfcsubBMrRltSZQdCDOEzahAgpxyYvqdoj\0\1\2\4"]), max_size=60))
@settings(max_examples=500, deadline=None)
def test_sequences_of_tags_are_malformed_at_most(tags: list[bytes]) -> None:
    decoded(b"".join(tags))


@given(VALUES, st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6), st.integers(0, 400))
@settings(max_examples=500, deadline=None)
def test_changed_and_cut_encodings_are_malformed_at_most(value: Any, changes: list[tuple[int, int]], end: int) -> None:
    data = bytearray(wire.encode(value))
    for place, byte in changes:
        data[place % len(data)] = byte
    decoded(bytes(data))
    decoded(bytes(data[:end]))


@given(VALUES)
@settings(max_examples=50, deadline=None)
def test_a_value_cut_short_or_with_more_behind_it_is_no_value(value: Any) -> None:
    data = wire.encode(value)
    for end in range(len(data)):
        with pytest.raises(wire.WireError):
            wire.decode(data[:end])
    with pytest.raises(wire.WireError, match="left over"):
        wire.decode(data + b"N")


def forged(kind: type, keys: list[Any]) -> bytes:
    """What a hostile sender makes of keys that a program could put into a table only in quadratic time."""
    tag, zeros = wire.encode(kind())[:1], wire.encode([0] * len(keys))[5:]
    return tag + wire.encode(keys)[1:] + (b"" if kind in (set, frozenset) else zeros)


TABLES = [set, frozenset, dict, collections.OrderedDict, collections.Counter, collections.defaultdict]


@pytest.mark.parametrize("kind", TABLES)
def test_a_forged_table_of_honest_keys_is_that_table(kind: type) -> None:
    found = wire.decode(forged(kind, ["a", 2, None]))
    assert type(found) is kind
    assert set(found) == {"a", 2, None}


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("several", [lambda key: key, lambda key: (key, 1), lambda key: fractions.Fraction(key)])
def test_keys_that_collide_are_refused_soon(kind: type, several: Any) -> None:
    data = forged(kind, [several(number * (2**61 - 1)) for number in range(1, 20_000)])
    start = time.process_time()
    with pytest.raises(wire.WireError, match="share a hash"):
        wire.decode(data)
    assert time.process_time() - start < 2


def nested_collisions(levels: int) -> Any:
    """Sets of two sets of equal hash, level upon level: comparing two of them takes four times that of the level below."""
    pair = [frozenset([0]), frozenset([2**61 - 1])]
    for level in range(levels):
        own = (2**61 - 1) * (level + 2)
        pair = [frozenset([*pair, 0]), frozenset([*pair, own])]
    return pair


def test_sets_in_sets_that_collide_are_refused_soon() -> None:
    one, other = nested_collisions(1)
    assert hash(one) == hash(other)
    assert one != other
    body = wire.encode(0)
    twin = wire.encode(2**61 - 1)
    for level in range(2, 15):  # every level holds both of the level below, so it takes twice the bytes
        inner = body + twin
        own = wire.encode((2**61 - 1) * level)
        body, twin = (b"Z" + struct.pack("<I", 3) + b"v" + inner + last for last in (wire.encode(0), own))
    start = time.process_time()
    with pytest.raises(wire.WireError, match="share a hash"):
        wire.decode(b"S" + struct.pack("<I", 2) + b"v" + body + twin)
    assert time.process_time() - start < 3


def test_honest_keys_that_happen_to_collide_cross() -> None:
    powers, halves = {2**k: k for k in range(3000)}, {2.0**k for k in range(-1000, 1000)}
    grid = {(x, y, z) for x in range(-9, 9) for y in range(-9, 9) for z in range(-9, 9)}
    mixed = {-1, -2, -1.5, (-1, -2), (-2, -1), "a", frozenset({-1}), frozenset({-2}), decimal.Decimal("-1.5") - 1}
    for value in (powers, halves, grid, mixed):
        assert wire.decode(wire.encode(value)) == value


DECIMALS = [
    decimal.Decimal("1E+999999999999999999"),
    decimal.Decimal("1E-999999999999999999"),
    decimal.Decimal("9" * 20_000),
]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"".join(b"l" + struct.pack("<I", 1) + b"v" for _ in range(5000)) + b"N", "deep"),
        (b"l" + struct.pack("<I", wire.ITEMS + 1) + b"v" + b"N" * (wire.ITEMS + 1), "items"),
        (b"l" + struct.pack("<I", 5_000_000) + b"o" + bytes(5_000_000), "items"),
        (b"l" + struct.pack("<I", 5_000_001) + b"j" + struct.pack("<I", 5_000_000) + bytes(5_000_000), "items"),
        (b"l" + struct.pack("<I", 1 << 31) + b"o", "early"), (b"s" + struct.pack("<I", 0xFFFF_FFFF), "early"),
        (b"l" + struct.pack("<I", 100) + b"q" + bytes(799), "early"), (b"u" + struct.pack("<I", 2) + bytes(7), "early"),
        (b"u" + struct.pack("<I", 1) + struct.pack("<I", 0x110000), "ValueError"),
        (b"l" + struct.pack("<I", 2) + b"j" + struct.pack("<I", 3) + b"a\0\0", "lies"),
        (b"l" + struct.pack("<I", 4) + b"o\0\1\2\1", "IndexError"), (b"l" + struct.pack("<I", 0) + b"?", "KeyError"),
        (b"s" + struct.pack("<I", 3) + "\ud800".encode("utf-8", "surrogatepass"), "Unicode"), (b"", "IndexError"),
        (b"S" + wire.encode(list(range(200_000)))[1:], "keys"), (b"S" + wire.encode([[1]])[1:], "TypeError"),
        (b"S" + wire.encode([decimal.Decimal("sNaN")])[1:], "TypeError"), (b"M" + struct.pack("<I", 2) + b"no", "Invalid"),
        (b"M" + struct.pack("<I", 30_000) + b"9" * 30_000, "large"), (b"R" + wire.encode(1) + wire.encode(0), "ZeroDivision"),
        (b"R" + wire.encode(1) + wire.encode(True), "wrong type"), (b"R" + wire.encode(1) + wire.encode([1]), "deep"),
        (b"r" + wire.encode(0) + wire.encode(1 << 90_000) + wire.encode(3), "large"),
        (b"r" + wire.encode(0) * 3, "ValueError"), (b"z" + struct.pack("<q", 1 << 60), "ValueError"),
        (b"E" + struct.pack("<qqq", 1 << 62, 0, 0), "Overflow"), (b"a" + struct.pack("<HBB", 0, 1, 1), "ValueError"),
        (b"xu" + struct.pack("<I", 4) + b"\xff" * 4, "array"), (b"xq" + struct.pack("<I", 3) + bytes(3), "ValueError"),
        (b"p" + struct.pack("<I", 5000) + b"a" * 5000, "large"),
    ],
)  # fmt: skip
def test_lies_and_bombs_are_refused_soon(data: bytes, why: str) -> None:
    start = time.process_time()
    with pytest.raises(wire.WireError, match=why):
        wire.decode(data)
    assert time.process_time() - start < 2


def slow(what: str) -> bytes:
    """Values that are allowed one by one, as many as fit: each would take the reader long."""
    number = int.from_bytes(b"\x77" * 2000, "little")
    rows: dict[str, tuple[bytes, bytes]] = {
        "fractions": (b"l", b"R" + wire.encode(number) + wire.encode(number - 2)),
        "decimals": (b"S", wire.encode(DECIMALS[2])),
        "exponents": (b"S", wire.encode(DECIMALS[0]) + wire.encode(DECIMALS[1])),
        "moments": (b"S", wire.encode(datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC))),
        "deques": (b"l", wire.encode(collections.deque())),
        "counters": (b"l", wire.encode(collections.Counter())),
        "paths": (b"S", wire.encode(pathlib.PurePosixPath("a/" * 2000))),
        "names": (b"S", wire.encode(uuid.UUID(int=7))),
        "texts": (b"l", wire.encode("\U0001f600")),
        "halves": (b"l", wire.encode("\ud800" * 1000)),
        "ranges": (b"S", wire.encode(range(1 << 8000, 0, -3))),
        "numbers": (b"S", wire.encode(1 << 300_000)),
    }
    tag, row = rows[what]
    count = min(2_000_000, (wire.BYTES - 9) // len(row))
    per_row = 2 if what == "exponents" else 1
    return tag + struct.pack("<I", count * per_row) + b"v" + row * count


@pytest.mark.parametrize("most", [10_000, 60_000])
@pytest.mark.parametrize("what", ["fractions", "decimals", "exponents", "moments", "deques", "counters", "paths", "names", "texts", "halves", "ranges", "numbers"])  # fmt: skip
def test_as_many_costly_values_as_fit_are_done_with_soon(what: str, most: int) -> None:
    data = bytearray(slow(what))
    row = (len(data) - 6) // struct.unpack_from("<I", data, 1)[0]
    count = min(most, (len(data) - 6) // row)
    data[1:5] = struct.pack("<I", count)
    decoded(bytes(data[: 6 + row * count]))


def test_a_long_number_and_a_decimal_of_one_hash_are_not_compared() -> None:
    number = 1 << 61 * 100_000
    assert hash(number) == hash(decimal.Decimal(1)) == 1
    start = time.process_time()
    with pytest.raises(wire.WireError, match="share a hash"):
        wire.decode(forged(set, [decimal.Decimal(1), number]))
    assert time.process_time() - start < 2


def test_an_honest_large_value_crosses() -> None:
    value = {"a": list(range(100_000)), "b": {str(k): k for k in range(20_000)}, "c": {(k, k) for k in range(20_000)}}
    assert wire.decode(wire.encode(value)) == value
    for plain in (
        [[k, k + 1] for k in range(100_000)],
        {str(k): [k] for k in range(150_000)},
        list(range(1_000_000)),
        "é" * 10_000_000,
    ):
        assert wire.decode(wire.encode(plain)) == plain  # fmt: skip


@pytest.mark.parametrize(
    ("value", "encoding", "decoding"),
    [(True, 5, 10), (7, 5, 10), ("short", 5, 10), (("value", 7), 10, 15), (list(range(100)), 30, 30), ({"a": 1, "b": 2}, 20, 30)],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_common_values_take_microseconds(value: Any, encoding: float, decoding: float) -> None:
    data = wire.encode(value)
    assert min(timeit.repeat(lambda: wire.encode(value), number=2000, repeat=7)) / 2000 * 1e6 < encoding
    assert min(timeit.repeat(lambda: wire.decode(data), number=2000, repeat=7)) / 2000 * 1e6 < decoding


def test_the_wire_loads_nothing_heavy() -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1]); from jail import wire; wire.encode(object) if 0 else wire.encode([1]); print({'numpy', 'array', 'uuid', 'pathlib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code, str(pathlib.Path(wire.__file__).parent.parent)], capture_output=True, text=True)  # fmt: skip
    assert done.stdout.strip() == "set()", done.stderr
