"""What a model behind a server has cost, and the caps on tokens and money that it may not pass.

Before a request goes out, the most that it can cost is set aside; what it did cost is booked when it is answered. While
the rest of a cap is set aside for requests on their way, the next one waits; where nothing is on its way and it still
does not fit, the model stops. So a cap is never passed by what the server counts, and at most one request's worth of it
stays unused. A try that was cut off or timed out may have been paid for: it is booked at its most, and marked unsure.

Bookings go to the run's ledger where there is one, so that spending goes on where a resumed run left off. A process
that is killed loses the bookings of the requests that were on their way, `concurrency` at most.
"""

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from etude.errors import CapError, InputError

KIND = "spent"  # of the ledger's events
POLL = 0.2  # seconds between two looks whether anybody still wants the answer
OVERHEAD = 32  # tokens of a chat's frame and the like, which do not grow with the prompt
TOKENS_PER_BYTE = 0.5  # of a prompt, until the server has counted a longer one
TELLING = 256  # bytes of a prompt whose count says something about other prompts
MILLION = 1_000_000


class Book(Protocol):
    """Where spending is kept: a run's ledger."""

    def note(self, kind: str, **facts: Any) -> None: ...
    def events(self, kind: str) -> list[Any]: ...


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens read and written."""

    prompt: int = 0
    completion: int = 0

    def __add__(self, other: "Tokens") -> "Tokens":
        return Tokens(self.prompt + other.prompt, self.completion + other.completion)

    def __sub__(self, other: "Tokens") -> "Tokens":
        return Tokens(self.prompt - other.prompt, self.completion - other.completion)

    @property
    def total(self) -> int:
        return self.prompt + self.completion


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """What may be spent and what it costs: caps (0: none) and prices of a million tokens, in any one currency."""

    token_cap: int = 0
    money_cap: float = 0.0
    prompt_price: float = 0.0
    completion_price: float = 0.0

    def cost(self, tokens: Tokens) -> float:
        """What tokens cost."""
        return (tokens.prompt * self.prompt_price + tokens.completion * self.completion_price) / MILLION

    def allows(self, tokens: Tokens) -> bool:
        """Whether so much in all is within the caps."""
        within = not self.token_cap or tokens.total <= self.token_cap
        return within and (not self.money_cap or self.cost(tokens) <= self.money_cap)


@dataclass(slots=True)
class Account:
    """One model's spending. Safe to share between threads.

    Attributes:
        owner: The model's fingerprint: parts of a recipe that ask the same model of the same server share an account.
        spent: What is booked.
    """

    owner: str
    tariff: Tariff
    spent: Tokens = Tokens()
    _aside: Tokens = Tokens()
    _book: Book | None = None
    _ratio: float = 0.0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def open(self, book: Book) -> None:
        """Takes up what a ledger knows of earlier spending, and books there from now on."""
        with self._changed:
            self._book = book
            rows = [fact for fact in book.events(KIND) if fact["model"] == self.owner]
            self.spent = Tokens(sum(row["prompt"] for row in rows), sum(row["completion"] for row in rows))

    def most(self, prompt: str, max_tokens: int, samples: int) -> Tokens:
        """The most that a request may cost; the prompt by the tokens per byte that the server has counted so far."""
        size = len(prompt.encode("utf-8", "replace"))
        return Tokens(math.ceil(size * (self._ratio or TOKENS_PER_BYTE)) + OVERHEAD, max_tokens * samples)

    def learn(self, prompt: str, counted: int) -> None:
        """Remembers how many tokens the server has counted in a prompt."""
        size = len(prompt.encode("utf-8", "replace"))
        if size >= TELLING and counted:
            self._ratio = max(self._ratio, counted / size)

    def set_aside(self, most: Tokens, wanted: Callable[[], bool]) -> None:
        """Waits until a request fits within the caps, and sets aside what it may cost.

        Args:
            wanted: Whether anybody still waits for the answer; once it says no, nothing is held up any more.

        Raises:
            CapError: It does not fit, though nothing else is on its way.
        """
        with self._changed:
            while not self.tariff.allows(self.spent + self._aside + most):
                if not self._aside.total or not wanted():
                    raise self._reached(most)
                self._changed.wait(POLL)
            self._aside += most

    def book(self, most: Tokens, used: Tokens, *, sure: bool = True) -> None:
        """Books what a request did cost, in place of what was set aside for it."""
        with self._changed:
            self._aside -= most
            self.spent += used
            if self._book is not None and used.total:
                facts = {"prompt": used.prompt, "completion": used.completion, "sure": sure}
                self._book.note(KIND, model=self.owner, **facts)
            self._changed.notify_all()

    def _reached(self, most: Tokens) -> CapError:
        tariff, caps = self.tariff, list[str]()
        if tariff.token_cap:
            caps.append(f"{self.spent.total} of {tariff.token_cap} tokens are spent, the next request may take ")
            caps[-1] += str(most.total)
        if tariff.money_cap:
            money = f"{tariff.cost(self.spent):.6g} of {tariff.money_cap:g}"
            caps.append(f"{money} of money is spent, the next request may cost {tariff.cost(most):.6g}")
        return CapError(
            "stopped at the cap: " + "; ".join(caps),
            expected="room for one more request",
            fix="raise token_cap or money_cap of the model, and run the same command with the same --out: what was"
            " drawn is recorded and not paid for again",
        )


def require_tariff(tariff: Tariff) -> None:
    """Refuses caps and prices that mean nothing.

    Raises:
        InputError: One is below 0, or money is capped and nothing has a price.
    """
    for name in ("token_cap", "money_cap", "prompt_price", "completion_price"):
        if not getattr(tariff, name) >= 0:  # NaN too
            raise InputError(f"{name} is {getattr(tariff, name)}", expected="0 or more", fix=f"set {name}")
    if tariff.money_cap and not (tariff.prompt_price or tariff.completion_price):
        raise InputError(
            f"money_cap is {tariff.money_cap:g}, and no price is given",
            expected="prompt_price and completion_price, of a million tokens",
            fix="set both prices as the server's owner states them, or token_cap instead",
        )
