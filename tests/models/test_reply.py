"""A reply becomes a program: every kind of wrapping, damage and trap, as one table."""

import ast
import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etude.models.prompts import target_for
from etude.models.reply import LONGEST, program_of
from etude.records import TaskView

DOC = 'def add(a, b):\n    """Sum of two numbers."""\n'
HELPED = 'import math\n\n\ndef half(x):\n    return x / 2\n\n\ndef area(r):\n    """Area of a circle."""\n'
TYPED = 'from typing import List\n\n\ndef total(xs: List[int]) -> int:\n    """Sum."""\n'
BARE = "def f(xs):\n    # f([1]) -> [2]"
SAT = "def sat(x: int):\n    return x * x == 49\n\ndef sol():"
FENCED_STRING = 'def doc():\n    return """\n```\ncode\n```\n"""'


def view(prompt: str, name: str, kind: str = "complete") -> TaskView:
    return TaskView(task_id="t", kind=kind, prompt=prompt, entry_point=name)  # type: ignore[arg-type]


add, area, total = view(DOC, "add"), view(HELPED, "area"), view(TYPED, "total")
bare, sat = view(BARE, "f"), view(SAT, "sol", "puzzle")
prose, script = view("Write add.", "add", "instruct"), view("Print the sum.", "", "instruct")
ADD = "def add(a, b):\n    return a + b"

