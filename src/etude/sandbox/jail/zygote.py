"""The small process that a worker keeps: it enters the jail once and then makes one child per program.

It never reads a program, an answer or a test, and it watches no clock: it makes a child when the worker says so, waits
until it has ended and says how. The worker kills what takes too long; whatever is odd ends this process.

Every page of memory it touches between two children costs a page fault, because the last child still shares it; so its
loop makes bare system calls on buffers made beforehand, and nothing else.
"""

import contextlib
import ctypes
import fcntl
import json
import marshal
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from . import checker, command, compiler, entering, kernel, namespaces, order, pages, program, seccomp, wire
from .cleaning import clean

HIGH = 40
HANDLES = 4

Role = Callable[[Any, bool], None]
TALKING: tuple[Role, Role] = (program.run, checker.run)
ALONE: dict[int, Role] = {order.TIED: program.run, order.CHECKER: checker.run, order.COMMAND: command.run}


def main() -> None:
    """Enters the jail, says so, and serves until the worker hangs up."""
    options = json.loads(sys.argv[1])
    _arrange(options["descriptors"])
    control = socket.socket(fileno=order.CONTROL)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL, "PDEATHSIG")
    os.umask(0o022)
    pages.gather_code()
    try:
        isolation = entering.enter(options, control)
        entering.prepare(options)
        if not options["commands"]:
            _start_compiler(options)
        os.chdir(options["scratch"])
        size = entering.own_size()
        program.rehearse()
        isolation |= entering.lock(options)
    except namespaces.JailError as error:
        control.send(wire.encode(("failed", error.wanted, error.reason)))
        return
    except Exception as error:
        control.send(wire.encode(("failed", "interpreter", f"{type(error).__name__}: {error}")))
        return
    scratch = os.open(options["scratch"], os.O_RDONLY | os.O_DIRECTORY)
    socket.send_fds(control, [wire.encode(("ready", isolation, size))], [scratch])
    os.close(scratch)
    control.detach()
    _serve(options["road"] not in entering.NAMESPACES, options["scratch"])


def _arrange(given: list[int]) -> None:
    """Puts the worker's descriptors where the children and this process expect them."""
    own = range(order.CHECK_RESULTS, order.COMPILER + 1)
    places = (order.STDIN, order.STDOUT, order.STDERR, order.RESULTS, order.JOB, *own)
    moved = [fcntl.fcntl(handle, fcntl.F_DUPFD, HIGH) for handle in given]
    for place, handle in zip(places, moved, strict=True):
        os.dup2(handle, place)
    null = os.open(os.devnull, os.O_RDWR)
    for place in {*range(order.CHECK_RESULTS)} - {*places}:
        os.dup2(null, place)
    kernel.close_from(order.COMPILER + 1)


def _start_compiler(options: dict[str, Any]) -> None:
    if os.fork() == 0:
        try:
            kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL, "PDEATHSIG")
            entering.lock({**options, "alone": True})
            compiler.serve(order.COMPILER)
        finally:
            os._exit(0)
    os.close(order.COMPILER)


def _serve(weak: bool, scratch: str) -> NoReturn:
    calls = Calls(weak)
    call, run, read, loads, kind, size = kernel.raw(), program.run, os.pread, marshal.loads, calls.kind, calls.size
    receive, clone, settle, child, wait, answer = calls.common
    while call(*receive) > 0:
        if kind.value == order.PROGRAM:
            made = call(*clone)
            if made == 0:
                try:
                    job = loads(read(order.JOB, size.value, 0))  # the worker's own bytes, not a program's
                    for step in settle:
                        if call(*step) < 0:
                            _give_up()
                    run(job, False)
                finally:
                    os._exit(0)
            child.value = made
            if call(*wait) < 0 or call(*answer) < 0:
                break
        else:
            _serve_rarer(kind.value, calls, scratch)
    os._exit(0)


