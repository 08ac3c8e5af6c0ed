"""What the isolation on this machine really stops: for every property a canary program tries the forbidden thing.

Found by doing, not by reading version numbers. The canaries only ever touch what the doctor itself put there: a
listener, a folder, a process of its own.
"""

import contextlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etude.records import Job, Level, Limits, Run
from etude.sandbox.pool import Sandbox

LIMITS = Limits(cpu_seconds=1.0, wall_seconds=3.0)
BATCH = 20
STEPS = 1_000_000
USUAL_SECONDS = 0.055  # that many steps where the default limits were chosen
TRIED = """
def tried(*steps):
    done = []
    for step in steps:
        try:
            done.append(step() is not False)
        except BaseException:
            done.append(False)
    return any(done)
"""


@dataclass(frozen=True, slots=True)
class Bait:
    """What lies outside the jail for the canaries: a folder with a file, a listener's port, a process."""

    folder: Path
    listener: socket.socket
    process: subprocess.Popen[bytes]

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])


def examine_isolation(require: Level = "any") -> dict[str, Any]:
    """The isolation that can be had here, property by property.

    Returns:
        `level` -> its name; every other key -> `mechanism` (what holds it, or "none"), `tried` (what the canary did)
        and `stopped` (whether it was kept from it).

    Raises:
        MissingError: Not even the weak level can be had.
    """
    with Sandbox(workers=1, require=require) as sandbox, _bait() as bait:
        card: dict[str, Any] = {"level": sandbox.isolation["level"]}
        for name, (tried, canary) in CANARIES.items():
            mechanism = sandbox.isolation.get(name) or MECHANISMS.get(name, "")
            card[name] = {"mechanism": mechanism, "tried": tried, "stopped": canary(sandbox, bait)}
    return card


def programs_per_second(seconds: float) -> float:
    """How many trivial programs with two calls each one worker runs in a second.

    Args:
        seconds: How long to measure, at least one batch.
    """
    with Sandbox(workers=1, require="any") as sandbox:
        job = Job(source="def f(x):\n    return x + 1\n", asks=("f(1)", "f(2)"))
        sandbox.run([job] * BATCH)  # the first ones pay for what all share
        count, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds or not count:
            sandbox.run([job] * BATCH)
            count += BATCH
        return count / (time.perf_counter() - start)


def calibrate() -> dict[str, float]:
    """What a second of processor time is worth here, and the limit that is worth as much as the default elsewhere.

    Returns:
        `steps_per_second`: turns of a small loop; `cpu_seconds`: the default limit, scaled to this machine.
    """
    source = f"def f():\n    total = 0\n    for i in range({STEPS}):\n        total += i % 7\n    return total\n"
    with Sandbox(workers=1, require="any") as sandbox:
        runs = sandbox.run([Job(source=source, asks=("f()",))] * 5)
    seconds = statistics.median(run.cpu_seconds for run in runs)
    usual = Limits().cpu_seconds
    return {"steps_per_second": round(STEPS / seconds), "cpu_seconds": round(usual * seconds / USUAL_SECONDS, 1)}


@contextlib.contextmanager
def _bait() -> Iterator[Bait]:
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as listener:
        (Path(folder) / "secret").write_text("secret")
        listener.setblocking(False)
        process = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"])
        try:
            yield Bait(Path(folder), listener, process)
        finally:
            process.kill()
            process.wait()


def _run(sandbox: Sandbox, source: str, ask: str = "f()", limits: Limits = LIMITS) -> Run:
    return sandbox.run([Job(source=TRIED + source, asks=(ask,), limits=limits)])[0]


def _refused(run: Run) -> bool:
    """Whether the program itself saw that nothing it tried was possible."""
    return not run.answers or run.answers[0].value is not True


