"""A model that vLLM runs in this process: prompts are read once, adapters swapped without restart.

Each sample is a request with a seed of its own, so that it does not depend on which others are drawn beside it; vLLM's
prefix cache reads their common prompt once. Prompts become tokens here and not there, as they do for training. Engines
are kept by `vllm_engine`. It does not train.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from etude.caps import Caps
from etude.errors import InputError
from etude.models.chance import seed_of
from etude.models.folders import find_folder, hash_folder
from etude.models.tokens import Style, chats, fit, has_template, prompt_tokens, target_tokens
from etude.models.turns import kept
from etude.models.vllm_engine import Shelf, Weights, weights_of
from etude.records import Completion, Request, Sampling, identify


@dataclass
class VLLM:
    """A model folder behind vLLM.

    An adapter that a learner keeps in `model/adapter`, or a folder that holds nothing else, is put on the engine that
    runs its base already, if `lora` allows its rank; any other folder starts the engine anew.

    Attributes:
        path: A local model folder, a peft adapter's folder, or a hub id.
        dtype: Number type of the weights; `auto` is the folder's.
        batch_size: Requests given to the engine together; judging begins when they are all written.
        revision: Branch, tag or commit of a hub id.
        style: As in `huggingface`.
        logprobs: Keep the log-probability of every token written.
        lora: Highest rank of the adapters that may be swapped in; 0 swaps none.
        memory: Share of the device's memory that the engine takes; learners on the same device want the rest.
        more: Further settings of `vllm.LLM`, by its names, such as `{ max_model_len = 4096 }`.
        shelf: Holds the engine that rounds share; not a recipe key.

    Raises:
        InputError: A setting is out of range, or (at first use) the folder is not a whole model.
        MissingError: (at first use) vLLM is not installed, or the model is not there.
    """

    path: str
    dtype: str = "auto"
    batch_size: int = 256
    revision: str | None = None
    style: Style = "auto"
    logprobs: bool = False
    lora: int = 0
    memory: float = 0.5
    more: dict[str, Any] = field(default_factory=dict)
    shelf: Shelf = field(default_factory=Shelf, repr=False, compare=False)
    offers: ClassVar[tuple[str, ...]] = ("logprobs", "score", "train", "chat")

    def __post_init__(self) -> None:
        rules = {"batch_size": self.batch_size >= 1, "lora": self.lora >= 0, "memory": 0 < self.memory <= 1}
        for name, right in rules.items():
            if not right:
                raise InputError(f"{name} is {getattr(self, name)}", expected="a number in range", fix=f"set {name}")

    @cached_property
    def folder(self) -> Path:
        """The local folder that holds the files."""
        return find_folder(self.path, self.revision)

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits over the folder's files; the same words from another engine are other samples."""
        return identify({"vllm": hash_folder(self.folder), "style": self.style})

    @property
    def caps(self) -> Caps:
        """All of them, once they are asked for; a chat needs a template (of a hub model not yet here it is unknown)."""
        here = Path(self.path).expanduser()
        chat = self.style == "chat" or (self.style == "auto" and here.is_dir() and has_template(here))
        return Caps(logprobs=self.logprobs, score=True, train=True, chat=chat)

    @cached_property
    def weights(self) -> Weights:
        """The folder that the engine runs, and the adapter that is put on it."""
        return weights_of(self.folder, self.lora, self.shelf.running)

    def generate(self, requests: Sequence[Request]) -> Iterator[Completion]:
        """Answer every request, `batch_size` at a time, prompts that are alike next to each other."""
        ordered = sorted(requests, key=lambda request: request.prompt)
        for start in range(0, len(ordered), self.batch_size):
            yield from self._written(ordered[start : start + self.batch_size])

    def fits(self, prompt: str, max_tokens: int) -> bool:
        """Whether a prompt and `max_tokens` new tokens fit into the context."""
        return len(self._ids(prompt)) + max_tokens <= self._context

    def score(self, prompt: str, continuations: Sequence[str]) -> list[list[float]]:
        """Log-probability, in nats, of each token of each continuation; a prompt too long loses its beginning.

        Raises:
            InputError: A continuation alone is longer than the context.
        """
        import vllm

        ids, rows = self._ids(prompt), [target_tokens(self._tokenizer, text) for text in continuations]
        room = self._context - 1 - max(map(len, rows), default=0)
        if room < 1:
            raise InputError(
                f"a continuation is longer than the context of {self.path}, {self._context} tokens",
                expected="continuations that fit behind a prompt",
                fix="shorten the continuation, or choose a model with a longer context",
            )
        asked = vllm.SamplingParams(max_tokens=1, temperature=0.0, prompt_logprobs=0)
        found = self._run([ids[-room:] + row for row in rows], [asked] * len(rows))
        pairs = zip(rows, found, strict=True)
        return [_chances(row, reply.prompt_logprobs[-len(row) :]) if row else [] for row, reply in pairs]

    @property
    def _engine(self) -> Any:
        settings = {"dtype": self.dtype, "gpu_memory_utilization": self.memory, **self.more}
        return self.shelf.engine(self.weights, self.lora, settings)

    @property
    def _tokenizer(self) -> Any:
        return self._engine.get_tokenizer()

    @property
    def _context(self) -> int:
        return int(self._engine.llm_engine.model_config.max_model_len)

    def _ids(self, prompt: str) -> list[int]:
        return prompt_tokens(self._tokenizer, prompt, style=self.style)

    def _written(self, requests: Sequence[Request]) -> Iterator[Completion]:
        chat, start = chats(self._tokenizer, self.style), self._tokenizer.bos_token_id
        known = {prompt: self._ids(prompt) for prompt in dict.fromkeys(request.prompt for request in requests)}
        fitted = [fit(known[item.prompt], self._context, item.sampling.max_tokens, bos=start) for item in requests]
        able = [place for place, (_, limit) in enumerate(fitted) if limit > 0]
        asked = [self._sampling(requests[place], fitted[place][1], chat) for place in able]
        found = dict(zip(able, self._run([fitted[place][0] for place in able], asked), strict=True))
        for place, (request, (ids, _)) in enumerate(zip(requests, fitted, strict=True)):
            yield _completion(request, len(ids), found[place].outputs[0] if place in found else None, chat)

    def _run(self, prompts: list[list[int]], asked: list[Any]) -> list[Any]:
        rows = [{"prompt_token_ids": ids} for ids in prompts]
        request = self.shelf.request(self.weights)
        return list(self._engine.generate(rows, asked, use_tqdm=False, lora_request=request)) if rows else []

    def _sampling(self, request: Request, limit: int, chat: bool) -> Any:
        import vllm

        return vllm.SamplingParams(**settings_of(request, limit, chat=chat, logprobs=self.logprobs))


