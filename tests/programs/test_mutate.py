"""Mutants: different in normal form, compilable, of every kind, the same for the same seed."""

import ast
import random
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etude.programs.mistakes import OPERATORS
from etude.programs.mutate import mutants
from etude.programs.normalise import normalised

PROGRAM = '''
import math

LIMIT = 10
OTHER = 99


def helper(x):
    """Words that are no code."""
    return -x + LIMIT


def unused(y):
    return y * 3


def work(items, most: int = 7, name="a"):
    total, low = 0, min(items, default=0)
    for at in range(1, len(items)):
        if at < most and not items[at]:
            total += helper(at)
            continue
        elif items[at:at + 2] == [1, 2] or name == "b":
            break
        else:
            total -= pow(at, 2)
    while total > 100:
        total //= 2
    return math.floor(total / 2) if low >= 0 else None


def is_odd(n):
    return n % 2 == 1 and n != 3.5
'''


def made(program: str = PROGRAM, seed: int = 0, most: int = 1000, entry_point: str = "") -> list[tuple[str, int, str]]:
    return [tuple(item) for item in mutants(program, seed, most, entry_point)]


def test_every_mutant_compiles_and_differs_from_the_program_and_the_others() -> None:
    forms = [normalised(text) for _, _, text in made()]
    assert len(forms) > 60
    assert len({*forms, normalised(PROGRAM)}) == len(forms) + 1
    for _, _, text in made():
        compile(text, "<mutant>", "exec")


def test_every_operator_has_its_turn() -> None:
    assert {name for name, _, _ in made()} == set(OPERATORS)
    assert len({name for name, _, _ in made(most=len(OPERATORS))}) == len(OPERATORS)


def test_the_line_is_that_of_the_mistake() -> None:
    lines = PROGRAM.splitlines()
    for name, line, _ in made():
        assert 0 < line <= len(lines), name
    [(_, line, text)] = made("def f(x):\n    y = x\n\n    return y < 3\n", most=1)
    assert line in (2, 4)
    assert text != "def f(x):\n    y = x\n\n    return y < 3\n"


def test_a_seed_draws_the_same_mutants_and_another_one_others() -> None:
    assert made(seed=4, most=12) == made(seed=4, most=12)
    assert made(seed=4, most=12) != made(seed=5, most=12)
    assert len(made(most=12)) == 12
    assert made(most=0) == []


def test_only_what_the_entry_point_needs_is_changed() -> None:
    found = made(entry_point="work")
    unused, helper = PROGRAM.index("def unused"), PROGRAM.index("def helper")
    first, last = PROGRAM[:unused].count("\n") + 1, PROGRAM[: PROGRAM.index("def work")].count("\n")
    assert not any(first <= line <= last for _, line, _ in found)
    assert any(line > PROGRAM[:helper].count("\n") and line < first for _, line, _ in found)
    assert any("LIMIT = 11" in text for _, _, text in found)
    assert not any("OTHER = 100" in text for _, _, text in found)


@pytest.mark.parametrize(
    ("operator", "program", "wanted"),
    [
        ("comparison", "def f(x):\n    return x < 2\n", "x <= 2"),
        ("arithmetic", "def f(x):\n    return x + y\n", "x - y"),
        ("boundary", "def f(x):\n    return x[3]\n", "x[4]"),
        ("boundary", "def f(x):\n    return range(x)\n", "range(x - 1)"),
        ("boolean", "def f(x):\n    return x and y\n", "x or y"),
        ("constant", "def f(x):\n    return 'ab'\n", "''"),
        ("return value", "def f(x):\n    return x\n", "return None"),
        ("slice", "def f(x):\n    return x[1:]\n", "x[:]"),
        ("argument order", "def f(x):\n    return g(x, y)\n", "g(y, x)"),
        ("dropped statement", "def f(x):\n    x.sort()\n    return x\n", "pass"),
        ("negated condition", "def f(x):\n    while x:\n        g()\n", "while not x"),
        ("swapped branches", "def f(x):\n    return y if x else z\n", "z if x else y"),
        ("loop", "def f(x):\n    for y in x:\n        g(y)\n", "break"),
        ("function", "def f(x):\n    return max(x)\n", "min(x)"),
    ],
)
def test_an_operator_makes_its_mistake(operator: str, program: str, wanted: str) -> None:
    assert any(name == operator and wanted in text for name, _, text in made(program))


def test_docstrings_annotations_imports_and_decorators_stay() -> None:
    program = 'import math\n\n@cache(3)\ndef f(x: "int" = 0) -> "int":\n    """Words."""\n    return x\n'
    for _, _, text in made(program):
        tree = ast.parse(text)
        assert ast.unparse(tree.body[0]) == "import math"
        assert "@cache(3)\ndef f(x: 'int'=" in text
        assert '"""Words."""' in text


@pytest.mark.parametrize("text", ["", "def f(:", "x" * 200_000, "\0", "(" * 5000, "pass\n", '"""Words."""'])
def test_a_text_without_anything_to_change_has_no_mutants(text: str) -> None:
    assert made(text) == []


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_random_programs_have_sound_mutants(seed: int) -> None:
    rng = random.Random(seed)

    def expression(depth: int) -> str:
        if depth == 0:
            return rng.choice([*string.ascii_lowercase[:4], str(rng.randint(-3, 9)), "'t'", "[1, 2]"])
        shape = rng.choice(["({} + {})", "({} < {})", "({} and {})", "max({}, {})", "{}[{}:]", "({} if {} else 0)"])
        return shape.format(expression(depth - 1), expression(depth - 1))

    program = f"def f(a, b, c, d):\n    e = {expression(2)}\n    return {expression(3)}\n"
    found = made(program, seed, 10)
    forms = {normalised(text) for _, _, text in found}
    assert len(forms) == len(found) <= 10
    assert normalised(program) not in forms


def test_a_variable_that_a_parameter_hides_is_not_changed() -> None:
    program = "text = 'quick fox'\nrate = 3\ndef f(text, n):\n    return text * n + text * rate\n"
    assert {mutant.line for mutant in mutants(program, 0, 50, "f")} == {2, 4}
