"""The jail that a zygote enters once: namespaces, a root file system of its own, no capabilities.

Linux only, through ctypes. This module imports the standard library only: it runs inside the zygote, before any
program does. Whether a property holds is found by trying: an `OSError` names the step that failed.
"""

import ctypes
import os
import resource
import sys
from collections.abc import Sequence

LIBC = ctypes.PyDLL(None, use_errno=True)  # PyDLL keeps the interpreter's lock: a raw clone must not lose it

NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = (
    0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000,
)  # fmt: skip
CLONE_PIDFD = 0x00001000
SIGCHLD = 17
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = (
    1, 2, 4, 8, 32, 4096, 16384, 1 << 18,
)  # fmt: skip
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
DEVICES = ("null", "zero", "urandom")
SCRATCH = "/scratch"
PLACES = ("/mnt", "/srv", "/media", "/tmp", "/var/tmp")
"""Where the new root may be put together: any folder that the interpreter does not lie in."""
SYSCALLS = {"x86_64": {"clone": 56, "pivot_root": 155, "capset": 126}, "aarch64": {"clone": 220, "pivot_root": 41, "capset": 91}}
NUMBERS = SYSCALLS.get(os.uname().machine, {})


def _checked(name: str, result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def unshare(flags: int) -> None:
    """Leaves the named namespaces for new ones."""
    _checked("unshare", LIBC.unshare(flags))


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """mount(2)."""
    arguments = [text.encode() if text else None for text in (source, target, kind)]
    _checked(f"mount {target}", LIBC.mount(*arguments, ctypes.c_ulong(flags), data.encode() if data else None))


def prctl(option: int, value: int) -> None:
    """prctl(2) with one argument."""
    _checked("prctl", LIBC.prctl(option, ctypes.c_ulong(value), 0, 0, 0))


def clone_into_pid_namespace() -> tuple[int, int]:
    """Forks a child that is process 1 of a PID namespace of its own: (pid, pidfd), and (0, -1) in the child.

    The raw call skips the interpreter's at-fork hooks, which a single-threaded zygote does not need.
    """
    pidfd = ctypes.c_int(-1)
    flags = ctypes.c_ulong(NEWPID | CLONE_PIDFD | SIGCHLD)
    nothing = ctypes.c_void_p(None)
    # x86-64 takes (flags, stack, parent_tid, child_tid, tls), aarch64 swaps the last two: both are null here.
    pid = _checked("clone", LIBC.syscall(NUMBERS["clone"], flags, nothing, ctypes.byref(pidfd), nothing, nothing))
    return pid, -1 if pid == 0 else pidfd.value


def fork_with_pidfd() -> tuple[int, int]:
    """The same without a namespace, where none can be had."""
    pid = os.fork()
    return pid, -1 if pid == 0 else os.pidfd_open(pid)


def drop_capabilities() -> None:
    """Gives up every capability for good."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    empty = (ctypes.c_uint32 * 6)()
    _checked("capset", LIBC.syscall(NUMBERS["capset"], ctypes.byref(header), ctypes.byref(empty)))


def open_folders(paths: Sequence[str]) -> dict[str, int]:
    """Folders by path as descriptors: they can be bound later by a user who could not walk to them."""
    return {path: os.open(path, os.O_PATH | os.O_DIRECTORY) for path in paths}


def build_root(readable: dict[str, int], scratch_bytes: int) -> str:
    """Makes the new root on a tmpfs: the interpreter and /usr read-only, three devices, a small scratch folder.

    Returns where it is; `enter_root` follows.
    """
    mount("none", "/", "", MS_REC | MS_PRIVATE)
    root = next(place for place in PLACES if os.path.isdir(place) and not any(_holds(place, path) for path in readable))
    mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=755")
    for path, fd in readable.items():
        _bind(f"/proc/self/fd/{fd}", root + path)
        os.close(fd)
    for link in ("bin", "lib", "lib64", "sbin"):
        if os.path.islink(f"/{link}"):
            os.symlink(os.readlink(f"/{link}"), f"{root}/{link}")
        elif os.path.isdir(f"/{link}"):
            _bind(f"/{link}", f"{root}/{link}")
    os.mkdir(f"{root}/dev")
    for name in DEVICES:
        os.close(os.open(f"{root}/dev/{name}", os.O_CREAT, 0o666))
        mount(f"/dev/{name}", f"{root}/dev/{name}", "", MS_BIND)
    os.mkdir(root + SCRATCH)
    mount("tmpfs", root + SCRATCH, "tmpfs", MS_NOSUID | MS_NODEV, f"size={scratch_bytes},nr_inodes=1024,mode=777")
    return root


def _holds(place: str, path: str) -> bool:
    return path == place or path.startswith(place + "/")


def _bind(source: str, target: str) -> None:
    os.makedirs(target, exist_ok=True)
    mount(source, target, "", MS_BIND | MS_REC)
    # A user namespace may not clear flags that the mount came with, so they are repeated.
    kept = os.statvfs(source).f_flag & 0x1C0F & ~MS_REMOUNT
    mount("", target, "", MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | (kept & (MS_NODEV | MS_NOEXEC)))


def enter_root(root: str) -> None:
    """Makes the new root the only one, read-only but for the scratch folder."""
    os.chdir(root)
    _checked("pivot_root", LIBC.syscall(NUMBERS["pivot_root"], b".", b"."))
    _checked("umount", LIBC.umount2(b".", 2))
    os.chdir("/")
    mount("", "/", "", MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)
    os.chdir(SCRATCH)


def no_more_user_namespaces() -> None:
    """Programs cannot make a user namespace, in which they would have capabilities again."""
    with open("/proc/sys/user/max_user_namespaces", "w") as file:
        file.write("0")


def limit(kind: int, value: int) -> None:
    """Sets a resource limit, soft and hard, never above what is allowed."""
    _, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


def interpreter_folders() -> list[str]:
    """What a program must be able to read: /usr, and the interpreter where it lies elsewhere."""
    found = ["/usr"]
    for path in {os.path.realpath(sys.base_prefix), os.path.realpath(sys.base_exec_prefix)}:
        if not path.startswith("/usr/") and path != "/usr":
            found.append(path)
    return found
