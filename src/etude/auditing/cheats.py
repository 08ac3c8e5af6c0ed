"""Programs that solve nothing: a sound task refuses every one of them.

They are made from what a solver may see and nothing else, so that one that passes shows what any model could have done.
Some attack the tests (they are too weak), the others the judge (it can be fooled).
"""

import ast
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from etude.auditing.exams import arguments_of, questions
from etude.judges.values import brief
from etude.programs.parse import parse
from etude.puzzles.trivial import FEW, trivial_answers
from etude.records import TaskView

LARGEST = 100_000
MOST_TRIVIAL = 12
"""Trivial answers of a puzzle that are tried."""
TRIVIAL = "trivial answer"
CONSTANTS = ("None", "True", "False", "0", "1", "-1", "0.0", "''", "[]", "()", "{}", "set()")
NONSENSE = "['there is no such answer', -987654321]"
ODD = {"int": "-987654321", "str": "'there is no such answer'", "float": "-98765.4321"}
"""Answers of the right type that no puzzle can want."""
PRINTED = ("", "0", "1", "-1", "YES", "NO", "Yes", "No", "True", "False")

EQUAL = """class Equal{base}:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    __le__ = __gt__ = __ge__ = __lt__
    def __bool__(self): return True
    def __len__(self): return 1
    def __contains__(self, item): return True
    def __iter__(self): return iter(())
    def __getattr__(self, name): return self
    def __call__(self, *args, **kwargs): return self
    def __sub__(self, other): return self
    __add__ = __mul__ = __truediv__ = __rsub__ = __sub__
    def __abs__(self): return self
    def __hash__(self): return 0


"""
PATCHED = """import builtins, unittest
builtins.AssertionError = type("Quiet", (BaseException,), {})
builtins.isinstance = lambda *args: True
builtins.abs = lambda value: 0
for _name in [name for name in dir(unittest.TestCase) if name.startswith("assert")]:
    setattr(unittest.TestCase, _name, lambda *args, **kwargs: None)


"""
TRACED = """import sys
sys.excepthook = lambda *args: None
sys.settrace(None)


"""


class Cheat(NamedTuple):
    """A program that solves nothing, and the name of its trick."""

    name: str
    program: str


def cheats(view: TaskView) -> tuple[Cheat, ...]:
    """The cheats for a task; none for a language other than Python.

    The one called `nonsense` answers what no task can want: tests that it passes accept anything.
    """
    if view.language != "python":
        return ()
    if view.kind == "puzzle" or view.shown.kind == "puzzle":
        found = [*_puzzle(view), *_calls("sol")]
    elif view.entry_point:
        found = [*_constants(view.entry_point), *_echoes(view.entry_point), *_calls(view.entry_point), *_shown(view)]
    else:
        found = list(_scripts(view))
    return tuple({cheat.program: cheat for cheat in reversed(found)}.values())[::-1]


def _function(name: str, body: str, before: str = "") -> str:
    return f"{before}def {name}(*args, **kwargs):\n    {body}\n"


def _constants(name: str) -> Iterator[Cheat]:
    for value in CONSTANTS:
        yield Cheat(f"always {value}", _function(name, f"return {value}"))
    yield Cheat("nonsense", _function(name, f"return {NONSENSE}"))


def _echoes(name: str) -> Iterator[Cheat]:
    yield Cheat("echo of the first argument", _function(name, "return args[0] if args else None"))
    yield Cheat("echo of the last argument", _function(name, "return args[-1] if args else None"))
    yield Cheat("echo of all arguments", _function(name, "return list(args)"))


