"""Programs of real models, recorded right or wrong by others: our verdicts agree, or the record is shown to be wrong.

Of 492 programs on HumanEval 486 verdicts agree, of 1,000 on MBPP 985. Each of the 21 others is here with its reason,
and the reason is held by a run. The data is not in this repository; rows are named by task and model.
"""

from functools import cache

import pytest

from etude.judges.auto import Auto
from etude.records import outside_attempt
from etude.sandbox import Sandbox
from etude.sources.task_set import open_task_set
from tests.model_seeds import recorded

pytestmark = pytest.mark.data

IMPORTS = "import math, re, string, itertools, collections\nfrom typing import *\n"
"""What the recording harness put before every program, and the programs themselves lack."""
UNIMPORTED = {
    "humaneval": ("7 gpt", "106 starcoder", "133 starcoder"),
    "mbpp": ("210 gpt", "214 gpt", "244 gpt", "293 gpt", "319 gpt", "359 gpt", "403 gpt", "451 gpt", "482 gpt",
             "495 gpt"),
}  # fmt: skip
"""Recorded right, and right only with imports that the program does not make: run as it stands it ends by NameError."""
PASSING = {"humaneval": ("38 gpt", "50 gpt"), "mbpp": ("56 codellama", "133 gpt", "448 gpt")}
"""Recorded wrong, and right. HumanEval 38 and 50: the tests call a function of the prompt that the program leaves out,
which the recording harness did not supply. MBPP 56: the function is called `check`, as the harness called its own.
MBPP 133 and 448 pass the very tests that are recorded beside them."""
FAILING = {"humaneval": ("10 gpt",), "mbpp": ("338 gpt", "436 codellama")}
"""Recorded right, and wrong. HumanEval 10: it fails an example of its own prompt, which the record did not run.
MBPP 338: the function has another name than the one that the tests call. MBPP 436: it fails the published assertion,
which is malformed (`== -1,-6`); the record ran a mended one."""
EVERY = {"humaneval": 20, "mbpp": 40}
"""Of the other rows, one in so many is judged here."""


@pytest.fixture(scope="module")
def jail():
    with Sandbox(workers=1) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def seeds(data):
    @cache
    def load(name):
        tasks = {task.task_id.lower(): task for task in open_task_set(f"{name}:{data(name)}", reading="look")}
        return tasks, recorded(data(f"model_seeds/{name}_seeds.jsonl.gz"))

    return load


def verdict(task, program, jail):
    attempt = outside_attempt(task.task_id, program, "seeds")
    return Auto(cpu_seconds=3).judge(task, [attempt], jail)[0]


def judged(seeds, jail, name, key, before=""):
    tasks, rows = seeds(name)
    return rows[key], verdict(tasks[rows[key]["task_id"].lower()], before + rows[key]["solution"], jail)


@pytest.mark.parametrize("name", EVERY)
def test_a_sample_of_the_other_verdicts_agrees_with_the_record(name, seeds, jail):
    _, rows = seeds(name)
    apart = {*UNIMPORTED[name], *PASSING[name], *FAILING[name]}
    chosen = [key for key in rows if key not in apart][:: EVERY[name]]
    found = {key: judged(seeds, jail, name, key) for key in chosen}
    assert {key for key, (row, given) in found.items() if given.passed is not row["is_solved"]} == set()
    assert {row["is_solved"] for row, _ in found.values()} == {True, False}


@pytest.mark.whole
@pytest.mark.parametrize("name", EVERY)
def test_all_verdicts_but_those_named_agree_with_the_record(name, seeds, jail):
    _, rows = seeds(name)
    wrong = {key for key, row in rows.items() if judged(seeds, jail, name, key)[1].passed is not row["is_solved"]}
    assert wrong == {*UNIMPORTED[name], *PASSING[name], *FAILING[name]}


@pytest.mark.parametrize("name", EVERY)
def test_programs_recorded_right_that_lack_an_import_are_right_with_it(name, seeds, jail):
    for key in UNIMPORTED[name]:
        row, alone = judged(seeds, jail, name, key)
        _, helped = judged(seeds, jail, name, key, IMPORTS)
        assert row["is_solved"] is True
        assert (alone.passed, alone.status) == (False, "error"), key
        assert "NameError" in alone.reason
        assert helped.passed is True, key


@pytest.mark.parametrize("name", EVERY)
def test_programs_recorded_wrong_that_are_right(name, seeds, jail):
    for key in PASSING[name]:
        row, given = judged(seeds, jail, name, key)
        assert (row["is_solved"], given.passed) == (False, True), key


@pytest.mark.parametrize("name", EVERY)
def test_programs_recorded_right_that_are_wrong(name, seeds, jail):
    for key in FAILING[name]:
        row, given = judged(seeds, jail, name, key, IMPORTS)
        assert (row["is_solved"], given.passed) == (True, False), key


def test_why_those_are_wrong(seeds, jail):
    from etude.judges.malformed import malformed
    from etude.records import Job

    tasks, rows = seeds("mbpp")
    assert malformed(tasks["mbpp/436"].hidden), "the published test of MBPP 436"
    asks = ("'count_Substring_With_Equal_Ends' in globals()", "'check_Equality' in globals()")
    [run] = jail.run([Job(source=rows["338 gpt"]["solution"], asks=asks)])
    assert [answer.value for answer in run.answers] == [False, True]
    ten = seeds("humaneval")[1]["10 gpt"]["solution"]
    [run] = jail.run([Job(source=ten, asks=("make_palindrome('cata')",))])
    assert run.answers[0].value == "catatac", "the prompt says catac"
