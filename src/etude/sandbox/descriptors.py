"""The files of a worker: memory files that a zygote's children write to and the worker reads, made once and reused.

A child shares the open files with its successors: it may move their place, change their flags and leave its bytes
there. So each file is put back in order before every run, and what was read is gone before the next program starts.
"""

import fcntl
import os

from etude.sandbox.jail import wire
from etude.sandbox.jail.order import RESULTS, STDERR, STDIN, STDOUT

HEADROOM = 4096  # bytes of frames around the values
MOST = wire.BYTES + HEADROOM
JOB, CHECK_RESULTS, CHECK_JOB, COUNT = range(RESULTS + 1, RESULTS + 5)
"""Places in the list of files after those that have the same number in a child."""

READ = (STDIN, JOB, CHECK_JOB)
"""What a child gets to read and must not change: a program could leave something there for the next."""


class Descriptors:
    """Seven memory files: stdin, stdout, stderr, results and job of a program, results and job of a checker."""

    def __init__(self) -> None:
        self.all = [os.memfd_create("job", os.MFD_CLOEXEC) for _ in range(COUNT)]
        self._writable = {place: self.all[place] for place in READ}
        for place, handle in self._writable.items():
            self.all[place] = os.open(f"/proc/self/fd/{handle}", os.O_RDONLY | os.O_CLOEXEC)
        self._input = 0

    def set_program(self, job: bytes, stdin: bytes) -> None:
        """Puts everything in order for a program."""
        for place in (STDIN, STDOUT, STDERR, RESULTS):
            handle = self.all[place]
            os.lseek(handle, 0, os.SEEK_SET)
            fcntl.fcntl(handle, fcntl.F_SETFL, 0)
        if stdin or self._input:
            self._put(STDIN, stdin)
            self._input = len(stdin)
        self._put(JOB, job)

    def set_checker(self, job: bytes) -> None:
        """Puts everything in order for a checker."""
        os.lseek(self.all[CHECK_RESULTS], 0, os.SEEK_SET)
        self._put(CHECK_JOB, job)

    def seen(self, output: int) -> tuple[bytes, bytes, bytes]:
        """What a program left in stdout, stderr (`output` bytes at most) and results; nothing of it stays."""
        return self._take(STDOUT, output), self._take(STDERR, output), self._take(RESULTS, MOST)

    def verdicts(self) -> bytes:
        """What a checker left; nothing of it stays."""
        return self._take(CHECK_RESULTS, MOST)

    def close(self) -> None:
        """Closes all files."""
        for handle in (*self.all, *self._writable.values()):
            os.close(handle)
        self.all, self._writable = [], {}

    def _put(self, place: int, content: bytes) -> None:
        handle, at = self._writable[place], 0
        while at < len(content):
            at += os.pwrite(handle, content[at:] if at else content, at)
        if os.fstat(handle).st_size != len(content):
            os.ftruncate(handle, len(content))

    def _take(self, place: int, most: int) -> bytes:
        handle = self.all[place]
        size = os.fstat(handle).st_size
        if not size:
            return b""
        content = os.pread(handle, min(size, most), 0)
        os.ftruncate(handle, 0)
        return content
