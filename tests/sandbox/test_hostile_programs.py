# ruff: noqa: E501  (hostile programs are kept on one line each)
"""Programs that attack the sandbox: each is contained, and an honest program passes on the same worker afterwards."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from etude.errors import MissingError
from etude.records import Job, Limits, Run
from etude.sandbox import Flavour, Sandbox

QUICK = Limits(cpu_seconds=0.5, wall_seconds=1.5, memory_bytes=256 << 20)
HONEST = Job(source="def f(x):\n    return x + 1\n", asks=("f(1)",))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    try:
        with Sandbox() as jail:
            yield jail
    except MissingError as error:
        pytest.skip(f"no namespaces here: {error}")


def attack(sandbox: Sandbox, source: str, **more: object) -> Run:
    """Runs a hostile program, then an honest one on the same worker."""
    job = Job(source=textwrap.dedent(source), limits=QUICK, **more)  # type: ignore[arg-type]
    hostile, honest = sandbox.run([job, HONEST])
    assert hostile.status != "unavailable", hostile.detail
    assert honest.answers[0].value == 2
    return hostile


@pytest.mark.parametrize("end", ["import os; os._exit(0)", "import sys; sys.exit(0)", "raise SystemExit", "exit()"])
def test_a_program_that_leaves_early_answers_nothing(sandbox: Sandbox, end: str) -> None:
    run = attack(sandbox, end, asks=("1",))
    assert run.status == "error"
    assert run.answers == ()


def test_cpu_and_wall_limits_end_a_program(sandbox: Sandbox) -> None:
    busy = attack(sandbox, "while True: pass")
    assert (busy.status, busy.detail) == ("timeout", "cpu")
    assert busy.cpu_seconds < 1.5
    sleeper = attack(sandbox, "import time; time.sleep(60)")
    assert (sleeper.status, sleeper.detail) == ("timeout", "wall")
    assert sleeper.wall_seconds < 6


def test_a_program_that_ignores_signals_and_exceptions_ends_all_the_same(sandbox: Sandbox) -> None:
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
    assert attack(sandbox, source).status == "timeout"


def test_memory_is_limited(sandbox: Sandbox) -> None:
    run = attack(sandbox, "x = bytearray(1 << 30)")
    assert run.status == "memory"
    small = Limits(cpu_seconds=4, memory_bytes=32 << 20)
    grower = sandbox.run([Job(source="x = []\nwhile True: x.append(bytearray(1 << 20))", limits=small)])[0]
    assert grower.status == "memory"
    assert grower.peak_bytes < 256 << 20


def test_a_fork_bomb_is_contained(sandbox: Sandbox) -> None:
    run = attack(sandbox, "import os\nwhile True:\n    os.fork()\n")
    assert run.status in ("error", "timeout", "forbidden", "killed")


def test_output_is_capped(sandbox: Sandbox) -> None:
    run = attack(sandbox, "while True: print('x' * 100000)", stdin="")
    assert run.status in ("error", "timeout")
    assert len(run.stdout) <= QUICK.output_bytes


def test_nothing_arrives_at_a_listener_on_the_loopback_device(sandbox: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.3)
        port = listener.getsockname()[1]
        run = attack(sandbox, f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 1).send(b'x')")
        assert run.status in ("forbidden", "error")
        with pytest.raises(TimeoutError):
            listener.accept()


def test_files_of_the_host_are_neither_read_nor_written(sandbox: Sandbox, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    run = attack(sandbox, "pass", asks=(f"open({str(secret)!r}).read()", "open('/etc/passwd').read()"))
    assert [answer.fault.type for answer in run.answers if answer.fault] == ["FileNotFoundError"] * 2
    attack(sandbox, f"open({str(tmp_path / 'new')!r}, 'w').write('x')")
    assert not (tmp_path / "new").exists()


def test_a_daemon_does_not_outlive_its_program(sandbox: Sandbox) -> None:
    source = """
        import os, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(1)
                open('left-behind', 'w').close()
    """
    attack(sandbox, source)
    time.sleep(1.3)
    [run] = sandbox.run([Job(source="import os", asks=("os.listdir('.')",))])
    assert run.answers[0].value == []


def test_scratch_is_emptied_however_it_was_filled(sandbox: Sandbox) -> None:
    source = """
        import os
        open('file', 'w').write('x')
        for _ in range(300):
            os.mkdir('d' * 200); os.chdir('d' * 200)
        os.chmod('/scratch/' + 'd' * 200, 0)
    """
    attack(sandbox, source)
    [run] = sandbox.run([Job(source="import os", asks=("os.listdir('/scratch')",))])
    assert run.answers[0].value == []


@pytest.mark.parametrize("target", ["0", "-1", "1", "os.getppid()"])
def test_killing_everyone_reaches_no_one_else(sandbox: Sandbox, target: str) -> None:
    attack(sandbox, f"import os\ntry:\n    os.kill({target}, 9)\nexcept OSError: pass\n")


def test_a_crash_is_killed_and_not_our_fault(sandbox: Sandbox) -> None:
    run = attack(sandbox, "import ctypes; ctypes.string_at(0)", asks=("1",))
    assert (run.status, run.answers) == ("killed", ())


def test_forged_frames_are_only_values(sandbox: Sandbox) -> None:
    source = """
        import os, struct
        for fd in range(3, 10):
            for text in (b'passed', b't' + struct.pack('<I', 1) + b's' + struct.pack('<I', 6) + b'passed', b'\\xff' * 64):
                try: os.write(fd, struct.pack('<I', len(text)) + text)
                except OSError: pass
    """
    run = attack(sandbox, source, asks=("1",), checks=("assert False",), names=())
    assert [check.passed for check in run.checks] in ([False], [None])


def test_a_check_that_never_ran_has_not_passed(sandbox: Sandbox) -> None:
    for source in (
        "import os; os._exit(0)",
        "def f(x):\n    import os\n    os._exit(0)",
        "def f(x):\n    raise SystemExit",
    ):
        run = attack(
            sandbox, source, checks=("try:\n    f(1)\nexcept Exception:\n    pass\nassert f(1) == 1",), names=("f",)
        )
        assert run.checks[0].passed is not True


def test_the_programs_stop_iteration_does_not_end_a_checks_loop(sandbox: Sandbox) -> None:
    run = attack(sandbox, "def f(x): raise StopIteration", checks=("assert all(map(f, [1, 2]))",), names=("f",))
    assert run.checks[0].passed is False


def test_the_programs_exceptions_keep_their_class_in_a_check(sandbox: Sandbox) -> None:
    check = "try:\n    f(1)\nexcept ValueError as error:\n    assert str(error) == 'no'\nelse:\n    assert False"
    assert attack(sandbox, "def f(x): raise ValueError('no')", checks=(check,), names=("f",)).checks[0].passed is True
    assert attack(sandbox, "def f(x): return 1", checks=(check,), names=("f",)).checks[0].passed is False


def test_big_integers_and_lifted_digit_limit(sandbox: Sandbox) -> None:
    run = attack(sandbox, "def f(): return 7 ** 10000, len(str(7 ** 10000))", asks=("f()",))
    assert run.answers[0].value == (7**10000, 8451)


def test_function_programs_are_not_main_and_scripts_are(sandbox: Sandbox) -> None:
    demo = "if __name__ == '__main__':\n    print('demo ' + input())\n"
    assert attack(sandbox, demo).stdout == ""
    assert attack(sandbox, demo, stdin="run\n").stdout == "demo run\n"


def test_chance_and_hashes_are_the_same_on_every_worker() -> None:
    job = Job(source="import random", asks=("random.random()", "list({'a', 'b', 'c', 'd'})"))
    with Sandbox(workers=2) as jail, Sandbox() as other:
        runs = [*jail.run([job] * 8), *other.run([job])]
    assert len({repr(run.answers) for run in runs}) == 1


def test_a_lost_zygote_is_replaced_and_the_job_is_tried_again() -> None:
    with Sandbox() as jail:
        jail.run([HONEST])
        children = Path(f"/proc/{os.getpid()}/task")
        pids = [pid for task in children.iterdir() for pid in (task / "children").read_text().split()]
        zygotes = [int(pid) for pid in pids if b"jail.zygote" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        for pid in zygotes:
            os.kill(pid, signal.SIGKILL)
        assert zygotes
        assert jail.run([HONEST])[0].answers[0].value == 2


def test_nothing_survives_the_users_process() -> None:
    code = (
        "from etude.sandbox import Sandbox; from etude.records import Job, Limits; s = Sandbox(); print('up', flush=True); "
        "s.run([Job(source='import time; time.sleep(3131)', limits=Limits(wall_seconds=3131))])"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as user:
        assert user.stdout
        assert user.stdout.readline() == "up\n"
        time.sleep(0.5)
        family = _descendants(user.pid)
        assert len(family) >= 3
        user.kill()
    deadline = time.monotonic() + 5
    while any(Path(f"/proc/{pid}").exists() for pid in family) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [pid for pid in family if Path(f"/proc/{pid}").exists()]


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *_descendants(int(child))]
    return found


def test_strong_isolation_that_cannot_be_had_is_an_error_with_a_remedy() -> None:
    with pytest.raises(MissingError) as caught:
        Sandbox(flavour=Flavour(interpreter="/bin/false"))
    assert "interpreter" in caught.value.found
    assert caught.value.fix


def test_the_weak_level_says_that_it_is_weak_and_still_keeps_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etude.sandbox.roads._roads", lambda require: ("weak",))
    with Sandbox(require="any") as jail:
        assert jail.isolation["level"] == "weak"
        assert jail.isolation["filesystem"] == "none"
        assert attack(jail, "while True: pass").status == "timeout"
        assert attack(jail, "import os\nos.fork()").status in ("forbidden", "error")
