"""One system call filter for the whole jail: what no honest program needs, and what attacks on the kernel start with.

Assembled by hand into classic BPF and installed once in the zygote; children inherit it for nothing. A denied call
fails with EPERM, so that the program sees an ordinary `PermissionError`. Process creation stays allowed (threads need
it); the PID namespace and the limits contain it.

This module imports the standard library only: it runs inside the zygote.
"""

import ctypes
import errno
import os
import struct

from isolation import LIBC, PR_SET_NO_NEW_PRIVS, _checked, prctl

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

DENIED = {
    "x86_64": (
        41, 42, 43, 49, 50, 288,  # socket, connect, accept, bind, listen (socketpair stays: asyncio needs it)
        29, 30, 31, 67, 64, 65, 66, 220, 68, 69, 70, 71, 240, 241, 242, 243, 244, 245,  # System V and POSIX queues
        59, 322, 101, 310, 311, 312, 135, 155, 161, 163, 164, 165, 166, 167, 168, 169, 170, 171, 172, 173, 175, 176,
        103, 179, 188, 189, 190, 197, 198, 199, 203, 227, 305, 246, 320, 248, 249, 250, 256, 279, 272, 308, 298,
        300, 301, 303, 304, 313, 321, 323, 425, 426, 427, 428, 429, 430, 431, 432, 433, 434, 438, 442, 443, 447,
        133, 259,  # mknod
    ),
    "aarch64": (
        198, 200, 201, 202, 203, 242,
        194, 195, 196, 197, 190, 191, 192, 193, 186, 187, 188, 189, 180, 181, 182, 183, 184, 185,
        221, 281, 117, 270, 271, 272, 92, 41, 51, 89, 170, 40, 39, 224, 225, 142, 161, 162, 105, 106,
        116, 60, 5, 6, 7, 14, 15, 16, 122, 112, 266, 104, 294, 217, 218, 219, 238, 239, 97, 268, 241,
        262, 263, 264, 265, 273, 280, 282, 425, 426, 427, 428, 429, 430, 431, 432, 433, 434, 438, 442, 443, 447, 33,
    ),
}  # fmt: skip
"""System call numbers by architecture: network, inter-process memory, execution, tracing, mounts, modules, clocks,
keys, foreign namespaces, perf, bpf, io_uring, userfaultfd, handles, extended attributes, scheduling of others."""

CLONE3 = 435
LOAD, JUMP_EQUAL, JUMP_ABOVE, RETURN = 0x20, 0x15, 0x35, 0x06
ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x80000000
X32 = 0x40000000


def program() -> list[bytes]:
    """The filter as BPF instructions; empty on an architecture we have no numbers for."""
    machine = os.uname().machine
    if machine not in ARCHITECTURES:
        return []
    refuse = _instruction(RETURN, 0, 0, ERRNO | errno.EPERM)
    code = [
        _instruction(LOAD, 0, 0, 4),  # the architecture
        _instruction(JUMP_EQUAL, 1, 0, ARCHITECTURES[machine]),
        _instruction(RETURN, 0, 0, KILL),
        _instruction(LOAD, 0, 0, 0),  # the number
        _instruction(JUMP_ABOVE, 0, 1, X32),
        refuse,
        # Without clone3 the C library falls back to clone.
        _instruction(JUMP_EQUAL, 0, 1, CLONE3),
        _instruction(RETURN, 0, 0, ERRNO | errno.ENOSYS),
    ]
    for number in sorted(DENIED[machine]):
        code += [_instruction(JUMP_EQUAL, 0, 1, number), refuse]
    return [*code, _instruction(RETURN, 0, 0, ALLOW)]


def _instruction(code: int, true: int, false: int, value: int) -> bytes:
    return struct.pack("HBBI", code, true, false, value)


def install() -> bool:
    """Installs the filter for this process and all it forks; False where there is none for this architecture."""
    code = program()
    if not code:
        return False
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    body = ctypes.create_string_buffer(b"".join(code))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code), ctypes.addressof(body)))
    _checked("seccomp", LIBC.prctl(22, ctypes.c_ulong(2), header, 0, 0))
    return True
