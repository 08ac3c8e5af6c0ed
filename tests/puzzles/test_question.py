"""What is read of a puzzle's source."""

import pytest

from etude.puzzles.question import Question, read_question, type_of


def test_answer_inputs_and_constants_are_read_with_their_types():
    puzzle = (
        "from typing import List\n\n"
        "def sat(x: List[int], n=3, s='abc', z=[[1.5]], e=[], w: List[str]=[], m=[1, 'a'], d={'a': 1}):\n"
        "    'words with 77 in them'\n"
        "    return sum(x) == -7 and 'zz' in s and x != [1, 2] and x is not None\n"
    )
    assert read_question(puzzle) == Question(
        answer="List[int]",
        inputs=(("n", "int"), ("s", "str"), ("z", "List[List[float]]"), ("w", "List[str]")),
        copies=(
            ("-7", "int"), ("'zz'", "str"), ("[1, 2]", "List[int]"), ("7", "int"), ("1", "int"), ("2", "int"),
        ),
        header="def sol(n=3, s='abc', z=[[1.5]], e=[], w: List[str]=[], m=[1, 'a'], d={'a': 1}):",
    )  # fmt: skip


def test_the_last_sat_counts_and_both_spellings_of_a_list_are_one():
    question = read_question("def sat(x: int): return 1\ndef sat(x: list[list[str]]): return x")
    assert question is not None
    assert question.answer == "List[List[str]]"


@pytest.mark.parametrize(
    "puzzle",
    ["", "def sat(:", "def sat(): return 1", "def sat(x): return 1", "def sat(x: Dict[int, int]): return 1", "sat = 3"],
)
def test_what_cannot_be_read_has_no_question(puzzle):
    assert read_question(puzzle) is None


def test_a_number_too_long_for_python_does_not_hide_the_puzzle():
    question = read_question(f"def sat(x: int, n={'9' * 5000}): return x == n")
    assert question is not None
    assert question.inputs == (("n", "int"),)


@pytest.mark.parametrize(
    ("value", "kind"),
    [(True, "bool"), (1, "int"), ([[1]], "List[List[int]]"), ([1, True], ""), ([], ""), (None, ""), ((1,), "")],
)
def test_the_type_of_a_value(value, kind):
    assert type_of(value) == kind
