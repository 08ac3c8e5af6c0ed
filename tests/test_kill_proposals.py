"""`kill -9` while a model proposes puzzles, while they are filtered and while they are solved: the same command ends
with the same rows and the same puzzles, and no proposal that is on record is paid for again.
"""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from etude.folders import keep_recipe
from tests.recipes.puzzle_world import GOOD, JUNK, recipe
from tests.test_kill import WAIT, count, drawn, start

PROPOSED = [*GOOD, *JUNK.values(), *(f"x: int):\n    return x % {n} == 3 and x > 9000" for n in range(701, 743))]


def write_world(folder: Path, delay: float = 0.0) -> Path:
    """The built-in recipe with a scripted model that logs each answer it was paid for; returns the recipe's path."""
    model = {
        "use": "tests.parts:Slow",
        "table": f"{folder}/replies.json",
        "log": f"{folder}/drawn.log",
        "delay": delay,
    }
    keep_recipe(folder, recipe(folder, PROPOSED, model, rounds=2, solver__samples=3))
    return folder / "recipe.toml"


def on_record(out: Path) -> int:
    return count(out, "select count(*) from completions")


def made_of(out: Path) -> dict[str, bytes]:
    """What a run leaves behind: its rows, its proposals and its puzzles; where its world lies is left out of them."""
    files = [file for name in ("rows.parquet", "proposals.json", "puzzles.json") for file in sorted(out.rglob(name))]
    place = str(out.parent).encode()
    return {str(file.relative_to(out)): file.read_bytes().replace(place, b"HERE") for file in files}


def proposing(out: Path) -> bool:
    return on_record(out) >= 20


def filtering(out: Path) -> bool:
    """Every proposal of the first round is written, none is a task yet (the base's two samples are there as well)."""
    return on_record(out) >= len(PROPOSED) + 2


def solving(out: Path) -> bool:
    return on_record(out) >= len(PROPOSED) + 2 + 32


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a run leaves behind that nobody killed."""
    folder = tmp_path_factory.mktemp("whole")
    process = start(write_world(folder / "world"), folder / "run")
    assert process.wait(WAIT) == 0, process.communicate()[1]
    return made_of(folder / "run")


@pytest.mark.slow
@pytest.mark.parametrize(
    "reached",
    [pytest.param(proposing, marks=pytest.mark.whole), pytest.param(filtering, marks=pytest.mark.whole), solving],
    ids=["proposing", "filtering", "solving"],
)
def test_a_run_killed_among_its_proposals_ends_with_the_same(
    tmp_path: Path, whole: dict[str, bytes], reached: Callable[[Path], bool]
) -> None:
    world, out = tmp_path / "world", tmp_path / "run"
    recipe = write_world(world, delay=0.01)
    process = start(recipe, out)
    deadline = time.monotonic() + WAIT
    while not reached(out):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    kept, before = on_record(out), drawn(world)
    assert not (out / "rounds" / "01").exists(), "it died in its first round"

    again = start(recipe, out)
    assert again.wait(WAIT) == 0, again.communicate()[1]
    assert len(whole) == 6
    assert made_of(out) == whole
    assert len(drawn(world)) - len(before) == on_record(out) - kept, "what was on record was not drawn again"
    assert len(drawn(world)) - len(set(drawn(world))) <= 16, "and of the rest no more than was in work"