def _network(sandbox: Sandbox, bait: Bait) -> bool:
    step = f"socket.create_connection(('127.0.0.1', {bait.port}), 1)"
    run = _run(sandbox, f"import socket\ndef f(): return tried(lambda: {step})")
    try:
        bait.listener.accept()[0].close()
    except BlockingIOError:
        return _refused(run)
    return False


def _filesystem(sandbox: Sandbox, bait: Bait) -> bool:
    places = [str(bait.folder / "new"), f"/usr/{bait.folder.name}"]
    source = (
        "import os\ndef f(): return tried(lambda: open('/etc/passwd').read(), "
        f"lambda: os.listdir({str(Path.home())!r}) != [] and {not _lent(Path.home())}, "
        f"lambda: open({str(bait.folder / 'secret')!r}).read(), *[lambda p=p: open(p, 'w') for p in {places!r}])"
    )
    refused = _refused(_run(sandbox, source))
    written = [Path(place) for place in places if Path(place).exists()]
    for path in written:
        path.unlink()
    return refused and not written


def _lent(folder: Path) -> bool:
    """Whether the interpreter itself lies in a folder, so that its way there must exist inside the jail."""
    return Path(sys.base_prefix).resolve().is_relative_to(folder)


def _processes(sandbox: Sandbox, bait: Bait) -> bool:
    marker = bait.folder / "alive"
    child = f"(os.setsid(), time.sleep(0.3), open({str(marker)!r}, 'w')) if os.fork() == 0 else True"
    run = _run(sandbox, f"import os, time\ndef f(): return tried(lambda: {child})")
    if _refused(run):
        return True
    time.sleep(0.8)
    return sandbox.isolation["level"] != "weak" and not marker.exists()


def _signals(sandbox: Sandbox, bait: Bait) -> bool:
    _run(sandbox, f"import os\ndef f(): return tried(lambda: os.kill({bait.process.pid}, 9))")
    time.sleep(0.05)
    return bait.process.poll() is None


def _memory(sandbox: Sandbox, bait: Bait) -> bool:
    return _refused(_run(sandbox, "def f(): return tried(lambda: bytearray(10 << 30))"))


def _syscalls(sandbox: Sandbox, bait: Bait) -> bool:
    run = _run(sandbox, "import os\ndef f(): os.execv('/bin/sh', ['sh', '-c', 'echo executed'])")
    return "executed" not in run.stdout


def _user(sandbox: Sandbox, bait: Bait) -> bool:
    source = "import ctypes\ndef f(): return tried(lambda: ctypes.CDLL(None).unshare(0x10000000) == 0)"
    return _refused(_run(sandbox, source))


def _time(sandbox: Sandbox, bait: Bait) -> bool:
    limits = Limits(cpu_seconds=0.2, wall_seconds=0.6)
    runs = [
        _run(sandbox, f"import time\ndef f():\n    while True: {step}", limits=limits)
        for step in ("pass", "time.sleep(9)")
    ]
    return all(run.status == "timeout" for run in runs)


def _output(sandbox: Sandbox, bait: Bait) -> bool:
    run = _run(sandbox, "def f():\n    for _ in range(1000): print('x' * (1 << 20))")
    return len(run.stdout) <= LIMITS.output_bytes and run.answers[:1] != () and run.answers[0].fault is not None


MECHANISMS = {
    "time": "CPU clock of the process, killed from outside",
    "output": "RLIMIT_FSIZE",
}
CANARIES: dict[str, tuple[str, Callable[[Sandbox, Bait], bool]]] = {
    "network": ("connect to a listener on this machine", _network),
    "filesystem": ("read /etc/passwd, the home folder and a temporary file; write there and in /usr", _filesystem),
    "processes": ("leave a process behind", _processes),
    "signals": ("kill a process of this user", _signals),
    "memory": ("allocate 10 GB", _memory),
    "syscalls": ("execute /bin/sh", _syscalls),
    "user": ("become root of a new user namespace", _user),
    "time": ("loop, and sleep, for ever", _time),
    "output": ("print 1 GB", _output),
}
