"""The judge over HTTP: the verdicts of the judge here, nothing of a hidden test, and bounds on what it takes."""

import http.client
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from etude.errors import InputError
from etude.rewards import execution_reward, remote_reward
from tests.conftest import require
from tests.rewards.tasks import HALF, RIGHT, UNDECIDABLE, WRONG
from tests.serving_judge.world import BROKEN, CODE, IN, OUT, SET, Served, asked, counted, served

require("fastapi", "prometheus_client", reason="the extra `serve` is not installed")

NOSY = {
    "says what it is given": "def add(*a): raise ValueError(str(a))\n",
    "prints what it is given": "def add(*a):\n    print(a, flush=True)\n    return a\n",
    "names an exception by it": "def add(*a): raise type(str(a), (Exception,), {})()\n",
    "returns it": "def add(*a): return list(a)\n",
    "exits with it": "import sys\ndef add(*a): sys.exit(str(a))\n",
    "warns of it": "import warnings\ndef add(*a): warnings.warn(str(a))\n",
    "looks through the process": "import gc\ndef add(*a): return [str(o) for o in gc.get_objects()][:100]\n",
    "is no program": "def add(",
}


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served("--workers", "2", "--batch", "64", "--largest", "200000") as found:
        yield found


def judged(server: Served, items: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    code, text, _ = asked(f"{server.url}/judge", {"items": items, **more})
    assert code == 200, text
    return json.loads(text)


def test_its_verdicts_are_those_of_the_judge_here(server: Served) -> None:
    ids = ["add", "plus", "add", "secret", UNDECIDABLE.task_id, "Add"]
    texts = [RIGHT, WRONG, f"```python\n{RIGHT}```", RIGHT, RIGHT, [{"role": "assistant", "content": RIGHT}]]
    for partial in (False, True):
        with execution_reward(SET, partial=partial) as here:
            there = remote_reward(server.url, partial=partial, batch=4)
            assert there(texts, task_id=ids) == here(texts, task_id=ids)
            told, known = there.verdicts(ids, texts), here.verdicts(ids, texts)
            assert [replace(item, attempt="") for item in told] == [replace(item, attempt="") for item in known]
            assert there.tally == here.tally


def test_an_answer_is_three_valued_and_says_how_it_was_reached(server: Served) -> None:
    items = [{"task_id": name, "program": RIGHT} for name in ("add", "secret", UNDECIDABLE.task_id)]
    answer = judged(server, items)
    assert [item["passed"] for item in answer["verdicts"]] == [True, False, None]
    assert [item["reward"] for item in answer["verdicts"]] == [1.0, 0.0, None]
    assert answer["protocol"] == server.facts["protocol"]
    assert len(answer["protocol"]) == 8


def test_partial_credit_is_asked_for(server: Served) -> None:
    [item] = judged(server, [{"task_id": "add", "completion": HALF}], partial=True)["verdicts"]
    assert (item["passed"], item["reward"], item["share"]) == (False, 0.5, 0.5)


def test_no_reply_tells_a_hidden_test(server: Served) -> None:
    items = [{"task_id": "secret", "program": text} for text in NOSY.values()]
    items += [{"task_id": "secret", "completion": text} for text in NOSY.values()]
    items += [{"task_id": f"broken {number}", "program": RIGHT} for number in range(len(BROKEN))]
    replies = [asked(f"{server.url}/judge", {"items": items, "partial": partial}) for partial in (False, True)]
    replies += [asked(f"{server.url}/judge", body) for body in (b"{", {"items": []}, {"items": [{"task_id": "x"}]})]
    replies += [asked(f"{server.url}/judge", {"items": [{"task_id": "secreto", "program": "x"}]})]
    replies += [asked(server.url + path) for path in ("/", "/health", "/ready", "/metrics", "/openapi.json", "/none")]
    assert [code for code, *_ in replies] == [200, 200, 422, 422, 422, 422, 200, 200, 200, 200, 200, 404]
    for _, text, headers in replies:
        for canary in (IN, OUT, CODE, "canary"):
            assert canary not in text + str(headers)


@pytest.mark.parametrize(
    "item",
    [
        {"task_id": "add"},
        {"task_id": "add", "program": RIGHT, "completion": RIGHT},
        {"task_id": "add", "program": 7},
        {"task_id": "add", "solution": RIGHT},
        {"program": RIGHT},
    ],
)
def test_what_is_no_item_is_refused_without_an_echo(server: Served, item: dict[str, Any]) -> None:
    code, text, _ = asked(f"{server.url}/judge", {"items": [{"task_id": "add", "program": "x"}, item]})
    assert code == 422
    assert "items.1" in text
    assert "return a + b" not in text


def test_half_a_character_is_a_wrong_program_and_no_broken_batch(server: Served) -> None:
    items = [{"task_id": "add", "program": "def add(a, b): return '\ud800'"}, {"task_id": "add", "program": RIGHT}]
    assert [item["passed"] for item in judged(server, items)["verdicts"]] == [False, True]
    assert remote_reward(server.url)(["'\ud800'", RIGHT], task_id=["add"] * 2) == [0.0, 1.0]


def test_an_unknown_task_is_an_error_at_the_client_at_once(server: Served) -> None:
    before = counted(server.url)['etude_judge_verdicts_total{verdict="passed"}']
    with pytest.raises(InputError, match="not in the task set: ad"):
        remote_reward(server.url)([RIGHT, RIGHT], task_id=["add", "ad"])
    assert counted(server.url)['etude_judge_verdicts_total{verdict="passed"}'] == before


def test_requests_have_a_largest_size(server: Served) -> None:
    code, text, _ = asked(f"{server.url}/judge", {"items": [{"task_id": "add", "program": "x"}] * 65})
    assert (code, "64 at most" in text) == (413, True)
    assert asked(f"{server.url}/judge", b" " * 200_001)[0] == 413


def test_a_body_without_a_length_is_cut_off_as_well(server: Served) -> None:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
    connection.putrequest("POST", "/judge")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    try:
        for _ in range(300):
            connection.send(b"3e8\r\n" + b" " * 1000 + b"\r\n")
    except OSError:
        pass  # it has hung up, as it may
    else:
        connection.send(b"0\r\n\r\n")
    assert connection.getresponse().status == 413
    connection.close()
    assert asked(f"{server.url}/health")[0] == 200


def test_what_is_judged_is_counted(server: Served) -> None:
    before = counted(server.url)
    judged(server, [{"task_id": name, "program": RIGHT} for name in ("add", "plus", "secret", UNDECIDABLE.task_id)])
    after = counted(server.url)
    rise = {name: after[name] - before.get(name, 0.0) for name in after}
    verdicts = {word: rise[f'etude_judge_verdicts_total{{verdict="{word}"}}'] for word in ("passed", "failed", "none")}
    assert verdicts == {"passed": 2.0, "failed": 1.0, "none": 1.0}
    assert rise['etude_judge_requests_total{code="200"}'] == 1.0
    assert rise["etude_judge_seconds_count"] == 1.0
    assert (after["etude_judge_queue_depth"], after["etude_judge_queue_limit"]) == (0.0, 1024.0)
    assert after["process_resident_memory_bytes"] > 1e7


def test_the_examples_of_its_page_are_true(server: Served) -> None:
    page = json.loads(asked(f"{server.url}/openapi.json")[1])
    [ask] = page["components"]["schemas"]["Ask"]["examples"]
    [answer] = page["components"]["schemas"]["Answer"]["examples"]
    found = judged(server, ask["items"], partial=ask["partial"])
    assert [item["passed"] for item in found["verdicts"]] == [False, False]  # the tasks of the page are not these
    assert set(answer) == set(found)
    assert {frozenset(item) for item in answer["verdicts"]} == {frozenset(item) for item in found["verdicts"]}
    assert {"200", "401", "413", "422", "429", "503"} <= set(page["paths"]["/judge"]["post"]["responses"])
