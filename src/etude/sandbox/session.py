"""A session: one program that stays alive and answers one question after the other, for interactive tasks."""

import contextlib
import select
import socket
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from etude.records import Answer, Job, Run
from etude.sandbox.jail import frames, wire
from etude.sandbox.reading import read_answer
from etude.sandbox.worker import Worker


class SessionEndedError(Exception):
    """The program has ended; `run` says how."""

    def __init__(self, run: Run) -> None:
        super().__init__(f"the program has ended: {run.status} {run.detail}".strip())
        self.run = run


class Session:
    """A living program. Use it as a context manager, or `close` it, in the thread that opened it.

    The job's limits hold for the session as a whole: its processor time from the start, and its wall time for as long
    as it works on an answer.

    Attributes:
        run: What is known of the program once it has ended, else None.
    """

    def __init__(self, job: Job, worker: Worker, line: socket.socket) -> None:
        self.run: Run | None = None
        self._job, self._worker, self._line = job, worker, line

    @classmethod
    def open(cls, job: Job, fresh: Callable[[], Worker]) -> "Session":
        """Starts the program; `job.asks` are not asked.

        Args:
            job: The program and its limits.
            fresh: Starts a worker.

        Raises:
            SessionEndedError: The program does not compile.
        """
        worker = fresh()
        line, run = worker.open(job)
        if run is not None:
            worker.close()
            raise SessionEndedError(run)
        assert line is not None
        return cls(job, worker, line)

    def ask(self, expression: str) -> Answer:
        """The value of an expression in the program's names, or the fault it raises.

        Raises:
            SessionEndedError: The program ended, or ran out of time, before it answered.
        """
        return self._answered(("ask", expression))

    def call(self, name: str, *args: Any, **kwargs: Any) -> Answer:
        """Calls a function of the program with plain values.

        Raises:
            SessionEndedError: The program ended, or ran out of time, before it answered.
            NotPlainError: An argument is no plain value.
        """
        return self._answered(("call", name, args, kwargs))

    def close(self) -> Run:
        """Ends the program and says what became of it."""
        if self.run is None:
            self._line.close()
            self.run = self._worker.finish(self._job)
            self._worker.close()
        return self.run

    def __enter__(self) -> "Session":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _answered(self, request: tuple[Any, ...]) -> Answer:
        if self.run is not None:
            raise SessionEndedError(self.run)
        watch = self._worker.watch(self._job, time.monotonic())
        poller = select.poll()
        poller.register(self._line, select.POLLIN)
        with contextlib.suppress(OSError, wire.WireError):
            frames.send(self._line.fileno(), wire.encode(request))
            seconds = watch.patience()
            while not poller.poll(1 + seconds * 1000):
                late, seconds = watch.look()
                if late:
                    self.run = self._worker.finish(self._job, late)
                    self._worker.close()
                    raise SessionEndedError(self.run)
            frame = frames.receive(self._line.fileno())
            answer = read_answer(frame, {"<program>": self._job.source}) if frame else None
            if answer is not None:
                return answer
        raise SessionEndedError(self.close())
