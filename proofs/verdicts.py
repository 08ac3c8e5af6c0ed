"""The same verdict everywhere: 2,000 mixed programs by 1, 2 and 8 workers, and beside a processor hog, several times.

    python proofs/verdicts.py --out runs/proof-verdicts [--programs 2000] [--runs 5] [--seed 0]

Every run must see the same of every program: status, answers, output, faults, what it died of. Then the judges give
their verdicts on references of the lab, mutants of them and programs that run long, with limits that each setting
calibrates from the references anew: these must be equal too. Exits with 1 and names the differences where they are not.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from etude.agreement import compare
from etude.records import Job, Limits, Run, encode
from etude.sandbox import Sandbox
from etude.sources.task_set import open_task_set

LIMITS = Limits(cpu_seconds=1.0, wall_seconds=4.0, memory_bytes=256 << 20)
SETTINGS = (("1 worker", 1, 0), ("2 workers", 2, 0), ("8 workers", 8, 0), ("2 workers beside hogs", 2, 4))
SHARES = (("pass", 40), ("wrong", 28), ("exception", 20), ("syntax", 5), ("loop", 3), ("odd", 4))


def main() -> int:
    """Runs every setting and compares each run with the first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/proof-verdicts"))
    parser.add_argument("--programs", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tasks", default="lab[validation]", help="whose references are judged")
    options = parser.parse_args()
    jobs = mixed(options.programs, options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    first: list[object] = []
    differences: list[dict[str, object]] = []
    for number in range(options.runs):
        for name, workers, hogs in SETTINGS:
            start = time.monotonic()
            with hogging(hogs), Sandbox(workers=workers) as sandbox:
                runs, again = sandbox.run(jobs), sandbox.reruns.alone
            found = [seen(run) for run in runs]
            first = first or found
            wrong = [place for place, (one, other) in enumerate(zip(first, found, strict=True)) if one != other]
            differences += [
                {"run": number, "setting": name, "place": place, "seen": repr(found[place])} for place in wrong
            ]
            mix = dict(Counter(run.status for run in runs))
            print(
                f"run {number + 1}/{options.runs}, {name}: {len(jobs)} programs in {time.monotonic() - start:.0f} s, "
                f"{len(wrong)} differences, run again alone {again}, {mix}",
                flush=True,
            )
    judged = compare(open_task_set(options.tasks), [workers for _, workers, hogs in SETTINGS if not hogs])
    print(judged.text(), flush=True)
    report = {"programs": len(jobs), "runs": options.runs, "settings": [name for name, *_ in SETTINGS]}
    report |= {"differences": differences, "judged": encode(judged)}
    (options.out / "verdicts.json").write_text(json.dumps(report, indent=1))
    print(f"{len(differences)} differences over {options.runs} runs of {len(SETTINGS)} settings")
    return int(bool(differences or judged.differences))


def seen(run: Run) -> object:
    """All that a verdict can depend on."""
    return run.status, run.detail, repr(run.answers), run.fault, run.stdout, run.checks


def mixed(count: int, seed: int) -> list[Job]:
    """Programs of every kind in a shuffled order; equal seeds give equal programs."""
    chance = random.Random(seed)
    kinds = [kind for kind, share in SHARES for _ in range(share)]
    jobs = [program(kinds[number % len(kinds)], number, chance) for number in range(count)]
    chance.shuffle(jobs)
    return jobs


def program(kind: str, number: int, chance: random.Random) -> Job:
    """One program of a kind."""
    k = chance.randrange(2, 9)
    right = f"def f(n):\n    total = {number}\n    for i in range(n):\n        total += i % {k}\n    return total\n"
    sources = {
        "pass": [right, f"def f(n):\n    return sorted({{str(i % {k}) for i in range(n)}})\n"],
        "wrong": [right.replace("+=", "-="), f"def f(n):\n    return [n] * {k}\n"],
        "exception": [
            f"def f(n):\n    return [n][{k}]\n",
            f"def f(n):\n    return n / ({k} - {k})\n",
            f"import nothing_{number}\n",
            "def f(n):\n    return f(n + 1)\n",
        ],
        "syntax": [f"def f(n:\n    return {number}\n", f"def f(n):\nreturn {number}\n"],
        "loop": [
            f"def f(n):\n    while n != {number}.5: n += {k}\n",
            "def f(n):\n    while True: pass\n",
            f"def f(n):\n    return sum(range(10 ** 13 + {number}))\n",
        ],
        "odd": [
            f"import os\ndef f(n): os._exit({number % 3})\n",
            f"def f(n): return 'x' * (1 << 40) + '{number}'\n",
            f"import ctypes\ndef f(n): return ctypes.string_at({number % 2})\n",
            f"import socket\ndef f(n): return socket.socket().fileno() + {number}\n",
            f"import time\ndef f(n):\n    time.sleep(0.02)\n    return {number}\n",
            f"import threading\ndef f(n):\n    t = threading.Thread(target=print, args=({number},))\n"
            f"    t.start()\n    t.join()\n    return {number}\n",
        ],
    }
    source = chance.choice(sources[kind])
    if chance.random() < 0.1 and kind in ("pass", "wrong"):
        return Job(source=source, checks=(f"assert f(3) != {number}",), names=("f",), limits=LIMITS)
    return Job(source=source, asks=(f"f({chance.randrange(50, 3000)})", "f('a')"), limits=LIMITS)


@contextmanager
def hogging(count: int) -> Iterator[None]:
    """Busy processes beside whatever runs."""
    command = [sys.executable, "-S", "-c", "while True: pass"]
    hogs = [subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"}) for _ in range(count)]
    try:
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()


if __name__ == "__main__":
    sys.exit(main())
