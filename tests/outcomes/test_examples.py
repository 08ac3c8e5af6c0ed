"""The audit of extracted example tests: the published figures, small files made by hand, and what is refused."""

import json
from pathlib import Path

import pytest

from etude.cli import main
from etude.errors import InputError
from etude.outcomes.examples import holds_examples, statement_tables, tables
from etude.outcomes.tables import Table
from etude.sources.apps import problems

SMALL = {
    "0": {"inputs": ["1 2\n"], "outputs": ["3\n"]},
    "1": {"inputs": [" nums = [1], k = 2\n", " nums = [3], K = 1\n"], "outputs": [" 2\nExplanation: so.\n", " 3\n"]},
    "2": {"inputs": ["3\n"], "outputs": ["4\nExample 2:\n"]},
    "3": None,
}


def written(folder: Path, value: object, name: str = "train.json") -> Path:
    path = folder / name
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def figures(found: list[Table], split: str) -> dict[str, object]:
    table = found[0]
    at = table.columns.index(split)
    return {str(row[0]): row[at] for row in table.rows}


def test_the_figures_of_a_small_file(tmp_path: Path) -> None:
    written(tmp_path, SMALL)
    found = figures(tables(tmp_path), "train")
    assert found["problems"] == 4
    assert (found["no example extracted"], found["no example extracted, %"]) == (1, 25.0)
    assert found["mean examples per problem"] == 1.0
    assert (found["named arguments as input"], found["prose in an output"], found["both"]) == (1, 2, 1)
    assert (found["contaminated"], found["usable as standard input, at most"]) == (2, 1)
    assert (found["inputs that begin with a named argument"], found["of these with a capital letter"]) == (2, 1)
    assert tables(tmp_path)[1].rows == (("1", 2), ("2", 1))


def test_one_row_per_problem_is_read_too(tmp_path: Path) -> None:
    rows = "".join(json.dumps({"id": int(name), "examples": value}) + "\n" for name, value in SMALL.items())
    path = written(tmp_path, rows, "test_statement_examples.jsonl")
    assert figures(tables(path), "test")["contaminated"] == 2


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("", "line 1, column 1: not JSON"),
        ('{"0": null,\n]', "line 2"),
        ([], "holds an empty list"),
        ({"a": None}, "'a' is no problem id"),
        ({"0": [1]}, "problem 0: a list without a list of texts 'inputs'"),
        ({"0": {"inputs": ["1"], "outputs": [2]}}, "problem 0: an object without a list of texts 'outputs'"),
        ({"0": {"inputs": ["1"], "outputs": []}}, "1 inputs and 0 outputs"),
    ],
)
def test_a_damaged_file_is_refused_with_its_place(tmp_path: Path, value: object, said: str) -> None:
    path = written(tmp_path, value)
    with pytest.raises(InputError, match=said) as caught:
        tables(tmp_path)
    assert str(path) in caught.value.found
    assert caught.value.expected


def test_a_place_without_examples_is_told(tmp_path: Path) -> None:
    assert not holds_examples(tmp_path)
    with pytest.raises(InputError, match="holds no extracted examples"):
        tables(tmp_path)
    with pytest.raises(InputError, match="there is no"):
        tables(tmp_path / "absent")


def test_ids_that_do_not_follow_the_rule_are_told(tmp_path: Path) -> None:
    written(tmp_path, {str(number): None for number in range(20)})
    written(tmp_path, [0, 1, 2], "valid_problem_ids.json")
    [row] = tables(tmp_path)[-1].rows
    assert row[-1] == "no"
    written(tmp_path, {"a": 1}, "valid_problem_ids.json")
    with pytest.raises(InputError, match=r"valid_problem_ids\.json holds an object"):
        tables(tmp_path)


