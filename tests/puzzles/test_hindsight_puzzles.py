"""A wrong answer is learned as the right answer to a changed puzzle, if it is one, and only then."""

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from etude.arms import run_arm
from etude.config import Recipe
from etude.errors import RecipeError
from etude.judges.puzzle import PuzzleJudge
from etude.ledger import Ledger
from etude.models.scripted import Scripted
from etude.progress import ignore
from etude.protocols import Judged, State
from etude.puzzles.hindsight import AGAIN, HindsightPuzzles
from etude.puzzles.moving import moved, read_puzzle
from etude.puzzles.proposing import Layout
from etude.records import Agent, Attempt, Example, Outcome, TaskView, Tests, identify
from etude.sandbox import Sandbox
from etude.stages import PROPOSAL
from etude.tasks import Task
from etude.workbench import Bench
from tests.recipes import puzzle_world

JUDGE = PuzzleJudge(cpu_seconds=2, wall_seconds=10)
UNSTEADY = "\n    try:\n        return 1200 + _asked_again\n    except NameError:\n        return 900"
"""Another answer whenever it is run again."""
REST = "def sat(x: int):\n    return x % 331 == 7 and x > 1000"


@pytest.fixture
def state(tmp_path: Path, jail: Sandbox) -> Iterator[State]:
    ledger, agent = Ledger(tmp_path / "run"), Agent(model="", fingerprint="")
    bench = Bench(Scripted(), jail, ledger, limits=PROPOSAL)
    folder = tmp_path / "run" / "rounds" / "00"
    yield State(round=0, seed=0, folder=folder, base=agent, agent=agent, bench=bench, note=ledger.note)
    ledger.close()


def given(puzzle: str, name: str = "own/0/000000") -> Task:
    return replace(Layout().task(name, puzzle, "proposed"), licence="CC0")


def tried(task: Task, jail: Sandbox, *bodies: str) -> list[Judged]:
    attempts = [
        Attempt(
            task_id=task.task_id, prompt=task.facts.prompt, completion=body, program=task.facts.prompt + body + "\n",
            template="puzzle.v1", agent="a", solver="sample", sample_index=place, seed=0, round=0,
        )
        for place, body in enumerate(bodies)
    ]  # fmt: skip
    verdicts = JUDGE.judge(task, attempts, jail)
    return [Judged(task, *pair) for pair in zip(attempts, verdicts, strict=True)]


def told(state: State) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((state.folder / "hindsight.json").read_text())
    return found


def rows_of(state: State, jail: Sandbox, puzzle: str, *bodies: str, **settings: Any) -> list[Example]:
    task = given(puzzle)
    curator = HindsightPuzzles(**{"per_puzzle": 9, **settings})
    return list(curator.curate(tried(task, jail, *bodies), (), replace(state, tasks=(task,))))


def changed(state: State) -> list[str]:
    return [row["puzzle"].split("return ", 1)[1] for row in told(state)["list"]]


def test_failing_conditions_are_moved_to_what_the_answer_gives(state: State, jail: Sandbox) -> None:
    [row] = rows_of(state, jail, REST, "\n    return 900")
    assert changed(state) == ["x % 331 == 238 and x > 899"]
    assert row.target == "\n    return 900"
    assert "238" in row.prompt
    assert row.prompt.endswith("def sol():")
    assert row.program == f"{row.prompt}{row.target}\n"


@pytest.mark.parametrize(
    ("puzzle", "body", "expected"),
    [
        ("def sat(x: int):\n    return x < 200 and 7 == x % 10 and x > 150", "\n    return 336",
         "x < 337 and 6 == x % 10 and x > 150"),
        ("def sat(x: int):\n    return 500 <= x and x != 3", "\n    return 333", "333 <= x and x != 3"),
        ("def sat(x: int):\n    return 500 > x * 2 and x > 200", "\n    return 333", "667 > x * 2 and x > 200"),
        ("def sat(s: str):\n    return s[::-1] == 'zebra'", "\n    return 'zebras'", "s[::-1] == 'sarbez'"),
        ("def sat(x: float):\n    return x + x == 7.5", "\n    return 12.25", "x + x == 24.5"),
        ("def sat(xs: List[int]):\n    return [x * 2 for x in xs] == [2, 8, 4]", "\n    return [5, 9, 7]",
         "[x * 2 for x in xs] == [10, 18, 14]"),
        ("def sat(x: int):\n    y = x * x\n    return y == 1764 and x < 0", "\n    return -41", "y == 1681 and x < 0"),
    ],
)  # fmt: skip
def test_each_rule(state: State, jail: Sandbox, puzzle: str, body: str, expected: str) -> None:
    assert len(rows_of(state, jail, puzzle, body)) == 1, told(state)
    assert changed(state) == [expected]


