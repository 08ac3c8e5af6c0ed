"""The model folder a learner leaves behind: whole or not there at all.

Everything is written to `model.partial` beside it and renamed at the end, so that a kill leaves no half folder. A note,
`etude.json`, says which rows and settings made it: the same learning asked for again is not done again. The folder is
an ordinary Hugging Face one; the note is not part of its fingerprint.
"""

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from etude.errors import StorageError
from etude.models.folders import TOKENIZER, hash_folder
from etude.models.loading import quiet
from etude.protocols import State
from etude.records import Agent, Json

NOTE = "etude.json"
CHECKPOINTS = "model.checkpoints"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def learned(
    agent: Agent, start: Agent, state: State, rows: str, key: str, make: Callable[[Path, dict[str, Json]], None]
) -> Agent:
    """The agent that uses the folder of this learning, which is made where it is not there yet.

    Args:
        rows: Hash of what is learned from.
        key: Hash of all that decides what comes of it.
        make: Makes the folder; given its path, and what its note begins with.
    """
    folder = state.folder / "model"
    if not finished(folder, key):
        make(folder, {"key": key, "rows": rows, "parent": start.fingerprint})
    shutil.rmtree(folder.with_name(CHECKPOINTS), ignore_errors=True)  # of this learning, or of one that it replaces
    return replace(
        agent,
        model=str(folder),
        fingerprint=hash_folder(folder),
        parent=start.fingerprint,
        rows=rows,
        round=state.round,
    )


def unchanged(agent: Agent, state: State) -> Agent:
    """The given agent, named by this round: where there is nothing to learn from."""
    return replace(agent, round=state.round)


def finished(folder: Path, key: str) -> bool:
    """Whether `folder` holds the model that this very learning made (`key` hashes rows, settings and start)."""
    if not folder.exists() and _aside(folder).exists():
        os.rename(_aside(folder), folder)  # killed between the two renames of `save`
    return str(read_note(folder).get("key", "")) == key


def read_note(folder: Path) -> dict[str, Json]:
    """What the learner wrote about a folder, or {} where there is no such note."""
    try:
        note = json.loads((folder / NOTE).read_text())
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def prepare(folder: Path) -> Path:
    """An empty `model.partial` beside `folder`; what an earlier kill left there is removed.

    Raises:
        StorageError: It cannot be made.
    """
    partial = folder.with_name(folder.name + ".partial")
    with storage(folder.parent):
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
    return partial


def save(network: Any, source: Path, partial: Path, folder: Path, note: dict[str, Json]) -> None:
    """Writes weights, config, tokenizer files and note to `partial`, then makes it `folder` in one step.

    Args:
        source: The folder that was trained from; its tokenizer files are copied as they are.

    Raises:
        StorageError: The disk is full or may not be written; an earlier `folder` is untouched.
    """
    import transformers

    with storage(folder.parent):
        with quiet(transformers):
            network.save_pretrained(partial)
        for pattern in TOKENIZER:
            for file in source.glob(pattern):
                shutil.copyfile(file, partial / file.name)
        (partial / NOTE).write_text(json.dumps(note, indent=2, sort_keys=True) + "\n")
        _swap(partial, folder)


def _swap(partial: Path, folder: Path) -> None:
    aside = _aside(folder)
    shutil.rmtree(aside, ignore_errors=True)
    if folder.exists():
        os.rename(folder, aside)
    os.rename(partial, folder)
    shutil.rmtree(aside, ignore_errors=True)


def _aside(folder: Path) -> Path:
    return folder.with_name(folder.name + ".replaced")


def stored_type(folder: Path) -> str | None:
    """The number type that a folder's weights are kept in, as its config says, such as `bfloat16`."""
    try:
        config = json.loads((folder / "config.json").read_text())
    except (OSError, ValueError):
        return None
    name = config.get("dtype") or config.get("torch_dtype")
    return str(name) if name else None


@contextmanager
def storage(place: Path) -> Iterator[None]:
    """Says what a full or unwritable disk means, and leaves every other error as it is."""
    try:
        yield
    except OSError as error:
        raise _explained(place, error.errno, error.strerror or str(error)) from error
    except Exception as error:  # safetensors wraps the system's error in its own kind
        text = str(error)
        number = next((code for code in (*FULL, errno.EACCES, errno.EROFS) if f"os error {code})" in text), None)
        if number is None:
            raise
        raise _explained(place, number, os.strerror(number)) from error


def _explained(place: Path, number: int | None, reason: str) -> StorageError:
    if number in FULL:
        return StorageError(
            f"the disk that holds {place} is full, the new model could not be saved",
            fix="free some space, then run the same command again: everything before this training is kept",
        )
    return StorageError(f"cannot write {place}: {reason}", fix="check the path and its permissions")
