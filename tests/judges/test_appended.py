"""Tests behind a program, as MultiPL-E has them: what passes, and the cheap forgeries that do not.

The rows are of this project's own making, in the shape of that data set.
"""

import json
from pathlib import Path

import pytest

from etude.errors import InputError
from etude.judges.auto import Auto
from etude.judges.codes import cause_of
from etude.judges.rules import endings
from etude.judges.rules.endings import token_of, whole
from etude.records import outside_attempt
from etude.sandbox import Sandbox
from etude.sandbox.languages import language, tools
from etude.sources.task_set import open_task_set
from tests.polyglot_rows import CHEAT, COMPLETION, ROWS, WRONG

JUDGE = Auto(cpu_seconds=4.0, wall_seconds=15.0, calibrate=0)
QUICK = ("lua", "javascript", "cpp", "bash", "python", "perl", "ocaml")
LANGUAGES = [pytest.param(name, marks=() if name in QUICK else pytest.mark.whole) for name in ROWS]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "twice.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS.values()))
    return path


def judged(name: str, completion: str, rows: Path, jail: Sandbox):
    if name != "python" and tools.missing(language(name)):
        pytest.skip(f"no tools for {name}: {tools.source_of(language(name))}")
    [task] = [task for task in open_task_set(f"multipl_e:{rows}", reading="measure") if task.facts.language == name]
    attempt = outside_attempt(task.task_id, task.facts.prompt + completion, "test", completion=completion)
    [verdict] = JUDGE.judge(task, [attempt], jail)
    if verdict.passed is None and "need is not here" in verdict.reason:
        pytest.skip(verdict.reason)
    return verdict


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_right_completion_passes_and_says_how_far_it_is_to_be_trusted(name: str, rows: Path, jail: Sandbox) -> None:
    verdict = judged(name, COMPLETION[name], rows, jail)
    assert verdict.passed is True, verdict
    assert (verdict.trust, verdict.strength) == ("in-process", "heuristic")


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_wrong_completion_fails(name: str, rows: Path, jail: Sandbox) -> None:
    assert judged(name, WRONG[name], rows, jail).passed is False


@pytest.mark.parametrize("name", [item for item in LANGUAGES if item.values[0] in CHEAT])
def test_a_program_that_ends_before_its_tests_fails(name: str, rows: Path, jail: Sandbox) -> None:
    verdict = judged(name, CHEAT[name], rows, jail)
    assert verdict.passed is False, verdict


def test_a_completion_that_does_not_compile_is_told_apart(rows: Path, jail: Sandbox) -> None:
    assert cause_of(judged("lua", "  return = 1\nend\n", rows, jail)) == "does not compile"


def test_an_absent_test_library_is_no_verdict(rows: Path, jail: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(endings.NEEDS, "lua", "require('absent')")
    verdict = judged_anyway("lua", WRONG["lua"], rows, jail)
    assert (verdict.passed, verdict.status) == (None, "unavailable")
    assert "apt-get install lua-unit" in verdict.reason


def judged_anyway(name: str, completion: str, rows: Path, jail: Sandbox):
    [task] = [task for task in open_task_set(f"multipl_e:{rows}", reading="measure") if task.facts.language == name]
    [verdict] = JUDGE.judge(task, [outside_attempt(task.task_id, task.facts.prompt + completion, "test")], jail)
    return verdict


def test_the_token_is_made_of_the_program() -> None:
    assert token_of("a", "b") == token_of("a", "b") != token_of("a ", "b")
    text, token = whole("print(1)", "print(2)", "python")
    assert text.endswith(f'print("\\n{token}")\n')
    assert whole("x", "y", "/some/own.toml") == ("x\ny", "")


def test_rows_become_tasks_to_be_completed(rows: Path) -> None:
    tasks = open_task_set(f"multipl_e:{rows}", reading="measure")
    assert [task.facts.language for task in tasks] == list(ROWS)
    [lua] = [task for task in tasks if task.facts.language == "lua"]
    assert (lua.task_id, lua.facts.kind, lua.licence) == ("twice/lua", "complete", "MIT")
    assert lua.hidden.setup == ROWS["lua"]["tests"]
    assert "candidate" not in json.dumps(lua.facts.prompt)


def test_a_language_nobody_described_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({**ROWS["lua"], "language": "rkt"}) + "\n")
    with pytest.raises(InputError, match="no language 'rkt'"):
        open_task_set(f"multipl_e:{path}", reading="measure")
