import json

import pyarrow
import pyarrow.parquet
import pytest

from etude.errors import InputError
from etude.records import Call, Exchange, Tests
from etude.sources.jsonl import SPLITS, Jsonl, check_lines

GOOD = {"task_id": "a", "prompt": "Add two numbers.", "entry_point": "add", "assertions": ["assert add(1, 2) == 3"]}


def written(path, *lines):
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


def only(tmp_path, **changes):
    row = {name: value for name, value in {**GOOD, **changes}.items() if value is not ...}
    (task,) = Jsonl(path=str(written(tmp_path / "a.jsonl", row))).propose(None)
    return task


def reasons(tmp_path, line):
    tasks, problems = check_lines(written(tmp_path / "a.jsonl", line))
    assert not tasks
    return [problem.reason for problem in problems]


def changed(**changes):
    return {name: value for name, value in {**GOOD, **changes}.items() if value is not ...}


def test_a_task_with_every_field(tmp_path):
    task = only(
        tmp_path,
        language="python",
        reference="def add(a, b):\n    return a + b\n",
        difficulty="easy",
        licence="CC0",
        assertions=["assert add(1, 2) == 3", "assert add(0, 0) == 0", "assert add(-1, 1) == 0"],
        shown=[2, 0],
    )
    assert task.facts.kind == "instruct"
    assert task.facts.shown == Tests(assertions=("assert add(1, 2) == 3", "assert add(-1, 1) == 0"))
    assert task.hidden == Tests(assertions=("assert add(0, 0) == 0",))
    assert (task.facts.difficulty, task.licence, task.origin) == ("easy", "CC0", "jsonl")


def test_nothing_is_shown_unless_it_is_asked_for(tmp_path):
    task = only(tmp_path)
    assert task.facts.shown == Tests()
    assert len(task.hidden) == 1


def test_calls_and_exchanges_become_records(tmp_path):
    calls = [{"args": [1, [2]], "kwargs": {"base": 10}, "expected": {"x": None}}, {"expected": 3}]
    task = only(tmp_path, assertions=..., calls=calls, shown=[1])
    assert task.hidden.calls == (Call(args=(1, [2]), kwargs={"base": 10}, expected={"x": None}),)
    assert task.facts.shown.calls == (Call(expected=3),)
    task = only(tmp_path, assertions=..., entry_point=..., stdio=[{"stdin": "1\n", "stdout": "2\n"}])
    assert task.hidden.stdio == (Exchange(stdin="1\n", stdout="2\n"),)
    assert task.facts.entry_point == ""


def test_a_check_is_hidden_unless_it_is_shown(tmp_path):
    check = "def check(candidate):\n    assert candidate(1, 2) == 3\n"
    task = only(tmp_path, assertions=..., check=check)
    assert (task.hidden.check, task.facts.shown) == (check, Tests())
    task = only(tmp_path, assertions=..., check=check, shown=[0])
    assert (task.hidden, task.facts.shown.check) == (Tests(), check)


def test_a_puzzle_defines_sol_and_is_shown_where_the_prompt_holds_it(tmp_path):
    sat = "def sat(x: int):\n    return x == 3"
    task = only(tmp_path, assertions=..., entry_point=..., puzzle=sat, prompt=f"{sat}\n\ndef sol():\n")
    assert (task.facts.kind, task.facts.entry_point) == ("puzzle", "sol")
    assert task.facts.shown == task.hidden == Tests(puzzle=sat)
    task = only(tmp_path, assertions=..., entry_point=..., puzzle=sat, prompt="Find three.")
    assert (task.facts.shown, task.hidden) == (Tests(), Tests(puzzle=sat))


@pytest.mark.parametrize(
    ("prompt", "kind"),
    [
        ('def add(a, b):\n    """Adds."""\n', "complete"),
        ("import math\n\ndef add(a, b):", "complete"),
        ("def other(a):\n", "instruct"),
        ("Add two numbers.", "instruct"),
    ],
)
def test_a_prompt_that_stops_inside_the_function_is_to_be_completed(tmp_path, prompt, kind):
    assert only(tmp_path, prompt=prompt).facts.kind == kind


