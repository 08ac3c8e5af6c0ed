"""The parts that installed packages offer: entry points of `etude.ROOM`, those of this package among them."""

import functools
import sys
from collections.abc import Mapping
from importlib import metadata

PREFIX = "etude."


def offered(room: str) -> Mapping[str, metadata.EntryPoint]:
    """Name -> entry point of every part of a room, such as `models`."""
    return _installed(tuple(sys.path)).get(room, {})


@functools.lru_cache(maxsize=8)
def _installed(path: tuple[str, ...]) -> dict[str, dict[str, metadata.EntryPoint]]:
    """The parts of all rooms along a path. Reading them takes longer than a small run, and a run asks fifty times."""
    found = metadata.entry_points()
    return {
        group.removeprefix(PREFIX): {entry.name: entry for entry in found.select(group=group)}
        for group in found.groups
        if group.startswith(PREFIX)
    }
