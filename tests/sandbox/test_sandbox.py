"""Honest programs run as they would outside: what they may use, what comes back, and in which order."""
# ruff: noqa: E501  (programs and expressions read best on one line)

import collections
import datetime
import decimal
import fractions
import threading
from typing import Any

import pytest

from etude.records import Job, Limits
from etude.sandbox import Sandbox, doctor

HONEST: dict[str, tuple[str, Any]] = {
    "threads": (
        "import threading\ndef f():\n    out = []\n    ts = [threading.Thread(target=out.append, args=(i,)) for i in range(8)]\n"
        "    [t.start() for t in ts]; [t.join() for t in ts]\n    return sorted(out)",
        list(range(8)),
    ),
    "a thread pool": (
        "from concurrent.futures import ThreadPoolExecutor\ndef f():\n"
        "    with ThreadPoolExecutor(4) as pool: return list(pool.map(abs, [-1, -2]))",
        [1, 2],
    ),
    "recursion": ("import sys\nsys.setrecursionlimit(20_000)\ndef g(n): return n and 1 + g(n - 1)\ndef f(): return g(5000)", 5000),
    "a set": ("def f(): return {1, 2}", {1, 2}),
    "a tuple": ("def f(): return (1, [2, (3,)])", (1, [2, (3,)])),
    "a Counter": ("from collections import Counter\ndef f(): return Counter('aab')", collections.Counter("aab")),
    "a deque": ("from collections import deque\ndef f(): return deque([1])", collections.deque([1])),
    "a namedtuple": ("from collections import namedtuple\nP = namedtuple('P', 'x y')\ndef f(): return P(1, 2)", (1, 2)),
    "a generator, used up": ("def g():\n    yield 1\ndef f(): return list(g())", [1]),
    "a main that is none of ours": ("def f(): return 1\nif __name__ == '__main__':\n    raise SystemExit", 1),
    "printing": ("def f():\n    print('x' * 100_000)\n    return 1", 1),
    "a dataclass": (
        "from __future__ import annotations\nfrom dataclasses import dataclass, asdict\n@dataclass\nclass A:\n    x: list[int]\n"
        "def f(): return asdict(A([1]))",
        {"x": [1]},
    ),
    "pickle and copies": (
        "import pickle, copy\nclass A: x = 1\ndef f(): return pickle.loads(pickle.dumps(A())).x + copy.deepcopy(A()).x", 2,
    ),
    "asyncio": ("import asyncio\nasync def g():\n    await asyncio.sleep(0)\n    return 5\ndef f(): return asyncio.run(g())", 5),
    "a scratch file": (
        "def f():\n    with open('a.txt', 'w') as file: file.write('hi')\n    return open('a.txt').read()", "hi",
    ),
    "temporary files": ("import os\ndef f():\n    os.makedirs('a/b')\n    open('a/b/c', 'w').close()\n    return os.listdir('a/b')", ["c"]),
    "Decimal": ("from decimal import Decimal\ndef f(): return Decimal('0.1') * 3", decimal.Decimal("0.3")),
    "Fraction": ("from fractions import Fraction\ndef f(): return Fraction(1, 3) * 2", fractions.Fraction(2, 3)),
    "datetime": ("import datetime\ndef f(): return datetime.datetime(2020, 2, 29)", datetime.datetime(2020, 2, 29)),
    "a long number": ("def f(): return 10 ** 8000", 10**8000),
    "its digits": ("def f(): return len(str(10 ** 8000))", 8001),
    "a bool": ("def f(): return True", True),
    "hashing and random": ("import hashlib, random\ndef f(): return [len(hashlib.sha256(b'').hexdigest()), 0 <= random.random() < 1]", [64, True]),
    "the standard library": (
        "import heapq, bisect, statistics, itertools, functools, string, enum, abc, array, io, textwrap, uuid, operator\n"
        "def f(): return statistics.mean([1, 2, 3])", 2,
    ),
    "numbers": ("import cmath\ndef f(): return cmath.sqrt(-1)", 1j),
    "catching its own errors": ("def f():\n    try: 1 / 0\n    except ZeroDivisionError: return 'caught'", "caught"),
    "an alarm": ("import signal, time\ndef f():\n    hits = []\n    signal.signal(signal.SIGALRM, lambda *a: hits.append(1))\n"
                 "    signal.setitimer(signal.ITIMER_REAL, 0.01)\n    time.sleep(0.05)\n    return hits", [1]),
}  # fmt: skip


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_program_may_use(name: str, jail: Sandbox) -> None:
    source, expected = HONEST[name]
    [run] = jail.run([Job(source=source, asks=("f()",))])
    assert run.status == "ok", run
    assert run.answers[0].value == expected
    assert type(run.answers[0].value) is type(expected)


def test_asks_are_answered_in_order_and_a_fault_does_not_stop_the_next(jail: Sandbox) -> None:
    [run] = jail.run([Job(source="def f(x): return 1 // x", asks=("f(1)", "f(0)", "f(-1)", "g()"))])
    assert run.status == "ok"
    assert [answer.value for answer in run.answers] == [1, None, -1, None]
    assert [answer.fault.type if answer.fault else "" for answer in run.answers] == [
        "",
        "ZeroDivisionError",
        "",
        "NameError",
    ]


