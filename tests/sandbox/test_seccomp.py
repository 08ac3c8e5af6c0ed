"""The filters of system calls, run by an interpreter of this file over every call, for both architectures.

What must come out is said here in names, and checked against the kernel's own headers where they are installed.
"""

import ctypes
import errno
import json
import os
import platform
import re
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from etude.records import Job
from etude.sandbox.flavour import Flavour
from etude.sandbox.jail import kernel, seccomp
from etude.sandbox.jail.system_calls import AARCH64, CLONE3, X86_64, Table, table
from etude.sandbox.worker import Worker

HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}
TABLES = {"x86_64": X86_64, "aarch64": AARCH64}
KINDS = ("programs", "forking", "commands", "threads_only")
MOST = 600

EXECUTE = "execve execveat"
FORK = "fork vfork"
SIGNALS = "kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_send_signal setpriority"
METADATA = "chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes futimesat utimensat"
DENIED = """
    socket connect accept accept4 bind listen execve execveat ptrace process_vm_readv process_vm_writev kcmp
    pivot_root chroot mount umount2 unshare setns open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr
    statmount listmount open_tree_attr listns shmget shmat shmctl shmdt semget semop semctl semtimedop msgget msgsnd
    msgrcv msgctl mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr mknod mknodat setxattr
    lsetxattr fsetxattr setxattrat removexattr lremovexattr fremovexattr removexattrat file_setattr memfd_create
    memfd_secret
    pidfd_open pidfd_getfd process_madvise process_mrelease io_uring_setup io_uring_enter io_uring_register quotactl
    quotactl_fd personality sysfs vhangup modify_ldt _sysctl acct swapon swapoff reboot iopl ioperm create_module
    init_module delete_module finit_module nfsservctl lookup_dcookie kexec_load kexec_file_load add_key request_key
    keyctl perf_event_open fanotify_init name_to_handle_at open_by_handle_at bpf userfaultfd syslog adjtimex
    clock_adjtime
    clock_settime settimeofday sethostname setdomainname sched_setparam sched_setscheduler sched_setattr
    sched_setaffinity mlock mlock2 mlockall mbind set_mempolicy get_mempolicy migrate_pages move_pages ioprio_set
"""
NEWER = {
    "quotactl_fd": 443,
    "memfd_secret": 447,
    "process_mrelease": 448,
    "fchmodat2": 452,
    "statmount": 457,
    "listmount": 458,
    "setxattrat": 463,
    "removexattrat": 466,
    "open_tree_attr": 467,
    "file_setattr": 469,
    "listns": 470,
}
"""Calls that a header may be too old for; their numbers are the same on every architecture."""

NEEDED = "read write mmap brk futex socketpair sendmsg recvmsg openat wait4 getrandom clock_gettime exit_group"
"""Calls without which no honest program runs."""


def numbers_by_name(machine: str) -> dict[str, int]:
    path = HEADERS[machine]
    if not path.exists():
        pytest.skip(f"the kernel's header {path} is not installed")
    found = re.findall(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)", path.read_text(), re.MULTILINE)
    return {**NEWER, **{name: int(number) for name, number in reversed(found)}}


def numbers(names: str, known: dict[str, int]) -> set[int]:
    return {known[name] for name in names.split() if name in known}


@pytest.mark.parametrize("machine", TABLES)
def test_the_tables_agree_with_the_kernels_headers(machine: str) -> None:
    known, found = numbers_by_name(machine), TABLES[machine]
    single = (found.clone, found.prctl, found.prlimit, found.fcntl, found.ioctl, CLONE3)
    assert single == tuple(known[name] for name in ("clone", "prctl", "prlimit64", "fcntl", "ioctl", "clone3"))
    assert set(found.fork) == numbers(FORK, known)
    assert set(found.execute) == numbers(EXECUTE, known)
    assert set(found.signals) == numbers(SIGNALS, known)
    assert set(found.metadata) == numbers(METADATA, known)
    assert set(found.denied) == numbers(DENIED, known)


