"""The profile for macOS, read by an interpreter of this file; and what the sandbox says where it cannot run."""

import os
import re
import resource
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator

import pytest

from etude.errors import MissingError
from etude.records import Level
from etude.sandbox.flavour import Flavour
from etude.sandbox.jail import seatbelt
from etude.sandbox.memory import Memory
from etude.sandbox.roads import offered, open_worker

LIBRARY, SCRATCH = "/opt/python/lib/python3.11", "/private/tmp/etude-1"
LEVELS: tuple[Level, ...] = ("strong", "container", "any")
Form = str | list["Form"]


def forms(text: str) -> list[Form]:
    """The profile as lists of words; strings keep a quote in front."""
    tokens = iter(re.findall(r'\(|\)|"(?:\\.|[^"\\])*"|[^\s()"]+', text))

    def inner() -> Iterator[Form]:
        for token in tokens:
            if token == ")":
                return
            if token == "(":
                yield list(inner())
            else:
                yield '"' + re.sub(r"\\(.)", r"\1", token[1:-1]) if token.startswith('"') else token

    return list(inner())


def allowed(text: str, operation: str, path: str = "", target: str = "") -> bool:
    """What a profile says of one operation: the last rule that matches holds, as on macOS."""
    verdict = None
    for form in forms(text):
        assert isinstance(form, list)
        word, *rest = form
        if word == "version":
            continue
        assert word in ("allow", "deny")
        operations = [item for item in rest if isinstance(item, str)]
        filters = [item for item in rest if isinstance(item, list)]
        if any(covers(name, operation) for name in operations) and passes(filters, path, target):
            verdict = word == "allow"
    assert verdict is not None
    return verdict


def covers(name: str, operation: str) -> bool:
    return name in ("default", operation) or (name.endswith("*") and operation.startswith(name[:-1]))


def passes(filters: list[list[Form]], path: str, target: str) -> bool:
    for kind, value in filters:
        assert isinstance(value, str)
        if (
            (kind == "literal" and path == value[1:])
            or (kind == "subpath" and (path == value[1:] or path.startswith(value[1:] + "/")))
            or (kind == "target" and target == value)
        ):
            return True
    return not filters


@pytest.fixture
def text() -> str:
    return seatbelt.profile([LIBRARY], SCRATCH)


@pytest.mark.parametrize(
    ("operation", "path", "target"),
    [
        ("network-outbound", "", ""),
        ("network-bind", "", ""),
        ("network-inbound", "", ""),
        ("process-fork", "", ""),
        ("process-exec", "/bin/sh", ""),
        ("process-exec-interpreter", "/bin/sh", ""),
        ("process-exec", f"{SCRATCH}/program", ""),
        ("signal", "", "others"),
        ("mach-lookup", "", ""),
        ("iokit-open", "", ""),
        ("file-read-data", "/private/etc/passwd", ""),
        ("file-read-data", "/Users/somebody/.ssh/id_ed25519", ""),
        ("file-read-data", f"{LIBRARY}-other/secret", ""),
        ("file-write-data", f"{LIBRARY}/os.py", ""),
        ("file-write-create", "/private/tmp/other", ""),
        ("file-write-create", f"{SCRATCH}-other", ""),
        ("file-write-unlink", "/Users/somebody/thesis", ""),
        ("file-write-create", "/dev/null", ""),
        ("file-write-setugid", f"{SCRATCH}/x", ""),
        ("file-mknod", f"{SCRATCH}/x", ""),
        ("process-info-pidinfo", "", "others"),
        ("system-socket", "", ""),
        ("something-that-is-new", "", ""),
    ],
)
def test_the_profile_refuses(operation: str, path: str, target: str, text: str) -> None:
    assert not allowed(text, operation, path, target)


@pytest.mark.parametrize(
    ("operation", "path", "target"),
    [
        ("file-read-data", f"{LIBRARY}/os.py", ""),
        ("file-map-executable", f"{LIBRARY}/lib-dynload/math.so", ""),
        ("file-read-data", "/usr/lib/dyld", ""),
        ("file-read-data", f"{SCRATCH}/input", ""),
        ("file-write-create", f"{SCRATCH}/output", ""),
        ("file-write-unlink", f"{SCRATCH}/deep/output", ""),
        ("file-write-data", "/dev/null", ""),
        ("file-read-data", "/dev/urandom", ""),
        ("sysctl-read", "", ""),
        ("signal", "", "self"),
        ("process-info-pidinfo", "", "self"),
    ],
)
def test_the_profile_leaves_what_an_interpreter_needs(operation: str, path: str, target: str, text: str) -> None:
    assert allowed(text, operation, path, target)


def test_without_its_denials_the_profile_would_be_found_out() -> None:
    open_to_all = seatbelt.profile([LIBRARY], SCRATCH).replace("(deny ", "(allow ")
    assert allowed(open_to_all, "network-outbound")
    assert allowed(open_to_all, "process-fork")
    assert allowed(open_to_all, "file-read-data", "/private/etc/passwd")


