"""What the judge of whole programs must refuse, and what it must let through."""
# ruff: noqa: E501  (programs and expressions read best on one line)

import pytest

from etude.judges.stdio import StdioJudge
from etude.records import Exchange, Tests
from etude.sandbox import Sandbox
from tests.judges.hostile import attempt_of, task_of

SUM = Tests(stdio=(Exchange(stdin="1 2\n", stdout="3\n"), Exchange(stdin="5 7\n", stdout="12\n")))
JUDGE = StdioJudge(cpu_seconds=1.0, wall_seconds=3.0, memory_bytes=256 << 20)
SHORT = StdioJudge(cpu_seconds=0.2, wall_seconds=0.5)
HONEST = "print(sum(map(int, input().split())))"

GOOD = {
    "reads a line": HONEST,
    "reads all of it": "import sys\nprint(sum(map(int, sys.stdin.read().split())))",
    "reads from the descriptor": "print(sum(map(int, open(0).read().split())))",
    "reads bytes": "import sys\nprint(sum(map(int, sys.stdin.buffer.readline().split())))",
    "has a main": "def main():\n    a, b = map(int, input().split())\n    print(a + b)\nif __name__ == '__main__':\n    main()",
    "loops until the end": "total = 0\nwhile True:\n    try: line = input()\n    except EOFError: break\n"
    "    total += sum(map(int, line.split()))\nprint(total)",
    "ends by exit": "print(sum(map(int, input().split())))\nexit()",
    "ends by quit(0)": "print(sum(map(int, input().split())))\nquit(0)",
    "ends by sys.exit": "import sys\nprint(sum(map(int, input().split())))\nsys.exit(0)",
    "prints from a thread": "import threading\nline = input()\n"
    "threading.Thread(target=lambda: print(sum(map(int, line.split())))).start()",
    "prints at exit": "import atexit\nline = input()\natexit.register(lambda: print(sum(map(int, line.split()))))",
    "leaves spaces": "print(sum(map(int, input().split())), ' ')\nprint()\nprint()",
    "writes to stderr too": "import sys\nprint('x', file=sys.stderr)\nprint(sum(map(int, input().split())))",
    "uses asyncio": "import asyncio\nasync def f(): return sum(map(int, input().split()))\nprint(asyncio.run(f()))",
    "has a dataclass": "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass P:\n"
    "    a: int\n    b: int\np = P(*map(int, input().split()))\nprint(p.a + p.b)",
}  # fmt: skip

BAD = {
    "prints nothing": "input()",
    "is empty": "",
    "prints one answer": "print(3)",
    "prints a space before it": "print('', sum(map(int, input().split())))",
    "prints too much": "print(sum(map(int, input().split())))\nprint('x')",
    "crashes after the answer": HONEST + "\n1/0",
    "exits with a code": HONEST + "\nexit(1)",
    "leaves at once": "import os\nos._exit(0)",
    "forges the end": "import os, struct, sys\nfor fd in range(64):\n    try: os.write(fd, struct.pack('<I', 9) + sys.modules['jail.wire'].encode(('end',)))\n    except OSError: pass",
    "forges everything": "import os\nfor fd in range(64):\n    try: os.write(fd, b'3\\n12\\nPASS\\n')\n    except OSError: pass",
    "floods": "while True: print('x' * 100_000)",
    "floods stderr": "import sys\nwhile True: sys.stderr.write('x' * 100_000)",
    "is no Python": "print(",
    "prints what cannot be printed": "print('\\ud800')",
    "rewinds its output": "import os\nprint(3, flush=True)\nos.lseek(1, 0, 0)\nos.ftruncate(1, 0)",
    "reads on": "input()\ninput()",
}  # fmt: skip

SLOW = {
    "waits": "import time\ntime.sleep(60)",
    "loops": HONEST + "\nwhile True: pass",
    "has a thread without end": HONEST
    + "\nimport threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()",
    "closes its output and loops": HONEST + "\nimport os\nos.closerange(0, 64)\nwhile True: pass",
}


@pytest.mark.parametrize("name", GOOD)
def test_an_honest_program_passes(name: str, jail: Sandbox) -> None:
    [verdict] = JUDGE.judge(task_of(SUM, ""), [attempt_of(GOOD[name])], jail)
    assert verdict.passed is True, verdict


@pytest.mark.parametrize("name", BAD)
def test_a_bad_program_fails_and_the_next_honest_one_passes(name: str, jail: Sandbox) -> None:
    bad, good = JUDGE.judge(task_of(SUM, ""), [attempt_of(BAD[name]), attempt_of(HONEST)], jail)
    assert bad.passed is False, bad
    assert good.passed is True, good


@pytest.mark.parametrize("name", SLOW)
def test_a_program_that_does_not_end_fails_even_with_the_right_answer(name: str, jail: Sandbox) -> None:
    bad, good = SHORT.judge(task_of(SUM, ""), [attempt_of(SLOW[name]), attempt_of(HONEST)], jail)
    assert bad.passed is False, bad
    assert good.passed is True, good


def test_the_share_of_right_outputs_is_the_score(jail: Sandbox) -> None:
    [verdict] = JUDGE.judge(task_of(SUM, ""), [attempt_of("print(3)")], jail)
    assert (verdict.passed, verdict.score) == (False, 0.5)


def test_long_input_and_output_go_through(jail: Sandbox) -> None:
    lines = "".join(f"{number}\n" for number in range(15_000))
    tests = Tests(stdio=(Exchange(stdin=lines, stdout=lines),))
    program = "import sys\nfor line in sys.stdin:\n    print(int(line))"
    [verdict] = JUDGE.judge(task_of(tests, ""), [attempt_of(program)], jail)
    assert verdict.passed is True
