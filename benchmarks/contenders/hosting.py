"""A contender's process seen from the benchmark: start it, give it a batch, say when, and take what it found.

The process is put on a meter before it does anything, so all that it ever starts is counted.
"""

import contextlib
import marshal
import os
import select
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

from contenders.meter import Meter, open_meter
from contenders.program import Program
from contenders.roster import Entry, python_of

HOST = Path(__file__).with_name("host.py")
SETTLING_SECONDS = 0.03
START_SECONDS = 120.0
LOOK_SECONDS = 0.5
CLOSING_SECONDS = 10.0


class HostError(Exception):
    """The contender cannot be started, or its process died or is silent."""


class Batch(NamedTuple):
    """One batch: CPU seconds of everything the contender started, wall seconds, and its verdicts in order."""

    cpu: float
    wall: float
    verdicts: list[str]


class Hosted:
    """A contender that is running. Use it as a context manager, or `close` it.

    Args:
        entry: Which.
        peers: The folder with the peers' virtual environment, or None.

    Raises:
        HostError: It cannot be started; the message says why.
    """

    def __init__(self, entry: Entry, peers: Path | None) -> None:
        self.entry = entry
        self._meter: Meter = open_meter(f"etude-bench-{os.getpid()}-{time.monotonic_ns()}")
        theirs, ours = os.pipe(), os.pipe()
        words = [*python_of(entry, peers), str(HOST), str(theirs[0]), str(ours[1]), entry.module, entry.kind]
        self._process = subprocess.Popen(
            [*words, *entry.arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(theirs[0], ours[1]),
            start_new_session=True,
        )
        self._meter.add(self._process.pid)
        os.close(theirs[0])
        os.close(ours[1])
        self._writer, self._reader = os.fdopen(theirs[1], "wb"), os.fdopen(ours[0], "rb")
        self._greet()

    @property
    def how(self) -> str:
        """How CPU time is counted."""
        return self._meter.how

    @property
    def pid(self) -> int:
        return self._process.pid

    def run(self, programs: Sequence[Program], seconds: float, patience: float = 600.0) -> Batch:
        """Runs a batch. What the contender does to get ready is not counted.

        Args:
            seconds: The limit of each program.
            patience: How long to wait for the whole batch.

        Raises:
            HostError: The process died, or is silent for longer.
        """
        size = self.entry.chunk or max(1, len(programs))
        parts = [programs[start : start + size] for start in range(0, len(programs), size)]
        done = [self._part(part, seconds, patience) for part in parts]
        verdicts = [verdict for part in done for verdict in part.verdicts]
        return Batch(sum(part.cpu for part in done), sum(part.wall for part in done), verdicts)

    def _part(self, programs: Sequence[Program], seconds: float, patience: float) -> Batch:
        self.ask("prepare", list(programs), seconds)
        before = self._meter.seconds()
        wall, verdicts = self.ask("go", patience=patience)
        time.sleep(SETTLING_SECONDS)  # what it left behind ends, on its account
        return Batch(self._meter.seconds() - before, wall, verdicts)

    def ask(self, order: str, *given: object, patience: float = 600.0) -> Any:
        """What a method of the contender returns."""
        try:
            marshal.dump(cast(Any, (order, *given)), self._writer)
            self._writer.flush()
        except OSError:
            raise HostError(f"{self.entry.name}: its process is gone") from None
        return self._answer(patience)

    def _greet(self) -> None:
        try:
            kind, why = self._answer(START_SECONDS)
        except HostError:
            self.close()
            raise
        if kind != "open":
            self.close()
            raise HostError(why)

    def _answer(self, patience: float) -> Any:
        end = time.monotonic() + patience
        while not select.select([self._reader], [], [], LOOK_SECONDS)[0]:
            if self._process.poll() is not None:  # a child of it may still hold the other end
                raise HostError(f"{self.entry.name}: its process died")
            if time.monotonic() > end:
                raise HostError(f"{self.entry.name}: silent for {patience:.0f} s")
        try:
            return marshal.load(self._reader)
        except (EOFError, ValueError, TypeError):
            raise HostError(f"{self.entry.name}: its process died") from None

    def close(self) -> None:
        """Ends the process; it closes its contender first."""
        with contextlib.suppress(OSError):
            self._writer.close()
        try:
            self._process.wait(CLOSING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        with contextlib.suppress(OSError):  # what it left in its session, such as a peer's manager process
            os.killpg(self._process.pid, signal.SIGKILL)
        self._reader.close()
        self._meter.close()

    def __enter__(self) -> "Hosted":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
