"""A record as JSON and back, and its identity: the hash of its one canonical text.

It knows no record; `etude.records` hands these on.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

Json = Any
"""A JSON value: None, bool, int, float, str, list or dict with string keys."""

Record = TypeVar("Record")


def encode(record: Any) -> Json:
    """A record as a JSON value (dataclasses become objects, tuples arrays)."""
    if isinstance(record, str | int | float):  # what most of a record is made of, and what asking the rest is slow for
        return record
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        return {item.name: encode(getattr(record, item.name)) for item in dataclasses.fields(record)}
    if isinstance(record, (list, tuple)):
        return [encode(item) for item in record]
    if isinstance(record, Mapping):
        return {str(key): encode(value) for key, value in record.items()}
    return record


def canonical(record: Any) -> str:
    """The one JSON text of a record: sorted keys, no spaces, ASCII."""
    return json.dumps(encode(record), sort_keys=True, separators=(",", ":"))


def identify(record: Any) -> str:
    """The record's id: 16 hex digits of the SHA-256 of its canonical JSON."""
    return hashlib.sha256(canonical(record).encode()).hexdigest()[:16]


def decode(kind: type[Record], value: Json) -> Record:
    """The record of `kind` that `encode` turned into `value`.

    Raises:
        pydantic.ValidationError: The value does not fit the record.
    """
    known: Any = kind
    record: Record = _adapter(known).validate_python(value)
    return record


@cache
def _adapter(kind: Any) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)