class Calls:
    """System calls with their arguments, made once.

    Attributes:
        order: The buffer that holds what the worker sent; `kind` and `size` are views into it.
        common: receive, clone, settle (what a child does before anything else, the last of which takes the zygote's
            descriptors away), the number of the child to wait for, wait, answer.
        settle_with_line: As `settle`, for a child that keeps its `LINE`.
    """

    def __init__(self, weak: bool) -> None:
        self.weak, self.own = weak, os.getpid()
        self.order = ctypes.create_string_buffer(order.ORDER.size)
        self.kind, self.size = ctypes.c_ubyte.from_buffer(self.order), ctypes.c_uint32.from_buffer(self.order, 4)
        self.reply = ctypes.create_string_buffer(order.ENDED.size)
        child, usage = ctypes.c_long(0), ctypes.byref(self.reply, 8)
        settle = self._settling()
        self.clone = kernel.prepared("clone", signal.SIGCHLD | (0 if weak else kernel.CLONE_NEWPID), 0, 0, 0, 0)
        self.common = (
            kernel.prepared("read", order.CONTROL, self.order, order.ORDER.size),
            self.clone,
            (*settle, kernel.prepared("close_range", order.LINE, 0xFFFF_FFFF, 0)),
            child,
            kernel.prepared("wait4", child, self.reply, 0, usage),
            kernel.prepared("write", order.CONTROL, self.reply, order.ENDED.size),
        )
        self.settle_with_line = (*settle, kernel.prepared("close_range", order.LINE + 1, 0xFFFF_FFFF, 0))

    def _settling(self) -> list[kernel.Prepared]:
        places = range(order.FIRST_LIMIT, order.ORDER.size, order.LIMIT.size)
        limits = [
            kernel.prepared("prlimit64", 0, getattr(resource, f"RLIMIT_{name}"), ctypes.byref(self.order, place), 0)
            for name, place in zip(order.LIMITS, places, strict=True)
        ]
        alone = kernel.prepared("setsid")  # kill(0) would reach the zygote's group
        tied = kernel.prepared("prctl", kernel.PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        filtered = seccomp.threads_only()
        own = [tied, *([kernel.filtering(filtered)] if filtered else [])] if self.weak else []
        return [alone, *limits, *own, kernel.no_capabilities()]


def _give_up() -> NoReturn:
    """Ends a child that is not as it must be; no reply of that length is right, so the worker replaces the zygote."""
    os.write(order.CONTROL, b"?")
    os._exit(1)


def _become(role: Role, calls: Calls, line: int | None = None) -> NoReturn:
    """The life of a child of a rarer kind. Nothing returns from here, whatever the program does."""
    call = kernel.raw()
    try:
        if role is checker.run:
            _take_the_checkers_place()
        if line is not None:
            os.dup2(line, order.LINE)
        job = marshal.loads(os.pread(order.JOB, calls.size.value, 0))
        for step in calls.common[2] if line is None else calls.settle_with_line:
            if call(*step) < 0:
                _give_up()
        if calls.weak and os.getppid() != calls.own:
            os._exit(0)  # the zygote died before this process was tied to it
        role(job, line is not None)
    finally:
        os._exit(0)


def _take_the_checkers_place() -> None:
    """The checker's child has its own files where the program has its own, and none of the program's."""
    for place in (order.STDIN, order.STDOUT, order.STDERR):
        os.dup2(order.LINE, place)  # which is the null device here
    os.dup2(order.CHECK_RESULTS, order.RESULTS)
    os.dup2(order.CHECK_JOB, order.JOB)


def _serve_rarer(kind: int, calls: Calls, scratch: str) -> None:
    """Every order but the most common one; here a few pages more do not matter."""
    if kind == order.CLEAN:
        reply = order.ENDED.pack(0 if clean(scratch) else 1, *[0] * 5)
    elif kind in ALONE:
        reply = _reaped(_child(ALONE[kind], calls))
    else:
        _, lines, _, _ = socket.recv_fds(socket.socket(fileno=os.dup(order.CONTROL)), 8, HANDLES)
        children = [_child(role, calls, line) for role, line in zip(TALKING, lines, strict=False)]
        for line in lines:
            os.close(line)
        last = _reaped(children[-1])
        if len(children) == 1:
            reply = last
        else:
            with contextlib.suppress(OSError):
                os.kill(children[0], signal.SIGKILL)
            reply = _reaped(children[0]) + last
    os.write(order.CONTROL, reply)


def _child(role: Role, calls: Calls, line: int | None = None) -> int:
    child = kernel.raw()(*calls.clone)
    if child == 0:
        _become(role, calls, line)
    return int(child)


def _reaped(child: int) -> bytes:
    _, status, used = os.wait4(child, 0)
    seconds = [part for value in (used.ru_utime, used.ru_stime) for part in divmod(round(value * 1e6), 10**6)]
    return order.ENDED.pack(status, *seconds, used.ru_maxrss)