def settings_of(request: Request, limit: int, *, chat: bool, logprobs: bool) -> dict[str, Any]:
    """The settings of `vllm.SamplingParams` for one sample, with its own seed.

    Args:
        limit: New tokens that there is room for.
        chat: A stop string may stand in front of what a chat is asked for, so none is handed over.
    """
    sampling: Sampling = request.sampling
    return {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": limit,
        "seed": seed_of(request),
        "stop": None if chat or not sampling.stop else list(sampling.stop),
        "logprobs": 0 if logprobs else None,
    }


def _completion(request: Request, prompt_tokens: int, output: Any, chat: bool) -> Completion:
    """The completion that one output stands for; None is one that there was no room for."""
    if output is None:
        return Completion(request=request, text="", prompt_tokens=prompt_tokens, completion_tokens=0, finish="length")
    ids = list(output.token_ids)
    return Completion(
        request=request,
        text=kept(request.prompt, request.sampling.stop, output.text, chat=chat),
        prompt_tokens=prompt_tokens,
        completion_tokens=len(ids),
        finish="length" if output.finish_reason == "length" else "stop",
        logprobs=tuple(_chances(ids, output.logprobs)) if output.logprobs else None,
    )


def _chances(ids: Sequence[int], rows: Sequence[Any]) -> list[float]:
    """Log-probability of each token, of vLLM's tables by token id."""
    return [float(row[token].logprob) for token, row in zip(ids, rows, strict=True)]
