"""Programs that reach out of their process: nothing outside changes, and the next program finds nothing of them."""
# ruff: noqa: E501  (programs and expressions read best on one line)

import os
import socket
import time
from pathlib import Path

import pytest

from etude.records import Job, Limits, Run
from etude.sandbox import Sandbox

SHORT = Limits(cpu_seconds=0.5, wall_seconds=3.0, memory_bytes=256 << 20)


def run(jail: Sandbox, source: str, *asks: str, limits: Limits = SHORT) -> Run:
    """The run of a program; the next one on the same worker must find everything in order."""
    [found, honest] = jail.run(
        [
            Job(source=source, asks=asks, limits=limits),
            Job(
                source="import os\ndef f(): return os.listdir('.')",
                asks=("f()", "os.getcwd()", "open('x', 'w').write('x')"),
            ),
        ]
    )
    assert honest.status == "ok"
    assert [answer.value for answer in honest.answers] == [[], "/scratch", 1]
    return found


def raised(jail: Sandbox, statement: str) -> str:
    """The class of the error that a statement raises in the jail, or "" where it raises none."""
    lines = "\n    ".join(statement.split("\n"))
    found = run(jail, f"import os, sys, socket, ctypes\ndef f():\n    {lines}\n", "f()")
    return (
        found.answers[0].fault.type
        if found.answers and found.answers[0].fault
        else ""
        if found.status == "ok"
        else found.status
    )


def test_a_listener_of_this_machine_hears_nothing(jail: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.3)
        port = listener.getsockname()[1]
        assert raised(jail, f"socket.create_connection(('127.0.0.1', {port}), 1)") == "PermissionError"
        raw = f"s = ctypes.CDLL(None).socket(2, 1, 0)\nraise OSError if s < 0 else SystemExit(s, {port})"
        assert raised(jail, raw) == "OSError"
        with pytest.raises(TimeoutError):
            listener.accept()


def test_files_outside_are_neither_read_nor_written(jail: Sandbox, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    secret.chmod(0o777)
    tmp_path.chmod(0o777)
    for path in (
        str(secret),
        "/etc/passwd",
        "/proc/self/mem",
        "/proc/1/environ",
        "/sys/kernel",
        "/dev/mem",
        "/dev/vda",
        "/root/.bashrc",
    ):
        assert raised(jail, f"open({path!r})") in ("FileNotFoundError", "PermissionError"), path
    for path in (f"{tmp_path}/new", "/usr/new", "/new", "/etc/new", "/dev/new", "/scratch/../new"):
        assert raised(jail, f"open({path!r}, 'w')") in ("FileNotFoundError", "OSError", "PermissionError"), path
        assert not Path(path).exists()
    assert raised(jail, f"os.listdir({str(tmp_path)!r})") == "FileNotFoundError"
    assert secret.read_text() == "secret"


def test_no_descriptor_of_ours_is_open_in_the_jail(jail: Sandbox) -> None:
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(100)]  # a worker that starts now gets high numbers
    source = (
        "import os\ndef f():\n    found = []\n    for fd in range(4096):\n        try: os.fstat(fd); found.append(fd)\n"
        "        except OSError: pass\n    return found\n"
    )
    try:
        with Sandbox() as fresh:
            for one in (jail, fresh):
                assert run(one, source, "f()").answers[0].value == [0, 1, 2, 3]
    finally:
        for fd in held:
            os.close(fd)


