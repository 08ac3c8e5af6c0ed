"""A model behind a server that speaks the OpenAI protocol: vLLM, llama.cpp, `transformers serve`, hosted ones.

One request per sample, a few at a time, each with a seed of its own; the `openai` client waits and tries again. What a
reply means is read in `openai_replies`, what an error means in `openai_errors`. It does not learn, and weights cannot
be hashed from afar: samples are kept under the server's address, the model's name and your word for its `revision`.
"""

import os
import queue
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal
from urllib.parse import urlsplit

from etude.errors import InputError, MissingError
from etude.models.chance import uniforms
from etude.models.openai_errors import explain, probed
from etude.models.openai_replies import completion, scores_of
from etude.records import Completion, Request, identify

POLL = 0.2  # seconds between two looks whether anybody still wants the answers
NO_KEY = "none"  # the client wants some text, and would else send the key of the environment to any server


@dataclass
class OpenAI:
    """A model that a server runs.

    Completions arrive as they are finished. A server that takes no notice of seeds still gives one stored text per
    sample.

    Attributes:
        url: Where the server's interface begins, such as `http://localhost:8000/v1`.
        model: The model's name on that server.
        key: The NAME of the environment variable that holds the key, or "" for a server that wants none.
        endpoint: `completions` continues the prompt; `chat` sends it as one message and reads the answer as its
            continuation where it is one.
        concurrency: Requests on their way at once.
        retries: Further tries of a request after 408, 409, 429, 5xx or a broken connection, with growing pauses.
        timeout: Seconds that one try may take.
        stops: Stop strings that are sent at most; the server's limit (4 is what hosted ones take). All are cut here.
        revision: Your word for the weights behind the name; another word draws anew.
        limit: What the server calls the limit of new tokens.
        extra: More fields of every request, such as `{top_k = 50}`.

    Raises:
        InputError: A setting is out of range, or the key itself was given.
        MissingError: (at first use) The client is not installed, or the key, server or model is not there.
    """

    url: str
    model: str
    key: str = ""
    endpoint: Literal["completions", "chat"] = "completions"
    concurrency: int = 8
    retries: int = 5
    timeout: float = 120.0
    stops: int = 4
    revision: str = ""
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    extra: dict[str, Any] = field(default_factory=dict)
    _probed: bool = field(default=False, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _require_settings(self)

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits over all that a sample depends on and that can be known from here."""
        known = {"url": self.url.rstrip("/"), "model": self.model, "endpoint": self.endpoint}
        return identify({"openai": {**known, "revision": self.revision, "extra": self.extra}})

    def generate(self, requests: Sequence[Request]) -> Iterator[Completion]:
        """Answer every request, in the order in which answers arrive.

        Raises:
            EtudeError: The server cannot be used; what had arrived before was handed on.
        """
        for request in requests:
            if request.sampling.max_tokens < 1:
                yield Completion(request=request, text="", prompt_tokens=0, completion_tokens=0, finish="length")
        asked = [request for request in requests if request.sampling.max_tokens >= 1]
        if asked:
            self._probe()
            with self._client() as client:
                yield from self._answers(client, asked)

    def score(self, prompt: str, continuations: Sequence[str]) -> list[list[float]]:
        """Log-probability, in nats, of each token of each continuation; a token across the border counts to it.

        Raises:
            MissingError: The server does not give the probabilities of a text that is sent to it.
        """
        self._probe()
        with self._client() as client:
            return [self._scored(client, _clean(prompt), _clean(text)) for text in continuations]

    def _answers(self, client: Any, requests: Sequence[Request]) -> Iterator[Completion]:
        """Completions from a few threads, which end with this generator. They never hold up the end of the program."""
        waiting: queue.SimpleQueue[Request] = queue.SimpleQueue()
        answers: queue.Queue[Completion | Exception] = queue.Queue(self.concurrency)
        over = threading.Event()
        for request in requests:
            waiting.put(request)

        def work() -> None:
            with suppress(queue.Empty):
                while not over.is_set():
                    hand_over(self._answered(client, waiting.get_nowait()))

        def hand_over(answer: Completion | Exception) -> None:
            while not over.is_set():
                with suppress(queue.Full):
                    return answers.put(answer, timeout=POLL)

        for _ in range(min(self.concurrency, len(requests))):
            threading.Thread(target=work, daemon=True).start()
        try:
            for _ in requests:
                answer = answers.get()
                if isinstance(answer, Exception):
                    raise answer
                yield answer
        finally:
            over.set()

    def _answered(self, client: Any, request: Request) -> Completion | Exception:
        """The completion, or what the user should be told; any other exception as it is, for the reader to raise."""
        import openai

        try:
            return completion(request, self._ask(client, request), self.endpoint)
        except (openai.OpenAIError, ValueError) as error:  # a ValueError: what arrived was no JSON
            return explain(error, self, client)
        except Exception as error:
            return error

    def _ask(self, client: Any, request: Request) -> Any:
        sampling, prompt = request.sampling, _clean(request.prompt)
        settings: dict[str, Any] = {
            "model": self.model,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": seed_of(request),
            "extra_body": {self.limit: sampling.max_tokens, **self.extra},
        }
        if self.endpoint == "chat":  # a stop string may stand in front of what is wanted: only the reader can tell
            return client.chat.completions.create(messages=[{"role": "user", "content": prompt}], **settings)
        if sampling.stop and self.stops:
            settings["stop"] = list(sampling.stop[: self.stops])
        return client.completions.create(prompt=prompt, **settings)

    def _scored(self, client: Any, prompt: str, text: str) -> list[float]:
        import openai

        refused = ""
        try:
            asked = {"model": self.model, "prompt": prompt + text, "max_tokens": 1, "temperature": 0}  # some take no 0
            found = scores_of(client.completions.create(echo=True, logprobs=1, **asked), prompt, text)
        except (openai.BadRequestError, openai.NotFoundError, openai.InternalServerError) as error:
            found, refused = None, f": {error}"
        except openai.OpenAIError as error:
            raise explain(error, self, client) from None
        if found is None:
            raise MissingError(
                f"the server at {self.url} gives no probabilities of a text that is sent to it{refused[:300]}",
                expected="completions with echo and logprobs, as vLLM has them",
                choices=("huggingface",),
                fix='serve the model with vLLM, or set use = "huggingface" for the model',
            )
        return found

    @contextmanager
    def _client(self) -> Iterator[Any]:
        try:
            import openai
        except ImportError:
            raise MissingError(
                "the openai client, which talks to servers, is not installed", fix="pip install 'etude[openai]'"
            ) from None
        client = openai.OpenAI(
            base_url=self.url, api_key=self._secret(), max_retries=self.retries, timeout=self.timeout
        )
        try:
            yield client
        finally:
            client.close()

    def _secret(self) -> str:
        secret = os.environ.get(self.key, "").strip() if self.key else NO_KEY
        if secret:
            return secret
        named = f" {self.key}" if self.key.isupper() else ""  # what is not written like a name might be the key itself
        raise MissingError(
            f"the environment variable{named} that should hold the key is not set",
            expected="`key` as the name of an environment variable, never the key itself",
            fix=f"export {named.strip() or 'NAME'}=... and run again",
        )

    def _probe(self) -> None:
        """Says at once that nobody listens, where a request would be tried again and again first.

        Over a connection of its own: a server that stumbles over the question closes it.
        """
        if not self._probed:
            with self._client() as client:
                probed(self, client)
            self._probed = True


def seed_of(request: Request) -> int:
    """A sample's own seed of 31 bits, from the same stream of numbers as local sampling: run's seed, prompt, index."""
    high, low = uniforms(request, 2).tolist()
    return int(high * 2**16) << 15 | int(low * 2**15)


def _clean(text: str) -> str:
    """The text as it can be sent; a lone surrogate cannot."""
    return text.encode("utf-8", "replace").decode()


def _require_settings(model: OpenAI) -> None:
    place = urlsplit(model.url)
    if place.scheme not in ("http", "https") or not place.hostname:
        raise InputError(f"url is {model.url!r}", expected="such as http://localhost:8000/v1", fix="set url")
    if place.username or place.password or "@" in place.netloc:
        raise InputError("url holds a name or a password", expected="a plain address", fix="set key = NAME_OF_VARIABLE")
    if model.key and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", model.key):
        raise InputError(
            "key is no name of an environment variable (it is not repeated here, as it may be the key itself)",
            expected="the name of the variable that holds the key",
            fix='export SERVER_KEY=... and set key = "SERVER_KEY"',
        )
    least = {"concurrency": 1, "retries": 0, "stops": 0}
    for name, at_least in least.items():
        if getattr(model, name) < at_least:
            raise InputError(f"{name} is {getattr(model, name)}", expected=f"{at_least} or more", fix=f"set {name}")
    if model.timeout <= 0:
        raise InputError(f"timeout is {model.timeout}", expected="seconds above 0", fix="set timeout = 120")
