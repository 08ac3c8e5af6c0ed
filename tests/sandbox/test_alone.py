"""Timeouts that company cannot have caused: what is run again alone before it counts, and what needs no second run."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from etude.records import Job, Limits
from etude.sandbox import Sandbox
from etude.sandbox.watching import _delayed

BUSY = "from time import process_time as t\nwhile t() < {0}: pass\n"
HARD = "x = sum(range(10 ** 13))\n"
PROVED = "x = 1\nwhile True: pass\n"
LIMITS = Limits(cpu_seconds=0.4, wall_seconds=3.0)
SHORT = Limits(cpu_seconds=0.2, wall_seconds=0.3)


def job(source: str, limits: Limits = LIMITS) -> Job:
    return Job(source=source, limits=limits)


@contextmanager
def hogs(count: int) -> Iterator[None]:
    crowd = [subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in crowd:
            process.kill()
            process.wait()


@pytest.fixture
def two() -> Iterator[Sandbox]:
    with Sandbox(workers=2) as sandbox:
        yield sandbox


def test_a_program_between_its_limit_and_the_room_beside_others_is_run_again_alone(two: Sandbox) -> None:
    [run] = two.run([job(BUSY.format(0.5))])
    assert (run.status, run.detail) == ("timeout", "cpu")
    assert run.cpu_seconds < 0.5, "it is the run alone that is told, and that ends at the limit"
    assert two.reruns == (1, 0)


def test_what_is_quick_enough_alone_passes_though_it_was_slow_beside_others(two: Sandbox) -> None:
    """Its first run is slow because it begins before a certain moment; it stands for one that company slows down."""
    moment = time.time() + 1.5
    slow = f"import time\nif time.time() < {moment}:\n    while time.process_time() < 0.5: pass\n"
    [run] = two.run([job(slow + f"    while time.time() < {moment}: time.sleep(0.1)\n")])
    assert run.status == "ok"
    assert two.reruns == (1, 1)


@pytest.mark.parametrize("source", [HARD, PROVED, BUSY.format(0.1), "import time\ntime.sleep(9)", "x = 1 / 0"])
def test_what_company_cannot_have_changed_runs_once(source: str, two: Sandbox) -> None:
    [run] = two.run([job(source, Limits(cpu_seconds=0.4, wall_seconds=2.0))])
    assert run.status in ("timeout", "ok", "error")
    assert two.reruns == (0, 0)


def test_an_endless_loop_costs_half_as_much_again_and_holds_up_nobody(two: Sandbox) -> None:
    order: list[str] = []
    loop = two.submit(job(HARD, Limits(cpu_seconds=1.0)))
    loop.add_done_callback(lambda _: order.append("loop"))
    for _ in range(5):
        two.run([job("x = 1")])
        order.append("quick")
    run = loop.result()
    assert order == ["quick"] * 5 + ["loop"]
    assert 1.4 < run.cpu_seconds < 1.8


def test_small_limits_are_run_again_alone_too(two: Sandbox) -> None:
    [run] = two.run([job(BUSY.format(0.25), SHORT)])
    assert run.status == "timeout"
    assert two.reruns == (1, 0)


def test_who_ran_out_of_the_wall_clock_while_kept_from_the_processor_is_run_again(two: Sandbox) -> None:
    with hogs(12):
        runs = [two.run([job("import time\ntime.sleep(9)", SHORT)])[0] for _ in range(8)]
    assert {run.status for run in runs} == {"timeout"}
    assert two.reruns.changed == 0
    if not two.reruns.alone:  # schedulers that share by session may let a sleeper start at once, every time
        pytest.skip("this machine's scheduler kept nobody from the processor for a twentieth of the time")


def test_the_kernel_says_who_waited_for_a_processor() -> None:
    command = [sys.executable, "-S", "-c", "while True: pass"]
    crowd = [subprocess.Popen(["taskset", "-c", "0", *command]) for _ in range(3)]
    idle = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])
    try:
        time.sleep(1.0)
        waited, slept = _delayed(crowd[0].pid), _delayed(idle.pid)
    finally:
        for process in (*crowd, idle):
            process.kill()
            process.wait()
    if waited == float("inf"):
        pytest.skip("this kernel does not count it")
    assert waited > 0.3
    assert slept < waited / 2
    assert _delayed(idle.pid) == float("inf"), "nothing is known of a process that has ended"


def test_what_runs_alone_has_nothing_beside_it_and_is_not_remembered(tmp_path: Path) -> None:
    beside = threading.Event()
    with Sandbox(workers=2, remember=10) as two:
        first = two.run([job("x = 1\n")])[0]
        again, alone = two.run([job("x = 1\n")])[0], two.run_alone([job("x = 1\n")])[0]
        assert again is first
        assert alone is not first
        measured = threading.Thread(target=lambda: (two.run_alone([job(BUSY.format(0.3))]), beside.set()))
        measured.start()
        time.sleep(0.15)
        two.run([job("x = 2\n")])
        assert beside.is_set(), "whoever comes later waits"
        measured.join()


def test_one_worker_is_always_alone() -> None:
    with Sandbox(workers=1) as one:
        runs = one.run([job(BUSY.format(0.5)), job(BUSY.format(0.1))])
        assert [run.status for run in runs] == ["timeout", "ok"]
        assert one.reruns == (0, 0)
