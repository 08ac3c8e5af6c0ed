"""`kill -9` in the middle of sampling, of judging and of training: the same command ends with the same rows, and no
sample that is on record is paid for again.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ENVIRONMENT, interruptible
from tests.scripted_world import write_world

WAIT = 60.0


def start(recipe: Path, out: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "etude", "run", str(recipe), "--out", str(out), "--progress", "none"]
    return subprocess.Popen(
        command,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=interruptible,
    )


def count(out: Path, query: str) -> int:
    file = out / "ledger.sqlite"
    if not file.exists():
        return 0
    database = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        return int(database.execute(query).fetchone()[0])
    except sqlite3.OperationalError:
        return 0
    finally:
        database.close()


def on_record(out: Path) -> int:
    """Completions in the ledgers of all arms."""
    return sum(count(folder, "select count(*) from completions") for folder in (out, out / "arms" / "references"))


def rows_of(out: Path) -> dict[str, bytes]:
    return {str(file.relative_to(out)): file.read_bytes() for file in sorted(out.rglob("rows.parquet"))}


def drawn(world: Path) -> list[str]:
    file = world / "drawn.log"
    return file.read_text().splitlines() if file.exists() else []


def sampling(out: Path) -> bool:
    return count(out, "select count(*) from completions") >= 20


def judging(out: Path) -> bool:
    return count(out, "select count(*) from verdicts") >= 32


def training(out: Path) -> bool:
    """The round's rows are written, its learner is at work, and no report of the round is there yet."""
    return (out / "rounds" / "00" / "rows.parquet").exists()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The rows of a run that nobody killed."""
    folder = tmp_path_factory.mktemp("whole")
    process = start(write_world(folder / "world"), folder / "run")
    assert process.wait(WAIT) == 0, process.communicate()[1]
    return rows_of(folder / "run")


@pytest.mark.slow
@pytest.mark.parametrize("reached", [sampling, judging, training], ids=lambda reached: str(reached.__name__))
def test_a_killed_run_ends_with_the_same_rows(
    tmp_path: Path, whole: dict[str, bytes], reached: Callable[[Path], bool]
) -> None:
    world, out = tmp_path / "world", tmp_path / "run"
    recipe = write_world(world, delay=0.02)
    process = start(recipe, out)
    deadline = time.monotonic() + WAIT
    while not reached(out):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    kept = on_record(out)
    before = len(drawn(world))

    again = start(recipe, out)
    assert again.wait(WAIT) == 0, again.communicate()[1]
    assert rows_of(out) == whole
    assert len(drawn(world)) - before == on_record(out) - kept, "what was on record was not drawn again"


@pytest.mark.slow
def test_killing_the_parent_alone_ends_its_children(tmp_path: Path) -> None:
    recipe = write_world(tmp_path / "world", delay=0.02)
    process = start(recipe, tmp_path / "run")
    while not sampling(tmp_path / "run"):
        time.sleep(0.01)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 10
    while _of_session(process.pid):
        assert time.monotonic() < deadline, "processes of the run are still alive"
        time.sleep(0.1)


@pytest.mark.slow
def test_control_c_leaves_a_run_that_goes_on(tmp_path: Path, whole: dict[str, bytes]) -> None:
    recipe = write_world(tmp_path / "world", delay=0.02)
    process = start(recipe, tmp_path / "run")
    while not sampling(tmp_path / "run"):
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=WAIT)
    assert process.returncode == 130
    assert "run the same command again" in said
    assert "Traceback" not in said
    again = start(recipe, tmp_path / "run")
    assert again.wait(WAIT) == 0, again.communicate()[1]
    assert rows_of(tmp_path / "run") == whole


def _of_session(session: int) -> list[int]:
    """Processes that are alive in a session, without zombies."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def test_the_log_of_draws_is_one_line_per_draw(tmp_path: Path) -> None:
    """The instrument of this file works: every completion on record was logged once."""
    process = start(write_world(tmp_path / "world", tasks=4, rounds=1), tmp_path / "run")
    assert process.wait(WAIT) == 0, process.communicate()[1]
    lines = drawn(tmp_path / "world")
    assert len(lines) == on_record(tmp_path / "run")
    assert all(len(json.loads(line)) == 3 for line in lines)
