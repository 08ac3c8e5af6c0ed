"""The parts that installed packages offer: entry points of `etude.ROOM`, those of this package among them."""

import functools
import sys
from importlib import metadata
from typing import Any


def offered(room: str) -> dict[str, metadata.EntryPoint]:
    """Name -> entry point of every part of a room, such as `models`."""
    return {entry.name: entry for entry in _installed(tuple(sys.path)).select(group=f"etude.{room}")}


@functools.lru_cache(maxsize=8)
def _installed(path: tuple[str, ...]) -> Any:
    """All entry points along a path. Reading them takes longer than many a small run, and a run asks fifty times."""
    return metadata.entry_points()
