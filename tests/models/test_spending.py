"""What a server is paid: caps, retries, several samples a request, probabilities, and a key that shows nowhere."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from etude.errors import CapError, EtudeError, InputError, MissingError
from etude.ledger import Ledger
from etude.models.cache import Cached, MemoryStore
from etude.models.openai import OpenAI
from etude.models.openai_asking import backoff, pause_of
from etude.models.openai_crew import batches
from etude.models.spending import Account, Tariff, Tokens
from etude.records import Completion, Request, Sampling
from tests.conftest import require
from tests.serving import Reply, Server, answering

require("openai", reason="servers need the openai extra")
READ, WRITTEN = 40, 10
PROMPT = "word " * 20
MOST = 50 + 32 + WRITTEN
"""What a request is expected to cost at most: half a token a byte, the frame of a chat, and all that it may write."""


def asked(count: int, prompt: str = PROMPT, max_tokens: int = WRITTEN) -> list[Request]:
    settings = Sampling(max_tokens=max_tokens, temperature=0.9)
    return [Request(prompt=prompt, sample_index=index, sampling=settings) for index in range(count)]


def said(texts: list[str], **more: Any) -> Reply:
    """A reply with a choice for each text; prompt and completions cost the same each time."""
    choices = [{"index": place, "text": text, "finish_reason": "stop", **more} for place, text in enumerate(texts)]
    usage = {"prompt_tokens": READ, "completion_tokens": WRITTEN * len(texts), "total_tokens": 0}
    body = {"id": "1", "object": "text_completion", "created": 1, "model": "m", "choices": choices, "usage": usage}
    return 200, {}, json.dumps(body).encode()


def listed() -> Reply:
    return 200, {}, json.dumps({"object": "list", "data": []}).encode()


def serving(answer: Any) -> Any:
    """A server that answers requests for completions so: a reply, or a function of the request's body."""

    def on(path: str, body: Any) -> Reply:
        if path.endswith("models"):
            return listed()
        found: Reply = answer(body) if callable(answer) else answer
        return found

    return answering(on)


def drawn_until_the_cap(model: OpenAI, requests: list[Request]) -> tuple[list[Completion], CapError]:
    found: list[Completion] = []
    with pytest.raises(CapError) as caught:
        found.extend(model.generate(requests))  # extend keeps what came before the error
    return found, caught.value


@pytest.mark.parametrize("concurrency", [1, 6])
@pytest.mark.parametrize(
    "cap",
    [{"token_cap": 1000}, {"money_cap": 0.0014, "prompt_price": 1.0, "completion_price": 2.0}],
)
def test_a_cap_is_kept_to_within_one_request(concurrency: int, cap: dict[str, Any]) -> None:
    """50 tokens a request, so 1000 tokens are 20 of them; at these prices 60 millionths, so 0.0014 are 23."""
    with serving(lambda _: time.sleep(0.02) or said(["x"])) as server:
        model = OpenAI(url=server.url, model="m", concurrency=concurrency, **cap)
        found, error = drawn_until_the_cap(model, asked(60))
        paid = len(server.drawn())
    assert len(found) == paid, "what was on its way is handed on"
    tariff, spent = Tariff(**cap), Tokens(READ * paid, WRITTEN * paid)
    one = model.account.most(PROMPT, WRITTEN, 1)
    assert one.total == MOST
    assert tariff.allows(spent), "never passed"
    assert not tariff.allows(spent + one), "and not left lying"
    assert model.account.spent == spent
    assert "raise token_cap or money_cap" in error.fix


def test_a_cap_below_one_request_sends_none() -> None:
    with serving(said(["x"])) as server:
        found, error = drawn_until_the_cap(OpenAI(url=server.url, model="m", token_cap=30), asked(3))
        assert (found, server.drawn()) == ([], [])
    assert "0 of 30 tokens are spent" in error.found


def test_spending_goes_on_where_a_run_left_off(tmp_path: Path) -> None:
    with serving(said(["x"])) as server:
        for turn, (cap, all_in_all) in enumerate([(400, 7), (400, 7), (800, 15)]):
            ledger = Ledger(tmp_path)
            model = OpenAI(url=server.url, model="m", token_cap=cap, concurrency=3)
            with pytest.raises(CapError):
                list(Cached(model, ledger).generate(asked(30)))
            assert len(server.drawn()) == ledger.drawn() == all_in_all, f"turn {turn}"
            assert sum(fact["prompt"] + fact["completion"] for fact in ledger.events("spent")) == 50 * all_in_all
            ledger.close()


