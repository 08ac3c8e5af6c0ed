"""A wrong program that passes the tests is told from the reference, and the tests then say so."""

from random import Random

import pytest

from etude.errors import InputError
from etude.judges.examine import Exam, examine
from etude.records import Call, TaskView, Tests
from etude.sandbox import Sandbox
from etude.strengthening import Witness, with_witnesses, witnesses
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
ANY = "def valid(*given):\n    return True\n"
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
    found = list(witnesses(weak, programs, jail, Random(1), validator=ANY))
    assert [item.program for item in found] == [0]
    strong = with_witnesses(weak, found)
    assert len(known_arguments(strong)) == 3
    assert statuses(strong, programs, jail) == ["failed", "ok", "ok"]


@pytest.mark.parametrize("kind", WEAK)
def test_a_task_whose_tests_are_all_shown_gets_hidden_ones(kind, jail):
    view = TaskView(task_id="t", kind="instruct", prompt="The largest.", entry_point="largest", shown=WEAK[kind])
    weak = Task(facts=view, hidden=Tests(), reference=REFERENCE)
    found = Witness(task_id="t", program=0, arguments=([-1],), expected=-1, said="0")
    strong = with_witnesses(weak, [found])
    assert strong.facts == view
    assert statuses(strong, [WRONG, SAME, REFERENCE], jail) == ["failed", "ok", "ok"]


def test_a_witness_is_small(jail):
    [found] = witnesses(task(WEAK["calls"]), [WRONG], jail, Random(2), validator=ANY)
    assert size(found.arguments) <= size(([-1],))
    assert found.expected != 0 or found.expected is None


def test_no_test_is_made_of_what_the_reference_says_differently_each_time(jail):
    fickle = "import random\n\ndef largest(xs):\n    return random.random()\n"
    counting = "seen = []\n\ndef largest(xs):\n    seen.append(1)\n    return len(seen)\n"
    for reference in (fickle, counting):
        for inputs in (7, 8):
            assert (
                list(witnesses(task(WEAK["calls"], reference), [WRONG], jail, Random(3), inputs=inputs, validator=ANY))
                == []
            )


def test_no_test_is_made_of_inputs_that_the_reference_or_the_validator_refuses(jail):
    strict = "def largest(xs):\n    assert xs and min(xs) > 0\n    return max(xs)\n"
    assert list(witnesses(task(WEAK["calls"], strict), [WRONG], jail, Random(4), validator=ANY)) == []
    valid = "def valid(xs):\n    return len(xs) > 0 and min(xs) > 0\n"
    assert list(witnesses(task(WEAK["calls"]), [WRONG], jail, Random(4), validator=valid)) == []
    contract = "def contract(xs):\n    assert xs\n    assert all(x > 0 for x in xs), 'only positive ones'\n"
    assert list(witnesses(task(WEAK["calls"]), [WRONG], jail, Random(4), validator=contract)) == []
    loose = "def contract(xs):\n    assert xs\n"
    [found] = witnesses(task(WEAK["calls"]), [WRONG], jail, Random(4), validator=loose)
    assert found.arguments[0], "the empty list was refused"
    assert max(found.arguments[0]) < 0


def test_without_a_validator_no_witness_leaves_what_the_tests_show(jail):
    assert list(witnesses(task(WEAK["calls"]), [WRONG], jail, Random(4))) == [], "the tests show no negative number"
    shown = Tests(calls=(Call(args=([1, 5, 2],), expected=5), Call(args=([-3, 2],), expected=2)))
    [found] = witnesses(task(shown), [WRONG], jail, Random(4))
    assert all(-3 <= item <= 5 for item in found.arguments[0])
    assert 2 <= len(found.arguments[0]) <= 3


def test_a_validator_without_its_functions_is_refused(jail):
    with pytest.raises(InputError, match="neither of its functions"):
        list(witnesses(task(WEAK["calls"]), [WRONG], jail, Random(4), validator="def is_valid(xs): return True"))


SOME = "def valid(xs):\n    return len(set(xs)) > 1\n"


def test_what_hangs_on_the_order_of_a_set_is_no_test(jail):
    letters = Tests(calls=(Call(args=("a",), expected="a"), Call(args=("bb",), expected="b")))
    ordered = "def largest(xs):\n    return ''.join(sorted(set(xs)))\n"
    for fickle in ("''.join({x for x in xs})", "''.join(set(xs))", "''.join(list({*xs}))", "set(xs).pop()"):
        loose = f"def largest(xs):\n    return {fickle}\n"
        found = list(
            witnesses(task(letters, loose), ["def largest(xs): return xs[0]"], jail, Random(5), validator=SOME)
        )
        assert found == [], fickle
    found = list(witnesses(task(letters, ordered), ["def largest(xs): return xs[0]"], jail, Random(5), validator=ANY))
    assert found, "a reference that sorts its set is steady"


def test_a_program_that_never_ends_on_an_input_is_refuted(jail):
    stuck = "def largest(xs):\n    while len(xs) > 3:\n        pass\n    return max(xs) if xs else None\n"
    [found] = witnesses(task(WEAK["calls"]), [stuck], jail, Random(6), validator=ANY, inputs=20)
    assert found.said == "no answer (timeout)"
    assert len(found.arguments[0]) >= 4


def test_a_program_that_is_wrong_by_chance_is_marked(jail):
    lucky = "import os\n\ndef largest(xs):\n    return max(xs) if os.urandom(1)[0] < 128 else -1\n"
    shown = Tests(calls=(Call(args=([1, 5, 2],), expected=5), Call(args=([3],), expected=3)))
    found = [list(witnesses(task(shown), [lucky], jail, Random(seed), inputs=20)) for seed in range(3)]
    assert any(item.flaky for own in found for item in own)


def test_answers_that_differ_by_rounding_refute_nobody(jail):
    shown = Tests(calls=(Call(args=([0.5, 1.5],), expected=[1.0]), Call(args=([0.1, 0.3, 0.7],), expected=[1.1])))
    one = "def largest(xs):\n    return [sum(xs)]\n"
    other = "def largest(xs):\n    total = 0.0\n    for x in xs[::-1]:\n        total += x\n    return [total]\n"
    assert list(witnesses(task(shown, one), [other], jail, Random(7), validator=ANY)) == []
    wrong = "def largest(xs):\n    return [sum(xs) + 0.01 * (len(xs) > 3)]\n"
    [found] = witnesses(task(Tests(assertions=("assert largest([0.5, 1.5]) == [2.0]",)), one), [wrong], jail,
                        Random(7), validator=ANY)  # fmt: skip
    strong = with_witnesses(task(Tests(assertions=("assert largest([0.5, 1.5]) == [2.0]",)), one), [found])
    assert statuses(strong, [wrong, one, other], jail) == ["failed", "ok", "ok"]


def test_changes_keep_the_types_and_are_the_same_for_the_same_seed():
    known = [([1, 2], "ab", 0.5, True, {"k": 3})]
    one, other = changed(known, Random(5), 60), changed(known, Random(5), 60)
    assert one == other
    assert len(one) == 60
    for given in one:
        assert [type(item) for item in given][:2] == [list, str]
        assert isinstance(given[3], bool)
