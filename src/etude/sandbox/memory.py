"""Runs that need not be repeated: the same code, asked the same, under the same limits, in the same sandbox.

A model at low temperature writes the same program again and again, with other comments and white space. The key is
made of the compiled code, which has neither. Only runs that follow from the job alone are kept: nothing that timed
out, was killed or could not be run.
"""

import hashlib
import threading
from collections import OrderedDict

from etude.records import Job, Run

LASTING = ("ok", "error", "memory", "forbidden")
LARGEST = 20_000  # characters and answers of one run


class Memory:
    """A bounded store of runs, the oldest given up first; safe to share between threads.

    Args:
        most: How many runs to keep; 0 keeps none.
    """

    def __init__(self, most: int) -> None:
        self.on, self._most, self._lock = most > 0, most, threading.Lock()
        self._runs: OrderedDict[bytes, Run] = OrderedDict()

    def key(self, job: Job, program: bytes, checker: bytes) -> bytes:
        """What a run depends on: what both children get, the input and the limits."""
        text = repr((job.stdin, job.limits, len(program))).encode("utf-8", "surrogatepass")
        return hashlib.sha256(text + program + checker).digest()

    def find(self, key: bytes, job: Job) -> Run | None:
        """The run of an equal job, or None."""
        with self._lock:
            return self._runs.get(key) or self._runs.get(key + _source(job))

    def add(self, key: bytes, job: Job, run: Run) -> None:
        """Keeps a run; one that shows lines of its program, for that very text only."""
        if run.status not in LASTING or len(run.stdout) + len(run.stderr) > LARGEST or run.files:
            return
        shown = [run.fault, *(item.fault for item in run.answers), *(item.fault for item in (*run.checks, *run.inside))]
        with self._lock:
            self._runs[key + _source(job) if any(shown) else key] = run
            if len(self._runs) > self._most:
                self._runs.popitem(last=False)


def _source(job: Job) -> bytes:
    return hashlib.sha256(job.source.encode("utf-8", "surrogatepass")).digest()
