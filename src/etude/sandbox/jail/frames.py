"""Byte strings with their length in front, on a file or a socket. Nothing here looks inside them."""

import os
import struct

from . import wire

HEAD = struct.Struct("<I")


def write(descriptor: int, frame: bytes) -> None:
    """Appends a frame to a file."""
    _write(descriptor, HEAD.pack(len(frame)) + frame)


def split(data: bytes) -> list[bytes]:
    """The whole frames in `data`; an unfinished one at the end is left out."""
    found, at = [], 0
    while at + HEAD.size <= len(data):
        (size,) = HEAD.unpack_from(data, at)
        at += HEAD.size
        if at + size > len(data):
            break
        found.append(data[at : at + size])
        at += size
    return found


def send(descriptor: int, frame: bytes) -> None:
    """Sends a frame through a socket."""
    _write(descriptor, HEAD.pack(len(frame)) + frame)


def receive(descriptor: int) -> bytes | None:
    """The next frame from a socket; None where the other side hung up.

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


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _read(descriptor: int, size: int) -> bytes | None:
    parts: list[bytes] = []
    while size:
        part = os.read(descriptor, size)
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