def test_the_program_sees_no_other_process_and_no_secret_of_the_environment(
    jail: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_TOKEN", "secret")
    with Sandbox() as fresh:
        found = run(fresh, "import os, sys\nx = [os.getpid(), os.getppid(), dict(os.environ).get('SOME_TOKEN')]", "x")
    assert found.answers[0].value == [1, 0, None]


@pytest.mark.parametrize("pid", ["os.getppid()", "0", "-1", "1", "PARENT", "2"])
def test_signals_reach_no_one_outside(pid: str, jail: Sandbox) -> None:
    number = pid.replace("PARENT", str(os.getpid()))
    assert raised(jail, f"os.kill({number}, 9)") in ("ProcessLookupError", "PermissionError", "", "error", "killed")


@pytest.mark.parametrize(
    "step",
    [
        "os.forkpty()", "os.posix_spawn('/bin/true', ['true'], {})", "__import__('subprocess').run(['/bin/true'])",
        "os.execv('/bin/sh', ['sh', '-c', 'true'])", "os.system('true') and 1/0", "__import__('pty').spawn('/bin/sh')",
    ],
)  # fmt: skip
def test_no_other_program_can_be_started(step: str, jail: Sandbox) -> None:
    assert raised(jail, step) != ""


@pytest.mark.parametrize("flags", ["0x20000011", "0x30000011", "0x10000011"])
def test_the_raw_call_makes_no_namespace(flags: str, jail: Sandbox) -> None:
    number = {"x86_64": 56, "aarch64": 220}[os.uname().machine]
    code = f"r = ctypes.CDLL(None, use_errno=True).syscall({number}, {flags}, 0, 0, 0, 0)\nraise OSError if r < 0 else SystemExit"
    assert raised(jail, code) == "OSError"


@pytest.mark.parametrize(
    "call", ["unshare(0x10000000)", "unshare(0x20000)", "ptrace(0, 0, 0, 0)", "mount(b'none', b'/scratch', b'tmpfs', 0, 0)",
             "chroot(b'/scratch')", "umount2(b'/scratch', 2)", "personality(0x0400000)", "sethostname(b'x', 1)", "mlockall(3)",
             "shmget(1, 4096, 0o1666)", "syscall(425, 1, 0)", "syscall(321, 0, 0, 0)", "setuid(12345)"],
)  # fmt: skip
def test_the_kernel_refuses(call: str, jail: Sandbox) -> None:
    assert raised(jail, f"raise OSError if ctypes.CDLL(None).{call} < 0 else SystemExit") == "OSError"


def test_memory_is_bounded_and_a_program_may_catch_it(jail: Sandbox) -> None:
    assert raised(jail, "bytearray(10 << 30)") == "MemoryError"
    assert raised(jail, "__import__('mmap').mmap(-1, 10 << 30)") in ("OSError", "MemoryError")
    patient = Limits(cpu_seconds=20.0, wall_seconds=60.0, memory_bytes=256 << 20)  # touching memory is slow under load
    found = run(jail, "x = []\nwhile True: x.append('x' * (1 << 22))", limits=patient)
    assert (found.status, found.peak_bytes < 512 << 20) == ("memory", True)


FORKS = {
    "os.fork": "os.fork()",
    "os.forkpty": "os.forkpty()",
    "the C library's fork": "raw(ctypes.CDLL(None).fork())",
    "the C library's vfork": "raw(ctypes.CDLL(None).vfork())",
    "clone": "raw(ctypes.CDLL(None).syscall({clone}, 17, 0, 0, 0, 0))",
    "clone without a signal": "raw(ctypes.CDLL(None).syscall({clone}, 0, 0, 0, 0, 0))",
    "clone that shares memory": "raw(ctypes.CDLL(None).syscall({clone}, 0x111, 0, 0, 0, 0))",
    "clone into a process namespace": "raw(ctypes.CDLL(None).syscall({clone}, 0x20000011, 0, 0, 0, 0))",
    "clone3": "raw(ctypes.CDLL(None).syscall(435, (ctypes.c_uint64 * 8)(0, 0, 0, 0, 17), 64))",
    "multiprocessing": "__import__('multiprocessing').get_context('fork').Process(target=print).start()",
}


@pytest.mark.parametrize("way", FORKS)
def test_a_program_has_one_process_so_that_no_limit_is_multiplied(way: str, jail: Sandbox) -> None:
    step = FORKS[way].format(clone={"x86_64": 56, "aarch64": 220}[os.uname().machine])
    source = f"""
import ctypes, os
def raw(result):
    if result < 0: raise OSError
    if result == 0:
        open('born', 'w').close()
        os._exit(0)
    return result
def f():
    try: made = {step}
    except OSError: made = 0
    import time
    time.sleep(0.02)
    return [made, os.path.exists('born')]
"""
    assert run(jail, source, "f()").answers[0].value == [0, False]


def test_a_fork_bomb_and_a_daemon_are_forbidden(jail: Sandbox) -> None:
    assert run(jail, "import os\nwhile True: os.fork()").status == "forbidden"
    assert run(jail, "import os\nif os.fork() == 0: os.setsid()").status == "forbidden"


def test_threads_stay_allowed_and_share_the_limits(jail: Sandbox) -> None:
    source = (
        "import threading\ndef f():\n    out = []\n    all = [threading.Thread(target=out.append, args=(1,)) for _ in range(20)]\n"
        "    for one in all: one.start()\n    for one in all: one.join()\n    return len(out)\n"
    )
    assert run(jail, source, "f()").answers[0].value == 20


def test_raising_a_limit_is_refused(jail: Sandbox) -> None:
    code = "import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))"
    assert raised(jail, code) in ("ValueError", "PermissionError")


def test_the_scratch_folder_is_small(jail: Sandbox) -> None:
    filler = "n = 0\nwhile True:\n    open(f'f{n}', 'wb').write(bytes(1 << 20))\n    n += 1"
    found = run(jail, filler)
    assert found.fault is not None
    assert found.fault.type == "OSError"
    assert run(jail, "n = 0\nwhile True:\n    open(f'f{n}', 'w').close()\n    n += 1").fault is not None


@pytest.mark.parametrize(
    "mess",
    [
        "open('left', 'w').write('x')",
        "os.makedirs('a/b/c'); open('a/b/c/d', 'w'); os.chmod('a', 0)",
        "os.symlink('/usr', 'usr'); os.symlink('nowhere', 'x'); os.mkfifo('pipe') if False else None",
        "os.chmod('.', 0)",
        "open('a' * 255, 'w'); open('new\\nline', 'w'); open(b'\\xff\\xfe', 'w')",
        "[(os.mkdir('d'), os.chdir('d')) for _ in range(900)]",
        "[os.mkdir(str(n)) for n in range(900)]",
        "[(os.mkdir('d' * 200), os.chdir('d' * 200)) for _ in range(300)]; os.chmod('/scratch/' + 'd' * 200, 0)",
        "os.unlink('/dev/null')",
    ],
)
def test_nothing_is_left_for_the_next_program(mess: str, jail: Sandbox) -> None:
    run(jail, f"import os\ntry:\n    {mess}\nexcept OSError: pass\n")  # `run` looks into the folder


def test_neither_input_nor_output_nor_names_are_left_for_the_next_program(jail: Sandbox) -> None:
    first = "import builtins, sys, os\nbuiltins.leak = sys.leak = 1\nsys.modules['leak'] = sys\nos.environ['LEAK'] = '1'\nprint('leak')"
    run(jail, first)
    second = "import builtins, sys, os\nx = [hasattr(builtins, 'leak'), 'leak' in sys.modules, 'LEAK' in os.environ, sys.stdin.read()]"
    found = run(jail, second, "x", "os.fstat(1).st_size")
    assert [answer.value for answer in found.answers] == [[False, False, False, ""], 0]


def test_a_time_limit_holds_whatever_the_program_does(jail: Sandbox) -> None:
    for source, status in (
        ("while True: pass", "timeout"),
        ("import time\ntime.sleep(99)", "timeout"),
        (
            "import threading\nfor _ in range(4): threading.Thread(target=lambda: [0 for _ in iter(int, 1)]).start()\nwhile True: pass",
            "timeout",
        ),
        ("import os\nos.closerange(0, 64)\nwhile True: pass", "error"),
        ("import os\nos.ftruncate(3, 0)\nwhile True: os.lseek(3, 1 << 40, 0)", "timeout"),
        ("class A:\n    def __del__(self):\n        while True: pass\na = A()\ndel a", "timeout"),
    ):
        start = time.monotonic()
        assert run(jail, source, "1").status in (status, "timeout"), source
        assert time.monotonic() - start < SHORT.wall_seconds + 6