def test_a_fault_shows_lines_of_the_program_only(jail: Sandbox) -> None:
    [run] = jail.run([Job(source="import json\n\ndef f(x):\n    return json.loads(x)\n", asks=("f('{')",))])
    fault = run.answers[0].fault
    assert fault is not None
    assert fault.traceback == ("line 4, in f: return json.loads(x)",)


def test_a_syntax_error_names_its_line(jail: Sandbox) -> None:
    [run] = jail.run([Job(source="x = 1\ndef f(:\n")])
    assert run.status == "error"
    assert run.fault is not None
    assert run.fault.type == "SyntaxError"
    assert run.fault.traceback[0].startswith("line 2")


def test_setup_runs_after_the_program_and_in_its_names(jail: Sandbox) -> None:
    [run] = jail.run([Job(source="def f(x): return x", setup="import math\nx = f(math.pi)", asks=("round(x, 2)",))])
    assert run.answers[0].value == 3.14


def test_output_comes_back_and_is_capped(jail: Sandbox) -> None:
    limits = Limits(output_bytes=1000)
    small, large = jail.run(
        [
            Job(source="print('a')\nimport sys\nprint('b', file=sys.stderr)"),
            Job(source="print('x' * 5000, flush=True)", limits=limits),
        ]
    )
    assert (small.stdout, small.stderr) == ("a\n", "b\n")
    assert len(large.stdout) <= 1000


def test_a_check_calls_the_program_and_hears_its_faults(jail: Sandbox) -> None:
    source = "def f(x):\n    if x < 0: raise ValueError('negative')\n    return x * 2\n"
    check = "assert f(2) == 4\ntry:\n    f(-1)\nexcept ValueError as error:\n    assert 'negative' in str(error)\nelse:\n    raise AssertionError\n"
    good, bad = jail.run(
        [Job(source=source, checks=(text,), names=("f",)) for text in (check, check + "assert f(1) == 3\n")]
    )
    assert (good.status, good.checks[0].passed) == ("ok", True)
    assert (bad.checks[0].passed, bad.checks[0].fault and bad.checks[0].fault.type) == (False, "AssertionError")


def test_what_a_run_used_is_measured(jail: Sandbox) -> None:
    source = "import time\nx = bytearray(100 << 20)\nend = time.process_time() + 0.2\nwhile time.process_time() < end: pass\n"
    [run] = jail.run([Job(source=source)])
    assert 0.15 < run.cpu_seconds < 1
    assert run.wall_seconds >= 0.15
    assert run.peak_bytes > 100 << 20


def test_sleeping_costs_no_cpu_time(jail: Sandbox) -> None:
    [run] = jail.run([Job(source="import time\ntime.sleep(0.4)", limits=Limits(cpu_seconds=0.2, wall_seconds=5))])
    assert run.status == "ok"


def test_function_programs_are_not_main_and_scripts_are(jail: Sandbox) -> None:
    demo = "if __name__ == '__main__':\n    print('demo ' + input())\n"
    imported, script = jail.run([Job(source=demo), Job(source=demo, stdin="run\n")])
    assert (imported.stdout, script.stdout) == ("", "demo run\n")


def test_chance_and_hashes_are_the_same_on_every_worker() -> None:
    job = Job(source="import random", asks=("random.random()", "list({'a', 'b', 'c', 'd'})"))
    with Sandbox(workers=2) as pair, Sandbox() as other:
        runs = [*pair.run([job] * 8), *other.run([job])]
    assert len({repr(run.answers) for run in runs}) == 1


def test_runs_come_in_the_order_of_their_jobs() -> None:
    with Sandbox(workers=3) as sandbox:
        jobs = [
            Job(source=f"import time\ntime.sleep({0.05 if n % 3 == 0 else 0})\nx = {n}", asks=("x",)) for n in range(20)
        ]
        assert [run.answers[0].value for run in sandbox.run(jobs)] == list(range(20))
        assert sandbox.run([]) == []


def test_threads_may_share_a_sandbox() -> None:
    found: dict[int, list[Any]] = {}
    with Sandbox(workers=2) as sandbox:

        def work(number: int) -> None:
            runs = [sandbox.run([Job(source=f"x = {number}", asks=("x",))])[0] for _ in range(8)]
            found[number] = [run.answers[0].value for run in runs]

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == {number: [number] * 8 for number in range(6)}


def test_a_closed_sandbox_says_so() -> None:
    sandbox = Sandbox()
    sandbox.close()
    sandbox.close()
    for count in (1, 2):
        with pytest.raises(RuntimeError, match="closed"):
            sandbox.run([Job(source="")] * count)


def test_the_doctor_sees_every_canary_stopped() -> None:
    card = doctor.examine_isolation()
    assert card.pop("level") == "namespaces"
    assert {name: found["stopped"] for name, found in card.items()} == dict.fromkeys(card, True)
    assert {"network", "filesystem", "processes", "signals", "memory", "syscalls", "time", "output"} <= set(card)
    assert doctor.programs_per_second(0.1) > 1
