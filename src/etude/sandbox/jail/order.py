"""What a worker asks of its zygote for one job, and what the zygote answers: a few bytes that it never looks into.

Programs, answers and tests pass the zygote by, in files that only its children open. The limits pass it by too: they
lie in the order as the kernel wants them, and the child hands them on.
"""

import struct
from typing import NamedTuple

STDIN, STDOUT, STDERR, RESULTS, LINE, JOB = range(6)
"""Descriptors of a child. `LINE` is the socket where a program answers calls; it is there only for such jobs. `JOB` is
closed before the program runs."""

CHECK_RESULTS, CHECK_JOB, CONTROL, COMPILER = range(10, 14)
"""Further descriptors of the zygote: those the checker's child gets as `RESULTS` and `JOB`, and its own sockets."""

PROGRAM, TIED, CHECKER, BOTH, CALLED, COMMAND, CLEAN = range(7)
"""What an order wants: one child (`TIED`: where no process namespace ends it with its zygote), or two with a line
between them, or one whose line ends at the worker; a command to be executed; or an empty scratch folder."""

LIMITS = ("AS", "FSIZE", "NPROC", "CPU")
LIMIT = struct.Struct("<QQ")
ORDER = struct.Struct("<BxxxI" + "QQ" * len(LIMITS))
FIRST_LIMIT = 8
ENDED = struct.Struct("<ixxxx5q104x")
"""A wait status, then the kernel's record of what a process used: seconds, microseconds (twice), peak kilobytes."""


class Ended(NamedTuple):
    """How a child ended: wait status, processor seconds, peak memory in bytes."""

    status: int
    cpu: float
    peak: int


def packed(kind: int, size: int, limits: tuple[int, int, int, int]) -> bytes:
    """An order.

    Args:
        kind: `PROGRAM`, ...
        size: Bytes of the job's file.
        limits: In the order of `LIMITS`: bytes, bytes, processes, seconds.
    """
    return ORDER.pack(kind, size, *(value for limit in limits for value in (limit, limit)))


def ended(reply: bytes) -> list[Ended]:
    """What a reply says of each child.

    Raises:
        ValueError: The bytes are no reply.
    """
    if not reply or len(reply) % ENDED.size:
        raise ValueError("the zygote's reply is no reply")
    found = []
    for status, *used in ENDED.iter_unpack(reply):
        found.append(Ended(status, used[0] + used[2] + (used[1] + used[3]) / 1e6, used[4] * 1024))
    return found
