"""Runs the corpora in this process's own circumstances and prints one JSON line per program.

    python -m tests.sandbox.corpus.running --require LEVEL [--only hostile|honest] [--share 1/3]

`contained` is true where a hostile program did not reach its aim, nothing of it was seen on the host, and the honest
program after it on the same worker found everything in order; for an honest program, where it gave what is expected.
"""

import argparse
import json
import math
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from etude.judges.examine import Exam, examine
from etude.records import Job, Limits, Run
from etude.sandbox import Sandbox
from tests.judges import hostile as forging
from tests.sandbox.corpus import honest, hostile

SHORT = Limits(cpu_seconds=0.4, wall_seconds=1.5, memory_bytes=256 << 20)
LONG = Limits(cpu_seconds=5.0, wall_seconds=15.0, memory_bytes=512 << 20)
ABSTRACT = "etude-corpus"
AFTERWARDS = Job(
    source="import json, math, os, random, sys\nSECRET_OF_ANOTHER = 'x'\n"
    "def f(): return os.listdir('.'), os.environ.get('LEFT'), math.sqrt(4.0)",
    asks=("f()", "open('x', 'w').write('x')", "sys.stdin.read()", "json.dumps([random.random() == 0.5])"),
    limits=LONG,
)
IN_ORDER = [([], None, 2.0), 1, "", "[false]"]


class Host:
    """What of the host the programs must not reach."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "secret").write_text("secret")
        self.bait = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"])
        self.listeners = [socket.create_server(("127.0.0.1", 0)), self._unix(f"\0{ABSTRACT}-{os.getpid()}")]
        self.listeners.append(self._unix(str(folder / "socket")))
        for listener in self.listeners:
            listener.setblocking(False)
        self._before = self._look()

    def filled(self, source: str) -> str:
        """A program with the names of this host's baits in it."""
        port = str(self.listeners[0].getsockname()[1])
        for name, value in (("port", port), ("folder", str(self.folder)), ("bait", str(self.bait.pid))):
            source = source.replace("{" + name + "}", value)
        return source.replace("{abstract}", f"{ABSTRACT}-{os.getpid()}")

    def changes(self) -> list[str]:
        """What has happened to the host, in words."""
        found = [f"{name} changed" for name, seen in self._look().items() if seen != self._before[name]]
        if self.bait.poll() is not None:
            found.append("the bait process is gone")
        for listener in self.listeners:
            try:
                listener.accept()[0].close()
                found.append("a listener was reached")
            except BlockingIOError:
                pass
        return found

    def close(self) -> None:
        self.bait.kill()
        self.bait.wait()
        for listener in self.listeners:
            listener.close()

    def _unix(self, name: str) -> socket.socket:
        found = socket.socket(socket.AF_UNIX)
        found.bind(name)
        found.listen()
        return found

    def _look(self) -> dict[str, Any]:
        places = {str(self.folder), "/", "/usr/lib", "/dev/shm"}
        listed = {place: sorted(filter(_ours, os.listdir(place))) for place in places if os.path.isdir(place)}
        secret = self.folder / "secret"
        return {
            **listed,
            "the bait file": (secret.read_text(), secret.stat().st_mode, secret.stat().st_mtime)
            if secret.exists()
            else None,
            "a temporary file": os.path.exists("/tmp/etude-hostile"),
            "the bait's niceness": os.getpriority(os.PRIO_PROCESS, self.bait.pid),
            "the bait's processors": sorted(os.sched_getaffinity(self.bait.pid)),
            "segments": Path("/proc/sysvipc/shm").read_text().count("\n"),
            "the host's name": socket.gethostname(),
        }


def _ours(name: str) -> bool:
    """Not what other processes of this machine call their shared memory: they come and go."""
    return not name.startswith(("psm_", "sem.", "torch_"))


