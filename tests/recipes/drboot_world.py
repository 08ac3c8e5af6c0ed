"""Four tasks and a scripted model, as files, for bootstrapping with repair: right at once, mended, not mended, and one
whose shown test passes while a hidden one fails.
"""

import json
from pathlib import Path

from etude.config import Recipe, load

RIGHT = {name: f"def f(x):\n    return x + {number}\n" for number, name in enumerate(("easy", "mended", "lost", "sly"))}
WRONG = {
    "mended": "def f(x):\n    return x - 1\n",
    "lost": "def f(x):\n    return y\n",
    "sly": "def f(x):\n    return 4 if x == 1 else x\n",
}
STILL_WRONG = "def f(x):\n    return x * 7\n"


def said(program: str) -> str:
    """A scripted reply: the program and the closing fence."""
    return f"\n{program}```"


def write(folder: Path) -> None:
    """Writes tasks and replies; a key is a piece of the prompt, the longest wins."""
    rows = []
    for number, name in enumerate(RIGHT):
        calls = [{"args": [value], "expected": value + number} for value in (1, 5, 1000)]
        row = {"task_id": name, "prompt": f"Add {number}. The task is called {name}.", "entry_point": "f"}
        rows.append({**row, "calls": calls, "shown": [0], "reference": RIGHT[name]})
    (folder / "tasks.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    replies = {f"called {name}.": said(WRONG.get(name, RIGHT[name])) for name in RIGHT}
    mending = {"mended": RIGHT["mended"], "lost": STILL_WRONG, "sly": RIGHT["sly"]}
    replies |= {WRONG[name]: said(program) for name, program in mending.items()}
    (folder / "replies.json").write_text(json.dumps(replies))


def recipe(folder: Path, **overrides: object) -> Recipe:
    """The built-in recipe on this world; `solver__level="none"` sets a dotted key."""
    write(folder)
    source = f'{{ use = "task_set", tasks = "jsonl:{folder}/tasks.jsonl" }}'
    settings: dict[str, object] = {
        "source": source,
        "validation": source,
        "suite.tasks_from": f"jsonl:{folder}/tasks.jsonl",
        "suite.n": 2,
        "suite.k": "[1, 2]",
        "learner": '{ use = "keep" }',
        "rounds": 1,
        "arms": "{}",
        "curators.2.action": "count",  # this world practises on what it is measured on
        **{key.replace("__", "."): value for key, value in overrides.items()},
    }
    found = load("drboot", {key: str(value) for key, value in settings.items()})
    scripted = {"use": "scripted", "replies": f"{folder}/replies.json", "match": "substring"}
    return Recipe.model_validate({**found.model_dump(exclude_none=True), "model": scripted})
