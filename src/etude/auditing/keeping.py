"""The folder of an audit: every card is on disk before the next one is made, so a killed audit goes on where it was.

`DIR/audit.json` says what is audited, and how: an audit of anything else is refused this folder. `DIR/cards.jsonl` has
one card per line, in the order in which they were made.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from etude.auditing.card import Card
from etude.errors import InputError, StorageError
from etude.records import decode, encode

PLAN, CARDS = "audit.json", "cards.jsonl"


def begun(folder: Path, plan: Mapping[str, Any]) -> dict[str, Card]:
    """The cards that a folder holds already, by task id.

    Args:
        folder: Made where it is not there.
        plan: What is audited and how, as plain JSON values; kept, and compared with what was kept.

    Raises:
        InputError: The folder holds an audit of something else.
        StorageError: It cannot be written.
    """
    file = folder / PLAN
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            if (folder / CARDS).exists():
                raise InputError(f"{folder} holds cards and no {PLAN}", fix="give another --out")
            _write(file, json.dumps(plan, indent=1, sort_keys=True) + "\n")
        _require_same(folder, json.loads(file.read_text(encoding="utf-8")), json.loads(json.dumps(plan)))
        return {card.task_id: card for card in _read(folder / CARDS)}
    except ValueError as error:
        raise InputError(f"{file} is no JSON: {error}", fix="give another --out, or remove that folder") from None
    except OSError as error:
        raise StorageError(f"cannot use {folder}: {error.strerror}", fix="name a folder that may be written") from None


def appending(folder: Path, cards: Iterable[Card]) -> Iterator[Card]:
    """The cards, each written before it is yielded.

    Raises:
        StorageError: The disk is full or may not be written.
    """
    try:
        with (folder / CARDS).open("a", encoding="utf-8") as file:
            for card in cards:
                file.write(json.dumps(encode(card), ensure_ascii=True) + "\n")
                file.flush()
                yield card
    except OSError as error:
        raise StorageError(f"cannot write {folder / CARDS}: {error.strerror}", fix="free some space") from None


def _write(file: Path, text: str) -> None:
    fresh = file.with_name(f"{file.name}.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(file)


def _require_same(folder: Path, kept: Mapping[str, Any], plan: Mapping[str, Any]) -> None:
    changed = [name for name in plan if kept.get(name) != plan[name]]
    if changed:
        raise InputError(
            f"{folder} holds another audit: {', '.join(changed)} differ",
            expected="the task set and the flags that it was started with",
            fix="give another --out, or remove that folder",
        )


def _read(file: Path) -> Iterator[Card]:
    """The whole cards of a file; a torn last line, which a kill may leave, is taken off it."""
    if not file.exists():
        return
    whole = 0
    data = file.read_bytes()
    for line in data.splitlines(keepends=True):
        try:
            card = decode(Card, json.loads(line)) if line.endswith(b"\n") else None
        except (ValueError, ValidationError) as error:
            raise InputError(f"{file} holds a line that is no card: {error}", fix="remove that line") from None
        if card is None:
            break
        whole += len(line)
        yield card
    if whole < len(data):
        os.truncate(file, whole)
