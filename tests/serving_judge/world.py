"""Tasks whose hidden tests hold canaries, and a judge's server for the tests, in a process of its own on loopback."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

from etude.protocols import State
from etude.records import Call, Tests
from etude.tasks import Task
from tests.conftest import ENVIRONMENT
from tests.rewards.tasks import UNDECIDABLE, task

SET = "tests.serving_judge.world:World"
IN, OUT, CODE = "canary-input-4711", "canary-expected-0815", "canary_reference_42"
SECRET = Tests(calls=(Call(args=(IN,), expected=OUT), Call(args=(1, 2), expected=3)))
BROKEN = [
    Tests(check="def check(candidate):\n    assert candidate(1, 2) == 3\n", context=f"raise ValueError({OUT!r})\n"),
    Tests(assertions=(f"assert {CODE}(1) == {OUT!r}",), context=f"{{}}[{IN!r}]\n"),
    Tests(check=f"def check(candidate):\n    {{}}[{OUT!r}]\n"),
    Tests(puzzle=f"def sat(x: int, y={OUT!r}):\n    return {{}}[y]\n"),
]
"""Tests that do not run, and say a canary when they are tried."""
SLEEPER = "import time\ndef add(a, b):\n    time.sleep({seconds})\n    return a + b\n"


@dataclass
class World:
    """Two tasks to add, one whose tests are a secret, one that nobody can judge, and some with broken tests."""

    def propose(self, state: State | None, n: int | None = None) -> Iterator[Task]:
        secret = task("secret", SECRET, Tests())
        hidden = Task(facts=secret.facts, hidden=SECRET, reference=f"def add(*{CODE}): return {OUT!r}\n")
        broken = [task(f"broken {number}", tests, Tests()) for number, tests in enumerate(BROKEN)]
        yield from islice((task("add"), task("plus"), hidden, UNDECIDABLE, *broken), n)


@dataclass(frozen=True)
class Served:
    """A server under test."""

    url: str
    facts: Mapping[str, Any]
    process: "subprocess.Popen[str]"


@contextmanager
def served(*flags: str, tasks: str = SET, environment: Mapping[str, str] | None = None) -> Iterator[Served]:
    """`etude serve judge` on a free port; it is ended at the end, if it has not ended by then."""
    command = [sys.executable, "-m", "etude", "serve", "judge", "--tasks", tasks, "--port", "0", "--json", *flags]
    process = subprocess.Popen(
        command, env={**ENVIRONMENT, **(environment or {})}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        line = process.stdout.readline() if process.stdout else ""
        assert line, process.communicate()
        facts = json.loads(line)
        yield Served(facts["url"], facts, process)
    finally:
        process.terminate()
        try:
            process.communicate(timeout=60)
        finally:
            process.kill()


def asked(
    url: str, body: Any = None, headers: Mapping[str, str] | None = None, timeout: float = 120
) -> tuple[int, str, Any]:
    """Status, body as text, headers. A body that is no bytes is sent as JSON; None asks with GET."""
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json", **(headers or {})})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as reply:
            return reply.status, reply.read().decode(), reply.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), error.headers


def counted(url: str) -> dict[str, float]:
    """The server's metrics by name and labels."""
    lines = [line for line in asked(f"{url}/metrics")[1].splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}
