"""The compile server: what it is given to choke on costs the program its own limits and nobody else anything."""

import os
import signal
import threading
import time

import pytest

from etude.records import Job, Limits, Run
from etude.sandbox import Sandbox
from etude.sandbox.compiling import together
from etude.sandbox.flavour import Flavour
from etude.sandbox.watching import children
from etude.sandbox.worker import Worker

SHORT = Limits(cpu_seconds=1.0, wall_seconds=5.0, memory_bytes=256 << 20)
HONEST = Job(source="def f(x):\n    return x * 2\n", asks=("f(21)",))


def finally_tower(levels: int) -> str:
    """A program whose code doubles with every level: each `finally` is written out twice."""
    text = "pass"
    for level in range(levels):
        inner = "\n".join(" " + line for line in text.split("\n"))
        text = f"try:\n x = {level}\nfinally:\n{inner}"
    return text


BOMBS = {
    "code that doubles with each level": finally_tower(24),
    "ten million characters": "x = 1\n" * 1_700_000,
    "a deep expression": "x = " + "-" * 100_000 + "1",
    "many brackets": "x = " + "(" * 5_000 + ")" * 5_000,
    "a long chain of calls": "x = f" + "()" * 50_000,
    "a long sum": "x = " + "+".join(["1"] * 200_000),
    "a huge number": "x = " + "9" * 3_000_000,
    "constants to fold": "x = " + " * ".join(["('a' * 4000)"] * 50),
    "powers to fold": "x = 2 ** (2 ** (2 ** (2 ** (2 ** 2))))",
    "nested comprehensions": "x = " + "[" * 90 + "1" + " for a in b]" * 90,
    "nested f-strings": "x = " + "f'{" * 2 + "1" + "}'" * 2 + "\n" + "y = f'" + "{x}" * 60_000 + "'",
    "many names": "\n".join(f"name_{number} = {number}" for number in range(100_000)),
    "nested functions": "".join(" " * level + f"def f{level}():\n" for level in range(95)) + " " * 95 + "pass",
    "a null byte": "x = 1\0",
    "lone surrogates": "x = '\ud800'",
    "an unknown encoding": "# -*- coding: nothing -*-\nx = 1",
    "form feeds and tabs": "if 1:\n\tx = 1\n        y = 2\n",
    "a decorator tower": "@f\n" * 20_000 + "def g(): pass",
    "a match with many cases": "match x:\n" + "".join(f" case {number}: pass\n" for number in range(20_000)),
    "else towers": "".join(" " * level + "if x:\n" for level in range(99)) + " " * 99 + "pass",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_for_the_compiler_hurts_nobody_else(name: str, jail: Sandbox) -> None:
    start = time.monotonic()
    bomb, honest = jail.run([Job(source=BOMBS[name], asks=("1",), limits=SHORT), HONEST])
    assert time.monotonic() - start < 20
    assert bomb.status in ("ok", "error", "memory", "timeout", "killed")
    assert honest.answers[0].value == 42


@pytest.mark.parametrize("source", ["def f(:", "  x = 1\n y = 2", "x = 1\0", "return 1", "x = '\n", "break"])
def test_what_is_no_program_is_the_same_error_by_either_road(source: str) -> None:
    job = Job(source=source)
    long = Job(source=source + "\n" + "#" * 250_000)  # longer than what the compile server takes
    with Sandbox() as sandbox:
        short_run, long_run = sandbox.run([job, long])
    assert short_run.status == long_run.status == "error"
    assert (short_run.fault and short_run.fault.type) == (long_run.fault and long_run.fault.type)
    assert (short_run.fault and short_run.fault.traceback) == (long_run.fault and long_run.fault.traceback)
    assert short_run.detail == long_run.detail == "syntax"


def test_warnings_of_the_compiler_are_not_the_program_s_output(jail: Sandbox) -> None:
    [run] = jail.run([Job(source="x = '\\d'\nif x is 'a': pass\nprint('hello')", stdin="")])
    assert (run.stdout, run.stderr) == ("hello\n", "")


def test_questions_are_answered_one_by_one_whatever_they_look_like(jail: Sandbox) -> None:
    asks = (
        "f(1)",
        "f(2)  # a comment",
        "f(",
        "1), (2",
        "(y := 5)",
        "y",
        "[f(x) for x in (1, 2)]",
        "lambda: 1",
        "f(\n3)",
    )
    [run] = jail.run([Job(source="def f(x):\n    return x\n", asks=asks)])
    values = [answer.fault.type if answer.fault else answer.opaque or answer.value for answer in run.answers]
    assert values == [1, 2, "SyntaxError", "SyntaxError", 5, 5, [1, 2], "a value of type function", 3]


def test_questions_that_only_add_up_together_are_none(jail: Sandbox) -> None:
    for asks in (("1), (lambda: 2", "3"), ("f(1)", "2), lambda: (3")):
        [run] = jail.run([Job(source="def f(x):\n    return x\n", asks=asks)])
        assert all(answer.fault and answer.fault.type == "SyntaxError" for answer in run.answers)
    assert together(("(y := 1)",)) == together(()) == ""


def test_a_killed_compile_server_loses_no_run() -> None:
    worker = Worker(road="root" if os.geteuid() == 0 else "user", flavour=Flavour())
    worker.start()
    try:
        assert worker.run(HONEST).answers[0].value == 42
        [server] = children(worker._zygote)
        os.kill(server, signal.SIGKILL)
        run = worker.run(Job(source="def f(x):\n    return x * 3\n", asks=("f(1)",)))
        assert (run.answers[0].value, worker.clean) == (3, False)
    finally:
        worker.close()


def test_killing_compile_servers_in_a_batch_loses_no_run_and_doubles_none() -> None:
    jobs = [Job(source=f"def f(x):\n    return x + {number}\n", asks=("f(1)",)) for number in range(400)]
    runs: list[Run] = []
    with Sandbox(workers=2) as sandbox:
        thread = threading.Thread(target=lambda: runs.extend(sandbox.run(jobs)))
        thread.start()
        for _ in range(6):
            time.sleep(0.05)
            for hand in list(sandbox._started()._hands):
                for worker in list(hand._workers.values()):
                    for server in worker._others:
                        os.kill(server, signal.SIGKILL)
        thread.join(60)
    assert [run.answers[0].value for run in runs] == [number + 1 for number in range(400)]
