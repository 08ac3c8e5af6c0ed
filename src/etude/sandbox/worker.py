"""The driver's side of one zygote: start it, hand it one job at a time, replace it when it is odd.

A worker belongs to the thread that started it: the kernel kills the zygote when that thread ends. Nothing here judges;
`reading` turns what came back into a `Run`.
"""

import contextlib
import json
import marshal
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from etude.errors import MissingError
from etude.records import Job, Limits, Run
from etude.sandbox.building import Files, Workshop, limits_of, work_of
from etude.sandbox.compiling import Code, Compiler, CompilerLostError, Text, together
from etude.sandbox.control_group import ControlGroup, entered
from etude.sandbox.descriptors import MOST, Descriptors
from etude.sandbox.flavour import Flavour
from etude.sandbox.jail import wire
from etude.sandbox.jail.cleaning import clean
from etude.sandbox.jail.faults import ASK, CHECK, PROGRAM, SETUP, Description
from etude.sandbox.jail.namespaces import SCRATCH
from etude.sandbox.jail.order import BOTH, CALLED, CHECKER, CLEAN, COMMAND, TIED, ended, packed
from etude.sandbox.jail.order import PROGRAM as ALONE
from etude.sandbox.languages import language
from etude.sandbox.languages.tools import FOLDERS as LANGUAGE_FOLDERS
from etude.sandbox.memory import Memory
from etude.sandbox.reading import GROUP, Reply, exhausted, read_run, refused, stopped
from etude.sandbox.watching import Late, Watch, children

Road = Literal["root", "user", "container", "weak"]

