"""A small world for self-taught puzzles, as files: four given puzzles, a scripted model that proposes and solves, and
the built-in recipe pointed at them.
"""

import json
from pathlib import Path
from typing import Any

from etude.config import Recipe, load
from etude.puzzles.instance import IMPORTS

GIVEN = {
    "square": ("def sat(x: int, n=144):\n    return x * x == n and x < 0", "def sol(n=144):\n    return -12"),
    "letters": ("def sat(s: str):\n    return s.count('q') == 3 and len(s) == 5", "def sol():\n    return 'qqqzz'"),
    "sum": (
        "def sat(xs: List[int], n=777):\n    return sum(xs) == n and len(xs) == 2",
        "def sol(n=777):\n    return [n, 0]",
    ),
    "half": ("def sat(x: float):\n    return x + x == 7.5", "def sol():\n    return 3.75"),
}
HELD_OUT = {"held": ("def sat(x: int):\n    return x % 997 == 5 and x > 5000", "def sol():\n    return 5987")}
GOOD = (
    "x: int):\n    return x % 331 == 7 and x > 1000",
    "s: str):\n    return s.startswith('zebra') and len(s) == 8",
    "xs: List[int], n=4):\n    return len(xs) == n and sum(xs) == 1234",
)
JUNK = {
    "parses": "x: int:\n    return x ==",
    "signature": "x: int, y: int):\n    return x == y",
    "type": "x: Dict[int, int]):\n    return len(x) == 3",
    "forbidden": "x: int):\n    return eval('x') == 5",
    "unbound": "x: int):\n    return x == nobody",
    "unused": "x: int, n=5):\n    return n == 5",
    "repeated": "y: int, n=144):\n    # the same again\n    return y * y == n and y < 0",
    "held out": "z: int):\n    return z % 997 == 5 and z > 5000",
    "near held out": "x: int):\n    return x % 997 == 5 and x > 5001",
    "does not run": "x: int, n=[0] * 10 ** 12):\n    return x in n",
    "slow": "x: int):\n    while x > 50: pass\n    return x == 10 ** 9",
    "raises": "x: int):\n    return x[0] == 1",
    "trivial": "x: int):\n    return x * 2 == 84",
    "same behaviour": "x: int):\n    return x * x * x == -1728 and x * x == 144",
    "held-out behaviour": "x: int):\n    return 5 == x % 997 and not x <= 5000 and len(str(x)) > 3",
}
"""Reason -> a completion that is refused for it, and for nothing before it."""

SOLUTIONS = {
    "x % 331 == 7": ["\n    return 1000 // 331 * 331 + 7 + 331", "\n    return 7", "\n    return 331 * 9 + 7"],
    "startswith('zebra')": ["\n    return 'zebra' + 'abc'", "\n    return 'zebra'", "\n    return 'zebraabc'"],
    "sum(xs) == 1234": ["\n    return [1234, 0, 0, 0]", "\n    return [1]", "\n    return nothing"],
    "x * x == n": ["\n    return -12", "\n    return 12"],
    "count('q')": ["\n    return 'qqqab'", "\n    return ''"],
    "sum(xs) == n": ["\n    return [n, 0]", "\n    return [n]"],
    "x + x == 7.5": ["\n    return 3.75", "\n    return 1"],
}


def _answers(table: dict[str, tuple[str, str]]) -> str:
    rows = [
        {
            "task_id": name,
            "prompt": f"{sat}\n\n\n{sol.splitlines()[0]}",
            "puzzle": f"{IMPORTS}\n\n{sat}\n",
            "reference": f"{IMPORTS}\n\n{sat}\n\n\n{sol}\n",
        }
        for name, (sat, sol) in table.items()
    ]
    return "".join(json.dumps(row) + "\n" for row in rows)


def write(folder: Path, proposals: list[str]) -> None:
    """Writes given and held-out puzzles and the replies: what is proposed, and what is answered to each puzzle."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "given.jsonl").write_text(_answers(GIVEN))
    (folder / "held.jsonl").write_text(_answers(HELD_OUT))
    replies = {"def sat(": ["\n    return 0"], "def f": proposals, **SOLUTIONS}
    (folder / "replies.json").write_text(json.dumps(replies))


def recipe(folder: Path, proposals: list[str], model: dict[str, Any] | None = None, **overrides: object) -> Recipe:
    """The built-in recipe on this world; `solver__samples=2` sets a dotted key."""
    write(folder, proposals)
    settings: dict[str, object] = {
        "source.tasks": f"jsonl:{folder}/given.jsonl",
        "source.held_out": f'["jsonl:{folder}/held.jsonl"]',
        "source.shots": 0,
        "source.openings": '["def f{n}("]',
        "source.proposals": len(proposals),
        "source.trivial_reject_rate": 1.0,
        "source.closest": 0.75,
        "solver.samples": 3,
        "solver.template": "puzzle.v1",
        "examiner.template": "puzzle.v1",
        "suite.tasks_from": f"jsonl:{folder}/held.jsonl",
        "suite.n": 2,
        "suite.k": "[1, 2]",
        "learner": '{ use = "keep" }',
        "rounds": 1,
        "arms": "{}",
        **{key.replace("__", "."): value for key, value in overrides.items()},
    }
    found = load("self-taught-puzzles", {key: str(value) for key, value in settings.items()})
    model = model or {"use": "scripted", "replies": f"{folder}/replies.json", "match": "substring"}
    return Recipe.model_validate({**found.model_dump(exclude_none=True), "model": model})
