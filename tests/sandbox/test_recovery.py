"""What happens when something of ours is killed, closed, crowded, or cannot be had."""
# ruff: noqa: E501  (programs and expressions read best on one line)

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import etude
from etude.errors import MissingError
from etude.records import Job, Limits, Run
from etude.sandbox import Flavour, Sandbox, control_group, worker

SLEEPER = "import time\ntime.sleep(0.5)\ndef f(): return 7\n"


def descendants(pid: int) -> set[int]:
    """Every process below one, by what the kernel says."""
    found: set[int] = set()
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found |= {child} | descendants(child)
    return found


def alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if _state(pid) not in ("", "Z")}


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def soon(condition: object, seconds: float = 2.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("depth", ["outer", "inner"])
def test_a_job_whose_zygote_is_killed_is_run_again(depth: str) -> None:
    before = descendants(os.getpid())
    with Sandbox() as sandbox:
        ours = sorted(descendants(os.getpid()) - before)
        runs: list[Run] = []
        thread = threading.Thread(target=lambda: runs.extend(sandbox.run([Job(source=SLEEPER, asks=("f()",))])))
        thread.start()
        time.sleep(0.25)
        os.kill(ours[0 if depth == "outer" else 1], signal.SIGKILL)
        thread.join()
        assert (runs[0].status, runs[0].answers[0].value) == ("ok", 7)
        assert sandbox.run([Job(source="x = 1", asks=("x",))])[0].answers[0].value == 1
    assert soon(lambda: not alive(set(ours)))


def test_killing_a_zygote_between_jobs_loses_nothing() -> None:
    before = descendants(os.getpid())
    with Sandbox(workers=2) as sandbox:
        for number in range(3):
            runs = sandbox.run([Job(source=f"x = {number}", asks=("x",))] * 4)
            assert [run.answers[0].value for run in runs] == [number] * 4
            for pid in descendants(os.getpid()) - before:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)


def test_a_worker_that_is_lost_twice_leaves_no_verdict() -> None:
    before = descendants(os.getpid())
    with Sandbox() as sandbox:
        stop = threading.Event()

        def reap() -> None:
            while not stop.wait(0.15):
                for pid in sorted(descendants(os.getpid()) - before):  # parents first: nobody is left to report
                    with contextlib.suppress(OSError):
                        os.kill(pid, signal.SIGKILL)

        thread = threading.Thread(target=reap)
        thread.start()
        [run] = sandbox.run([Job(source="import time\ntime.sleep(3)", limits=Limits(wall_seconds=5))])
        stop.set()
        thread.join()
        assert run.status == "unavailable"
        assert run.detail
        assert sandbox.run([Job(source="")])[0].status == "ok"


def test_closing_leaves_no_process() -> None:
    before = descendants(os.getpid())
    sandbox = Sandbox(workers=2)
    sandbox.run([Job(source="")] * 4)
    ours = descendants(os.getpid()) - before
    assert len(ours) >= 2
    sandbox.close()
    assert not alive(ours)


@pytest.mark.parametrize("step", ["import time\ntime.sleep(9)", "import itertools\nfor _ in itertools.count(): pass"])
def test_closing_ends_a_program_that_runs_and_those_that_wait(step: str) -> None:
    before = descendants(os.getpid())
    sandbox = Sandbox()
    runs: list[Run] = []

    def work() -> None:
        runs.extend(sandbox.run([Job(source=text) for text in (step, step, "x = 1")]))

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(0.2)
    ours = descendants(os.getpid()) - before
    start = time.monotonic()
    sandbox.close()
    thread.join(5)
    assert not thread.is_alive()
    assert time.monotonic() - start < 2
    assert [run.status for run in runs] == ["unavailable"] * 3
    assert not alive(ours)
    with pytest.raises(RuntimeError, match="closed"):
        sandbox.run([Job(source="")])


USER = """
import sys, time
from etude.records import Job, Limits
from etude.sandbox import Sandbox
sandbox = Sandbox(workers=1, require=sys.argv[1])
print("ready", flush=True)
sandbox.run([Job(source="import itertools\\nfor _ in itertools.count(): pass", limits=Limits(cpu_seconds=60, wall_seconds=60))])
"""


