"""Leaving the host: namespaces, a root that holds the interpreter only, and a user who owns nothing.

Two roads lead to the same jail. As root the mounts are made first and the process then becomes a user id that nobody
has; without root the process first becomes the only user of a user namespace and makes the mounts there. Each step
raises `JailError` with the property that cannot be had; nothing is downgraded here.
"""

import os
import sys
import sysconfig
from collections.abc import Callable, Sequence

from . import kernel

INSIDE = 1000
SPARE = 0x7000_0000
"""User ids from here on belong to no system convention (systemd calls the range unused)."""

SCRATCH = "/scratch"
SCRATCH_OPTIONS = "size=16m,nr_inodes=1024,mode=0700"
WORKSHOP_OPTIONS = "size=256m,nr_inodes=8192,mode=0700"  # where compilers work
LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")
STAGE = "/tmp"
SPACES = kernel.CLONE_NEWNS | kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS | kernel.CLONE_NEWCGROUP


class JailError(Exception):
    """A property of the jail cannot be had.

    Args:
        wanted: The property, such as `processes` or `filesystem`.
        reason: What the kernel said.
    """

    def __init__(self, wanted: str, reason: str) -> None:
        super().__init__(wanted, reason)
        self.wanted, self.reason = wanted, reason


def spare_user(process: int) -> int:
    """A user id that no one has, one per process."""
    return SPARE + process % 0x0FFF_0000


def become_sole_user() -> None:
    """The road without root: a user namespace in which this process is the only user and has every capability."""
    user, group = os.geteuid(), os.getegid()
    _try("user", lambda: kernel.unshare(kernel.CLONE_NEWUSER, "CLONE_NEWUSER"))
    _try("user", lambda: _map(os.getpid(), user, group))


def leave_processes() -> None:
    """The next child of this process starts a process namespace."""
    _try("processes", lambda: kernel.unshare(kernel.CLONE_NEWPID, "CLONE_NEWPID"))


def leave_host(spare: int | None, readable: list[str], *, commands: bool) -> None:
    """Leaves mounts, network, IPC, host name and control groups, and builds the jail's root.

    Args:
        spare: The user id that will own the scratch folder (the road as root), or None.
        readable: Folders of the host that are there, read-only.
        commands: Whether programs are compiled in the scratch folder and executed there.
    """
    _try("network", lambda: kernel.unshare(SPACES, "NEWNS|NEWNET|NEWIPC|NEWUTS|NEWCGROUP"))
    _try("filesystem", lambda: _build_root(spare, readable, commands))
    for forbidden in ("/etc/passwd", "/proc/self", "/sys/kernel", "/root/.bashrc", "/old"):
        if os.path.lexists(forbidden):
            raise JailError("filesystem", f"{forbidden} is still there")


def become_spare_user(ask_for_map: Callable[[], None]) -> None:
    """The road as root: a user namespace whose one user is a user id that nobody has.

    Args:
        ask_for_map: Returns once a process outside has written this one's user map.
    """
    _try("user", lambda: kernel.unshare(kernel.CLONE_NEWUSER, "CLONE_NEWUSER"))
    ask_for_map()
    _try("user", _take_inside_ids)


def _take_inside_ids() -> None:
    os.setgroups([])
    os.setresgid(INSIDE, INSIDE, INSIDE)
    os.setresuid(INSIDE, INSIDE, INSIDE)


def write_map(process: int, outside: int) -> None:
    """Writes another process's user map: inside it is `INSIDE`, outside `outside`."""
    for kind in ("uid", "gid"):
        _write(f"/proc/{process}/{kind}_map", f"{INSIDE} {outside} 1")


def _map(process: int, user: int, group: int) -> None:
    _write(f"/proc/{process}/setgroups", "deny")
    _write(f"/proc/{process}/uid_map", f"{INSIDE} {user} 1")
    _write(f"/proc/{process}/gid_map", f"{INSIDE} {group} 1")


def _build_root(spare: int | None, readable: list[str], commands: bool) -> None:
    kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("jail", STAGE, "tmpfs", kernel.MS_NOSUID, "size=1m,nr_inodes=4096,mode=0755")
    os.mkdir(f"{STAGE}/old")
    kernel.pivot_root(STAGE, f"{STAGE}/old")
    os.chdir("/")
    for folder in readable:
        _show(folder)
    for device in DEVICES:
        _show_device(device)
    os.mkdir(SCRATCH)
    limits = kernel.MS_NOSUID | kernel.MS_NODEV | (0 if commands else kernel.MS_NOEXEC)
    kernel.mount("scratch", SCRATCH, "tmpfs", limits, WORKSHOP_OPTIONS if commands else SCRATCH_OPTIONS)
    if spare is not None:
        os.chown(SCRATCH, spare, spare)
    kernel.unmount("/old")
    os.rmdir("/old")
    kernel.mount("none", "/", None, kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | kernel.MS_NOSUID)


def shown(folders: Sequence[str]) -> list[str]:
    """The paths a jail shows: the interpreter's library, the machine's libraries, and what else is asked for."""
    paths = sysconfig.get_paths()
    library = [paths["stdlib"], paths["platstdlib"], os.path.join(paths["platstdlib"], "lib-dynload")]
    wanted = dict.fromkeys([*library, *LIBRARIES, *_shared_interpreter(), *folders])
    return sorted(wanted, key=lambda path: path.count("/"))  # a folder before what lies in it, which it then shows


def _shared_interpreter() -> list[str]:
    """Where the interpreter's machine code may lie, if it is a library: this process has it, an executed one looks."""
    name = sysconfig.get_config_var("INSTSONAME") or ""
    beside = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(sys.executable))), "lib")
    folders = (sysconfig.get_config_var("LIBDIR") or beside, beside)
    return [os.path.join(folder, name) for folder in folders] if ".so" in name else []


def _show(folder: str) -> None:
    """Binds a folder or a file of the host, read-only, at its own place; a link is made again as a link."""
    if os.path.lexists(folder) or not os.path.lexists(f"/old{folder}"):
        return
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    if os.path.islink(f"/old{folder}"):
        os.symlink(os.readlink(f"/old{folder}"), folder)
        return
    if os.path.isdir(f"/old{folder}"):
        os.mkdir(folder)
    else:
        os.mknod(folder)
    kernel.mount(f"/old{folder}", folder, None, kernel.MS_BIND | kernel.MS_REC)
    kernel.make_read_only(folder)


def _show_device(device: str) -> None:
    try:
        os.makedirs(os.path.dirname(device), exist_ok=True)
        with open(device, "x"):
            pass
        kernel.mount(f"/old{device}", device, None, kernel.MS_BIND)
    except OSError:
        return  # a convenience: no program needs one


def _try(wanted: str, step: Callable[[], object]) -> None:
    try:
        step()
    except OSError as error:
        raise JailError(wanted, str(error)) from None


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)
