"""Samples from the files that lm-eval writes with `--log_samples`: one row per document, with all its replies.

The raw replies (`resps`) are taken, not what a filter made of them, and programs are read out of them as in a run. A
document that was filtered in several ways stands there several times and counts once. Only tasks of the kind
`generate_until` have replies that can be programs.
"""

from collections.abc import Mapping
from typing import NamedTuple

from etude.records import Json

IDS = ("task_id", "question_id", "id", "name")


class Replies(NamedTuple):
    """The replies to one document and the id that the document gives its task."""

    task_id: str | int
    texts: tuple[str, ...]


def is_log(values: Mapping[str, Json]) -> bool:
    """Whether a row is lm-eval's."""
    return "resps" in values and "doc" in values


def key_of(values: Mapping[str, Json]) -> tuple[Json, Json]:
    """Which document it is, and by which filter."""
    return values.get("doc_id"), values.get("filter")


def replies_of(values: Mapping[str, Json]) -> Replies | str:
    """The replies of a row, or why it has none."""
    doc, told = values["doc"], values["resps"]
    name = next((doc[key] for key in IDS if doc.get(key) not in (None, "")), None) if isinstance(doc, Mapping) else None
    if not isinstance(name, str | int) or isinstance(name, bool):
        return f"its document has no {' or '.join(IDS)}, so the task is not known"
    lists = [item if isinstance(item, list) else [item] for item in told] if isinstance(told, list) else []
    texts = tuple(text for item in lists for text in item)
    if not texts or not all(isinstance(text, str) for text in texts):
        return "its replies are no text: only tasks with output_type generate_until have programs"
    return Replies(name, texts)