@contextlib.contextmanager
def user(require: str, prefix: tuple[str, ...] = ()) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([*prefix, sys.executable, "-c", USER, require], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_killing_the_user_s_process_ends_the_jail() -> None:
    with user("strong") as process:
        assert soon(lambda: len(descendants(process.pid)) >= 3)
        ours = descendants(process.pid)
        process.kill()
        process.wait()
        assert soon(lambda: not alive(ours)), alive(ours)


MIXED = [
    job
    for number in range(6)
    for job in (
        Job(source=f"def f(x): return x + {number}", asks=("f(1)", "f('a')")),
        Job(source=f"def f(x):\n    return sum(range(x)) % {number + 2}", asks=("f(100_000)",)),
        Job(source="def f(: pass"),
        Job(source=f"import sys\nprint({number})\nsys.exit({number})", stdin=""),
        Job(source="print(input())", stdin=f"{number}\n"),
        Job(source="import os\nos._exit(3)", asks=("f()",)),
        Job(source=f"def f(x): return [x] * {number}", checks=(f"assert f(1) == [1] * {number}",), names=("f",)),
        Job(source="def f(x): return x", checks=("assert f(1) == 2",), names=("f",)),
        Job(source="x = 'y' * (1 << 40)"),
        Job(source="import ctypes\nctypes.string_at(0)"),
    )
]


def seen(runs: list[Run]) -> list[object]:
    return [(run.status, run.answers, run.stdout, run.fault, run.checks, run.detail) for run in runs]


def test_what_is_seen_depends_on_neither_workers_nor_load() -> None:
    with Sandbox(workers=1) as one:
        alone = seen(one.run(MIXED))
    hogs = [subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"]) for _ in range(3)]
    try:
        with Sandbox(workers=4) as four:
            crowded = seen(four.run(MIXED))
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()
    assert len(MIXED) == 60
    assert crowded == alone
    assert {status for status, *_ in alone} == {"ok", "error", "memory", "killed"}  # type: ignore[misc]


def test_a_loop_under_load_is_still_a_timeout_and_honest_work_is_not() -> None:
    work = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\n"
    limits = Limits(cpu_seconds=0.6, wall_seconds=20)
    hogs = [subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"]) for _ in range(3)]
    try:
        with Sandbox(workers=2) as sandbox:
            runs = sandbox.run([Job(source=text, limits=limits) for text in (work, "while True: pass", work)])
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()
    assert [run.status for run in runs] == ["ok", "timeout", "ok"]


WEAK = """
import os, sys, time
from etude.errors import MissingError
from etude.records import Job, Limits
from etude.sandbox import Sandbox, doctor

try:
    Sandbox()
    print("strong was had")
except MissingError as error:
    print("refused", "fix:" in str(error))
with Sandbox(require="any") as sandbox:
    print(sandbox.isolation["level"])
    short = Limits(cpu_seconds=0.3, wall_seconds=0.6)
    runs = sandbox.run([
        Job(source="def f(x): return x + 1", asks=("f(1)",)),
        Job(source="while True: pass", limits=short),
        Job(source="import time\\ntime.sleep(9)", limits=short),
        Job(source="open('left', 'w').write('x')\\nimport os\\nos.makedirs('a/b/c')"),
        Job(source="import os\\nx = os.listdir('.')", asks=("x",)),
        Job(source="x = bytearray(4 << 30)"),
        Job(source="import os\\nos.kill(os.getppid(), 9)"),
        Job(source="import os\\nos.fork()"),
        Job(source="import socket\\nsocket.socket()"),
        Job(source="def f(x): return x", checks=("assert f(1) == 1",), names=("f",)),
    ])
    print(runs[0].answers[0].value, runs[1].status, runs[2].status, runs[4].answers[0].value, runs[5].status, runs[9].checks[0].passed)
    print(*[run.status for run in runs[6:9]])
card = doctor.examine_isolation()
print(card["level"], *sorted(name for name, found in card.items() if name != "level" and not found["stopped"]))
"""


@contextlib.contextmanager
def namespaces_refused() -> Iterator[tuple[str, ...]]:
    """A command prefix under which no user namespace can be made: a namespace of its own whose limit is none."""
    yield (
        "unshare",
        "--user",
        "--map-root-user",
        "sh",
        "-c",
        'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"',
        "sh",
    )


def test_without_namespaces_strong_is_refused_and_a_container_is_had() -> None:
    with namespaces_refused() as prefix:
        if subprocess.run([*prefix, "true"], capture_output=True).returncode:
            pytest.skip("this machine lets no one make the user namespace in which others are refused")
        done = subprocess.run([*prefix, sys.executable, "-c", WEAK], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == [
        "refused True",
        "container",
        "2 timeout timeout [] memory True",
        "forbidden forbidden forbidden",
        "container",
    ], done.stdout + done.stderr


def test_killing_the_user_s_process_ends_the_container_too() -> None:
    with namespaces_refused() as prefix:
        if subprocess.run([*prefix, "true"], capture_output=True).returncode:
            pytest.skip("this machine lets no one make the user namespace in which others are refused")
        with user("any", prefix) as process:
            assert soon(lambda: len(descendants(process.pid)) >= 2)
            ours = descendants(process.pid)
            process.kill()
            process.wait()
            assert soon(lambda: not alive(ours)), alive(ours)


PROBE = "import os, sys, etude.sandbox\nassert os.access(sys.executable, os.X_OK)"


def test_an_ordinary_user_has_the_strong_jail_too() -> None:
    if os.geteuid() != 0:
        pytest.skip("this test becomes an ordinary user, which only root can")
    code = (
        "from etude.records import Job\nfrom etude.sandbox import Sandbox\n"
        "with Sandbox() as sandbox:\n    run = sandbox.run([Job(source='import os\\nx = os.getuid()', asks=('x',))])[0]\n"
        "    print(sandbox.isolation['level'], run.status)\n"
    )
    command = ["setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups"]
    environment = {"PYTHONPATH": str(Path(etude.__file__).parent.parent), "HOME": "/tmp"}
    readable = [
        python
        for python in (os.path.realpath(sys.executable), "/usr/bin/python3.11", "/usr/bin/python3")
        if not subprocess.run([*command, python, "-c", PROBE], capture_output=True, env=environment).returncode
    ]
    if not readable:
        pytest.skip("no interpreter and sources that another user could read")
    done = subprocess.run([*command, readable[0], "-c", code], capture_output=True, text=True, env=environment)
    if "cannot be entered" in done.stderr:
        pytest.skip("this machine refuses user namespaces to ordinary users")
    assert done.stdout == "namespaces ok\n", done.stderr


def test_strong_isolation_that_cannot_be_had_is_an_error_with_a_remedy() -> None:
    with pytest.raises(MissingError) as caught:
        Sandbox(flavour=Flavour(interpreter="/bin/false"))
    assert "interpreter" in caught.value.found
    assert caught.value.fix


def test_the_weak_level_says_that_it_is_weak_and_still_keeps_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etude.sandbox.roads._roads", lambda require: ("weak",))
    loose = "import ctypes\nx = ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)"  # to outlive the zygote
    with Sandbox(require="any") as jail:
        assert (jail.isolation["level"], jail.isolation["filesystem"]) == ("weak", "none")
        jobs = [
            Job(source=text, limits=Limits(cpu_seconds=0.4)) for text in ("while True: pass", "import os\nos.fork()")
        ]
        assert [run.status for run in jail.run(jobs)] == ["timeout", "forbidden"]
        assert jail.run([Job(source=loose, asks=("x",))])[0].answers[0].value == -1


def test_every_property_says_what_holds_it() -> None:
    names = {"network", "filesystem", "processes", "signals", "memory", "user", "syscalls"}
    with Sandbox() as strong:
        assert names <= strong.isolation.keys()
        assert not [name for name in names if strong.isolation[name].startswith("none")]


def test_a_zygote_that_is_ready_before_anybody_listens_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine the thread that starts it may come back later than it takes to start."""
    monkeypatch.setattr(worker, "entered", lambda pid: time.sleep(1.0) or control_group.entered(pid))
    with Sandbox() as sandbox:
        [run] = sandbox.run([Job(source="x = 1", asks=("x",))])
    assert run.answers[0].value == 1
