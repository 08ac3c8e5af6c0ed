"""A server on loopback that speaks the few routes of the Hugging Face hub that creating and filling a repository needs.

It keeps what is written to it. It checks the token as the hub does, and takes files whole, in the commit itself.
"""

import base64
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "hf_only_for_this_test"


@dataclass
class Hub:
    """What was written: repository -> its facts, and its files."""

    repositories: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    server: Any = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> "Hub":
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def answer(self, path: str, body: bytes, token: str) -> tuple[int, Any]:
        """Status and JSON for a POST."""
        self.asked.append(path)
        self.tokens.append(token)
        if token != f"Bearer {TOKEN}":
            return 401, {"error": "Invalid credentials in Authorization header"}
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}
        if path == "/api/repos/create":
            return self._create(json.loads(body))
        kind, owner, name, what = path.removeprefix("/api/").split("/")[:4]
        repository = f"{kind}/{owner}/{name}"
        if what == "preupload":
            files = json.loads(body)["files"]
            told = [{"path": item["path"], "uploadMode": "regular", "shouldIgnore": False} for item in files]
            return 200, {"files": told}
        assert what == "commit", path
        return self._commit(repository, [json.loads(line) for line in body.splitlines()])

    def _create(self, asked: dict[str, Any]) -> tuple[int, Any]:
        kind = asked.get("type", "model")
        repository = f"{kind}s/{asked.get('organization', 'me')}/{asked['name']}"
        status = 409 if repository in self.repositories else 200
        self.repositories.setdefault(repository, asked)
        short = repository if kind == "dataset" else repository.removeprefix("models/")
        return status, {"url": f"{self.address}/{short}"}

    def _commit(self, repository: str, lines: list[dict[str, Any]]) -> tuple[int, Any]:
        own = self.files.setdefault(repository, {})
        for line in lines:
            if line["key"] == "file":
                own[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
        short = repository.removeprefix("models/")
        return 200, {"success": True, "commitOid": "c0ffee", "commitUrl": f"{self.address}/{short}/commit/c0ffee"}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
                    body = b"".join(iter(self._chunk, b""))
                else:
                    body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self._say(*hub.answer(self.path.partition("?")[0], body, self.headers.get("Authorization", "")))

            def do_GET(self) -> None:
                hub.asked.append(f"GET {self.path}")
                self._say(404, {"error": "Not found"})

            def _chunk(self) -> bytes:
                size = int(self.rfile.readline(), 16)
                part = self.rfile.read(size)
                self.rfile.readline()
                return part

            def _say(self, status: int, value: Any) -> None:
                text = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                if status >= 400:
                    self.send_header("X-Error-Message", str(value.get("error", "")))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: object) -> None:
                pass

        return Handler
