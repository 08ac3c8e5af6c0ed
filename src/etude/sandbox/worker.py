"""The driver's side of one zygote: starts it, hands it jobs, reads what the children say, notices when it is gone.

Everything a child sends is untrusted: frames are bounded, values go through `wire.decode`, and no verdict is among
them. Not safe to share between threads; `Sandbox` gives each thread a worker of its own.
"""

import contextlib
import json
import os
import select
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from etude.errors import MissingError
from etude.records import Limits

SCRIPT = Path(__file__).with_name("zygote.py")
START_SECONDS = 20.0
SLACK_SECONDS = 10.0  # beyond a child's wall time the fault is ours
ENDING_SECONDS = 0.25  # how long a child that has answered everything may take to end by itself
MOST_FRAME = 160 << 20  # a frame may be carried to a check unread; what is read here is bounded by `wire.decode`
SPARE_USER = 200_000


class Lost(Exception):  # noqa: N818
    """The zygote is gone or odd: nothing is known about the program it ran."""


class Child:
    """One process in the jail, as the driver sees it: a channel, two outputs, and how it ended."""

    def __init__(self, identity: int, channel: socket.socket, outputs: tuple[int, int]) -> None:
        self.identity, self.channel, self.outputs = identity, channel, outputs
        self.ended: dict[str, Any] | None = None
        self.buffer = bytearray()
        self.closed = False
        self.kept = ("", "")

    def frame(self) -> bytes | None:
        """The next whole frame received, or None; a frame that is too large closes the channel."""
        if len(self.buffer) < 4:
            return None
        size = struct.unpack_from(">I", self.buffer)[0]
        if size > MOST_FRAME:
            self.closed, self.buffer = True, bytearray()
            return None
        if len(self.buffer) < 4 + size:
            return None
        body = bytes(self.buffer[4 : 4 + size])
        del self.buffer[: 4 + size]
        return body

    def output(self, number: int, most: int) -> str:
        """What the program wrote on stdout (0) or stderr (1), at most `most` bytes."""
        return os.pread(self.outputs[number], most, 0).decode("utf-8", "replace")

    def close(self) -> None:
        """Closes the driver's descriptors."""
        self.channel.close()
        for fd in self.outputs:
            os.close(fd)


