"""A Hugging Face model, causal or encoder-decoder, from a local folder or the hub.

It decides which requests are decoded together and halves a batch that does not fit into memory; the token loop itself
is in `decoding`. Nothing is loaded before the first use. It does not train.
"""

import json
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from etude.caps import Caps
from etude.errors import InputError, MissingError
from etude.models.decoding import Group, decode, out_of_memory
from etude.models.drafts import Reader
from etude.models.folders import base_of, find_folder, hash_folder, is_adapter
from etude.models.loading import Loaded, load, quiet
from etude.models.scoring import score_tokens
from etude.models.tokens import Style, chats, fit, has_template, prompt_tokens, target_tokens
from etude.records import Completion, Request, Sampling, identify

log = logging.getLogger(__name__)


@dataclass
class HuggingFace:
    """A model that writes.

    Completions arrive batch by batch, so that judging can overlap. A sample depends on its own prompt, seed and index
    alone, apart from the rounding of sums in batches of other shapes.

    Attributes:
        path: A local model folder, a peft adapter's folder (its base is looked up), or a hub id.
        device: `auto` takes cuda, else mps, else cpu.
        dtype: `auto` is bfloat16 on cuda and float32 elsewhere.
        batch_size: Sequences decoded together; halved for good when memory runs out.
        revision: Branch, tag or commit of a hub id.
        style: `chat` asks in the tokenizer's chat template and reads the answer as a chat's, `completion` has the
            prompt continued, `auto` chats where the tokenizer has a template. Learners follow it.
        logprobs: Keep the log-probability of every token written.
        loading_seconds: What loading the weights took; 0 before that.

    Raises:
        InputError: (at first use) The folder is not a whole model, or a setting is out of range.
        MissingError: (at first use) No such folder or hub model, no such device, or torch is not installed.
    """

    path: str
    device: str = "auto"
    dtype: str = "auto"
    batch_size: int = 64
    revision: str | None = None
    style: Style = "auto"
    logprobs: bool = False
    offers: ClassVar[tuple[str, ...]] = ("logprobs", "score", "train", "chat")
    loading_seconds: float = field(default=0.0, init=False, repr=False, compare=False)
    _capacity: int | None = field(default=None, init=False, repr=False, compare=False)

    @cached_property
    def folder(self) -> Path:
        """The local folder that holds the files."""
        return find_folder(self.path, self.revision)

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits over the names and bytes of config, weights and tokenizer files; a style of your own counts."""
        own = hash_folder(self.folder)
        return own if self.style == "auto" else identify({"folder": own, "style": self.style})

    @property
    def caps(self) -> Caps:
        """All of them, once they are asked for; a chat needs a template (of a hub model not yet here it is unknown)."""
        here = Path(self.path).expanduser()
        chat = self.style == "chat" or (self.style == "auto" and here.is_dir() and has_template(here))
        return Caps(logprobs=self.logprobs, score=True, train=True, chat=chat)

    @cached_property
    def loaded(self) -> Loaded:
        """Network and tokenizer, loaded at first use."""
        start = time.monotonic()
        found = load(self.folder, self.device, self.dtype)
        self.loading_seconds = time.monotonic() - start
        return found

    @cached_property
    def _reader(self) -> Reader:
        return Reader(self.loaded.tokenizer, goes_on=not self.loaded.encoder_decoder)

    @cached_property
    def _chat(self) -> bool:
        return chats(self.loaded.tokenizer, self.style)

    @property
    def capacity(self) -> int:
        """Sequences decoded together now: `batch_size`, or what memory has allowed so far."""
        return self._capacity or self.batch_size

    def generate(self, requests: Sequence[Request]) -> Iterator[Completion]:
        """Answer every request, longest prompts first.

        Prompts longer than the context lose their beginning, and completions may end early (`finish` is `length`) so
        that both fit; this is logged, and `Completion.prompt_tokens` is what the model was really given.
        """
        _require_settings(self.batch_size, requests)
        kinds = dict.fromkeys(request.sampling for request in requests)
        for sampling in kinds:
            groups = self._groups([request for request in requests if request.sampling == sampling], sampling)
            waiting = sorted(groups, key=lambda group: len(group.tokens), reverse=True)
            while waiting:
                batch, waiting = take_batch(waiting, self.capacity)
                done = self._try(batch)
                if done is None:
                    waiting = batch + waiting
                else:
                    yield from done

    def fits(self, prompt: str, max_tokens: int) -> bool:
        """Whether a prompt and `max_tokens` new tokens fit into the context (an encoder: the prompt alone)."""
        plain = self.style == "completion" or not has_template(self.folder)  # what a template adds is not known here
        if plain and len(prompt.encode("utf-8", "replace")) + max_tokens <= self._stated_context:
            return True  # a token is at least one byte: no network need be loaded to know
        ids = self._ids(prompt)
        answer = 0 if self.loaded.encoder_decoder else max_tokens
        return self.loaded.context is None or len(ids) + answer <= self.loaded.context

    @cached_property
    def _stated_context(self) -> int:
        """Positions that the folder's configuration names at its top; 0 where it names none there."""
        folder = base_of(self.folder) if is_adapter(self.folder) else self.folder
        stated = json.loads((folder / "config.json").read_text()).get("max_position_embeddings", 0)
        return stated if isinstance(stated, int) else 0

    def score(self, prompt: str, continuations: Sequence[str]) -> list[list[float]]:
        """Log-probability, in nats, of each token of each continuation of the prompt.

        An end token is not scored. A prompt too long for the context loses its beginning.

        Raises:
            InputError: A continuation alone is longer than the context.
        """
        model, scores = self.loaded, list[list[float]]()
        import transformers

        rows = [target_tokens(model.tokenizer, text) for text in continuations]
        longest = max(map(len, rows), default=0)
        room = (model.context or longest + 2) - longest
        if room < 1:
            raise InputError(
                f"a continuation has {longest} tokens, the context of {self.path} is {model.context}",
                expected="continuations that fit behind a prompt",
                fix="shorten the continuation, or choose a model with a longer context",
            )
        ids = self._prompt(prompt, longest)[0]
        ids = ids if model.encoder_decoder or model.context is None else ids[-room:]
        while len(scores) < len(rows):
            part = rows[len(scores) : len(scores) + self.capacity]
            try:
                with quiet(transformers):
                    scores.extend(score_tokens(model, ids, part))
            except (RuntimeError, MemoryError) as error:
                self._halve(len(part), error)
        return scores

    def _groups(self, requests: Sequence[Request], sampling: Sampling) -> list[Group]:
        prompts: dict[str, list[Request]] = {}
        for request in requests:
            prompts.setdefault(request.prompt, []).append(request)
        groups, cut = [], 0
        for prompt, asked in prompts.items():
            ids, limit, shortened = self._prompt(prompt, sampling.max_tokens)
            cut += shortened
            groups.append(Group(tokens=tuple(ids), limit=limit, requests=tuple(asked)))
        if cut:
            log.warning("%d of %d prompts were longer than the context and lost their beginning", cut, len(prompts))
        return groups

    def _prompt(self, prompt: str, max_tokens: int) -> tuple[list[int], int, bool]:
        """Ids of a prompt, how many tokens may follow, and whether its beginning was cut off."""
        model = self.loaded
        ids = self._ids(prompt)
        if max(ids) >= model.known:
            raise InputError(
                f"the tokenizer of {self.path} gives token {max(ids)}, the network knows {model.known} tokens",
                expected="the tokenizer that the network was trained with",
                fix="save the right tokenizer into the model folder, or call resize_token_embeddings and train",
            )
        if model.encoder_decoder:  # prompt and completion have a context each
            kept = ids if model.context is None else ids[-model.context :]
            return kept, min(max_tokens, (model.context or max_tokens + 1) - 1), len(kept) < len(ids)
        kept, limit = fit(ids, model.context, max_tokens, bos=model.tokenizer.bos_token_id)
        return kept, limit, len(kept) < len(ids)

    def _ids(self, prompt: str) -> list[int]:
        encoder_decoder = self.loaded.encoder_decoder
        return prompt_tokens(self.loaded.tokenizer, prompt, encoder_decoder=encoder_decoder, style=self.style)

    def _try(self, batch: list[Group]) -> list[Completion] | None:
        """The batch's completions, or None where it did not fit into memory (the capacity is smaller then)."""
        loaded = self.loaded  # says what is missing where transformers is not installed
        import transformers

        try:
            with quiet(transformers):
                return decode(loaded, self._reader, batch, chat=self._chat, logprobs=self.logprobs)
        except (RuntimeError, MemoryError) as error:
            self._halve(sum(len(group.requests) for group in batch), error)
            return None

    def _halve(self, size: int, error: BaseException) -> None:
        """Make batches half as large; an error that is not about memory, or a batch of one, is raised."""
        if not out_of_memory(error):
            raise error
        if size <= 1:
            raise MissingError(
                f"one sequence of {self.path} does not fit into the memory of {self.loaded.device}",
                expected="room for the weights and one key-value cache",
                fix='lower max_tokens, choose a smaller model or dtype, or set device = "cpu"',
            ) from error
        self._capacity = size // 2
        log.warning("out of memory with %d sequences at once; going on with %d", size, self._capacity)
        if self.loaded.device.type == "cuda":
            import torch

            error.__traceback__ = None  # the frames hold the tensors of the batch
            torch.cuda.empty_cache()


