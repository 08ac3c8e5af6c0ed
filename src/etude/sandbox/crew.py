"""The worker threads behind a sandbox, each with its own zygote, and one queue of jobs before them.

A job whose worker failed is run again on a fresh one, and a timeout is run again alone before it counts, unless
company can not have made the difference: see `Hand`.
"""

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from etude.errors import EtudeError, MissingError
from etude.records import Job, Level, Run
from etude.sandbox.building import Workshop
from etude.sandbox.flavour import Flavour
from etude.sandbox.languages.tools import folders_of, needed
from etude.sandbox.memory import Memory
from etude.sandbox.roads import open_worker
from etude.sandbox.samples import Samples
from etude.sandbox.turns import Turns
from etude.sandbox.worker import Road, RoadError, Worker, WorkerError

AHEAD = 16  # jobs that a worker takes at once, to have them compiled in one go
ROOM = 1.5  # times its processor time is what a program gets beside others
KEPT = 0.05  # of its wall time, spent waiting for a processor: others may have made it late
CLOSED = "the sandbox was closed"


class Reruns(NamedTuple):
    """Programs that were run again alone because their time beside others told too little.

    Attributes:
        alone: How many.
        changed: How many of these were no timeout then.
    """

    alone: int = 0
    changed: int = 0


@dataclass(frozen=True, slots=True)
class Ticket:
    """A job, its place, who gets its run, and whether it is to run with nothing beside it, remembered runs included."""

    job: Job
    number: int
    take: Callable[[int, Run], None]
    alone: bool = False


