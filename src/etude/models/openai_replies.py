"""What a server's reply means: its texts cut at their stop strings, why they ended, token counts, probabilities.

Servers differ: some leave the stop string in, some name no reason, some give fewer texts than were asked for, few give
probabilities. Nothing here talks to a server.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from etude.errors import InputError
from etude.models.spending import Tokens
from etude.models.turns import kept
from etude.records import Completion, Request

LENGTHS = ("length", "max_tokens")  # names of the reason that there was no more room
SHOWN = 200  # characters of a strange reply in a message


class UnreadableError(InputError):
    """A reply that is none of the protocol; the server may do better when it is asked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One choice of a reply as the server gave it."""

    text: str
    reason: str
    logprobs: tuple[float, ...] | None


def completions(requests: Sequence[Request], reply: Any, endpoint: str) -> list[Completion]:
    """The completions that a reply holds, for the first of the requests where it holds fewer: choices are counted.

    `finish` is `length` where the server says so, or says nothing that we know and has used up the limit; a text that
    is cut at a stop string ended there, whatever the server says. Of several texts the server counts the tokens
    together: they are divided by the lengths of the texts, and the prompt's stand with the first.

    Raises:
        UnreadableError: The reply is none of the protocol.
    """
    said = _choices(reply, endpoint)[: len(requests)]
    read, written = _count(reply, "prompt_tokens"), _count(reply, "completion_tokens")
    shares = _shares(written, [max(len(item.text), 1) for item in said])
    found = []
    for place, (request, item, share) in enumerate(zip(requests, said, shares, strict=False)):
        text = kept(request.prompt, request.sampling.stop, item.text, chat=endpoint == "chat")
        shortened = endpoint != "chat" and len(text) < len(item.text)  # of a chat's reply the prose is left out too
        finish = _finish(item.reason, shortened, share >= request.sampling.max_tokens)
        found.append(
            Completion(
                request=request,
                text=text,
                prompt_tokens=0 if place else read,
                completion_tokens=share,
                finish=finish,
                logprobs=item.logprobs,
            )
        )
    return found


def used(reply: Any, endpoint: str, most: Tokens) -> Tokens:
    """What a reply cost: as the server counts it; where it does not, a token per byte of text, `most` at most."""
    said = sum(len(item.text.encode("utf-8", "replace")) for item in _choices(reply, endpoint))
    return Tokens(
        _count(reply, "prompt_tokens") or most.prompt,
        _count(reply, "completion_tokens") or min(most.completion, said),
    )


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
    return _floats([value for place, until, value in rows if until > begin and place < end])


def _choices(reply: Any, endpoint: str) -> list[Said]:
    """Every choice of a reply; a reply without one is none of the protocol."""
    choices = getattr(reply, "choices", None)
    found = [_said(item, endpoint) for item in choices] if isinstance(choices, list) else []
    if not found:
        raise _unreadable(reply)
    return found


def _said(choice: Any, endpoint: str) -> Said:
    holder = getattr(choice, "message", None) if endpoint == "chat" else choice
    text = getattr(holder, "content" if endpoint == "chat" else "text", None)
    if holder is not None and text is None:
        text = ""  # a refusal, or a chat model that has thought until its room was used up
    if not isinstance(text, str):
        raise _unreadable(choice)
    reason = str(getattr(choice, "finish_reason", None) or "")
    return Said(text=text, reason=reason, logprobs=_logprobs(getattr(choice, "logprobs", None)))


def _logprobs(held: Any) -> tuple[float, ...] | None:
    """A choice's log-probabilities, as completions or as chats give them; None where they are missing."""
    content = getattr(held, "content", None)
    values = [getattr(item, "logprob", None) for item in content] if isinstance(content, list) else None
    found = _floats(values if values is not None else getattr(held, "token_logprobs", None))
    return tuple(found) if found else None


def _floats(values: Any) -> list[float] | None:
    if not isinstance(values, list) or any(not isinstance(value, (int, float)) for value in values):
        return None
    return [float(value) for value in values]


def _unreadable(reply: Any) -> UnreadableError:
    return UnreadableError(
        f"the server's reply is no completion: {str(reply)[:SHOWN]!r}",
        expected="what the OpenAI protocol says",
        fix="check the url: most servers want it to end in /v1",
    )


def _finish(reason: str, shortened: bool, used_up: bool) -> Literal["stop", "length"]:
    if shortened:
        return "stop"
    return "length" if reason in LENGTHS or (reason != "stop" and used_up) else "stop"


def _count(reply: Any, name: str) -> int:
    """A token count; 0 where the server does not say."""
    value = getattr(getattr(reply, "usage", None), name, 0)
    return value if isinstance(value, int) and value > 0 else 0


def _shares(total: int, sizes: list[int]) -> list[int]:
    """A total divided in proportion to sizes; the shares sum to it."""
    whole, given, shares = sum(sizes), 0, list[int]()
    for place in range(len(sizes)):
        until = total * sum(sizes[: place + 1]) // whole
        shares.append(until - given)
        given = until
    return shares
