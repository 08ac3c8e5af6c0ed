"""`etude serve judge` under many clients at once: is anything lost, does memory stay flat, and how long is a wait?

    python benchmarks/serving.py [--clients 64] [--seconds 60] [--batch 8] [--workers 2] [--queue 256] [--json FILE]

Server and clients share this machine. Every program is new to the server, right and wrong ones in turn, and the right
verdict is known. A wait is what a client sees: from asking to the verdicts, refusals and waiting for room included.
"""

import argparse
import itertools
import json
import os
import platform
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from etude.rewards.referee import Written
from etude.rewards.remote import RemoteReferee
from etude.sources.task_set import open_task_set

TASKS = "lab[train]"
PAGE = os.sysconf("SC_PAGE_SIZE")
FLAT = 1.05  # the last quarter's memory, at most so many times the second quarter's


@dataclass
class Seen:
    """What the clients saw, and the server's memory over time."""

    waits: list[float] = field(default_factory=list)
    asked: int = 0
    right: int = 0
    errors: list[str] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)


def main() -> int:
    """Prints the figures; exits with 1 where something was lost, wrong or not flat."""
    options = _options()
    seen = Seen()
    with _server(options) as (url, process):
        before = time.monotonic()
        _press(url, process, options, seen)
        seconds = time.monotonic() - before
        counted = _metrics(url)
    data = _figures(options, seen, counted, seconds)
    print("\n".join(f"{name}: {value}" for name, value in data.items()))
    if options.json:
        Path(options.json).write_text(json.dumps(data, indent=1))
    return int(bool(data["lost"] or data["wrong"] or data["errors"] or not data["flat"]))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--batch", type=int, default=8, help="programs in one request")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--queue", type=int, default=256, help="programs that the server takes on at once")
    parser.add_argument("--json", default="")
    return parser.parse_args()


@contextmanager
def _server(options: argparse.Namespace) -> Iterator[tuple[str, int]]:
    flags = ["--workers", str(options.workers), "--queue", str(options.queue), "--port", "0", "--json"]
    command = [sys.executable, "-m", "etude", "serve", "judge", "--tasks", TASKS, *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            yield json.loads(line)["url"], process.pid
        finally:
            process.terminate()


def _press(url: str, process: int, options: argparse.Namespace, seen: Seen) -> None:
    """All clients at once until the time is up, and a look at the server's memory every half second."""
    pool = [(task.task_id, task.reference) for task in open_task_set(TASKS) if task.reference]
    numbers, lock, over = itertools.count(), threading.Lock(), threading.Event()
    end = time.monotonic() + options.seconds

    def client(_: int) -> None:
        referee = RemoteReferee(url, batch=options.batch, at_once=1)
        while time.monotonic() < end:
            written, wanted = _batch(pool, numbers, options.batch)
            start = time.monotonic()
            try:
                found = [item.verdict.passed for item in referee.decide(written)]
            except Exception as error:  # a client that fails is a figure, too
                seen.errors.append(repr(error))
                return
            with lock:
                seen.waits.append(time.monotonic() - start)
                seen.asked += len(written)
                seen.right += sum(one is other for one, other in zip(found, wanted, strict=True))

    def watch() -> None:
        while not over.wait(0.5):
            seen.memory.append(_resident(process))

    watching = threading.Thread(target=watch)
    watching.start()
    with ThreadPoolExecutor(options.clients) as clients:
        list(clients.map(client, range(options.clients)))
    over.set()
    watching.join()


def _batch(pool: list[tuple[str, str]], numbers: "itertools.count[int]", size: int) -> tuple[list[Written], list[bool]]:
    """Programs that were never sent before, every second one wrong, and their verdicts."""
    written, wanted = [], []
    for number in itertools.islice(numbers, size):
        task_id, reference = pool[number % len(pool)]
        right = number % 2 == 0
        tail = "" if right else "\ndef f(xs):\n    return None\n"
        written.append(Written(task_id, f"{reference}{tail}\nnumber = {number}\n", whole=True))
        wanted.append(right)
    return written, wanted


def _resident(process: int) -> int:
    """Resident bytes of a process and all below it; shared pages count in each."""
    try:
        total = int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE
        tasks = [file.read_text() for file in Path(f"/proc/{process}/task").glob("*/children")]
    except OSError:
        return 0
    return total + sum(_resident(int(child)) for text in tasks for child in text.split())


def _metrics(url: str) -> dict[str, float]:
    with urllib.request.urlopen(f"{url}/metrics", timeout=60) as reply:
        lines = [line for line in reply.read().decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def _figures(options: argparse.Namespace, seen: Seen, counted: dict[str, float], seconds: float) -> dict[str, Any]:
    judged = sum(value for name, value in counted.items() if name.startswith("etude_judge_verdicts_total"))
    quarter = max(1, len(seen.memory) // 4)
    early, late = statistics.median(seen.memory[quarter : 2 * quarter]), statistics.median(seen.memory[-quarter:])
    steps = statistics.quantiles(seen.waits, n=100)
    return {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "load": [round(value, 1) for value in os.getloadavg()],
        "clients": options.clients,
        "batch": options.batch,
        "workers": options.workers,
        "queue": options.queue,
        "seconds": round(seconds, 1),
        "requests": len(seen.waits),
        "programs": seen.asked,
        "programs per second": round(seen.asked / seconds, 1),
        "refused for a time": int(counted.get('etude_judge_requests_total{code="429"}', 0)),
        "lost": int(seen.asked - judged),
        "wrong": seen.asked - seen.right,
        "errors": seen.errors[:5],
        "wait p50 s": round(steps[49], 2),
        "wait p95 s": round(steps[94], 2),
        "wait max s": round(max(seen.waits), 2),
        "memory MB, second and last quarter": [round(early / 1e6, 1), round(late / 1e6, 1)],
        "flat": late <= FLAT * early,
    }


if __name__ == "__main__":
    sys.exit(main())