def test_an_input_is_moved_where_it_is_read_once(state: State, jail: Sandbox) -> None:
    [row] = rows_of(
        state, jail, "def sat(xs: List[int], n=777):\n    return sum(xs) == n and len(xs) == 3", "\n    return [400, 5]"
    )
    assert "n=405" in row.prompt
    assert told(state)["list"][0]["puzzle"].endswith("return sum(xs) == n and len(xs) == 2")
    assert "def sol(n=405):" in row.prompt
    twice = "def sat(x: int, n=777):\n    return x * 2 == n and x > n"
    assert rows_of(state, jail, twice, "\n    return 200") == []


def test_a_solution_that_reads_what_was_moved_has_to_hold_all_the_same(state: State, jail: Sandbox) -> None:
    """The answer follows the input: after the move it is another answer, and wrong again."""
    puzzle = "def sat(x: int, n=777):\n    return x * 2 == n"
    assert rows_of(state, jail, puzzle, "\n    return n + 1") == []
    assert told(state)["left_out"] == {"does not hold": 1}


def test_the_rows_pass_the_judge_and_say_where_they_come_from(state: State, jail: Sandbox) -> None:
    task = given(REST)
    judged = tried(task, jail, "\n    return 900", "\n    return 1331", "\n    return 10 ** 9")
    rows = list(HindsightPuzzles(per_puzzle=3).curate(judged, (), replace(state, tasks=(task,))))
    assert len(rows) >= 2
    lineage = {identify(item.attempt): identify(item.verdict) for item in judged}
    for row, listed in zip(rows, told(state)["list"], strict=True):
        again = given(listed["puzzle"], row.task_id)
        [item] = tried(again, jail, row.target)
        assert item.verdict.passed is True
        assert item.attempt.program == row.program
        assert lineage[row.attempt] == row.verdict == listed["verdict"]
        assert row.feedback == f"hindsight of {row.attempt} at {task.task_id}"
        assert (row.licence, row.round, row.task_id[:12]) == ("CC0", 0, "hindsight/0/")
        [former] = [item for item in judged if identify(item.attempt) == row.attempt]
        assert former.verdict.passed is False


@pytest.mark.parametrize(
    "body",
    [
        "\n    return '900'",
        "\n    return 900.0",
        "\n    return True",
        "\n    return None",
        "\n    return nobody",
        "\n    pass",
        "\n    while True: pass",
        "\n    class I(int): pass\n    return I(900)",
    ],
)
def test_only_plain_values_of_the_right_type_count(state: State, jail: Sandbox, body: str) -> None:
    assert rows_of(state, jail, REST, body) == []


def test_a_program_that_answers_otherwise_each_time_is_refused(state: State, jail: Sandbox) -> None:
    for source in (
        "import random\n    return random.randrange(200, 10 ** 9) * 331",
        "import time\n    return time.time_ns() * 331",
    ):  # multiples of 331 are never right by chance
        assert rows_of(state, jail, REST, f"\n    {source}") == []
        assert told(state)["left_out"] == {"forbidden": 1}
    assert rows_of(state, jail, REST, UNSTEADY) == []
    assert told(state)["left_out"] == {"does not hold": 1}


class AlwaysYes:
    """A bench that takes every solution for right."""

    def __init__(self, bench: Any) -> None:
        self._bench = bench

    def check(self, programs: Sequence[tuple[TaskView, str]]) -> list[Outcome]:
        found: list[Outcome] = self._bench.check(programs)
        proofs = [view.shown.kind == "puzzle" and program.endswith(AGAIN) for view, program in programs]
        return [Outcome(status="ok") if proof else outcome for proof, outcome in zip(proofs, found, strict=True)]


