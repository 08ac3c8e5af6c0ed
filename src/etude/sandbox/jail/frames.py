"""Byte strings with their length in front, on a file or a socket. Nothing here looks inside them."""

import os
import struct
from collections.abc import Iterator

from . import wire

HEAD = struct.Struct("<I")

VALUE, OPAQUE, FAULT, STOPPED, ENDLESS, MEASURED, FILE, LEFT, END = (
    *(b"v", b"o", b"f", b"s", b"e", b"m", b"n", b"l", b"."),
)
"""What a frame of a program's results is, by its first byte: an answer's value, why a value cannot cross, an answer's
fault, the fault that stopped the program, the proof that it never ends, what was measured, a file,
the wait status of an executed program, the end of it."""


def framed(content: bytes) -> bytes:
    """A frame: the content with its length in front."""
    return HEAD.pack(len(content)) + content


def write(descriptor: int, content: bytes) -> None:
    """Appends a frame to a file, or sends it through a socket."""
    data = framed(content)
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, data[written:])


send = write


def split(data: bytes, most: int) -> Iterator[bytes]:
    """The contents of the first `most` whole frames in `data`; an unfinished one at the end is left out."""
    at, size = 0, len(data)
    while at + HEAD.size <= size and most:
        end = at + HEAD.size + HEAD.unpack_from(data, at)[0]
        if end > size:
            return
        yield data[at + HEAD.size : end]
        at, most = end, most - 1


def receive(descriptor: int) -> bytes | None:
    """The next frame's content from a socket; None where the other side hung up.

    Raises:
        wire.WireError: The frame is larger than a value may be.
    """
    head = _read(descriptor, HEAD.size)
    if head is None:
        return None
    (size,) = HEAD.unpack(head)
    if size > wire.BYTES:
        raise wire.WireError("the frame is too large")
    return _read(descriptor, size)


def _read(descriptor: int, size: int) -> bytes | None:
    first = os.read(descriptor, size)
    if len(first) == size:
        return first
    parts, left = [first], size - len(first)
    while left and parts[-1]:
        parts.append(os.read(descriptor, left))
        left -= len(parts[-1])
    return None if left else b"".join(parts)
