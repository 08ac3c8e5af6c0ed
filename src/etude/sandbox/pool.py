"""`Sandbox`: the door to the workers.

Jobs go in one by one, in batches or as a stream, from threads and event loops; runs come back in order or as they end.
It knows nothing of judging, and of workers only that a crew has them.
"""

import asyncio
import os
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Any

from etude.records import Job, Level, Run
from etude.sandbox.crew import Crew, Reruns, Ticket
from etude.sandbox.flavour import Flavour
from etude.sandbox.session import Session

IN_FLIGHT = 64  # jobs per worker that a stream reads ahead of what has been taken from it


class Sandbox:
    """Runs programs nobody trusts; safe to share between threads. Use it as a context manager, or `close` it.

    After a fork the child has a sandbox of its own by the same settings, started at its first use; so has a process
    that this object was pickled to. Both only work while nothing runs in it.

    Args:
        workers: How many programs run at once.
        require: `strong`: namespaces or nothing; `container`: at least that; `any`: whatever can be had, and
            `isolation` says what that is.
        flavour: The programs' interpreter.
        remember: How many runs to keep: the same program with the same questions is then not run again. 0: none.

    Raises:
        MissingError: The isolation asked for cannot be had.

    Examples:
        >>> with Sandbox(workers=2) as sandbox:
        ...     [run] = sandbox.run([Job(source="def f(x): return x + 1", asks=("f(1)",))])
        ...     run.answers[0].value
        2
    """

    def __init__(
        self, workers: int = 1, require: Level = "strong", flavour: Flavour | None = None, remember: int = 0
    ) -> None:
        self._settings = (max(1, workers), require, flavour or Flavour(), remember)
        self._crew: Crew | None = None
        self._closed, self._lock, self._owner = False, threading.Lock(), os.getpid()
        self._started()

    def __getstate__(self) -> tuple[Any, ...]:
        return self._settings

    def __setstate__(self, settings: tuple[Any, ...]) -> None:
        self._settings, self._crew, self._closed = settings, None, False
        self._lock, self._owner = threading.Lock(), os.getpid()

    @property
    def isolation(self) -> Mapping[str, str]:
        """What is in force, property by property; `level` sums it up."""
        return dict(self._started().isolation)

    @property
    def reruns(self) -> Reruns:
        """How many programs were run again alone before a timeout counted, and how many were none then."""
        return self._started().reruns

    def run(self, jobs: Sequence[Job]) -> list[Run]:
        """Runs the jobs, as many at once as there are workers, and returns their runs in order.

        Raises:
            RuntimeError: The sandbox is closed. (Where another thread closes it later, what has not ended by then is
                `unavailable`.)
        """
        return self._run(jobs, alone=False)

    def run_alone(self, jobs: Sequence[Job]) -> list[Run]:
        """Runs the jobs one after another with nothing of this sandbox beside them: for measuring.

        Every job is run, even where its run is remembered.

        Raises:
            RuntimeError: The sandbox is closed.
        """
        return self._run(jobs, alone=True)

    def _run(self, jobs: Sequence[Job], *, alone: bool) -> list[Run]:
        if not jobs:
            return []
        found: list[Run | None] = [None] * len(jobs)
        left, done = [len(jobs)], threading.Lock()
        lock = threading.Lock()
        done.acquire()

        def take(number: int, run: Run) -> None:
            found[number] = run
            with lock:
                left[0] -= 1
                if not left[0]:
                    done.release()

        self._started().add([Ticket(job, number, take, alone) for number, job in enumerate(jobs)])
        done.acquire()
        return [run for run in found if run is not None]

    def submit(self, job: Job) -> "Future[Run]":
        """Queues one job and returns at once."""
        future: Future[Run] = Future()
        self._started().add([Ticket(job, 0, lambda _, run: future.set_result(run))])
        return future

    def as_completed(self, jobs: Iterable[Job]) -> Iterator[tuple[int, Run]]:
        """Yields (place of the job, run) in the order in which the runs end.

        The jobs are read as they are needed: at most 64 per worker are under way at a time, so an endless generator
        of jobs is no trouble, and a slow reader slows the sandbox down.
        """
        crew, source, under_way = self._started(), enumerate(jobs), 0
        arrived = _Arrivals()
        for number, job in source:
            crew.add([Ticket(job, number, arrived.put)])
            under_way += 1
            while under_way >= IN_FLIGHT * self._settings[0]:
                yield arrived.get()
                under_way -= 1
        while under_way:
            yield arrived.get()
            under_way -= 1

    async def run_async(self, jobs: Sequence[Job]) -> list[Run]:
        """As `run`, for use in an event loop."""
        return list(await asyncio.gather(*(asyncio.wrap_future(self.submit(job)) for job in jobs)))

    async def as_completed_async(self, jobs: Iterable[Job]) -> AsyncIterator[tuple[int, Run]]:
        """As `as_completed`, for use in an event loop."""
        stream = self.as_completed(jobs)
        while (item := await asyncio.to_thread(next, stream, None)) is not None:
            yield item

    def session(self, job: Job) -> Session:
        """A program that stays alive and answers one question after the other; close it when done.

        A session has a zygote of its own beside the workers. The job's limits hold for the session as a whole.
        """
        crew = self._started()
        return Session.open(job, lambda: crew.fresh())

    def close(self) -> None:
        """Ends every worker and whatever it runs; jobs that still run or wait come back as `unavailable`."""
        with self._lock:
            self._closed, crew, self._crew = True, self._crew, None
        if crew is not None and self._owner == os.getpid():
            crew.close()

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _started(self) -> "Crew":
        """The workers; started anew in a process that inherited this object."""
        if self._owner != os.getpid():
            self.__setstate__(self._settings)  # another process's threads and zygotes are none of ours
        with self._lock:
            if self._closed:
                raise RuntimeError("the sandbox is closed")
            if self._crew is None:
                self._crew = Crew(*self._settings)
            return self._crew


class _Arrivals:
    """Runs in the order in which they ended."""

    def __init__(self) -> None:
        self._items: deque[tuple[int, Run]] = deque()
        self._there = threading.Semaphore(0)

    def put(self, number: int, run: Run) -> None:
        self._items.append((number, run))
        self._there.release()

    def get(self) -> tuple[int, Run]:
        self._there.acquire()
        return self._items.popleft()
