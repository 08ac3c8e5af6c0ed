"""`remote_reward`: the same reward function, decided by an `etude serve judge` on another machine.

Standard library only: a trainer's environment needs nothing more for it. A server that is full or going down is asked
again after the time it names; nothing is given up, and nothing is turned into a 0.
"""

import json
import os
import random
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from etude.errors import EtudeError, InputError, MissingError
from etude.records import Verdict, decode
from etude.rewards.execution import ExecutionReward
from etude.rewards.referee import Decided, Written

AGAIN = (408, 425, 429, 500, 502, 503, 504)
"""Answers after which the same request may be sent once more: judging changes nothing on the server."""
FIRST_WAIT, LONGEST_WAIT = 0.2, 30.0
ONLY_HERE = ("share", "task_id", "reward")  # what a verdict in a reply has beyond the record


class RemoteReferee:
    """Sends what was written to a judge over HTTP and returns its verdicts in order; safe to share between threads.

    Args:
        url: Where `etude serve judge` listens, such as `http://127.0.0.1:8000`.
        token_from: The environment variable that holds the bearer token, or "".
        batch: Programs in one request.
        at_once: Requests under way at once.
        timeout: Seconds that one request may take.
        patience: Seconds during which a server that is full, down or out of reach is asked again.
        clock, sleep, chance: The machine's; clients that are refused together do not come back together.
    """

    def __init__(
        self,
        url: str,
        *,
        token_from: str = "",
        batch: int = 32,
        at_once: int = 4,
        timeout: float = 600.0,
        patience: float = 600.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise InputError(f"no address of a judge: {url!r}", expected="such as http://127.0.0.1:8000")
        self._url, self._token_from = url.rstrip("/"), token_from
        self._batch, self._at_once = max(1, batch), max(1, at_once)
        self._timeout, self._patience = timeout, patience
        self._clock, self._sleep, self._chance = clock, sleep, chance

    def decide(self, written: Sequence[Written], *, partial: bool = False) -> list[Decided]:
        """One verdict per text, in order.

        Raises:
            InputError: The server knows no such task, or refuses the request for good.
            MissingError: It could not be reached, or stayed full, for as long as the patience lasts.
        """
        parts = [written[at : at + self._batch] for at in range(0, len(written), self._batch)]
        with ThreadPoolExecutor(max_workers=self._at_once, thread_name_prefix="etude-remote") as pool:
            return [item for found in pool.map(lambda part: self._asked(part, partial), parts) for item in found]

    def close(self) -> None:
        """Nothing is kept open."""

    def _asked(self, part: Sequence[Written], partial: bool) -> list[Decided]:
        items = [{"task_id": item.task_id, "program" if item.whole else "completion": item.text} for item in part]
        answer = self._sent({"items": items, "partial": partial})
        verdicts = answer.get("verdicts", [])
        if len(verdicts) != len(part):
            raise EtudeError(
                f"{self._url} gave {len(verdicts)} verdicts for {len(part)} programs", expected="`etude serve judge`"
            )
        return [_decided(item) for item in verdicts]

    def _sent(self, body: dict[str, Any]) -> dict[str, Any]:
        end, wait = self._clock() + self._patience, FIRST_WAIT
        while True:
            answer, named = self._once(json.dumps(body).encode())
            if isinstance(answer, dict):
                return answer
            pause = (named or wait) * (0.5 + self._chance())
            if self._clock() + pause > end:
                raise MissingError(
                    f"the judge at {self._url} gives no verdict: {answer}",
                    expected=f"an answer within {self._patience:g} s",
                    fix=f"etude serve judge --tasks T, and look at {self._url}/ready",
                )
            self._sleep(pause)
            wait = min(2 * wait, LONGEST_WAIT)

    def _once(self, body: bytes) -> tuple[dict[str, Any] | str, float]:
        """The answer to one request; or why there is none yet, and how long the server asks to wait (0: not said)."""
        headers = {"Content-Type": "application/json"}
        if self._token_from:
            headers["Authorization"] = f"Bearer {token(self._token_from)}"
        request = urllib.request.Request(f"{self._url}/judge", data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as reply:
                found = json.load(reply)
                return found if isinstance(found, dict) else "not the answer of a judge", 0.0
        except urllib.error.HTTPError as error:
            said = _said(error)
            if error.code not in AGAIN:
                raise InputError(
                    f"the judge at {self._url} refuses ({error.code}): {said}", expected="a request it takes"
                ) from None
            return f"{error.code} {said}", _seconds(error.headers.get("Retry-After", ""))
        except (OSError, ValueError) as error:
            return f"{type(error).__name__}: {error}", 0.0


def remote_reward(
    url: str,
    *,
    partial: bool = False,
    token_from: str = "",
    batch: int = 32,
    at_once: int = 4,
    patience: float = 600.0,
) -> ExecutionReward:
    """A reward function that an `etude serve judge` decides, in the shape of `execution_reward`.

    Args:
        url: Where it listens, such as `http://127.0.0.1:8000`.
        partial: Give a failed program its share of the hidden tests instead of 0.
        token_from: The environment variable that holds the bearer token, or "".
        batch: Programs in one request.
        at_once: Requests under way at once.
        patience: Seconds during which a server that is full or out of reach is asked again.

    Raises:
        InputError: That is no address.
    """
    referee = RemoteReferee(url, token_from=token_from, batch=batch, at_once=at_once, patience=patience)
    return ExecutionReward(referee, partial=partial)


def token(name: str) -> str:
    """The bearer token in an environment variable.

    Raises:
        MissingError: It is not set, or empty.
    """
    found = os.environ.get(name, "").strip()
    if not found:
        raise MissingError(f"the environment variable {name} holds no token", fix=f"export {name}=…")
    return found


def _decided(item: dict[str, Any]) -> Decided:
    own = {key: value for key, value in item.items() if key not in ONLY_HERE}
    return Decided(decode(Verdict, own), item.get("share"))


def _said(error: urllib.error.HTTPError) -> str:
    try:
        detail = json.loads(error.read()).get("detail", "")
    except (OSError, ValueError, AttributeError):
        detail = ""
    return detail if isinstance(detail, str) and detail else str(detail or error.reason)[:500]


def _seconds(text: str) -> float:
    try:
        return min(max(float(text), 0.0), LONGEST_WAIT)
    except ValueError:
        return 0.0
