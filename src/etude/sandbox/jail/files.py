"""Files of a job: into the scratch folder before the program, and back to the worker after it."""

import os
import stat

from . import wire

FOLDER_FILES = 1000
"""What is taken of a folder."""


def put(name: str, content: bytes, mode: int = 0o644) -> None:
    """Writes a file, and the folders on the way to it."""
    if folder := os.path.dirname(name):
        os.makedirs(folder, exist_ok=True)
    with open(name, "wb") as file:
        file.write(content)
        if mode != 0o644:
            os.fchmod(file.fileno(), mode)


def below(name: str) -> list[str]:
    """The name, or, where it ends in a slash, the paths of the first thousand files in that folder, in order."""
    if not name.endswith("/"):
        return [name]
    found = [os.path.join(place, file) for place, _, files in os.walk(name) for file in files]
    return sorted(found)[:FOLDER_FILES]


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
