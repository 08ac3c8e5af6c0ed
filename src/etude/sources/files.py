"""Where the files of a task set lie: from a place the user typed to the files that are there.

A place is a published file, or the folder that holds the published files. Reading them is the work of
`etude.sources.rows`. Every way in which a place can be wrong ends in an error that says what is there instead.
"""

import difflib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from etude.errors import InputError


def locate(place: str | Path, published: Sequence[str]) -> list[Path]:
    """The files that a place stands for.

    Args:
        place: A file, or a folder; `~` is the user's home.
        published: Glob patterns of the published files, the best first; of a folder, all files that fit the first
            pattern that fits any are taken, in the order of their names.

    Raises:
        InputError: There is nothing there, it may not be read, or the folder holds none of the published files.
    """
    path = Path(place).expanduser()
    with readable(path):
        if path.is_dir():
            return _inside(path, published)
        if path.exists():
            return [path]
    raise absent(path)


def _inside(folder: Path, published: Sequence[str]) -> list[Path]:
    names = sorted(item.name for item in folder.iterdir())
    for pattern in published:
        if found := sorted(item for item in folder.glob(pattern) if item.is_file()):
            return found
    raise InputError(
        f"the folder {folder} holds none of the files that were looked for",
        expected=" or ".join(published[:4]) if published else "a file, not a folder",
        choices=tuple(str(folder / name) for name in names[:8]),
        fix="give the file itself, or the folder that holds the published files",
    )


def absent(path: Path) -> InputError:
    """The error for a path where nothing is, with the names beside it that look like the one that was meant."""
    here, wanted = path.absolute().parent, path.name
    while not here.is_dir() and here != here.parent:
        here, wanted = here.parent, here.name
    names = sorted(item.name for item in here.iterdir()) if here.is_dir() else []
    close = difflib.get_close_matches(wanted, names, n=5, cutoff=0.5)
    return InputError(
        f"there is no {path}" + ("" if here == path.absolute().parent else f" ({here} has no {wanted!r})"),
        expected="a file, or the folder that holds the published files",
        choices=tuple(str(here / name) for name in close or names[:5]),
        fix=f"ls {here}",
    )


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turns what the system says about an unreadable path into an error a user can act on."""
    try:
        yield
    except PermissionError:
        raise InputError(f"{path} may not be read", fix=f"chmod u+r {path}") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}", fix="check the path") from None