def test_it_is_the_sandbox_that_refuses_them(state: State, jail: Sandbox) -> None:
    """With a check that always says yes the programs above would be learned: the refusals rest on that check."""
    believing = replace(state, bench=AlwaysYes(state.bench))  # type: ignore[arg-type]
    assert rows_of(believing, jail, REST, UNSTEADY)
    assert rows_of(believing, jail, "def sat(x: int, n=777):\n    return x * 2 == n", "\n    return n + 1")


def test_trivial_puzzles_are_refused(state: State, jail: Sandbox) -> None:
    assert rows_of(state, jail, REST, "\n    return 55") == []
    assert told(state)["left_out"] == {"trivial": 1}
    few = {"int": [0, 1, -1, 10, 100]}
    assert len(rows_of(state, jail, "def sat(x: int):\n    return x % 331 == 7", "\n    return 55", trivial=few)) == 1


def test_given_earlier_and_equal_puzzles_are_not_made_again(state: State, jail: Sandbox) -> None:
    task, twin = given(REST), given("def sat(y: int):\n    return y % 331 == 238 and y > 899", "twin")
    judged = tried(task, jail, "\n    return 900", "\n    return 3 * 300")
    both = replace(state, tasks=(task, twin))
    assert list(HindsightPuzzles(per_puzzle=9).curate(judged, (), both)) == []
    assert told(state)["left_out"] == {"repeated": 2}
    alone = replace(state, tasks=(task,))
    assert len(list(HindsightPuzzles(per_puzzle=9).curate(judged, (), alone))) == 1
    later = replace(alone, round=1, folder=state.folder.with_name("01"))
    assert list(HindsightPuzzles().curate(judged, (), later)) == []


def test_nothing_comes_near_a_held_out_puzzle(tmp_path: Path, state: State, jail: Sandbox) -> None:
    text = "def sat(z: int):\n    return z % 331 == 238 and z > 899"
    held = {"task_id": "held", "prompt": f"{text}\n\n\ndef sol():", "puzzle": text}
    (tmp_path / "held.jsonl").write_text(json.dumps(held))
    settings = {"held_out": [f"jsonl:{tmp_path}/held.jsonl"]}
    assert rows_of(state, jail, REST, "\n    return 900", **settings) == []
    assert told(state)["left_out"] == {"held out": 1}
    assert rows_of(state, jail, REST, "\n    return 901", closest=0.5, **settings) == []
    assert told(state)["left_out"] == {"near held out": 1}


@pytest.mark.parametrize(
    "puzzle",
    [
        "def sat(s: str):\n    return s.startswith('zebra')",
        "def sat(s: str):\n    return 'zebra' in s and len(s) == 9",
        "def sat(s: str):\n    for c in s:\n        if c == 'b':\n            return True\n    return len(s) == 77",
        "def sat(s: str):\n    return len(s) == 77 or s == 'zebra'",
        "def sat(s: str):\n    return len(s) < 3 < 77",
    ],
)
def test_a_puzzle_of_another_form_is_left_out(state: State, jail: Sandbox, puzzle: str) -> None:
    assert rows_of(state, jail, puzzle, "\n    return 'quagga and okapi'") == []
    assert sum(told(state)["left_out"].values()) == 1


def test_words_about_the_old_constants_are_dropped(state: State, jail: Sandbox) -> None:
    puzzle = "def sat(x: int):\n    'Leaves 7 when divided by 331.'\n    return x % 331 == 7"
    [row] = rows_of(state, jail, puzzle, "\n    return 900")
    assert "Leaves" not in row.prompt


def test_what_raises_or_has_another_type_moves_nothing() -> None:
    readable = read_puzzle("def sat(x: int):\n    return x % 7 == 3 and x > 50")
    assert readable
    assert moved(readable, [False, 6, False, 20]) == "def sat(x: int):\n    return x % 7 == 6 and x > 19"
    assert moved(readable, [True, 3, False, 20]) == "def sat(x: int):\n    return x % 7 == 3 and x > 19"
    assert moved(readable, [True, 3, True, 80]) == ""
    assert moved(readable, [None, None, False, 20]) == ""
    assert moved(readable, [False, 6.0, True, 80]) == ""
    assert moved(readable, [False, True, True, 80]) == ""


