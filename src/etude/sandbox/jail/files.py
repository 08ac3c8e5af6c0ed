"""Files of a job: into the scratch folder before the program, and back to the worker after it."""

import os
import stat

from . import wire


def put(name: str, content: bytes) -> None:
    """Writes a file, and the folders on the way to it."""
    if folder := os.path.dirname(name):
        os.makedirs(folder, exist_ok=True)
    with open(name, "wb") as file:
        file.write(content)


def taken(name: str) -> bytes | None:
    """A file's content, or None where there is no such ordinary file; as much as one value may hold."""
    try:
        handle = os.open(name, os.O_RDONLY | os.O_NONBLOCK)
        try:
            return os.read(handle, wire.BYTES // 2) if stat.S_ISREG(os.fstat(handle).st_mode) else None
        finally:
            os.close(handle)
    except OSError:
        return None