@dataclass(slots=True)
class Queue:
    """Tickets that wait, and those that workers have taken and not begun.

    A worker takes several at once. What lies behind a slow one in its share goes to the first worker that has nothing
    else to do.
    """

    waiting: deque[Ticket] = field(default_factory=deque)
    there: threading.Condition = field(default_factory=threading.Condition)
    closed: bool = False
    _shares: list[deque[Ticket]] = field(default_factory=list)

    def share(self) -> deque[Ticket]:
        """An empty share for one more worker, which takes its tickets from the left."""
        with self.there:
            self._shares.append(deque())
            return self._shares[-1]

    def put(self, tickets: Sequence[Ticket]) -> bool:
        with self.there:
            if not self.closed:
                self.waiting.extend(tickets)
                self.there.notify(len(tickets))
            return not self.closed

    def fill(self, share: deque[Ticket], workers: int) -> bool:
        """Waits until there is something for an empty share and puts it there; False once the queue is closed."""
        with self.there:
            while not self.closed:
                if self.waiting:
                    count = min(AHEAD, -(-len(self.waiting) // (2 * workers)))
                    share.extend(self.waiting.popleft() for _ in range(count))
                    return True
                with contextlib.suppress(IndexError):  # its own worker may be quicker
                    share.append(max(self._shares, key=len).pop())
                    return True
                self.there.wait()
            return False

    def close(self) -> list[Ticket]:
        with self.there:
            self.closed, left = True, list(self.waiting)
            self.waiting.clear()
            self.there.notify_all()
            return left


class Crew:
    """The threads of one sandbox in one process.

    Attributes:
        isolation: Property -> what holds it.
        reruns: What was run again alone so far.
    """

    def __init__(self, workers: int, require: Level, flavour: Flavour, remember: int) -> None:
        self.count, self.turns, self.queue, self.closed = workers, Turns(), Queue(), False
        self._flavour, self._memory, self.workshop, self.samples = flavour, Memory(remember), Workshop(), Samples()
        self._hands: list[Hand] = []
        self.reruns = Reruns()
        first: Future[tuple[Road, Mapping[str, str]]] = Future()
        self._threads = [self._thread(lambda: self._found(require, first))]
        try:
            self._road, self.isolation = first.result()
        except MissingError:
            self._threads[0].join()
            raise
        self._threads += [self._thread(lambda: self._serve(None)) for _ in range(workers - 1)]

    def add(self, tickets: list[Ticket]) -> None:
        """Queues tickets; after `close` they come back at once."""
        if not self.queue.put(tickets):
            for ticket in tickets:
                ticket.take(ticket.number, self.unavailable(CLOSED))

    def fresh(self, folders: tuple[str, ...] | None = None) -> Worker:
        """A worker of its own for whoever asks; it belongs to the calling thread.

        Args:
            folders: What a worker for other languages is to show besides the usual; None for one that runs Python.

        Raises:
            RoadError: The road that was open before is closed now.
        """
        shared: dict[str, Any] = {"flavour": self._flavour, "memory": self._memory, "workshop": self.workshop}
        worker = Worker(road=self._road, commands=folders is not None, folders=folders or (), **shared)
        worker.start()
        return worker

    def unavailable(self, detail: str) -> Run:
        """The run of a job that could not be run."""
        return Run(status="unavailable", detail=detail, isolation=self.isolation)

    def close(self) -> None:
        """Ends all threads and workers."""
        self.closed = True
        for ticket in self.queue.close():
            ticket.take(ticket.number, self.unavailable(CLOSED))
        for hand in list(self._hands):
            hand.interrupt()
        for thread in self._threads:
            thread.join()

    def _thread(self, work: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=work, name="etude-sandbox", daemon=True)
        thread.start()
        return thread

    def _found(self, require: Level, first: "Future[tuple[Road, Mapping[str, str]]]") -> None:
        """The first worker's life: it tries the roads, and all others take the one that was open."""
        try:
            worker = open_worker(require, self._flavour, self._memory)
        except BaseException as error:
            first.set_exception(error)
            return
        first.set_result((worker.road, worker.isolation))
        self._serve(worker)

    def _serve(self, worker: Worker | None) -> None:
        hand = Hand(self, worker)
        self._hands.append(hand)
        hand.serve()


class Hand:
    """One thread's work: its worker for Python, and one for other languages from the first time it needs it.

    A language whose tools want to see more of the machine than others has a worker of its own.

    Where others run beside it, a program has half as much processor time again. Done within its own limit, it is done:
    alone it would have taken less. Not done even so, or proved endless, it has run out of time: two programs on one
    core's two threads slow each other down by about as much. What lies between is run again alone, and that counts;
    so is a program that ran out of the wall clock while others kept it from the processor.
    """

    def __init__(self, crew: Crew, worker: Worker | None) -> None:
        self._crew = crew
        self._workers: dict[tuple[str, ...] | None, Worker] = {} if worker is None else {None: worker}
        self._busy: Worker | None = None
        self._delayed = 0.0
        self._share = crew.queue.share()

    def serve(self) -> None:
        """Takes jobs from the crew's queue until it is closed."""
        while self._crew.queue.fill(self._share, self._crew.count):
            if None in self._workers and len(self._share) > 1:
                self._workers[None].expect([ticket.job for ticket in tuple(self._share)])
            self._work_off()
        self._end()

    def _work_off(self) -> None:
        """Runs what is in the share, of which others may take from the right meanwhile."""
        while self._share:
            try:
                ticket = self._share.popleft()
            except IndexError:
                return
            try:
                run = self._timed(ticket)
            except EtudeError as error:  # what the job asks for is not on this machine
                run = self._crew.unavailable(error.found)
            except BaseException as error:  # somebody waits for this run; no fault may leave them waiting
                self._end()
                run = self._crew.unavailable(f"{type(error).__name__}: {error}")
            ticket.take(ticket.number, run)

    def interrupt(self) -> None:
        """Kills what runs now, from any thread."""
        if (worker := self._busy) is not None:
            worker.interrupt()

    def _timed(self, ticket: Ticket) -> Run:
        """Runs a job beside others, and alone where that is asked for or decides."""
        job, turns = ticket.job, self._crew.turns
        if ticket.alone:
            with turns.alone():
                return self._attempt(job, anew=True)
        if self._crew.count == 1:
            return self._attempt(job)
        roomy = replace(job, limits=replace(job.limits, cpu_seconds=ROOM * job.limits.cpu_seconds))
        with turns.together():
            run = self._attempt(roomy)
        if not self._doubtful(run, job):
            return run
        with turns.alone():
            again = self._attempt(job)
            before = self._crew.reruns  # nobody else counts meanwhile: this one is alone
            self._crew.reruns = Reruns(before.alone + 1, before.changed + (again.status != "timeout"))
        return again

    def _doubtful(self, run: Run, job: Job) -> bool:
        """Whether company may have made the difference between this run and another."""
        if run.status != "timeout":
            return run.cpu_seconds > job.limits.cpu_seconds
        return run.detail == "wall" and self._delayed > KEPT * job.limits.wall_seconds

    def _attempt(self, job: Job, *, anew: bool = False) -> Run:
        """Runs a job, at most twice: the second time on a fresh worker."""
        reason = CLOSED
        folders = None if job.language == "python" else folders_of(needed(job.language))
        for _ in range(2):
            if self._crew.closed:
                return self._crew.unavailable(CLOSED)
            try:
                worker = self._workers.get(folders) or self._crew.fresh(folders)
                self._workers[folders] = worker
                run = self._guarded(worker, job, anew)
            except (WorkerError, RoadError) as error:
                self._end()
                reason = f"the sandbox failed twice: {error}"
                continue
            if not worker.clean:
                self._end()
            return run if folders is None else self._crew.samples.believed(job, run, self._attempt)
        return self._crew.unavailable(CLOSED if self._crew.closed else reason)

    def _guarded(self, worker: Worker, job: Job, anew: bool) -> Run:
        """Runs a job where `close` can interrupt it."""
        self._busy = worker  # before the look at `closed`, so that one of the two sees the other
        try:
            if self._crew.closed:
                raise WorkerError("closed")
            run = worker.run(job, anew=anew)
            self._delayed = worker.delayed
            return run
        finally:
            self._busy = None

    def _end(self) -> None:
        workers, self._workers = self._workers, {}
        for worker in workers.values():
            with contextlib.suppress(OSError):  # what cannot be closed must not end this thread
                worker.close()
