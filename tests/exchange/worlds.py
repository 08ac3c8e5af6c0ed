"""Tasks for the tests of the exchange: one that can be judged, one that cannot, and the right program for both."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.conftest import ENVIRONMENT

HIDDEN = 8_440_027
"""Occurs in hidden tests only."""
SOUND: dict[str, Any] = {
    "task_id": "twice",
    "prompt": "Write twice(x): x plus x.",
    "entry_point": "twice",
    "calls": [{"args": [2], "expected": 4}, {"args": [HIDDEN], "expected": 2 * HIDDEN}],
    "shown": [0],
    "reference": "def twice(x):\n    return x + x\n",
    "licence": "MIT",
}
BROKEN: dict[str, Any] = {
    "task_id": "nobody-knows",
    "prompt": "Write twice(x): x plus x.",
    "entry_point": "twice",
    "check": f"def check(candidate):\n    assert candidate(1) == {HIDDEN}\n",
    "context": "import a_module_that_nobody_has",
}
"""Its check cannot be run, so no program passes or fails it."""
RIGHT = "Here it is:\n```python\ndef twice(x):\n    return x + x\n```\n"
WRONG = "```python\ndef twice(x):\n    return x * x\n```"


def write_rows(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def python(code: str, cwd: Path, **more: str) -> str:
    """What a program prints in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env={**ENVIRONMENT, **more}, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


def texts_in(folder: Path) -> dict[str, str]:
    """Every file of a folder that is text, Parquet as JSON lines."""
    found = {}
    for file in sorted(item for item in folder.rglob("*") if item.is_file()):
        if file.suffix == ".parquet":
            import pyarrow.parquet

            found[str(file)] = "".join(json.dumps(row) for row in pyarrow.parquet.read_table(file).to_pylist())
        elif file.suffix != ".safetensors":
            found[str(file)] = file.read_text()
    return found
