"""The small process that a worker keeps: it enters the jail once and then makes one child per program.

It never reads a program, an answer or a test: it gets limits and descriptors, makes the children, watches the clocks,
kills, and says how they ended. Whatever is odd ends it, and the worker starts another.
"""

import contextlib
import fcntl
import gc
import json
import marshal
import os
import random
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple, NoReturn

from . import checker, kernel, namespaces, program, seccomp, wire
from .order import DESCRIPTORS, OWN, PATIENCE, Order

HIGH = 40
WORKING = 0.1  # processor seconds per second that make it a working program

FIXED = {"CORE": 0, "NOFILE": 64, "MEMLOCK": 0, "MSGQUEUE": 0, "STACK": 64 << 20}


Role = Callable[[dict[str, Any], int, int | None], None]


class Child(NamedTuple):
    """A process of this zygote and its descriptor."""

    pid: int
    handle: int


def main() -> None:
    """Enters the jail, says so, and serves until the worker hangs up."""
    options = json.loads(sys.argv[1])
    control = socket.socket(fileno=options["control"])
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL, "PDEATHSIG")
    os.umask(0o022)
    try:
        isolation = _enter(options, control)
        _prepare(options["imports"])
        isolation["syscalls"] = seccomp.install(weak=options["road"] == "weak")
        if options["road"] == "weak":
            isolation |= _weak_spots(isolation)
        elif isolation["syscalls"] == "seccomp":
            isolation["processes"] += ", threads only (seccomp)"
    except namespaces.JailError as error:
        control.send(wire.encode(("failed", error.wanted, error.reason)))
        return
    except Exception as error:
        control.send(wire.encode(("failed", "interpreter", f"{type(error).__name__}: {error}")))
        return
    control.send(wire.encode(("ready", isolation)))
    _serve(control, options["road"] == "weak", options["scratch"], _address_space(options))


def _enter(options: dict[str, Any], control: socket.socket) -> dict[str, str]:
    options["size"] = _own_size()
    if options["road"] == "weak":
        return {"level": "weak"}
    spare = namespaces.spare_user(os.getpid()) if options["road"] == "root" else None
    if spare is None:
        namespaces.become_sole_user()
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL, "PDEATHSIG")
    namespaces.leave_processes()
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid:
        theirs.close()
        control.close()
        _stand_by(pid, ours, spare)
    ours.close()
    namespaces.leave_host(spare, options["folders"])
    if spare is not None:
        namespaces.become_spare_user(lambda: _knock(theirs, "user"))
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL, "PDEATHSIG")  # a change of user has cleared it
    _knock(theirs, "processes")  # the parent lives, so the signal will come when it dies
    theirs.close()
    kernel.empty_bounding_set()
    return {
        "level": "namespaces",
        "network": "network namespace without devices",
        "filesystem": "own root: interpreter read-only, empty scratch folder",
        "processes": "process namespace per program",
        "signals": "process namespace per program",
        "memory": "address space limit per process",
        "user": "user id nobody has" if spare is not None else "own user id, no capabilities",
    }


def _stand_by(pid: int, line: socket.socket, spare: int | None) -> NoReturn:
    """The process outside: writes the user map when asked, then lives as long as the one inside."""
    first = True
    while line.recv(1):
        if spare is not None and first:
            try:
                namespaces.write_map(pid, spare)
            except OSError:
                break
        first = False
        line.send(b"k")
    line.close()
    os.waitpid(pid, 0)
    os._exit(0)


def _knock(line: socket.socket, wanted: str) -> None:
    try:
        line.send(b"k")
        answer = line.recv(1)
    except OSError:
        answer = b""
    if not answer:
        raise namespaces.JailError(wanted, "the user map could not be written")


def _weak_spots(isolation: dict[str, str]) -> dict[str, str]:
    filtered = isolation["syscalls"] == "seccomp"
    return {
        "network": "seccomp" if filtered else "none",
        "filesystem": "none",
        "processes": "no new processes (seccomp)" if filtered else "process group",
        "signals": "seccomp" if filtered else "none",
        "memory": "address space limit per process",
        "user": "none",
    }


def _prepare(imports: list[str]) -> None:
    """Loads what programs import most, makes chance repeatable, and freezes the heap that children will share."""
    for name in imports:
        with contextlib.suppress(ImportError):
            import_module(name)
    import _sitebuiltins
    import builtins

    builtins.exit = _sitebuiltins.Quitter("exit", "Ctrl-D")
    builtins.quit = _sitebuiltins.Quitter("quit", "Ctrl-D")
    sys.set_int_max_str_digits(0)
    sys.path[:] = [path for path in sys.path if os.path.isdir(path)]
    for name in [name for name in os.environ if name.startswith("PYTHON")]:
        del os.environ[name]
    for name, value in FIXED.items():
        _limit(getattr(resource, f"RLIMIT_{name}"), value)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1, "NO_NEW_PRIVS")
    signal.signal(signal.SIGINT, signal.default_int_handler)
    random.seed(0)
    gc.collect()
    gc.disable()
    gc.freeze()


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    most = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (most, most))


def _own_size() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def _address_space(options: dict[str, Any]) -> int:
    """The address space of the interpreter itself, which a program's memory limit comes on top of."""
    return int(options["size"]) + (64 << 20)


