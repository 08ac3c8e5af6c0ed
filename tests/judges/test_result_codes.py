"""One task set in many languages, judged by their real tools: all five result codes of Agnostics for each language."""

import json
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from etude.judges.codes import CODES, cause_of, code_of
from etude.judges.examine import Exam, examine
from etude.judges.stdio import StdioJudge
from etude.ledger import Ledger
from etude.models.scripted import Scripted
from etude.records import Verdict
from etude.sandbox import Sandbox
from etude.sandbox.languages import tools
from etude.solvers.feedback import feedback
from etude.workbench import Bench
from tests.conftest import ENVIRONMENT
from tests.judges.hostile import attempt_of
from tests.polyglot import BROKEN, ENDLESS, FAULTY, LOUD, NAMES, PAIRS, SUM, WRONG, task_in

JUDGE = StdioJudge(cpu_seconds=0.8, wall_seconds=5.0, memory_bytes=512 << 20, calibrate=0)
QUICK = ("python", "lua", "javascript", "c", "cpp", "bash", "fortran", "ocaml", "perl")
EXPECTED = {
    "right": ("success", ""),
    "wrong": ("fail:wrong-output", "wrong output"),
    "refused by the compiler": ("fail:error", "does not compile"),
    "crashes": ("fail:error", "ends with a fault"),
    "never ends": ("fail:timeout", "out of time"),
    "prints without end": ("fail:other", "output"),
}


def programs(name: str) -> list[str]:
    return [SUM[name], WRONG[name], BROKEN[name], FAULTY[name][0], ENDLESS[name], LOUD[name]]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.whole) for name in NAMES]
)
def test_all_five_codes_come_of_real_programs(name: str, jail: Sandbox) -> None:
    if name != "python" and tools.missing(tools.language(name)):
        pytest.skip(f"no tools for {name}: {tools.source_of(tools.language(name))}")
    verdicts = JUDGE.judge(task_in(name), [attempt_of(program) for program in programs(name)], jail)
    found = {what: (code_of(item), cause_of(item)) for what, item in zip(EXPECTED, verdicts, strict=True)}
    assert found == EXPECTED, [(item.status, item.reason) for item in verdicts]
    assert {code_of(item) for item in verdicts} == set(CODES)
    assert [item.passed for item in verdicts] == [True, *[False] * 5]
    assert 0 < verdicts[1].score < 1


def test_an_absent_tool_is_no_verdict_and_names_what_brings_it(monkeypatch: pytest.MonkeyPatch, jail: Sandbox) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("HOME", "/nowhere")
    [verdict] = JUDGE.judge(task_in("lua"), [attempt_of(SUM["lua"])], jail)
    assert (verdict.passed, verdict.status, code_of(verdict)) == (None, "unavailable", None)
    assert "apt-get install lua5.4" in verdict.reason


@pytest.mark.skipif(not tools.missing(tools.language("julia")), reason="Julia is on this machine")
def test_julia_ships_and_says_where_it_comes_from(jail: Sandbox) -> None:
    [verdict] = JUDGE.judge(task_in("julia"), [attempt_of(SUM["julia"])], jail)
    assert verdict.passed is None
    assert "https://julialang.org" in verdict.reason


BARELY = {
    "prints the answer and exits with 3": 'io.write(io.read("n") + io.read("n"), "\\n") os.exit(3)',
    "prints junk behind it": SUM["lua"] + '\nprint("done")',
    "prints junk in front of it": 'print("sum:")\n' + SUM["lua"],
    "prints another number's digits": "local a,b=io.read('n','n')\nprint(a+b..'0')",
    "prints to stderr": "local a,b=io.read('n','n')\nio.stderr:write(a+b)",
    "kills itself after the answer": SUM["lua"] + '\nio.stdout:flush() os.execute("kill -9 $PPID")',
}


@pytest.mark.parametrize("what", BARELY)
def test_what_comes_near_the_right_answer_fails(what: str, jail: Sandbox) -> None:
    [bad, good] = JUDGE.judge(task_in("lua"), [attempt_of(BARELY[what]), attempt_of(SUM["lua"])], jail)
    assert (bad.passed, good.passed) == (False, True)


