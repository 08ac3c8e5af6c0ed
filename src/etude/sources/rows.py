"""Rows from a file: JSON, JSONL or Parquet, gzipped or not, told apart by what is in them.

A row is an object of JSON values with the place it came from, for messages. What cannot be read is an `InputError`
with line, column and the words around the fault; `scan` instead hands over each broken line, so that a caller can go
on and name them all.
"""

import gzip
import io
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etude.errors import InputError, MissingError
from etude.records import Json
from etude.sources.files import readable

AROUND = 30  # characters of a broken line shown on either side of the fault


@dataclass(frozen=True, slots=True)
class Row:
    """One row and where it stands: `number` is the line of a JSONL file, else the position counted from 1."""

    where: str
    number: int
    values: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Broken:
    """A line that is no row, and why."""

    where: str
    number: int
    fault: str


def read_rows(files: Iterable[Path]) -> list[Row]:
    """All rows of some files.

    Raises:
        InputError: A file cannot be read, is empty, or has a broken line.
    """
    rows: list[Row] = []
    for file in files:
        for item in scan(file):
            if isinstance(item, Broken):
                raise InputError(f"{item.where}: {item.fault}", expected="one JSON object per row")
            rows.append(item)
    return rows


def scan(file: Path) -> list[Row | Broken]:
    """The rows of one file, and the lines that are none.

    Raises:
        InputError: The file as a whole cannot be read as rows.
        MissingError: It is Parquet and pyarrow is not installed.
    """
    data = content(file)
    if data[:4] == b"PAR1":
        return _numbered(file, _parquet(file, data))
    text = _text(file, data)
    if not text.strip():
        raise InputError(f"{file} is empty", expected="JSON lines, a JSON list of objects, or Parquet")
    if text.lstrip()[0] == "[" or file.name.removesuffix(".gz").endswith(".json"):
        document = _document(file, text)
        if document is not None:
            return _numbered(file, _listed(file, document))
    return _lines(file, text)


def read_json(file: Path) -> Json:
    """The one JSON value of a file.

    Raises:
        InputError: It cannot be read or is not JSON.
    """
    try:
        return json.loads(_text(file, content(file)))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file}, {_fault(error)}", expected="JSON") from None


def content(file: Path) -> bytes:
    """The bytes of a file, unpacked where they are gzipped.

    Raises:
        InputError: The file may not be read, is a folder, or its gzip data is damaged.
    """
    with readable(file):
        data = file.read_bytes()
    if data[:2] != b"\x1f\x8b":
        return data
    try:
        return gzip.decompress(data)
    except (EOFError, OSError, zlib.error) as error:
        raise InputError(f"{file} is damaged gzip data: {error}", fix="download or pack it again") from None


def _text(file: Path, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{file} is not text: byte {error.start} is no UTF-8",
            expected="JSON, JSON lines or Parquet, gzipped or not",
        ) from None


def _document(file: Path, text: str) -> Json:
    """The JSON value that the whole text is, or None where it is several values: JSON lines."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and text.lstrip()[0] == "{":
            return None
        raise InputError(f"{file}, {_fault(error)}", expected="a JSON list of objects") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file}: {_fault(error)}", expected="a JSON list of objects") from None


def _listed(file: Path, document: Json) -> list[Json]:
    """The rows of a JSON document: a list, an object of columns, an object of id -> row, or one row."""
    if isinstance(document, list) and document:
        return document
    if isinstance(document, dict) and document:
        values = list(document.values())
        if all(isinstance(value, dict) for value in values):
            return [{"task_id": name, **row} for name, row in document.items()]
        if all(isinstance(value, list) for value in values) and len({len(value) for value in values}) == 1:
            return [dict(zip(document, row, strict=True)) for row in zip(*values, strict=True)]
        return [document]
    raise InputError(f"{file} holds no rows: found {type_name(document)}", expected="a JSON list of objects")


def _lines(file: Path, text: str) -> list[Row | Broken]:
    """One object per line. Only line feeds end a line: a JSON string may hold every other separator."""
    lines = ((number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip())
    return [_line(f"{file}, line {number}", number, line) for number, line in lines]


def _line(where: str, number: int, line: str) -> Row | Broken:
    try:
        return _row(where, number, json.loads(line))
    except (ValueError, RecursionError) as error:
        return Broken(where, number, _fault(error, lines=True))


def _numbered(file: Path, values: list[Json]) -> list[Row | Broken]:
    return [_row(f"{file}, row {number}", number, value) for number, value in enumerate(values, 1)]


def _row(where: str, number: int, value: Json) -> Row | Broken:
    if isinstance(value, dict):
        return Row(where, number, value)
    return Broken(where, number, f"{type_name(value)} where a JSON object was expected")


def type_name(value: Json) -> str:
    """What kind of JSON value this is, in a user's words: `a list`, `an empty list`, `text`."""
    if isinstance(value, dict | list) and not value:
        return "an empty object" if isinstance(value, dict) else "an empty list"
    names = {dict: "an object", list: "a list", str: "text", bool: "a truth value", int: "a number", float: "a number"}
    return "null" if value is None else names.get(type(value), type(value).__name__)


def _fault(error: Exception, lines: bool = False) -> str:
    if isinstance(error, json.JSONDecodeError):
        near = error.doc[max(0, error.pos - AROUND) : error.pos + AROUND]
        place = f"column {error.colno}" if lines else f"line {error.lineno}, column {error.colno}"
        return f"{place}: not JSON, {error.msg}, near {near!r}"
    return "JSON nested too deep" if isinstance(error, RecursionError) else f"not JSON: {error}"


def _parquet(file: Path, data: bytes) -> list[Json]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingError(f"{file} is Parquet, and pyarrow is not installed", fix="pip install pyarrow") from None
    try:
        rows: list[Any] = pyarrow.parquet.read_table(io.BytesIO(data)).to_pylist()
    except pyarrow.ArrowException as error:
        raise InputError(f"{file} is damaged Parquet: {error}", fix="download it again") from None
    if not rows:
        raise InputError(f"{file} holds no rows", expected="one row per task")
    return rows


def text_of(row: Row, name: str) -> str:
    """The text under `name`, its line ends made plain.

    Raises:
        InputError: The row has no such text.
    """
    value = _value(row, name)
    if not isinstance(value, str):
        raise InputError(f"{row.where}: {name!r} is {type_name(value)}", expected="text")
    return value.replace("\r\n", "\n").replace("\r", "\n")


def texts_of(row: Row, name: str) -> tuple[str, ...]:
    """The list of texts under `name`, their line ends made plain.

    Raises:
        InputError: The row has no such list.
    """
    value = _value(row, name)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InputError(f"{row.where}: {name!r} is {type_name(value)}", expected="a list of texts")
    return tuple(item.replace("\r\n", "\n").replace("\r", "\n") for item in value)


def whole_of(row: Row, name: str) -> int:
    """The whole number under `name`, which may be written as text.

    Raises:
        InputError: The row has no such number.
    """
    value = _value(row, name)
    try:
        return int(str(value)) if not isinstance(value, bool) else int("")
    except ValueError:
        raise InputError(f"{row.where}: {name!r} is {value!r}", expected="a whole number") from None


def _value(row: Row, name: str) -> Json:
    if row.values.get(name) is None:
        raise InputError(
            f"{row.where}: the row has no {name!r}",
            expected="the published file of this task set",
            choices=tuple(map(str, row.values)),
            fix="check that the file belongs to the task set you named; for tasks of your own use jsonl:PATH",
        )
    return row.values[name]
