"""Hidden stays hidden: a canary in every hidden test is in no prompt, feedback or training row of a whole run."""

import json
from pathlib import Path

import pyarrow.parquet

from etude.arms import run_whole
from etude.config import load
from etude.ledger import Ledger
from etude.progress import ignore
from etude.records import canonical
from tests.scripted_world import CANARY, write_world


def texts_of(folder: Path) -> list[str]:
    """Everything a model was shown or may be trained on."""
    ledger = Ledger(folder)
    found = [
        canonical({"prompt": attempt.prompt, "feedback": attempt.feedback, "program": attempt.program})
        for stage in ("train", "test")
        for round in range(-1, 3)
        for attempt, _ in ledger.judged(stage, round)
    ]
    ledger.close()
    for file in folder.rglob("rows.parquet"):
        found += [json.dumps(row) for row in pyarrow.parquet.read_table(file).to_pylist()]
    return found


def test_no_hidden_test_occurs_in_any_prompt_or_row(tmp_path: Path) -> None:
    recipe = load(str(write_world(tmp_path / "world")))
    run_whole(recipe, tmp_path / "run", ignore)
    world = (tmp_path / "world" / "tasks.jsonl").read_text()
    assert str(CANARY) in world
    texts = texts_of(tmp_path / "run")
    assert len(texts) > 100
    assert not [text for text in texts if str(CANARY) in text]
    drawn = (tmp_path / "world" / "drawn.log").read_text()
    assert str(CANARY) not in drawn
    assert any("expected" in text for text in texts), "repairs were made, so feedback was rendered and looked at"


def test_the_scan_finds_a_canary_that_is_shown(tmp_path: Path) -> None:
    """The scan can fail: with the hidden tests shown, the canary is in the repair prompts."""
    recipe = write_world(tmp_path / "world")
    tasks = tmp_path / "world" / "tasks.jsonl"
    rows = [json.loads(line) for line in tasks.read_text().splitlines()]
    tasks.write_text("".join(json.dumps({**row, "shown": [2, 3]}) + "\n" for row in rows))
    replies = tmp_path / "world" / "replies.json"
    table = json.loads(replies.read_text())
    replies.write_text(json.dumps({**table, "expected": ["def f(x):\n    return x\n```"]}))
    run_whole(load(str(recipe)), tmp_path / "run", ignore)
    assert [text for text in texts_of(tmp_path / "run") if str(CANARY) in text]