def test_a_paths_own_quotes_do_not_end_it() -> None:
    odd = '/private/tmp/a") (allow network*) (subpath "\\'
    text = seatbelt.profile([odd], SCRATCH)
    assert not allowed(text, "network-outbound")
    assert allowed(text, "file-read-data", f"{odd}/file")
    assert text.count("\n") == seatbelt.profile([LIBRARY], SCRATCH).count("\n")


@pytest.mark.parametrize("path", ["", "/", "//", "relative", "/a/../b", "/a/", "/a\nb", "/a\x00b", "/a\x7f"])
def test_a_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"absolute|control"):
        seatbelt.profile([path], SCRATCH)
    with pytest.raises(ValueError, match=r"absolute|control"):
        seatbelt.profile([], path)


def test_memory_is_read_from_the_record() -> None:
    record = struct.pack("=16s10Q", b"identity", *range(100, 110))
    assert seatbelt.footprint(record) == 107
    assert seatbelt.footprint(b"") == 0
    assert seatbelt.over(7, 106, lambda process: record)
    assert not seatbelt.over(7, 107, lambda process: record)


def test_limits_that_macos_does_not_keep_are_refused() -> None:
    before = resource.getrlimit(resource.RLIMIT_CORE)
    for name in ("AS", "NPROC"):
        with pytest.raises(ValueError, match=name):
            seatbelt.limit({"CORE": 0, name: 1})
    assert resource.getrlimit(resource.RLIMIT_CORE) == before


def test_limits_are_set_in_the_process_that_asks() -> None:
    source = (
        "import resource, sys; from etude.sandbox.jail import seatbelt; seatbelt.limit({'NOFILE': 32, 'CORE': 0}); "
        "assert resource.getrlimit(resource.RLIMIT_NOFILE) == (32, 32)"
    )
    subprocess.run([sys.executable, "-c", source], env={"PYTHONPATH": os.pathsep.join(sys.path)}, check=True)


@pytest.mark.skipif(sys.platform == "darwin", reason="this is macOS")
def test_elsewhere_nobody_is_told_to_be_confined(text: str) -> None:
    with pytest.raises(OSError, match="libSystem"):
        seatbelt.confine(text)
    with pytest.raises(OSError, match="libSystem"):
        seatbelt.usage(os.getpid())


CONFINED = """
import os, resource, socket, sys
from etude.sandbox.jail import seatbelt
scratch = os.path.realpath(sys.argv[1])
seatbelt.confine(seatbelt.profile([os.path.realpath(sys.base_prefix)], scratch))
def refused(step):
    try:
        step()
    except OSError:
        return True
    return False
open(scratch + "/new", "w").write("x")
assert refused(lambda: socket.create_connection(("127.0.0.1", int(sys.argv[2])), 1))
assert refused(lambda: open("/etc/passwd").read())
assert refused(lambda: open(scratch + "-other", "w"))
assert refused(os.fork)
assert refused(lambda: os.execv("/bin/ls", ["ls"]))
assert refused(lambda: os.kill(os.getppid(), 0))
"""


@pytest.mark.skipif(sys.platform != "darwin", reason="only macOS has Seatbelt; nobody has run this test yet")
def test_on_macos_a_confined_process_can_do_none_of_it(tmp_path: os.PathLike[str]) -> None:
    environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = [sys.executable, "-c", CONFINED, os.fspath(tmp_path), str(listener.getsockname()[1])]
        subprocess.run(command, env=environment, check=True)


@pytest.mark.parametrize("require", LEVELS)
def test_only_macos_is_offered_seatbelt(require: Level) -> None:
    for platform in ("linux", "linux2", "win32", "freebsd14"):
        assert "seatbelt" not in offered(require, platform, root=False)
    assert offered(require, "darwin", root=True) == (("seatbelt",) if require == "any" else ())
    assert offered(require, "win32", root=True) == ()


def test_linux_is_offered_its_roads_the_strongest_first() -> None:
    assert offered("strong", "linux", root=True) == ("root", "user")
    assert offered("strong", "linux", root=False) == ("user",)
    assert offered("container", "linux", root=False) == ("user", "container")
    assert offered("any", "linux", root=True) == ("root", "user", "container", "weak")


def test_on_macos_the_error_says_what_is_missing() -> None:
    with pytest.raises(MissingError) as caught:
        open_worker("any", Flavour(), Memory(0), platform="darwin")
    for piece in ("seatbelt", "untested", "memfd_create", "pidfd_open", "clone", "SOCK_SEQPACKET", "/proc"):
        assert piece in caught.value.found
    assert "Linux" in (caught.value.fix or "")


@pytest.mark.parametrize("require", ["strong", "container"])
def test_on_macos_nothing_weaker_is_taken_in_silence(require: Level) -> None:
    with pytest.raises(MissingError, match=f"macOS has nothing .* {require}"):
        open_worker(require, Flavour(), Memory(0), platform="darwin")


def test_another_system_has_no_sandbox() -> None:
    with pytest.raises(MissingError, match="win32"):
        open_worker("any", Flavour(), Memory(0), platform="win32")
