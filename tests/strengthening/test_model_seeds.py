"""Programs of real models that are recorded right, pass every test, and are wrong: each with its witness.

Every witness was found by `witnesses` without a validator, and looked at by hand: what the prompt says decides, not
the reference. The data is not in this repository; rows are named by task and model, and witnesses are small inputs.
"""

from functools import cache
from random import Random
from typing import NamedTuple

import pytest

from etude.records import Job
from etude.sandbox import Sandbox
from etude.sources.task_set import open_task_set
from etude.strengthening import Witness, with_witnesses, witnesses
from etude.strengthening.domain import domain_of
from etude.strengthening.inputs import known_arguments
from etude.strengthening.strengthen import passing
from tests.model_seeds import recorded

pytestmark = pytest.mark.data


class Wrong(NamedTuple):
    """A program recorded right that is wrong on `given`, and why."""

    place: str
    row: str
    given: tuple
    said: object
    right: object
    why: str


CASES = [
    Wrong("humaneval", "0 codellama", ([1.0, 2.0, 3.0], 1.0), True, False,
         "none of the numbers are closer than 1.0: `<=` for `<`"),
    Wrong("humaneval", "76 starcoder", (4, 1), True, False,
         "no power of 1 is 4; the prompt itself says false of (3, 1)"),
    Wrong("humaneval", "114 codellama", ([-1, 2, -3],), -2, -3, "the sub-array [-3] has the sum -3"),
    Wrong("humaneval", "118 gpt", ("tAy",), "a", "A", "the vowel of the word is A, and the prompt says case sensitive"),
    Wrong("mbpp", "11 codellama", ("PPHP", "P"), "HP", "PH", "the last P stands behind H; the first two are removed"),
    Wrong("mbpp", "68 codellama", ([2, 2, 3],), False, True, "it never falls: a first pair that is equal decides"),
    Wrong("mbpp", "131 codellama", ("UAU",), "AUU", "UAU", "its vowels backwards are U, A, U"),
    Wrong("mbpp", "397 codellama", (19, 19, 30), 30, 19, "the middle one of 19, 19, 30 is 19"),
    Wrong("mbpp", "415 codellama", ([0, 0, 0],), "UnboundLocalError", (0, 0), "there is a pair; no product is above 0"),
    Wrong("mbpp", "472 gpt", ([2, 4, 4],), True, False, "3 is missing: only the ends and the length are looked at"),
    Wrong("mbpp", "482 codellama", ("skeeG",), "Yes", "No", "no lower case letter follows G: `*` for `+`"),
    Wrong("mbpp", "92 codellama", ("129",), True, False, "its digits only rise, and never fall"),
    Wrong("mbpp", "283 codellama", (322,), False, True, "3 once and 2 twice: none stands more often than itself"),
    Wrong("mbpp", "357 codellama", ([(2, 4), (7, 6), (5, 1), (6, 5), (8, 7)],), 7, 8, "8 is the greatest number"),
    Wrong("mbpp", "375 gpt", (224, 9), 216, 225, "225 is nearer to 224 than 216 is: it rounds down, always"),
    Wrong("mbpp", "375 codellama", (224, 9), 216, 225, "the same"),
]  # fmt: skip
SEARCHED = ("76 starcoder", "114 codellama", "68 codellama", "131 codellama", "397 codellama", "472 gpt")
"""These are searched for again here, to save time; the others are only shown."""


DEFECTS = {
    "66": (([1, 0, 3, 0],), 4, 2),
    "104": (((["ab", "aa"],),), [["ab", "aa"]], [["aa", "ab"]]),
    "126": ((5, 15), 1, 6),
    "184": (([10, 10, 10], 10), True, False),
    "329": (([0, 0, 0],), 3, 0),
    "347": ((4, 2), 10, 11),
    "412": (([1, 3, 3],), [3], []),
    "463": (([0, 0],), 1, 0),
    "510": (([1, 2, 3, 5], 10), 11, 9),
}
"""MBPP tasks whose reference is the wrong one, as witnesses showed: the input, what it says, what the prompt says.

66 counts zeros as positive, 329 as negative; 104 sorts by first letters only; 126 forgets the smaller number among the
common divisors; 184 takes equal for greater; 347 swaps the sides into the wrong order; 412 removes from the list that
it walks through; 463 answers 1 where every product is 0; 510 takes "less than k" for "at most k"."""


@pytest.fixture(scope="module")
def jail():
    with Sandbox(workers=1) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def tasks(data):
    @cache
    def load(name):
        opened = open_task_set(f"{name}:{data(name)}", reading="look")
        return {task.task_id.split("/")[1]: task for task in opened}

    return load


@pytest.fixture(scope="module")
def seeds(data, tasks):
    @cache
    def load(name):
        return recorded(data(f"model_seeds/{name}_seeds.jsonl.gz"))

    return lambda case: (tasks(case.place)[case.row.split()[0]], load(case.place)[case.row])


def answer(program, entry_point, given, jail):
    [run] = jail.run([Job(source=program, asks=(f"{entry_point}({', '.join(map(repr, given))})",))])
    [said] = run.answers
    return said.fault.type if said.fault else said.value


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.place} {case.row}")
def test_a_program_recorded_right_is_wrong_and_its_witness_becomes_a_test(case, seeds, jail):
    task, row = seeds(case)
    assert row["is_solved"] is True
    assert passing(task, [row["solution"]], jail) == [True], "it passes every test, shown and hidden"
    assert answer(row["solution"], task.facts.entry_point, case.given, jail) == case.said
    assert answer(task.reference, task.facts.entry_point, case.given, jail) == case.right
    assert domain_of(known_arguments(task)).holds(case.given), "an input such as the tests use"
    witness = Witness(task_id=task.task_id, program=0, arguments=case.given, expected=case.right, said="")
    strong = with_witnesses(task, [witness])
    assert passing(strong, [task.reference, row["solution"]], jail) == [True, False]


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.row in SEARCHED], ids=lambda case: f"{case.place} {case.row}"
)
def test_the_search_finds_it_by_itself(case, seeds, jail):
    task, row = seeds(case)
    search = {"inputs": 120, "generators": ("type", "change")}
    [found] = witnesses(task, [row["solution"], task.reference], jail, Random(0), **search)
    assert found.program == 0, "the reference is no witness against itself"
    assert passing(with_witnesses(task, [found]), [task.reference, row["solution"]], jail) == [True, False]


@pytest.mark.parametrize("number", DEFECTS)
def test_a_witness_may_show_that_the_reference_is_wrong(number, tasks, jail):
    given, said, right = DEFECTS[number]
    task = tasks("mbpp")[number]
    assert passing(task, [task.reference], jail) == [True], "its own tests do not notice"
    assert answer(task.reference, task.facts.entry_point, given, jail) == said
    assert said != right
