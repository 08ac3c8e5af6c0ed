"""A model behind a server that speaks the OpenAI protocol: vLLM, llama.cpp, `transformers serve`, hosted ones.

A few requests at a time (`openai_crew`), each tried until it is answered or hopeless and paid for from an account with
caps (`openai_asking`, `spending`). What a reply means is read in `openai_replies`, what an error means in
`openai_errors`. It does not learn, and weights cannot be hashed from afar: samples are kept under the server's address,
the model's name and your word for its `revision`.
"""

import os
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

from etude.caps import Caps
from etude.errors import EtudeError, InputError, MissingError
from etude.models.chance import seed_of
from etude.models.openai_asking import Asking
from etude.models.openai_crew import Answered, Crew
from etude.models.openai_errors import explain, hidden, probed
from etude.models.openai_replies import UnreadableError, scores_of
from etude.models.spending import Account, Tariff, require_tariff
from etude.records import Completion, Request, identify

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
        n: Samples of one prompt that are asked in one request, which pays for the prompt once. The samples of a request
            share a seed, so what a sample is then depends on which others were missing; 1 gives each its own. A server
            that gives fewer is asked for the rest.
        logprobs: Ask for the log-probabilities of what is written; where a server gives none they are missing.
        retries: Further tries of a request after 408, 409, 425, 429, 5xx, a time that ran out, a broken connection or a
            reply that cannot be read, with growing pauses, or as long as the server says.
        timeout: Seconds that one try may take.
        token_cap: Tokens, read and written, that may be spent in the run's ledger; 0 has no cap.
        money_cap: Money that may be spent so; it wants both prices. 0 has no cap.
        prompt_price: Of a million tokens read, in any currency.
        completion_price: Of a million tokens written.
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
    n: int = 1
    logprobs: bool = False
    retries: int = 5
    timeout: float = 120.0
    token_cap: int = 0
    money_cap: float = 0.0
    prompt_price: float = 0.0
    completion_price: float = 0.0
    stops: int = 4
    revision: str = ""
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    extra: dict[str, Any] = field(default_factory=dict)
    offers: ClassVar[tuple[str, ...]] = ("logprobs", "score", "chat")
    _probed: bool = field(default=False, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _require_settings(self)

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits over all that a sample depends on and that can be known from here."""
        known = {"url": self.url.rstrip("/"), "model": self.model, "endpoint": self.endpoint}
        return identify({"openai": {**known, "revision": self.revision, "extra": self.extra}})

    @property
    def caps(self) -> Caps:
        """What the protocol has a place for; a server may still say no to `score`."""
        return Caps(logprobs=self.logprobs, score=self.endpoint == "completions", chat=self.endpoint == "chat")

    @cached_property
    def account(self) -> Account:
        """What was spent, and what may be."""
        return Account(self.fingerprint, self._tariff)

    @property
    def _tariff(self) -> Tariff:
        return Tariff(**{name: getattr(self, name) for name in Tariff.__dataclass_fields__})

    def generate(self, requests: Sequence[Request]) -> Iterator[Completion]:
        """Answer every request, in the order in which answers arrive.

        Raises:
            CapError: A cap is reached.
            EtudeError: The server cannot be used. Either way, what was on its way is handed on first.
        """
        for request in requests:
            if request.sampling.max_tokens < 1:
                yield Completion(request=request, text="", prompt_tokens=0, completion_tokens=0, finish="length")
        asked = [request for request in requests if request.sampling.max_tokens >= 1]
        if asked:
            self._probe()
            over = threading.Event()
            with self._client() as client:
                yield from Crew(self._asking(client, over), self.concurrency, self.n, over).work(asked)

    def score(self, prompt: str, continuations: Sequence[str]) -> list[list[float]]:
        """Log-probability, in nats, of each token of each continuation; a token across the border counts to it.

        Raises:
            MissingError: The server does not give the probabilities of a text that is sent to it.
        """
        self._probe()
        with self._client() as client:
            return [self._scored(client, _clean(prompt), _clean(text)) for text in continuations]

    def _asking(self, client: Any, over: threading.Event) -> Answered:
        """What answers some requests of one prompt and sampling; its errors are the user's, or raised as they are."""
        import openai

        asking = Asking(
            ask=lambda requests: self._ask(client, requests),
            endpoint=self.endpoint,
            retries=self.retries,
            account=self.account,
            over=over,
        )

        def answered(requests: Sequence[Request]) -> list[Completion]:
            try:
                return asking.answered(requests)
            except UnreadableError as error:
                raise explain(error, self, client) from None
            except EtudeError:
                raise
            except (openai.OpenAIError, ValueError) as error:  # a ValueError: what arrived was no JSON
                raise explain(error, self, client) from None

        return answered

    def _ask(self, client: Any, requests: Sequence[Request]) -> Any:
        sampling, prompt = requests[0].sampling, _clean(requests[0].prompt)
        settings: dict[str, Any] = {
            "model": self.model,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": seed_of(requests[0]),
            "extra_body": {self.limit: sampling.max_tokens, **self.extra},
            **({"n": len(requests)} if len(requests) > 1 else {}),
        }
        if self.endpoint == "chat":  # a stop string may stand in front of what is wanted: only the reader can tell
            settings |= {"logprobs": True} if self.logprobs else {}
            return client.chat.completions.create(messages=[{"role": "user", "content": prompt}], **settings)
        settings |= {"logprobs": 1} if self.logprobs else {}  # some servers take 0 for no
        if sampling.stop and self.stops:
            settings["stop"] = list(sampling.stop[: self.stops])
        return client.completions.create(prompt=prompt, **settings)

    def _scored(self, client: Any, prompt: str, text: str) -> list[float]:
        import openai

        refused, most = "", self.account.most(prompt + text, 1, 1)
        self.account.set_aside(most, lambda: True)
        patient = client.with_options(max_retries=self.retries)
        try:
            asked = {"model": self.model, "prompt": prompt + text, "max_tokens": 1, "temperature": 0}  # some take no 0
            found = scores_of(patient.completions.create(echo=True, logprobs=1, **asked), prompt, text)
        except (openai.BadRequestError, openai.NotFoundError, openai.InternalServerError) as error:
            found, refused = None, f": {hidden(str(error), self)}"
        except openai.OpenAIError as error:
            raise explain(error, self, client) from None
        finally:
            self.account.book(most, most, sure=False)
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
        client = openai.OpenAI(base_url=self.url, api_key=self._secret(), max_retries=0, timeout=self.timeout)
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
    if place.query or place.fragment:
        raise InputError("url holds more than an address", expected="a plain address", fix="set key = NAME_OF_VARIABLE")
    require_tariff(model._tariff)
    least = {"concurrency": 1, "n": 1, "retries": 0, "stops": 0}
    for name, at_least in least.items():
        if getattr(model, name) < at_least:
            raise InputError(f"{name} is {getattr(model, name)}", expected=f"{at_least} or more", fix=f"set {name}")
    if model.timeout <= 0:
        raise InputError(f"timeout is {model.timeout}", expected="seconds above 0", fix="set timeout = 120")