def test_the_cap_holds_rows_before_it_come_first_and_the_seed_decides(state: State, jail: Sandbox) -> None:
    task = given(REST)
    judged = tried(task, jail, *(f"\n    return {number}" for number in range(400, 900, 51)))
    before = Example(prompt="", target="", program="", task_id="before")

    def made(seed: int) -> list[Example]:
        own = replace(state, tasks=(task,), seed=seed)
        return list(HindsightPuzzles(cap=3, per_puzzle=9).curate(judged, (before,), own))

    assert made(0)[0] == before
    assert len(made(0)) == 4
    assert made(0) == made(0)
    assert len({tuple(row.target for row in made(seed)) for seed in range(3)}) > 1
    assert len(list(HindsightPuzzles().curate(judged, (), replace(state, tasks=(task,))))) == 1, "one per puzzle"


def test_rows_can_teach_the_whole_text(state: State, jail: Sandbox) -> None:
    [row] = rows_of(state, jail, REST, "\n    return 900", whole={"rows": "instead"})
    assert (row.kind, row.prompt) == ("text", "def sat(")
    assert "x % 331 == 238" in row.target
    assert row.target.endswith("assert sat(sol()) is True")


def test_hidden_puzzles_and_other_tasks_are_left_alone(state: State, jail: Sandbox) -> None:
    task = given(REST)
    hidden = replace(task, facts=replace(task.facts, prompt="Find it.\n\n\ndef sol():", shown=Tests()))
    [item] = tried(hidden, jail, "\n    return 900")
    assert item.verdict.passed is False
    assert list(HindsightPuzzles().curate([item], (), replace(state, tasks=(hidden,)))) == []


def test_without_a_sandbox_it_adds_nothing_and_says_so(
    state: State, jail: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    judged = tried(given(REST), jail, "\n    return 900")
    with caplog.at_level(logging.WARNING):
        assert list(HindsightPuzzles().curate(judged, (), replace(state, bench=None))) == []
    assert "there is no sandbox" in caplog.text


@pytest.mark.parametrize("wrong", [{"cap": 0}, {"per_puzzle": 0}, {"closest": 0.0}])
def test_a_wrong_setting_is_said_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(RecipeError):
        HindsightPuzzles(**wrong)


def test_a_round_of_the_recipe_learns_from_its_failures(tmp_path: Path) -> None:
    recipe = puzzle_world.recipe(tmp_path, [*puzzle_world.GOOD], evaluate="never").model_dump(exclude_none=True)
    held_out = recipe["source"]["held_out"]
    own = {"use": "hindsight_puzzles", "held_out": held_out, "trivial": {"int": [0, 1]}}
    recipe["curators"] = [*recipe["curators"][:2], own, *recipe["curators"][2:]]
    run_arm(Recipe.model_validate(recipe), tmp_path / "run", "main", ignore)
    rows = pyarrow.parquet.read_table(tmp_path / "run" / "rounds" / "00" / "rows.parquet").to_pylist()
    own_rows = [row for row in rows if row["task_id"].startswith("hindsight/")]
    [made] = [row for row in own_rows if "331" in row["prompt"]]
    ends = ("s) == 5", "xs) == 1", "x > 6")
    assert sorted(row["prompt"].split("\n\n\ndef sol")[0].endswith(ends) for row in own_rows) == [True] * 3
    ledger = Ledger(tmp_path / "run")
    judged = {verdict.attempt: (attempt, verdict) for attempt, verdict in ledger.judged("train", 0)}
    [event] = ledger.events("hindsight")
    ledger.close()
    attempt, verdict = judged[made["attempt"]]
    assert verdict.passed is False
    assert identify(verdict) == made["verdict"]
    assert attempt.completion == "\n    return 7" == made["target"]
    assert "return x % 331 == 7 and x > 6" in made["prompt"]
    assert event["changed"] == 3
