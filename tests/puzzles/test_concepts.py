"""Concepts are read from programs and never run; rare ones among what was made are asked for more often."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from etude.puzzles.concepts import Catalogue, catalogue, concepts_of, use_facts
from etude.puzzles.filters import FORBIDDEN
from etude.puzzles.proposing import Wording, concepts_of_prompt, requests, written
from etude.records import Completion
from etude.sources.task_set import open_task_set


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("x = len(y) % 3 // 2", {"len()", "modulo", "whole division"}),
        ("x = y[1:]", {"slicing"}),
        ("x = y[-1]", {"negative index"}),
        ("x = sorted(y, key=len)", {"sorted()", "sorted() with a key"}),
        ("x = [a for a in b]", {"list comprehension"}),
        ("x = [a for b in c for a in b]", {"list comprehension", "nested loop"}),
        ("for a in b:\n    for c in a:\n        pass", {"for loop", "nested loop"}),
        ("while a:\n    a -= 1", {"while loop"}),
        ("a ^= 1", {"bitwise xor"}),
        ("x = 1 < y < 3", {"chained comparison"}),
        ("x = 'a' in y", {"membership test"}),
        ("x = y.upper()", {".upper()"}),
        ("x = y.whatever()", set()),
        ("import math\nx = math.gcd(4, 6)", {"math.gcd()"}),
        ("from math import gcd as g\nx = g(4, 6)", {"math.gcd()"}),
        ("import os\nx = os.getcwd()", set()),
        ("def f(n):\n    return f(n - 1)", {"recursion"}),
        ("def len(n):\n    return 1\nx = len(3)", set()),
        ("x = lambda a: a if a else 1", {"lambda", "conditional expression"}),
        ("a, b = b, a", {"tuple"}),
        ("print(eval('1'))", set()),
        ("def broken(:", set()),
    ],
)
def test_what_a_program_uses(program: str, expected: set[str]) -> None:
    assert set(concepts_of(program)) == expected


def test_a_program_is_read_and_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    assert concepts_of(f"open({str(mark)!r}, 'w').write('x')") == {}
    assert not mark.exists()


def test_a_catalogue_counts_programs_and_puts_the_commonest_first() -> None:
    found = catalogue(
        ["x = len(y) + len(z)", "x = len(y) % 2", "x = y[1:]"], made=["def sat(x: int):\n    return x % 3"]
    )
    assert found.counts == {"len()": 2, "modulo": 1, "slicing": 1}
    assert list(found.counts) == ["len()", "modulo", "slicing"]
    assert found.made == {"modulo": 1}


def test_what_was_made_often_is_asked_for_seldom() -> None:
    known = Catalogue(counts={"len()": 9, "modulo": 4}, made={"modulo": 7})
    first = Counter(known.drawn(1, Random(number))[0] for number in range(2000))
    assert first["len()"] / 2000 == pytest.approx(8 / 9, abs=0.03)
    assert sorted(known.drawn(5, Random(0))) == ["len()", "modulo"]


def test_a_prompt_names_its_concepts_and_those_of_its_shots() -> None:
    known = Catalogue(counts={"len()": 9, "modulo": 4, "slicing": 1})
    wording = Wording(template="propose-concepts.v1", per_prompt=2, concepts=2)
    puzzles = ["def sat(x: int):\n    return x % 331 == 7", "def sat(s: str):\n    return s > 'b'"]
    asked = requests(wording, 4, lambda number, dice: puzzles, lambda prompt, room: True, 0, 0, known)
    wanted = [concepts_of_prompt(wording, known, number, 0, 0) for number in range(2)]
    for request in asked:
        own = wanted[request.sample_index // 2]
        assert len(set(own)) == 2
        assert request.prompt.endswith(f"\n\n# uses {', '.join(own)}\ndef f3(")
        assert request.prompt.startswith("# uses modulo\ndef f1(x: int):"), "a shot without a concept has no comment"
        assert "\n\ndef f2(s: str):" in request.prompt
    assert requests(wording, 4, lambda number, dice: puzzles, lambda prompt, room: True, 0, 0, known) == asked
    done = Completion(request=asked[0], text="x: int):\n    return x == 3", prompt_tokens=0, completion_tokens=0)
    assert written(done) == "def sat(x: int):\n    return x == 3", "the comment is no part of the puzzle"


def test_what_is_really_used_is_counted() -> None:
    known = Catalogue(counts={"len()": 9, "modulo": 4, "slicing": 1})
    asked = [
        ("def sat(s: str):\n    return len(s) % 7 == 3", ("len()", "modulo")),
        ("def sat(s: str):\n    return len(s) == 3", ("len()", "slicing")),
        ("def sat(s: str):\n    return s > 'len(s) % 3'", ("modulo", "len()")),
    ]
    assert use_facts(asked, known) == {
        "known": 3,
        "puzzles": 3,
        "use_all": 1,
        "use_some": 2,
        "asked": {"len()": 3, "modulo": 2, "slicing": 1},
        "used": {"len()": 2, "modulo": 1},
    }


def test_no_concept_asks_for_what_the_filters_forbid() -> None:
    names = catalogue([f"x = {name}(y)" for name in sorted(FORBIDDEN)] + ["import random\nx = random.random()"]).counts
    assert not names


def test_real_code_has_many_concepts(data: Callable[[str], Path]) -> None:
    tasks = open_task_set(f"mbpp:{data('mbpp/mbpp.jsonl')}[train]")
    found = catalogue(task.reference for task in tasks).counts
    assert len(found) > 60
    assert {"len()", "for loop", "slicing", "modulo", "nested loop", "list comprehension"} <= set(list(found)[:25])
