"""What the sandbox really stops, found out by trying: one hostile canary per property, and its speed.

A canary that gets through is reported as such; nothing here repairs or hides it.
"""

import socket
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from etude.records import Job, Json, Limits, Run
from etude.sandbox.pool import Sandbox

SHORT = Limits(cpu_seconds=0.5, wall_seconds=2.0, memory_bytes=256 << 20)
TRIVIAL = Job(source="def f(x):\n    return x + 1\n", asks=("f(1)",))
BATCH = 100
FORKER = """
import os, time
if os.fork() == 0:
    time.sleep(1.5)
    open({path!r}, "w").close()
"""
CONNECTOR = "import socket\nsocket.create_connection(('127.0.0.1', {port}), 1).sendall(b'canary')\n"


@dataclass(frozen=True, slots=True)
class Canary:
    """A property, the program that attacks it, and whether its run shows that the attack failed."""

    name: str
    job: Job
    held: Callable[[Run], bool]


def examine_isolation() -> dict[str, Json]:
    """The isolation that can be had here: mechanism per property, and what the canaries found.

    Returns:
        The properties of `Sandbox.isolation`, and `canaries`: property -> `held` or what got through.
    """
    with Sandbox(require="any") as sandbox:
        return {**sandbox.isolation, "canaries": {**_programs(sandbox), **_network(sandbox), **_survivor(sandbox)}}


def programs_per_second(seconds: float = 2.0) -> float:
    """Trivial programs per second of wall time through one worker.

    Args:
        seconds: How long to measure, at least one batch of 100 programs.
    """
    with Sandbox(require="any") as sandbox:
        start, count = time.monotonic(), 0
        while not count or time.monotonic() - start < seconds:
            sandbox.run([TRIVIAL] * BATCH)
            count += BATCH
        return round(count / (time.monotonic() - start), 1)


def _programs(sandbox: Sandbox) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        secret, target = Path(folder) / "secret", Path(folder) / "written"
        secret.write_text("canary")
        canaries = [
            Canary("read host", _ask(f"open({str(secret)!r}).read()"), _failed),
            Canary("read /etc/passwd", _ask("open('/etc/passwd').read()"), _failed),
            Canary("write host", _ask(f"open({str(target)!r}, 'w').write('x')"), lambda run: not target.exists()),
            Canary("memory", _ask("len(bytearray(1 << 30))"), _failed),
            Canary("cpu", Job(source="while True: pass", limits=SHORT), lambda run: run.status == "timeout"),
            Canary(
                "wall", Job(source="import time; time.sleep(60)", limits=SHORT), lambda run: run.status == "timeout"
            ),
            Canary("forged exit", Job(source="import os; os._exit(0)", asks=("1",)), lambda run: not run.answers),
        ]
        runs = sandbox.run([canary.job for canary in canaries])
        return {canary.name: _word(canary.held(run)) for canary, run in zip(canaries, runs, strict=True)}


def _ask(expression: str) -> Job:
    return Job(source="pass", asks=(expression,), limits=SHORT)


def _failed(run: Run) -> bool:
    return run.status != "unavailable" and not any(item.fault is None and not item.opaque for item in run.answers)


def _word(held: bool) -> str:
    return "held" if held else "GOT THROUGH"


def _network(sandbox: Sandbox) -> dict[str, str]:
    """Listens on the loopback device and has a program connect to it."""
    arrived = False
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.5)
        sandbox.run([Job(source=CONNECTOR.format(port=listener.getsockname()[1]), limits=SHORT)])
        try:
            listener.accept()[0].close()
            arrived = True
        except TimeoutError:
            arrived = False
    return {"network": _word(not arrived)}


def _survivor(sandbox: Sandbox) -> dict[str, str]:
    """Leaves a grandchild behind that would write a file into the scratch folder, and looks for it afterwards."""
    sandbox.run([Job(source=FORKER.format(path="left-behind"), limits=SHORT)])
    time.sleep(1.7)
    [run] = sandbox.run([Job(source="import os", asks=("os.listdir('.')",))])
    return {"survivors": _word(bool(run.answers) and run.answers[0].value == [])}
