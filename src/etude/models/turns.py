"""What a reply adds to its prompt: cut at stop strings, and for a chat model read as the continuation that it holds.

A model that is asked in turns writes the prompt out again where it was asked to go on, wraps code in fences and adds
prose. One reading serves servers and local models alike. Whole programs are read by `reply`.
"""

import re

from etude.models.blocks import FENCE, fenced

OPENING = re.compile(r"(?:async )?def \w+\(")


def kept(prompt: str, stops: tuple[str, ...], said: str, *, chat: bool) -> str:
    """The part of a reply that counts.

    A stop string may stand in front of what a chat model was asked for, so it cuts a chat's reply only where that goes
    on after the prompt.
    """
    if not chat:
        return cut(said, stops)
    text, goes_on = continuation(prompt, said)
    return cut(text, stops) if goes_on else text


def cut(text: str, stops: tuple[str, ...]) -> str:
    """The text before the first of its stop strings."""
    return text[: min((place for stop in stops if (place := text.find(stop)) >= 0), default=len(text))]


def continuation(prompt: str, reply: str) -> tuple[str, bool]:
    """What a chat model's reply adds to the prompt, and whether it is such a continuation at all.

    A reply that repeats the prompt's last line goes on after it, also inside of a fence; one that names the function
    that a prompt leaves open in its own way goes on after that name; one that closes the fence that the prompt has
    opened is the fence's content. A reply that begins with an indented line is a continuation as it stands. Anything
    else (a function written anew, prose) is left whole for `reply.program_of` to read.
    """
    last = prompt.rstrip().rpartition("\n")[2]
    left_open = OPENING.fullmatch(last.strip()) is not None
    text = reply.replace("\r\n", "\n")
    if FENCE.match(last) and _closes(text):
        return text, True
    inside = fenced(text)
    for piece in (*inside, text):
        _, repeated, rest = f"\n{piece}".partition(f"\n{last}")
        if last.strip() and repeated:
            return _aligned(prompt, rest), True
    for piece in inside or [text]:
        found = re.search(rf"^{OPENING.pattern}", piece, re.MULTILINE) if left_open else None
        if found:
            return piece[found.end() :], True
    whole = max(inside, key=len) if inside else text
    return whole, whole[:1] in (" ", "\t") and bool(whole.strip())


def _closes(text: str) -> bool:
    """Whether a text has one fence line, which names no language and has something in front: it closes."""
    lines = text.split("\n")
    marks = [place for place, line in enumerate(lines) if FENCE.match(line)]
    return len(marks) == 1 and lines[marks[0]].strip(" \t`~") == "" and "".join(lines[: marks[0]]).strip() != ""


def _aligned(prompt: str, rest: str) -> str:
    """Without the line break that the prompt has already."""
    return rest[1:] if prompt.endswith("\n") and rest.startswith("\n") else rest
