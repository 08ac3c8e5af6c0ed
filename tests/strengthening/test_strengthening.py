"""A wrong program that passes the tests is told from the reference, and the tests then say so."""

from random import Random

import pytest

from etude.judges.examine import Exam, examine
from etude.records import Call, TaskView, Tests
from etude.sandbox import Sandbox
from etude.strengthening import with_witnesses, witnesses
from etude.strengthening.inputs import changed, known_arguments, size
from etude.tasks import Task

REFERENCE = """
def largest(xs):
    best = None
    for x in xs:
        best = x if best is None or x > best else best
    return best
"""
WRONG = """
def largest(xs):
    best = 0
    for x in xs:
        best = x if x > best else best
    return best
"""
SAME = "def largest(xs):\n    return max(xs) if xs else None\n"
WEAK = {
    "calls": Tests(calls=(Call(args=([1, 5, 2],), expected=5), Call(args=([3],), expected=3))),
    "assertions": Tests(assertions=("assert largest([1, 5, 2]) == 5", "assert largest([3]) == 3")),
    "check": Tests(
        check="def check(candidate):\n    assert candidate([1, 5, 2]) == 5\n    assert candidate([3]) == 3\n"
    ),
}


@pytest.fixture(scope="module")
def jail():
    with Sandbox(workers=1) as sandbox:
        yield sandbox


def task(tests, reference=REFERENCE):
    view = TaskView(task_id="t", kind="instruct", prompt="The largest.", entry_point="largest")
    return Task(facts=view, hidden=tests, reference=reference)


def statuses(made, programs, jail):
    exams = [Exam(text, made.hidden, "largest") for text in programs]
    return [outcome.status for outcome in examine(exams, jail)]


@pytest.mark.parametrize("kind", WEAK)
def test_a_witness_becomes_a_hidden_test_that_the_wrong_program_fails(kind, jail):
    weak = task(WEAK[kind])
    programs = [WRONG, SAME, REFERENCE]
    assert statuses(weak, programs, jail) == ["ok", "ok", "ok"]
    found = list(witnesses(weak, programs, jail, Random(1)))
    assert [item.program for item in found] == [0]
    strong = with_witnesses(weak, found)
    assert len(known_arguments(strong)) == 3
    assert statuses(strong, programs, jail) == ["failed", "ok", "ok"]


def test_a_witness_is_small(jail):
    [found] = witnesses(task(WEAK["calls"]), [WRONG], jail, Random(2))
    assert size(found.arguments) <= size(([-1],))
    assert found.expected != 0 or found.expected is None


def test_no_test_is_made_of_what_the_reference_says_differently_each_time(jail):
    fickle = "import random\n\ndef largest(xs):\n    return random.random()\n"
    counting = "seen = []\n\ndef largest(xs):\n    seen.append(1)\n    return len(seen)\n"
    for reference in (fickle, counting):
        for inputs in (7, 8):
            assert list(witnesses(task(WEAK["calls"], reference), [WRONG], jail, Random(3), inputs=inputs)) == []


def test_no_test_is_made_of_inputs_that_the_reference_or_the_validator_refuses(jail):
    strict = "def largest(xs):\n    assert xs and min(xs) > 0\n    return max(xs)\n"
    assert list(witnesses(task(WEAK["calls"], strict), [WRONG], jail, Random(4))) == []
    valid = "def valid(xs):\n    return len(xs) > 0 and min(xs) > 0\n"
    assert list(witnesses(task(WEAK["calls"]), [WRONG], jail, Random(4), validator=valid)) == []


def test_changes_keep_the_types_and_are_the_same_for_the_same_seed():
    known = [([1, 2], "ab", 0.5, True, {"k": 3})]
    one, other = changed(known, Random(5), 60), changed(known, Random(5), 60)
    assert one == other
    assert len(one) == 60
    for given in one:
        assert [type(item) for item in given][:2] == [list, str]
        assert isinstance(given[3], bool)
