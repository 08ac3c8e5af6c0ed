"""A model behind servers that are busy, broken or talk nonsense (tests/test_server_runs.py has a real one)."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from etude import config
from etude.errors import EtudeError, InputError, MissingError
from etude.models.cache import Cached, MemoryStore
from etude.models.chance import seed_of
from etude.models.openai import OpenAI
from etude.models.openai_replies import scores_of
from etude.models.reply import program_of
from etude.models.turns import continuation, cut
from etude.records import Completion, TaskView
from tests.conftest import ENVIRONMENT, interruptible, require
from tests.serving import Reply, answering, asked

require("openai", reason="servers need the openai extra")
QUICK = {"retry-after-ms": "1"}  # the client waits as long as the server says


def reply(text: Any, reason: Any = "stop", written: int = 3, **more: Any) -> Reply:
    choice = {"index": 0, "text": text, "finish_reason": reason, **more}
    usage = {"prompt_tokens": 5, "completion_tokens": written, "total_tokens": 5 + written}
    body = {"id": "1", "object": "text_completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
    return 200, {}, json.dumps(body).encode()


def chat_reply(text: Any, reason: Any = "stop") -> Reply:
    status, headers, body = reply("", reason)
    read = json.loads(body)
    read["choices"] = [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": reason}]
    return status, headers, json.dumps(read).encode()


def listed(*names: str) -> Reply:
    rows = [{"id": name, "object": "model", "created": 1, "owned_by": "us"} for name in names]
    return 200, {}, json.dumps({"object": "list", "data": rows}).encode()


def refused(status: int, message: str) -> Reply:
    return status, QUICK, json.dumps({"error": {"message": message, "type": "x", "code": status}}).encode()


def among(answer: Reply) -> Callable[[str, Any], Reply]:
    """A server with the model `m` that answers every request so."""
    return lambda path, _: listed("m") if path.endswith("models") else answer


def one(answer: Any, **settings: Any) -> Completion:
    """The completion of one request to a server that answers so."""
    with answering(among(answer)) as server:
        request = asked("p", 1, **settings.pop("sampling", {}))
        return next(iter(OpenAI(url=server.url, model="m", **settings).generate(request)))


def test_a_busy_server_is_asked_again() -> None:
    turns = iter([refused(429, "slow down"), refused(500, "oops"), refused(503, "loading"), (0, {}, b"")])
    with answering(lambda path, _: listed() if path.endswith("models") else next(turns, reply("x"))) as server:
        [found] = OpenAI(url=server.url, model="m", retries=4).generate(asked("p", 1))
        assert found.text == "x"
        assert len(server.drawn()) == 5
        assert len({json.dumps(body, sort_keys=True) for body in server.drawn()}) == 1, "the same seed again"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_stays_busy_is_an_error_after_all_retries(status: int) -> None:
    with answering(lambda path, _: listed() if path.endswith("models") else refused(status, "no way")) as server:
        with pytest.raises(MissingError, match=f"status {status} after all retries: no way"):
            list(OpenAI(url=server.url, model="m", retries=2).generate(asked("p", 1)))
        assert len(server.drawn()) == 3


def test_no_server_is_said_at_once() -> None:
    begun = time.monotonic()
    with pytest.raises(MissingError, match=r"there is no server at http://127\.0\.0\.1:9/v1"):
        list(OpenAI(url="http://127.0.0.1:9/v1", model="m", retries=9).generate(asked("p", 1)))
    assert time.monotonic() - begun < 5


def test_an_unknown_model_is_named_with_those_that_are_there() -> None:
    def answer(path: str, _: Any) -> Reply:
        return listed("zephyr", "coder-7b") if path.endswith("models") else refused(404, "no such model")

    with answering(answer) as server, pytest.raises(MissingError, match="has no model 'coder-8b'") as caught:
        list(OpenAI(url=server.url, model="coder-8b").generate(asked("p", 1)))
    assert caught.value.choices == ("coder-7b", "zephyr")


def test_a_wrong_key_is_refused_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUR_KEY", "very-secret")
    with answering(lambda *_: refused(401, "bad key very-secret")) as server:
        with pytest.raises(InputError, match="refuses the key in OUR_KEY") as caught:
            list(OpenAI(url=server.url, model="m", key="OUR_KEY").generate(asked("p", 1)))
        assert server.asked[0][1]["authorization"] == "Bearer very-secret"
    assert "very-secret" not in str(caught.value)


def test_a_key_of_the_environment_is_sent_only_where_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "very-secret")
    with answering(among(reply("x"))) as server:
        list(OpenAI(url=server.url, model="m").generate(asked("p", 1)))
        assert not any("very-secret" in str(headers) for _, headers, _ in server.asked)


def test_a_key_that_is_not_set_or_is_the_key_itself_is_an_error_without_it() -> None:
    with pytest.raises(MissingError, match="NO_SUCH_KEY"):
        list(OpenAI(url="http://127.0.0.1:9/v1", model="m", key="NO_SUCH_KEY").generate(asked("p", 1)))
    with pytest.raises(InputError) as caught:
        OpenAI(url="http://127.0.0.1:9/v1", model="m", key="sk-very-secret")
    assert "very-secret" not in str(caught.value)
    with pytest.raises(MissingError) as later:
        list(OpenAI(url="http://127.0.0.1:9/v1", model="m", key="verysecret").generate(asked("p", 1)))
    assert "verysecret" not in str(later.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "localhost:8000"},
        {"url": "http://me:word@localhost/v1"},
        {"concurrency": 0},
        {"retries": -1},
        {"timeout": 0},
        {"stops": -1},
    ],
)
def test_a_setting_out_of_range_is_a_users_mistake(settings: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        OpenAI(**{"url": "http://127.0.0.1:9/v1", "model": "m", **settings})


@pytest.mark.parametrize(
    "garbage",
    [
        (200, {}, b"{"),
        (200, {"content-type": "text/html"}, b"<html>hello</html>"),
        (200, {}, b"{}"),
        (200, {}, b"[]"),
        (200, {}, b'{"choices": []}'),
        (200, {}, b'{"choices": null}'),
        (200, {}, b'{"choices": [{"text": 3}]}'),
        (200, {}, b"\xff\xfe"),
        (418, {}, b"short and stout"),
        (404, {}, b"not here"),
    ],
)
def test_garbage_is_a_users_error_and_no_crash(garbage: Reply) -> None:
    with pytest.raises(EtudeError) as caught:
        one(garbage, retries=0)
    assert caught.value.fix


def test_a_prompt_that_is_too_long_is_told_in_the_servers_words() -> None:
    with pytest.raises(InputError, match="maximum context length is 4096"):
        one(refused(400, "This model's maximum context length is 4096 tokens"))


def test_stop_strings_are_cut_here_too_and_at_most_four_are_sent() -> None:
    stops = ("\na", "\nb", "\nc", "\nd", "\ne")
    with answering(among(reply("x\ny\ne z\na", "length"))) as server:
        [found] = OpenAI(url=server.url, model="m").generate(asked("p", 1, stop=stops))
        assert (found.text, found.finish) == ("x\ny", "stop"), "it ended at the stop string, whatever the server says"
        assert server.drawn()[0]["stop"] == list(stops[:4])
    with answering(among(reply("x"))) as server:
        list(OpenAI(url=server.url, model="m", stops=9).generate(asked("p", 1, stop=stops)))
        list(OpenAI(url=server.url, model="m").generate(asked("p", 1)))
        assert [body.get("stop") for body in server.drawn()] == [list(stops), None]


@pytest.mark.parametrize(
    ("reason", "written", "finish"),
    [
        ("stop", 30, "stop"),
        ("length", 3, "length"),
        (None, 30, "length"),
        (None, 3, "stop"),
        ("content_filter", 3, "stop"),
    ],
)
def test_why_a_text_has_ended(reason: Any, written: int, finish: str) -> None:
    assert one(reply("x", reason, written)).finish == finish


def test_no_room_is_no_request() -> None:
    [found] = OpenAI(url="http://127.0.0.1:9/v1", model="m").generate(asked("p", 1, max_tokens=0))
    assert (found.text, found.finish) == ("", "length")


def test_a_server_that_counts_nothing_is_believed_to_know_nothing() -> None:
    body = json.loads(reply("x")[2])
    del body["usage"]
    found = one((200, {}, json.dumps(body).encode()))
    assert (found.text, found.prompt_tokens, found.completion_tokens) == ("x", 0, 0)


def test_every_sample_has_a_seed_of_its_own_and_keeps_it() -> None:
    requests = [*asked("p", 50), *asked("q", 50), *asked("p", 50, seed=1)]
    seeds = [seed_of(request) for request in requests]
    assert len(set(seeds)) == 150
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert seeds == [seed_of(request) for request in requests]
    with answering(among(reply("x"))) as server:
        list(OpenAI(url=server.url, model="m").generate(requests))
        assert sorted(body["seed"] for body in server.drawn()) == sorted(seeds)


def test_requests_are_on_their_way_together_but_not_all_at_once() -> None:
    """Four of them wait for each other, and a fifth is not there before one is answered."""
    here, most = threading.Barrier(4, timeout=20), [0, 0]
    lock = threading.Lock()

    def answer(path: str, _: Any) -> Reply:
        if path.endswith("models"):
            return listed("m")
        with lock:
            most[0] += 1
            most[1] = max(most)
        here.wait()
        with lock:
            most[0] -= 1
        return reply("x")

    with answering(answer) as server:
        assert len(list(OpenAI(url=server.url, model="m", concurrency=4).generate(asked("p", 16)))) == 16
    assert most[1] == 4


def test_completions_stream_and_nobody_asks_on_when_they_are_not_wanted() -> None:
    with answering(among(reply("x"))) as server:
        stream = OpenAI(url=server.url, model="m", concurrency=2).generate(asked("p", 100))
        next(stream)
        time.sleep(0.3)
        assert len(server.drawn()) <= 8, "what nobody has taken yet holds up the rest"
        stream.close()  # type: ignore[attr-defined]
        asked_then = len(server.drawn())
        time.sleep(0.3)
        assert len(server.drawn()) <= asked_then + 2


def test_what_is_stored_is_not_asked_for_again() -> None:
    store = MemoryStore()
    with answering(among(reply("x"))) as server:
        for count, drawn in ((4, 4), (4, 4), (6, 6)):
            list(Cached(OpenAI(url=server.url, model="m"), store).generate(asked("p", count)))
            assert len(server.drawn()) == drawn


def test_all_that_names_a_sample_is_in_the_fingerprint_and_no_secret() -> None:
    model = OpenAI(url="http://a/v1", model="m")
    same = [{"url": "http://a/v1/"}, {"key": "OTHER"}, {"concurrency": 1}, {"retries": 0}, {"timeout": 1.0}]
    other = [{"url": "http://b/v1"}, {"model": "n"}, {"endpoint": "chat"}, {"revision": "2"}, {"extra": {"top_k": 3}}]
    fields: dict[str, Any] = {"url": model.url, "model": model.model}
    assert all(OpenAI(**{**fields, **change}).fingerprint == model.fingerprint for change in same)
    assert len({model.fingerprint, *(OpenAI(**{**fields, **change}).fingerprint for change in other)}) == 6


def test_a_recipe_names_it_by_its_entry_point() -> None:
    part = config.Part.of("openai", url="http://a/v1", model="m", endpoint="chat")
    assert config.build("models", part) == OpenAI(url="http://a/v1", model="m", endpoint="chat")


@pytest.mark.parametrize(
    ("prompt", "said", "rest"),
    [
        ("def f(x):\n", "```python\ndef f(x):\n    return 1\n```", "    return 1"),
        ("def f(x):", "Sure:\n```python\ndef f(x):\n    return 1\n```\nDone.", "\n    return 1"),
        ("a\n\ndef f4(", "```\ndef f4(x: int):\n    return x == 1\n```", "x: int):\n    return x == 1"),
        ("a\n\ndef f4(", "def puzzle(x: int):\n    return x == 1", "x: int):\n    return x == 1"),
        ("def f(x):\n", "    return 1\n", "    return 1\n"),
        ("Write f.\n```python", "```python\ndef f():\n    pass\n```", "\ndef f():\n    pass\n```"),
    ],
)
def test_a_chat_reply_is_read_as_the_continuation_that_it_holds(prompt: str, said: str, rest: str) -> None:
    assert continuation(prompt, said) == (rest, True)


@pytest.mark.parametrize("said", ["", "I cannot do that.", "import math\n\ndef g(x):\n    return 1\n", "```\n```"])
def test_other_chat_replies_are_left_whole(said: str) -> None:
    assert continuation("def f(x):\n", said)[1] is False


def test_a_chat_model_that_writes_the_function_anew_has_written_a_program() -> None:
    view = TaskView(task_id="t", kind="complete", prompt="def f(x):\n    # one more\n", entry_point="f")
    stop = ("\ndef ", "\nimport ")
    answer = chat_reply("Here:\n```python\nimport math\n\ndef f(x):\n    return math.floor(x) + 1\n```\nIt adds one.")
    with answering(among(answer)) as server:
        [found] = OpenAI(url=server.url, model="m", endpoint="chat").generate(asked(view.prompt, 1, stop=stop))
        assert "stop" not in server.drawn()[0], "it would end before the function that is wanted"
        assert server.drawn()[0]["messages"] == [{"role": "user", "content": view.prompt}]
    space: dict[str, Any] = {}
    exec(program_of(found.text, view), space)  # our own words, a few lines above
    assert space["f"](2) == 3


def test_a_refusal_is_an_empty_text() -> None:
    found = one(chat_reply(None, "length"), endpoint="chat")
    assert (found.text, found.finish) == ("", "length")


def test_scores_come_from_an_echo() -> None:
    logprobs = {"tokens": ["ab", "c", "d", "e"], "text_offset": [0, 2, 3, 4], "token_logprobs": [None, -1, -2.5, -9]}
    with answering(among(reply("abcde", logprobs=logprobs))) as server:
        assert OpenAI(url=server.url, model="m").score("ab", ["cd"]) == [[-1.0, -2.5]]
        body = server.drawn()[0]
        assert (body["prompt"], body["echo"], body["max_tokens"]) == ("abcd", True, 1)


def test_a_reply_that_does_not_echo_holds_no_scores() -> None:
    assert scores_of(object(), "a", "b") is None


def test_cutting_takes_the_first_stop_string() -> None:
    assert cut("a\nb\nc", ("\nc", "\nb")) == "a"
    assert cut("abc", ()) == "abc"


def test_control_c_does_not_wait_for_a_slow_server() -> None:
    hold = threading.Event()

    def answer(path: str, _: Any) -> Reply:
        if not path.endswith("models"):
            hold.wait(60)
        return listed("m")

    code = (
        "import sys; from etude.models.openai import OpenAI; from etude.records import Request\n"
        "list(OpenAI(url=sys.argv[1], model='m').generate([Request(prompt='p', sample_index=i) for i in range(20)]))"
    )
    with answering(answer) as server:
        process = subprocess.Popen(
            [sys.executable, "-c", code, server.url],
            env=ENVIRONMENT,
            stderr=subprocess.PIPE,
            preexec_fn=interruptible,
        )
        while not server.drawn():
            assert process.poll() is None
            time.sleep(0.05)
        begun = time.monotonic()
        os.kill(process.pid, signal.SIGINT)
        process.communicate(timeout=30)
        assert time.monotonic() - begun < 5
        hold.set()


def test_the_prompt_of_a_request_may_hold_what_cannot_be_sent() -> None:
    with answering(among(reply("x"))) as server:
        [request] = asked("a\ud800b", 1)
        [found] = OpenAI(url=server.url, model="m").generate([request])
        assert found == dataclasses.replace(found, request=request)
        assert server.drawn()[0]["prompt"] == "a?b"