def take_batch(groups: Sequence[Group], capacity: int) -> tuple[list[Group], list[Group]]:
    """The first groups that fit into `capacity` sequences, and the rest.

    A group is split only where it alone is too large, so that its prompt is read once.
    """
    taken: list[Group] = []
    room = capacity
    for place, group in enumerate(groups):
        if len(group.requests) <= room:
            taken.append(group)
            room -= len(group.requests)
        elif taken:
            return taken, list(groups[place:])
        else:
            first, rest = (
                Group(tokens=group.tokens, limit=group.limit, requests=part)
                for part in (group.requests[:capacity], group.requests[capacity:])
            )
            return [first], [rest, *groups[place + 1 :]]
    return taken, []


def _require_settings(batch_size: int, requests: Sequence[Request]) -> None:
    if batch_size < 1:
        raise InputError(f"batch_size is {batch_size}", expected="1 or more", fix="set batch_size = 64")
    for sampling in dict.fromkeys(request.sampling for request in requests):
        problems = {
            f"max_tokens is {sampling.max_tokens}": (sampling.max_tokens >= 0, "0 or more"),
            f"temperature is {sampling.temperature}": (sampling.temperature >= 0, "0 (greedy) or more"),
            f"top_p is {sampling.top_p}": (0 < sampling.top_p <= 1, "above 0, at most 1"),
            f"a stop string is empty: {sampling.stop!r}": (all(sampling.stop), "stop strings of one letter or more"),
        }
        for found, (right, expected) in problems.items():
            if not right:
                raise InputError(found, expected=expected, fix="change the sampling settings of the solver")
