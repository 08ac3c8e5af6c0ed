"""System calls that no program in a jail may make, as a seccomp filter: a second wall behind the namespaces.

The filter is installed once in the zygote and inherited by every program. It refuses with EPERM, which a program sees
as PermissionError. It knows x86-64 only; elsewhere `install` says so and the namespaces stand alone.
"""

import ctypes
import errno
import platform
import struct

from . import kernel

AUDIT_X86_64 = 0xC000_003E
X32 = 0x4000_0000
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, KILL, REFUSE = 0x7FFF_0000, 0x8000_0000, 0x0005_0000
CLONE, FORK, VFORK, CLONE3 = 56, 57, 58, 435

NEW_SPACES = 0x7E02_0000 & ~kernel.CLONE_NEWPID  # the zygote itself needs NEWPID; without capabilities it is refused

NETWORK = (41, 42, 43, 49, 50, 288)  # socket, connect, accept, bind, listen, accept4; socketpair stays
EXECUTE = (59, 322)  # execve, execveat
OTHER_PROCESSES = (101, 310, 311, 312, 434, 438, 440, 448)  # ptrace, process_vm_*, kcmp, pidfd_*, process_m*
MOUNTS = (155, 161, 165, 166, 272, 308, 428, 429, 430, 431, 432, 433, 442)  # …, unshare, setns, move_mount, fs*
SHARED_OBJECTS = (29, 30, 31, 64, 65, 66, 67, 68, 69, 70, 71, 220, 240, 241, 242, 243, 244, 245)  # shm, sem, msg, mq
LEFTOVERS = (133, 188, 189, 190, 259, 319, 447, 463)  # mknod, setxattr, memfd_create, memfd_secret
KERNEL_SURFACE = (
    *(135, 139, 153, 154, 156, 163, 167, 168, 169, 172, 173, 174, 175, 176, 179, 180, 212, 246, 313, 320),
    *(248, 249, 250, 298, 300, 303, 304, 321, 323, 425, 426, 427, 443),  # keys, perf, handles, bpf, uffd, io_uring
)
MACHINE = (103, 159, 164, 170, 171, 227, 305)  # syslog, clocks, host name
SCHEDULING = (142, 144, 149, 151, 203, 237, 238, 239, 251, 256, 279, 314, 325)  # sched_*, mlock*, numa, ioprio
DENIED = tuple(
    sorted(
        {
            *NETWORK,
            *EXECUTE,
            *OTHER_PROCESSES,
            *MOUNTS,
            *SHARED_OBJECTS,
            *LEFTOVERS,
            *KERNEL_SURFACE,
            *MACHINE,
            *SCHEDULING,
        }
    )
)
SIGNALS = (62, 129, 200, 234, 297, 424)  # kill, tkill, tgkill and kin: where no PID namespace hides the others


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def install() -> str:
    """Puts the filter in force; returns "seccomp", or "none (why)"."""
    if platform.machine() != "x86_64":
        return f"none (no filter for {platform.machine()})"
    try:
        _set([*_prologue(), *_no_new_spaces(), *_refusals(DENIED), _statement(RETURN, ALLOW)])
    except OSError as error:
        return f"none ({error.strerror})"
    return "seccomp"


def forbid_processes() -> None:
    """Refuses new processes and signals to others, threads excepted: for a jail that has no PID namespace.

    Raises:
        OSError: The filter cannot be had.
    """
    if platform.machine() != "x86_64":
        raise OSError(errno.ENOSYS, "no filter for this machine type")
    threads_only = [
        _statement(LOAD, 0),
        _jump(EQUAL, CLONE, 0, 3),
        _statement(LOAD, 16),
        _jump(ANY_BIT, kernel.CLONE_THREAD, 1, 0),
        _statement(RETURN, REFUSE | errno.EPERM),
        _statement(LOAD, 0),
    ]
    _set([*_prologue(), *threads_only, *_refusals((FORK, VFORK, *SIGNALS)), _statement(RETURN, ALLOW)])


def _statement(code: int, value: int) -> bytes:
    return struct.pack("<HBBI", code, 0, 0, value)


def _jump(code: int, value: int, yes: int, no: int) -> bytes:
    return struct.pack("<HBBI", code, yes, no, value)


def _prologue() -> list[bytes]:
    """Another architecture's calls have other numbers: kill. `clone3` hides its flags in memory: not there."""
    return [
        _statement(LOAD, 4),
        _jump(EQUAL, AUDIT_X86_64, 1, 0),
        _statement(RETURN, KILL),
        _statement(LOAD, 0),
        _jump(AT_LEAST, X32, 0, 1),
        _statement(RETURN, REFUSE | errno.EPERM),
        _jump(EQUAL, CLONE3, 0, 1),
        _statement(RETURN, REFUSE | errno.ENOSYS),
    ]


def _no_new_spaces() -> list[bytes]:
    return [
        _jump(EQUAL, CLONE, 0, 4),
        _statement(LOAD, 16),
        _jump(ANY_BIT, NEW_SPACES, 0, 1),
        _statement(RETURN, REFUSE | errno.EPERM),
        _statement(LOAD, 0),
    ]


def _refusals(numbers: tuple[int, ...]) -> list[bytes]:
    return [
        part for number in numbers for part in (_jump(EQUAL, number, 0, 1), _statement(RETURN, REFUSE | errno.EPERM))
    ]


def _set(instructions: list[bytes]) -> None:
    code = b"".join(instructions)
    kernel.set_filter(_Program(len(instructions), code))
