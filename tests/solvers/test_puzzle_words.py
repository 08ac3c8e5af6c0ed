"""What a model is told of a failed answer to a puzzle; every outcome here is a real one of the sandbox."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from etude.judges.examine import Exam, examine
from etude.ledger import Ledger
from etude.models.scripted import Scripted
from etude.protocols import Budget
from etude.records import Agent, Attempt, Limits, Outcome, TaskView, Tests, identify
from etude.sandbox import Sandbox
from etude.solvers.feedback import feedback
from etude.solvers.puzzle_words import walk
from etude.solvers.repair import Repair
from etude.workbench import Bench

SQUARE = "def sat(x: int, n=144):\n    return x * x == n and x < 0"
TRUTHY = "def sat(x: int):\n    return x and 5"
INDEX = "def sat(x: int):\n    row = [1, 2]\n    return row[x] == 2"
ASSERTS = "def sat(x: int):\n    assert x > 3, 'too small'\n    return x == 7"
ENDLESS = "def sat(x: int):\n    while x == 3:\n        pass\n    return x == 7"
LONG = "def sat(text: str):\n    return len(text) == 7"


@pytest.fixture(scope="module")
def jail() -> Iterator[Sandbox]:
    with Sandbox(workers=1) as sandbox:
        yield sandbox


def view(sat: str, header: str = "def sol():") -> TaskView:
    spec = f"from typing import List\n\n\n{sat}\n"
    return TaskView(
        task_id="t", kind="puzzle", prompt=f"{spec}\n\n{header}", entry_point="sol", shown=Tests(puzzle=spec)
    )


def outcome(jail: Sandbox, sat: str, body: str) -> tuple[Outcome, str]:
    program = f"{view(sat).prompt}\n    {body}\n"
    [found] = examine([Exam(program, view(sat).shown, "sol", Limits(cpu_seconds=0.5, wall_seconds=10))], jail)
    return found, program


@pytest.mark.parametrize(
    ("sat", "body", "expected"),
    [
        (SQUARE, "return 12", "sol() returned 12, and sat(12) returned False"),
        (TRUTHY, "return 3", "sol() returned 3, and sat(3) returned something that is not True"),
        (INDEX, "return 9", "sol() returned 9, and sat(9) raised IndexError: list index out of range\n"
                            "line 6, in sat: return row[x] == 2"),
        (ASSERTS, "return 3", "sol() returned 3, and sat(3) raised AssertionError: too small\n"
                              "line 5, in sat: assert x > 3, 'too small'"),
        (ENDLESS, "return 3", "sol() returned 3, and sat(3) got no answer: it takes too long"),
        (LONG, "return 'ab' * 40", f"sol() returned {'ab' * 40!r}, and sat of that returned False"),
        (SQUARE, "return '12'", "sol() returned '12', which is not an answer of type int"),
        (SQUARE, "return True", "sol() returned True, which is not an answer of type int"),
        (SQUARE, "print(-12)", "sol() returned None, which is not an answer of type int\n"
                               "it prints and does not return"),
        (SQUARE, "x = -12", "sol() returned None, which is not an answer of type int\nsol returns nothing"),
        (SQUARE, "return nobody", "sol() raised NameError: name 'nobody' is not defined\n"
                                  "line 9, in sol: return nobody"),
        (SQUARE, "while True: pass", "sol() got no answer: the program takes too long"),
    ],
)  # fmt: skip
def test_what_is_said(jail: Sandbox, sat: str, body: str, expected: str) -> None:
    found, program = outcome(jail, sat, body)
    assert feedback(found, "full", program) == expected
    assert feedback(found, "short", program) == expected.splitlines()[0]
    assert feedback(found, "none", program) == "wrong"


def test_a_program_that_is_none_is_said_to_be_none(jail: Sandbox) -> None:
    found, program = outcome(jail, SQUARE, "return (")
    assert feedback(found, "full", program).startswith("the program is not Python: SyntaxError")


def test_of_a_right_answer_nothing_is_said(jail: Sandbox) -> None:
    found, program = outcome(jail, SQUARE, "return -12")
    assert found.status == "ok"
    assert feedback(found, "full", program) == ""
    assert walk(view(SQUARE), found) is None


@pytest.mark.parametrize(
    ("sat", "body", "asked"),
    [
        (SQUARE, "return 12", "sat(12)"),
        (ENDLESS, "return 3", ""),
        (SQUARE, "return '1'", ""),
        (LONG, "return 'a' * 900", ""),
    ],
)
def test_what_sat_does_is_traced_where_it_was_asked_and_ended(jail: Sandbox, sat: str, body: str, asked: str) -> None:
    found, _ = outcome(jail, sat, body)
    assert walk(view(sat), found) == ((view(sat).shown.puzzle, asked) if asked else None)


def attempts(jail: Sandbox, folder: Path, solver: Repair, replies: dict[str, list[str]]) -> list[Attempt]:
    ledger = Ledger(folder)
    bench = Bench(Scripted(replies=replies, match="substring"), jail, ledger)
    agent = Agent(model="m", fingerprint="writer")
    found = list(solver.attempt([view(SQUARE)], agent, bench, Budget(samples=None, seed=0, round=0)))
    ledger.close()
    return found


def test_a_repair_is_told_what_sat_said_and_what_its_values_were(jail: Sandbox, tmp_path: Path) -> None:
    replies = {"x * x == n": ["\n    return 12"], "sat(12) returned False": ["\n    return -12"]}
    first, second = attempts(jail, tmp_path / "run", Repair(samples=1, level="trace"), replies)
    assert (second.parent, first.parent) == (identify(first), "")
    assert second.program.rstrip().endswith("def sol():\n    return -12")
    assert second.feedback.splitlines()[0] == "sol() returned 12, and sat(12) returned False"
    assert "call of sat with x = 12, n = 144" in second.feedback
    assert "sat returns False" in second.feedback
    assert "-12" not in second.feedback
    assert "# sol() returned 12, and sat(12) returned False" in second.prompt


def test_an_error_of_the_program_is_traced_in_the_program(jail: Sandbox, tmp_path: Path) -> None:
    replies = {"x * x == n": ["\n    y = 5\n    return y[0]"], "not subscriptable": ["\n    return -12"]}
    _, second = attempts(jail, tmp_path / "run", Repair(samples=1, level="trace"), replies)
    assert "sol() raised TypeError: 'int' object is not subscriptable" in second.feedback
    assert "y = 5" in second.feedback
