"""The recipe self-taught-puzzles with the solver `repair`: a failed answer and the verdict become a task of repair."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet

from etude.arms import run_whole
from etude.ledger import Ledger
from etude.progress import ignore
from etude.records import Attempt, Verdict, identify
from tests.recipes.puzzle_world import GIVEN, GOOD, HELD_OUT, recipe, write

Row = dict[str, Any]
WRONG, RIGHT = "\n    return 7", "\n    return 331 * 9 + 7"


def run(folder: Path, **overrides: Any) -> Path:
    """One round on one puzzle: the model answers 7, and better once it has read that 7 is wrong."""
    write(folder, [GOOD[0]])
    replies = json.loads((folder / "replies.json").read_text())
    replies |= {"x % 331 == 7": [WRONG], "sat(7) returned False": [RIGHT]}
    (folder / "told.json").write_text(json.dumps(replies))
    model = {"use": "scripted", "replies": f"{folder}/told.json", "match": "substring"}
    settings = {"solver__use": "repair", "solver__samples": 2, "solver__level": "trace", **overrides}
    run_whole(recipe(folder, [GOOD[0]], model=model, **settings), folder / "run", ignore)
    return folder / "run"


def judged(folder: Path) -> list[tuple[Attempt, Verdict]]:
    ledger = Ledger(folder)
    found = list(ledger.judged("train", 0))
    ledger.close()
    return found


def rows(folder: Path) -> list[Row]:
    found: list[Row] = pyarrow.parquet.read_table(folder / "rounds/00/rows.parquet").to_pylist()
    return found


def test_a_failed_answer_is_repaired_and_its_row_knows_where_it_comes_from(tmp_path: Path) -> None:
    folder = run(tmp_path)
    attempts = {identify(attempt): (attempt, verdict) for attempt, verdict in judged(folder)}
    assert sorted(bool(verdict.passed) for _, verdict in attempts.values()) == [False, False, True, True]
    [row] = rows(folder)
    repaired, verdict = attempts[row["attempt"]]
    assert row["origin"] == "repair"
    assert verdict.passed
    assert row["verdict"] == identify(verdict)
    assert row["feedback"] == repaired.feedback
    assert repaired.feedback.startswith("sol() returned 7, and sat(7) returned False\n")
    parent, before = attempts[repaired.parent]
    assert before.passed is False
    assert parent.completion == WRONG
    assert row["target"].endswith(f"{RIGHT}\n\nassert sat(sol()) is True"), "the whole text, as the recipe has it"


def test_a_try_and_its_repairs_count_as_one(tmp_path: Path) -> None:
    told = json.loads((run(tmp_path) / "rounds" / "00" / "puzzles.json").read_text())
    [puzzle] = told["list"]
    assert (puzzle["solved"], puzzle["tried"]) == (2, 2)


def test_rows_may_teach_the_repair_the_first_answer_or_both(tmp_path: Path) -> None:
    for choice, prompts in (("repair", {"# fixed"}), ("initial", {""}), ("both", {"# fixed", ""})):
        folder = run(tmp_path / choice, curators__0__repair_rows=f'"{choice}"', curators__3__rows='"beside"')
        own = [row for row in rows(folder) if row["kind"] == "sft"]
        assert {"# fixed" if "# fixed" in row["prompt"] else "" for row in own} == prompts
        assert {row["origin"] for row in own} == {"repair"}
        assert all(row["target"] == RIGHT for row in own)
        assert len({row["attempt"] for row in own}) == 1, "one program, one parent"


def test_no_reference_reaches_a_prompt_or_a_feedback(tmp_path: Path) -> None:
    answers = [answer for _, sol in (*GIVEN.values(), *HELD_OUT.values()) for answer in sol.splitlines()[1:]]
    for attempt, _ in judged(run(tmp_path)):
        for answer in answers:
            assert answer.strip() not in attempt.feedback
            assert answer.strip() not in attempt.prompt
