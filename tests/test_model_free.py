"""`etude solve` and `etude eval` with a solver that needs no model, with a model behind a server, and with none at all;
`etude plan` for tasks that a model will write.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from etude.cli import main
from etude.evaluating import evaluation
from tests.serving import Reply, answering

PUZZLES = {
    "one": "def sat(x: int):\n    return x * 2 == 246",
    "two": "def sat(s: str, word='pond'):\n    return s == word",
    "three": "def sat(x: int):\n    return x == x + 1",
}


@pytest.fixture
def tasks(tmp_path: Path) -> str:
    rows = [
        {"task_id": name, "prompt": f"{text}\n\n\ndef sol({'word=' + repr('pond') if 'word' in text else ''}):"}
        | {"puzzle": text}
        for name, text in PUZZLES.items()
    ]
    (tmp_path / "tasks.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return f"jsonl:{tmp_path}/tasks.jsonl"


def said(capsys: pytest.CaptureFixture[str], *command: str) -> Any:
    assert main([*command, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_solve_needs_no_model_where_the_solver_needs_none(
    tasks: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--tasks", f"{tasks}[0:3]", "--solver", "enumerate", "--samples", "20", "--out", str(tmp_path / "out")]
    rows = said(capsys, "solve", *flags)
    assert len(rows) == 60
    assert {row["attempt"]["task_id"] for row in rows if row["verdict"]["passed"]} == {"two"}
    assert main(["solve", *flags]) == 0
    text = capsys.readouterr().out
    assert text.count("── two") == 8, "the first programs of each task"
    assert "and 12 more programs for two" in text
    assert next(line for line in text.splitlines() if line.startswith("── two")).endswith("passed")
    assert "3 tasks, " in text


def test_eval_needs_no_model_where_the_solver_needs_none(
    tasks: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--tasks", tasks, "--solver", "enumerate", "--n", "20", "--k", "1,20", "--out", str(tmp_path / "out")]
    found = said(capsys, "eval", *flags)
    assert (found["tasks"], found["n"]) == (3, 20)
    assert found["pass@k"]["20"]["value"] == pytest.approx(1 / 3)


@pytest.mark.parametrize("verb", ["solve", "eval"])
def test_a_missing_model_is_said_by_the_solver_that_needs_one(
    verb: str, tasks: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main([verb, "--tasks", tasks, "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert "the solver 'sample' writes with a model, and none is given" in error
    assert "--model" in error
    assert not out.exists(), "nothing was begun"
    assert main([verb, "--tasks", tasks, "--solver", "enumerat"]) == 2
    assert "enumerate" in capsys.readouterr().err


def test_eval_takes_a_model_behind_a_server(tasks: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("openai", reason="servers need the openai extra")

    def answer(path: str, body: Any) -> Reply:
        choice = {"index": 0, "text": "\n    return 123", "finish_reason": "stop"}
        return 200, {}, json.dumps({"id": "1", "object": "text_completion", "choices": [choice]}).encode()

    with answering(answer) as server:
        model = f'{{use = "openai", url = "{server.url}", model = "m"}}'
        flags = ["--tasks", tasks, "--n", "2", "--k", "1", "--out", str(tmp_path / "out")]
        found = said(capsys, "eval", "--model", model, *flags)
        assert found["pass@k"]["1"]["value"] == pytest.approx(1 / 3)
        assert len(server.drawn()) == 6
        said(capsys, "eval", "--model", model, *flags)
        assert len(server.drawn()) == 6


def test_a_models_table_must_say_what_it_is(tasks: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "--tasks", tasks, "--model", '{url = "http://127.0.0.1:9/v1"}']) == 2
    assert "use" in capsys.readouterr().err


def test_evaluations_of_two_models_have_two_folders() -> None:
    settings: dict[str, Any] = {"n": 1, "k": (1,), "seed": 0, "workers": 1}
    names = {evaluation(model, "lab", **settings).name for model in ("a", "b")}
    assert len(names) == 2


def test_a_plan_counts_the_proposals(capsys: pytest.CaptureFixture[str]) -> None:
    rows = said(capsys, "plan", "self-taught-puzzles", "--tasks", "lab")
    main_arm, human = rows["main"], rows["human"]
    assert main_arm["proposals per round"] == 512
    assert main_arm["proposal tokens per round at most"] == 512 * 60
    assert main_arm["practice tasks per round"] == 512, "at most every proposal is a puzzle"
    solving = main_arm["programs to write and run"] * 24
    assert main_arm["generated tokens at most"] == solving + main_arm["rounds"] * 512 * 60
    assert "proposals per round" not in human, "its puzzles are given"
    fewer = said(capsys, "plan", "self-taught-puzzles", "--tasks", "lab", "--source.proposals", "8")
    assert fewer["main"]["practice tasks per round"] == 8