@pytest.mark.parametrize("machine", TABLES)
def test_what_every_program_needs_is_in_no_table(machine: str) -> None:
    known, found = numbers_by_name(machine), TABLES[machine]
    lists = (*found.denied, *found.signals, *found.metadata, *found.fork)
    assert not numbers(NEEDED, known) & set(lists)
    assert numbers(NEEDED, known)


@pytest.mark.parametrize("machine", TABLES)
def test_the_numbers_of_the_calls_made_here_agree_with_the_headers(machine: str) -> None:
    known = numbers_by_name(machine)
    assert kernel.CALLS[machine] == {name: known[name] for name in kernel.CALLS[machine]}


@pytest.mark.parametrize("machine", TABLES)
def test_no_number_stands_in_a_table_twice(machine: str) -> None:
    found = TABLES[machine]
    for part in (found.denied, found.signals, found.metadata, found.fork, found.execute):
        assert len(part) == len(set(part))


Instruction = tuple[int, int, int, int]
Call = tuple[int, int, int, int]
"""Architecture, number, first and second argument."""


class NoFilterError(Exception):
    """The kernel would not take this, or it does not end."""


def read(program: list[bytes]) -> list[Instruction]:
    """The instructions, checked as the kernel checks them before it takes a filter."""
    found: list[Instruction] = [struct.unpack("=HBBI", part) for part in program]
    if not 0 < len(found) <= 4096:
        raise NoFilterError("length")
    for place, (code, yes, no, value) in enumerate(found):
        left = len(found) - place - 1
        if code in (0x15, 0x35, 0x45):
            if max(yes, no) >= left:
                raise NoFilterError(f"instruction {place} jumps out of the filter")
        elif code == 0x20:
            if value % 4 or value >= 64:
                raise NoFilterError(f"instruction {place} loads what is not there")
        elif code != 0x06:
            raise NoFilterError(f"instruction {place} has the unknown code {code:#x}")
    if found[-1][0] != 0x06:
        raise NoFilterError("the last instruction returns nothing")
    return found


def interpreted(program: list[Instruction], call: Call) -> int:
    """What a filter returns for a call, by the rules of the kernel's machine for such filters."""
    architecture, number, first, second = call
    record = struct.pack(
        "=iIQ6Q", number if number < 1 << 31 else number - (1 << 32), architecture, 0, first, second, *[0] * 4
    )
    held = place = 0
    while True:
        code, yes, no, value = program[place]
        place += 1
        if code == 0x06:
            return value
        if code == 0x20:
            held = struct.unpack_from("=I", record, value)[0]
        else:
            holds = {0x15: held == value, 0x35: held >= value, 0x45: bool(held & value)}[code]
            place += yes if holds else no


ALLOWED, KILLED = 0x7FFF_0000, 0x8000_0000


def answered(code: int) -> int:
    return 0x0005_0000 | code


def expected(kind: str, found: Table, call: Call) -> int:
    """What must come out, said once more and in another way than the filters say it."""
    architecture, number, first, _ = call
    if architecture != found.audit:
        return KILLED
    if number >= 0x4000_0000:
        return answered(errno.EPERM)
    if number == CLONE3:
        return answered(errno.ENOSYS)
    refused = _refused_to_a_child(found, call) if kind == "threads_only" else _refused(kind, found, number, first)
    if refused:
        return answered(errno.EPERM)
    return answered(0) if kind == "threads_only" and number in found.metadata else ALLOWED


def _refused(kind: str, found: Table, number: int, first: int) -> bool:
    if number == found.clone:
        makes_spaces = any(first & flag for flag in SPACES)
        return makes_spaces or (kind == "programs" and not first & (THREAD | NEW_PROCESSES))
    if kind == "commands" and number in found.execute:
        return False
    return number in found.denied or (kind == "programs" and number in found.fork)


def _refused_to_a_child(found: Table, call: Call) -> bool:
    _, number, first, second = call
    return (
        (number == found.clone and not first & THREAD)
        or (number == found.prctl and first == 1)
        or (number == found.prlimit and first != 0)
        or (number == found.fcntl and second in (8, 15))
        or (number == found.ioctl and second in (0x8901, 0x8902))
        or number in found.fork
        or number in found.signals
    )


