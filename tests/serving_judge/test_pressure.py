"""Many clients at once and more than it can hold: said, waited for, and nothing lost or judged twice."""

import json
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from etude.errors import MissingError
from etude.rewards.referee import Written
from etude.rewards.remote import RemoteReferee
from tests.conftest import require
from tests.rewards.tasks import RIGHT, WRONG
from tests.serving_judge.world import SLEEPER, asked, counted, served

require("fastapi", "prometheus_client", reason="the extra `serve` is not installed")

CLIENTS, ROUNDS, EACH = 64, 2, 3


def test_64_clients_lose_nothing_though_the_queue_holds_a_tenth_of_it() -> None:
    with served("--workers", "2", "--queue", "20") as server:

        def client(number: int) -> list[bool | None]:
            referee = RemoteReferee(server.url, batch=EACH, at_once=1)
            found: list[bool | None] = []
            for turn in range(ROUNDS):
                own = f"# client {number}, turn {turn}\n"
                texts = [own + RIGHT, own + WRONG, own + RIGHT]
                found += [
                    item.verdict.passed for item in referee.decide([Written("add", text, True) for text in texts])
                ]
            return found

        with ThreadPoolExecutor(CLIENTS) as pool:
            found = list(pool.map(client, range(CLIENTS)))
        assert found == [[True, False, True] * ROUNDS] * CLIENTS
        numbers = counted(server.url)
        assert numbers['etude_judge_verdicts_total{verdict="passed"}'] == 2 * ROUNDS * CLIENTS
        assert numbers['etude_judge_verdicts_total{verdict="failed"}'] == ROUNDS * CLIENTS
        assert numbers['etude_judge_requests_total{code="200"}'] == ROUNDS * CLIENTS
        assert numbers['etude_judge_requests_total{code="429"}'] > 0
        assert numbers["etude_judge_queue_depth"] == 0


def test_a_full_queue_says_so_and_what_was_taken_is_finished_for_no_one() -> None:
    with served("--workers", "1", "--queue", "2") as server:
        programs = [f"x = {number}\n" + SLEEPER.format(seconds=0.5) for number in range(2)]
        slow = {"items": [{"task_id": "add", "program": program} for program in programs]}
        address = ("127.0.0.1", int(server.url.rpartition(":")[2]))
        body = json.dumps(slow).encode()
        with socket.create_connection(address) as gone:  # asks, and does not wait for the answer
            head = f"POST /judge HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
            gone.sendall(f"{head}\r\n\r\n".encode() + body)
            _until(lambda: asked(f"{server.url}/ready")[0] == 503)
        code, text, headers = asked(f"{server.url}/judge", slow)
        assert (code, "2 of 2 programs" in text) == (429, True)
        assert 1 <= int(headers["Retry-After"]) <= 30
        _until(lambda: asked(f"{server.url}/ready")[0] == 200)
        assert counted(server.url)['etude_judge_verdicts_total{verdict="passed"}'] == 2
        assert asked(f"{server.url}/judge", {"items": slow["items"] * 2})[0] == 413  # it could never fit


def test_a_server_out_of_reach_is_waited_for_and_then_an_error() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with pytest.raises(MissingError, match=f"the judge at {url} gives no verdict: "):
        RemoteReferee(url, patience=0.5).decide([Written("add", RIGHT)])
    found: list[bool | None] = []
    patient = RemoteReferee(url, patience=120)
    asking = threading.Thread(
        target=lambda: found.extend(d.verdict.passed for d in patient.decide([Written("add", RIGHT)]))
    )
    asking.start()
    with served("--port", str(port)):
        asking.join(timeout=120)
    assert found == [True]


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)
