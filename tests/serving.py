"""Servers for the tests, all on loopback: a real one (`transformers serve` with the lab's model) in a process of its
own, a counter that passes requests on to it, and one that answers as a test tells it.
"""

import importlib.util
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from etude.config import located
from tests.conftest import ENVIRONMENT

WAIT = 90.0
Reply = tuple[int, dict[str, str], bytes]
"""Status, headers, body. Status 0 drops the connection."""


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
            if not status:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(status)
            for key, value in {"content-type": "application/json", **headers}.items():
                self.send_header(key, value)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

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


@dataclass(frozen=True)
class Served:
    """The real server: its address and the model's name on it."""

    url: str
    model: str


@contextmanager
def transformers_serve(folder: Path, *, chat: bool = False) -> Iterator[Served]:
    """`transformers serve` with a copy of the lab's model that samples; with `chat`, one with a template for chats."""
    for needed in ("torch", "transformers", "fastapi", "uvicorn", "openai"):
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"the real server needs {needed}, which is not installed")
    copy = _model(folder, chat)
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


def _model(folder: Path, chat: bool) -> Path:
    copy = folder / "served"
    shutil.copytree(located("package:etude.lab/model"), copy)
    config = {"do_sample": True, "top_k": 0, "eos_token_id": 0, "pad_token_id": 1}
    (copy / "generation_config.json").write_text(json.dumps(config))
    if chat:
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
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def on(path: str, body: Any) -> Reply:
        data = None if body is None else json.dumps(body).encode()
        place = served.url.removesuffix("/v1") + path
        asked = urllib.request.Request(place, data=data, headers={"content-type": "application/json"})
        try:
            with opener.open(asked, timeout=WAIT) as reply:
                return reply.status, {}, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, {}, error.read()

    with answering(on) as server:
        yield server
