"""Written replies, and samples that are paid for once."""

import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from etude.errors import InputError, MissingError
from etude.models.cache import Cached, MemoryStore, sample_key
from etude.models.scripted import Scripted
from etude.records import Completion, Request, Sampling


def asked(prompt: str, count: int, start: int = 0, **sampling: object) -> list[Request]:
    settings = Sampling(**sampling)  # type: ignore[arg-type]
    return [Request(prompt=prompt, sample_index=index, sampling=settings) for index in range(start, start + count)]


def texts(stream: Iterator[Completion]) -> list[str]:
    return [completion.text for completion in stream]


def test_replies_go_round_by_sample_index() -> None:
    model = Scripted(replies={"p": ["one", "two"], "q": "three"})
    assert texts(model.generate(asked("p", 5) + asked("q", 2))) == ["one", "two", "one", "two", "one", "three", "three"]


def test_a_table_may_be_a_file(tmp_path: Path) -> None:
    file = tmp_path / "replies.json"
    file.write_text(json.dumps({"p": ["one", "two"]}))
    model = Scripted(replies=str(file))
    assert texts(model.generate(asked("p", 2))) == ["one", "two"]
    assert model.fingerprint == Scripted(replies={"p": ["one", "two"]}).fingerprint


def test_the_longest_key_that_occurs_in_the_prompt_is_taken() -> None:
    model = Scripted(replies={"add": "short", "add two": "long", "zzz": "no"}, match="substring", default="other")
    assert texts(model.generate(asked("please add two numbers", 1) + asked("nothing", 1))) == ["long", "other"]


def test_a_reply_is_cut_before_the_stop_string() -> None:
    model = Scripted(replies={"p": "    return 1\n\ndef g():\n# x"})
    assert texts(model.generate(asked("p", 1, stop=("\n#", "\ndef ")))) == ["    return 1\n"]


def test_an_unknown_prompt_is_a_users_mistake() -> None:
    with pytest.raises(InputError) as caught:
        list(Scripted(replies={"p": "one"}).generate(asked("q", 1)))
    assert caught.value.choices == ("'p'",)


@pytest.mark.parametrize("table", [{"p": []}, {"p": 3}, {"p": ["one", None]}, ["p"], "no/such/file.json"])
def test_a_malformed_table_is_a_users_mistake(table: object) -> None:
    with pytest.raises(InputError):
        list(Scripted(replies=table).generate(asked("p", 1)))  # type: ignore[arg-type]


def test_every_part_of_a_script_is_in_its_fingerprint() -> None:
    models = [
        Scripted(replies={"p": "one"}),
        Scripted(replies={"p": "two"}),
        Scripted(replies={"p": "one"}, default="x"),
        Scripted(replies={"p": "one"}, match="substring"),
    ]
    assert len({model.fingerprint for model in models}) == len(models)


def test_written_replies_have_no_probability() -> None:
    with pytest.raises(MissingError):
        Scripted(replies={"p": "one"}).score("p", ["one"])


class Counting:
    """A model that remembers what it was asked, and can be cut off after some completions."""

    fingerprint = "0123456789abcdef"

    def __init__(self, dies_after: int | None = None) -> None:
        self.asked: list[Request] = []
        self.dies_after = dies_after

    def generate(self, requests: Sequence[Request]) -> Iterator[Completion]:
        for done, request in enumerate(reversed(requests)):
            if done == self.dies_after:
                raise KeyboardInterrupt
            self.asked.append(request)
            text = f"{request.prompt}/{request.sample_index}"
            yield Completion(request=request, text=text, prompt_tokens=1, completion_tokens=2)

    def score(self, prompt: str, continuations: Sequence[str]) -> list[list[float]]:
        return [[-1.0] for _ in continuations]


def test_more_samples_cost_only_the_new_ones() -> None:
    store, model = MemoryStore(), Counting()
    assert len(list(Cached(model, store).generate(asked("p", 8)))) == 8
    cached = Cached(model, store)
    done = list(cached.generate(asked("p", 32)))
    assert sorted(item.request.sample_index for item in done) == list(range(32))
    assert all(item.text == f"p/{item.request.sample_index}" for item in done)
    assert cached.drawn == len(model.asked) - 8 == 24
    assert [item.request.sample_index for item in done[:8]] == list(range(8))


def test_every_part_of_a_request_and_the_weights_are_in_the_key() -> None:
    request = asked("p", 1)[0]
    others = [
        dataclasses.replace(request, prompt="q"),
        dataclasses.replace(request, sample_index=1),
        *(
            dataclasses.replace(request, sampling=Sampling(**change))  # type: ignore[arg-type]
            for change in ({"temperature": 0.7}, {"top_p": 0.9}, {"max_tokens": 9}, {"stop": ("x",)}, {"seed": 1})
        ),
    ]
    keys = {sample_key("a", request), sample_key("b", request), *(sample_key("a", other) for other in others)}
    assert len(keys) == 9


def test_equal_requests_are_drawn_once_and_answered_each() -> None:
    model = Counting()
    assert len(list(Cached(model, MemoryStore()).generate(asked("p", 2) * 3))) == 6
    assert len(model.asked) == 2


def test_a_killed_run_keeps_what_it_handed_on() -> None:
    store, model = MemoryStore(), Counting(dies_after=11)
    got = list[Completion]()
    with pytest.raises(KeyboardInterrupt):
        got.extend(Cached(model, store, batch=4).generate(asked("p", 20)))
    assert len(got) == 8
    again = Counting()
    assert len(list(Cached(again, store, batch=4).generate(asked("p", 20)))) == 20
    assert len(store.kept) == 20
    assert len(again.asked) == 20 - 8


def test_a_completion_is_stored_before_it_is_handed_on() -> None:
    store = MemoryStore()
    for item in Cached(Counting(), store, batch=3).generate(asked("p", 7)):
        assert sample_key(Counting.fingerprint, item.request) in store.kept


def test_the_wrapped_model_scores() -> None:
    assert Cached(Counting(), MemoryStore()).score("p", ["a", "b"]) == [[-1.0], [-1.0]]
