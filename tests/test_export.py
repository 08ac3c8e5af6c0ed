"""A run's verified own puzzles become function tasks that another recipe can train on; its rows become a file."""
# ruff: noqa: E501  (programs read best on one line)

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from etude.arms import run_arm
from etude.cli import main
from etude.config import Recipe, load
from etude.judges.auto import Auto
from etude.ledger import Ledger
from etude.progress import ignore
from etude.puzzles.exporting import alone, check_of, fits
from etude.records import Attempt
from etude.sandbox import Sandbox
from etude.sources.check import check_tasks
from etude.sources.jsonl import Jsonl
from etude.tasks import Task
from tests.recipes import puzzle_world

RIGHT = {
    "own/0/000000": "return 331 * 9 + 7",
    "own/0/000001": "return 'zebraxyz'",
    "own/0/000002": "return [n, 1230, 0, 0]",
}
"""Other right answers than those that the run found."""
NEARLY = {"own/0/000000": "return 7", "own/0/000001": "return 'zebra'", "own/0/000002": "return [1234, 0, 0, False]"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    recipe = puzzle_world.recipe(folder, [*puzzle_world.GOOD], evaluate="never")
    run_arm(recipe, folder / "run", "main", ignore)
    return folder / "run"


@pytest.fixture(scope="module")
def jail() -> Iterator[Sandbox]:
    with Sandbox(workers=1) as sandbox:
        yield sandbox


def exported(run: Path, target: Path) -> list[Task]:
    assert main(["export", str(run), "--what", "tasks", "--to", str(target)]) == 0
    return list(Jsonl(path=str(target)).propose(None))


def passes(task: Task, program: str, jail: Sandbox) -> bool | None:
    one = Attempt(
        task_id=task.task_id, prompt="", completion="", program=program, template="", agent="", solver="",
        sample_index=0, seed=0, round=0,
    )  # fmt: skip
    return Auto(cpu_seconds=2, wall_seconds=10).judge(task, [one], jail)[0].passed


def header(task: Task) -> str:
    return f"def {task.facts.prompt.split('`')[1]}:"


def test_every_exported_task_is_sound_and_takes_any_right_answer(run: Path, tmp_path: Path, jail: Sandbox) -> None:
    tasks = exported(run, tmp_path / "own.jsonl")
    assert [task.task_id for task in tasks] == sorted(RIGHT)
    assert check_tasks(tasks) == []
    for task in tasks:
        assert passes(task, task.reference, jail) is True
        assert passes(task, f"{header(task)}\n    {RIGHT[task.task_id]}\n", jail) is True
        assert passes(task, f"{header(task)}\n    {NEARLY[task.task_id]}\n", jail) is False
        assert passes(task, f"{header(task)}\n    pass\n", jail) is False
        assert "def sat(" in task.facts.prompt
        assert "def sat(" not in task.reference
        assert task.facts.shown.check
        assert not task.hidden


def test_a_row_says_where_it_comes_from(run: Path, tmp_path: Path) -> None:
    exported(run, tmp_path / "own.jsonl")
    ledger = Ledger(run)
    passed = {verdict.attempt: attempt for attempt, verdict in ledger.judged("train", 0) if verdict.passed}
    ledger.close()
    for line in (tmp_path / "own.jsonl").read_text().splitlines():
        row = json.loads(line)
        lineage, attempt = row["lineage"], passed[row["lineage"]["attempt"]]
        assert (lineage["run"], lineage["seed"], lineage["round"]) == ("self-taught-puzzles", 0, 0)
        assert lineage["verdict"]
        assert attempt.task_id == row["task_id"]
        same = [item for item in passed.values() if item.task_id == row["task_id"]]
        assert len(attempt.program) == min(len(item.program) for item in same), "the shortest"
        assert row["reference"] == alone(attempt.program)


def test_the_licence_of_the_given_puzzles_goes_on(tmp_path: Path) -> None:
    recipe = puzzle_world.recipe(tmp_path, [puzzle_world.GOOD[0]], evaluate="never")
    given = tmp_path / "given.jsonl"
    rows = [{**json.loads(line), "licence": "CC-BY-4.0"} for line in given.read_text().splitlines()]
    given.write_text("".join(json.dumps(row) + "\n" for row in rows))
    run_arm(recipe, tmp_path / "run", "main", ignore)
    [task] = exported(tmp_path / "run", tmp_path / "own.jsonl")
    assert task.licence == "CC-BY-4.0"


def test_drboot_trains_on_the_exported_tasks(run: Path, tmp_path: Path) -> None:
    """One program is right at once, one is mended by what the check said, one is not: its reference is learned."""
    tasks = exported(run, tmp_path / "own.jsonl")
    source = f'{{ use = "task_set", tasks = "jsonl:{tmp_path}/own.jsonl" }}'
    settings = {
        "source": source,
        "validation": source,
        "suite.tasks_from": f"jsonl:{tmp_path}/own.jsonl",
        "suite.n": "1",
        "suite.k": "[1]",
        "learner": '{ use = "keep" }',
        "rounds": "1",
        "evaluate": "never",
        "select": "last",
        "arms": "{}",
    }
    first = {
        "zebra": "def sol():\n    return 'zebracat'",
        "1234": "def sol(n=4):\n    return [1234, 0]",
        "331": "def sol():\n    return 7",
    }
    feedback = "len(xs) returned 2, expected 4"
    replies = {key: f"\n{program}\n```" for key, program in first.items()}
    replies[feedback] = "\ndef sol(n=4):\n    return [1234, 0, 0, 0]\n```"
    scripted = {"use": "scripted", "replies": replies, "match": "substring"}
    found = load("drboot", settings)
    recipe = Recipe.model_validate({**found.model_dump(exclude_none=True), "model": scripted})
    run_arm(recipe, tmp_path / "boot", "main", ignore)
    rows = pyarrow.parquet.read_table(tmp_path / "boot" / "rounds" / "00" / "rows.parquet").to_pylist()
    assert {row["task_id"]: row["origin"] for row in rows} == {
        "own/0/000000": "reference",
        "own/0/000001": "attempt",
        "own/0/000002": "repair",
    }
    [mended] = [row for row in rows if row["origin"] == "repair"]
    assert feedback in mended["feedback"]
    assert len(tasks) == 3


def attempt_fails(check: str, answer: str, jail: Sandbox, given: str = "") -> bool | None:
    from etude.records import TaskView, Tests

    task = Task(
        facts=TaskView(task_id="t", kind="instruct", prompt="p", entry_point="sol", shown=Tests(check=check)),
        hidden=Tests(),
    )
    return passes(task, f"def sol({given}):\n    return {answer}\n", jail) is False


@pytest.mark.parametrize(
    ("puzzle", "right", "wrong"),
    [
        ("def sat(x: int):\n    return x % 331 == 7", "338", ["338.0", "True", "8", "'338'", "None"]),
        ("def sat(x: float):\n    return x * 2 == 7.5 or x != x", "3.75", ["float('nan')", "7.5", "4"]),
        ("def sat(xs: List[float]):\n    return len(xs) == 2", "[1.5, 2.0]", ["[float('nan'), 1.0]", "[1, 2]", "(1.5, 2.0)"]),
        ("def sat(rows: List[List[str]]):\n    return [len(r) for r in rows] == [2, 1]", "[['a', 'b'], ['c']]", ["[[1, 2], [3]]"]),
        ("def sat(x: int):\n    return x > 100 and x", "0", ["0", "101"]),
        ("def sat(x: int):\n    return (x > 100) is True and not x % 7", "105", ["104", "7"]),
        ("def sat(x: int):\n    t = 0\n    for i in range(x):\n        t += i\n    return t == 4950", "100", ["99", "100.0"]),
        ("def sat(s: str):\n    import re\n    return bool(re.fullmatch('[ab]{9}', s))", "'abababaab'", ["'abc'", "7"]),
        ("def sat(all: int):\n    return all == 421", "421", ["422", "421.0"]),
        ("def sat(candidate: int):\n    return candidate == 421", "421", ["422", "True"]),
    ],
)  # fmt: skip
def test_a_check_says_what_the_puzzle_says(puzzle: str, right: str, wrong: list[str], jail: Sandbox) -> None:
    check = check_of(puzzle)
    for answer in wrong:
        assert attempt_fails(check, answer, jail), (answer, check)
    if right != "0":
        assert not attempt_fails(check, right, jail), check


def test_inputs_are_given_to_the_candidate(jail: Sandbox) -> None:
    check = check_of(
        "def sat(xs: List[int], n=41, words=['a']):\n    return sum(xs) == n * len(words) and len(xs) == 2"
    )
    assert not attempt_fails(check, "[n, 0 * len(words)]", jail, "n, words")
    assert attempt_fails(check, "[n, 1]", jail, "n=41, words=()")


def test_a_program_cannot_bring_its_own_sat(jail: Sandbox) -> None:
    check = check_of("def sat(x: int):\n    y = x * x\n    return y == 1764")
    program = "def sat(*all): return True\ndef check(c): pass\ndef sol():\n    return 3\n"
    from etude.records import TaskView, Tests

    facts = TaskView(task_id="t", kind="instruct", prompt="p", entry_point="sol", shown=Tests(check=check))
    assert passes(Task(facts=facts, hidden=Tests()), program, jail) is False


def test_types_are_exact_in_depth() -> None:
    assert fits("x", "int") == "type(x) is int"
    assert "item_" in fits("x", "List[List[int]]")


def test_rows_are_written_as_lines_or_as_parquet(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stored = pyarrow.parquet.read_table(run / "rounds" / "00" / "rows.parquet").to_pylist()
    own = [{**row, "licence": row["licence"] or "unknown"} for row in stored]
    assert main(["export", str(run), "--what", "rows", "--to", str(tmp_path / "rows.jsonl"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == len(own)
    assert [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()] == own
    assert main(["export", str(run), "--what", "rows", "--to", str(tmp_path / "deep" / "rows.parquet")]) == 0
    assert pyarrow.parquet.read_table(tmp_path / "deep" / "rows.parquet").to_pylist() == own


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["export", *arguments]) == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "expected:" in said
    return said


def test_mistakes_are_explained(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "own.jsonl"
    said = refused([str(tmp_path), "--to", str(target)], capsys)
    assert "holds no run" in said
    assert "fix:" in said
    target.write_text("mine")
    said = refused([str(run), "--to", str(target)], capsys)
    assert "is there already" in said
    assert "--force" in said
    assert target.read_text() == "mine"
    assert "FILE.jsonl" in refused([str(run), "--to", str(tmp_path / "own.parquet")], capsys)
    assert main(["export", str(run), "--to", str(target), "--force"]) == 0
    assert target.read_text() != "mine"
    assert not (tmp_path / "ledger.sqlite").exists(), "looking at a folder leaves nothing in it"


@pytest.mark.parametrize(
    ("proposals", "words"),
    [
        (["x: int"], "no puzzles of its own"),
        (["x: int):\n    return x ** 3 == 3 ** 15 and x > 5"], "none of them solved"),
    ],
)
def test_a_run_without_solved_puzzles_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], proposals: list[str], words: str
) -> None:
    recipe: Any = puzzle_world.recipe(tmp_path, proposals, evaluate="never")
    model = {**recipe.model.model_dump(), "default": "\n    return 0"}
    run_arm(
        Recipe.model_validate({**recipe.model_dump(exclude_none=True), "model": model}),
        tmp_path / "run",
        "main",
        ignore,
    )
    said = refused([str(tmp_path / "run"), "--to", str(tmp_path / "own.jsonl")], capsys)
    assert words in said
    assert "fix:" in said
    said = refused([str(tmp_path / "run"), "--what", "rows", "--to", str(tmp_path / "own.csv")], capsys)
    assert ".parquet" in said


def test_a_solution_that_uses_the_puzzle_keeps_it() -> None:
    sat = "def sat(x: int):\n    return x == 5"
    assert "def sat" not in alone(f"{sat}\n\ndef sol():\n    return 5\n")
    assert "def sat" in alone(f"{sat}\n\ndef sol():\n    return next(i for i in range(9) if sat(i))\n")
