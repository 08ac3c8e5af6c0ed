"""Proposed counterexamples: good ones are taken and become tests, bad ones are refused with the right reason."""

import pytest

from etude.records import Exchange, TaskView, Tests
from etude.sandbox import Sandbox
from etude.strengthening import refute
from etude.strengthening.refuting import searched, with_exchange, words
from etude.strengthening.strengthen import passing
from etude.tasks import Task

READ = "n, *xs = map(int, open(0).read().split())\n"
VALIDATOR = """
import sys
text = sys.stdin.read().split()
n, xs = int(text[0]), list(map(int, text[1:]))
assert 0 <= n <= 1000 and len(xs) == n and all(-10**9 <= x <= 10**9 for x in xs)
"""
ITEMS = {
    "empty": (f"{READ}print(max(xs) if xs else 0)", f"{READ}print(max(xs))", "0\n"),
    "duplicates": (f"{READ}print(len(xs) - len(set(xs)))", f"{READ}print(0 if n < 5 else 1)", "3\n4 4 4\n"),
    "overflow": (
        f"{READ}print(sum(x * x for x in xs))",
        f"{READ}print(sum(x * x for x in xs) % (1 << 32))",
        "1\n1000000000\n",
    ),
    "off by one at most": (
        f"{READ}print(sum(xs))", f"{READ}print(sum(xs[:999]))", "1000\n" + " ".join(["1"] * 1000) + "\n",
    ),
    "too slow": (
        f"{READ}print(len(set(xs)))",
        f"{READ}while n > 500:\n    xs.sort()\nprint(len(set(xs)))",
        "1000\n" + " ".join(map(str, range(1000))) + "\n",
    ),
}  # fmt: skip
PUBLIC = {"empty": "2\n1 2\n", "duplicates": "3\n1 2 3\n", "overflow": "2\n1 2\n", "off by one at most": "2\n1 2\n",
          "too slow": "2\n1 2\n"}  # fmt: skip


@pytest.fixture(scope="module")
def jail():
    with Sandbox(workers=1) as sandbox:
        yield sandbox


def script(name, jail, reference=""):
    """A task of scripts whose one test the wrong program passes."""
    from etude.records import Job

    text = reference or ITEMS[name][0]
    [run] = jail.run([Job(source=ITEMS[name][0], stdin=PUBLIC[name])])
    view = TaskView(task_id=name, kind="instruct", prompt="Read numbers.")
    return Task(facts=view, hidden=Tests(stdio=(Exchange(stdin=PUBLIC[name], stdout=run.stdout),)), reference=text)


@pytest.mark.parametrize("name", ITEMS)
def test_a_good_counterexample_is_taken_and_the_program_is_then_judged_wrong(name, jail):
    task, (_, wrong, text) = script(name, jail), ITEMS[name]
    assert passing(task, [wrong], jail) == [True], "it was a lucky pass"
    found = refute(task, wrong, (text,), jail, VALIDATOR)
    assert found.ruling == "refuted"
    assert not found.flaky
    if name == "too slow":
        assert found.said == "no answer (timeout)"
        return
    strong = with_exchange(task, (text,), found)
    assert passing(strong, [task.reference, wrong], jail) == [True, False]


@pytest.mark.parametrize("text", ["2\n1\n", "-1\n", "1\n9999999999\n", "hello", ""])
def test_an_input_that_the_validator_refuses_refutes_nobody(text, jail):
    assert refute(script("empty", jail), ITEMS["empty"][1], (text,), jail, VALIDATOR).ruling == "invalid input"


def test_the_validator_is_what_refuses_it(jail):
    task = script("duplicates", jail)
    assert refute(task, ITEMS["duplicates"][1], ("2\n5 5 5\n",), jail, VALIDATOR).ruling == "invalid input"
    assert refute(task, ITEMS["duplicates"][1], ("2\n5 5 5\n",), jail).ruling == "refuted"


def test_an_input_on_which_both_fail_refutes_nobody(jail):
    task = script("overflow", jail)
    assert refute(task, ITEMS["overflow"][1], ("1\nx\n",), jail).ruling == "no answer of the reference"


def test_white_space_and_the_case_of_yes_refute_nobody(jail):
    assert words("YES\n no \n") == words("yes No")
    assert words("Yes 1") != words("yes 1")
    view = TaskView(task_id="t", kind="instruct", prompt="Say yes.")
    task = Task(
        facts=view, hidden=Tests(stdio=(Exchange(stdin="1\n", stdout="YES\n"),)), reference="input()\nprint('YES')"
    )
    same = "print('YES' if input() == '1' else '  yes  \\n\\n')"
    assert refute(task, same, ("2\n",), jail).ruling == "same answer"
    assert refute(task, same.replace("yes", "no"), ("2\n",), jail).ruling == "refuted"


def test_a_wrong_reference_puts_the_task_aside(jail):
    planted = script("empty", jail, reference=f"{READ}print(min(xs) if xs else 0)")
    assert refute(planted, ITEMS["empty"][0], ("2\n7 9\n",), jail, VALIDATOR).ruling == "quarantined"


def test_a_program_that_is_wrong_in_some_runs_is_marked(jail):
    task = script("overflow", jail)
    lucky = f"import os\n{READ}print(sum(x * x for x in xs) + (os.urandom(1)[0] % 2) * (n > 2))"
    rulings = [refute(task, lucky, ("3\n1 2 3\n",), jail, VALIDATOR) for _ in range(4)]
    assert any(item.ruling == "refuted" and item.flaky for item in rulings)


def test_random_search_finds_the_duplicates(jail):
    generator = (
        "import random\n"
        "chance = random.Random(int(input()))\n"
        "row = [chance.randint(1, 6) for _ in range(chance.randint(0, 6))]\n"
        "print(len(row))\nprint(*row)\n"
    )
    task = script("duplicates", jail)
    found = searched(task, ITEMS["duplicates"][1], generator, jail, VALIDATOR)
    assert found is not None
    (text,), ruling = found
    assert ruling.ruling == "refuted"
    assert len(text.split()[1:]) > len(set(text.split()[1:]))
    assert searched(task, task.reference, generator, jail, VALIDATOR, tries=8) is None


def test_functions_are_ruled_on_by_the_same_words(jail):
    view = TaskView(task_id="t", kind="instruct", prompt="The largest.", entry_point="largest")
    reference = "def largest(xs):\n    return max(xs)\n"
    task = Task(facts=view, hidden=Tests(assertions=("assert largest([1, 2]) == 2",)), reference=reference)
    wrong = "def largest(xs):\n    return max([0, *xs])\n"
    contract = "def contract(xs):\n    assert xs and all(type(x) is int for x in xs)\n"
    for given, validator, ruling in (
        (([-1],), contract, "refuted"),
        (([5],), contract, "same answer"),
        (([-1.5],), contract, "invalid input"),
        (([],), "", "no answer of the reference"),
    ):
        assert refute(task, wrong, given, jail, validator).ruling == ruling, given
