"""`Gate`: what stands before the application. Who has no token and what is too large gets no further.

It reads a request's body whole, so that one without a length cannot grow in memory beyond the limit.
"""

import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

OPEN = ("/health", "/ready")
"""What needs no token: whoever starts and stops servers asks it."""
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Gate:
    """ASGI middleware: a bearer token, where one is set, and a limit on bodies.

    Args:
        app: The application behind it.
        largest: Bytes of a body.
        token: The bearer token, or "" where none is asked for.
        refused: Is told the status code of every refusal.
    """

    def __init__(
        self, app: Callable[..., Awaitable[None]], *, largest: int, token: str, refused: Callable[[int], None]
    ) -> None:
        self._app, self._largest, self._refused = app, largest, refused
        self._expected = f"Bearer {token}".encode() if token else b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the application's start and end."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        known = hmac.compare_digest(headers.get(b"authorization", b""), self._expected)
        if self._expected and scope["path"] not in OPEN and not known:
            await self._refuse(send, 401, "a bearer token is needed", [(b"www-authenticate", b"Bearer")])
            return
        body = await self._read(headers, receive)
        if body is None:
            await self._refuse(send, 413, f"a body of more than {self._largest} bytes", [(b"connection", b"close")])
            return
        await self._app(scope, _replayed(body, receive), send)

    async def _read(self, headers: dict[bytes, bytes], receive: Receive) -> bytes | None:
        """The body, or None where it is larger than it may be."""
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > self._largest:
            return None
        parts: list[bytes] = []
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                break
            parts.append(message.get("body", b""))
            size, more = size + len(parts[-1]), message.get("more_body", False)
            if size > self._largest:
                return None
        return b"".join(parts)

    async def _refuse(self, send: Send, code: int, detail: str, headers: list[tuple[bytes, bytes]]) -> None:
        self._refused(code)
        text = json.dumps({"detail": detail}).encode()
        own = [(b"content-type", b"application/json"), (b"content-length", str(len(text)).encode()), *headers]
        await send({"type": "http.response.start", "status": code, "headers": own})
        await send({"type": "http.response.body", "body": text})


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A source of messages that gives the body once, and after it what comes from the connection."""
    left = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> MutableMapping[str, Any]:
        return left.pop() if left else await receive()

    return again
