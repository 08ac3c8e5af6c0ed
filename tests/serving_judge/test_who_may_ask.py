"""Where a judge's server listens, and for whom: loopback by default, a token beyond it, no test split for trainers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from etude.errors import InputError, MissingError
from etude.rewards import remote_reward
from tests.conftest import ENVIRONMENT, require
from tests.rewards.tasks import RIGHT
from tests.serving_judge.world import SET, asked, served

require("fastapi", "prometheus_client", reason="the extra `serve` is not installed")

TOKEN = "a-token-that-only-we-know"


def refused(*flags: str) -> str:
    """What a server that does not start says."""
    done = subprocess.run(
        [sys.executable, "-m", "etude", "serve", "judge", *flags],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
    return done.stderr


def test_a_token_is_asked_for_everywhere_but_at_health(monkeypatch: pytest.MonkeyPatch) -> None:
    with served("--token-from", "OUR_TOKEN", "--host", "0.0.0.0", environment={"OUR_TOKEN": TOKEN}) as server:
        url = server.url.replace("0.0.0.0", "127.0.0.1")
        ask = {"items": [{"task_id": "add", "program": RIGHT}]}
        for headers in (
            {},
            {"Authorization": TOKEN},
            {"Authorization": "Bearer another"},
            {"Authorization": "Bearer "},
        ):
            for path, body in (("/judge", ask), ("/metrics", None), ("/", None), ("/openapi.json", None)):
                code, text, _ = asked(url + path, body, headers)
                assert (code, TOKEN in text) == (401, False)
        assert [asked(url + path)[0] for path in ("/health", "/ready")] == [200, 200]
        monkeypatch.setenv("MY_TOKEN", TOKEN)
        assert remote_reward(url, token_from="MY_TOKEN")([RIGHT], task_id=["add"]) == [1.0]
        with pytest.raises(InputError, match="401"):
            remote_reward(url)([RIGHT], task_id=["add"])
        server.process.terminate()
        assert TOKEN not in "".join(server.process.communicate(timeout=60)) + str(server.facts)


def test_it_listens_on_loopback_alone_unless_asked() -> None:
    with served() as server:
        assert server.url.startswith("http://127.0.0.1:")
        port = int(server.url.rpartition(":")[2])
        lines = [line.split() for line in Path(f"/proc/{server.process.pid}/net/tcp").read_text().splitlines()][1:]
        listening = {line[1] for line in lines if line[3] == "0A" and line[1].endswith(f":{port:04X}")}
        assert listening == {f"0100007F:{port:04X}"}
        assert "no token is asked for" in refused("--tasks", SET, "--host", "0.0.0.0")
        assert f"port {port}" in refused("--tasks", SET, "--port", str(port))


@pytest.mark.slow
def test_what_cannot_be_served_is_said_before_anything_listens() -> None:
    assert "lab[test]" in refused("--tasks", "lab[test]")
    assert "JUDGE_TOKEN holds no token" in refused("--tasks", SET, "--token-from", "JUDGE_TOKEN")
    assert "no such setting: --sandbox.workers" in refused("--tasks", SET, "--sandbox.workers", "3")
    with pytest.raises(MissingError, match="NOBODY_SET_THIS holds no token"):
        remote_reward("http://127.0.0.1:1", token_from="NOBODY_SET_THIS")([RIGHT], task_id=["add"])
    with pytest.raises(InputError, match="no address of a judge"):
        remote_reward("127.0.0.1:8000")
    assert "NOBODY_SET_THIS" not in os.environ


@pytest.mark.slow
def test_a_test_split_is_served_where_it_is_unlocked() -> None:
    with served("--unlock-test", tasks="lab[test][0:2]") as server:
        assert server.facts["count"] == 2