def test_a_number_may_be_a_task_id(tmp_path):
    assert only(tmp_path, task_id=7).task_id == "7"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{broken", "column 2: not JSON, Expecting property name enclosed in double quotes, near '{broken'"),
        ("3", "a number where a JSON object was expected"),
        (changed(task_id=...), "no task_id"),
        (changed(task_id=""), "no task_id"),
        (changed(task_id=[1]), "task_id is a list, expected text"),
        (changed(task_id=True), "task_id is a truth value, expected text"),
        (changed(prompt=...), "no prompt"),
        (changed(prompt=" \n"), "the prompt is empty"),
        (changed(prompt=3), "prompt is a number, expected text"),
        (changed(language="lua"), "language 'lua' cannot be judged by such tests, expected stdio or Python"),
        (changed(entry_point=...), "no entry_point, which assertions want"),
        (changed(entry_point="not a name"), "entry_point 'not a name' is not a name"),
        (changed(reference=["x"]), "reference is a list, expected text"),
        (changed(refrence="x"), "unknown field 'refrence'; did you mean 'reference'?"),
        (
            changed(assertions=...),
            "no tests, expected exactly one of calls, assertions, stdio, check, puzzle",
        ),
        (
            changed(calls=[{"expected": 1}]),
            "2 kinds of test (calls, assertions), expected exactly one of calls, assertions, stdio, check, puzzle",
        ),
        (changed(assertions=[]), "assertions is an empty list, expected a list that is not empty"),
        (changed(assertions={}), "assertions is an empty object, expected a list that is not empty"),
        (changed(assertions="[broken"), "assertions is text, expected a list that is not empty"),
        (changed(assertions=["add(1) == 2"]), "assertions[0] is not one assert statement"),
        (changed(assertions=["assert add(1, 2) == 3", "assert add(("]), "assertions[1] does not parse"),
        (changed(assertions=[3]), "assertions[0] is a number, expected text"),
        (changed(assertions=..., calls=[3]), "calls[0] is a number, expected an object with args and expected"),
        (changed(assertions=..., calls=[{"args": []}]), "calls[0] has no expected"),
        (
            changed(assertions=..., calls=[{"args": 1, "expected": 1}]),
            "calls[0] has args that are a number, expected a list",
        ),
        (
            changed(assertions=..., calls=[{"kwargs": [1], "expected": 1}]),
            "calls[0] has kwargs that are a list, expected an object",
        ),
        (
            changed(assertions=..., calls=[{"arguments": [1], "expected": 1}]),
            "calls[0] has an unknown key 'arguments', expected args, kwargs, expected",
        ),
        (
            changed(assertions=..., calls=[{"expected": float("nan")}]),
            "calls[0] expects NaN, which equals nothing",
        ),
        (changed(assertions=..., stdio=["x"]), "stdio[0] is text, expected an object with stdin and stdout"),
        (changed(assertions=..., stdio=[{"stdin": "x"}]), "stdio[0] has no text stdout"),
        (changed(assertions=..., check="def chek(c): pass"), "check does not define check"),
        (changed(assertions=..., check="def check(c)"), "check does not parse (line 1: expected ':')"),
        (changed(assertions=..., check=["x"]), "check is a list, expected source text that is not empty"),
        (changed(assertions=..., puzzle="def f(x): pass"), "puzzle does not define sat"),
        (changed(shown=[1]), "shown names test 1, but the tests are 0 to 0"),
        (changed(shown=[-1]), "shown names test -1, but the tests are 0 to 0"),
        (changed(shown=[True]), "shown is [true], expected a list of test indices"),
        (changed(shown=0), "shown is 0, expected a list of test indices"),
        (changed(shown="all"), 'shown is "all", expected a list of test indices'),
    ],
    ids=str,
)
def test_a_refused_line_says_exactly_why(tmp_path, line, expected):
    (reason,) = reasons(tmp_path, line)
    assert reason.startswith(expected)
    if not expected.endswith("parse"):
        assert reason == expected


def test_a_line_with_several_faults_names_them_all(tmp_path):
    found = reasons(tmp_path, {"task_id": "a", "prompt": "", "language": "c", "calls": [{}, 1], "shown": [5]})
    assert found == [
        "the prompt is empty",
        "language 'c' cannot be judged by such tests, expected stdio or Python",
        "no entry_point, which calls want",
        "calls[0] has no expected",
        "calls[1] is a number, expected an object with args and expected",
        "shown names test 5, but the tests are 0 to 1",
    ]


