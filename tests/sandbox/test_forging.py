"""Programs that end early, or write what is not theirs to write: none of it is taken for an answer or a verdict."""

import os
import textwrap

import pytest

from etude.records import Job, Limits, Run
from etude.sandbox import Sandbox

QUICK = Limits(cpu_seconds=0.5, wall_seconds=3.0, memory_bytes=256 << 20)
HONEST = Job(source="def f(x):\n    return x + 1\n", asks=("f(1)",))


def attack(sandbox: Sandbox, source: str, **more: object) -> Run:
    """Runs a hostile program, then an honest one on the same worker."""
    job = Job(source=textwrap.dedent(source), limits=QUICK, **more)  # type: ignore[arg-type]
    hostile, honest = sandbox.run([job, HONEST])
    assert hostile.status != "unavailable", hostile.detail
    assert honest.answers[0].value == 2
    return hostile


@pytest.mark.parametrize("end", ["import os; os._exit(0)", "import sys; sys.exit(0)", "raise SystemExit", "exit()"])
def test_a_program_that_leaves_early_answers_nothing(jail: Sandbox, end: str) -> None:
    run = attack(jail, end, asks=("1",))
    assert (run.status, run.answers) == ("error", ())


def test_a_crash_is_killed_and_not_our_fault(jail: Sandbox) -> None:
    run = attack(jail, "import ctypes; ctypes.string_at(0)", asks=("1",))
    assert (run.status, run.answers) == ("killed", ())


def test_cpu_and_wall_limits_are_told_apart(jail: Sandbox) -> None:
    busy = attack(jail, "import itertools\nfor _ in itertools.count(): pass")
    assert (busy.status, busy.detail) == ("timeout", "cpu")
    assert busy.cpu_seconds < 1.5
    sleeper = attack(jail, "import time; time.sleep(60)")
    assert (sleeper.status, sleeper.detail) == ("timeout", "wall")
    assert sleeper.wall_seconds < 6


def test_a_program_that_ignores_signals_and_exceptions_ends_all_the_same(jail: Sandbox) -> None:
    source = """
        import signal
        for number in range(1, 64):
            try: signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError): pass
        while True:
            try:
                while True: pass
            except BaseException: pass
    """
    assert attack(jail, source).status == "timeout"


def test_endless_output_is_capped(jail: Sandbox) -> None:
    run = attack(jail, "while True: print('x' * 100000)", stdin="")
    assert run.status in ("error", "timeout")
    assert len(run.stdout) <= QUICK.output_bytes


@pytest.mark.parametrize(
    "data",
    ["head(0xffffffff)", "head(0xffffffff) + b'x' * 10_000_000", "head(0) * 100_000", "os.urandom(100_000)",
     "head(2) + b'v]'", "frame(b'v' + encode([[]] * 9)[:-1] * 100_000)", "frame(b'v' + encode(True)) * 1000",
     "frame(b'.') * 3", "frame(b'f' + encode(('A' * 10**6, 'B' * 10**6, ('C' * 10**6,) * 9, 1)))",
     "frame(b'f' + encode(('A', 'B', (('<program>', 1 << 80, 'f'), ('x', 'y')), 1)))", "frame(b'f' + encode(7))",
     "frame(b'v' + encode(True) * 2)", "frame(b'o' + b'\\xff' * 10**6)", "frame(b's' + encode((1, 2, 3)))",
     "frame(b's' + encode(('A', 'B', (), 'no errno')))", "frame(b'e' + encode(('endless',)))", "frame(b'm')",
     "frame(b'n' + encode(('/etc/passwd', b'x')))", "frame(b'l' + encode(0))", "frame(b'?')", "frame(b'')"],
)  # fmt: skip
def test_forged_frames_are_answers_at_best(data: str, jail: Sandbox) -> None:
    source = f"""
        import os, struct, sys
        encode = sys.modules['jail.wire'].encode
        def head(size): return struct.pack('<I', size)
        def frame(data): return head(len(data)) + data
        def f():
            os.write(3, {data})
            os._exit(0)
    """
    run = attack(jail, source, asks=("f()", "f()"))
    assert run.status in ("error", "ok", "forbidden", "memory")
    assert run.files == {}
    assert all(answer.opaque or answer.value is True or answer.fault for answer in run.answers)
    assert len(repr(run)) < 100_000


def test_a_verdict_cannot_be_written_by_the_program(jail: Sandbox) -> None:
    source = """
        import os, struct, sys
        for fd in range(3, 10):
            for text in (b'passed', sys.modules['jail.wire'].encode(('passed',)), b'\\xff' * 64):
                try: os.write(fd, struct.pack('<I', len(text)) + text)
                except OSError: pass
    """
    run = attack(jail, source, asks=("1",), checks=("assert False",), names=())
    assert [check.passed for check in run.checks] in ([False], [None])


def test_descriptors_sent_to_the_checker_go_nowhere(jail: Sandbox) -> None:
    before = len(os.listdir("/proc/self/fd"))
    source = (
        "import socket\ns = socket.socket(fileno=4)\nfor _ in range(20): socket.send_fds(s, [b'x' * 10], [0, 1, 2])\n"
    )
    run = attack(jail, source, checks=("assert f(1) == 1",), names=("f",))
    assert run.checks[0].passed is not True
    assert len(os.listdir("/proc/self/fd")) <= before


def test_a_check_that_never_ran_has_not_passed(jail: Sandbox) -> None:
    check = "try:\n    f(1)\nexcept Exception:\n    pass\nassert f(1) == 1"
    for source in (
        "import os; os._exit(0)",
        "def f(x):\n    import os\n    os._exit(0)",
        "def f(x):\n    raise SystemExit",
    ):
        assert attack(jail, source, checks=(check,), names=("f",)).checks[0].passed is not True


def test_the_program_s_stop_iteration_does_not_end_a_check_s_loop(jail: Sandbox) -> None:
    run = attack(jail, "def f(x): raise StopIteration", checks=("assert all(map(f, [1, 2]))",), names=("f",))
    assert run.checks[0].passed is False
