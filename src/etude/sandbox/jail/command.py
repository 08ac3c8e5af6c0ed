"""The child that runs a program of another language: it compiles, runs, waits, and says how the program ended.

It is the first process of its process namespace, so a program's ordinary signals reach the program and not it, and
whatever the program leaves behind ends with it. The program has none of its descriptors but the first three.
"""

import os
import resource
from typing import Any

from . import frames, wire
from .files import put, taken
from .order import LINE, RESULTS, STDERR, STDIN, STDOUT

COMPILED = "CompileError"


def run(job: tuple[Any, ...], calls: bool) -> None:
    """Runs one program and writes frames: `stopped` where it does not compile, else how it `left`; files; `end`.

    Args:
        job: Commands to compile (or ()) and to run, each with the path of its executable in front; files to write
            first, names of files to send back, environment, bytes of data that a process may have (0: no such limit).
        calls: Ignored: nobody calls a program of another language.
    """
    compiling, running, files, wanted, environment, data = job
    os.set_inheritable(RESULTS, False)
    for name, content in files.items():
        put(name, content)
    if compiling and (status := _executed(compiling, environment, 0)) != 0:
        message = f"{compiling[1]} ends with status {os.waitstatus_to_exitcode(status)}"
        frames.write(RESULTS, frames.STOPPED + wire.encode((COMPILED, message, (), 0)))
        frames.write(RESULTS, frames.END)
        return
    for place in (STDOUT, STDERR):
        if not compiling:
            break
        os.ftruncate(place, 0)  # a compiler's remarks are not the program's output
        os.lseek(place, 0, os.SEEK_SET)
    frames.write(RESULTS, frames.LEFT + wire.encode(_executed(running, environment, data)))
    for name in wanted:
        frames.write(RESULTS, frames.FILE + wire.encode((name, taken(name))))
    frames.write(RESULTS, frames.END)


def _executed(command: tuple[str, ...], environment: dict[str, str], data: int) -> int:
    """The wait status of a command that was executed and has ended; 127 as a shell's where it is not there."""
    child = os.fork()
    if child == 0:
        try:
            if data:
                resource.setrlimit(resource.RLIMIT_DATA, (data, data))
            os.execve(command[0], command[1:], environment)
        finally:
            os._exit(127)
    status = 0
    while True:
        ended, status = os.wait()
        if ended == child:
            return status
