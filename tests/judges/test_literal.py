"""Answers that are read rather than run: exactly what a run gives, and nothing that would have to be evaluated."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etude.judges.puzzle import PuzzleJudge
from etude.judges.rules.literal import literal_answer
from etude.records import Job, Tests
from etude.sandbox import Sandbox
from tests.judges.hostile import attempt_of, task_of

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text("ab\"'\\\n"),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(PLAIN)
def test_what_is_read_is_what_a_run_gives(jail_of_module: Sandbox, value: object) -> None:
    program = f"def sol(n=3, s=['a']):\n    return {value!r}\n"
    read = literal_answer(program)
    [run] = jail_of_module.run([Job(source=program, asks=("sol()",))])
    assert read is not None
    assert run.answers == (read,)
    assert repr(run.answers[0].value) == repr(read.value)  # 1 is not True, -0.0 is not 0.0


@pytest.fixture(scope="module")
def jail_of_module():
    with Sandbox(workers=1) as sandbox:
        yield sandbox


RUN = [
    "def sol(): return print(1)",
    "def sol(): return [open('x')]",
    "def sol(n=open('x')): return 1",
    "def sol(n): return 1",
    "def sol(*, n): return 1",
    "def sol(*n): return 1",
    "def sol(n: exit() = 1): return 1",
    "def sol() -> exit(): return 1",
    "@exit\ndef sol(): return 1",
    "import os\ndef sol(): return 1",
    "def sol(): return 1\ndef sol(): return 2",
    "def other(): return 1",
    "async def sol(): return 1",
    "def sol(a=1, a=2): return 1",
    "def sol(): return n",
    "def sol(): return 1 + 1",
    "def sol(): return (1, 2)",
    "def sol(): return {1: 2}",
    "def sol(): return f'{exit()}'",
    "def sol(): return 1e999",
    "def sol(): return -True",
    "def sol(): return --1",
    "def sol(): return '\\ud800'",
    "def sol(): yield 1",
    "def sol(): return",
    "def sol(): pass",
    "return 1",
    "def sol(:",
    "def sol(): return '" + "a" * 3000 + "'",
    "",
]


@pytest.mark.parametrize("program", RUN)
def test_everything_else_is_left_to_the_sandbox(program: str) -> None:
    assert literal_answer(program) is None


def test_a_judge_that_reads_answers_still_refuses_wrong_ones(jail_of_module: Sandbox) -> None:
    task = task_of(Tests(puzzle="def sat(x: int, n=3):\n    return x > n and x % 7 == 0\n"), "sol")
    said = ["14", "15", "True", "14.0", "'14'", "[14]", "None", "-7", "2 * 7"]
    attempts = [attempt_of(f"def sol(n=3):\n    return {text}\n") for text in said]
    verdicts = PuzzleJudge(cpu_seconds=1.0).judge(task, attempts, jail_of_module)
    assert [verdict.passed for verdict in verdicts] == [text in ("14", "2 * 7") for text in said]
