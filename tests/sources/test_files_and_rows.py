import gzip
import json
import os

import pyarrow
import pyarrow.parquet
import pytest

from etude.errors import InputError
from etude.sources.files import locate
from etude.sources.jsonl import Jsonl
from etude.sources.rows import Broken, read_json, read_rows, scan

ROWS = [
    {"task_id": f"t{number}", "prompt": f"Say {number}.", "entry_point": "f", "assertions": [f"assert f() == {number}"]}
    for number in range(5)
]


def write(path, kind):
    lines = "\n".join(json.dumps(row) for row in ROWS) + "\n"
    if kind == "parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS), path)
    elif kind == "list":
        path.write_text(json.dumps(ROWS, indent=1))
    elif kind == "columns":
        path.write_text(json.dumps({name: [row[name] for row in ROWS] for name in ROWS[0]}))
    elif kind == "by id":
        path.write_text(json.dumps({row["task_id"]: {k: v for k, v in row.items() if k != "task_id"} for row in ROWS}))
    else:
        ends = lines.replace("\n", "\r\n") if kind == "crlf" else lines
        path.write_bytes(ends.encode("utf-8-sig" if kind == "marked" else "utf-8"))
    return path


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.jsonl", "lines"),
        ("a.json", "lines"),
        ("a.jsonl", "crlf"),
        ("a.jsonl", "marked"),
        ("a.json", "list"),
        ("a.jsonl", "list"),
        ("a.json", "columns"),
        ("a.json", "by id"),
        ("a.parquet", "parquet"),
        ("without_a_suffix", "lines"),
        ("without_a_suffix", "parquet"),
    ],
)
def test_the_same_rows_in_every_format_are_the_same_tasks(tmp_path, name, kind, packed):
    file = write(tmp_path / name, kind)
    if packed:
        data = gzip.compress(file.read_bytes())
        file.unlink()
        file = tmp_path / f"{name}.gz"
        file.write_bytes(data)
    tasks = list(Jsonl(path=str(file)).propose(None))
    assert [task.task_id for task in tasks] == [f"t{number}" for number in range(5)]
    assert [task.hidden.assertions for task in tasks] == [(f"assert f() == {number}",) for number in range(5)]


def test_a_line_separator_inside_a_string_does_not_end_the_line(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text('{"text": "a\u2028b\x85c"}\n\n{"text": "d"}\n', encoding="utf-8")
    rows = read_rows([file])
    assert [(row.number, row.values["text"]) for row in rows] == [(1, "a\u2028b\x85c"), (3, "d")]


def test_a_broken_line_is_named_with_column_and_surroundings(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text('{"task_id": "one"}\n{"task_id": "two" "prompt": 1}\n[1]\n{"x": ' + "9" * 5000 + "}\n")
    assert [type(item) for item in scan(file)][1:] == [Broken] * 3
    with pytest.raises(InputError) as caught:
        read_rows([file])
    assert "a.jsonl, line 2: column 19: not JSON, Expecting ',' delimiter" in str(caught.value)
    assert "two" in str(caught.value)
    faults = [item.fault for item in scan(file) if isinstance(item, Broken)]
    assert faults[1] == "a list where a JSON object was expected"
    assert faults[2].startswith("not JSON: Exceeds the limit")


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.jsonl", b"", "is empty"),
        ("a.jsonl", b" \n\n", "is empty"),
        ("a.json", b"[]", "holds no rows: found an empty list"),
        ("a.json", b"{}", "holds no rows: found an empty object"),
        ("a.json", b'"text"', "holds no rows: found text"),
        ("a.json", b"[1, 2]", "row 1: a number where a JSON object was expected"),
        ("a.json", b'[{"a": 1},\n {"b": }]', "line 2, column 8: not JSON"),
        ("a.json", b"[" * 100_000, "nested too deep"),
        ("a.jsonl", b'{"a":' * 100_000, "nested too deep"),
        ("a.jsonl", b"\xff\xfe\x00x", "is not text: byte 0 is no UTF-8"),
        ("a.jsonl.gz", gzip.compress(b'{"a": 1}\n' * 99, mtime=0)[:-9], "is damaged gzip data"),
        ("a.parquet", b"PAR1 but no more", "is damaged Parquet"),
    ],
)
def test_a_damaged_file_is_described(tmp_path, name, data, message):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_rows([tmp_path / name])
    assert message in str(caught.value)
    assert name in str(caught.value)


def test_read_json_explains_a_fault(tmp_path):
    (tmp_path / "a.json").write_text('{"train": [}')
    with pytest.raises(InputError, match=r"a\.json, line 1, column 12: not JSON"):
        read_json(tmp_path / "a.json")


def test_a_missing_file_names_what_lies_beside_it(tmp_path):
    (tmp_path / "HumanEval.jsonl.gz").touch()
    (tmp_path / "other.txt").touch()
    with pytest.raises(InputError) as caught:
        locate(tmp_path / "HumanEval.jsonl", ())
    assert caught.value.choices == (str(tmp_path / "HumanEval.jsonl.gz"),)


def test_a_missing_folder_names_the_folder_that_was_meant(tmp_path):
    (tmp_path / "benchmarks").mkdir()
    with pytest.raises(InputError) as caught:
        locate(tmp_path / "benchmark" / "a.jsonl", ())
    assert caught.value.choices == (str(tmp_path / "benchmarks"),)
    assert "has no 'benchmark'" in caught.value.found


def test_a_folder_without_the_published_files_says_what_it_holds(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InputError) as caught:
        locate(tmp_path, ("mbpp.jsonl", "mbpp.jsonl.gz"))
    assert caught.value.choices == (str(tmp_path / "notes.txt"),)
    assert caught.value.expected == "mbpp.jsonl or mbpp.jsonl.gz"


def test_the_first_pattern_that_fits_wins(tmp_path):
    for name in ("b-2.parquet", "b-1.parquet", "a.json"):
        (tmp_path / name).touch()
    assert [file.name for file in locate(tmp_path, ("x", "b-*", "a.json"))] == ["b-1.parquet", "b-2.parquet"]


def test_the_home_folder_is_found(tmp_path, monkeypatch):
    (tmp_path / "a.jsonl").write_text("{}")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert locate("~/a.jsonl", ()) == [tmp_path / "a.jsonl"]


def test_an_unreadable_file_says_how_to_open_it(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text("{}")
    file.chmod(0)
    tmp_path.chmod(0o711)
    root = os.geteuid() == 0
    try:
        if root:  # nothing is unreadable for root
            os.seteuid(65534)
        with pytest.raises(InputError, match="may not be read") as caught:
            read_rows([file])
    finally:
        if root:
            os.seteuid(0)
    assert caught.value.fix == f"chmod u+r {file}"


def test_a_folder_where_a_file_was_expected_is_described(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_rows([tmp_path])
