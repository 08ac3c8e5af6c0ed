"""The four set-ups that the corpora run in, as prefixes of a command; each says why it cannot be had.

A container is imitated by what it takes away: the capabilities that an ordinary container lacks, and the calls that
make namespaces and mounts, refused by a filter.
"""

import ctypes
import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from etude.sandbox.jail import kernel, seccomp
from etude.sandbox.jail.system_calls import table

KEPT = (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31)
"""Capabilities that a container's root usually has: files, ids, kill, low ports, chroot; not the administrator's."""

STRANGER = 12345
CANDIDATES = ("/usr/bin/python3.11", "/usr/bin/python3", "/usr/bin/python3.12", "/usr/bin/python3.13")


def caged(command: Sequence[str]) -> None:
    """Becomes a command that cannot make namespaces or mounts."""
    keep = sum(1 << number for number in KEPT)
    if os.geteuid() == 0:
        for number in range(64):
            if number not in KEPT:
                ctypes.CDLL(None).prctl(kernel.PR_CAPBSET_DROP, number, 0, 0, 0)
        header = (ctypes.c_uint32 * 2)(0x2008_0522, 0)
        low, high = keep & 0xFFFF_FFFF, keep >> 32
        sets = (ctypes.c_uint32 * 6)(low, low, low, high, high, high)
        if kernel.raw()(*kernel.prepared("capset", header, sets)) != 0:
            raise OSError("the capabilities cannot be given up")
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1, "NO_NEW_PRIVS")
    kernel.set_filter(_without_namespaces())
    os.execv(command[0], list(command))


def _without_namespaces() -> ctypes.Structure:
    numbers = table()
    assert numbers is not None
    refused = (272, 308, 165, 166, 155, 428, 429, 430, 431, 432, 433, 442)  # unshare, setns, mounts
    spaces = [seccomp._jump(seccomp.ANY_BIT, 0x7E02_0000, 0, 1), seccomp._no(errno.EPERM)]
    body = [*seccomp._when_called(numbers.clone, *spaces), *seccomp._answers(refused, errno.EPERM)]
    return seccomp._filter([*seccomp._prologue(numbers), *body, seccomp._statement(seccomp.RETURN, seccomp.ALLOW)])


def stranger(folder: Path, source: Path, tests: Path) -> tuple[list[str], dict[str, str]] | str:
    """Command prefix and environment for a user without rights, or why there is none.

    Args:
        folder: Where a copy of the sources goes that this user can read.
    """
    if os.geteuid() != 0:
        return "only root can become another user"
    if not shutil.which("setpriv"):
        return "there is no setpriv"
    shutil.copytree(source, folder / "src", ignore=shutil.ignore_patterns("__pycache__", "lab"))
    shutil.copytree(tests, folder / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(["chmod", "-R", "a+rX", str(folder)], check=True)
    for place in (folder, *folder.parents):
        if not place.stat().st_mode & 0o001:
            place.chmod(place.stat().st_mode | 0o001)
    prefix = ["setpriv", "--reuid", str(STRANGER), "--regid", str(STRANGER), "--clear-groups"]
    environment = {"PYTHONPATH": f"{folder / 'src'}:{folder}", "HOME": "/tmp", "PATH": "/usr/bin:/bin"}
    for python in (os.path.realpath(sys.executable), *CANDIDATES):
        probe = [
            *prefix,
            python,
            "-c",
            "import etude.sandbox, os, sys; assert sys.version_info >= (3, 11) and os.access(sys.executable, os.X_OK)",
        ]
        if not subprocess.run(probe, env=environment, capture_output=True).returncode:
            return [*prefix, python], environment
    return "no interpreter that another user could run"


if __name__ == "__main__":
    caged(sys.argv[1:])