@contextmanager
def hosting() -> Iterator[Host]:
    """A host with baits."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        host = Host(Path(folder))
        try:
            yield host
        finally:
            host.close()


def run_hostile(sandbox: Sandbox, share: slice) -> Iterator[dict[str, Any]]:
    """One finding per hostile program of a share of them."""
    with hosting() as host:
        for item in hostile.CORPUS[share]:
            job = Job(source=host.filled(item.source), asks=("f()",), stdin=item.stdin, limits=SHORT)
            start = time.monotonic()
            run, after = sandbox.run([job, AFTERWARDS])
            said = run.answers[0].value if run.answers and not run.answers[0].fault else None
            why = host.changes()
            if said == "REACHED":
                why.append("it reached its aim")
            if run.status == "unavailable":
                why.append(f"unavailable: {run.detail}")
            if [answer.value for answer in after.answers] != IN_ORDER or after.stdout or after.status != "ok":
                why.append(f"the next program found {after.status} {after.answers} {after.stdout[:100]!r}")
            if time.monotonic() - start > 12:
                why.append("it took too long")
            yield finding(item.kind, item.name, run, why)
    yield from run_forging(sandbox, share)


def run_forging(sandbox: Sandbox, share: slice) -> Iterator[dict[str, Any]]:
    """One finding per program that wants a pass it has not earned, for each kind of test."""
    for name, program in list((forging.QUICK | forging.SLOW).items())[share]:
        for kind in ("calls", "whole"):  # all kinds are tried in the tests of the judges
            tests = forging.KINDS[kind]
            wrong = Exam(program, tests, "add", SHORT)
            right = Exam(forging.HONEST, tests, "add", LONG)
            bad, good = examine([wrong, right], sandbox)
            why = ["a forged pass"] if bad.status == "ok" else []
            why += [f"the honest one after it: {good.status} {good.detail}"] if good.status != "ok" else []
            yield {
                "kind": "forging",
                "name": f"{name} ({kind})",
                "status": bad.status,
                "contained": not why,
                "why": why,
            }


def run_honest(sandbox: Sandbox, share: slice) -> Iterator[dict[str, Any]]:
    """One finding per honest program of a share of them."""
    for item in honest.CORPUS[share]:
        job = Job(source=item.source, asks=tuple(ask for ask, _ in item.asks), stdin=item.stdin, limits=LONG)
        [run] = sandbox.run([job])
        why = [] if run.status == "ok" else [f"{run.status} {run.detail} {run.fault} {run.stderr[-300:]}"]
        for (ask, expected), answer in zip(item.asks, run.answers, strict=False):
            if not same(answer.value, expected):
                why.append(f"{ask} gave {answer}")
        if item.stdin is not None and run.stdout != item.stdout:
            why.append(f"it printed {run.stdout[:200]!r}")
        yield finding("honest", item.name, run, why)


def same(actual: Any, expected: Any) -> bool:
    """Equal in value and in type."""
    if isinstance(expected, float) and math.isnan(expected):
        return isinstance(actual, float) and math.isnan(actual)
    return type(actual) is type(expected) and bool(actual == expected)


def finding(kind: str, name: str, run: Run, why: list[str]) -> dict[str, Any]:
    """A line of the report."""
    return {"kind": kind, "name": name, "status": run.status, "detail": run.detail, "contained": not why, "why": why}


def main() -> None:
    """Prints every finding, then what held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--require", default="strong")
    parser.add_argument("--only", default="")
    parser.add_argument("--share", default="1/1", help="2/3: every third program, from the second on")
    options = parser.parse_args()
    first, step = map(int, options.share.split("/"))
    with Sandbox(workers=1, require=options.require) as sandbox:
        for name, work in (("hostile", run_hostile), ("honest", run_honest)):
            if options.only in ("", name):
                for line in work(sandbox, slice(first - 1, None, step)):
                    print(json.dumps(line), flush=True)
        print(json.dumps({"isolation": dict(sandbox.isolation)}))


if __name__ == "__main__":
    main()
