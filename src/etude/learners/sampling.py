"""Groups of programs from a network that is just being trained, drawn by the decoder that runs sample with.

Each prompt is read once for its whole group, and samples that have ended leave the batch. Tokens come with the texts,
for the loss is taken over them; a sample ends with its end token, at a stop string, or at the limit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import Any

from etude.models.decoding import Group, drafted
from etude.models.drafts import Draft, Reader
from etude.models.loading import Loaded
from etude.models.tokens import Style, chats, fit, prompt_tokens
from etude.records import Request, Sampling


@dataclass
class Sampler:
    """Draws groups of one size.

    Attributes:
        loaded: The facts about the network, as it was loaded; the network itself is given to `draw`.
        group: Samples per prompt.
        sampling: How they are drawn; the seed and the stop strings are given to `draw`.
        style: How the model is asked.
    """

    loaded: Loaded
    group: int
    sampling: Sampling
    style: Style = "auto"

    @cached_property
    def reader(self) -> Reader:
        """Decodes tokens."""
        return Reader(self.loaded.tokenizer)

    def prompt(self, text: str) -> list[int]:
        """The tokens of a prompt, cut on the left where prompt and completion would not fit into the context."""
        tokenizer = self.loaded.tokenizer
        ids = prompt_tokens(tokenizer, text, style=self.style)
        return fit(ids, self.loaded.context, self.sampling.max_tokens, bos=tokenizer.bos_token_id)[0]

    def draw(
        self,
        network: Any,
        texts: Sequence[str],
        prompts: Sequence[list[int]],
        stops: Sequence[tuple[str, ...]],
        seed: int,
    ) -> list[Draft]:
        """One sample per prompt, in order; each prompt stands there once for every sample of its group.

        Args:
            texts, prompts: The prompts and their tokens.
            stops: The strings that end a sample of each prompt.
        """
        chat = chats(self.loaded.tokenizer, self.style)
        starts = range(0, len(prompts), self.group)
        drafts: list[Draft] = []
        for stop, own in groupby(starts, key=lambda start: stops[start]):
            sampling = replace(self.sampling, seed=seed, stop=stop)
            groups = [self._group(texts[start], prompts[start], sampling) for start in own]
            drafts.extend(drafted(replace(self.loaded, network=network), self.reader, groups, chat=chat))
        return drafts

    def _group(self, text: str, prompt: list[int], sampling: Sampling) -> Group:
        requests = tuple(Request(prompt=text, sample_index=at, sampling=sampling) for at in range(self.group))
        room = (self.loaded.context or len(prompt) + sampling.max_tokens) - len(prompt)
        return Group(tokens=tuple(prompt), limit=max(1, min(sampling.max_tokens, room)), requests=requests)