HERE = Path(__file__).parent
START_SECONDS = 30.0
GRACE_SECONDS = 20.0
ENDING_SECONDS = 2.0
UNLIMITED = (1 << 64) - 1
OWN_PROCESSES = 4  # of this jail's user: the zygote and what it keeps
PROVE_SECONDS = 0.05
OTHER_LANGUAGES = "make namespaces available (`etude doctor` says how), or leave those programs out"
LOST = ("killed", "error")
LAUNCH = "import sys; sys.path.insert(0, sys.argv.pop()); from jail.zygote import main; sys.path.pop(0); main()"
ENVIRONMENT = {
    "PYTHONHASHSEED": "0",  # the order of a set of strings is the same for every worker
    "PYTHONUTF8": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONNODEBUGRANGES": "1",  # half the size of a code object; no traceback of ours has columns
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "MALLOC_ARENA_MAX": "1",
    "LD_BIND_NOW": "1",  # no name is looked up in a child, which would write to shared pages
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
        memory: Runs that need not be repeated.
        workshop: Compiled programs of other languages.
        commands: Programs of other languages are run, and no Python.
        folders: What the jail shows besides what every jail for other languages does.
        isolation: Property -> mechanism, as the zygote reported it.
        clean: False once this worker must be replaced: the scratch folder could not be emptied, or its compile server
            is gone.
        delayed: Seconds that the last program to run out of the wall clock had waited for a processor.
    """

    road: Road
    flavour: Flavour
    memory: Memory = field(default_factory=lambda: Memory(0))
    workshop: Workshop = field(default_factory=Workshop)
    commands: bool = False
    folders: tuple[str, ...] = ()
    isolation: Mapping[str, str] = field(default_factory=dict)
    clean: bool = True
    delayed: float = 0.0
    _process: "subprocess.Popen[bytes] | None" = None
    _control: socket.socket | None = None
    _compiler: Compiler | None = None
    _group: ControlGroup | None = None
    _files: Descriptors = field(default_factory=Descriptors)
    _scratch: str = ""
    _scratch_handle: int = -1
    _zygote_handle: int = -1
    _pristine: tuple[int, object] = (0, None)
    _zygote: int = 0
    _others: frozenset[int] = frozenset()
    _size: int = 0
    _timeout: float = 0.0

    @property
    def _python(self) -> str:
        """The interpreter itself, behind the links that lead to it from a virtual environment."""
        return os.path.realpath(shutil.which(self.flavour.interpreter) or self.flavour.interpreter)

    @property
    def _own_scratch(self) -> bool:
        """Whether the scratch folder is a file system of the jail's own."""
        return self.road in ("root", "user")

    def start(self) -> None:
        """Starts the zygote and waits until it is in its jail.

        Raises:
            RoadError: The jail cannot be had on this road.
            MissingError: Programs of other languages are to be run on a road that lets no program make a process.
        """
        if self.commands and not self._own_scratch:
            raise MissingError(
                "programs of other languages need process namespaces, which are refused here",
                expected="a sandbox of the level strong",
                fix=OTHER_LANGUAGES,
            )
        control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        control.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)  # now: a greeting sent before tells no number
        line, far = socket.socketpair()
        self._scratch = SCRATCH if self._own_scratch else tempfile.mkdtemp(prefix="etude-")
        descriptors = [*self._files.all, theirs.fileno(), far.fileno()]
        options: dict[str, Any] = {"descriptors": descriptors, "road": self.road, "scratch": self._scratch}
        folders = (*self.flavour.folders, *((*LANGUAGE_FOLDERS, *self.folders, self._python) if self.commands else ()))
        options |= {"imports": self.flavour.loaded, "folders": folders, "commands": self.commands}
        self._process = subprocess.Popen(
            [self.flavour.interpreter, "-s", "-S", "-P", "-c", LAUNCH, json.dumps(options), str(HERE)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=descriptors,
            env=ENVIRONMENT | {"HOME": self._scratch, "TMPDIR": self._scratch},
            cwd="/",
            start_new_session=True,
        )
        self._group = entered(self._process.pid)
        theirs.close()
        far.close()
        self._control, self._compiler = control, Compiler(line)
        self._greet()

    def _greet(self) -> None:
        assert self._control is not None
        self._control.settimeout(START_SECONDS)
        try:
            data, ancillary, _, _ = self._control.recvmsg(1 << 16, 1 << 10)
            kind, *said = wire.decode(data)
        except (OSError, wire.WireError, ValueError) as error:
            self.close()
            raise RoadError("interpreter", f"{self.flavour.interpreter} does not start: {error}") from None
        if kind != "ready":
            self.close()
            raise RoadError(said[0], said[1])
        self._control.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
        self._control.settimeout(None)
        received = {kind: content for _, kind, content in ancillary}
        self._scratch_handle = struct.unpack("i", received[socket.SCM_RIGHTS])[0]
        self._zygote = struct.unpack("3i", received[socket.SCM_CREDENTIALS])[0]
        self._others = frozenset(children(self._zygote))
        self._pristine = self._scratch_state()
        self._zygote_handle = os.pidfd_open(self._zygote)
        self.isolation, self._size = {**said[0], "verdicts": "outside the program's process"}, said[1]
        if self._group is not None:
            self.isolation = {**self.isolation, "memory": f"control group, {said[0]['memory']}"}
        if not self._others and not self.commands:
            self.close()
            raise RoadError("time", "/proc does not show the sandbox's own processes")

    def run(self, job: Job, *, anew: bool = False) -> Run:
        """Runs one job.

        Args:
            job: The job.
            anew: No run that is remembered will do.

        Raises:
            WorkerError: Nothing is known about the program; this worker must not be used again.
        """
        made: Files | None = None
        if self.commands and language(job.language).compile:
            found = self.workshop.made(job, self._one)
            if isinstance(found, Run):
                return found
            made = found
        return self._one(job, anew=anew, made=made)

    def _one(self, job: Job, *, anew: bool = False, made: Files | None = None) -> Run:
        """As `run`; of a language with a compiler it runs the compiler where nothing is `made` yet."""
        runs, checks = bool(job.source) or not job.checks, bool(job.checks)
        kind = COMMAND if self.commands else BOTH if runs and checks else CHECKER if checks else self._single
        try:
            sheets = self._sheets(job, runs=runs, checks=checks, made=made)
        except ValueError as error:
            return refused(str(error), self.isolation)
        if isinstance(sheets, Run):
            return sheets
        key = self.memory.key(job, *sheets) if self.memory.on and not anew else b""
        if key and (known := self.memory.find(key, job)) is not None:
            return known
        lines = socket.socketpair() if kind == BOTH else ()
        try:
            self._hand_over(job, sheets, kind, lines, compiles=made is None)
        finally:
            for line in lines:
                line.close()
        try:
            reply = self._reply(job)
        except WorkerError:
            if self._group is None or not self._group.exhausted():
                raise
            self.clean = False  # what had to be killed was the zygote
            return exhausted(self.isolation)
        run = self._read(job, reply, runs=runs, checks=checks)
        if key:
            self.memory.add(key, job, run)
        return run

    def open(self, job: Job) -> tuple[socket.socket | None, Run | None]:
        """Starts a program that answers calls on the socket returned; or the run of one that does not compile.

        Raises:
            WorkerError: As `run`.
        """
        sheets = self._sheets(replace(job, asks=(), checks=()), runs=True, checks=False)
        if isinstance(sheets, Run):
            return None, sheets
        ours, theirs = socket.socketpair()
        with theirs:
            self._hand_over(job, sheets, CALLED, (theirs,))
        return ours, None

    def finish(self, job: Job, late: Late | None = None) -> Run:
        """What became of a program that `open` started and whose line is closed, or that `late` says was killed."""
        reply = self._reply(job)
        bare = replace(job, asks=(), checks=())
        return self._read(bare, reply._replace(reason=late or reply.reason), runs=True, checks=False)

    def watch(self, job: Job, start: float) -> Watch:
        """The clocks of what this worker runs now."""
        return Watch(self._zygote, self._others, job.limits, start)

    def _read(self, job: Job, reply: Reply, *, runs: bool, checks: bool) -> Run:
        seen = self._files.seen(job.limits.output_bytes) if runs else (b"", b"", b"")
        self._tidy()
        run = read_run(job, reply, seen, self._files.verdicts() if checks else b"", self.isolation)
        if self._group is not None and (self.commands or run.status != "ok"):
            killed = self._group.exhausted()  # always asked, or the next program would answer for this one
            return replace(run, status="memory", detail=GROUP) if killed and run.status in LOST else run
        return run

    @property
    def _single(self) -> int:
        return ALONE if self._own_scratch else TIED

    def _hand_over(
        self,
        job: Job,
        sheets: tuple[bytes, bytes],
        kind: int,
        lines: Sequence[socket.socket] = (),
        compiles: bool = False,
    ) -> None:
        if sheets[0]:
            self._files.set_program(sheets[0], (job.stdin or "").encode("utf-8", "surrogatepass"))
        if sheets[1]:
            self._files.set_checker(sheets[1])
        found = language(job.language) if kind == COMMAND else None
        limits = _limits(limits_of(job.limits, found) if found else job.limits, self._size)
        if self._group is not None:
            self._group.limit(job.limits.memory_bytes * (2 if kind == BOTH else 1))
        if found and (found.memory == "data" or (found.compile and compiles)):
            limits = (UNLIMITED, *limits[1:])
        self._send(packed(kind, max(map(len, sheets)), limits), lines)

    def expect(self, jobs: Sequence[Job]) -> None:
        """Has the programs compiled that are to be run next, all in one go."""
        if self._compiler is not None:
            texts = [text for job in jobs if job.source and job.language == "python" for text in _texts(job) if text]
            with contextlib.suppress(CompilerLostError):
                self._compiler.learn(texts)
                return
            self._compiler, self.clean = None, False

    def _compiled(self, texts: Sequence[Text | None]) -> list[Code | Description | None]:
        if self._compiler is not None:
            try:
                return self._compiler.compile(texts)
            except CompilerLostError:
                self._compiler, self.clean = None, False
        return [text and text[0] for text in texts]

    def _sheets(self, job: Job, *, runs: bool, checks: bool, made: Files | None = None) -> tuple[bytes, bytes] | Run:
        """What the program's and the checker's child get, or the run of a program that does not compile.

        Raises:
            ValueError: The job is too large, or cannot be written down.
        """
        program = checker = b""
        _inside(job.files)
        if self.commands:
            program = marshal.dumps(work_of(job, self._python, made))
        elif runs:
            code, asks, setup, *inside = self._compiled(_texts(job))
            if isinstance(code, tuple):
                return stopped(job, code, self.isolation)
            rare, stdin = None, job.stdin is not None
            if setup or inside or stdin or job.files or job.wanted or job.measure:
                kept = [
                    _code(item, text) for item, text in zip((setup, *inside), (job.setup, *job.inside), strict=True)
                ]
                rare = (kept[0], tuple(kept[1:]), stdin, dict(job.files), job.wanted, job.measure)
            together = asks if isinstance(asks, bytes) else job.asks
            prove = PROVE_SECONDS if job.limits.cpu_seconds > PROVE_SECONDS else 0.0
            program = marshal.dumps((code, together, len(job.asks), prove, rare))
        if checks:
            checker = marshal.dumps(
                {"context": job.context, "checks": job.checks, "names": job.names, "given": dict(job.given)}
            )
        if max(len(program), len(checker)) > wire.BYTES:
            raise ValueError("the program is too large")
        return program, checker

    def _reply(self, job: Job) -> Reply:
        """Waits for the zygote's answer; whoever takes too long meanwhile is killed."""
        start, late, killed = time.monotonic(), None, 0.0
        watch = self.watch(job, start)
        data = self._receive(watch.patience())
        while data is None:
            found, seconds = watch.look()
            late, now = late or found, time.monotonic()
            killed = killed or (now if found else 0.0)
            if killed and now - killed > GRACE_SECONDS:
                raise WorkerError("a program could not be killed")
            data = self._receive(seconds)
        self.delayed = watch.delayed
        try:
            ends = ended(data)
        except ValueError as error:
            raise WorkerError(str(error)) from None
        return Reply(late or "exit", time.monotonic() - start, ends)

    def _tidy(self) -> None:
        """Has the scratch folder emptied where a program left something, or changed the folder itself."""
        if self._scratch_state() != self._pristine:
            self._send(packed(CLEAN, 0, (0, 0, 0, 0)))
            data = self._receive(GRACE_SECONDS)
            done = data is not None and ended(data)[0].status == 0
            self.clean = self.clean and done and self._scratch_state() == self._pristine

    def _scratch_state(self) -> tuple[int, object]:
        """What tells an empty scratch folder from another: its mode, and the free inodes of its file system."""
        handle = self._scratch_handle
        return os.fstat(handle).st_mode, os.statvfs(handle).f_ffree if self._own_scratch else os.listdir(handle)

    def _send(self, order: bytes, lines: Sequence[socket.socket] = ()) -> None:
        assert self._control is not None
        try:
            self._control.send(order)
            if lines:
                socket.send_fds(self._control, [b"line"], [line.fileno() for line in lines])
        except OSError as error:
            raise WorkerError(f"the zygote is gone: {error.strerror}") from None

    def _receive(self, seconds: float) -> bytes | None:
        """The zygote's next message, or None where there is none yet after so many seconds."""
        assert self._control is not None
        if seconds != self._timeout:
            whole = int(seconds)
            timeout = struct.pack("ll", whole, max(1, int((seconds - whole) * 1e6)))
            self._control.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeout)
            self._timeout = seconds
        try:
            data = self._control.recv(1024)
        except BlockingIOError:
            return None
        except OSError as error:
            raise WorkerError(f"the zygote is gone: {error}") from None
        if not data:
            raise WorkerError("the zygote ended")
        return data

    def interrupt(self) -> None:
        """Kills the zygote and what it runs, from any thread; `run` raises `WorkerError`."""
        if self._zygote_handle >= 0:
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(self._zygote_handle, signal.SIGKILL)

    def close(self) -> None:
        """Ends the zygote and whatever it runs; nothing of it lives when this returns."""
        self.interrupt()
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(ENDING_SECONDS)  # it ends by itself, once everything inside has
            self._process.kill()
            self._process.wait()
            self._files.close()
        for handle in (self._scratch_handle, self._zygote_handle):
            if handle >= 0:
                os.close(handle)
        if self._scratch and not self._own_scratch:
            clean(self._scratch)  # not by recursion: a program may have made a thousand folders in each other
            with contextlib.suppress(OSError):
                os.rmdir(self._scratch)
        if self._group is not None:
            self._group.remove()
        self._process = self._control = self._compiler = self._group = None
        self._scratch_handle = self._zygote_handle = -1


@lru_cache(maxsize=64)
def _limits(limits: Limits, own: int) -> tuple[int, int, int, int]:
    """A program's limits as the kernel keeps them; its processor time ends a little later than the worker's clock."""
    seconds, processes = int(limits.cpu_seconds) + 2, limits.processes + OWN_PROCESSES
    return limits.memory_bytes + own, max(limits.output_bytes, MOST), processes, seconds


def _inside(names: Iterable[str]) -> None:
    """Refuses files that would lie outside the program's folder.

    Raises:
        ValueError: There is such a name.
    """
    for name in names:
        if not name or name.startswith("/") or ".." in name.split("/"):
            raise ValueError(f"{name!r} is no path inside the program's folder")


def _texts(job: Job) -> list[Text | None]:
    """What of a job is to be compiled: program, questions, setup, and what runs inside."""
    asks = together(job.asks)
    setup = (job.setup, SETUP, "exec") if job.setup else None
    inside = [(text, CHECK, "exec") for text in job.inside]
    return [(job.source, PROGRAM, "exec"), (asks, ASK, "eval") if asks else None, setup, *inside]


def _code(code: Code | Description | None, text: str) -> Code | None:
    return (code if isinstance(code, bytes) else text) if text else None
