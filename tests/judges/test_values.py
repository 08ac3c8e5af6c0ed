"""How values and types are compared and shown, without a sandbox."""

import ast
from decimal import Decimal

import pytest

from etude.judges.rules.annotations import matches
from etude.judges.values import brief, equal, literal, same


@pytest.mark.parametrize(
    ("actual", "expected", "verdict"),
    [
        (True, 1, False), (1, True, False), (1.0, 1, True), (1, 1.0, True), (0.1 + 0.2, 0.3, False),
        (float("nan"), float("nan"), True), ((1, 2), [1, 2], True), ([1, (2,)], [1, [2]], True),
        ([1, True], [1, 1], False), ({"a": 1}, {"a": 1}, True), ({1: 1}, {"1": 1}, False), ({1, 2}, [1, 2], False),
        (None, 0, False), ("1", 1, False), ([], None, False),
    ],
)  # fmt: skip
def test_call_values_are_compared_by_type_and_value(actual: object, expected: object, verdict: bool) -> None:
    assert same(actual, expected) is verdict


def test_literals_and_brief_texts_take_any_value() -> None:
    value = {"a": [1, -(10**9000), 0.1, float("inf"), None, True, "\n'", (1,)]}
    assert eval(literal(value)) == value
    assert len(brief([[10**9000] * 1000] * 1000)) <= 300
    assert brief(10**9000).startswith("<an integer")
    assert equal(Decimal("sNaN"), 1) is False


@pytest.mark.parametrize(
    ("annotation", "value", "verdict"),
    [
        ("List[List[str]]", [["a"], []], True), ("List[List[str]]", [["a"], [1]], False), ("List[str]", ("a",), False),
        ("dict[str, list[int]]", {"a": [1]}, True), ("dict[str, list[int]]", {"a": [True]}, False),
        ("typing.Dict[str, int]", {}, True), ("Dict[str]", {}, False), ("Dict[str, int]", [], False),
        ("tuple[int, ...]", (1, 2, 3), True), ("Tuple[int, ...]", (1, "a"), False), ("Tuple[int, ...]", [1], False),
        ("tuple[()]", (), True), ("Tuple[int]", (1, 2), False), ("Set[Tuple[int, int]]", {(1, 2)}, True),
        ("frozenset[int]", frozenset([1]), True), ("set[int]", frozenset([1]), False), ("None", None, True),
        ("List[int, str]", [1], False), ("Union[int, str]", 1, False), ("object", 1, False),
        ("other.List[int]", [1], False),
    ],
)  # fmt: skip
def test_a_type_fits_exactly_in_either_spelling(annotation: str, value: object, verdict: bool) -> None:
    assert matches(value, ast.parse(annotation, mode="eval").body) is verdict
