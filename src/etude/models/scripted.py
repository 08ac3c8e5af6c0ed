"""A model whose replies are written down beforehand: for tests, demonstrations and other people's samples.

It is deterministic and needs no torch. It has no probabilities, and says so.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from etude.caps import Caps
from etude.errors import InputError, MissingError
from etude.records import Completion, Request, identify

Match = Literal["exact", "substring"]


@dataclass
class Scripted:
    """Answers the i-th sample of a prompt with `replies[i % len(replies)]`, cut before the first stop string.

    Attributes:
        replies: Prompt -> reply or list of replies; or the path of a JSON file with such an object.
        default: Replies to prompts that are not in the table; None makes such a prompt an error.
        match: `exact` looks the whole prompt up. `substring` takes the longest key that occurs in the prompt (of keys
            of one length the first in alphabetical order); handy where a template wraps the task's text.

    Raises:
        InputError: (at first use) The table is malformed, or a prompt is not in it.
    """

    replies: Mapping[str, Any] | str = field(default_factory=dict)
    default: Sequence[str] | str | None = None
    match: Match = "exact"

    @cached_property
    def table(self) -> dict[str, tuple[str, ...]]:
        """Key -> its replies."""
        if self.match not in ("exact", "substring"):
            raise InputError(f"match is {self.match!r}", expected="a way to look up", choices=("exact", "substring"))
        table = _read(self.replies) if isinstance(self.replies, (str, Path)) else self.replies
        if not isinstance(table, Mapping):
            raise InputError(
                f"the replies are a {type(table).__name__}", expected="an object: prompt -> list of replies"
            )
        return {str(key): _replies(value, f"of prompt {str(key)[:60]!r}") for key, value in table.items()}

    @property
    def caps(self) -> Caps:
        """Nothing: the words are written down, and that is all."""
        return Caps()

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits over the table and the way it is looked up."""
        default = None if self.default is None else _replies(self.default, "by default")
        return identify({"replies": self.table, "default": default, "match": self.match})

    def generate(self, requests: Sequence[Request]) -> Iterator[Completion]:
        """Answer every request, in order; token counts are counts of words."""
        for request in requests:
            replies = self._find(request.prompt)
            reply = replies[request.sample_index % len(replies)]
            places = [place for stop in request.sampling.stop if (place := reply.find(stop)) >= 0]
            text = reply[: min(places, default=len(reply))]
            yield Completion(
                request=request,
                text=text,
                prompt_tokens=len(request.prompt.split()),
                completion_tokens=len(text.split()),
            )

    def score(self, prompt: str, continuations: Sequence[str]) -> list[list[float]]:
        """Always raises: written replies have no probability.

        Raises:
            MissingError: Always.
        """
        raise MissingError(
            "a scripted model has no probabilities to score with",
            expected="a model with weights",
            choices=("huggingface",),
            fix='set use = "huggingface" for the model',
        )

    def _find(self, prompt: str) -> tuple[str, ...]:
        if self.match == "exact" and prompt in self.table:
            return self.table[prompt]
        if self.match == "substring":
            keys = sorted((key for key in self.table if key in prompt), key=lambda key: (-len(key), key))
            if keys:
                return self.table[keys[0]]
        if self.default is not None:
            return _replies(self.default, "by default")
        raise InputError(
            f"no reply is written for the prompt {prompt[:80]!r}",
            expected=f"one of the {len(self.table)} prompts of the table ({self.match} match)",
            choices=tuple(repr(key[:40]) for key in sorted(self.table)[:5]),
            fix="add the prompt to the replies, or set default",
        )


def _replies(value: Any, where: str) -> tuple[str, ...]:
    replies = (value,) if isinstance(value, str) else value
    if isinstance(replies, Sequence) and replies and all(isinstance(reply, str) for reply in replies):
        return tuple(replies)
    raise InputError(f"the replies {where} are {value!r}"[:200], expected="a text, or a list of at least one text")


def _read(path: str | Path) -> Any:
    try:
        return json.loads(Path(path).expanduser().read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"the replies cannot be read from {path}: {error}",
            expected="a JSON file with an object: prompt -> list of replies",
            fix="check the path and the file",
        ) from None
