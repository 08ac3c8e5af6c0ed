"""Feedback on wrong programs that real models wrote, read line by line: it names what was read, and nothing hidden.

Fifty were read by hand; the ones below are those of them whose first feedback did not say what a reader would. The
sample of the published files is read where the benchmark data lie.
"""

import gzip
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from etude.judges.examine import Exam, examine
from etude.records import Limits, Tests
from etude.sandbox import Sandbox
from etude.solvers.feedback import feedback

FILES = ("model_seeds/humaneval_seeds.jsonl.gz", "model_seeds/mbpp_seeds.jsonl.gz")
LIMITS = Limits(cpu_seconds=2.0)


@pytest.fixture(scope="module")
def jail():
    with Sandbox(workers=1) as sandbox:
        yield sandbox


def wrong_programs(files: list[Path], most: int) -> list[Exam]:
    """About `most` programs recorded as wrong, with the tests that their prompts show."""
    rows = []
    for file in files:
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            rows += [json.loads(line) for line in lines]
    wrong = [row for row in rows if not row["is_solved"] and row["given_tests"]]
    chosen = wrong[:: len(wrong) // most]
    return [Exam(r["solution"], Tests(assertions=tuple(r["given_tests"])), r["entry_point"], LIMITS) for r in chosen]


def test_wrong_programs_of_real_models_get_feedback_of_a_few_plain_lines(jail, data: Callable[[str], Path]):
    exams = wrong_programs([data(name) for name in FILES], 50)
    assert len(exams) >= 50
    kinds: Counter[str] = Counter()
    for exam, outcome in zip(exams, examine(exams, jail), strict=True):
        kinds[outcome.status] += 1
        said = feedback(outcome, "full")
        assert bool(said) is (outcome.status not in ("ok", "unavailable"))
        if said:
            first, *more = said.splitlines()
            assert 5 < len(first) < 900
            assert len(more) <= 14
            called = set(re.findall(r"\w+\(", " ".join(exam.tests.assertions)))
            assert first.startswith(("the program ", "an assertion ")) or any(name in first for name in called)
    assert kinds["failed"] > kinds["error"] > 0


CASES = [
    (  # MBPP 337: blanks in a string are what the test is about
        "def text_match_word(text):\n    return 'Found a match!' if text[-1:] == '.' else ''\n",
        "assert text_match_word('  lang  .')==('Not matched!')",
        "text_match_word('  lang  .') returned 'Found a match!', expected 'Not matched!'",
    ),
    (  # MBPP 75: a list where its text is wanted
        "def find_tuples(rows, K):\n    return [row for row in rows if all(n % K == 0 for n in row)]\n",
        "assert find_tuples([(6, 24, 12), (7, 9, 6)], 6) == '[(6, 24, 12)]'",
        "the answer is of type list, expected is str",
    ),
    (  # MBPP 276: another pi
        "import math\ndef volume_cylinder(r, h):\n    return math.pi * r**2 * h\n",
        "assert volume_cylinder(10,5)==1570.7500000000002",
        "close, but off by 0.046",
    ),
    (  # MBPP 376: the first of each stays
        "def remove_replica(t):\n    return tuple(x if t.count(x) == 1 else 'MSP' for x in t)\n",
        "assert remove_replica((1, 1, 4, 4, 4, 5, 5, 6, 7, 7)) == (1, 'MSP', 4, 'MSP', 'MSP', 5, 'MSP', 6, 7, 'MSP')",
        "first different at index 0: 'MSP' and not 1",
    ),
    (  # MBPP 87: which dictionary wins
        "def merge(a, b, c):\n    return {**a, **b, **c}\n",
        "assert merge({'R': 'Red', 'B': 'Black'}, {'G': 'Green', 'W': 'White'}, {'B': 'Blue'}) == "
        "{'R': 'Red', 'B': 'Black', 'G': 'Green', 'W': 'White'}",
        "different at key 'B': 'Blue' and not 'Black'",
    ),
    (  # HumanEval 100: which call never ends
        "def make_a_pile(n):\n    rows = []\n    while n > 0:\n        n = n // 2 if n % 2 == 0 else n // 2 + 1\n",
        "assert make_a_pile(3) == [3, 5, 7]",
        "make_a_pile(3) got no answer: the program takes too long",
    ),
    (  # MBPP 348: the fence that was not cut off
        "def find_ways(n):\n    return n\n```\n",
        "assert find_ways(4) == 2",
        "the program is not Python: SyntaxError: invalid syntax\nline 3: ```",
    ),
    (  # HumanEval 131: the program's own test stops it
        "def digits(n):\n    return 0\nassert digits(1) == 1\n",
        "assert digits(1) == 1",
        "an assertion in the program itself does not hold\nline 3, in <module>: assert digits(1) == 1",
    ),
    (  # MBPP 252
        "def convert(z):\n    return (abs(z), math.atan2(z.imag, z.real))\n",
        "assert convert(1) == (1.0, 0.0)",
        "convert(1) raised NameError: name 'math' is not defined\nmath is not imported",
    ),
    (  # MBPP 70: another name than the tests'
        "def are_equal(rows, k):\n    return 'All tuples have same length'\n",
        "assert get_equal([(11, 22, 33)], 3) == 'All tuples have same length'",
        "the program does not define get_equal",
    ),
]


@pytest.mark.parametrize(("program", "test", "named"), CASES, ids=[test[7:30] for _, test, _ in CASES])
def test_what_a_reader_would_say_is_said(jail, program, test, named):
    entry_point = test[len("assert ") :].partition("(")[0]
    [outcome] = examine([Exam(program, Tests(assertions=(test,)), entry_point, LIMITS)], jail)
    assert named in feedback(outcome, "full")
