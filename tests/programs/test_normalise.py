import ast

import pytest

from etude.programs.normalise import normalised
from etude.programs.parse import LARGEST

PLAIN = "def f(xs, k):\n    total = 0\n    for x in xs:\n        total += x * k\n    return total\n"


def test_comments_docstrings_layout_and_local_names_do_not_matter():
    other = (
        'def f(values,   factor):\n  """Adds up."""\n  # slowly\n  s=0\n'
        "  for v in values: s += v*factor\n  'a remark'\n  return (s)"
    )
    assert normalised(PLAIN) == normalised(other)


@pytest.mark.parametrize(
    "other",
    [
        PLAIN.replace("def f", "def g"),  # the entry point
        PLAIN.replace("total += x * k", "total += x + k"),
        PLAIN.replace("total = 0", "total = 1"),
        PLAIN.replace("return total", "return xs"),  # another variable
        PLAIN.replace("return total", "return total.real"),
        PLAIN.replace("return total", "return abs(total)"),
        PLAIN.replace("for x in xs", "for x in sorted(xs)"),
        PLAIN.replace("(xs, k)", "(xs, k=1)"),
        PLAIN.replace("(xs, k)", "(k, xs)"),  # the order of arguments
    ],
)
def test_what_can_change_the_result_is_kept(other):
    assert normalised(PLAIN) != normalised(other)


def test_names_of_functions_called_and_attributes_are_kept():
    assert normalised("def f(a):\n    return min(a)") != normalised("def f(a):\n    return max(a)")
    assert normalised("def f(a):\n    return a.x") != normalised("def f(a):\n    return a.y")
    assert normalised("def f(a):\n    return g(x=a)") != normalised("def f(a):\n    return g(y=a)")


def test_every_kind_of_local_binding_is_renamed():
    one = """
def f(a, *b, c=1, **d):
    def inner(e):
        nonlocal g
        g += e
        return [h for h in b if h > e]
    g = 0
    with open(a) as i:
        pass
    try:
        inner(i)
    except ValueError as j:
        print(j)
    match d:
        case [k, *l]: return k, l
        case {"key": m, **n}: return m, n
    return (lambda o: o + g)(c), (p := 3), {q: r for q, r in d.items()}
"""
    letters = {name: f"{name}_long" for name in "abcdeghijklmnopqr"}
    tree = ast.parse(one)
    for node in ast.walk(tree):
        for field in ("id", "arg", "name", "rest"):
            if (value := getattr(node, field, None)) in letters:
                setattr(node, field, letters[value])
        if isinstance(node, ast.Nonlocal):
            node.names = [letters[name] for name in node.names]
    assert ast.unparse(tree) != ast.unparse(ast.parse(one))
    assert normalised(ast.unparse(tree)) == normalised(one)


def test_a_local_name_is_never_taken_for_a_global_one():
    local = "x = 1\ndef f():\n    x = 2\n    return x"
    shared = "x = 1\ndef f():\n    global x\n    x = 2\n    return x"
    assert normalised(local) != normalised(shared)
    assert normalised("def f(v):\n    return v0") != normalised("def f(v0):\n    return v0")


def test_two_variables_that_swap_their_parts_are_different_programs():
    assert normalised("def f(a, b):\n    return a - b") != normalised("def f(a, b):\n    return b - a")


def test_a_shadowed_loop_variable_is_told_from_a_reused_one():
    shadowed = "def f(x):\n    y = [x for x in range(3)]\n    return x"
    other = "def f(x):\n    y = [z for z in range(3)]\n    return x"
    assert normalised(shadowed) == normalised(other)
    assert normalised(shadowed) != normalised("def f(x):\n    y = [x for z in range(3)]\n    return x")


def test_names_in_a_class_body_are_attributes_and_stay():
    one = "def f(x):\n    class C:\n        x = 1\n    return C.x + x"
    assert normalised(one) == normalised(one.replace("def f(x)", "def f(y)").replace("+ x", "+ y"))
    assert normalised(one) != normalised(one.replace("        x = 1", "        y = 1"))


def test_no_variable_is_renamed_where_the_program_can_see_its_names():
    assert normalised("def f(a):\n    return locals()") != normalised("def f(b):\n    return locals()")


def test_the_normal_form_of_a_program_is_the_same_every_time():
    assert normalised(PLAIN) == normalised(PLAIN)
    assert normalised(PLAIN + "\n\n") == normalised(PLAIN)


@pytest.mark.parametrize(
    "hostile",
    [
        "(" * 100_000,
        "-" * 90_000 + "1",
        "a" + ".b" * 45_000,
        "1" + "+1" * 45_000,
        "f" + "()" * 45_000,
        "lambda:" * 14_000 + "1",
        "if 1: pass\n" + "elif 1: pass\n" * 7_000,
        "".join(" " * depth + "if 1:\n" for depth in range(99)) + " " * 99 + "x = 1",
        "def f():\n" * 2,
        "x = '\ud800'",
        "x = 1\0",
        "x = " + "9" * 5_000,
        "x = 1\n" * 1_700_000,
        "[" * 90 + "]" * 90,
        "f'{" + 'f"{' * 20,
        "",
        "\x00\x01\x02",
    ],
    ids=range(17),
)
def test_hostile_text_has_a_normal_form_and_raises_nothing(hostile):
    result = normalised(hostile)
    assert isinstance(result, str)
    assert len(hostile) <= LARGEST or result == hostile.strip()


def test_text_that_is_no_program_is_itself():
    assert normalised("  def f(:  \n") == "def f(:"
    assert normalised("def f(:") != normalised("def g(:")


def test_odd_escapes_bring_no_warning(recwarn):
    normalised("x = '\\d'\ny = 1 is 1\n")
    assert not recwarn.list


def test_comments_and_layout_are_taken_off_and_nothing_else():
    from etude.programs.normalise import unadorned

    one = "def f( x ):  # add\n\n    return (x+1)\n"
    assert unadorned(one) == unadorned("def f(x):\n    return x + 1") == "def f(x):\n    return x + 1"
    assert unadorned("def f(y):\n    return y + 1") != unadorned(one)
    assert unadorned('def f(x):\n    "d"\n    return x + 1') != unadorned(one)
    assert unadorned("def f(") == "def f("
