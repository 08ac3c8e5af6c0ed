"""The recipe `agnostics`: tasks that read and print, in a language that the text of the task set names."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from etude import config
from etude.sandbox.languages import language, tools
from tests.conftest import ENVIRONMENT
from tests.polyglot import PAIRS, SUM, WRONG


def world(tmp_path: Path) -> Path:
    """Forty tasks that differ in their text, and a model that knows two languages and no third."""
    pairs = [{"stdin": stdin, "stdout": stdout} for stdin, stdout in PAIRS]
    rows = [
        {"task_id": f"sum{n}", "prompt": f"Exercise {n}: read two numbers, print their sum.", "stdio": pairs}
        for n in range(40)
    ]
    (tmp_path / "tasks.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    replies = {
        "A program in Lua": [f"\n{SUM['lua']}", f"\n{WRONG['lua']}"],
        "A program in Bash": [f"```bash\n{SUM['bash']}\n```", "I cannot say."],
    }
    (tmp_path / "replies.json").write_text(json.dumps(replies))
    return tmp_path


@pytest.mark.skipif(bool(tools.missing(language("lua"))), reason="no lua")
def test_the_recipe_runs_in_two_languages(tmp_path: Path) -> None:
    folder = world(tmp_path)
    model = f'{{ use = "scripted", replies = "{folder}/replies.json", match = "substring" }}'
    words = ["run", "agnostics", "--tasks", f"in:lua+bash:jsonl:{folder}/tasks.jsonl", "--model", model]
    words += ["--learner", '{ use = "keep" }', "--solver.samples", "2", "--suite.n", "2", "--suite.k", "[1]"]
    words += ["--unlock-test", "--out", str(folder / "run"), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "etude", *words], capture_output=True, text=True, env=ENVIRONMENT, timeout=200
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    [arm] = said["arms"].values()
    assert arm["pass@k"]["1"]["value"] == 0.5
    assert "leaves" not in done.stderr


@pytest.mark.skipif(bool(tools.missing(language("perl"))), reason="no perl")
def test_programs_that_only_python_would_take_for_equal_have_verdicts_of_their_own(tmp_path: Path) -> None:
    task = {
        "task_id": "line",
        "prompt": "Print the letter a and a line break.",
        "stdio": [{"stdin": "", "stdout": "a\n"}],
    }
    (tmp_path / "tasks.jsonl").write_text(json.dumps(task) + "\n")
    replies = json.dumps({"Perl": ["\nprint('a\\n')", '\nprint("a\\n")']})  # the first prints a backslash and an n
    (tmp_path / "replies.json").write_text(replies)
    model = f'{{ use = "scripted", replies = "{tmp_path}/replies.json", match = "substring" }}'
    words = ["run", "agnostics", "--source.tasks", f"in:perl:jsonl:{tmp_path}/tasks.jsonl", "--model", model]
    words += ["--learner", '{ use = "keep" }', "--solver.samples", "2", "--suite.n", "2", "--suite.k", "[1]"]
    words += ["--suite.tasks_from", f"in:perl:jsonl:{tmp_path}/tasks.jsonl", "--out", str(tmp_path / "run"), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "etude", *words], capture_output=True, text=True, env=ENVIRONMENT, timeout=200
    )
    assert done.returncode == 0, done.stderr
    [arm] = json.loads(done.stdout)["arms"].values()
    assert arm["pass@k"]["1"]["value"] == 0.5


def test_the_recipe_names_parts_and_settings_that_exist() -> None:
    recipe = config.load("agnostics")
    assert recipe.learner.use == "grpo"
    assert recipe.learner.settings["group"] == 32
    assert config.load("agnostics", {"tasks": "in:ocaml:jsonl:x"}).source.settings["tasks"] == "in:ocaml:jsonl:x[train]"