def test_a_task_set_is_audited_with_the_defects_of_every_task(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {"task_id": "a", "prompt": "One.", "assertions": ["assert f(1) == 1, 2", "assert f(2) == 2, 3"]},
        {"task_id": "b", "prompt": "Two.", "assertions": ["assert f(1) == 1"]},
    ]
    rows = [{**row, "entry_point": "f"} for row in rows]
    path = written(tmp_path, "".join(json.dumps(row) + "\n" for row in rows), "tasks.jsonl")
    assert main(["audit", f"jsonl:{path}", "--quick", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["tasks"], found["defects"]) == (2, {"malformed assertion": 1})
    [flagged] = found["flagged"]
    assert (flagged["task_id"], flagged["defects"], len(flagged["details"])) == ("a", ["malformed assertion"], 2)
    assert main(["audit", f"jsonl:{path}", "--quick", "--strict"]) == 1
    said = capsys.readouterr().out
    assert said.startswith("2 tasks, 1 flagged")
    assert "malformed assertion: 1 (a)" in said
    assert main(["audit", f"jsonl:{path}[1:2]", "--quick", "--strict"]) == 0


def test_a_path_that_is_no_task_set_is_refused_plainly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", str(tmp_path / "absent")]) == 2
    assert "no source of tasks" in capsys.readouterr().err


def test_the_examples_of_statements_are_counted_by_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = {"difficulty": "interview", "starter_code": "", "solutions": ""}
    tests = {"inputs": ["1\n", "2\n"], "outputs": ["2\n", "4\n"]}
    statement = "Twice.\n\n-----Example-----\nInput\n{}\n\nOutput\n{}\n"
    rows = [
        {**row, "id": 1, "question": statement.format("1", "2"), "input_output": tests},
        {**row, "id": 2, "question": statement.format("7", "14"), "input_output": tests},
        {**row, "id": 3, "question": statement.format("n = 7", "14"), "input_output": tests},
        {**row, "id": 4, "question": "Twice.", "input_output": tests},
    ]
    path = written(tmp_path, "".join(json.dumps(item) + "\n" for item in rows), "test.jsonl")
    [table] = statement_tables(problems(str(path)))
    [counts] = [dict(zip(table.columns, cells, strict=True)) for cells in table.rows]
    assert (counts["none"], counts["stdin ok"], counts["contaminated"], counts["equals hidden"]) == (1, 1, 1, 1)
    assert (counts["some hidden"], counts["all hidden"], counts["some hidden, %"]) == (1, 0, 50.0)
    assert main(["audit", f"apps:{path}", "--quick", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["tasks"], found["shown"]) == (4, {"tasks": 2, "hidden_too": 0})
    assert found["tables"][0]["rows"][0]["equals hidden"] == 1


@pytest.mark.data
def test_the_published_figures_of_the_extraction_come_out(data) -> None:  # type: ignore[no-untyped-def]
    found = tables(data("drboot_outcomes/apps_examples"))
    train, test = figures(found, "train"), figures(found, "test")
    assert (train["problems"], train["no example extracted"], test["no example extracted"]) == (5000, 2770, 63)
    assert (round(train["mean examples per problem"], 2), round(test["mean examples per problem"], 2)) == (0.74, 1.98)
    assert (train["extracted"], train["contaminated"]) == (2230, 569)
    assert (train["named arguments as input"], train["prose in an output"], train["both"]) == (426, 493, 350)
    assert round(train["contaminated, % of extracted"], 1) == 25.5
    assert (train["usable as standard input, at most"], round(train["usable, % of problems"])) == (1661, 33)
    assert train["inputs that begin with a named argument"] == 1252
    assert train["of these with a capital letter"] == 19
    assert (test["single inputs with a named argument"], test["single outputs with prose"]) == (58, 29)
    by_size = {row[0]: row[1:] for row in found[1].rows}
    assert [by_size[str(size)][0] for size in range(1, 9)] == [1430, 372, 257, 97, 74, 0, 0, 0]
    assert [by_size[str(size)][1] for size in range(1, 9)] == [1842, 1680, 1074, 271, 52, 13, 4, 1]
    none = {row[:2]: (row[3], row[2]) for row in found[2].rows}
    assert none["train", "interview"] == (334, 2000)
    assert none["train", "competition"] == (1, 361)
    assert none["train", "introductory"] == (2435, 2639)


@pytest.mark.data
def test_the_published_validation_ids_follow_the_rule(data) -> None:  # type: ignore[no-untyped-def]
    table = tables(data("drboot_outcomes/apps_examples"))[-1]
    rows = {row[0]: dict(zip(table.columns, row, strict=True)) for row in table.rows}
    ours = rows["valid_problem_ids"]
    assert (ours["ids"], ours["interview"], ours["competition"], ours["introductory"]) == (598, 261, 40, 297)
    assert (ours["without example"], ours["follows the rule"]) == (319, "yes")
    assert rows["valid_problem_ids_test_example_exclusive"]["follows the rule"] == "yes"
    assert "holds the same ids" in table.notes[0]


@pytest.mark.data
def test_the_other_copy_of_the_test_examples_says_the_same(data) -> None:  # type: ignore[no-untyped-def]
    one = figures(tables(data("drboot_outcomes/apps_examples/test.json.gz")), "test")
    assert figures(tables(data("apps/test_statement_examples.jsonl.gz")), "test") == one


@pytest.mark.data
def test_the_audit_of_mbpp_names_the_three_malformed_tasks(data, capsys) -> None:  # type: ignore[no-untyped-def]
    assert main(["audit", f"mbpp:{data('mbpp/mbpp.jsonl')}", "--quick", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["tasks"] == 974
    malformed = [item["task_id"] for item in found["flagged"] if "malformed assertion" in item["defects"]]
    assert malformed == ["mbpp/313", "mbpp/362", "mbpp/436"]
    assert found["shown"] == {"tasks": 974, "hidden_too": 0}
