"""A text being written: it takes tokens one by one and knows when it has ended.

Stop strings may lie across token borders. Decoding the whole text after every token would cost more than a small
network does, so the tail of the text is followed by adding up the texts of single tokens; this only *triggers* a real
decoding, which alone decides where the text is cut.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from etude.models.turns import kept
from etude.records import Completion, Request


class Reader:
    """Decodes a tokenizer's tokens, with the text of each single token remembered.

    Many tokenizers swallow the space in front of a text's first token. A causal completion is no text of its own but
    goes on, so it is decoded behind an anchor, whose text is then taken off.
    """

    def __init__(self, tokenizer: Any, *, goes_on: bool = True) -> None:
        self._tokenizer = tokenizer
        self._pieces: dict[int, str] = {}
        self._goes_on = goes_on
        self._anchor = [int(token) for token in tokenizer("a", add_special_tokens=False, verbose=False)["input_ids"]]
        self._before = self._decode(self._anchor)

    def text(self, tokens: list[int]) -> str:
        """The text of some tokens, special ones left out."""
        return self._behind(tokens) if self._goes_on else self._decode(tokens)

    def piece(self, token: int) -> str:
        """What a token adds to a text; the replacement character stands for a part of a letter."""
        known = self._pieces.get(token)
        if known is None:
            known = self._behind([token])
            self._pieces[token] = known
        return known

    def _behind(self, tokens: list[int]) -> str:
        return self._decode([*self._anchor, *tokens])[len(self._before) :]

    def _decode(self, tokens: list[int]) -> str:
        return str(self._tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False))


@dataclass(slots=True, kw_only=True)
class Draft:
    """One sample while it is written.

    Attributes:
        prompt_tokens: How many tokens of the prompt the network was given.
        limit: How many tokens it may have.
        chat: It is a turn of a chat: read as one when it has ended, with no stop string before that.
        logprobs: Of its tokens, where they are wanted.
    """

    request: Request
    reader: Reader
    ends: frozenset[int]
    prompt_tokens: int
    limit: int
    chat: bool = False
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    tail: str = ""
    text: str | None = None
    finish: Literal["stop", "length"] = "stop"

    def take(self, token: int) -> bool:
        """Add a token; True when the text has ended with it."""
        self.tokens.append(token)
        if token in self.ends:
            self._close(self.tokens[:-1], "stop")
        elif self._may_stop(token) and self._kept(text := self.reader.text(self.tokens)) != text:
            self._close(self.tokens, "stop")
        elif len(self.tokens) >= self.limit:
            self._close(self.tokens, "length")
        return self.text is not None

    def completion(self) -> Completion:
        """The finished completion; for a draft that was never given room, an empty one that ran out of length."""
        if self.text is None:
            self._close(self.tokens, "length")
        return Completion(
            request=self.request,
            text=self.text or "",
            prompt_tokens=self.prompt_tokens,
            completion_tokens=len(self.tokens),
            finish=self.finish,
            logprobs=tuple(self.logprobs) or None,
        )

    def _may_stop(self, token: int) -> bool:
        stops = self.request.sampling.stop
        if not stops or self.chat:
            return False
        piece = self.reader.piece(token)
        longest = max(map(len, stops))
        tail = self.tail + piece
        self.tail = tail[-longest:]
        return "\ufffd" in tail or any(stop in tail for stop in stops)

    def _kept(self, text: str) -> str:
        request = self.request
        return kept(request.prompt, request.sampling.stop, text, chat=self.chat)

    def _close(self, tokens: list[int], finish: Literal["stop", "length"]) -> None:
        said = self.reader.text(tokens)
        self.text = self._kept(said)
        self.finish = "stop" if len(self.text) < len(said) and not self.chat else finish
