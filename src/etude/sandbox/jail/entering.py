"""How a zygote gets into its jail, once: by one of four roads, each step of which may turn out to be closed.

`root` and `user` lead into namespaces of its own. `container` is for where those are refused: Landlock, a spare user
and a filter of system calls. `weak` has limits and the filter, and says what it lacks.
"""

import builtins
import contextlib
import gc
import mmap
import os
import random
import resource
import signal
import socket
import sys
from importlib import import_module
from typing import Any, NoReturn

from . import endless, kernel, landlock, namespaces, seccomp

FIXED = {"CORE": 0, "NOFILE": 64, "MEMLOCK": 0, "MSGQUEUE": 0, "STACK": 64 << 20}
MORE = {"NOFILE": 256}  # for other languages' tools, some of which refuse to start with less
OWN_MEMORY = 64 << 20  # beyond the interpreter's own size, before a program's memory begins to count
NAMESPACES = ("root", "user")


def enter(options: dict[str, Any], control: socket.socket) -> dict[str, str]:
    """Takes the road that `options` name and returns what holds each property.

    On a road into namespaces the process that returns is a child of the one that called: the first process of a
    process namespace. The caller's own process stays outside and lives as long.

    Raises:
        JailError: The road is closed.
    """
    options["readable"] = namespaces.shown(options["folders"])  # asked while the library is in sight
    if options["road"] in NAMESPACES:
        return _leave(options, control)
    if options["road"] == "weak":
        return {"level": "weak", "user": "none"}
    return {"level": "container", "user": _become_spare(options)}


def _become_spare(options: dict[str, Any]) -> str:
    """Changes to a user id that nobody has, where that can be done, and gives up every capability."""
    if os.geteuid() != 0:
        return "own user id"
    kernel.empty_bounding_set()
    if not _all_may_read(options["readable"]):
        return "root without capabilities: only root may read this interpreter"
    spare = namespaces.spare_user(os.getpid())
    os.chown(options["scratch"], spare, spare)
    os.setgroups([])
    os.setresgid(spare, spare, spare)
    os.setresuid(spare, spare, spare)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL, "PDEATHSIG")  # a change of user has cleared it
    return "user id nobody has"


def _all_may_read(paths: list[str]) -> bool:
    """Whether a stranger can reach the folders: the last is readable, and all on the way can be entered."""
    for path in filter(os.path.isdir, paths):
        place = os.path.realpath(path)
        while True:
            if not os.stat(place).st_mode & 0o001:
                return False
            if place == "/":
                break
            place = os.path.dirname(place)
    return True


def _leave(options: dict[str, Any], control: socket.socket) -> dict[str, str]:
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
    namespaces.leave_host(spare, options["readable"], commands=options["commands"])
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
    os.closerange(0, line.fileno())
    os.closerange(line.fileno() + 1, 1024)
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


def prepare(options: dict[str, Any]) -> None:
    """Loads what programs import most and makes chance repeatable."""
    sys.path[:] = [path for path in (*sys.path, *options["folders"]) if os.path.isdir(path)]
    for name in options["imports"]:
        with contextlib.suppress(ImportError):
            import_module(name)
    import _sitebuiltins

    builtins.exit = _sitebuiltins.Quitter("exit", "Ctrl-D")
    builtins.quit = _sitebuiltins.Quitter("quit", "Ctrl-D")
    sys.set_int_max_str_digits(0)
    for name in [name for name in os.environ if name.startswith("PYTHON")]:
        del os.environ[name]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    endless.prepare()
    random.seed(0)


def lock(options: dict[str, Any]) -> dict[str, str]:
    """Takes away what this process needs no more, for good, and returns what holds each property by it.

    Raises:
        JailError: A property that the road promises cannot be had.
    """
    road = options["road"]
    for name, value in (FIXED | (MORE if options["commands"] else {})).items():
        limit(getattr(resource, f"RLIMIT_{name}"), value)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1, "NO_NEW_PRIVS")
    confined = _confine(options) if road == "container" else {}
    filtered = seccomp.install("commands" if options["commands"] else "programs" if road in NAMESPACES else "forking")
    gc.collect()
    gc.disable()
    gc.freeze()
    held = {"syscalls": filtered}
    if road in NAMESPACES:
        if filtered == "seccomp" and not options["commands"]:
            held["processes"] = "process namespace per program, threads only (seccomp)"
        return held
    if road == "container" and filtered != "seccomp":
        raise namespaces.JailError("syscalls", filtered)
    kernel.drop_capabilities()
    return held | _without_namespaces(filtered == "seccomp") | confined


def _confine(options: dict[str, Any]) -> dict[str, str]:
    try:
        return landlock.confine(options["readable"], [options["scratch"]], namespaces.DEVICES)
    except OSError as error:
        raise namespaces.JailError("filesystem", str(error)) from None


def _without_namespaces(filtered: bool) -> dict[str, str]:
    return {
        "network": "seccomp" if filtered else "none",
        "filesystem": "none",
        "processes": "no new processes (seccomp)" if filtered else "process group",
        "signals": "seccomp" if filtered else "none",
        "memory": "address space limit per process",
    }


def limit(kind: int, value: int) -> None:
    """Sets a limit of this process for good, never above what it already is."""
    _, hard = resource.getrlimit(kind)
    most = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (most, most))


def own_size() -> int:
    """The address space this process takes, in bytes: the least limit under which one more page can be had.

    There is no /proc in a jail to read it from, so it is found by trying.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    low, high = 0, 1 << 30
    while not _fits(high, hard):
        high *= 2
    while high - low > 1 << 20:
        middle = (low + high) // 2
        low, high = (low, middle) if _fits(middle, hard) else (middle, high)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    return high + OWN_MEMORY


def _fits(limit: int, hard: int) -> bool:
    soft = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    try:
        mmap.mmap(-1, mmap.PAGESIZE).close()
    except (OSError, MemoryError):
        return soft != limit  # where the machine itself sets a lower limit, that is all there is
    return True
