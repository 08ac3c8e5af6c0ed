"""Examples read from statements: what is read, what is refused, and the status each statement gets."""

import pytest

from etude.records import Call, Exchange, Tests
from etude.sources.apps_examples import extract, status_of, without_examples

SAMPLE = """Count.

-----Input-----
One number.

-----Output-----
One number.

-----Sample Input-----
3
1 2

-----Sample Output-----
4

5

The figure below shows how this comes about.
4
-----Note-----
None.
"""
KATTIS = (
    "Name it.\n\n-----Examples-----\nSample Input:\n6\n\nSample Output:\nsix\n\n\n\n"
    "Sample Input:\n7\n\nSample Output:\nseven\n"
)
LEETCODE = """Find it.

Example 1:
Input: nums = [2,5,6], maxSize = 0
Output: true
Explanation: It is there.
Example 2:
Input: nums = [2,
 5], maxSize = 3
Output: false

Constraints:
nums[i] is a number.
"""


def pairs(*items: tuple[str, str]) -> tuple[Exchange, ...]:
    return tuple(Exchange(stdin=given, stdout=wanted) for given, wanted in items)


def test_blocks_under_headings_are_read_without_the_prose_after_them() -> None:
    found = extract(SAMPLE, Tests())
    assert (found.status, found.tests.stdio) == ("stdin ok", pairs(("3\n1 2\n", "4\n\n5\n")))
    assert extract(KATTIS, Tests()).tests.stdio == pairs(("6\n", "six\n"), ("7\n", "seven\n"))


def test_a_heading_of_the_format_is_no_example() -> None:
    assert extract("-----Input-----\nOne number.\n\n-----Output-----\nOne number.\n", Tests()).status == "none"


def test_an_example_that_is_a_hidden_test_is_told_whatever_its_white_space() -> None:
    assert extract(KATTIS, Tests(stdio=pairs(("6", "six")))).overlap == 1
    assert extract(KATTIS, Tests(stdio=pairs(("6", "six"), ("7 ", "seven")))).status == "equals hidden"
    hidden = Tests(calls=(Call(args=(2,), expected=4),))
    assert extract("f(2) => 4", hidden, "f", ("x",)).status == "equals hidden"


def test_named_arguments_are_parsed_with_their_case_and_in_order() -> None:
    found = extract(LEETCODE, Tests(), "find", ("nums", "maxSize"))
    assert found.status == "arguments parsed"
    assert found.tests.calls == (Call(args=([2, 5, 6], 0), expected=True), Call(args=([2, 5], 3), expected=False))
    swapped = extract("Input: k = 1, nums = [2]\nOutput: 2\n", Tests(), "find", ("nums", "k"))
    assert swapped.tests.calls == (Call(args=([2], 1), expected=2),)


def test_names_that_are_not_the_parameters_are_no_arguments() -> None:
    found = extract(LEETCODE, Tests(), "find", ("nums", "maxsize"))
    assert (found.status, found.unread, len(found.tests)) == ("contaminated", 2, 0)


def test_arguments_stored_as_standard_input_are_contaminated() -> None:
    found = extract("-----Example-----\nInput\nnums = [1], k = 2\n\nOutput\n3\n", Tests())
    assert (found.status, found.unread) == ("contaminated", 1)


@pytest.mark.parametrize(
    ("line", "arguments", "expected"),
    [
        ("f(1, 'a') => 'b'", (1, "a"), "b"),
        ("f([1,2]) # returns 100 = points from one 1", ([1, 2],), 100),
        ("f(5)    # 510", (5,), 510),
        ("f(0) # => \"left\"", (0,), "left"),
        ("f(4.2) = 4", (4.2,), 4),
        ("f(3) == [1, 2]", (3,), [1, 2]),
        ("f('!!') === ''", ("!!",), ""),
        ("`f(100)` returns `[2, 5]` in this order.", (100,), [2, 5]),
        ("f(1,2) should return True", (1, 2), True),
        ("f((1, 2)) == 3", ([1, 2],), 3),
        ("f(29) = 11. If we take 15 + 14 = 29", (29,), 11),
        ("f(2) = 1, because the second is 1.", (2,), 1),
        ("f(11, 2) return 1`", (11, 2), 1),
        ("f(')(') --> ')'", (")(",), ")"),
        ("f(1) // null", (1,), None),
        ("f([true, false]) -> true", ([True, False],), True),
        ("f('true') -> 'true'", ("true",), "true"),
    ],
)  # fmt: skip
def test_a_call_with_its_result_is_read(line: str, arguments: tuple[object, ...], expected: object) -> None:
    found = extract(f"Some words.\n  {line}\nMore words.", Tests(), "f")
    [call] = found.tests.calls
    assert (call.args, call.expected) == (arguments, expected)
    assert type(call.expected) is type(expected)


@pytest.mark.parametrize(
    "line",
    [
        "f(a, b) returns the sum",
        "f(17) = 2  17 = 16 + 1",
        "f(x) => 3",
        "f(1) => 65/24",
        "f({1, 2}) => 3",
        "f(1) => open('x')",
        "f(__import__('os')) => 1",
    ],
)
def test_what_cannot_be_read_for_certain_is_no_test(line: str) -> None:
    found = extract(line, Tests(), "f")
    assert (found.status, found.unread, len(found.tests)) == ("contaminated", 1, 0)


@pytest.mark.parametrize("line", ["def f(x): return 1", "Write `f(x)` as a function.", "g(1) => 2", "", "f(1"])
def test_a_mention_without_a_result_is_no_example(line: str) -> None:
    assert extract(line, Tests(), "f").status == "none"


def test_the_status_of_a_stored_extraction() -> None:
    assert status_of([], []) == "none"
    assert status_of(["1 2\n"], ["3\n"]) == "stdin ok"
    assert status_of([" nums = [1]\n"], ["3\n"]) == "contaminated"
    assert status_of(["1\n"], ["3\nExplanation: so.\n"]) == "contaminated"
    assert status_of(["1\n"], ["3\n\nExample 2:\n"]) == "contaminated"


@pytest.mark.parametrize(
    "heading",
    [
        "-----Examples-----",
        "-----Sample Input-----",
        "Example 1:",
        "Example:",
        "**Examples:**",
        "Sample Input",
        "For example,",
    ],
)
def test_a_statement_is_cut_at_its_first_heading_of_examples(heading: str) -> None:
    assert without_examples(f"Add, as in an example.\n\n{heading}\n1 2\n") == "Add, as in an example."
    assert without_examples("No heading here.") == "No heading here."


@pytest.mark.timeout(20)
def test_hostile_text_ends_in_time() -> None:
    for text in (
        "f(" * 20_000,
        "f" + "(" * 5_000 + ")" * 5_000 + " => 1",
        "Input: " + "[" * 50_000 + "\nOutput: 1",
        "Input: 1\n" * 20_000,
        "f(1) => " + "1," * 50_000,
        "f(1) => " + "a b. " * 700,
    ):
        assert len(extract(text, Tests(), "f").tests) == 0
    assert len(extract("-----Examples-----\n" + "Output\n1\nInput\n2\n" * 5_000, Tests()).tests) == 1
