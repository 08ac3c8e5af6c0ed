"""System call numbers by architecture: what no honest program needs, and what attacks on a kernel start with.

Numbers only; `seccomp` makes a filter of them. The table for aarch64 follows the kernel's generic list. Its filters are
tested by interpreting them, and against that list; on such a machine they have never run, because none was at hand.
"""

import os
from typing import NamedTuple


class Table(NamedTuple):
    """The numbers of one architecture.

    Attributes:
        audit: The kernel's name for the architecture.
        clone: Makes threads and processes, by its flags.
        fork: Makes a process and nothing else.
        prctl: Sets options of a process.
        prlimit: Sets limits of a process, by its number.
        fcntl: Sets options of a descriptor.
        ioctl: Does too, for sockets and devices.
        execute: Executes a file.
        denied: Refused to everyone in a jail, but `execute` where commands are run.
        signals: What sends a signal to another process, or changes its priority.
        metadata: Changes mode, owner or times of a file.
    """

    audit: int
    clone: int
    fork: tuple[int, ...]
    prctl: int
    prlimit: int
    fcntl: int
    ioctl: int
    execute: tuple[int, ...]
    denied: tuple[int, ...]
    signals: tuple[int, ...]
    metadata: tuple[int, ...]


CLONE3 = 435
SAME_EVERYWHERE = (
    *(434, 438, 440, 448),  # pidfd_open, pidfd_getfd, process_madvise, process_mrelease
    *(428, 429, 430, 431, 432, 433, 442),  # open_tree, move_mount, fs*, mount_setattr
    *(457, 458, 467, 470),  # statmount, listmount, open_tree_attr, listns
    *(425, 426, 427, 443, 447),  # io_uring_*, quotactl_fd, memfd_secret
    *(463, 466, 469),  # setxattrat, removexattrat, file_setattr
)

X86_64 = Table(
    audit=0xC000_003E,
    clone=56,
    fork=(57, 58),  # fork, vfork
    prctl=157,
    prlimit=302,
    fcntl=72,
    ioctl=16,
    execute=(59, 322),  # execve, execveat
    denied=(
        *SAME_EVERYWHERE,
        *(41, 42, 43, 49, 50, 288),  # socket, connect, accept, bind, listen, accept4; socketpair stays
        *(59, 322),  # execve, execveat
        *(101, 310, 311, 312),  # ptrace, process_vm_*, kcmp
        *(155, 161, 165, 166, 272, 308),  # pivot_root, chroot, mount, umount2, unshare, setns
        *(29, 30, 31, 64, 65, 66, 67, 68, 69, 70, 71, 220, 240, 241, 242, 243, 244, 245),  # shm, sem, msg, mq
        *(133, 188, 189, 190, 197, 198, 199, 259, 319),  # mknod, setxattr, removexattr, mknodat, memfd_create
        *(135, 139, 153, 154, 156, 163, 167, 168, 169, 172, 173, 174, 175, 176, 179, 180, 212, 246, 313, 320),
        *(248, 249, 250, 298, 300, 303, 304, 321, 323),  # keys, perf, fanotify, file handles, bpf, userfaultfd
        *(103, 159, 164, 170, 171, 227, 305),  # syslog, clocks, host name
        *(142, 144, 149, 151, 203, 237, 238, 239, 251, 256, 279, 314, 325),  # sched_*, mlock*, numa, ioprio
    ),
    signals=(62, 129, 200, 234, 297, 424, 141),  # kill, tkill, tgkill and kin, setpriority
    metadata=(90, 91, 268, 452, 92, 93, 94, 260, 132, 235, 261, 280),  # chmod, chown, utime and kin
)

AARCH64 = Table(
    audit=0xC000_00B7,
    clone=220,
    fork=(),
    prctl=167,
    prlimit=261,
    fcntl=25,
    ioctl=29,
    execute=(221, 281),
    denied=(
        *SAME_EVERYWHERE,
        *(198, 203, 202, 200, 201, 242),
        *(221, 281),
        *(117, 270, 271, 272),
        *(41, 51, 40, 39, 97, 268),
        *(194, 195, 196, 197, 190, 191, 192, 193, 186, 187, 188, 189, 180, 181, 182, 183, 184, 185),
        *(33, 5, 6, 7, 14, 15, 16, 279),
        *(92, 58, 89, 224, 225, 142, 105, 106, 60, 42, 18, 104, 273, 294),
        *(217, 218, 219, 241, 262, 264, 265, 280, 282),
        *(116, 171, 170, 161, 162, 112, 266),
        *(118, 119, 228, 230, 122, 235, 237, 236, 30, 238, 239, 274, 284),
    ),
    signals=(129, 138, 130, 131, 240, 424, 140),
    metadata=(52, 53, 452, 54, 55, 88),
)


def table() -> Table | None:
    """The numbers of this machine; None for an architecture without a table."""
    return {"x86_64": X86_64, "aarch64": AARCH64}.get(os.uname().machine)
