"""System calls that no program in a jail may make, as a seccomp filter: a second wall behind the namespaces.

The filter is installed once in the zygote and inherited by every program. It refuses with EPERM, which a program sees
as PermissionError. Threads stay allowed, processes do not: the kernel limits memory and time per process, so a program
that forks would have both many times over. Where there is no table of numbers, `install` says so and the namespaces
stand alone, with RLIMIT_NPROC against many processes.
"""

import ctypes
import errno
import os
import struct
from collections.abc import Iterable
from typing import Literal

from . import kernel
from .system_calls import CLONE3, Table, table

Kind = Literal["programs", "forking", "commands"]

X32 = 0x4000_0000
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, KILL, REFUSE = 0x7FFF_0000, 0x8000_0000, 0x0005_0000
NUMBER, ARCHITECTURE, FIRST_ARGUMENT, SECOND_ARGUMENT = 0, 4, 16, 24  # where the kernel's record of a call holds them
NEW_SPACES = 0x7E02_0000 & ~kernel.CLONE_NEWPID
OWNER_COMMANDS = (8, 15)  # fcntl: F_SETOWN, F_SETOWN_EX
OWNER_REQUESTS = (0x8901, 0x8902)  # ioctl: FIOSETOWN, SIOCSPGRP


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def install(kind: Kind) -> str:
    """Puts a filter in force for this process and all its children; returns "seccomp", or "none (why)".

    Args:
        kind: As for `rules`. After `forking` each child must still put `threads_only` in force.
    """
    numbers = table()
    if numbers is None:
        return f"none (no filter for {os.uname().machine})"
    try:
        kernel.set_filter(_filter(rules(kind, numbers)))
    except OSError as error:
        return f"none ({error.strerror})"
    return "seccomp"


def rules(kind: Kind, numbers: Table) -> list[bytes]:
    """A zygote's filter, instruction by instruction.

    Args:
        kind: `programs`: the caller makes each child in a process namespace of its own, for which its children lack the
            capability; nobody makes an ordinary process. `forking`: the caller makes ordinary processes. `commands`: as
            `programs`, but children may make processes and execute files, which compilers and other interpreters need.
        numbers: Those of the architecture that it is for.
    """
    denied = set(numbers.denied) | (set(numbers.fork) if kind == "programs" else set())
    if kind == "commands":
        denied -= set(numbers.execute)
    return [
        *_prologue(numbers),
        *_cloning(numbers, free=kind != "programs"),
        *_answers(sorted(denied), errno.EPERM),
        _statement(RETURN, ALLOW),
    ]


def threads_only() -> ctypes.Structure | None:
    """A filter that refuses new processes and signals to others, threads excepted; None where there is no table.

    For children that have no process namespace and see the host's files. It is made once, and each child puts it in
    force with one call.
    """
    numbers = table()
    return _filter(threads_only_rules(numbers)) if numbers is not None else None


def threads_only_rules(numbers: Table) -> list[bytes]:
    """The filter of `threads_only`, instruction by instruction.

    Whoever may name the owner of a file can have the kernel send that owner signals, so nobody may. Modes and times of
    files, which Landlock does not protect, stay as they are: the calls that change them do nothing and say that all
    went well, because honest copying of files ends with them.
    """
    threads = _when_called(numbers.clone, _jump(ANY_BIT, kernel.CLONE_THREAD, 1, 0), _no(errno.EPERM))
    stays_tied = _when_called(numbers.prctl, _jump(EQUAL, kernel.PR_SET_PDEATHSIG, 0, 1), _no(errno.EPERM))
    own_limits = _when_called(numbers.prlimit, _jump(EQUAL, 0, 1, 0), _no(errno.EPERM))
    no_owners = [
        part
        for number, values in ((numbers.fcntl, OWNER_COMMANDS), (numbers.ioctl, OWNER_REQUESTS))
        for part in _when_called(number, *_answers(values, errno.EPERM), argument=SECOND_ARGUMENT)
    ]
    refused = _answers((*numbers.fork, *numbers.signals), errno.EPERM)
    pretended = _answers(numbers.metadata, 0)
    conditions = [*threads, *stays_tied, *own_limits, *no_owners]
    return [*_prologue(numbers), *conditions, *refused, *pretended, _statement(RETURN, ALLOW)]


def _cloning(numbers: Table, *, free: bool) -> list[bytes]:
    """Never another namespace, bar the zygote's new process namespaces; and, unless `free`, no ordinary process."""
    spaces = [_jump(ANY_BIT, NEW_SPACES, 0, 1), _no(errno.EPERM)]
    processes = [_jump(ANY_BIT, kernel.CLONE_THREAD | kernel.CLONE_NEWPID, 1, 0), _no(errno.EPERM)]
    return _when_called(numbers.clone, *spaces, *([] if free else processes))


def _when_called(number: int, *instructions: bytes, argument: int = FIRST_ARGUMENT) -> list[bytes]:
    """Instructions about one argument of one call; afterwards the call's number is at hand again."""
    inner = [_statement(LOAD, argument), *instructions, _statement(LOAD, NUMBER)]
    return [_jump(EQUAL, number, 0, len(inner)), *inner]


def _prologue(numbers: Table) -> list[bytes]:
    """Another architecture's calls have other numbers: kill. `clone3` hides its flags in memory: not there."""
    return [
        _statement(LOAD, ARCHITECTURE),
        _jump(EQUAL, numbers.audit, 1, 0),
        _statement(RETURN, KILL),
        _statement(LOAD, NUMBER),
        _jump(AT_LEAST, X32, 0, 1),
        _no(errno.EPERM),
        _jump(EQUAL, CLONE3, 0, 1),
        _no(errno.ENOSYS),
    ]


def _answers(numbers: Iterable[int], code: int) -> list[bytes]:
    return [part for number in numbers for part in (_jump(EQUAL, number, 0, 1), _no(code))]


def _no(code: int) -> bytes:
    return _statement(RETURN, REFUSE | code)


def _statement(code: int, value: int) -> bytes:
    return struct.pack("=HBBI", code, 0, 0, value)


def _jump(code: int, value: int, yes: int, no: int) -> bytes:
    return struct.pack("=HBBI", code, yes, no, value)


def _filter(instructions: list[bytes]) -> _Program:
    return _Program(len(instructions), b"".join(instructions))
