"""Programs per second and CPU per program: the sandbox beside a fresh `python -I` per program, in one run.

    python benchmarks/judging.py [--programs 300] [--rounds 5]

Timings are noisy: read the ratio, the median over interleaved rounds.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from etude.judges.examine import Exam, examine
from etude.records import Call, Tests
from etude.sandbox import Sandbox

PROGRAM = """
def f(xs, k):
    kept = [x for x in xs if x % k]
    return sorted(kept, reverse=True)
"""
TESTS = Tests(calls=tuple(Call(args=([1, 2, 3, 4, 5, 6, n], 2), expected=None) for n in range(8)))


def main() -> None:
    """Prints one row per contender, then the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    programs = [PROGRAM + f"\n# program {index}\n" for index in range(options.programs)]
    with Sandbox(workers=1) as one, Sandbox(workers=2) as two:
        contenders: dict[str, Callable[[Sequence[str]], None]] = {
            "sandbox, 1 worker": lambda some: _sandbox(some, one),
            "sandbox, 2 workers": lambda some: _sandbox(some, two),
            "python -I per program": lambda some: _fresh(some[: max(len(some) // 10, 1)]),
        }
        times: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(options.rounds):
            for name, work in contenders.items():
                count = len(programs) if name.startswith("sandbox") else max(len(programs) // 10, 1)
                start = time.perf_counter()
                work(programs)
                times[name].append((time.perf_counter() - start) / count)
    _report(times)


def _sandbox(programs: Sequence[str], sandbox: Sandbox) -> None:
    examine([Exam(program, TESTS, "f") for program in programs], sandbox)


def _fresh(programs: Sequence[str]) -> None:
    calls = "\n".join(f"print(f({list(call.args[0])}, {call.args[1]}))" for call in TESTS.calls)
    for program in programs:
        subprocess.run([sys.executable, "-I", "-c", program + calls], stdout=subprocess.DEVNULL, check=True)


def _report(times: dict[str, list[float]]) -> None:
    base = times["python -I per program"]
    for name, values in times.items():
        ratios = [slow / value for slow, value in zip(base, values, strict=True)]
        print(
            f"{name:<24} {1000 * statistics.median(values):7.2f} ms  {1 / statistics.median(values):7.0f} programs/s  "
            f"{statistics.median(ratios):5.1f} x python -I"
        )
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(f"cores {os.cpu_count()}, this process used {used.ru_utime + used.ru_stime:.1f} s of CPU")


if __name__ == "__main__":
    main()
