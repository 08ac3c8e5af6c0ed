"""What a server's reply means: the text cut at its stop strings, why it ended, its token counts, its probabilities.

Servers differ: some leave the stop string in, some name no reason, and a chat model writes the prompt out again where
it was asked to go on. Nothing here talks to a server.
"""

import re
from typing import Any, Literal

from etude.errors import InputError
from etude.models.blocks import fenced
from etude.records import Completion, Request

LENGTHS = ("length", "max_tokens")  # names of the reason that there was no more room
OPENING = re.compile(r"(?:async )?def \w+\(")
SHOWN = 200  # characters of a strange reply in a message


def completion(request: Request, reply: Any, endpoint: str) -> Completion:
    """The completion that a reply holds.

    `finish` is `length` where the server says so, or says nothing that we know and has used up the limit; a text that
    is cut at a stop string ended there, whatever the server says.

    Raises:
        InputError: The reply is none of the protocol.
    """
    text, reason = _first(reply, endpoint)
    said = text
    if endpoint == "chat":
        text, goes_on = continuation(request.prompt, text)
        kept = cut(text, request.sampling.stop) if goes_on else text
    else:
        kept = cut(text, request.sampling.stop)
    counts = getattr(reply, "usage", None)
    written = _count(counts, "completion_tokens")
    return Completion(
        request=request,
        text=kept,
        prompt_tokens=_count(counts, "prompt_tokens"),
        completion_tokens=written,
        finish=_finish(reason, len(kept) < len(said), written >= request.sampling.max_tokens),
    )


def cut(text: str, stops: tuple[str, ...]) -> str:
    """The text before the first of its stop strings."""
    return text[: min((place for stop in stops if (place := text.find(stop)) >= 0), default=len(text))]


def continuation(prompt: str, reply: str) -> tuple[str, bool]:
    """What a chat model's reply adds to the prompt, and whether it is such a continuation at all.

    A reply that repeats the prompt's last line goes on after it, also inside of a fence; one that names the function
    that a prompt leaves open in its own way goes on after that name. A reply that begins with an indented line is one
    as it stands. Anything else (a function written anew, prose) is left whole for `reply.program_of` to read.
    """
    last = prompt.rstrip().rpartition("\n")[2]
    left_open = OPENING.fullmatch(last.strip()) is not None
    text = reply.replace("\r\n", "\n")
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


def scores_of(reply: Any, prompt: str, text: str) -> list[float] | None:
    """Log-probabilities of the tokens that reach into `text`, of a reply that echoes prompt and text; else None."""
    choices = getattr(reply, "choices", None) or [None]
    said, logprobs = getattr(choices[0], "text", None), getattr(choices[0], "logprobs", None)
    places, values = getattr(logprobs, "text_offset", None), getattr(logprobs, "token_logprobs", None)
    if not isinstance(said, str) or not said.startswith(prompt) or not places or not values:
        return None
    ends = [*places[1:], len(said)]
    begin, end = len(prompt), len(prompt) + len(text)
    rows = zip(places, ends, values, strict=False)
    found = [value for place, until, value in rows if until > begin and place < end]
    return None if any(not isinstance(value, (int, float)) for value in found) else [float(value) for value in found]


def _aligned(prompt: str, rest: str) -> str:
    """Without the line break that the prompt has already."""
    return rest[1:] if prompt.endswith("\n") and rest.startswith("\n") else rest


def _first(reply: Any, endpoint: str) -> tuple[str, str]:
    """The text of a reply and the server's reason for its end, "" where it names none."""
    choices = getattr(reply, "choices", None)
    first = choices[0] if isinstance(choices, list) and choices else None
    holder = getattr(first, "message", None) if endpoint == "chat" else first
    text = getattr(holder, "content" if endpoint == "chat" else "text", None)
    if holder is not None and text is None:
        text = ""  # a refusal, or a chat model that has thought until its room was used up
    if not isinstance(text, str):
        raise InputError(
            f"the server's reply is no completion: {str(reply)[:SHOWN]!r}",
            expected="what the OpenAI protocol says",
            fix="check the url: most servers want it to end in /v1",
        )
    return text, str(getattr(first, "finish_reason", None) or "")


def _finish(reason: str, shortened: bool, used_up: bool) -> Literal["stop", "length"]:
    if shortened:
        return "stop"
    return "length" if reason in LENGTHS or (reason != "stop" and used_up) else "stop"


def _count(counts: Any, name: str) -> int:
    """A token count; 0 where the server does not say."""
    value = getattr(counts, name, 0)
    return value if isinstance(value, int) and value > 0 else 0
