"""A whole small run with a scripted model and real everything else, as files: tasks, replies, recipe.

Each task asks for a function that adds a number. The scripted model answers some samples right, some wrong, some with
an error, some with a program that never ends, and repairs the wrong ones when it is told what went wrong.
"""

import json
from pathlib import Path

CANARY = 7_310_019
"""Occurs in every hidden test (as argument and in the expected value) and nowhere else."""


def write_world(folder: Path, tasks: int = 12, rounds: int = 2, delay: float = 0.0) -> Path:
    """Writes tasks, replies and recipe; returns the recipe's path."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [_task(index) for index in range(tasks)]
    (folder / "tasks.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "replies.json").write_text(json.dumps(_replies(tasks)))
    recipe = folder / "recipe.toml"
    recipe.write_text(_recipe(folder, rounds, delay))
    return recipe


BURN = (
    "def f(x):\n    import time\n    end = time.process_time() + 0.4\n"
    "    while time.process_time() < end:\n        pass\n    return x + 1\n```"
)
"""A right reply to the second task that takes its time."""


def spoil(world: Path, sound: Path) -> None:
    """Makes one hidden test of the first task expect too much, and one right reply to the second task slow.

    Args:
        sound: Where the task file goes as it was before.
    """
    tasks, replies = world / "tasks.jsonl", world / "replies.json"
    sound.write_text(tasks.read_text())
    rows = [json.loads(line) for line in sound.read_text().splitlines()]
    rows[0]["calls"][3]["expected"] += 1
    tasks.write_text("".join(json.dumps(row) + "\n" for row in rows))
    said = json.loads(replies.read_text())
    said["Task number 1."][3] = BURN
    replies.write_text(json.dumps(said))


def _task(index: int) -> dict[str, object]:
    calls = [{"args": [value], "expected": value + index} for value in (1, 5)]
    calls += [{"args": [CANARY + value], "expected": CANARY + value + index} for value in (0, 1)]
    return {
        "task_id": f"add-{index}",
        "prompt": f"Write a function f that adds {index} to its argument. Task number {index}.",
        "entry_point": "f",
        "calls": calls,
        "shown": [0, 1],
        "reference": f"def f(x):\n    return x + {index}\n",
        "difficulty": str(index % 2 + 1),
    }


def _replies(tasks: int) -> dict[str, list[str]]:
    """Substring of a prompt -> replies by sample index; the longer key wins, so repairs have their own."""
    table: dict[str, list[str]] = {}
    for index in range(tasks):
        right = f"def f(x):\n    return x + {index}\n```"
        wrong = [f"def f(x):\n    return x - {index + 1}\n```", "def f(x):\n    return x + undefined\n```"]
        table[f"Task number {index}."] = [
            wrong[0],
            right,
            wrong[1],
            f"def f(x):\n    y = x + {index}\n    return y\n```",
        ]
        table[f"returned {1 - index - 1}, expected {1 + index}"] = [right]
    return table


def _recipe(folder: Path, rounds: int, delay: float) -> str:
    return f"""
name = "scripted"
rounds = {rounds}
[source]
use = "task_set"
tasks = "jsonl:{folder}/tasks.jsonl"
[model]
use = "tests.parts:Slow"
table = "{folder}/replies.json"
log = "{folder}/drawn.log"
delay = {delay}
[solver]
use = "repair"
samples = 4
level = "short"
[[curators]]
use = "passed"
cap = 2
[[curators]]
use = "dedupe"
[learner]
use = "tests.parts:SlowLearner"
delay = {delay * 20}
[suite]
use = "passk"
tasks_from = "jsonl:{folder}/tasks.jsonl"
n = 4
k = [1, 4]
[arms.references]
"curators" = [{{ use = "references" }}]
"solver.samples" = 0
"""
