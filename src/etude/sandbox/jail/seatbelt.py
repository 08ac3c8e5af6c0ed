"""Seatbelt: macOS's list of what a process may do, for where there are no namespaces and no Landlock.

UNTESTED: no Mac was at hand. The profile's text is tested on any machine; that the kernel of macOS takes it, and does
what it says, is not. `sandbox_init` is deprecated since 2016 and still what browsers and build tools use.

A child confines itself with `confine`, after it was forked and before it runs a program: the profile refuses forks, so
the zygote cannot be under it, and a process can be put under a profile only once. The limit on addresses does not hold
there, so memory is watched: whoever keeps the clocks asks `over` at each look, and between two looks a program may
use more.

`MISSING` says what else of the sandbox only Linux can run. Until those pieces exist, no program runs here, and
`etude.sandbox.roads` says so instead of trying.
"""

import ctypes
import os
import resource
import struct
from collections.abc import Callable, Mapping, Sequence

LIBRARY = "/usr/lib/libSystem.B.dylib"
SYSTEM = ("/usr/lib", "/System/Library", "/private/var/db/dyld", "/System/Volumes/Preboot/Cryptexes")
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")

RUSAGE_INFO_V0 = 0
RECORD = struct.Struct("=16x10Q")  # an identity, times, wake-ups, pages, and two sizes
FOOTPRINT = 7

HELD = {
    "level": "seatbelt",
    "network": "Seatbelt",
    "filesystem": "Seatbelt: interpreter readable, scratch folder writable",
    "processes": "no new processes (Seatbelt)",
    "signals": "Seatbelt",
    "memory": "watchdog",
    "syscalls": "none",
    "user": "own user id",
}
"""What would hold each property, once a worker takes this road."""

MISSING = (
    "memfd_create for what programs say (descriptors): files without a name would do",
    "pidfd_open and pidfd_send_signal (worker, watching): kqueue, and signals to process groups, would do",
    "sockets of kind SOCK_SEQPACKET, and SO_PASSCRED (worker): a stream with lengths, and LOCAL_PEERPID, would do",
    "/proc and other processes' clocks (watching): proc_listchildpids and proc_pid_rusage would do",
    "clone, prlimit64, close_range, capset and prctl by their numbers (jail.kernel, jail.zygote): os.fork, setrlimit "
    "and a pipe that ends with the zygote would do",
)
"""What stands between this file and a program that runs on macOS, piece by piece, with what could take its place."""


def profile(readable: Sequence[str], scratch: str) -> str:
    """The profile of a child: everything is refused but what is named. Where two rules match, the later one holds.

    Args:
        readable: Absolute paths beneath which files may be read, links resolved (`/tmp` is one on macOS).
        scratch: The folder where everything may be done with files but executing them; links resolved.

    Raises:
        ValueError: A path is not absolute, is the root, or holds a control character.
    """
    shown = [f"(subpath {_quoted(path)})" for path in (*SYSTEM, *readable)]
    devices = [f"(literal {_quoted(path)})" for path in DEVICES]
    work = f"(subpath {_quoted(scratch)})"
    rules = (
        "(version 1)",
        "(deny default)",
        "(allow sysctl-read)",
        "(allow process-info* (target self))",
        "(allow file-read-metadata)",
        f"(allow file-read* file-map-executable {' '.join(shown)})",
        f"(allow file-read* {' '.join(devices)} {work})",
        "(deny file-write*)",
        f"(allow file-write* {work})",
        f"(allow file-write-data {' '.join(devices)})",
        "(deny file-write-setugid file-mknod file-link)",
        "(deny network*)",
        "(deny process-exec* process-fork)",
        "(deny signal)",
        "(allow signal (target self))",
        "(deny mach-lookup mach-register ipc-posix-shm* ipc-sysv* iokit-open)",
    )
    return "\n".join(rules) + "\n"


def _quoted(path: str) -> str:
    if os.path.normpath(path) != path or not path.startswith("/") or path in ("/", "//"):
        raise ValueError(f"{path!r} is no absolute path of a folder or file")
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in path):
        raise ValueError(f"{path!r} holds a control character")
    text = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def confine(text: str) -> None:
    """Puts this process under a profile, for good. Untested.

    Raises:
        OSError: This is no macOS, or it does not take the profile.
    """
    library = ctypes.CDLL(LIBRARY)
    said = ctypes.c_char_p()
    if library.sandbox_init(text.encode(), ctypes.c_uint64(0), ctypes.byref(said)) != 0:
        reason = (said.value or b"no reason").decode("utf-8", "replace")
        library.sandbox_free_error(said)
        raise OSError(0, f"sandbox_init: {reason}")


def limit(limits: Mapping[str, int]) -> None:
    """Sets limits of this process for good, such as {"CPU": 2, "FSIZE": 1 << 20, "NOFILE": 64, "CORE": 0}.

    Not `NPROC`, which counts everything that this user runs, and not `AS`, which macOS does not keep.

    Raises:
        ValueError: One of those two is among them.
    """
    if wrong := {"NPROC", "AS"} & limits.keys():
        raise ValueError(f"no use on macOS: {', '.join(sorted(wrong))}")
    for name, value in limits.items():
        kind = getattr(resource, f"RLIMIT_{name}")
        _, hard = resource.getrlimit(kind)
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (most, most))


def over(process: int, most: int, record: Callable[[int], bytes]) -> bool:
    """Whether a process uses more memory than it may.

    Args:
        process: Its id.
        most: Bytes.
        record: What macOS knows of a process, such as `usage`.
    """
    return footprint(record(process)) > most


def footprint(record: bytes) -> int:
    """The bytes of memory that a process is charged for, by macOS's record of it; 0 for one that has ended."""
    return int(RECORD.unpack(record)[FOOTPRINT]) if record else 0


def usage(process: int) -> bytes:
    """What macOS knows of a process, or b"" for one that has ended. Untested.

    Raises:
        OSError: This is no macOS.
    """
    record = ctypes.create_string_buffer(RECORD.size)
    found = ctypes.CDLL(LIBRARY).proc_pid_rusage(ctypes.c_int(process), ctypes.c_int(RUSAGE_INFO_V0), record)
    return record.raw if found == 0 else b""