def test_parts_that_ask_the_same_model_share_an_account_and_others_do_not(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    with serving(said(["x"])) as server:
        first, same = (OpenAI(url=server.url, model="m", token_cap=500) for _ in range(2))
        other = OpenAI(url=server.url, model="another", token_cap=500)
        list(Cached(first, ledger).generate(asked(4)))
        list(Cached(same, ledger).generate(asked(4, "q")))
        list(Cached(other, ledger).generate(asked(1)))
        assert (same.account.spent.total, other.account.spent.total) == (400, 50)
    ledger.close()


@pytest.mark.parametrize(
    ("fault", "booked"),
    [((500, {}, b"{}"), 0), ((429, {}, b"{}"), 0), ((0, {}, b""), MOST), ((200, {}, b"{"), MOST), (said([]), MOST)],
    ids=["500", "429", "cut", "garbled", "no choices"],
)
def test_a_try_that_may_have_been_paid_for_is_booked_at_its_most(fault: Reply, booked: int) -> None:
    turns = iter([fault])
    with serving(lambda _: next(turns, said(["x"]))) as server:
        model = OpenAI(url=server.url, model="m", retries=2)
        [found] = model.generate(asked(1))
        assert (found.text, len(server.drawn())) == ("x", 2)
    assert model.account.spent.total - READ - WRITTEN == booked


def test_a_server_that_counts_nothing_is_charged_by_its_text() -> None:
    status, headers, body = said(["twelve bytes"])
    bare = {key: value for key, value in json.loads(body).items() if key != "usage"}
    with serving((status, headers, json.dumps(bare).encode())) as server:
        model = OpenAI(url=server.url, model="m")
        [found] = model.generate(asked(1, max_tokens=50))
    assert (found.prompt_tokens, found.completion_tokens) == (0, 0)
    assert model.account.spent == Tokens(model.account.most(PROMPT, 0, 1).prompt, 12)


@pytest.mark.parametrize("name", ["token_cap", "money_cap", "prompt_price", "completion_price"])
def test_a_cap_or_price_below_nought_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=name):
        OpenAI(url="http://127.0.0.1:9/v1", model="m", **{name: -1})  # type: ignore[arg-type]


def test_a_cap_on_money_wants_prices() -> None:
    with pytest.raises(InputError, match="no price is given"):
        OpenAI(url="http://127.0.0.1:9/v1", model="m", money_cap=5.0)


def test_a_request_waits_for_what_is_on_its_way_before_the_cap_is_called_reached() -> None:
    account, order = Account("m", Tariff(token_cap=100)), list[str]()
    account.set_aside(Tokens(30, 40), lambda: True)

    def second() -> None:
        account.set_aside(Tokens(30, 40), lambda: True)
        order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    time.sleep(0.05)
    order.append("first is answered")
    account.book(Tokens(30, 40), Tokens(10, 5))
    thread.join(5)
    assert order == ["first is answered", "second"]


def test_what_was_on_its_way_when_a_server_fails_is_kept_and_not_asked_again() -> None:
    """One request is refused while two others are being answered: they are on record all the same."""
    here, store = threading.Barrier(3, timeout=20), MemoryStore()

    def answer(body: Any) -> Reply:
        if body["prompt"] == "bad":
            here.wait()
            return 400, {}, b'{"error": {"message": "no"}}'
        here.wait()
        time.sleep(0.3)
        return said(["x"])

    requests = [*asked(1, "bad"), *asked(2, "good"), *asked(20, "later")]
    with serving(answer) as server:
        with pytest.raises(InputError, match="status 400"):
            list(Cached(OpenAI(url=server.url, model="m", concurrency=3), store).generate(requests))
        assert len(server.drawn()) == 3
    assert [item.request.prompt for item in store.kept.values()] == ["good", "good"]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"}, 90.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:01 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_how_long_a_server_asks_us_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert pause_of(headers, now=lambda: 10.0) == seconds


def test_a_server_that_asks_for_a_pause_is_given_it() -> None:
    turns = iter([(429, {"retry-after": "1"}, b"{}")])
    begun = time.monotonic()
    with serving(lambda _: next(turns, said(["x"]))) as server:
        assert len(list(OpenAI(url=server.url, model="m").generate(asked(1)))) == 1
    assert time.monotonic() - begun >= 1.0


def test_a_pause_of_an_hour_is_said_and_not_sat_out() -> None:
    begun = time.monotonic()
    with serving((429, {"retry-after": "3600"}, b"{}")) as server, pytest.raises(MissingError, match="pause of 3600"):
        list(OpenAI(url=server.url, model="m").generate(asked(1)))
    assert time.monotonic() - begun < 5


def test_our_own_pauses_grow_and_differ_between_samples() -> None:
    first, second = asked(2)
    own = [backoff(turn, first) for turn in range(8)]
    assert own[:5] == sorted(own[:5])
    assert max(own) <= 8.0
    assert own == [backoff(turn, first) for turn in range(8)]
    assert own != [backoff(turn, second) for turn in range(8)]


