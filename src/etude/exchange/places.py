"""Where an export goes: a new file or a new folder, whole or not there at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from etude.errors import InputError
from etude.ledger import storage


def require_new(target: Path, force: bool) -> None:
    """Refuses to write over what is there, unless asked to.

    Raises:
        InputError: Something is there.
    """
    if target.exists() and not force:
        raise InputError(f"{target} is there already", expected="a new file", fix="give another --to, or add --force")


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder to be filled, which becomes `target` at the end; what was there is replaced, an error leaves it.

    Raises:
        InputError: `target` is a file, or a folder that no export made: those are not replaced.
        StorageError: It cannot be written.
    """
    if target.exists() and not (target.is_dir() and (target / MARK).exists()):
        raise InputError(
            f"{target} is not a folder that an export wrote, and is not replaced",
            expected="a new folder, or one of an earlier export",
            fix="give another --to",
        )
    partial = target.with_name(target.name + ".partial")
    with storage(target):
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            yield partial
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        (partial / MARK).write_text("Written by `etude export`.\n")
        if target.exists():
            shutil.rmtree(target)
        os.replace(partial, target)


MARK = ".etude-export"
"""Says that a folder may be replaced by a later export."""
