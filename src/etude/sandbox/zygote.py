"""The zygote: enters the jail once, then forks one process per program. `python -I -S zygote.py CONTROL MODE`.

It never reads a job, an answer or an output; it knows limits and file descriptors. Anything odd ends it, and with it
(it is process 1 of its namespace) everything it ever forked; the driver starts another.

This script and its neighbours import the standard library only.
"""

import errno
import fcntl
import gc
import json
import os
import resource
import select
import shutil
import signal
import socket
import sys
import time
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import inmate  # noqa: E402
import isolation  # noqa: E402
import seccomp  # noqa: E402

sys.path.pop(0)

SCRATCH_BYTES = 16 << 20
GRACE = 0.002
MOST_MESSAGE = 4096
PRELOADED = ("math", "re", "itertools", "functools", "heapq", "bisect", "string", "typing", "random", "copy", "operator")


def main() -> None:
    """Enters the jail, says so, and serves until the driver has gone."""
    control = socket.socket(fileno=int(sys.argv[1]))
    sys.set_int_max_str_digits(0)
    for name in PRELOADED:
        __import__(name)
    try:
        found = _enter(control) if sys.argv[2] == "strong" else _enter_weak()
    except OSError as error:
        control.send(json.dumps({"event": "failed", "reason": str(error)}).encode())
        sys.exit(1)
    gc.collect()
    gc.freeze()
    gc.disable()
    control.send(json.dumps({"event": "ready", "isolation": found}).encode())
    Warden(control, strong=sys.argv[2] == "strong").serve()


def _enter(control: socket.socket) -> dict[str, str]:
    """All namespaces, the new root, the spare user, no capabilities to come, the filter."""
    isolation.unshare(isolation.NEWUSER)
    control.send(json.dumps({"event": "map", "pid": os.getpid()}).encode())
    if control.recv(MOST_MESSAGE) != b"mapped":
        sys.exit(1)
    rest = isolation.NEWNS | isolation.NEWNET | isolation.NEWIPC | isolation.NEWUTS | isolation.NEWCGROUP
    isolation.unshare(rest | isolation.NEWPID)
    # Opened in the new mount namespace, but still as who could walk there (a home folder may be closed to others).
    folders = isolation.open_folders(isolation.interpreter_folders())
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    root = isolation.build_root(folders, SCRATCH_BYTES)
    inner = os.fork()
    if inner:
        control.close()
        _, status = os.waitpid(inner, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0x7F)
    isolation.prctl(isolation.PR_SET_PDEATHSIG, signal.SIGKILL)
    nested = _try(isolation.no_more_user_namespaces)
    isolation.enter_root(root)
    os.setsid()
    filtered = seccomp.install()
    _limits()
    return {
        "level": "namespaces",
        "network": "network namespace" + (" + seccomp" if filtered else ""),
        "filesystem": "mount namespace, read-only root",
        "processes": "PID namespace per program",
        "signals": "PID namespace per program",
        "memory": "RLIMIT_AS",
        "syscalls": "seccomp" if filtered else "none",
        "user": "spare user, no capabilities" + ("" if nested else ", nested user namespaces possible"),
    }


def _try(step: Any) -> bool:
    try:
        step()
    except OSError:
        return False
    return True


def _enter_weak() -> dict[str, str]:
    """What can be had without namespaces: limits and a session; files and network stay open."""
    isolation.prctl(isolation.PR_SET_NO_NEW_PRIVS, 1)
    os.chdir(os.environ.get("ETUDE_SCRATCH", "/tmp"))
    isolation.SCRATCH = os.getcwd()
    _limits()
    return {
        "level": "weak",
        "network": "none",
        "filesystem": "none",
        "processes": "session",
        "signals": "none",
        "memory": "RLIMIT_AS",
        "syscalls": "none",
        "user": "none",
    }


def _limits() -> None:
    isolation.limit(resource.RLIMIT_CORE, 0)
    isolation.limit(resource.RLIMIT_NOFILE, 64)
    isolation.limit(resource.RLIMIT_MEMLOCK, 0)