def test_a_quota_that_is_used_up_is_not_tried_again() -> None:
    body = json.dumps({"error": {"message": "pay", "code": "insufficient_quota"}}).encode()
    with serving((429, {}, body)) as server:
        with pytest.raises(MissingError, match="pay"):
            list(OpenAI(url=server.url, model="m", retries=5).generate(asked(1)))
        assert len(server.drawn()) == 1


def by_n(given: int) -> Any:
    """Answers as many samples as are asked for, `given` at most."""
    return lambda body: said([f"text {place}" for place in range(min(body.get("n", 1), given))])


@pytest.mark.parametrize(("given", "requests"), [(99, 2), (1, 7), (3, 3)])
def test_samples_of_a_prompt_share_a_request_and_choices_are_counted(given: int, requests: int) -> None:
    """7 samples, 4 a request: a server that gives all is asked twice, one that ignores n is topped up."""
    with serving(by_n(given)) as server:
        model = OpenAI(url=server.url, model="m", n=4, concurrency=1)
        found = list(model.generate(asked(7)))
        bodies = server.drawn()
    assert sorted(item.request.sample_index for item in found) == list(range(7))
    assert len(bodies) >= requests
    assert bodies[0]["n"] == 4
    assert len({body["seed"] for body in bodies}) == len(bodies)
    assert sum(item.completion_tokens for item in found) == 7 * WRITTEN
    assert sum(item.prompt_tokens for item in found) == READ * len(bodies), "the prompt is paid once a request"
    assert model.account.spent == Tokens(READ * len(bodies), 7 * WRITTEN)
    if given == 1:
        assert len(bodies) == 7
        assert "n" not in bodies[-1], "it is not asked for several again"


def test_more_choices_than_asked_for_are_left_out() -> None:
    with serving(said(["a", "b", "c"])) as server:
        found = list(OpenAI(url=server.url, model="m").generate(asked(1)))
    assert [item.text for item in found] == ["a"]


def test_requests_are_put_together_by_prompt_and_sampling() -> None:
    mixed = [*asked(3), *asked(2, "q"), *asked(1, max_tokens=3), *asked(2)]
    parts = batches(mixed, 4)
    assert [len(part) for part in parts] == [4, 2, 1, 1]
    assert all(len({(item.prompt, item.sampling) for item in part}) == 1 for part in parts)
    assert [len(part) for part in batches(mixed, 1)] == [1] * 8


def test_probabilities_are_kept_where_they_are_offered_and_missing_where_not() -> None:
    held = {"tokens": ["a", "b"], "token_logprobs": [-0.5, -1], "text_offset": [0, 1]}
    for answer, expected in ((said(["ab"], logprobs=held), (-0.5, -1.0)), (said(["ab"]), None)):
        with serving(answer) as server:
            [found] = OpenAI(url=server.url, model="m", logprobs=True).generate(asked(1))
            assert server.drawn()[0]["logprobs"] == 1
        assert found.logprobs == expected
    with serving(said(["ab"])) as server:
        list(OpenAI(url=server.url, model="m").generate(asked(1)))
        assert "logprobs" not in server.drawn()[0]


def test_probabilities_of_a_chat_are_read_too_and_survive_a_ledger(tmp_path: Path) -> None:
    content = [{"token": "a", "logprob": -0.25, "top_logprobs": [], "bytes": None}]
    message = {"role": "assistant", "content": "a"}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": {"content": content}}
    body = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    ledger = Ledger(tmp_path)
    with serving((200, {}, json.dumps(body).encode())) as server:
        model = OpenAI(url=server.url, model="m", endpoint="chat", logprobs=True)
        for _ in range(2):
            [found] = Cached(model, ledger).generate(asked(1))
            assert found.logprobs == (-0.25,)
        assert len(server.drawn()) == 1
    ledger.close()


@pytest.fixture
def echoing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that repeats the key in whatever it refuses."""
    monkeypatch.setenv("OUR_KEY", "very-secret")
    words = json.dumps({"error": {"message": "key very-secret may not do this"}}).encode()
    with serving(lambda body: (int(body["prompt"]), {}, words)) as server:
        yield server


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500])
def test_a_key_that_a_server_repeats_is_hidden(echoing: Server, status: int, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"), pytest.raises(EtudeError) as caught:
        list(OpenAI(url=echoing.url, model="m", key="OUR_KEY", retries=0).generate(asked(1, str(status))))
    assert "very-secret" not in f"{caught.value!r} {caught.value} {caught.value.__cause__} {caplog.text}"


def test_an_address_with_more_than_an_address_in_it_is_refused_without_it() -> None:
    with pytest.raises(InputError) as caught:
        OpenAI(url="http://127.0.0.1:9/v1?api-key=very-secret", model="m")
    assert "very-secret" not in str(caught.value)
