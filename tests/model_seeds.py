"""Programs of real models for HumanEval and MBPP, recorded right or wrong by others; the file is not part of this."""

import gzip
import json
from pathlib import Path
from typing import Any


def recorded(file: Path) -> dict[str, dict[str, Any]]:
    """The rows by task and model, such as `10 gpt`."""
    with gzip.open(file, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    return {f"{row['task_id'].split('/')[1]} {row['model'].split('-')[0]}": row for row in rows}