class Warden:
    """Forks children on request, ends them when their time is up, reports how they ended.

    Attributes:
        children: Id -> (pid, pidfd, when it began, limits, why it was ended).
    """

    def __init__(self, control: socket.socket, strong: bool) -> None:
        self.control, self.strong = control, strong
        self.children: dict[int, dict[str, Any]] = {}
        self.poll = select.poll()
        self.poll.register(control, select.POLLIN)

    def serve(self) -> None:
        """Until the driver closes its end."""
        while True:
            ready = {number for number, _ in self.poll.poll(self._pause())}
            for identity, child in list(self.children.items()):
                if child["pidfd"] in ready:
                    self._bury(identity, child)
                else:
                    self._watch(child)
            if self.control.fileno() in ready:
                self._request()

    def _pause(self) -> int:
        """Milliseconds until the next child must be looked at."""
        nearest = min((child["next"] for child in self.children.values()), default=float("inf"))
        return -1 if nearest == float("inf") else int(max(nearest - time.monotonic(), 0) * 1000) + 1

    def _request(self) -> None:
        message, fds, _, _ = socket.recv_fds(self.control, MOST_MESSAGE, 4)
        if not message:
            os._exit(0)
        order = json.loads(message)
        if "kill" in order:
            child = self.children.get(order["kill"])
            if child:
                self._end(child, "")
            return
        self._fork(order, fds)
        for fd in fds:
            os.close(fd)

    def _fork(self, order: dict[str, Any], fds: list[int]) -> None:
        fork = isolation.clone_into_pid_namespace if self.strong else isolation.fork_with_pidfd
        try:
            pid, pidfd = fork()
        except OSError as error:
            self.control.send(json.dumps({"event": "refused", "id": order["id"], "reason": str(error)}).encode())
            return
        if pid == 0:
            _become(order, fds, self.strong)
        now = time.monotonic()
        self.children[order["id"]] = {
            "pid": pid, "pidfd": pidfd, "begun": now, "next": now + order["cpu"], "order": order, "reason": ""
        }  # fmt: skip
        self.poll.register(pidfd, select.POLLIN)

    def _watch(self, child: dict[str, Any]) -> None:
        """Ends a child that has used up its cpu time or, the backstop for those that sleep, its wall time."""
        now = time.monotonic()
        if child["reason"] or now < child["next"]:
            return
        order = child["order"]
        used = _cpu_seconds(child["pid"])
        if used >= order["cpu"]:
            self._end(child, "cpu")
        elif now - child["begun"] >= order["wall"]:
            self._end(child, "wall")
        else:
            child["next"] = min(now + order["cpu"] - used + GRACE, child["begun"] + order["wall"])

    def _end(self, child: dict[str, Any], reason: str) -> None:
        child["reason"] = child["reason"] or reason or "asked"
        child["next"] = float("inf")
        signal.pidfd_send_signal(child["pidfd"], signal.SIGKILL)
        if not self.strong:
            try:
                os.killpg(child["pid"], signal.SIGKILL)
            except OSError:
                pass

    def _bury(self, identity: int, child: dict[str, Any]) -> None:
        _, status, used = os.wait4(child["pid"], 0)
        if not self.strong:
            self._end_group(child["pid"])
        self.poll.unregister(child["pidfd"])
        os.close(child["pidfd"])
        del self.children[identity]
        if not self.children:
            self._clean()
        event = {
            "event": "ended",
            "id": identity,
            "code": os.waitstatus_to_exitcode(status),
            "reason": child["reason"],
            "cpu": used.ru_utime + used.ru_stime,
            "peak": used.ru_maxrss * 1024,
            "wall": time.monotonic() - child["begun"],
        }
        self.control.send(json.dumps(event).encode())

    def _end_group(self, pid: int) -> None:
        try:
            os.killpg(pid, signal.SIGKILL)
        except OSError:
            pass

    def _clean(self) -> None:
        """Nothing that a program wrote is there for the next one."""
        if not self.strong:
            return
        for name in os.listdir(isolation.SCRATCH):
            path = os.path.join(isolation.SCRATCH, name)
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)


def _cpu_seconds(pid: int) -> float:
    """CPU seconds of a process with its threads: the kernel's clock of that process."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError as error:
        return 0.0 if error.errno in (errno.EINVAL, errno.ESRCH) else 1e9


def _become(order: dict[str, Any], fds: list[int], strong: bool) -> None:
    """The child: its four descriptors, its limits, no capabilities; then the program. Never returns."""
    try:
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 32) for fd in fds]
        for target, fd in enumerate(high):
            os.dup2(fd, target)
        os.closerange(4, 64)
        os.setsid()
        isolation.limit(resource.RLIMIT_CPU, int(order["cpu"]) + 2)
        isolation.limit(resource.RLIMIT_FSIZE, order["output"])
        isolation.limit(resource.RLIMIT_AS, order["memory"])
        isolation.limit(resource.RLIMIT_NPROC, order["processes"] + 8) if strong else None
        if strong:
            isolation.prctl(isolation.PR_SET_PDEATHSIG, signal.SIGKILL)
            isolation.drop_capabilities()
        gc.enable()
        inmate.main(3)
    finally:
        os._exit(70)


main()
