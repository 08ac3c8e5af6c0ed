from concurrent.futures import ThreadPoolExecutor

import pytest

from etude.programs.parse import (
    assertion_fault,
    called,
    continues,
    defined,
    defines,
    fault_in,
    free_names,
    functions,
    parse,
    stub,
    tidy,
)

PROGRAM = """
import os.path
from math import gcd as common
try:
    import numpy
except ImportError:
    numpy = None
    fallback = True
if fallback:
    def helper(a): return a
else:
    helper = None
A, (B, C) = 1, (2, 3)
class K: inner = 1
def f(x):
    local = x
    return local
async def g(): pass
"""


def test_the_top_level_names_of_a_program_are_found_in_order():
    expected = ("os", "common", "numpy", "fallback", "helper", "A", "B", "C", "K", "f", "g")
    assert defined(PROGRAM) == expected
    assert functions(PROGRAM) == ("f", "g")
    assert defines(PROGRAM, "f")
    assert not defines(PROGRAM, "local")
    assert not defines(PROGRAM, "inner")


def test_free_names_are_those_read_but_not_bound():
    assert free_names("from a import b\ndef f(x):\n    y = x\n    return b(y) + List + len(z)") == {"List", "z"}
    assert free_names("def f(x: List[int] = size): pass") == {"List", "size"}
    assert free_names("not a program (") == frozenset()


def test_calls_are_named_once_each():
    assert called("assert set(f(1)) == set(g(f(2), a.b(3)))") == ("set", "f", "g")


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [
        ('def f(x):\n    """Doc."""\n', True),
        ("from a import b\n\ndef g(): return 1\n\ndef f(x):\n", True),
        ("async def f(x):\n", True),
        ("def g(x):\n", False),
        ("Write a function f.", False),
        ("x = 1\n", False),
        ("", False),
        ("def f(x):\n    pass\nf(1)\n", False),
    ],
)
def test_a_prompt_continues_when_it_stops_inside_the_entry_point(prompt, answer):
    assert continues(prompt, "f") is answer


def test_a_stub_is_a_valid_module():
    assert parse(stub('def f(x):\n    """Doc."""\n')) is not None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("assert f(1) == 2", ""),
        ("assert f(1) == 2, 'message'", ""),
        ("assert f(1) == 2, f'got {f(1)}'", ""),
        ("assert f(1) == 1,2", "compares with the part before the comma"),
        ("f(1) == 2", "is not one assert statement"),
        ("assert f(1); assert f(2)", "is not one assert statement"),
        ("assert f(1", "does not parse (line 1"),
    ],
)
def test_an_assertion_is_one_sound_assert_statement(text, fault):
    assert assertion_fault(text).startswith(fault)
    assert bool(assertion_fault(text)) is bool(fault)


def test_the_fault_of_a_program_names_its_line():
    assert fault_in("x = 1\ndef f(:\n").startswith("line 2: ")
    assert fault_in("x = 1") == ""
    assert fault_in("x" * 200_000) == "longer than 100000 characters"
    assert fault_in("-" * 99_000 + "1") == "nested too deep"
    assert "surrogates" in fault_in("x = '\ud800'")


def test_two_spellings_of_a_test_are_tidied_to_one():
    assert tidy('assert f( [1,2] )=="a"') == tidy("assert f([1, 2]) == 'a'")
    assert tidy("assert (f(1)) == 2 ") == tidy("assert f(1) == 2")
    assert tidy(" not ( code ") == "not ( code"


def test_threads_may_ask_at_the_same_time():
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: functions(f"def f{number}(): return '\\d'"), range(200)))
    assert answers == [(f"f{number}",) for number in range(200)]
