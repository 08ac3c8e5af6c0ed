"""Judged again from the record: exactly what a mended test, a raised limit or another curator changes, and no model."""

import json
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pyarrow.parquet
import pytest

from etude.arms import reports_of, run_whole
from etude.config import load
from etude.errors import InputError, RecipeError
from etude.evaluating import evaluate, evaluation
from etude.ledger import Ledger
from etude.progress import ignore
from etude.records import Tests, identify
from etude.rejudged import Changes, Row
from etude.rejudging import rejudge, rerun
from etude.sources.task_set import open_task_set
from tests.parts import Slow
from tests.recipes import puzzle_world
from tests.scripted_world import spoil, write_world

BROKEN = "add-0"  # one hidden test of it expects too much
SLOW = "add-1"  # one right reply to it takes its time


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run whose task set has one wrong hidden test, and whose limit is too low for one right program."""
    folder = tmp_path_factory.mktemp("rejudging")
    place = write_world(folder / "world", tasks=4)
    spoil(folder / "world", folder / "sound.jsonl")
    recipe = load(str(place), {"judge.use": '"auto"', "judge.cpu_seconds": "0.8"})
    run_whole(recipe, folder / "run", ignore)
    (folder / "world" / "replies.json").unlink()  # nobody can be asked from here on
    return folder


@pytest.fixture
def world(finished: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The finished run, and a model that nobody may ask."""

    def refuse(*_: object) -> Iterator[None]:
        raise AssertionError("a model was asked")

    monkeypatch.setattr(Slow, "generate", refuse)
    return finished


def turned(changes: Changes) -> set[tuple[str, str, int, str, bool | None, bool | None]]:
    return {
        (arm.arm, stage.stage, stage.round, item.task_id, item.before, item.after)
        for arm in changes.arms
        for stage in arm.stages
        for item in stage.turned
    }


