"""The prompt bank as a whole: a model that can only imitate gets better by what it has solved, and by nothing else."""

import json
from pathlib import Path

import pytest

from etude.arms import run_whole
from etude.config import Recipe
from etude.ledger import Ledger
from etude.progress import ignore
from etude.records import Report, identify
from tests.recipes.bank_world import recipe

SEEDS = (0, 1, 2)


def ran(folder: Path, **overrides: object) -> tuple[Recipe, Path]:
    folder.mkdir()
    chosen = recipe(folder, arms="{}", **overrides)
    run_whole(chosen, folder / "run", ignore)
    return chosen, folder / "run"


def report_of(run: Path, round: int) -> Report:
    found = Ledger(run).report("test", round)
    assert found is not None
    return found


def bank(run: Path, round: int) -> list[dict[str, object]]:
    lines = (run / "rounds" / f"{round:02d}" / "bank.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_solved_helps_with_what_is_like_it(tmp_path: Path, seed: int) -> None:
    _, run = ran(tmp_path / "w", seed=seed, evaluate="every")
    base, last = report_of(run, -1).pass_at["1"], report_of(run, 2).pass_at["1"]
    assert last.value > base.value + 0.4
    assert last.low > base.high


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_examples_that_nobody_verified_do_not_help(tmp_path: Path, seed: int) -> None:
    curators = '[{ use = "unverified", cap = 1 }, { use = "decontaminate" }]'
    _, run = ran(tmp_path / "w", seed=seed, evaluate="every", curators=curators, solver__repairs=0)
    base, last = report_of(run, -1).pass_at["1"].value, report_of(run, 2).pass_at["1"].value
    assert last < base + 0.25


def test_without_shots_nothing_changes(tmp_path: Path) -> None:
    _, run = ran(tmp_path / "w", rounds=1, evaluate="every", solver__shots=0, examiner__shots=0)
    assert report_of(run, 0).pass_at == report_of(run, -1).pass_at
    assert bank(run, 0)


def test_a_bank_holds_only_what_passed_and_says_where_it_is_from(tmp_path: Path) -> None:
    _, run = ran(tmp_path / "w", rounds=2)
    ledger = Ledger(run)
    judged = [pair for round in (0, 1) for pair in ledger.judged("train", round)]
    passed = {identify(attempt) for attempt, verdict in judged if verdict.passed}
    rows = bank(run, 1)
    assert rows
    assert {row["attempt"] for row in rows} <= passed
    assert any(row["wrong"] for row in rows), "no repair was kept"
    hidden = {"1000", "12345"}
    assert not any(word in json.dumps(row) for row in rows for word in hidden), "a hidden test stands in the store"
