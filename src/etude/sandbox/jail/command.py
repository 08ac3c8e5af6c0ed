"""The child that compiles or runs a program of another language: it executes, waits, and says how the program ended.

It is the first process of its process namespace, so a program's ordinary signals reach the program and not it, and
whatever the program leaves behind ends with it. The program has none of its descriptors but the first three. It does
not judge: what it calls a syntax error, too much output or too much memory is a word for a run that failed anyway.
"""

import os
import resource
import signal
from typing import Any, NamedTuple

from . import frames, wire
from .files import below, put, taken
from .order import RESULTS, STDERR, STDOUT

COMPILED = "CompileError"
NO_TOOL = "MissingTool"
EFBIG = 27  # the number of `OSError: File too large`, the same on every machine
NEARLY = 0.9  # a program that failed with so much of its memory in use ran out of it
TAIL = 1 << 14
NOT_THERE = 127
STACK = 1 << 23


class Work(NamedTuple):
    """One job.

    Attributes:
        run: Command that compiles the program, or runs it; its executable's path stands in front of each command.
        check: Command that only reads the program's text, asked after a run that failed; or ().
        compiles: Whether `run` is a compiler: a program that it refuses is none.
        files: Written first, by name; each may be executed.
        wanted: Names of files to send back; one that ends in a slash is a folder with all that is in it.
        environment: Variables of all commands.
        data: Bytes of data that a process may have; 0 where the address space is what is limited.
        exhausted: What the language says on stderr when memory has run out.
    """

    run: tuple[str, ...]
    check: tuple[str, ...]
    compiles: bool
    files: dict[str, bytes]
    wanted: tuple[str, ...]
    environment: dict[str, str]
    data: int
    exhausted: tuple[str, ...]


def run(job: tuple[Any, ...], calls: bool) -> None:
    """Runs one command and writes frames: `stopped` where more can be said than how it `left`; files; `end`.

    Args:
        job: A `Work`, as a plain tuple.
        calls: Ignored: nobody calls a program of another language.
    """
    work = Work(*job)
    os.set_inheritable(RESULTS, False)
    for name, content in work.files.items():
        put(name, content, 0o755)
    tool = work.run[0]
    if os.path.isabs(tool) and not os.access(tool, os.X_OK):
        _stop(NO_TOOL, f"{tool} is not in the jail")
        return
    if work.compiles:
        os.dup2(STDERR, STDOUT)  # some compilers say there what is wrong
    status = _executed(work.run, work.environment, work.data)
    if status and _explained(work, status):
        return
    frames.write(RESULTS, frames.LEFT + wire.encode(status))
    for name in (item for wanted in work.wanted for item in below(wanted)):
        frames.write(RESULTS, frames.FILE + wire.encode((name, taken(name))))
    frames.write(RESULTS, frames.END)


def _stop(kind: str, message: str, code: int = 0) -> None:
    frames.write(RESULTS, frames.STOPPED + wire.encode((kind, message, (), code)))
    frames.write(RESULTS, frames.END)


def _explained(work: Work, status: int) -> bool:
    """Says more of a failed run than its status does, where more can be said."""
    if _output_full(status):
        _stop("OSError", "File too large", EFBIG)
    elif _memory_full(work):
        _stop("MemoryError", "")
    elif work.compiles:
        _stop(COMPILED, f"{_name(work.run)} ends with status {os.waitstatus_to_exitcode(status)}")
    elif os.WIFEXITED(status) and _unreadable(work):
        _stop(COMPILED, f"{_name(work.check)} cannot read the program")
    else:
        return False
    return True


def _name(command: tuple[str, ...]) -> str:
    return os.path.basename(command[1])


def _output_full(status: int) -> bool:
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status) == signal.SIGXFSZ
    most, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    return any(os.fstat(place).st_size >= most > 0 for place in (STDOUT, STDERR))


def _memory_full(work: Work) -> bool:
    most = work.data or resource.getrlimit(resource.RLIMIT_AS)[0]
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return (most > 0 and used >= NEARLY * most) or any(text.encode() in _last(STDERR) for text in work.exhausted)


def _unreadable(work: Work) -> bool:
    if not work.check:
        return False
    status = _executed(work.check, work.environment, work.data, silent=True)
    return os.WIFEXITED(status) and os.WEXITSTATUS(status) not in (0, NOT_THERE)


def _last(place: int) -> bytes:
    return os.pread(place, TAIL, max(0, os.fstat(place).st_size - TAIL))


def _executed(command: tuple[str, ...], environment: dict[str, str], data: int = 0, silent: bool = False) -> int:
    """The wait status of a command that was executed and has ended; 127 as a shell's where it is not there."""
    child = os.fork()
    if child == 0:
        _become(command, environment, data, silent)
    status = 0
    while True:
        ended, status = os.wait()
        if ended == child:
            return status


def _become(command: tuple[str, ...], environment: dict[str, str], data: int, silent: bool) -> None:
    """Turns this process into a command, or ends it."""
    try:
        for ignored in (signal.SIGXFSZ, signal.SIGPIPE):  # Python ignores them, and a command would go on doing so
            signal.signal(ignored, signal.SIG_DFL)
        if data:
            resource.setrlimit(resource.RLIMIT_DATA, (data, data))
            resource.setrlimit(resource.RLIMIT_STACK, (STACK, STACK))  # every thread's stack counts as data
        if silent:
            null = os.open(os.devnull, os.O_RDWR)
            for place in (STDOUT, STDERR):
                os.dup2(null, place)
        # Without /proc nobody can look up where its own file lies: the loader takes this folder's word for $ORIGIN.
        os.execve(command[0], command[1:], environment | {"LD_ORIGIN_PATH": os.path.dirname(command[0])})
    except OSError as error:
        os.write(STDERR, f"{command[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(NOT_THERE)