def fingerprints(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def mended(world: Path) -> dict[str, str]:
    place = f"jsonl:{world}/sound.jsonl"
    return {"source.tasks": place, "suite.tasks_from": place}


def test_judged_again_as_before_nothing_changes(world: Path) -> None:
    before = fingerprints(world / "run")
    for fresh in (False, True):
        changes = rejudge(world / "run", fresh=fresh)
        assert changes.verdicts == 0
        assert changes.checkpoints == ()
        assert {arm.arm for arm in changes.arms} == {"main", "references"}
        assert sum(stage.attempts for arm in changes.arms for stage in arm.stages) > 100
        assert [item.before == item.after > 0 for arm in changes.arms for item in arm.rounds] == [True] * 4
    assert fingerprints(world / "run") == before


def test_a_mended_test_changes_exactly_the_verdicts_and_rows_of_its_task(world: Path) -> None:
    changes = rejudge(world / "run", mended(world))
    found = turned(changes)
    assert {item[3] for item in found} == {BROKEN}
    assert {item[4:] for item in found} == {(False, True)}
    assert {item[:3] for item in found} == {
        *(("main", "train", round) for round in (0, 1)),
        *(("main", "test", round) for round in (-1, 0, 1)),
        *(("references", "test", round) for round in (0, 1)),
    }
    main = changes.arms[0]
    base = next(stage for stage in main.stages if (stage.stage, stage.round) == ("test", -1))
    assert [item.sample_index for item in base.turned] == [1, 3]
    assert base.pass_before["1"].value == pytest.approx((0 + 1 / 4 + 2 / 4 + 2 / 4) / 4)
    assert base.pass_after["1"].value == pytest.approx((2 / 4 + 1 / 4 + 2 / 4 + 2 / 4) / 4)
    first, second = main.rounds
    assert {row.task_id for row in first.added} == {BROKEN}
    assert first.removed == ()
    assert (first.checkpoint, second.checkpoint) == ("changed", "follows")
    assert changes.checkpoints == ("main, round 1", "main, round 2")
    assert "pass@1" in changes.text()


def test_a_mended_task_may_be_given_instead_of_a_task_set(world: Path) -> None:
    sound = open_task_set(f"jsonl:{world}/sound.jsonl")
    one = rejudge(world / "run", tasks=[task for task in sound if task.task_id == BROKEN])
    assert turned(one) == turned(rejudge(world / "run", mended(world)))


def test_a_raised_limit_changes_exactly_the_program_that_was_cut_short(world: Path) -> None:
    changes = rejudge(world / "run", {"judge.cpu_seconds": "20"})
    items = [item for arm in changes.arms for stage in arm.stages for item in stage.turned]
    assert items
    assert {(item.task_id, item.sample_index, item.repair) for item in items} == {(SLOW, 3, False)}
    assert {(item.status_before, item.status_after) for item in items} == {("timeout", "ok")}


def test_another_curator_changes_rows_and_no_verdict(world: Path) -> None:
    changes = rejudge(world / "run", {"curators.0.cap": "1"})
    assert changes.verdicts == 0
    first = changes.arms[0].rounds[0]
    assert first.after < first.before
    assert first.checkpoint == "changed"
    assert first.added == ()


def test_the_new_folder_holds_verdicts_rows_reports_and_what_changed(world: Path, tmp_path: Path) -> None:
    before = fingerprints(world / "run")
    changes = rejudge(world / "run", mended(world), out=tmp_path / "new")
    assert fingerprints(world / "run") == before
    rows = pyarrow.parquet.read_table(tmp_path / "new" / "rounds" / "00" / "rows.parquet").to_pylist()
    assert len(rows) == changes.arms[0].rounds[0].after
    ledger = Ledger(tmp_path / "new")
    known = {identify(verdict): verdict for _, verdict in ledger.judged("train", 0)}
    events = ledger.events("rejudged")
    ledger.close()
    assert all(known[row["verdict"]].passed for row in rows)
    assert len(events) == 1
    recipe = load(str(tmp_path / "new" / "recipe.toml"))
    assert recipe.suite.settings["tasks_from"].endswith("sound.jsonl")
    new = reports_of(tmp_path / "new", recipe)["main"]
    assert new[0].counts[BROKEN] == (2, 4)
    written = json.loads((tmp_path / "new" / "changes.json").read_text())
    assert written["arms"][0]["rounds"][0]["checkpoint"] == "changed"


def test_only_what_changed_is_run_again(world: Path) -> None:
    """The record is believed where task and judge are the same: one task mended, one task's programs run."""
    from etude.judges.auto import Auto

    asked: list[str] = []
    judge = Auto.judge

    def watched(self: Auto, task, attempts, sandbox):  # type: ignore[no-untyped-def]
        asked.append(task.task_id)
        return judge(self, task, attempts, sandbox)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Auto, "judge", watched)
        rejudge(world / "run", mended(world))
    assert set(asked) == {BROKEN}


@pytest.mark.parametrize("key", ["solver.samples", "seed", "model.path", "rounds", "learner.steps"])
def test_what_would_change_the_programs_is_refused(world: Path, key: str) -> None:
    with pytest.raises(RecipeError, match="a rerun asks no model"):
        rejudge(world / "run", {key: "1"})


