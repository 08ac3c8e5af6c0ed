"""The whole loop with a scripted model and real everything else: same seed, same records, whole lineage."""

import json
from pathlib import Path

import pyarrow.parquet
import pytest

from etude.arms import reports_of, run_whole
from etude.config import load
from etude.ledger import Ledger
from etude.progress import Progress, ignore
from etude.records import identify
from tests.scripted_world import write_world


def run(folder: Path, **world: object) -> Path:
    recipe = load(str(write_world(folder / "world", **world)))  # type: ignore[arg-type]
    run_whole(recipe, folder / "run", ignore)
    return folder / "run"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(tmp_path_factory.mktemp("loop"))


def rows(folder: Path, round: int) -> list[dict[str, object]]:
    return pyarrow.parquet.read_table(folder / "rounds" / f"{round:02d}" / "rows.parquet").to_pylist()


def test_the_folder_is_what_the_docs_say(finished: Path) -> None:
    for name in ("recipe.toml", "manifest.json", "ledger.sqlite", "rounds/00/rows.parquet", "rounds/01/report.json"):
        assert (finished / name).exists(), name
    assert (finished / "arms" / "references" / "rounds" / "00" / "rows.parquet").exists()
    manifest = json.loads((finished / "manifest.json").read_text())
    assert manifest["seed"] == 0
    assert manifest["versions"]["etude"]
    assert manifest["isolation"]


def test_pass_at_k_is_what_the_replies_say(finished: Path) -> None:
    """Two of four samples are right everywhere, and repairs are not samples."""
    base = reports_of(finished, load(str(finished / "recipe.toml")))["main"][0]
    assert base.pass_at["1"].value == pytest.approx(0.5)
    assert base.pass_at["4"].value == 1.0
    assert base.unjudged == 0


def test_every_row_has_a_lineage(finished: Path) -> None:
    ledger = Ledger(finished)
    judged = {identify(attempt): (attempt, verdict) for attempt, verdict in ledger.judged("train", 0)}
    ledger.close()
    found = rows(finished, 0)
    assert found
    for row in found:
        attempt, verdict = judged[str(row["attempt"])]
        assert verdict.passed is True
        assert identify(verdict) == row["verdict"]
        assert attempt.task_id == row["task_id"]


def test_repairs_have_parent_and_feedback_and_some_pass(finished: Path) -> None:
    ledger = Ledger(finished)
    judged = list(ledger.judged("train", 0))
    ledger.close()
    known = {identify(attempt) for attempt, _ in judged}
    repairs = [(attempt, verdict) for attempt, verdict in judged if attempt.parent]
    assert repairs
    assert all(
        (attempt.parent in known and "expected" in attempt.feedback) or "raised" in attempt.feedback
        for attempt, _ in repairs
    )
    assert any(verdict.passed for _, verdict in repairs)


def test_the_reading_of_the_test_split_is_on_record(finished: Path) -> None:
    ledger = Ledger(finished)
    events = ledger.events("read")
    ledger.close()
    assert events
    assert events[0]["tasks"] == 12
    assert "tasks.jsonl" in events[0]["split"]


def test_the_control_on_references_has_one_row_per_task(finished: Path) -> None:
    found = rows(finished / "arms" / "references", 0)
    assert len(found) == 12
    assert {row["origin"] for row in found} == {"reference"}


def test_the_same_seed_gives_the_same_records(finished: Path, tmp_path: Path) -> None:
    other = run(tmp_path)
    for round in (0, 1):
        one = [{**row, "prompt": ""} for row in rows(finished, round)]
        assert one == [{**row, "prompt": ""} for row in rows(other, round)]


def test_running_again_draws_and_judges_nothing(finished: Path) -> None:
    recipe = load(str(finished / "recipe.toml"))
    log = finished.parent / "world" / "drawn.log"
    before = log.read_text()
    seen: list[Progress] = []
    run_whole(recipe, finished, seen.append)
    assert log.read_text() == before


def test_a_longer_run_goes_on_where_the_shorter_ended(tmp_path: Path) -> None:
    folder = run(tmp_path, tasks=4, rounds=1)
    recipe = load(str(folder / "recipe.toml"), {"rounds": "2"})
    run_whole(recipe, folder, ignore)
    assert (folder / "rounds" / "01" / "rows.parquet").exists()


def test_progress_counts_to_the_end_with_a_verdict_mix(tmp_path: Path) -> None:
    recipe = load(str(write_world(tmp_path / "world", tasks=4, rounds=1)))
    seen: list[Progress] = []
    run_whole(recipe, tmp_path / "run", seen.append)
    ended = [item for item in seen if item.ended and item.arm == "main" and item.stage.startswith("base")]
    assert ended[0].done == ended[0].total == 16
    assert ended[0].verdicts["passed"] == 8
    assert {item.arm for item in seen} == {"main", "references"}


@pytest.mark.parametrize(("gate", "kept", "second"), [("better", False, 0.5), ("always", None, 0.0)])
def test_the_gate_keeps_an_agent_only_where_validation_does_not_fall(
    tmp_path: Path, gate: str, kept: bool | None, second: float
) -> None:
    """The learner makes the agent worse; behind the gate, the second round practises with the old one."""
    world = tmp_path / "world"
    place = write_world(world, tasks=4)
    table = json.loads((world / "replies.json").read_text())
    worse = {key: ["def f(x):\n    return None\n```"] for key in table} | {
        "expected": ["def f(x):\n    return None\n```"]
    }
    (world / "worse.json").write_text(json.dumps(worse))
    recipe = load(
        str(place),
        {
            "gate": gate,
            "model": f'{{use="tests.parts:FromFile", path="{world}/replies.json"}}',
            "learner": f'{{use="tests.parts:Switch", to="{world}/worse.json"}}',
            "validation": f'{{use="task_set", tasks="jsonl:{world}/tasks.jsonl"}}',
            "arms": "{}",
        },
    )
    run_whole(recipe, tmp_path / "run", ignore)
    ledger = Ledger(tmp_path / "run")
    first = [verdict.passed for attempt, verdict in ledger.judged("train", 1) if not attempt.parent]
    events = [event["kept"] for event in ledger.events("gate")]
    ledger.close()
    assert sum(first) / len(first) == second
    assert events == ([] if kept is None else [kept, kept])
