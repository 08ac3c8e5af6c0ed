"""The docs are true: every command in them runs, every file they name exists, every make target is there."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from etude.cli import main
from tests.conftest import ENVIRONMENT, ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SMALL = "--rounds 1 --tasks 12 --suite.n 2 --suite.k [1] --learner.steps 2 --suite.limit 10 --progress none"
"""What makes `etude run lab` take seconds: the command is the one in the docs, its size is not."""
FEW = """--source.tasks lab[train][0:24] --validation '{ use = "task_set", tasks = "lab[validation][0:8]" }'"""
WITH_A_CONTROL = "runs/lab"
"""The run that has a control beside it; the others do without."""
CONTROL = """--arms '{ unverified = { evaluate = "last", curators = [{ use = "unverified", cap = 4 }] } }'"""


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.S | re.M)


COMMANDS = [
    (page, line)
    for page in PAGES
    for block in blocks(page, "sh")
    for line in block.replace("\\\n", " ").splitlines()
    if line.startswith("etude ")
]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the commands of the docs name."""
    folder = tmp_path_factory.mktemp("desk")
    page = (ROOT / "docs" / "own-tasks.md").read_text()
    (folder / "my-tasks.jsonl").write_text(re.findall(r"^```json\n(.*?)^```", page, re.S | re.M)[0])
    (folder / "my-samples.jsonl").write_text('{"task_id": "echo", "solution": "print(input() * 2)"}\n')
    for block in blocks(ROOT / "docs" / "extending.md", "python"):
        (folder / block.splitlines()[0].removeprefix("# ")).write_text(block)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(("page", "line"), COMMANDS, ids=[line[:60] for _, line in COMMANDS])
def test_the_commands_in_the_docs_run(
    desk: Path, page: Path, line: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """In this process: starting another one for each would cost more than all that they do."""
    command = shlex.split(line, comments=True)
    if command[1] == "run":
        small = SMALL.replace("--tasks 12 ", "") if "--tasks" in command else SMALL  # a task set, not a number
        command += shlex.split(small)
        command += shlex.split(CONTROL) if WITH_A_CONTROL in command else ["--arms", "{}"]
        command += shlex.split(FEW) if "drboot" in command else []
    monkeypatch.chdir(desk)
    monkeypatch.syspath_prepend(desk)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(desk), ENVIRONMENT["PYTHONPATH"]]))  # for arms
    code = main(command[1:])
    said = capfd.readouterr()
    assert code == 0, f"{page.name}: {line}\n{said.out}\n{said.err}"


def test_there_are_commands_to_run() -> None:
    assert len(COMMANDS) >= 6


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_files_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text()
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (page.parent / target).exists(), target
    for name in re.findall(r"`((?:src|tests|docs|proofs|benchmarks)/[\w./-]+)`", text):
        assert (ROOT / name).exists(), name


def test_every_make_target_in_the_docs_exists() -> None:
    known = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    for page in PAGES:
        for block in blocks(page, "sh"):
            for target in re.findall(r"^make ([a-z]+)", block, re.M):
                assert target in known, f"{page.name}: make {target}"


def test_every_verb_ends_its_help_with_examples(capsys: pytest.CaptureFixture[str]) -> None:
    from etude.cli.verbs import VERBS

    for verb in VERBS:
        assert main([verb, "-h"]) == 0
        said = capsys.readouterr().out
        assert said.count(f"\n  etude {verb}") + said.count(f"\n    etude {verb}") >= 2, said
        assert "\\b" not in said


@pytest.mark.slow
def test_the_sandbox_s_page_runs(tmp_path: Path) -> None:
    [block] = blocks(ROOT / "docs" / "sandbox.md", "python")
    (tmp_path / "by_itself.py").write_text(block)
    done = subprocess.run(
        [sys.executable, "by_itself.py"], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