def test_a_folder_that_holds_something_is_not_written_to(world: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(InputError, match="not empty"):
        rejudge(world / "run", out=tmp_path)
    with pytest.raises(InputError, match="neither a run nor an evaluation"):
        rejudge(tmp_path)


def test_a_task_set_without_a_task_of_the_record_is_refused(world: Path, tmp_path: Path) -> None:
    lines = (world / "sound.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "fewer.jsonl").write_text("".join(lines[1:]))
    with pytest.raises(InputError, match=r"1 tasks of the record .*add-0"):
        rejudge(world / "run", {"source.tasks": f"jsonl:{tmp_path}/fewer.jsonl"})


def test_an_evaluation_is_judged_again_on_the_task_set_that_is_named(world: Path, tmp_path: Path) -> None:
    table = tmp_path / "replies.json"
    right = {f"Task number {index}.": f"def f(x):\n    return x + {index}\n```" for index in range(4)}
    table.write_text(json.dumps(right))
    model = f'{{use = "scripted", match = "substring", replies = "{table}"}}'
    broken = f"jsonl:{world}/world/tasks.jsonl"
    evaluate(evaluation(model, broken, n=2, k=(1,), seed=0, workers=1), tmp_path / "eval", ignore)
    table.unlink()
    with pytest.raises(InputError, match="does not say on which tasks"):
        rerun(tmp_path / "eval")
    changes = rerun(tmp_path / "eval", tasks=f"jsonl:{world}/sound.jsonl", out=tmp_path / "new")
    assert turned(changes) == {("main", "test", -1, BROKEN, False, True)}
    (stage,) = changes.arms[0].stages
    assert (stage.pass_before["1"].value, stage.pass_after["1"].value) == (0.75, 1.0)
    assert changes.arms[0].rounds == ()
    assert not (tmp_path / "new" / "recipe.toml").exists()


def test_mended_tasks_of_a_run_take_the_places_of_their_ids(world: Path) -> None:
    assert turned(rerun(world / "run", tasks=f"jsonl:{world}/sound.jsonl")) == turned(
        rejudge(world / "run", mended(world))
    )


def test_another_shown_test_is_noted(world: Path) -> None:
    sound = open_task_set(f"jsonl:{world}/sound.jsonl")
    fewer = replace(sound[2], facts=replace(sound[2].facts, shown=Tests()))
    changes = rejudge(world / "run", tasks=[fewer])
    assert changes.verdicts == 0
    assert "another shown test" in changes.arms[0].notes[0]
    assert rejudge(world / "run").arms[0].notes == ()


def test_tasks_that_a_model_wrote_are_read_from_its_words_on_record(tmp_path: Path) -> None:
    """Self-made puzzles over two rounds: no word of the model is missing, and nothing changes."""
    chosen = puzzle_world.recipe(tmp_path, [*puzzle_world.GOOD, puzzle_world.JUNK["trivial"]], rounds=2)
    run_whole(chosen, tmp_path / "run", ignore)
    (tmp_path / "replies.json").unlink()
    before = fingerprints(tmp_path / "run")
    changes = rejudge(tmp_path / "run", fresh=True)
    assert (changes.verdicts, changes.checkpoints) == (0, ())
    assert [item.after == item.before for item in changes.arms[0].rounds] == [True, True]
    assert any(item.task_id.startswith("own/") for item in own_rows(rejudge(tmp_path / "run", NO_ROWS)))
    assert fingerprints(tmp_path / "run") == before


NO_ROWS = {"curators": "[]"}


def own_rows(changes: Changes) -> list[Row]:
    return [row for arm in changes.arms for item in arm.rounds for row in item.removed]


def test_programs_relabelled_in_hindsight_are_judged_again_too(tmp_path: Path) -> None:
    place = write_world(tmp_path / "world", tasks=4, rounds=1)
    replies = json.loads((tmp_path / "world" / "replies.json").read_text())
    replies["Task number 2."] = ["def f(x):\n    return x + 3\n```"]  # wrong here, right for the next one
    replies["Task number 3."] = ["def f(x):\n    return x\n```"]
    (tmp_path / "world" / "replies.json").write_text(json.dumps(replies))
    recipe = load(str(place), {"hindsight": "2", "arms": "{}", "solver": '{use = "sample", samples = 2}'})
    run_whole(recipe, tmp_path / "run", ignore)
    moved = [row for row in own_rows(rejudge(tmp_path / "run", NO_ROWS)) if row.task_id == "add-3"]
    assert len(moved) == 1
    changes = rejudge(tmp_path / "run", fresh=True)
    assert (changes.verdicts, changes.checkpoints) == (0, ())