def _calls(name: str) -> Iterator[Cheat]:
    """Tricks against whoever judges."""
    yield Cheat("empty body", _function(name, "pass"))
    yield Cheat("not defined", "pass\n")
    yield Cheat("exit in the call", _function(name, "raise SystemExit(0)"))
    yield Cheat("exit at import", f"import sys\nsys.exit(0)\n{_function(name, 'pass')}")
    yield Cheat("hard exit in the call", _function(name, "os._exit(0)", "import os\n"))
    yield Cheat("hard exit at import", f"import os\nos._exit(0)\n{_function(name, 'pass')}")
    yield Cheat("skip in the call", _function(name, "raise unittest.SkipTest('no')", "import unittest\n"))
    yield Cheat("skip at import", f"import unittest\nraise unittest.SkipTest('no')\n{_function(name, 'pass')}")
    yield Cheat("object equal to everything", _function(name, "return Equal()", EQUAL.format(base="")))
    yield Cheat("number equal to everything", _function(name, "return Equal(7)", EQUAL.format(base="(int)")))
    yield Cheat("text equal to everything", _function(name, "return Equal('a')", EQUAL.format(base="(str)")))
    yield Cheat("list equal to everything", _function(name, "return Equal([7])", EQUAL.format(base="(list)")))
    yield Cheat("patched assertions", _function(name, "return None", PATCHED))
    yield Cheat("hooks", _function(name, "raise AssertionError", TRACED))
    yield Cheat("recursion on itself", _function(name, f"return {name}(*args, **kwargs)"))
    yield Cheat("generator", _function(name, "yield"))


def _shown(view: TaskView) -> Iterator[Cheat]:
    """The shown answers, by heart."""
    known = [item for item in questions(view.shown, view.entry_point) if item.known]
    table = {key: repr(item.expected) for item in known if (key := arguments_of(item.ask, view.entry_point))}
    if not known or any(len(text) > LARGEST for text in table.values()):
        return
    first = repr(known[0].expected)
    yield Cheat(
        f"always the first shown answer, {brief(known[0].expected)[:60]}",
        _function(view.entry_point, f"return {first}"),
    )
    lines = "".join(f"    if {_same(key)}:\n        return {value}\n" for key, value in table.items())
    yield Cheat("shown answers by heart", f"def {view.entry_point}(*args, **kwargs):\n{lines}    return {first}\n")


def _same(arguments: str) -> str:
    return f"(lambda *a, **k: (a, k)){arguments} == (args, kwargs)"


def _scripts(view: TaskView) -> Iterator[Cheat]:
    yield Cheat("hard exit", "import os\nos._exit(0)\n")
    yield Cheat("exit", "raise SystemExit(0)\n")
    yield Cheat("echo of the input", "import sys\nsys.stdout.write(sys.stdin.read())\n")
    yield Cheat("echo of the first line", "print(input())\n")
    yield Cheat("echo of the last line", "import sys\nprint((sys.stdin.read().splitlines() or [''])[-1])\n")
    yield Cheat("skip", "import unittest\nraise unittest.SkipTest('no')\n")
    yield Cheat("nonsense", f"print({NONSENSE!r})\n")
    for text in PRINTED:
        yield Cheat(f"always prints {text!r}", f"print({text!r})\n")
    for pair in view.shown.stdio[:1]:
        yield Cheat("always prints the first shown output", f"import sys\nsys.stdout.write({pair.stdout!r})\n")
    if view.shown.stdio:
        table = {pair.stdin: pair.stdout for pair in view.shown.stdio}
        first = view.shown.stdio[0].stdout
        body = f"import sys\nsys.stdout.write({table!r}.get(sys.stdin.read(), {first!r}))\n"
        yield Cheat("shown outputs by heart", body)


def _puzzle(view: TaskView) -> Iterator[Cheat]:
    kind = _type(view.shown.puzzle or view.prompt)
    answers = FEW.get(kind) or tuple(islice(trivial_answers(kind), MOST_TRIVIAL))
    for value in dict.fromkeys(map(repr, answers)):
        yield Cheat(f"{TRIVIAL} {value}", f"def sol():\n    return {value}\n")
    yield Cheat("nonsense", f"def sol():\n    return {NONSENSE}\n")
    yield Cheat("nan", "def sol():\n    return float('nan')\n")
    wrong = f"def sol():\n    return {ODD.get(kind, NONSENSE)}\n"
    yield Cheat("a condition of its own", f"def sat(*args, **kwargs):\n    return True\n\n\n{wrong}")


def _type(puzzle: str) -> str:
    """The declared type of the answer, or ""."""
    tree = parse(puzzle, LARGEST)
    found = [item for item in (tree.body if tree else []) if isinstance(item, ast.FunctionDef) and item.name == "sat"]
    parameters = [*found[-1].args.posonlyargs, *found[-1].args.args] if found else []
    kind = parameters[0].annotation if parameters else None
    return ast.unparse(kind) if kind else ""
