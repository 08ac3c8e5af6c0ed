"""One request to a server until it is answered: tried again with growing pauses, paid for from an account.

What is tried again: a busy server (408, 409, 425, 429, 5xx; `Retry-After` is obeyed), a time that ran out, a cut
connection, a reply that is no JSON or holds no choice. Everything else is the user's to mend and is raised at once. How
many requests are on their way together is decided by `openai_crew`.
"""

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from etude.models.openai_replies import UnreadableError, completions, used
from etude.models.spending import Account, Tokens
from etude.records import Completion, Request

BUSY = (408, 409, 425, 429)
FIRST, LONGEST = 0.5, 8.0  # seconds of the pauses that we choose; they double
PATIENCE = 300.0  # seconds that a server may ask us to wait
NEVER_CAME = ("ConnectError", "ConnectTimeout", "PoolTimeout")  # what the client's library calls a request never sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What an error says about a try.

    Attributes:
        again: Whether another try may do better.
        paid: Whether the server may have written (and charged for) an answer that we did not get.
        pause: Seconds that the server wants us to wait; None where it does not say.
    """

    again: bool = False
    paid: bool = False
    pause: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How requests are asked.

    Attributes:
        ask: Sends a request for the samples of one prompt and returns the client's reply.
        over: Set when no further try is wanted.
    """

    ask: Callable[[Sequence[Request]], Any]
    endpoint: str
    retries: int
    account: Account
    over: threading.Event

    def answered(self, requests: Sequence[Request]) -> list[Completion]:
        """The completions of requests that share prompt and sampling; fewer where the server gave fewer.

        Raises:
            CapError: A cap leaves no room for the request.
            Exception: The last try's error, as the client raised it.
        """
        first = requests[0]
        most = self.account.most(first.prompt, first.sampling.max_tokens, len(requests))
        for turn in range(self.retries + 1):
            self.account.set_aside(most, lambda: not self.over.is_set())
            try:
                reply = self.ask(requests)
                cost = used(reply, self.endpoint, most)
            except Exception as error:
                failure = read_failure(error)
                self.account.book(most, most if failure.paid else Tokens(), sure=False)
                if not failure.again or turn == self.retries or self.over.is_set():
                    raise
                if (failure.pause or 0) > PATIENCE:
                    raise
                self.over.wait(backoff(turn, first) if failure.pause is None else failure.pause)
                continue
            self.account.book(most, cost)
            self.account.learn(first.prompt, cost.prompt)
            return completions(requests, reply, self.endpoint)
        raise AssertionError("a try either returns or raises")


def read_failure(error: Exception) -> Failure:
    """What an error of the client, or of reading a reply, says about the try."""
    import openai

    if isinstance(error, openai.APIConnectionError):  # a time that ran out is one of them
        return Failure(again=True, paid=type(error.__cause__).__name__ not in NEVER_CAME)
    if isinstance(error, openai.APIStatusError):
        headers = error.response.headers
        busy = error.status_code in BUSY or error.status_code >= 500
        out_of_money = getattr(error, "code", None) == "insufficient_quota"
        again = busy and not out_of_money and headers.get("x-should-retry") != "false"
        return Failure(again=again, pause=pause_of(headers) if again else None)
    if isinstance(error, (UnreadableError, openai.APIResponseValidationError, ValueError)):  # ValueError: no JSON
        return Failure(again=True, paid=True)
    return Failure()


def pause_of(headers: Mapping[str, str], now: Callable[[], float] = time.time) -> float | None:
    """Seconds that a server asks for in `Retry-After` (seconds or a date) or `retry-after-ms`; None: it does not."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        text = headers.get(name, "")
        try:
            return max(0.0, float(text) / unit)
        except ValueError:
            pass
    try:
        return max(0.0, parsedate_to_datetime(headers.get("retry-after", "")).timestamp() - now())
    except (TypeError, ValueError):
        return None


def backoff(turn: int, request: Request) -> float:
    """Seconds before the next try: doubled each time, and different for each sample, so that they do not all return
    at once.
    """
    chance = random.Random(f"{request.sampling.seed}/{request.sample_index}/{turn}").random()
    return min(FIRST * 2.0**turn, LONGEST) * (0.75 + 0.25 * chance)