THREAD, NEW_PROCESSES = 0x10000, 0x2000_0000
SPACES = (0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x4000_0000)
"""Mounts, control groups, host name, IPC, users, network."""

FORK_FLAGS, THREAD_FLAGS = 0x11, 0x3D0F00


def calls(found: Table) -> Iterator[Call]:
    """Every number with no arguments; and those calls whose arguments count, with many."""
    for number in range(MOST + 1):
        yield found.audit, number, 0, 0
    flags = [
        0,
        FORK_FLAGS,
        THREAD_FLAGS,
        0x4111,
        NEW_PROCESSES | 0x11,
        *SPACES,
        *(THREAD_FLAGS | flag for flag in SPACES),
    ]
    for first in (*flags, *(NEW_PROCESSES | flag for flag in SPACES)):
        yield found.audit, found.clone, first, 0
    for first in (0, 1, 2, 4, 22, 38, 1 << 32, 1 | 1 << 32):
        yield found.audit, found.prctl, first & 0xFFFF_FFFF, 0
        yield found.audit, found.prlimit, first & 0xFFFF_FFFF, 0
    for second in (0, 1, 3, 4, 8, 9, 10, 15, 16, 1030, 0x5401, 0x8901, 0x8902, 0x8903):
        yield found.audit, found.fcntl, 3, second
        yield found.audit, found.ioctl, 3, second
    for other in (X86_64.audit, AARCH64.audit, 0x4000_0003, 0x4000_0028, 0):
        for number in (0, found.clone, *found.denied[:5], MOST):
            yield other, number, 0, 0
    for number in (0x4000_0000, 0x4000_0001, 0x4000_003B, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF):
        yield found.audit, number, 0, 0


def assembled(kind: str, found: Table) -> list[bytes]:
    if kind == "threads_only":
        return seccomp.threads_only_rules(found)
    wanted: dict[str, seccomp.Kind] = {"programs": "programs", "forking": "forking", "commands": "commands"}
    return seccomp.rules(wanted[kind], found)


def differences(program: list[bytes], kind: str, found: Table) -> Iterator[str]:
    """Where a filter does something else than it must."""
    instructions = read(program)
    for call in calls(found):
        if (gave := interpreted(instructions, call)) != (wanted := expected(kind, found, call)):
            yield f"{call}: {gave:#x} and not {wanted:#x}"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("machine", TABLES)
def test_a_filter_answers_every_call_as_it_must(machine: str, kind: str) -> None:
    assert list(differences(assembled(kind, TABLES[machine]), kind, TABLES[machine])) == []


ALWAYS = struct.pack("=HBBI", 0x06, 0, 0, ALLOWED)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("machine", TABLES)
def test_a_filter_that_always_allows_is_found_out(machine: str, kind: str) -> None:
    program, found = assembled(kind, TABLES[machine]), TABLES[machine]
    assert list(differences([ALWAYS], kind, found))
    assert list(differences([ALWAYS, *program], kind, found))
    assert list(differences([*program[:8], ALWAYS], kind, found))


