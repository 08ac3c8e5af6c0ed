"""Leaks are found however they are worded, and nothing else is called one."""

import ast
import random

import pytest

from etude import leaks
from etude.judges.examine import Exam, examine
from etude.leaks import finding
from etude.leaks.papers import papers
from etude.records import Call, Example, Tests
from etude.sandbox import Sandbox
from tests.leaks.exam_world import CANARY, EXAM, LEAKS, NEAR, PLATEAU, calls, clean, row, task


@pytest.fixture(scope="module")
def jail():
    with Sandbox(workers=1) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def search(jail):
    return leaks.Search(EXAM, jail)


def test_every_task_of_the_exam_can_be_asked_about_and_its_reference_solves_it(jail, search):
    assert [paper.task.task_id for paper in search.papers] == [item.task_id for item in EXAM]
    assert search.unusable == []
    found = list(leaks.find([item.reference for item in EXAM], EXAM, jail))
    assert [(item.place, item.exam) for item in found] == [(place, item.task_id) for place, item in enumerate(EXAM)]


def test_every_planted_leak_is_found_among_hundreds_of_clean_rows_and_no_other(search):
    planted = [(name, text) for name, texts in LEAKS.items() for text in texts]
    assert len(planted) >= 25
    rows = [row(text, f"row of {name}") for name, text in planted] + [row(text) for text in clean(400)]
    random.Random(5).shuffle(rows)
    found = list(search.leaks(rows))
    assert {(item.task_id, item.exam) for item in found} == {(f"row of {name}", name) for name in LEAKS}
    assert {rows[item.place].program for item in found} == {text for _, text in planted}
    assert search.undecided == 3  # the endless one, before the three tasks that hand over one argument


def test_what_solves_the_exam_is_named(search):
    [found] = search.leaks([LEAKS["plateau"][5]])
    assert (found.function, found.how, found.origin) == ("helper", "asked", "exam")
    [same] = search.leaks([PLATEAU.replace("longest_plateau", "other_name")])
    assert (same.function, same.how, same.likeness > 0.6) == ("other_name", "asked", True)


def test_what_is_too_slow_to_be_asked_is_judged_where_it_reads_like_the_reference(jail, monkeypatch):
    monkeypatch.setattr(finding, "QUICK", 0.02)
    monkeypatch.setattr(finding, "PATIENT", 0.02)
    slow = PLATEAU.replace("    best = run = 0", "    for _ in range(4_000_000):\n        pass\n    best = run = 0")
    [found] = leaks.find([slow.replace("longest_plateau", "other_name")], EXAM[:1], jail)
    assert (found.function, found.how) == ("other_name", "alike")


def test_what_was_undecided_is_known_for_each_program(jail):
    exams = [task(f"t{n}", calls(((n,), n + 100), ((n + 1,), n + 107)), entry_point="f") for n in range(3)]
    search = leaks.Search(exams, jail)
    endless, quick = "def f(n):\n    while True:\n        n += 1\n", "def f(n):\n    return n\n"
    assert list(search.leaks([quick, endless])) == []
    assert [search.undecided_of([text]) for text in (quick, endless)] == [0, 3]


def test_a_function_is_a_leak_though_another_one_has_the_name_of_the_exam(search):
    [found] = search.leaks([LEAKS["plateau"][6]])
    assert found.function == "real"


def test_a_program_that_is_right_on_all_hidden_tests_but_one_is_no_leak(jail):
    exam = EXAM[0]
    table = {repr(call.args[0]): call.expected for call in exam.hidden.calls}
    tables = [{key: value for key, value in table.items() if key != left} for left in table]
    almost = [f"def known(x):\n    return {own!r}.get(repr(x), -7)\n" for own in tables]
    whole = f"def known(x):\n    return {table!r}.get(repr(x), -7)\n"
    assert [item.place for item in leaks.find([*almost, whole], [exam], jail)] == [len(almost)]


def test_a_row_of_text_is_run_as_the_text_that_it_teaches(search):
    text = "def sat(parts):\n    return True\n\n" + LEAKS["parts"][0] + "\n\nassert sat(sol()) is True"
    taught = Example(prompt=text[:9], target=text[9:], program="def sat(x): pass", task_id="p", kind="text")
    assert [item.exam for item in search.leaks([taught])] == ["parts"]


