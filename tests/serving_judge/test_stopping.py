"""How a judge's server ends: what is begun is finished, nothing new is taken, and nothing stays behind."""

import json
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import require
from tests.serving_judge.world import SLEEPER, asked, served

require("fastapi", "prometheus_client", reason="the extra `serve` is not installed")


def children(process: int) -> set[int]:
    """All descendants of a process."""
    found = set[int]()
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found |= {child} | children(child)
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_what_is_begun_is_finished(number: signal.Signals) -> None:
    with served("--workers", "1") as server, ThreadPoolExecutor(3) as pool:
        asks = [
            {"items": [{"task_id": "add", "program": f"x = {n}\n" + SLEEPER.format(seconds=0.2)}]} for n in range(3)
        ]
        replies = [pool.submit(asked, f"{server.url}/judge", ask) for ask in asks]
        end = time.monotonic() + 60
        while json.loads(asked(f"{server.url}/ready")[1])["depth"] < 3:
            assert time.monotonic() < end
            time.sleep(0.02)
        below = children(server.process.pid)
        server.process.send_signal(number)
        for reply in replies:
            code, text, _ = reply.result()
            assert (code, json.loads(text)["verdicts"][0]["passed"]) == (200, True)
        assert server.process.wait(timeout=60) == 0
        with pytest.raises(OSError, match="refused"):
            asked(f"{server.url}/health")
        assert below
        assert not [child for child in below if Path(f"/proc/{child}").exists()]
