"""What verbs print: plain progress lines in a pipe, JSON for machines, tables with n, k and intervals."""

import json
from pathlib import Path

import pytest

from etude.cli import main
from etude.cli.panel import Lines, Panel, describe
from etude.progress import Progress
from tests.scripted_world import write_world

LOOK = Progress(
    arm="main", stage="train", done=30, total=120, seconds=10.0, tokens=1500, verdicts={"failed": 3, "passed": 1}
)


def test_a_progress_line_says_done_rate_tokens_mix_and_eta() -> None:
    assert describe(LOOK) == "30/120 · 3.0/s · 1,500 tokens · passed 25 %, failed 75 % · eta 0:30"


def test_lines_are_few_and_the_last_one_always_comes() -> None:
    times = iter([0.0, 1.0, 11.0, 11.5])
    said: list[str] = []
    lines = Lines(said.append, lambda: next(times))
    for _ in range(3):
        lines(LOOK)
    lines(Progress(arm="main", stage="train", done=120, total=120, seconds=40.0, ended=True))
    assert len(said) == 2
    assert said[1].startswith("[main] train: 120/120")


def test_the_live_panel_draws_and_stops(capsys: pytest.CaptureFixture[str]) -> None:
    with Panel() as panel:
        panel(LOOK)
        panel(Progress(arm="main", stage="train", done=120, total=120, seconds=40.0, ended=True))
    assert "120/120" in capsys.readouterr().err


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    recipe = write_world(folder / "world", tasks=4, rounds=1)
    assert main(["run", str(recipe), "--out", str(folder / "run"), "--progress", "none"]) == 0
    return folder


def test_run_prints_json_that_tools_may_rely_on(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = str(finished / "world" / "recipe.toml")
    assert main(["run", recipe, "--out", str(finished / "run"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["dir"] == str(finished / "run")
    assert set(said["arms"]) == {"main", "references"}
    assert set(said["arms"]["main"]["pass@k"]["1"]) == {"value", "low", "high"}
    assert [item["round"] for item in said["rounds"]["main"]] == [-1, 0]


def test_the_table_has_base_rounds_controls_n_and_intervals(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(finished / "run")]) == 0
    said = capsys.readouterr().out
    for words in (
        "base",
        "main, round 1",
        "references, round 1",
        "pass@1 %",
        "[",
        "n = 4",
        "95 % interval",
        "report.html",
    ):
        assert words in said
    assert (finished / "run" / "report.html").stat().st_size > 5000


def test_an_interrupted_run_has_a_report_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = write_world(tmp_path / "world", tasks=2, rounds=1)
    assert main(["run", str(recipe), "--out", str(tmp_path / "run"), "--arm", "main", "--progress", "none"]) == 0
    capsys.readouterr()
    assert main(["report", str(tmp_path / "run")]) == 0
    assert "main, round 1" in capsys.readouterr().out


def test_plan_counts_and_runs_nothing(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (finished / "world" / "drawn.log").read_text()
    assert main(["plan", str(finished / "world" / "recipe.toml"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["main"]["practice tasks per round"] == 4
    assert said["main"]["programs to write and run"] == 4 * 4 + 2 * 4 * 4
    assert (finished / "world" / "drawn.log").read_text() == before


def test_judge_prints_what_the_design_promises(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task = {"prompt": "Add.", "entry_point": "f", "calls": [{"args": [1, 2], "expected": 3}]}
    tasks = [{**task, "task_id": name} for name in ("a", "b")]
    (tmp_path / "tasks.jsonl").write_text("".join(json.dumps(row) + "\n" for row in tasks))
    rows = [
        {"task_id": "a", "completion": "def f(x, y): return x + y"},
        {"task_id": "a", "solution": "def f(x, y): return 3.5"},
    ]
    (tmp_path / "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = ["judge", str(tmp_path / "samples.jsonl"), "--tasks", f"jsonl:{tmp_path}/tasks.jsonl"]
    assert main([*command, "--json", "--out", str(tmp_path / "verdicts.jsonl")]) == 0
    said = json.loads(capsys.readouterr().out)
    for key in (
        "tasks",
        "samples",
        "passed",
        "failed",
        "unjudged",
        "pass@1",
        "seconds",
        "programs_per_second",
        "isolation",
    ):
        assert key in said
    assert (said["samples"], said["passed"], said["failed"], said["pass@1"]) == (2, 1, 1, 0.5)
    assert said["without_sample"] == ["b"]
    verdicts = [json.loads(line) for line in (tmp_path / "verdicts.jsonl").read_text().splitlines()]
    assert [row["passed"] for row in verdicts] == [True, False]
    assert main([*command, "--strict"]) == 1
    assert "1 tasks have no sample: b" in capsys.readouterr().err


def test_tasks_check_finds_a_reference_without_its_function(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task = {
        "task_id": "a",
        "prompt": "Add.",
        "entry_point": "f",
        "calls": [{"args": [1], "expected": 1}],
        "reference": "def g(x): return x",
    }
    (tmp_path / "tasks.jsonl").write_text(json.dumps(task) + "\n")
    assert main(["tasks", "check", f"jsonl:{tmp_path}/tasks.jsonl"]) == 1
    assert "a:" in capsys.readouterr().out


def test_tasks_show_never_shows_hidden_tests(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task = {
        "task_id": "a",
        "prompt": "Add.",
        "entry_point": "f",
        "calls": [{"args": [4321], "expected": 8765}],
        "reference": "def f(x): return 8765",
    }
    (tmp_path / "tasks.jsonl").write_text(json.dumps(task) + "\n")
    for flags in ([], ["--json"]):
        assert main(["tasks", "show", f"jsonl:{tmp_path}/tasks.jsonl", *flags]) == 0
        said = capsys.readouterr().out
        assert "Add." in said
        assert "8765" not in said
        assert "4321" not in said
