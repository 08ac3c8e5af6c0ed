"""A few raw replies with the program that was read from each: what to look at before a number is believed.

They are picked so that they tell most: one whose program failed, one without a program, one that passed, where there
are such; always the first of their kind. No test is in them, so they may be shown.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from etude.folders import write_text
from etude.models.reply import holds_program
from etude.protocols import Judged
from etude.records import Attempt, Verdict, encode

SHOWN = 3
SEARCHED = 1_000  # first attempts among which they are picked
FILE = "replies.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a model said, and what was made of it.

    Attributes:
        reply: The model's own words, cut before the stop string.
        program: What was run.
        found: Whether the reply held a program; None where the task is not known.
        said: `passed`, or the status of the verdict.
    """

    task_id: str
    sample_index: int
    reply: str
    program: str
    found: bool | None
    said: str


def raw(judged: Sequence[Judged], number: int = SHOWN) -> tuple[Reply, ...]:
    """A few first attempts: the first that failed, that held no program, that passed; then whatever comes."""
    replies = [
        _reply(item.attempt, item.verdict, holds_program(item.attempt.program, item.task.facts))
        for item in islice((item for item in judged if not item.attempt.parent), SEARCHED)
    ]
    return chosen(replies, number)


def of_record(pairs: Iterable[tuple[Attempt, Verdict]], number: int = SHOWN) -> tuple[Reply, ...]:
    """The same from a ledger, where tasks are not at hand: nothing is said of whether a reply held a program."""
    first = (pair for pair in pairs if not pair[0].parent)
    return chosen([_reply(attempt, verdict, None) for attempt, verdict in islice(first, SEARCHED)], number)


def chosen(replies: Sequence[Reply], number: int) -> tuple[Reply, ...]:
    """Those that tell most, each kind once, then the others in order."""
    failed = [item for item in replies if item.said != "passed" and item.found is not False][:1]
    empty = [item for item in replies if item.found is False][:1]
    passed = [item for item in replies if item.said == "passed"][:1]
    first = [*failed, *empty, *passed]
    return tuple([*first, *(item for item in replies if item not in first)][:number])


def _reply(attempt: Attempt, verdict: Verdict, found: bool | None) -> Reply:
    return Reply(
        task_id=attempt.task_id,
        sample_index=attempt.sample_index,
        reply=attempt.completion,
        program=attempt.program,
        found=found,
        said="passed" if verdict.passed else verdict.status,
    )


def write_replies(folder: Path, replies: Sequence[Reply]) -> Path:
    """Writes them into a folder as JSON."""
    path = folder / FILE
    write_text(path, json.dumps(encode(replies), indent=2) + "\n")
    return path


def text(replies: Sequence[Reply]) -> str:
    """Them as text: each reply as it came, and the program read from it; what steers a terminal is made visible."""
    parts = []
    for item in replies:
        found = "no program found" if item.found is False else item.said
        parts.append(
            f"── {item.task_id} \N{MIDDLE DOT} sample {item.sample_index} \N{MIDDLE DOT} {found}\n"
            f"reply:\n{_indented(item.reply)}\nprogram:\n{_indented(item.program)}"
        )
    return "\n".join(parts)


def _indented(words: str) -> str:
    seen = "".join(char if char.isprintable() or char in "\n\t" else repr(char)[1:-1] for char in words)
    return "\n".join(f"  | {line}" for line in seen.rstrip("\n").split("\n"))
