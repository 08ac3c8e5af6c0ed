"""Landlock: a list of folders that a process and its children may use, where namespaces are refused.

The kernel's own allow-list: what is not named cannot be opened, made, renamed or removed; newer kernels also refuse
TCP, ioctl on devices, and signals and abstract sockets to the outside. It can only ever be tightened. What was open
before stays open. `/proc` remains visible as names and can be neither listed nor read.
"""

import ctypes
import os
import stat
import struct
from collections.abc import Sequence

CREATE, ADD, RESTRICT = 444, 445, 446  # the same numbers on every architecture
ASK_VERSION = 1
BENEATH = 1

EXECUTE, WRITE, READ, LIST = 1, 1 << 1, 1 << 2, 1 << 3
BASIC = (1 << 13) - 1  # everything that version 1 knows
REFER, TRUNCATE, DEVICES = 1 << 13, 1 << 14, 1 << 15  # since versions 2, 3 and 5
MAKE_DEVICES = 1 << 6 | 1 << 11
ON_FILES = EXECUTE | WRITE | READ | TRUNCATE | DEVICES
TCP = 3
ABSTRACT_SOCKETS, SIGNALS = 1, 2


def version() -> int:
    """Landlock's version on this kernel, or 0 where there is none."""
    return max(0, int(_library().syscall(ctypes.c_long(CREATE), None, ctypes.c_size_t(0), ctypes.c_uint(ASK_VERSION))))


def confine(readable: Sequence[str], writable: Sequence[str], devices: Sequence[str] = ()) -> dict[str, str]:
    """Confines this process and all its children to some folders, for good. `no_new_privs` must be set.

    Args:
        readable: Paths beneath which files may be read; those that do not exist are left out.
        writable: Folders beneath which everything may be done but making device nodes.
        devices: Files that may be read and written, such as `/dev/null`.

    Returns:
        Property -> what holds it now.

    Raises:
        OSError: There is no Landlock here, or the kernel refuses a rule.
    """
    known = version()
    if not known:
        raise OSError(0, "the kernel has no Landlock")
    handled = BASIC | (REFER if known >= 2 else 0) | (TRUNCATE if known >= 3 else 0) | (DEVICES if known >= 5 else 0)
    network, scope = (TCP if known >= 4 else 0), (ABSTRACT_SOCKETS | SIGNALS if known >= 6 else 0)
    attributes = struct.pack("=QQQ", handled, network, scope)[: 24 if known >= 6 else 16 if known >= 4 else 8]
    rules = _call("landlock_create_ruleset", CREATE, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint(0))
    try:
        _allow(rules, readable, (READ | LIST) & handled)
        _allow(rules, writable, handled & ~(EXECUTE | MAKE_DEVICES | REFER | DEVICES))
        _allow(rules, devices, (READ | WRITE | TRUNCATE) & handled)
        _call("landlock_restrict_self", RESTRICT, ctypes.c_int(rules), ctypes.c_uint(0))
    finally:
        os.close(rules)
    held = {"filesystem": f"Landlock {known}: interpreter readable, scratch folder writable"}
    if network:
        held["network"] = "seccomp, Landlock"
    if scope:
        held["signals"] = "seccomp, Landlock"
    return held


def _allow(rules: int, paths: Sequence[str], access: int) -> None:
    for path in paths:
        try:
            handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            allowed = access if stat.S_ISDIR(os.fstat(handle).st_mode) else access & ON_FILES
            rule = struct.pack("=Qi", allowed, handle)
            _call("landlock_add_rule", ADD, ctypes.c_int(rules), ctypes.c_int(BENEATH), rule, ctypes.c_uint(0))
        finally:
            os.close(handle)


def _call(name: str, number: int, *arguments: object) -> int:
    found = int(_library().syscall(ctypes.c_long(number), *arguments))
    if found < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return found


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
