"""What cards are made of: front matter that the hub reads, tables, and a recipe without the paths of its machine.

Front matter is written as JSON values, which every YAML reader takes; so nothing in it can be misread.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

PLACE = re.compile(r"(?<![\w./~])~?/(?!/)(?:[^/\s\"'\[\]]+/)*(?=[^/\s\"'\[\]])")
"""The folders in front of a file's name: whose machine it was is nobody's business."""


def front_matter(facts: Mapping[str, Any]) -> str:
    """The head of a card; what is empty is left out."""
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in facts.items() if value]
    return "\n".join(["---", *lines, "---"])


def grid(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(item) for item in line)} |" for line in lines)


def without_places(text: str) -> str:
    """A text in which every absolute path has lost its folders: `jsonl:/home/me/tasks.jsonl` is `jsonl:tasks.jsonl`."""
    return PLACE.sub("", text)


def block(text: str, language: str = "") -> str:
    """A code block, fenced so that nothing in the text can end it."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")