def test_methods_and_functions_that_are_handed_out_are_asked_as_well(search):
    method = "class Solution:\n" + "".join(f"    {line}\n" for line in LEAKS["digits"][0].splitlines())
    made = "def make():\n" + "".join(f"    {line}\n" for line in LEAKS["digits"][0].splitlines()) + "    return g\n"
    programs = [method.replace("def g(m)", "def g(self, m)"), made]
    assert [(item.place, item.function) for item in search.leaks(programs)] == [(0, "Solution().g"), (1, "make()")]


def test_a_script_that_waits_for_input_is_asked_by_its_functions(search):
    program = LEAKS["digits"][1] + "\nprint(gap(int(input())))\n"
    assert [item.exam for item in search.leaks([program])] == ["digits"]


def test_a_program_whose_answers_depend_on_earlier_calls_is_asked_each_question_afresh(jail):
    exam = [task(f"t{n}", calls(*(((x,), x * n + 1) for x in range(1, 9))), entry_point="f") for n in range(1, 6)]
    spoilt = "seen = []\n\ndef h(x):\n    seen.append(x)\n    return x * 4 + 1 if len(seen) < 9 else None\n"
    assert [item.exam for item in leaks.find([spoilt], exam, jail)] == ["t4"]


def test_a_slow_leak_is_given_more_time(jail):
    exam = task("slow", calls((([3, 4],), 7), (([50],), 50), (([8, 1, 1],), 10)), entry_point="f")
    slow = "def total(xs):\n    for _ in range(6_000_000):\n        pass\n    return sum(xs)\n"
    assert [item.exam for item in leaks.find([slow], [exam], jail)] == ["slow"]


def test_a_search_for_the_answer_of_a_puzzle_may_take_its_time(search):
    slow = "def sol():\n    for n in range(9_000_000):\n        pass\n    return [20, 30, 40, 47]\n"
    assert [item.exam for item in search.leaks([slow])] == ["parts"]


def test_endless_programs_cost_little_and_are_counted_where_nothing_is_known(jail):
    exams = [task(f"t{n}", calls(((n,), n + 100), ((n + 1,), n + 107)), entry_point="f") for n in range(12)]
    search = leaks.Search(exams, jail)
    assert list(search.leaks(["def f(n):\n    while True:\n        n += 1\n"])) == []
    assert search.undecided == len(exams)


def test_arguments_by_name_must_be_known_to_a_function(jail):
    exam = task("named", Tests(calls=(Call(args=(2,), kwargs={"power": 5}, expected=32),)), entry_point="f")
    programs = [
        "def g(x, power):\n    return x ** power\n",
        "def g(x, n):\n    return x ** n\n",
        "def g(x, **k):\n    return x ** k['power']\n",
    ]
    assert [item.place for item in leaks.find(programs, [exam], jail)] == [0, 2]


def test_a_task_whose_tests_do_not_hold_is_named_and_not_asked(jail):
    broken = task("broken", Tests(assertions=("assert 1 == 2",)), entry_point="f")
    nothing = task("nothing", Tests(), entry_point="f")
    search = leaks.Search([broken, nothing, EXAM[0]], jail)
    assert [item.task_id for item in search.unusable] == ["broken", "nothing"]


def test_what_is_found_holds_nothing_of_a_hidden_test(search):
    found = list(search.leaks([text for texts in LEAKS.values() for text in texts]))
    assert found
    assert str(CANARY) not in repr(found)


def test_no_near_miss_passes_the_hidden_tests_it_is_near_to(jail):
    """The clean rows are clean: what each function says of each task's tests, asked one by one."""
    made, _ = papers(EXAM, jail)
    for text in NEAR:
        names = (
            [node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)] if _parses(text) else []
        )
        exams = [
            Exam(f"{text}\n{paper.entry_point} = {name}\n", paper.tests, paper.entry_point)
            for paper in made
            if paper.tests.kind != "stdio"
            for name in names
            if name != "endless"
        ]
        assert all(outcome.status != "ok" for outcome in examine(exams, jail))


def _parses(text):
    try:
        return bool(ast.parse(text))
    except SyntaxError:
        return False
