"""The audit of P3: what is published is counted, and the references that fail or are slow are named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from etude.cli import main

Row = dict[str, Any]
SLOW = "    total = 0\n    while total < n:\n        total += 1\n    return 7"


def row(name: str, sat: str, *bodies: str, header: str = "def sol():") -> Row:
    return {
        "name": name,
        "sat": sat,
        "ans_type": "int",
        "sol_header": header,
        "sol_docstring": "",
        "sol_bodies": list(bodies),
        "module": "made.py",
        "notes": "",
        "weight": 1.0,
    }


ROWS = [
    row("Good:0", "def sat(x: int):\n    return x == 3", "    return 3"),
    row("Good:1", "def sat(x: int):\n    return x == 4", "    return 4", "    return 2 + 2"),
    row("Wrong:0", "def sat(x: int):\n    return x == 5", "    return 6"),
    row("Raises:0", "def sat(x: int):\n    return x == 5", "    return [][1]"),
    row("Text:0", "def sat(x: int):\n    return x == 5", "    return '5'"),
    row("Long:0", "def sat(x: int):\n    return x == 10 ** 5000", "    return 10 ** 5000"),
    row("Checked:0", "def sat(x: int):\n    return len(str(x ** 5000)) > 5000 and x == 20", "    return 20"),
    row("Open:0", "def sat(x: int):\n    return x != x"),
]


def folder_of(place: Path, rows: list[Row], split: dict[str, list[str]] | None) -> Path:
    place.mkdir(exist_ok=True)
    (place / "puzzles.json").write_text(json.dumps(rows))
    if split is not None:
        (place / "split.json").write_text(json.dumps(split))
    return place


def audit(text: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Row]:
    """Title -> table, as `--json` prints them."""
    assert main(["audit", text, "--quick", "--json"]) == 0
    return {table["title"]: table for table in json.loads(capsys.readouterr().out)["tables"]}


def pairs(table: Row) -> dict[str, Any]:
    first, second = table["columns"]
    return {line[first]: line[second] for line in table["rows"]}


def test_what_is_published_is_counted_and_what_fails_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    split = {"train": ["Good", "Wrong"], "test": ["Raises"]}
    found = audit(f"p3:{folder_of(tmp_path, ROWS, split)}", capsys)
    assert pairs(found["P3: what is published"]) == {
        "problems": 7,
        "instances": 8,
        "train": 2,
        "test": 1,
        "problems in neither": 4,
        "references": 8,
        "problems without a reference": 1,
    }
    assert "Open" in found["P3: what is published"]["notes"][0]
    failed = found["P3: references that fail"]["rows"]
    assert [(line["puzzle"], line["split"]) for line in failed] == [
        ("Wrong:0", "train"),
        ("Raises:0", "test"),
        ("Text:0", None),
    ]
    assert [line["what happens"] for line in failed] == [
        "sat says no to its answer: it returned False",
        "IndexError: list index out of range",
        "gives '5', expected an answer of type int",
    ]


def test_a_reference_that_only_a_raised_limit_of_digits_lets_pass_is_right_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = audit(f"p3:{folder_of(tmp_path, ROWS, None)}", capsys)
    counted = pairs(found["P3: the references on this interpreter"])
    assert (counted["rerun"], counted["right"], counted["wrong or without an answer"]) == (8, 5, 3)
    lines = found["P3: references that want long integers"]["rows"]
    assert [(line["puzzle"], line["at most 4,300 digits"]) for line in lines] == [
        ("Long:0", "its answer cannot be printed"),
        ("Checked:0", "its check raises ValueError"),
    ]
    assert pairs(found["P3: what is published"])["train"] is None, "there is no split.json"


def test_a_slow_reference_gets_a_longer_time_before_it_is_called_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = row("Slow:0", "def sat(x: int, n=40000000):\n    return x == 7", SLOW, header="def sol(n=40000000):")
    found = audit(f"p3:{folder_of(tmp_path, [ROWS[0], slow], None)}", capsys)
    [line] = found["P3: references that are slow"]["rows"]
    assert (line["puzzle"], line["reference"]) == ("Slow:0", 1)
    assert 1 < line["seconds"] < 60
    assert pairs(found["P3: the references on this interpreter"])["right"] == 2
    assert "P3: references that fail" not in found


def test_a_split_and_a_slice_choose_whose_references_are_rerun_and_not_what_is_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = folder_of(tmp_path, ROWS, {"train": ["Good", "Wrong"], "test": ["Raises"]})
    for text, rerun in ((f"p3:{place}[train]", 2), (f"p3:{place}[train][0:1]", 1), (f"p3:{place}[all][0:2]", 3)):
        found = audit(text, capsys)
        assert pairs(found["P3: what is published"])["instances"] == 8
        assert pairs(found["P3: the references on this interpreter"])["rerun"] == rerun


def test_people_read_the_same_and_see_it_happen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", f"p3:{folder_of(tmp_path, ROWS, None)}", "--quick"]) == 0
    told = capsys.readouterr()
    assert "Wrong:0" in told.out
    assert "problems without a reference  1" in told.out
    assert "references: 8/8" in told.err


def test_a_task_with_a_failing_reference_is_flagged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = f"p3:{folder_of(tmp_path, ROWS, None)}"
    assert main(["audit", text, "--quick", "--json", "--strict"]) == 1
    flagged = json.loads(capsys.readouterr().out)["flagged"]
    failed = {item["task_id"] for item in flagged if "reference fails" in item["defects"]}
    assert failed == {"Wrong:0", "Raises:0", "Text:0"}
    assert main(["audit", f"{text}[0:2]", "--quick", "--strict"]) == 0


@pytest.mark.whole
def test_the_published_puzzles(data: Callable[[str], Path], capsys: pytest.CaptureFixture[str]) -> None:
    found = audit(f"p3:{data('p3')}", capsys)
    counted = pairs(found["P3: what is published"])
    assert [counted[name] for name in ("problems", "instances", "train", "test")] == [397, 1715, 155, 228]
    assert (counted["references"], counted["problems without a reference"]) == (1698, 11)
    told = pairs(found["P3: the references on this interpreter"])
    assert (told["right"], told["wrong or without an answer"]) == (1698, 0)
    slow = {line["puzzle"] for line in found["P3: references that are slow"]["rows"]}
    assert {"Mastermind:0", "Mastermind:1", "Mastermind:2"} <= slow
    long = {line["puzzle"] for line in found["P3: references that want long integers"]["rows"]}
    assert long == {"FivePowers:0", "BoxVolume:1", "ExponentialCoinMoves:0"}


def test_the_published_puzzles_are_counted_without_rerunning_all(
    data: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    counted = pairs(audit(f"p3:{data('p3')}[train][0:5]", capsys)["P3: what is published"])
    assert [counted[name] for name in ("problems", "instances", "train", "test")] == [397, 1715, 155, 228]
