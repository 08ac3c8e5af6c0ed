"""The driver's side of one zygote: start it, hand it one job at a time, replace it when it is odd.

A worker belongs to the thread that started it: the kernel kills the zygote when that thread ends. Nothing here judges;
`reading` turns what came back into a `Run`.
"""

import contextlib
import json
import marshal
import os
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from etude.records import Job, Run
from etude.sandbox.flavour import Flavour
from etude.sandbox.jail import wire
from etude.sandbox.jail.namespaces import SCRATCH
from etude.sandbox.jail.order import PATIENCE, Order
from etude.sandbox.reading import Reply, Seen, read_run, refused

Road = Literal["root", "user", "weak"]

HERE = Path(__file__).parent
START_SECONDS = 30.0
HEADROOM = 4096  # bytes of frames around the values
GRACE_SECONDS = 20.0
ENDING_SECONDS = 2.0
LAUNCH = "import sys; sys.path.insert(0, sys.argv.pop()); from jail.zygote import main; sys.path.pop(0); main()"
ENVIRONMENT = {
    "PYTHONHASHSEED": "0",  # the order of a set of strings is the same for every worker
    "PYTHONUTF8": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "MALLOC_ARENA_MAX": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


class WorkerError(Exception):
    """The zygote died or is silent: our fault, not the program's."""


class RoadError(Exception):
    """This road into a jail is closed.

    Args:
        wanted: The property that cannot be had.
        reason: What the kernel said.
    """

    def __init__(self, wanted: str, reason: str) -> None:
        super().__init__(wanted, reason)
        self.wanted, self.reason = wanted, reason


@dataclass(slots=True, kw_only=True)
class Worker:
    """One zygote. `start` before `run`; `close` at the end.

    Attributes:
        isolation: Property -> mechanism, as the zygote reported it.
        clean: False once the scratch folder could not be emptied.
    """

    road: Road
    flavour: Flavour
    isolation: dict[str, str] = field(default_factory=dict)
    clean: bool = True
    _process: "subprocess.Popen[bytes] | None" = None
    _control: socket.socket | None = None
    _scratch: str = ""

    def start(self) -> None:
        """Starts the zygote and waits until it is in its jail.

        Raises:
            RoadError: The jail cannot be had on this road.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._scratch = tempfile.mkdtemp(prefix="etude-") if self.road == "weak" else SCRATCH
        home = {"HOME": self._scratch, "TMPDIR": self._scratch}
        options: dict[str, Any] = {"control": theirs.fileno(), "road": self.road, "scratch": self._scratch}
        options |= {"imports": self.flavour.loaded, "folders": self.flavour.folders}
        self._process = subprocess.Popen(
            [self.flavour.interpreter, "-s", "-S", "-P", "-c", LAUNCH, json.dumps(options), str(HERE)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
            env=ENVIRONMENT | home,
            cwd="/",
            start_new_session=True,
        )
        theirs.close()
        self._control = ours
        self._greet()

    def _greet(self) -> None:
        try:
            kind, *said = self._receive(START_SECONDS)
        except WorkerError as error:
            self.close()
            raise RoadError("interpreter", str(error)) from None
        if kind != "ready":
            self.close()
            raise RoadError(said[0], said[1])
        self.isolation = said[0]

    def run(self, job: Job) -> Run:
        """Runs one job.

        Raises:
            WorkerError: Nothing is known about the program; this worker must not be used again.
        """
        runs, checks = bool(job.source) or not job.checks, bool(job.checks)
        try:
            sheets = _sheets(job)
        except ValueError as error:
            return refused(str(error))
        with Files() as files:
            line = socket.socketpair() if runs and checks else ()
            program = files.child(sheets[0], line[0] if line else None, job.stdin) if runs else []
            checker = files.child(sheets[1], line[1] if line else None, None) if checks else []
            handles = [*program, *checker]
            order = _order(job, runs, checks)
            try:
                self._send(order, handles)
            finally:
                for end in line:
                    end.close()
            reply = self._reply(job)
            seen = files.seen(program, job.limits.output_bytes) if runs else Seen()
            return read_run(job, reply, seen, files.content(checker[3]) if checks else b"")

    def _reply(self, job: Job) -> Reply:
        reply = Reply(*self._receive(PATIENCE * job.limits.wall_seconds + GRACE_SECONDS))
        self.clean = reply.clean
        return reply

    def _send(self, order: bytes, handles: list[int]) -> None:
        assert self._control is not None
        try:
            socket.send_fds(self._control, [order], handles)
        except OSError as error:
            raise WorkerError(f"the zygote is gone: {error.strerror}") from None

    def _receive(self, seconds: float) -> Any:
        assert self._control is not None
        self._control.settimeout(seconds)
        try:
            data = self._control.recv(1 << 16)
        except OSError as error:
            raise WorkerError(f"the zygote is silent: {error}") from None
        if not data:
            raise WorkerError("the zygote ended")
        return wire.decode(data)

    def interrupt(self) -> None:
        """Hangs up, from any thread: the zygote kills what it runs and ends, and `run` raises `WorkerError`."""
        if (control := self._control) is not None:
            with contextlib.suppress(OSError):
                control.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Ends the zygote and whatever it runs."""
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(ENDING_SECONDS)  # it ends by itself once the line is closed
            self._process.kill()
            self._process.wait()
        if self.road == "weak" and self._scratch:
            shutil.rmtree(self._scratch, ignore_errors=True)
        self._process = self._control = None


def _sheets(job: Job) -> tuple[bytes, bytes]:
    """The job in two parts: what the program's child gets, and what the checker's child gets.

    Raises:
        ValueError: The job is too large, or cannot be written down.
    """
    program = {"source": job.source, "setup": job.setup, "asks": job.asks, "script": job.stdin is not None}
    checker = {"context": job.context, "checks": job.checks, "names": job.names, "given": dict(job.given)}
    sheets = marshal.dumps(program), marshal.dumps(checker)
    if max(map(len, sheets)) > wire.BYTES:
        raise ValueError("the program is too large")
    return sheets


def _order(job: Job, runs: bool, checks: bool) -> bytes:
    limits = job.limits
    zygote_and_children = 3
    return Order(
        cpu=limits.cpu_seconds,
        wall=limits.wall_seconds,
        memory=limits.memory_bytes,
        file=max(limits.output_bytes, wire.BYTES + HEADROOM),
        processes=limits.processes + zygote_and_children,
        runs=runs,
        checks=checks,
    ).pack()


class Files:
    """Memory files for one job, new each time: a program may spoil its own and reaches no other's."""

    def __init__(self) -> None:
        self._open: list[int] = []

    def __enter__(self) -> "Files":
        return self

    def __exit__(self, *_: object) -> None:
        for handle in self._open:
            os.close(handle)

    def child(self, sheet: bytes, line: socket.socket | None, stdin: str | None) -> list[int]:
        """Descriptors for a child: stdin, stdout, stderr, results, job, and its end of the line."""
        given = self._file((stdin or "").encode("utf-8", "surrogatepass"))
        handles = [given, self._file(), self._file(), self._file(), self._file(sheet)]
        return [*handles, line.fileno()] if line else handles

    def seen(self, handles: list[int], output: int) -> Seen:
        """What a program left: its printed text up to `output` bytes, and its frames."""
        _, stdout, stderr, results, *_ = handles
        return Seen(self.content(stdout, output), self.content(stderr, output), self.content(results))

    def content(self, handle: int, most: int = wire.BYTES + HEADROOM) -> bytes:
        """What was written to a file, at most `most` bytes."""
        return os.pread(handle, min(os.fstat(handle).st_size, most), 0)

    def _file(self, content: bytes = b"") -> int:
        handle = os.memfd_create("job", os.MFD_CLOEXEC)
        self._open.append(handle)
        if content:
            view = memoryview(content)
            while view:
                view = view[os.write(handle, view) :]
            os.lseek(handle, 0, os.SEEK_SET)
        return handle