def test_every_bad_line_is_named_and_the_good_ones_can_be_kept(tmp_path):
    file = written(
        tmp_path / "mine.jsonl", GOOD, "", "{", changed(task_id="b", prompt=""), GOOD, changed(task_id="c"), {}
    )
    tasks, problems = check_lines(file)
    assert [task.task_id for task in tasks] == ["a", "c"]
    assert sorted({problem.line for problem in problems}) == [3, 4, 5, 7]
    with pytest.raises(InputError) as caught:
        list(Jsonl(path=str(file)).propose(None))
    message = str(caught.value)
    assert "mine.jsonl, line 3: column 2: not JSON" in message
    assert "mine.jsonl, line 4 (b): the prompt is empty" in message
    assert "mine.jsonl, line 5 (a): the task_id was already used in mine.jsonl, line 1" in message
    assert "mine.jsonl, line 7: no task_id" in message
    assert "skip_invalid" in caught.value.fix
    assert [task.task_id for task in Jsonl(path=str(file), skip_invalid=True).propose(None)] == ["a", "c"]


def test_a_file_without_one_good_line_is_refused_even_when_bad_ones_may_be_skipped(tmp_path):
    file = written(tmp_path / "a.jsonl", {"task_id": "a"})
    with pytest.raises(InputError, match="2 problems in its rows"):
        list(Jsonl(path=str(file), skip_invalid=True).propose(None))


def test_hostile_lines_are_refused_and_never_run(tmp_path):
    deep = '{"task_id": "deep", "prompt": "p", "entry_point": "f", "calls": [{"expected": ' + "[" * 100_000
    assertion = changed(task_id="b", assertions=["assert " + "-" * 99_000 + "1"])
    effect = changed(task_id="c", assertions=[f"assert open({str(tmp_path / 'mark')!r}, 'w')"])
    tasks, problems = check_lines(written(tmp_path / "a.jsonl", deep, assertion, effect))
    assert [task.task_id for task in tasks] == ["c"]
    assert [problem.line for problem in problems] == [1, 2]
    assert not (tmp_path / "mark").exists()


def test_calls_may_be_json_text_and_empty_columns_are_absent(tmp_path):
    rows = [
        changed(task_id="a", assertions=..., calls=json.dumps([{"args": [1, "x"], "expected": [None]}])),
        changed(task_id="b"),
    ]
    table = pyarrow.Table.from_pylist(
        rows, schema=pyarrow.unify_schemas([pyarrow.Table.from_pylist([row]).schema for row in rows])
    )
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    one, two = Jsonl(path=str(tmp_path)).propose(None)
    assert one.hidden.calls == (Call(args=(1, "x"), expected=[None]),)
    assert two.hidden.assertions == ("assert add(1, 2) == 3",)


def test_without_a_path_the_form_is_told():
    with pytest.raises(InputError, match="jsonl wants a path"):
        list(Jsonl().propose(None))


def test_a_task_stays_in_its_split_when_others_are_added(tmp_path):
    rows = [changed(task_id=f"t/{number}") for number in range(200)]
    few, many = written(tmp_path / "few.jsonl", *rows[:100]), written(tmp_path / "many.jsonl", *rows)
    parts = [
        {split: [task.task_id for task in Jsonl(path=str(file), split=split).propose(None)] for split in SPLITS[:3]}
        for file in (few, many)
    ]
    everywhere = [name for ids in parts[1].values() for name in ids]
    assert sorted(everywhere) == sorted(row["task_id"] for row in rows), "each task is in one split"
    assert all(set(ids) <= set(parts[1][split]) for split, ids in parts[0].items())
    train, validation, test = (len(ids) for ids in parts[1].values())
    assert train > 140
    assert min(validation, test) > 8
    assert len(list(Jsonl(path=str(many), split="all").propose(None))) == 200


def test_a_split_that_is_none_is_refused(tmp_path):
    with pytest.raises(InputError, match="no split 'dev'"):
        Jsonl(path="a.jsonl", split="dev")
