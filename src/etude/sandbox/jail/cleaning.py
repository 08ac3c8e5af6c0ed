"""Emptying the scratch folder after a program that left something there."""

import os
import time


def clean(scratch: str) -> bool:
    """Empties the folder; False where that cannot be done and the worker must be replaced."""
    try:
        os.chmod(scratch, 0o700)  # the program owns the folder and may have shut it
        while names := os.listdir(scratch):
            for number, name in enumerate(names):
                _remove(scratch, name, number)
    except OSError:
        return False
    return True


def _remove(scratch: str, name: str, number: int) -> None:
    """Removes a file; a folder's content moves up first, so that no depth is too deep."""
    path = os.path.join(scratch, name)
    if os.path.islink(path) or not os.path.isdir(path):
        os.unlink(path)
        return
    os.chmod(path, 0o700)
    for place, inner in enumerate(os.listdir(path)):
        os.rename(os.path.join(path, inner), os.path.join(scratch, f"{number}-{place}-{time.monotonic_ns()}"))
    os.rmdir(path)