# Name, task, reply, program expected (without its last line break).
CASES = [
    ("continuation", add, "    return a + b\n", DOC + "    return a + b"),
    ("first line lost its indentation", add, "return a + b", DOC + "    return a + b"),
    ("first of two lines lost it", add, "c = a + b\n    return c", DOC + "    c = a + b\n    return c"),
    ("every line lost it", add, "c = a + b\nif c:\n    c += 0\nreturn c",
     DOC + "    c = a + b\n    if c:\n        c += 0\n    return c"),
    ("CR LF", add, "    c = a\r\n    return c + b\r\n", DOC + "    c = a\n    return c + b"),
    ("tabs where the prompt has spaces", add, "\tc = a\n\treturn c + b", DOC + "    c = a\n    return c + b"),
    ("prose behind", add, "    return a + b\n\nThis adds them.\nIt's simple!", DOC + "    return a + b"),
    ("closing fence behind", add, "    return a + b\n```\nDone.", DOC + "    return a + b"),
    ("second function cut in the middle", add, "    return a + b\n\ndef sub(a, b):\n    return (a -",
     DOC + "    return a + b"),
    ("second function whole", add, "    return a + b\n\ndef sub(a, b):\n    return a - b",
     DOC + "    return a + b\n\ndef sub(a, b):\n    return a - b"),
    ("nested function", add, "    def go(x):\n        return x + b\n\n    return go(a)",
     DOC + "    def go(x):\n        return x + b\n\n    return go(a)"),
    ("restated", add, ADD, DOC + "    return a + b"),
    ("restated with its docstring", add, DOC + "    return a + b", DOC + "    return a + b"),
    ("restated in a fence", add, f"Here you are:\n```python\n{ADD}\n```\nIt adds.", DOC + "    return a + b"),
    ("body in a fence", add, "```python\n    return a + b\n```", DOC + "    return a + b"),
    ("body in a fence without indentation", add, "Sure!\n\n```\nreturn a + b\n```", DOC + "    return a + b"),
    ("restated after prose, no fence", add, f"Sure\n\n{ADD}\n\nHope that helps!", DOC + "    return a + b"),
    ("restated behind an import", add, f"import operator\n\n{ADD}", f"import operator\n\n{ADD}"),
    ("completed, then written again", add, f"    return a + b\n\n{ADD.replace('+', '-')}", DOC + "    return a + b"),
    ("another header", add, "def add(x, y):\n    return x + y", "def add(x, y):\n    return x + y"),
    ("one line", add, "def add(a, b): return a + b", "def add(a, b): return a + b"),
    ("comment before the restated body", add, "def add(a, b):\n    # sum\n    return a + b",
     DOC + "    # sum\n    return a + b"),
    ("unicode", add, "    größe = 'ß→😀'\n    return a + b", DOC + "    größe = 'ß→😀'\n    return a + b"),
    ("restated keeps the helpers", area, "def area(r):\n    return math.pi * r * half(r) * 2",
     HELPED + "    return math.pi * r * half(r) * 2"),
    ("whole prompt restated in a fence", area, f"```py\n{HELPED}    return math.pi * r ** 2\n```",
     HELPED + "    return math.pi * r ** 2"),
    ("other annotations keep the import", total, "def total(xs: list) -> List:\n    return sum(xs)",
     "from typing import List\n\ndef total(xs: list) -> List:\n    return sum(xs)"),
    ("prompt ends in a comment", bare, "\n    return xs", BARE + "\n    return xs"),
    ("line break lost behind a comment", bare, "    return xs", BARE + "\n    return xs"),
    ("puzzle", sat, "\n    return 7", SAT + "\n    return 7"),
    ("puzzle on the header's line", sat, " return 7", SAT + " return 7"),
    ("puzzle restated", sat, "def sol():\n    return 7", SAT + "\n    return 7"),
    ("puzzle, then prose", sat, "\n    return 7\n\nbecause 7 * 7 is 49", SAT + "\n    return 7"),
    ("no program at all", add, "I cannot do that.", DOC + "I cannot do that."),
    ("empty", add, "", DOC.rstrip()),
    ("instruct, bare", prose, ADD, ADD),
    ("instruct, fence opened by the prompt", prose, f"\n{ADD}\n```\nDone.", ADD),
    ("instruct, unclosed fence", prose, f"Here:\n```python\n{ADD}", ADD),
    ("instruct, closing fence on the last line", prose, f"```python\n{ADD}```", ADD),
    ("instruct, the fence that defines it", prose,
     f"```\npip install x\n```\n```python\nprint(1)\n```\n~~~py\n{ADD}\n~~~", ADD),
    ("instruct, two fences define it", prose, f"```\n{ADD}\n```\nor\n```\ndef add(*x):\n    return sum(x)\n```", ADD),
    ("instruct, prose around bare code", prose, f"The function:\n\n{ADD}\n\nThat's all, folks.", ADD),
    ("instruct, fence inside a string", view("x", "doc", "instruct"),
     f"```python\n{FENCED_STRING}\n```", FENCED_STRING),
    ("instruct, fence inside a string, fence opened by the prompt", view("x", "doc", "instruct"),
     f"\n{FENCED_STRING}\n```", FENCED_STRING),
    ("instruct, fence with attributes", prose, f'``` python\n{ADD}\n```', ADD),
    ("instruct, truncated", prose, f"```python\n{ADD}\n\nprint(add(1,", ADD),
    ("instruct, name bound by assignment", prose, "add = lambda a, b: a + b", "add = lambda a, b: a + b"),
    ("instruct, nothing", prose, "No.", "No."),
    ("script in a fence", script, "Read, then add:\n```python\na, b = map(int, input().split())\nprint(a + b)\n```",
     "a, b = map(int, input().split())\nprint(a + b)"),
    ("script, one word of prose is no code", script, "Sure\n```\nprint(1)\n```\nEnjoy", "print(1)"),
]  # fmt: skip