class Worker:
    """One zygote and its children.

    Args:
        mode: `strong` (namespaces) or `weak`.

    Raises:
        MissingError: The zygote cannot enter the jail; the failing step is named.
    """

    def __init__(self, mode: str) -> None:
        self._counter = 0
        self._children: dict[int, Child] = {}
        self._errors = tempfile.TemporaryFile()
        self._scratch = tempfile.TemporaryDirectory(prefix="etude-") if mode == "weak" else None
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [os.path.realpath(sys.executable), "-I", "-S", "-E", "-B", str(SCRIPT), str(theirs.fileno()), mode],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                env={"ETUDE_SCRATCH": self._scratch.name} if self._scratch else {},
                cwd="/",
            )
        try:
            self.isolation = self._greet()
        except BaseException:
            self.close()
            raise

    def _greet(self) -> dict[str, str]:
        """Maps the spare user for the zygote, then waits until it is in its jail."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            message = self._event(deadline)
            if message["event"] == "map":
                _map_user(self._process.pid)
                self._control.send(b"mapped")
            elif message["event"] == "ready":
                isolation: dict[str, str] = message["isolation"]
                return isolation
            else:
                raise MissingError(
                    f"the jail cannot be entered: {message.get('reason')}",
                    expected="Linux with unprivileged user namespaces, or root with CAP_SYS_ADMIN",
                    fix="allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, or in a container "
                    "--security-opt seccomp=unconfined --cap-add SYS_ADMIN), or ask for require='any'",
                )

    def _event(self, deadline: float) -> dict[str, Any]:
        ready, _, _ = select.select([self._control], [], [], max(deadline - time.monotonic(), 0))
        message = self._control.recv(1 << 16) if ready else b""
        if not message:
            self._errors.seek(0)
            said = self._errors.read()[-500:].decode("utf-8", "replace").strip()
            raise Lost(f"the zygote {'ended' if ready else 'is silent'}: {said}")
        event: dict[str, Any] = json.loads(message)
        return event

    @contextlib.contextmanager
    def child(self, job: dict[str, Any], limits: Limits, stdin: str | None = None) -> Iterator[Child]:
        """A process that has been given a job; ended and buried when the block is left."""
        self._counter += 1
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        outputs = (os.memfd_create("stdout"), os.memfd_create("stderr"))
        source = _input(stdin)
        child = self._children[self._counter] = Child(self._counter, ours, outputs)
        order = {
            "id": child.identity, "cpu": limits.cpu_seconds, "wall": limits.wall_seconds, "memory": limits.memory_bytes,
            "output": limits.output_bytes, "processes": limits.processes,
        }  # fmt: skip
        try:
            fds = [source, outputs[0], outputs[1], theirs.fileno()]
            try:
                socket.send_fds(self._control, [json.dumps(order).encode()], fds)
            except OSError as error:
                raise Lost(f"the zygote does not listen: {error}") from error
            theirs.close()
            self.send(child, json.dumps(job).encode(), limits.wall_seconds)
            yield child
            self._finish(child, limits)
            child.kept = (child.output(0, limits.output_bytes), child.output(1, limits.output_bytes))
        finally:
            theirs.close()
            os.close(source)
            del self._children[child.identity]
            child.close()

    def send(self, child: Child, body: bytes, seconds: float) -> None:
        """Sends one frame to a child; a child that has ended or does not read is no error here."""
        child.channel.settimeout(seconds)
        with contextlib.suppress(OSError):
            child.channel.sendall(struct.pack(">I", len(body)) + body)

    def receive(self, child: Child, limits: Limits) -> bytes | None:
        """The next frame of a child, or None where it ended without another one.

        Raises:
            Lost: Neither came long after the child's time was up.
        """
        deadline = time.monotonic() + limits.wall_seconds + SLACK_SECONDS
        while True:
            body = child.frame()
            if body is not None or child.closed:
                return body
            self._wait(child, deadline)

    def _wait(self, child: Child, deadline: float) -> None:
        """Takes in whatever comes next: bytes of this child, or news of any child's end."""
        watched = [self._control, child.channel]
        ready, _, _ = select.select(watched, [], [], max(deadline - time.monotonic(), 0))
        if not ready:
            raise Lost("a child outlived its time")
        if child.channel in ready:
            with contextlib.suppress(OSError):
                part = child.channel.recv(1 << 20)
                child.buffer += part
                child.closed = not part
                return
            child.closed = True
        elif self._control in ready:
            self._news(deadline)

    def _news(self, deadline: float) -> None:
        event = self._event(deadline)
        child = self._children.get(event.get("id", -1))
        if event["event"] != "ended":
            raise Lost(f"the zygote says {event.get('event')}: {event.get('reason', '')}")
        if child:
            child.ended = event

    def _finish(self, child: Child, limits: Limits) -> None:
        """Waits until the child has ended; one that has nothing more to say is given a moment only."""
        deadline = time.monotonic() + limits.wall_seconds + SLACK_SECONDS
        child.channel.close()
        grace = time.monotonic() + ENDING_SECONDS
        asked = False
        while child.ended is None:
            now = time.monotonic()
            ready, _, _ = select.select([self._control], [], [], max((deadline if asked else grace) - now, 0))
            if ready:
                self._news(deadline)
            elif not asked:
                asked = True
                self._control.send(json.dumps({"kill": child.identity}).encode())
            else:
                raise Lost("a killed child did not end")

    def settle(self, child: Child, limits: Limits) -> None:
        """Waits for a child to end by itself, within its own limits (for whole programs)."""
        deadline = time.monotonic() + limits.wall_seconds + SLACK_SECONDS
        while child.ended is None:
            self._news(deadline)

    def alive(self) -> bool:
        """Whether the zygote still runs."""
        return self._process.poll() is None

    def close(self) -> None:
        """Ends the zygote and everything in its jail."""
        self._control.close()
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        self._errors.close()
        if self._scratch:
            self._scratch.cleanup()


def _input(stdin: str | None) -> int:
    if stdin is None:
        return os.open(os.devnull, os.O_RDONLY)
    fd = os.memfd_create("stdin")
    data = stdin.encode("utf-8", "surrogatepass")
    while data:
        data = data[os.write(fd, data) :]
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _map_user(pid: int) -> None:
    """Inside the jail user 0 is a user that owns nothing outside: a spare one where we may choose, else ourselves."""
    root = os.geteuid() == 0
    user = SPARE_USER + pid if root else os.geteuid()
    group = SPARE_USER + pid if root else os.getegid()
    folder = Path(f"/proc/{pid}")
    if not root:
        (folder / "setgroups").write_text("deny")
    (folder / "uid_map").write_text(f"0 {user} 1")
    (folder / "gid_map").write_text(f"0 {group} 1")