def test_spaces_at_the_end_of_lines_do_not_count(jail: Sandbox) -> None:
    loose = "local a,b=io.read('n','n')\nio.write(a+b, '  \\r\\n\\n')"
    [verdict] = JUDGE.judge(task_in("lua"), [attempt_of(loose)], jail)
    assert verdict.passed is True


def test_a_repair_is_told_what_the_tools_of_the_language_say(jail: Sandbox) -> None:
    facts = task_in("lua")
    sums = [Exam(program, facts.hidden, "", language="lua") for program in (BROKEN["lua"], FAULTY["lua"][0])]
    broken, faulty = (feedback(item, "full") for item in examine(sums, jail))
    assert "CompileError" in broken
    assert "unexpected symbol near '='" in broken
    assert "exit status 1" in faulty
    assert "program.lua:1: oh" in faulty


def test_shown_tests_run_in_the_tasks_own_language(tmp_path: Path, jail: Sandbox) -> None:
    view = replace(task_in("lua").facts, shown=task_in("lua").hidden)
    with closing(Ledger(tmp_path)) as ledger:
        bench = Bench(Scripted(default=""), jail, ledger)
        [right, wrong] = bench.check([(view, SUM["lua"]), (view, SUM["python"])])
        [again] = bench.check([(replace(view, language="python"), SUM["python"])])
    assert (right.status, wrong.status, again.status) == ("ok", "error", "ok")


def test_a_limit_no_interpreter_can_start_under_fails_no_program() -> None:
    judge = StdioJudge(cpu_seconds=0.8, memory_bytes=1 << 20, calibrate=0)
    if tools.missing(tools.language("javascript")):
        pytest.skip("no node")
    with Sandbox() as sandbox:
        [verdict] = judge.judge(task_in("javascript"), [attempt_of(SUM["javascript"])], sandbox)
    assert verdict.passed is None
    assert "sample program in JavaScript" in verdict.reason


def test_the_status_of_a_verdict_decides_where_its_reason_says_no_more() -> None:
    facts = {"attempt": "a", "judge": "stdio", "score": 0.0, "reason": ""}
    assert code_of(Verdict(passed=False, status="forbidden", **facts)) == "fail:other"
    assert code_of(Verdict(passed=False, status="memory", **facts)) == "fail:other"
    assert code_of(Verdict(passed=False, status="killed", **facts)) == "fail:error"
    assert code_of(Verdict(passed=None, status="unavailable", **facts)) is None


def test_the_command_line_says_the_code_of_every_sample(tmp_path: Path) -> None:
    pairs = [{"stdin": stdin, "stdout": stdout} for stdin, stdout in PAIRS]
    prompt = "Read two whole numbers and print their sum."
    rows = [
        {"task_id": name, "prompt": f"{prompt} ({name})", "language": word, "stdio": pairs}
        for name, word in (("lua", "Lua"), ("bash", "sh"), ("python", "python"))
    ]
    samples = [
        {"task_id": name, "solution": program} for name in ("lua", "bash", "python") for program in programs(name)[:4]
    ]
    for file, items in (("tasks", rows), ("samples", samples)):
        (tmp_path / f"{file}.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    out = tmp_path / "verdicts.jsonl"
    words = ["judge", str(tmp_path / "samples.jsonl"), "--tasks", f"jsonl:{tmp_path}/tasks.jsonl", "--out", str(out)]
    done = subprocess.run(
        [sys.executable, "-m", "etude", *words, "--json"], capture_output=True, text=True, env=ENVIRONMENT
    )
    said = json.loads(done.stdout)
    assert said["codes"] == {"success": 3, "fail:wrong-output": 3, "fail:error": 6}, done.stderr
    causes = [(item["code"], item["cause"]) for item in said["verdicts"]]
    assert causes == list(EXPECTED.values())[:4] * 3
    written = [json.loads(line) for line in out.read_text().splitlines()]
    assert [item["code"] for item in written] == [code for code, _ in causes]