@pytest.mark.parametrize(("task", "reply", "program"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_reply_becomes_the_program_it_stands_for(task: TaskView, reply: str, program: str) -> None:
    assert program_of(reply, task) == program + "\n"


@pytest.mark.parametrize(("task", "reply"), [case[1:3] for case in CASES], ids=[case[0] for case in CASES])
def test_the_target_of_a_program_reads_back_as_that_program(task: TaskView, reply: str) -> None:
    program = program_of(reply, task)
    assert program_of(target_for(task, program), task).rstrip() == program.rstrip()


EVIL = {
    "a megabyte of one line": "x = " + "1 + " * 250_000,
    "a megabyte of lines": "    y = 1\n" * 100_000,
    "a megabyte of fences": "```\n" * 250_000,
    "a megabyte of opening brackets": "(" * 1_000_000,
    "wrong from the end": "    y = 1\n" * 2000 + "    try:\n        y = (\n" * 2000,
    "deep nesting": "".join(" " * depth + "if x:\n" for depth in range(1, 400)),
    "minus signs": "    return " + "-" * 100_000 + "1",
    "NUL": "    return a\0 + b",
    "lone surrogate": "    return '\ud800'",
    "only fences": "```\n```\n```",
    "byte order mark": "\ufeff    return a + b",
    "form feed": "    return a\f + b",
    "huge power": "    return 10 ** 10 ** 10",
}


@pytest.mark.parametrize("kind", ["complete", "puzzle", "instruct"])
@pytest.mark.parametrize("name", EVIL)
def test_absurd_replies_are_read_in_bounded_time(name: str, kind: str) -> None:
    task = view(DOC if kind == "complete" else SAT, "add" if kind == "complete" else "sol", kind)
    start = time.process_time()
    program = program_of(EVIL[name], task)
    assert time.process_time() - start < 10
    assert len(program) <= LONGEST + len(task.prompt) + 100
    program.encode()


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "```python\n",
                "```\n",
                "def add(a, b):\n",
                "    return a\n",
                "return b",
                "\t",
                "\r\n",
                '"""',
                "(",
                "é",
                "\n",
                "import os\n",
                "class A:\n",
                "    x = 1\n",
                "@",
                ":",
                "# c\n",
                "add = 1\n",
                "\0",
            ]
        ),
        max_size=14,
    ).map("".join),
    st.sampled_from([add, area, total, bare, sat, prose, script]),
)
def test_no_reply_raises(reply: str, task: TaskView) -> None:
    assert program_of(reply, task).endswith("\n")


def test_reading_a_reply_runs_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    code = f"def add(a, b=open({str(mark)!r}, 'w')):\n    return a + b\nopen({str(mark)!r}, 'w')"
    for task in (add, prose):
        program_of(f"```python\n{code}\n```", task)
        program_of(code, task)
    assert not mark.exists()


@pytest.mark.data
def test_every_humaneval_solution_survives_every_way_of_writing_it(data: Callable[[str], Path]) -> None:
    with gzip.open(data("humaneval/HumanEval.jsonl.gz"), "rt") as lines:
        rows = [json.loads(line) for line in lines]
    for row in rows:
        task = view(row["prompt"], row["entry_point"])
        whole = row["prompt"] + row["canonical_solution"]
        said = (
            row["canonical_solution"],
            row["canonical_solution"].strip(),
            whole,
            f"Here:\n```python\n{whole}\n```\nDone!",
            row["canonical_solution"] + "\n\nprint(unfinished(",
        )
        for reply in said:
            assert ast.dump(ast.parse(program_of(reply, task))) == ast.dump(ast.parse(whole)), (row["task_id"], reply)
        assert program_of(target_for(task, whole), task).rstrip() == whole.rstrip()


@pytest.mark.data
@pytest.mark.filterwarnings("ignore:invalid escape")
def test_every_mbpp_program_survives_its_fence(data: Callable[[str], Path]) -> None:
    with data("mbpp/mbpp.jsonl").open() as lines:
        rows = [json.loads(line) for line in lines]
    for row in rows[::4]:
        name = row["test_list"][0].split("(")[0].removeprefix("assert ").strip()
        code = row["code"].replace("\r\n", "\n").replace("\r", "\n")
        task = view(row["text"], name if f"def {name}" in code else "", "instruct")
        for reply in (code, f"Sure!\n```python\n{code}\n```", f"```python\n{code}", target_for(task, code)):
            assert ast.dump(ast.parse(program_of(reply, task))) == ast.dump(ast.parse(code)), row["task_id"]
