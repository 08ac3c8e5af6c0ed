"""`Sandbox`: a few workers, shared by any number of threads; jobs in, runs out, in order.

A job whose worker is lost (our fault, not the program's) is tried once more on a fresh one; lost again, it is
`unavailable`: nothing is known about the program, and no one is told that it failed.
"""

import contextlib
import os
import queue
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Literal

from etude.errors import MissingError
from etude.records import Job, Run
from etude.sandbox.running import run_job
from etude.sandbox.worker import Lost, Worker


class Sandbox:
    """Runs programs that nobody trusts, each in a process of its own inside a jail.

    Args:
        workers: Jails, and so programs at a time.
        require: `strong` refuses to run without namespaces; `any` falls back to limits alone, and says so.

    Raises:
        MissingError: The isolation asked for cannot be had.

    Example:
        >>> with Sandbox() as sandbox:
        ...     [run] = sandbox.run([Job(source="def f(x): return x + 1", asks=("f(1)",))])
        >>> run.answers[0].value
        2
    """

    def __init__(self, workers: int = 1, require: Literal["strong", "any"] = "strong") -> None:
        self._mode = "strong"
        self._owner = os.getpid()
        self._lock = threading.Lock()
        self._closed = False
        try:
            first = Worker("strong")
        except (MissingError, Lost):
            if require == "strong":
                raise
            self._mode = "weak"
            first = Worker("weak")
        self.isolation = dict(first.isolation)
        self._idle: queue.SimpleQueue[Worker | None] = queue.SimpleQueue()
        self._all: set[Worker] = {first}
        self._idle.put(first)
        for _ in range(workers - 1):
            self._idle.put(None)  # started when first needed
        self._threads = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="sandbox")

    def run(self, jobs: Sequence[Job]) -> list[Run]:
        """Runs every job and returns what was seen, in the order of the jobs."""
        if len(jobs) == 1:
            return [self._one(jobs[0])]
        return list(self._threads.map(self._one, jobs))

    def _one(self, job: Job) -> Run:
        reason = ""
        for _ in range(2):
            worker = self._idle.get()
            try:
                worker = self._ready(worker)
                return run_job(worker, job)
            except (Lost, OSError, MissingError) as error:
                reason = str(error)
                self._discard(worker)
                worker = None
            finally:
                self._idle.put(worker)
        return Run(status="unavailable", detail=f"sandbox fault: {reason}"[:500])

    def _ready(self, worker: Worker | None) -> Worker:
        if worker is not None and worker.alive():
            return worker
        self._discard(worker)
        fresh = Worker(self._mode)
        with self._lock:
            if self._closed:
                fresh.close()
                raise Lost("the sandbox is closed")
            self._all.add(fresh)
        return fresh

    def _discard(self, worker: Worker | None) -> None:
        if worker is not None:
            with self._lock:
                self._all.discard(worker)
            with contextlib.suppress(OSError):
                worker.close()

    def close(self) -> None:
        """Ends every jail and all that runs in it."""
        with self._lock:
            self._closed = True
            workers, self._all = self._all, set()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for worker in workers:
            worker.close()

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

