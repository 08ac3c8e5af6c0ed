"""A model that is right by chance: each task has a rate, and every sample is drawn anew for every seed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from etude.models.chance import uniforms
from etude.models.scripted import Scripted
from etude.records import Completion, Request, identify


@dataclass
class Chance(Scripted):
    """Gives the right one of two replies (wrong, right) at the prompt's rate, moved by `better`, and pads it.

    Args:
        words: Words of a comment before every reply: what makes answers dear.
    """

    better: float = 0.0
    words: int = 0

    @cached_property
    def fingerprint(self) -> str:
        return identify([self.table, self.better, self.words])

    def generate(self, requests: Sequence[Request]) -> Iterator[Completion]:
        for request in requests:
            wrong, right = self._find(request.prompt)
            rate = sha256(right.encode()).digest()[0] / 255 * 0.8 + self.better
            text = right if uniforms(request, 1)[0] < rate else wrong
            text = f"# {' '.join(['so'] * self.words)}\n{text}" if self.words else text
            text = text.removesuffix("\n```")
            yield Completion(
                request=request,
                text=text,
                prompt_tokens=len(request.prompt.split()),
                completion_tokens=len(text.split()),
            )
