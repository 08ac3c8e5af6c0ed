"""What is fuzzed, and the bytes to start from. `fuzz.py` does the fuzzing.

A new reader of hostile bytes gets a line in `targets`.
"""

import array
import collections
import datetime
import decimal
import fractions
import os
import pathlib
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy

from etude.records import Job
from etude.sandbox.jail import frames, order, wire
from etude.sandbox.jail.order import Ended
from etude.sandbox.reading import Reply, read_answer, read_run

ZONE = datetime.timezone(datetime.timedelta(hours=5))
MOMENT = datetime.datetime(2024, 1, 2, 3, 4, 5, 6, ZONE, fold=1)
FAULT = ("ValueError", "no", (("<program>", 1, "f"), ("<setup>", 1, "<module>")), 13)
JOB = Job(source="def f():\n    return 1\n", setup="x = 1", asks=("f()",) * 3, inside=("x",), wanted=("a", "b"))
PRIME = 2**61 - 1


class Target(NamedTuple):
    """Something that reads hostile bytes.

    Attributes:
        call: What is tried.
        seeds: Bytes to start from.
        documented: The exceptions that it may raise.
    """

    name: str
    call: Callable[[bytes], object]
    seeds: list[bytes]
    documented: tuple[type[BaseException], ...]


def plain_values() -> Iterator[Any]:
    """At least one value of every type that crosses."""
    yield from (None, True, 7, -(1 << 70), 1.5, float("nan"), 2 - 1j, "a", "\U0001f600", "\ud800")
    yield from ([1, 2, 3, 4], [1.0] * 5, [True, False] * 3, ["a", "bc", "", "d"], ["a\0", "b", "c", "d"])
    yield from ([], (), {}, set(), {1, 2, 3, 4}, frozenset("abcd"), {"a": 1, "b": 2}, {"a": [1], 2: {3: "b"}})
    yield from ([[[[[]]]]], {"fault": FAULT}, [[1, 2], [3, 4]], {"k": 10**5000}, [1, None, "a", ()], [0, 2**64] * 2)
    yield from (range(3, 9, 2), decimal.Decimal("1.50"), decimal.Decimal("-Infinity"), fractions.Fraction(22, 7))
    yield from (MOMENT, datetime.time(1, 2), datetime.date(2024, 2, 29), ZONE, datetime.timedelta(1, 2, 3))
    yield from (b"raw", bytearray(b"raw"), collections.Counter("hello"), collections.deque([1, 2]))
    yield from (collections.OrderedDict(b=1), collections.defaultdict(list, a=[1]))
    yield from (uuid.UUID(int=5), pathlib.PurePosixPath("/a/b"), array.array("i", [1, 2]), array.array("d", [0.5]))
    yield from ({-1, -2, (-1, -2), (-2, -1)}, {2**61: 1, 1: 2, 2**122: 3}, {frozenset([0, PRIME]), frozenset([0])})
    yield from (numpy.arange(6).reshape(2, 3), numpy.zeros((0, 3)), numpy.array(["2024-01-01"], "M8[D]"))
    yield from (numpy.array(["a", "bcd"]), numpy.array([b"a", b"bc"]), numpy.array([True, False]))
    yield from (numpy.float64(1.5), numpy.bool_(True), numpy.complex64(1j), numpy.str_("x"))


def targets() -> list[Target]:
    """Everything of the sandbox that reads bytes from inside a jail, or hands limits into one."""
    values = [wire.encode(value) for value in plain_values()]
    framed = [frames.framed(kind + value) for kind in (frames.VALUE, frames.FILE, frames.MEASURED) for value in values]
    fault = wire.encode(FAULT)
    framed += [frames.framed(kind + fault) for kind in (frames.FAULT, frames.STOPPED)]
    framed += [frames.framed(frames.ENDLESS + wire.encode(("a loop", 3))), frames.framed(frames.OPAQUE + b"why")]
    framed += [frames.framed(frames.FILE + wire.encode(("name", b"content"))), frames.framed(frames.END)]
    results = [*framed, b"".join(framed[:4]), b"".join((framed[0], framed[-3], framed[-1]))]
    replies = [order.ENDED.pack(0, 0, 5, 0, 6, 7), order.ENDED.pack(9, 1, 5, 2, 6, 7) * 2]
    return [
        Target("wire", wire.decode, values, (wire.WireError,)),
        Target("again", _again, values, (wire.WireError,)),
        Target("frames", lambda data: list(frames.split(data, 100)), results, ()),
        Target("reading", _read, results, ()),
        Target("answer", lambda data: read_answer(data, {}), [data[4:] for data in framed], ()),
        Target("reply", order.ended, replies, (ValueError,)),
    ]


def _again(data: bytes) -> None:
    """What was decoded is plain: it can be written, and read again. Only its size may stand in the way."""
    value = wire.decode(data)
    try:
        second = wire.encode(value)
    except wire.NotPlainError as error:
        raise AssertionError(f"decoded into something that may not cross: {error}") from error
    assert type(wire.decode(second)) is type(value), "another type the second time"


def _read(data: bytes) -> None:
    reply = Reply("exit", 0.5, [Ended(data[0] if data else 0, 0.1, 1 << 20)])
    run = read_run(JOB, reply, (data[:50], data[-50:], data), b"", {})
    assert len(run.answers) <= len(JOB.asks), "more answers than questions"
    assert len(run.files) <= len(JOB.wanted), "more files than were wanted"


def _planted(data: bytes) -> None:
    """Four faults: whoever fuzzes it (`--only planted`) must find them all, or finds nothing elsewhere either."""
    first, second = (*data[:2], 0, 0)[:2]
    if first == ord("N"):
        raise KeyError("planted: another exception")
    if first == ord("T") and second & 1:
        time.sleep(1000)
    if first == ord("F") and second & 1:
        os.abort()
    if first == ord("i") and second & 1:
        bytes(600 << 20)


PLANTED = Target("planted", _planted, [b"NN", b"TT", b"FF", b"ii"], ())
