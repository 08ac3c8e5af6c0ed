"""Every hostile program is contained and every honest one lives: as root, as a user, and in a container as either."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import etude
from etude.sandbox.jail import landlock
from tests.sandbox.corpus import honest, hostile
from tests.sandbox.corpus.cages import stranger

ROOT = Path(__file__).parent.parent.parent
SOURCE = Path(etude.__file__).parent.parent
MODULE = ("-m", "tests.sandbox.corpus.running")
CAGE = ("-m", "tests.sandbox.corpus.cages")

Command = tuple[list[str], dict[str, str]]


def as_we_are(folder: Path) -> Command:
    return [sys.executable], {**os.environ, "PYTHONPATH": f"{SOURCE}:{ROOT}"}


def as_a_user(folder: Path) -> Command:
    found = stranger(folder, SOURCE, ROOT / "tests")
    if isinstance(found, str):
        pytest.skip(found)
    return found


def in_a_container(outside: Callable[[Path], Command]) -> Callable[[Path], Command]:
    def command(folder: Path) -> Command:
        if not landlock.version():
            pytest.skip("this kernel has no Landlock")
        prefix, environment = outside(folder)
        return [*prefix, *CAGE, prefix[-1]], environment

    return command


SETUPS = {
    "as root" if os.geteuid() == 0 else "as we are": (as_we_are, "strong"),
    "as a user": (as_a_user, "strong"),
    "in a container as root": (in_a_container(as_we_are), "container"),
    "in a container as a user": (in_a_container(as_a_user), "container"),
}


FIRST, *OTHERS = SETUPS
SHARES = [(FIRST, "1/1"), *((name, f"{number}/{2 * len(OTHERS)}") for number, name in enumerate(OTHERS, 1))]
"""All programs in our own circumstances, and in each of the others another share of them."""


@pytest.mark.slow
@pytest.mark.timeout(280)
@pytest.mark.parametrize(("setup", "share"), SHARES)
def test_nothing_escapes_and_everything_honest_lives(setup: str, share: str, tmp_path: Path) -> None:
    contained(setup, share, tmp_path)


@pytest.mark.whole
@pytest.mark.timeout(280)
@pytest.mark.parametrize("setup", OTHERS)
def test_nothing_of_the_whole_escapes_anywhere(setup: str, tmp_path: Path) -> None:
    contained(setup, "1/1", tmp_path)


def contained(setup: str, share: str, folder: Path) -> None:
    """Runs a share of the corpora in a set-up; all must be as it should."""
    make, level = SETUPS[setup]
    command, environment = make(folder)
    done = subprocess.run(
        [*command, *MODULE, "--require", level, "--share", share],
        cwd=folder if (folder / "tests").exists() else ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=270,
    )
    if "MissingError" in done.stderr and setup != FIRST:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, done.stderr[-3000:]
    *lines, last = map(json.loads, done.stdout.splitlines())
    assert last["isolation"]["level"] == {"strong": "namespaces", "container": "container"}[level]
    wrong = [line for line in lines if not line["contained"]]
    assert not wrong, "\n".join(json.dumps(line) for line in wrong)[:5000]
    assert len(lines) >= (len(hostile.CORPUS) + len(honest.CORPUS) + 140) // int(share[2:]) - 3


def test_the_corpora_are_what_they_claim() -> None:
    assert len({item.name for item in hostile.CORPUS}) == len(hostile.CORPUS) >= 150
    assert len({item.name for item in honest.CORPUS}) == len(honest.CORPUS) >= 60
    for item in hostile.CORPUS:
        compile(item.source, item.name, "exec")


def test_a_jail_that_holds_nothing_is_seen_to_hold_nothing(tmp_path: Path) -> None:
    """The findings can fail: with the weakest road the files of the host are reached."""
    code = (
        "import sys\nfrom etude.sandbox import roads\nroads._roads = lambda require: ('weak',)\n"
        "sys.argv = ['running', '--require', 'any', '--only', 'hostile']\n"
        "from tests.sandbox.corpus import hostile, running\nhostile.CORPUS[:] = hostile.FILES\n"
        "running.run_forging = lambda sandbox: iter(())\nrunning.main()\n"
    )
    environment = {**os.environ, "PYTHONPATH": f"{SOURCE}:{ROOT}"}
    places = [Path(folder, "etude-hostile") for folder in ("/tmp", "/usr/lib", "/", "/dev/shm")]
    before = {place for place in places if place.exists()}
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=200
        )
    finally:
        for place in set(places) - before:  # as root, the weakest road lets them be written
            place.unlink(missing_ok=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    reached = {line["name"] for line in lines if not line.get("contained", True)}
    assert {"read the password file", "read the bait", "write beside the bait"} <= reached, done.stderr
