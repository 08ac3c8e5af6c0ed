"""`multiprocessing.Process` with a pipe: what the standard library offers for a function in a process of its own."""

import multiprocessing
from multiprocessing.connection import Connection

from contenders.forks import verdict_of
from contenders.program import Program, script_of


class Processes:
    """One forked `Process` per program; program and tests are compiled and run there, the verdict comes by pipe."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("fork")

    def prepare(self, programs: list[Program], seconds: float) -> None:
        self._seconds, self._scripts = seconds, [script_of(program) for program in programs]

    def go(self) -> list[str]:
        return [self._run(script) for script in self._scripts]

    def _run(self, script: str) -> str:
        ours, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_send, args=(script, theirs))
        process.start()
        theirs.close()
        try:
            return str(ours.recv()) if ours.poll(self._seconds) else "timeout"
        except EOFError:
            return "crash"
        finally:
            if process.is_alive():
                process.kill()
            process.join()
            ours.close()


def _send(script: str, end: "Connection[str, str]") -> None:
    end.send(verdict_of(script))
