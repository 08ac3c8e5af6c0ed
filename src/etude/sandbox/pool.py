"""`Sandbox`: worker threads, each with its own zygote, and one queue of jobs before them.

It starts workers, retries a job whose worker failed, and gives the runs back in order. It knows nothing of judging.
"""

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Literal

from etude.errors import MissingError
from etude.records import Job, Run
from etude.sandbox.flavour import Flavour
from etude.sandbox.roads import open_worker
from etude.sandbox.worker import Road, RoadError, Worker, WorkerError

Ticket = tuple[Job, "Future[Run]"]
CLOSED = Run(status="unavailable", detail="the sandbox was closed")


class Sandbox:
    """Runs programs nobody trusts; safe to share between threads. Use it as a context manager, or `close` it.

    Args:
        workers: How many programs run at once.
        require: `strong`: namespaces or nothing; `any`: whatever can be had, and `isolation` says what that is.
        flavour: The programs' interpreter.

    Raises:
        MissingError: The isolation asked for cannot be had.
    """

    def __init__(
        self, workers: int = 1, require: Literal["strong", "any"] = "strong", flavour: Flavour | None = None
    ) -> None:
        self._flavour = flavour or Flavour()
        self._tickets: queue.SimpleQueue[Ticket | None] = queue.SimpleQueue()
        self._closed, self._lock = False, threading.Lock()
        self._busy: dict[int, Worker] = {}  # by thread
        first: Future[tuple[Road, Mapping[str, str]]] = Future()
        self._threads = [self._thread(lambda: self._found(require, first))]
        try:
            self._road, self._isolation = first.result()
        except MissingError:
            self._threads[0].join()
            raise
        self._threads += [self._thread(lambda: self._serve(None)) for _ in range(max(1, workers) - 1)]

    @property
    def isolation(self) -> Mapping[str, str]:
        """What is in force, property by property; `level` sums it up."""
        return dict(self._isolation)

    def run(self, jobs: Sequence[Job]) -> list[Run]:
        """Runs the jobs, as many at once as there are workers, and returns their runs in order.

        Raises:
            RuntimeError: The sandbox is closed. (Where another thread closes it later, what has not ended by then is
                `unavailable`.)
        """
        futures: list[Future[Run]] = [Future() for _ in jobs]
        with self._lock:
            if self._closed:
                raise RuntimeError("the sandbox is closed")
            for job, future in zip(jobs, futures, strict=True):
                self._tickets.put((job, future))
        return [future.result() for future in futures]

    def close(self) -> None:
        """Ends every worker and whatever it runs; jobs that still run or wait come back as `unavailable`."""
        with self._lock:
            if not self._closed:
                self._closed = True
                for _ in self._threads:
                    self._tickets.put(None)
        for worker in list(self._busy.values()):
            worker.interrupt()
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _thread(self, work: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=work, name="etude-sandbox", daemon=True)
        thread.start()
        return thread

    def _found(self, require: Literal["strong", "any"], first: "Future[tuple[Road, Mapping[str, str]]]") -> None:
        """The first worker's life: it tries the roads, and all others take the one that was open."""
        try:
            worker = open_worker(require, self._flavour)
        except BaseException as error:
            first.set_exception(error)
            return
        first.set_result((worker.road, {**worker.isolation, "verdicts": "outside the program's process"}))
        self._serve(worker)

    def _serve(self, worker: Worker | None) -> None:
        while (ticket := self._tickets.get()) is not None:
            job, future = ticket
            try:
                worker, run = self._attempt(worker, job)
                future.set_result(run)
            except BaseException as error:  # the caller waits for this future; no fault may leave it waiting
                _end(worker)
                worker = None
                future.set_exception(error)
        _end(worker)

    def _attempt(self, worker: Worker | None, job: Job) -> tuple[Worker | None, Run]:
        """Runs a job, at most twice: the second time on a fresh worker."""
        reason = ""
        for _ in range(2):
            try:
                if self._closed:
                    break
                worker = worker or self._fresh()
                run = self._guarded(worker, job)
            except (WorkerError, RoadError) as error:
                _end(worker)
                worker, reason = None, str(error)
                continue
            if worker.clean:
                return worker, run
            _end(worker)
            return None, run
        if self._closed:
            return worker, CLOSED
        return worker, Run(status="unavailable", detail=f"the sandbox failed twice: {reason}")

    def _guarded(self, worker: Worker, job: Job) -> Run:
        """Runs a job where `close` can interrupt it."""
        own = threading.get_ident()
        self._busy[own] = worker  # before the look at `_closed`, so that one of the two sees the other
        try:
            if self._closed:
                raise WorkerError("closed")
            return worker.run(job)
        finally:
            del self._busy[own]

    def _fresh(self) -> Worker:
        worker = Worker(road=self._road, flavour=self._flavour)
        worker.start()
        return worker


def _end(worker: Worker | None) -> None:
    if worker is not None:
        worker.close()