MUTATIONS: dict[str, Callable[[Instruction], Instruction]] = {
    "allows": lambda part: (0x06, 0, 0, ALLOWED) if part[0] == 0x06 and part[3] != ALLOWED else part,
    "turns a jump round": lambda part: (part[0], part[2], part[1], part[3]) if part[0] != 0x06 else part,
    "compares with the next number": lambda part: (*part[:3], part[3] + 1) if part[0] == 0x15 else part,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mutation", MUTATIONS)
def test_every_wrong_instruction_is_found_out(mutation: str, kind: str) -> None:
    program, found = assembled(kind, X86_64), X86_64
    tried = 0
    for place, part in enumerate(program):
        before: Instruction = struct.unpack("=HBBI", part)
        if (after := MUTATIONS[mutation](before)) == before:
            continue
        changed = [*program[:place], struct.pack("=HBBI", *after), *program[place + 1 :]]
        assert next(differences(changed, kind, found), None), f"instruction {place}: {before} -> {after}"
        tried += 1
    assert tried > 10


def test_the_interpreter_refuses_what_the_kernel_would() -> None:
    jump, load = struct.pack("=HBBI", 0x15, 5, 0, 0), struct.pack("=HBBI", 0x20, 0, 0, 2)
    for program in ([], [jump, ALWAYS], [load, ALWAYS], [load[:0] + jump], [ALWAYS] * 5000):
        with pytest.raises(NoFilterError):
            read(program)


def test_no_filter_is_longer_than_a_jump_inside_it_reaches() -> None:
    for kind in KINDS:
        for found in TABLES.values():
            assert len(assembled(kind, found)) < 300


TRIES_ALL = """
import ctypes, json, os, sys
from etude.sandbox.jail import kernel, seccomp
if os.geteuid() == 0:
    os.setgroups([]); os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)
kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1, "NO_NEW_PRIVS")
kind, numbers = sys.argv[1], json.loads(sys.argv[2])
if kind == "threads_only":
    kernel.set_filter(seccomp.threads_only())
else:
    assert seccomp.install(kind) == "seccomp"
library, found = ctypes.CDLL(None, use_errno=True), {}
for number in numbers:
    ctypes.set_errno(0)
    gave = library.syscall(ctypes.c_long(number), *[ctypes.c_long(-1)] * 6)
    found[number] = [gave, ctypes.get_errno()]
print(json.dumps(found))
"""


@pytest.mark.parametrize("kind", KINDS)
def test_the_kernel_says_the_same_as_the_interpreter(kind: str) -> None:
    found = table()
    if found is None:
        pytest.skip(f"no filter for {platform.machine()}")
    every = -1 & 0xFFFF_FFFF_FFFF_FFFF
    program = read(assembled(kind, found))
    judged = {number: interpreted(program, (found.audit, number, every, every)) for number in range(MOST)}
    refused = {number: value & 0xFFFF for number, value in judged.items() if value != ALLOWED}
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", TRIES_ALL, kind, json.dumps(sorted(refused))]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    gave = {int(number): tuple(value) for number, value in json.loads(done.stdout).items()}
    assert gave == {number: (-1 if code else 0, code) for number, code in refused.items()}
    assert len(refused) > 15


def test_nobody_can_make_the_kernel_signal_another_process() -> None:
    source = (
        "import fcntl, os, socket, struct\n"
        "def f(how, pid):\n"
        "    a, b = socket.socketpair()\n"
        "    if how == 'F_SETOWN': fcntl.fcntl(a, 8, pid)\n"
        "    if how == 'F_SETOWN_EX': fcntl.fcntl(a, 15, struct.pack('ii', 1, pid))\n"
        "    if how == 'FIOSETOWN': fcntl.ioctl(a, 0x8901, struct.pack('i', pid))\n"
        "    if how == 'SIOCSPGRP': fcntl.ioctl(a, 0x8902, struct.pack('i', pid))\n"
        "    fcntl.fcntl(a, 10, 9)\n"
        "    fcntl.fcntl(a, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)\n"
        "    b.send(b'x')\n"
    )
    worker = Worker(road="weak", flavour=Flavour())
    worker.start()
    try:
        for how in ("F_SETOWN", "F_SETOWN_EX", "FIOSETOWN", "SIOCSPGRP"):
            with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as victim:
                run = worker.run(Job(source=source, asks=(f"f({how!r}, {victim.pid})",)))
                fault = run.answers[0].fault
                assert fault is not None
                assert fault.type == "PermissionError"
                victim.communicate(b"\n", timeout=10)
            assert victim.returncode == 0
    finally:
        worker.close()


def test_a_filter_is_as_long_as_it_says() -> None:
    made = seccomp.threads_only()
    found = table()
    if made is None or found is None:
        pytest.skip(f"no filter for {platform.machine()}")
    assert made.length == len(seccomp.threads_only_rules(found))
    assert ctypes.sizeof(made) == 16
