"""Published references pass, and nothing else does: HumanEval, MBPP and (in part) P3, under the judges' own rules."""

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from etude.errors import MissingError
from etude.judges.examine import Exam, examine
from etude.judges.malformed import malformed
from etude.records import Limits, Tests
from etude.sandbox import Sandbox

pytestmark = pytest.mark.data
Find = Callable[[str], Path]
IMPORTS = "from typing import List\n\n"
P3_STEP = 6


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    try:
        with Sandbox() as jail:
            yield jail
    except MissingError as error:
        pytest.skip(f"no namespaces here: {error}")


def test_humaneval_references_pass_and_empty_bodies_do_not(sandbox: Sandbox, data: Find) -> None:
    with gzip.open(data("humaneval/HumanEval.jsonl.gz"), "rt") as file:
        rows = [json.loads(line) for line in file]
    sets = [Tests(check=row["test"], context=row["prompt"].rstrip() + "\n    pass\n") for row in rows]
    for body, expected in (("canonical_solution", 164), (None, 0)):
        exams = [
            Exam(row["prompt"] + (row[body] if body else "    pass\n"), tests, row["entry_point"])
            for row, tests in zip(rows, sets, strict=True)
        ]
        outcomes = examine(exams, sandbox)
        assert sum(outcome.status == "ok" for outcome in outcomes) == expected
        assert not any(outcome.status == "unavailable" for outcome in outcomes)


def test_mbpp_references_pass_and_three_rows_are_malformed(sandbox: Sandbox, data: Find) -> None:
    rows = [json.loads(line) for line in data("mbpp/mbpp.jsonl").open()]
    exams = [
        Exam(row["code"], Tests(assertions=tuple(row["test_list"]), setup=row["test_setup_code"]), "") for row in rows
    ]
    statuses = [outcome.status for outcome in examine(exams, sandbox)]
    assert [row["task_id"] for row, status in zip(rows, statuses, strict=True) if status != "ok"] == []
    assert len(rows) == 974
    assert [row["task_id"] for row, exam in zip(rows, exams, strict=True) if malformed(exam.tests)] == [313, 362, 436]


def test_p3_solutions_satisfy_their_puzzles(sandbox: Sandbox, data: Find) -> None:
    with gzip.open(data("p3/puzzles.json.gz"), "rt") as file:
        rows = [row for row in json.load(file) if row["sol_bodies"]]
    long_numbers = {"FivePowers:0", "BoxVolume:1"}
    chosen = [row for place, row in enumerate(rows) if place % P3_STEP == 0 or row["name"] in long_numbers]
    limits = Limits(cpu_seconds=20, wall_seconds=60)
    exams = [
        Exam(
            IMPORTS + row["sol_header"] + "\n" + row["sol_bodies"][0], Tests(puzzle=IMPORTS + row["sat"]), "sol", limits
        )
        for row in chosen
    ]
    outcomes = examine(exams, sandbox)
    assert [row["name"] for row, found in zip(chosen, outcomes, strict=True) if found.status != "ok"] == []
    assert long_numbers <= {row["name"] for row in chosen}
    assert len(exams) > 250
