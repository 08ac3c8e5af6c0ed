"""Servers for the tests, all on loopback: a real one (`transformers serve` with the lab's model) in a process of its
own, a door in front of it that counts what passes and can break it, and one that answers as a test tells it.
"""

import importlib.util
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from etude.config import located
from etude.records import Request, Sampling
from tests.conftest import ENVIRONMENT

WAIT = 90.0
Reply = tuple[int, dict[str, str], bytes]
"""Status, headers, body. Status 0 drops the connection; with a body, when half of it is sent. -1 never answers."""


@dataclass
class Server:
    """A server under test: its address and every request that reached it, as (path, headers, body)."""

    url: str
    asked: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)

    def drawn(self) -> list[Any]:
        """The bodies of the requests for completions."""
        return [body for path, _, body in self.asked if path.endswith("completions")]


@contextmanager
def answering(answer: Callable[[str, Any], Reply]) -> Iterator[Server]:
    """A small server; `answer(path, body)` says what each request gets."""
    seen = Server("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            read = json.loads(body) if body else None
            seen.asked.append((self.path, {key.lower(): value for key, value in self.headers.items()}, read))
            status, headers, text = answer(self.path, read)
            if status < 0:
                self.connection.settimeout(WAIT)
                self.rfile.read(1)  # until whoever asked has gone
            if status < 0 or not (status or text):
                return self.drop()
            self.send_response(status or 200)
            for key, value in {"content-type": "application/json", **headers}.items():
                self.send_header(key, value)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text if status else text[: len(text) // 2])
            if not status:
                self.wfile.flush()
                self.drop()

        def drop(self) -> None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

        def log_message(self, *_: object) -> None:
            """Nothing."""

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:
                self.close_connection = True  # whoever asked has gone

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    seen.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield seen
    finally:
        server.shutdown()
        server.server_close()


def asked(prompt: str, count: int, **sampling: Any) -> list[Request]:
    """Requests for a prompt's first samples."""
    settings = Sampling(**{"max_tokens": 30, "temperature": 0.9, **sampling})
    return [Request(prompt=prompt, sample_index=index, sampling=settings) for index in range(count)]


@dataclass(frozen=True)
class Served:
    """The real server: its address and the model's name on it."""

    url: str
    model: str


@contextmanager
def transformers_serve(folder: Path) -> Iterator[Served]:
    """`transformers serve` with a copy of the lab's model that samples and has a template for chats."""
    for needed in ("torch", "transformers", "fastapi", "uvicorn", "openai"):
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"the real server needs {needed}, which is not installed")
    copy = _model(folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = "import sys; from transformers.cli.transformers import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "serve", str(copy), "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "serve.log").open("w") as log:
        process = subprocess.Popen([*command, "--device", "cpu"], env=ENVIRONMENT, stdout=log, stderr=log)
    try:
        _wait(process, f"http://127.0.0.1:{port}/health", folder / "serve.log")
        yield Served(f"http://127.0.0.1:{port}/v1", str(copy))
    finally:
        process.kill()
        process.wait()


def _model(folder: Path) -> Path:
    copy = folder / "served"
    shutil.copytree(located("package:etude.lab/model"), copy)
    config = {"do_sample": True, "top_k": 0, "eos_token_id": 0, "pad_token_id": 1}
    (copy / "generation_config.json").write_text(json.dumps(config))
    (copy / "chat_template.jinja").write_text("{% for m in messages %}{{ m['content'] }}{% endfor %}")
    return copy


def _wait(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()[-2000:]
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(log.read_text()[-2000:])


@contextmanager
def counted(served: Served) -> Iterator[Server]:
    """A door in front of the real server that counts what passes; it changes nothing."""
    with answering(lambda path, body: passed_on(served, path, body)) as server:
        yield server


def passed_on(served: Served, path: str, body: Any) -> Reply:
    """What the real server answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    data = None if body is None else json.dumps(body).encode()
    place = served.url.removesuffix("/v1") + path
    asked = urllib.request.Request(place, data=data, headers={"content-type": "application/json"})
    try:
        with opener.open(asked, timeout=WAIT) as reply:
            return reply.status, {}, reply.read()
    except urllib.error.HTTPError as error:
        return error.code, {}, error.read()


FAULTS = ("busy", "fails", "hangs", "cut", "garbled", "no choices")
UNPAID = ("busy", "fails")
"""Faults at which the server has not written anything."""


@dataclass
class Door:
    """Real traffic with faults in it.

    Attributes:
        server: The address to ask, and all that reached it.
        written: Tokens, read and written, of each request that the real server has answered, whether or not its answer
            came through.
        through: Bodies of the requests whose answers came through.
        met: The faults, in the order in which they were met.
    """

    server: Server
    written: list[int] = field(default_factory=list)
    through: list[Any] = field(default_factory=list)
    met: list[str] = field(default_factory=list)


@contextmanager
def faulty(served: Served, faults: Iterator[str]) -> Iterator[Door]:
    """A door in front of the real server; each request for a completion meets the next of the faults, "" is none."""
    door = Door(Server(""))
    turn, one_at_a_time = threading.Lock(), threading.Lock()

    def on(path: str, body: Any) -> Reply:
        if not path.endswith("completions"):
            return passed_on(served, path, body)
        with turn:
            fault = next(faults, "")
            door.met.extend([fault] if fault else [])
        if fault in UNPAID:
            words = json.dumps({"error": {"message": fault}}).encode()
            return (429, {"retry-after": "1"}, words) if fault == "busy" else (500, {}, words)
        with one_at_a_time:  # the server of the tests writes one text at a time as quickly as several
            status, headers, text = passed_on(served, path, body)
        with turn:
            door.written.append(json.loads(text)["usage"]["total_tokens"])
            door.through.extend([] if fault else [body])
        return broken(fault, status, headers, text)

    with answering(on) as server:
        door.server = server
        yield door


def broken(fault: str, status: int, headers: dict[str, str], text: bytes) -> Reply:
    """A real answer with a fault put into it."""
    if fault == "no choices":
        text = json.dumps({**json.loads(text), "choices": []}).encode()
    if fault == "garbled":
        text = text[: len(text) // 2]
    return {"hangs": -1, "cut": 0}.get(fault, status), headers, text
