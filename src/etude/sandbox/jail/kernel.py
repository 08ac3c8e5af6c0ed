"""The system calls that Python's own library lacks, through ctypes. Errors are `OSError`s that name the call."""

import ctypes
import os
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NoReturn

CLONE_NEWNS = 0x0002_0000
CLONE_NEWCGROUP = 0x0200_0000
CLONE_NEWUTS = 0x0400_0000
CLONE_NEWIPC = 0x0800_0000
CLONE_NEWUSER = 0x1000_0000
CLONE_NEWPID = 0x2000_0000
CLONE_NEWNET = 0x4000_0000
CLONE_THREAD = 0x0001_0000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
MNT_DETACH = 2

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP = 1, 4, 22, 24
PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 36, 38

CALLS = {
    "x86_64": {
        "clone": 56,
        "pivot_root": 155,
        "capset": 126,
        "close_range": 436,
        "mount_setattr": 442,
        "read": 0,
        "write": 1,
        "wait4": 61,
        "setsid": 112,
        "prlimit64": 302,
        "prctl": 157,
    },
    "aarch64": {
        "clone": 220,
        "pivot_root": 41,
        "capset": 91,
        "close_range": 436,
        "mount_setattr": 442,
        "read": 63,
        "write": 64,
        "wait4": 260,
        "setsid": 157,
        "prlimit64": 261,
        "prctl": 167,
    },
}
Prepared = tuple[Any, ...]


@lru_cache(maxsize=1)
def _library() -> ctypes.PyDLL:
    # PyDLL keeps the interpreter's lock during the call: `clone` must return in the child with the lock still held.
    return ctypes.PyDLL(None, use_errno=True)


@lru_cache(maxsize=1)
def _numbers() -> dict[str, int]:
    machine = os.uname().machine
    if machine not in CALLS:
        raise OSError(f"no table of system calls for the machine type {machine}")
    return CALLS[machine]


def _fail(what: str) -> NoReturn:
    code = ctypes.get_errno()
    raise OSError(code, f"{what}: {os.strerror(code)}")


def unshare(flags: int, what: str) -> None:
    """Leaves the namespaces named by `flags` for new ones."""
    if _library().unshare(ctypes.c_int(flags)) != 0:
        _fail(f"unshare({what})")


def mount(source: str, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    """Mounts `source` at `target`, as the system call does."""
    texts = [item.encode() if item is not None else None for item in (source, target, kind, options)]
    if _library().mount(texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3]) != 0:
        _fail(f"mount({target})")


def make_read_only(folder: str) -> None:
    """Makes a mount and all mounts below it read-only, without devices and set-user-id programs."""
    attributes = (ctypes.c_uint64 * 4)(MS_RDONLY | MS_NOSUID | MS_NODEV, 0, 0, 0)
    here, recursive = ctypes.c_int(-100), ctypes.c_uint(0x8000)
    call = ctypes.c_long(_numbers()["mount_setattr"])
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    if _library().syscall(call, here, folder.encode(), recursive, ctypes.byref(attributes), size) != 0:
        _fail(f"mount_setattr({folder})")


def unmount(target: str) -> None:
    """Takes a mount out of the tree, lazily."""
    if _library().umount2(target.encode(), MNT_DETACH) != 0:
        _fail(f"umount({target})")


def pivot_root(new: str, old: str) -> None:
    """Makes `new` the root of this mount namespace and puts the former one at `old`."""
    if _library().syscall(ctypes.c_long(_numbers()["pivot_root"]), new.encode(), old.encode()) != 0:
        _fail("pivot_root")


def prctl(option: int, value: int, what: str) -> None:
    """Sets an option of this process; `what` names it in the error."""
    if _library().prctl(ctypes.c_int(option), ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), 0) != 0:
        _fail(f"prctl({what})")


def set_filter(program: ctypes.Structure) -> None:
    """Installs a seccomp filter for this process and its descendants."""
    if _library().prctl(ctypes.c_int(PR_SET_SECCOMP), ctypes.c_ulong(2), ctypes.byref(program), 0, 0) != 0:
        _fail("prctl(PR_SET_SECCOMP)")


def empty_bounding_set() -> None:
    """Takes every capability out of the bounding set, so that no program can gain one by `execve`."""
    for capability in range(64):
        if _library().prctl(ctypes.c_int(PR_CAPBSET_DROP), ctypes.c_ulong(capability), 0, 0, 0) != 0:
            return  # past the last capability this kernel knows


def raw() -> Callable[..., int]:
    """The C library's `syscall`, to be called with what `prepared` made. It keeps the interpreter's lock.

    A `clone` made with it returns in the child without Python's at-fork work, which costs half as many page faults as
    `os.fork`; the caller must have one thread only.
    """
    found: Callable[..., int] = _library().syscall
    return found


def prepared(name: str, *arguments: Any) -> Prepared:
    """A system call's number and arguments as C values: integers become `long`, buffers stay what they are."""
    values = [ctypes.c_long(item) if isinstance(item, int) else item for item in arguments]
    return (ctypes.c_long(_numbers()[name]), *values)


def no_capabilities() -> Prepared:
    """The call by which a process gives up every capability, for good (`no_new_privs` must be set)."""
    header = (ctypes.c_uint32 * 2)(0x2008_0522, 0)
    return prepared("capset", header, (ctypes.c_uint32 * 6)())


def filtering(program: ctypes.Structure) -> Prepared:
    """The call that puts a seccomp filter in force."""
    return prepared("prctl", PR_SET_SECCOMP, 2, ctypes.byref(program), 0, 0)


def drop_capabilities() -> None:
    """Gives up every capability, for good (`no_new_privs` must be set)."""
    if raw()(*no_capabilities()) != 0:
        _fail("capset")


def close_from(first: int) -> None:
    """Closes every descriptor from `first` on."""
    call = ctypes.c_long(_numbers()["close_range"])
    if _library().syscall(call, ctypes.c_uint(first), ctypes.c_uint(0xFFFF_FFFF), ctypes.c_uint(0)) != 0:
        os.closerange(first, 1024)