def _serve(control: socket.socket, weak: bool, scratch: str, size: int) -> None:
    while True:
        data, handles, _, _ = socket.recv_fds(control, 256, DESCRIPTORS)
        if not data:
            os._exit(0)
        order = Order.unpack(data)
        children = _start(order, handles, weak, scratch, size)
        for handle in handles:
            os.close(handle)
        reason, wall = _watch(children, order, control)
        ends = [_end(child, weak) for child in children]
        control.send(wire.encode((reason, wall, ends, _clean(scratch))))


def _start(order: Order, handles: list[int], weak: bool, scratch: str, size: int) -> list[Child]:
    flags = 0 if weak else kernel.CLONE_NEWPID
    wanted: tuple[tuple[bool, Role], ...] = ((order.runs, program.run), (order.checks, checker.run))
    roles = [role for there, role in wanted if there]
    share = len(handles) // len(roles)
    children, own = [], os.getpid()
    for number, role in enumerate(roles):
        pid, handle = kernel.clone(flags)
        if pid == 0:
            if weak:
                _tie_to(own)
            _become(role, handles[number * share : (number + 1) * share], order, weak, scratch, size)
        children.append(Child(pid, handle))
    return children


def _tie_to(parent: int) -> None:
    """This process dies with its zygote; in a process namespace the kernel sees to that by itself."""
    try:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL, "PDEATHSIG")
        if os.getppid() == parent:
            return
    except BaseException:
        pass
    os._exit(0)


def _become(role: Role, handles: list[int], order: Order, weak: bool, scratch: str, size: int) -> NoReturn:
    """The child's whole life. Nothing returns from here, whatever the program does."""
    try:
        moved = [fcntl.fcntl(handle, fcntl.F_DUPFD, HIGH) for handle in handles]
        for target, handle in enumerate(moved):
            os.dup2(handle, target)
        kernel.close_from(len(moved))
        os.setsid()
        os.chdir(scratch)
        _restrict(order, weak, size)
        job = marshal.loads(os.pread(4, os.fstat(4).st_size, 0))  # the worker's own bytes, not a program's
        os.close(4)
        gc.enable()
        role(job, 3, 5 if len(handles) > OWN else None)
    finally:
        os._exit(0)


def _restrict(order: Order, weak: bool, size: int) -> None:
    seconds = int(order.cpu) + 2  # the zygote's clock is finer and comes first
    for name, value in (
        ("AS", order.memory + size),
        ("CPU", seconds),
        ("FSIZE", order.file),
        ("NPROC", order.processes),
    ):
        _limit(getattr(resource, f"RLIMIT_{name}"), value)
    if weak:
        with contextlib.suppress(OSError):
            seccomp.forbid_processes()
    else:
        kernel.drop_capabilities()


def _watch(children: list[Child], order: Order, control: socket.socket) -> tuple[str, float]:
    """Waits for the last child, within the limits.

    Returns:
        Why the watch ended (`exit`, `cpu` or `wall`) and the seconds it took.
    """
    poller = select.poll()
    poller.register(control.fileno(), select.POLLHUP)
    for child in children:
        poller.register(child.handle, select.POLLIN)
    start, deadline = time.monotonic(), order.wall
    while True:
        wall, cpu = time.monotonic() - start, sum(_used(child) for child in children)
        if cpu >= order.cpu:
            return "cpu", wall
        if wall >= deadline:
            if cpu < WORKING * wall or wall >= PATIENCE * order.wall:
                return "wall", wall
            deadline += order.wall / 4
        ready = {handle for handle, _ in poller.poll(1 + 1000 * min(order.cpu - cpu, deadline - wall))}
        if control.fileno() in ready:
            os._exit(0)
        if children[-1].handle in ready:
            return "exit", time.monotonic() - start
        for handle in ready:
            poller.unregister(handle)


def _used(child: Child) -> float:
    try:
        return time.clock_gettime(~child.pid << 3 | 2)  # the kernel's name for another process's clock
    except OSError:
        return 0.0


def _end(child: Child, weak: bool) -> tuple[int, float, int]:
    """Kills what is left of a child.

    Returns:
        Its wait status, processor seconds (its descendants' included) and peak memory in bytes.
    """
    with contextlib.suppress(OSError):
        signal.pidfd_send_signal(child.handle, signal.SIGKILL)
    if weak:
        with contextlib.suppress(OSError):
            os.killpg(child.pid, signal.SIGKILL)
    _, status, usage = os.wait4(child.pid, 0)
    os.close(child.handle)
    return status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def _clean(scratch: str) -> bool:
    """Empties the scratch folder; False where that cannot be done and the worker must be replaced."""
    try:
        os.chmod(scratch, 0o700)  # the program owns the folder and may have shut it
        while names := os.listdir(scratch):
            for number, name in enumerate(names):
                _remove(scratch, name, number)
    except OSError:
        return False
    return True


def _remove(scratch: str, name: str, number: int) -> None:
    """Removes a file; a folder's content moves up first, so that no depth is too deep."""
    path = os.path.join(scratch, name)
    if os.path.islink(path) or not os.path.isdir(path):
        os.unlink(path)
        return
    os.chmod(path, 0o700)
    for place, inner in enumerate(os.listdir(path)):
        os.rename(os.path.join(path, inner), os.path.join(scratch, f"{number}-{place}-{time.monotonic_ns()}"))
    os.rmdir(path)
