"""The overlay: a small file with the tests that witnesses became, and the name of the task set that they are for.

It holds inputs and answers and nothing of the set itself, so it can be shared where the set cannot. `strengthened:FILE`
is the task set with them (`etude.sources.strengthened`).

    {"format": "etude-witnesses/1", "tasks": "humaneval:HumanEval.jsonl.gz",
     "tests": {"HumanEval/0": [{"arguments": "([1.0, 2.0], 1.0)", "expected": "False", "said": "True"}]}}

Arguments and answers are Python literals: JSON knows no tuples.
"""

import ast
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from etude.errors import InputError
from etude.folders import write_text
from etude.judges.rules.writing import written
from etude.sources.files import locate
from etude.strengthening.answers import LONGEST
from etude.strengthening.witnesses import Witness

FORMAT = "etude-witnesses/1"
EXPECTED = f'{{"format": "{FORMAT}", "tasks": "T", "tests": {{task id: [{{"arguments", "expected"}}]}}}}'
FIX = "etude strengthen T --out FILE writes one"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """Witnesses for the tasks of a set, named as on the command line."""

    tasks: str
    tests: Mapping[str, tuple[Witness, ...]] = field(default_factory=dict)


def overlay_of(tasks: str, found: Iterable[Witness]) -> Overlay:
    """The overlay of witnesses, by task."""
    tests: dict[str, tuple[Witness, ...]] = {}
    for item in found:
        tests[item.task_id] = (*tests.get(item.task_id, ()), item)
    return Overlay(tasks=tasks, tests=tests)


def write_overlay(path: Path, overlay: Overlay) -> None:
    """Writes an overlay as JSON.

    Raises:
        StorageError: The disk is full or may not be written.
    """
    tests = {name: [_encoded(item) for item in own] for name, own in overlay.tests.items()}
    write_text(path, json.dumps({"format": FORMAT, "tasks": overlay.tasks, "tests": tests}, indent=1) + "\n")


def read_overlay(path: str | Path) -> Overlay:
    """The overlay of a file.

    Raises:
        InputError: There is no such file, or it is no overlay; what is wrong is named.
    """
    (file,) = locate(path, ())
    try:
        document = json.loads(file.read_text())
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file} is no JSON: {error}", expected=EXPECTED, fix=FIX) from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise InputError(f"{file} is no overlay of witnesses", expected=EXPECTED, fix=FIX)
    tasks, tests = document.get("tasks"), document.get("tests")
    if not isinstance(tasks, str) or not isinstance(tests, dict):
        raise InputError(f"{file} lacks tasks or tests", expected=EXPECTED, fix=FIX)
    return Overlay(tasks=tasks, tests={name: tuple(_decoded(file, name, rows)) for name, rows in tests.items()})


def _encoded(item: Witness) -> dict[str, Any]:
    values = {"arguments": written(item.arguments, 10 * LONGEST), "expected": written(item.expected, LONGEST)}
    return {**values, "said": item.said} | ({"flaky": True} if item.flaky else {})


def _decoded(file: Path, task_id: str, rows: Any) -> Iterable[Witness]:
    for row in rows if isinstance(rows, list) else [rows]:
        try:
            arguments, expected = (ast.literal_eval(row[name]) for name in ("arguments", "expected"))
            said, flaky = str(row.get("said", "")), row.get("flaky") is True
        except (KeyError, TypeError, ValueError, SyntaxError, RecursionError, MemoryError):
            arguments, expected, said, flaky = None, None, "", False
        if not isinstance(arguments, tuple):
            raise InputError(f"{file}: a test of {task_id} cannot be read: {str(row)[:120]}", expected=EXPECTED)
        yield Witness(
            task_id=task_id, program=0, arguments=arguments, expected=expected, said=said, flaky=flaky,
        )  # fmt: skip
