"""Which tests are decided outside on recorded answers, that nothing is lost by it, and that nobody passes by it."""
# ruff: noqa: E501  (programs and expressions read best on one line)

import ast
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etude.judges.examine import Exam, examine
from etude.judges.rules.apart import Apart, take_assertion_apart, take_check_apart, tier_of
from etude.judges.rules.plain_evaluation import Recorded, evaluate, knows
from etude.judges.rules.plain_operations import BeyondError, Meter
from etude.judges.rules.writing import written
from etude.judges.tests import TestsJudge
from etude.records import Limits, Outcome, Tests
from etude.sandbox import Sandbox
from etude.sources.task_set import open_task_set
from tests.judges.hostile import HONEST, KINDS, QUICK, attempt_of, task_of

LIMITS = Limits(cpu_seconds=1.0, wall_seconds=3.0, memory_bytes=128 << 20)
NOT_HARMLESS = "if True:\n    pass\n"  # a context that is more than definitions sends any check to the second jail

FORMS = {
    "near": "assert abs(candidate(1, 2) - 3) < 1e-6\nassert abs(candidate(5, 7) - 12) < 1e-6",
    "closeness": "import math\nassert math.isclose(candidate(1, 2), 3.0) and math.fabs(candidate(5, 7) - 12.0) < 1e-9",
    "truth": "assert candidate(1, 2)\nassert not candidate(0, 0)\nassert candidate(5, 7) is not None",
    "views": "assert sorted(candidate([3], [1])) == sorted([1, 3])\nassert len(candidate([1], [2])) == 2",
    "types": "assert isinstance(candidate(1, 2), int) and type(candidate(1, 2)) is int\nassert candidate(1, 2) in [3]\nassert candidate(5, 7) in [12]",
    "names": "x, y = 5, 7\nfound = candidate(x, y)\nassert found == x + y\nassert found != x\nassert 11 < found <= 12",
    "loop": "for x in range(2, 8):\n    assert candidate(x, x + 1) == x * 2 + 1",
    "pairs": "for a, b in [(1, 2), (5, 7)]:\n    assert candidate(a, b) == a + b",
    "unrolled": "assert [candidate(x, 1) for x in range(4)] == [1, 2, 3, 4]\nassert all(candidate(x, 0) == x for x in (1, 2))",
    "gone through": "assert all(x > 0 for x in candidate([1], [2]))\nassert [x * 2 for x in candidate([1], [2])] == [2, 4]",
    "arithmetic": "assert candidate(3 * 19, 2 ** 4) == 73\nassert candidate('a' * 3, 'b') == 'aaab'\nassert candidate(float('inf'), 1) == float('inf')",
    "chained": "assert candidate(candidate(1, 2), 3) == 6",
    "place": "assert candidate([1], [2])[1] == 2\nassert candidate([1], [2])[-1:] == [2]\nassert candidate('a', 'b').upper() == 'AB'",
    "two answers": "assert candidate(1, 2) == candidate(2, 1) == 3\nassert candidate(5, 7) == candidate(7, 5) == 12",
    "branch": "if len('ab') == 2:\n    assert candidate(1, 2) == 3\n    assert candidate(5, 7) == 12\nelse:\n    assert candidate(1, 2) == 4",
    "return": "assert candidate(1, 2) == 3\nassert candidate(5, 7) == 12\nreturn",
}  # fmt: skip
"""Bodies of a `check(candidate)` that the right `add` passes."""

WHOLE = {
    "an inner name": KINDS["check"].check.replace("candidate(", "add(").replace("check(", "published(")
    + "def check(candidate):\n    global add\n    add = candidate\n    published(candidate)\n",
    "two names": KINDS["check"].check
    + "first = check\ndef check(candidate):\n    first(candidate)\n    first(candidate)\n",
}

LEFT_ALONE = {
    "random numbers": "import random\nfor _ in range(3):\n    x = random.randint(0, 9)\n    assert candidate(x, 1) == x + 1",
    "a helper": "assert helper(candidate(1, 2)) == 3",
    "an exception": "try:\n    candidate(1)\nexcept TypeError:\n    pass",
    "identity": "x = [1]\nassert candidate(x, []) is not x",
    "a changed list": "x = [1]\nx.append(2)\nassert candidate(x, [3]) == [1, 2, 3]",
    "a branch on an answer": "if candidate(1, 2) == 3:\n    assert candidate(5, 7) == 12",
    "perhaps a call": "assert candidate(1, 2) == 3 or candidate(5, 7) == 12",
    "a loop over answers": "for x in candidate([1], [2]):\n    assert x > 0",
    "a loop over a named answer": "found = candidate([1], [2])\nfor x in found:\n    assert x > 0",
    "an answer put in again": "x = candidate(1, 2)\nassert candidate(x, 1) == 4",
    "too many calls": "for x in range(10**5):\n    assert candidate(x, 1) == x + 1",
    "loops in loops": "for x in range(10**5):\n    for y in range(10**5):\n        pass\nassert candidate(1, 2) == 3",
    "a loop that grows": "x = [1]\nfor y in range(300):\n    x = x + x\nassert candidate(1, 2) == 3",
    "nested brackets": "assert candidate(1, 2) == " + "[" * 80 + "]" * 80 + " == " + "-" * 900 + "3",
    "a long number": "assert candidate(1, 2) == 10 ** 10 ** 10",
    "while": "while True:\n    assert candidate(1, 2) == 3\n    break",
    "its text": "assert '%9999999d' % candidate(1, 2)",
    "a module": "import os\nassert candidate(os.getpid(), 0)",
    "code": "assert eval('candidate(1, 2)') == 3",
    "a hidden way": "assert candidate(1, 2).__class__.__name__ == 'int'",
}  # fmt: skip


def check_of(body: str) -> str:
    return "def check(candidate):\n" + "".join(f"    {line}\n" for line in body.splitlines())


def outcome_of(program: str, tests: Tests, jail: Sandbox) -> Outcome:
    return examine([Exam(program, tests, "add", LIMITS)], jail)[0]


def test_humaneval_and_mbpp_are_almost_wholly_decided_on_calls(data: Callable[[str], Path]) -> None:
    paths = (f"humaneval:{data('humaneval/HumanEval.jsonl.gz')}", f"mbpp:{data('mbpp/mbpp.jsonl')}[all]")
    proxies = [
        task.task_id
        for path in paths
        for task in open_task_set(path, reading="look")
        if "proxy" in [tier_of(tests, task.facts.entry_point) for tests in (task.hidden, task.facts.shown)]
    ]
    assert proxies == ["HumanEval/32", "HumanEval/38", "HumanEval/50", "HumanEval/53", "mbpp/596"]


def test_what_is_asked_in_humaneval_and_mbpp_compares_nothing(data: Callable[[str], Path]) -> None:
    asks: list[str] = []
    for path in (f"humaneval:{data('humaneval/HumanEval.jsonl.gz')}", f"mbpp:{data('mbpp/mbpp.jsonl')}[all]"):
        for task in open_task_set(path, reading="look"):
            entry = task.facts.entry_point
            plans = [take_assertion_apart(text, entry) for text in task.hidden.assertions]
            if task.hidden.check:
                plans.append(take_check_apart(task.hidden.check, task.hidden.context, entry))
            asks += [ask for plan in plans if plan for ask in plan.asks]
    assert len(asks) > 2500
    for ask in asks:
        node = ast.parse(ask, mode="eval").body
        call = node.elts[0].value if isinstance(node, ast.List) and isinstance(node.elts[0], ast.Starred) else node
        assert isinstance(call, ast.Call), ask
        assert not any(isinstance(part, ast.Compare | ast.BoolOp | ast.Lambda) for part in ast.walk(node)), ask


@pytest.mark.parametrize("name", FORMS)
def test_a_plain_check_is_decided_outside_and_honest_programs_pass(name: str, jail: Sandbox) -> None:
    tests = Tests(check=check_of(FORMS[name]))
    assert tier_of(tests, "add") == "calls"
    found = outcome_of(HONEST, tests, jail)
    assert found.status == "ok", found
    assert outcome_of("def add(a, b):\n    return None\n", tests, jail).status in ("failed", "error")


@pytest.mark.parametrize("name", WHOLE)
def test_a_check_may_call_its_own_functions(name: str, jail: Sandbox) -> None:
    tests = Tests(check=WHOLE[name])
    assert tier_of(tests, "add") == "calls"
    assert outcome_of(HONEST, tests, jail).status == "ok"
    assert outcome_of("def add(a, b):\n    return 3\n", tests, jail).status == "failed"


CHEATS = (
    "an object equal to everything", "an int equal to everything", "a list equal to everything", "an int that is near everything",
    "ends the process in the call", "exits in the call", "ends loops in silence", "raises an AssertionError", "patches abs",
    "patches isinstance", "patches set", "patches max", "patches many", "returns nan", "returns itself", "forges a pass",
    "forges passes at import", "looks for the answer in the frames", "looks for a number in the frames", "returns a generator",
)  # fmt: skip
PATCHES = """
import builtins
for name, value in {"sorted": lambda *a, **k: [1, 3], "len": lambda x: 2, "abs": lambda x: 0, "isinstance": lambda *a: True,
                    "type": lambda x: int, "all": lambda x: True, "list": lambda *a: [2, 4], "bool": lambda x: True}.items():
    setattr(builtins, name, value)
def add(a, b): return None
"""


@pytest.mark.parametrize("name", FORMS)
def test_no_cheat_passes_a_check_decided_outside(name: str, jail: Sandbox) -> None:
    tests = Tests(check=check_of(FORMS[name]))
    programs = [*(QUICK[cheat] for cheat in CHEATS), PATCHES]
    found = examine([Exam(program, tests, "add", LIMITS) for program in (*programs, HONEST)], jail)
    passing = [cheat for cheat, outcome in zip((*CHEATS, "patches all"), found, strict=False) if outcome.status == "ok"]
    assert passing == []
    assert "unavailable" not in [outcome.status for outcome in found]
    assert found[-1].status == "ok"


def test_the_tests_of_all_hostile_programs_are_decided_on_calls() -> None:
    assert [tier_of(tests, "add") for tests in KINDS.values()] == ["calls"] * len(KINDS)


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_what_cannot_be_known_beforehand_is_left_to_the_second_jail(name: str) -> None:
    start = time.process_time()
    assert tier_of(Tests(check=check_of(LEFT_ALONE[name])), "add") == "proxy"
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    "context", ["import no_such_module", "raise SystemExit", NOT_HARMLESS, "@wrong\ndef f(): pass", "def f("]
)
def test_a_context_that_may_fail_is_run(context: str) -> None:
    assert tier_of(Tests(check=KINDS["check"].check, context=context), "add") == "proxy"
    assert tier_of(Tests(check=KINDS["check"].check, context="from typing import List\n" + HONEST), "add") == "calls"


ANSWERS = (
    "return a + b", "return a - b", "return None", "return [a, b]", "return str(a + b)", "return float(a + b)", "return True",
    "return a + b if type(a) is not list else [*b, *a]", "raise ValueError('no')", "return {a: b}", "return (a, b)", "yield a\n    yield b",
    "return a + b if a != 5 else 0", "return range(3)", "return set()", "return 10 ** 5000", "return a or b", "return complex(a, b)",
)  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_both_ways_of_deciding_agree(name: str, jail: Sandbox) -> None:
    programs = [f"def add(a, b):\n    {body}\n" for body in ANSWERS]
    here = Tests(check=check_of(FORMS[name]))
    there = replace(here, context=NOT_HARMLESS)
    assert (tier_of(here, "add"), tier_of(there, "add")) == ("calls", "proxy")
    exams = [[Exam(program, tests, "add", LIMITS) for program in programs] for tests in (here, there)]
    one, other = (examine(own, jail) for own in exams)
    differ = [
        (body, left.status, right.status)
        for body, left, right in zip(ANSWERS, one, other, strict=True)
        if left.status != right.status and not body.startswith("yield")  # an iterator cannot cross to the second jail
    ]
    assert differ == []


def test_an_answer_too_unusual_for_us_is_decided_in_the_second_jail(jail: Sandbox) -> None:
    body = "assert round(candidate(1, 2), 2) == 3\nassert len(str(candidate(5, 7))) > 0"
    tests = Tests(check=check_of(body))
    assert tier_of(tests, "add") == "calls"
    for kind, status in (("Fraction", "ok"), ("Decimal", "ok"), ("complex", "error")):
        module = {"Fraction": "fractions", "Decimal": "decimal"}.get(kind, "builtins")
        program = f"from {module} import {kind}\ndef add(a, b):\n    return {kind}(a + b)\n"
        assert outcome_of(program, tests, jail).status == status, kind
        asserts = Tests(assertions=("assert round(add(1, 2), 2) == 3", "assert add(1, 2) == 3"))
        found = outcome_of(program, asserts, jail)
        assert (found.status, len(found.results)) == (status, 2), kind


def test_answers_that_collide_or_grow_do_not_stall_the_judge(jail: Sandbox) -> None:
    body = "assert set(candidate(1, 2)) == {1}\nassert max(candidate(1, 2)) * max(candidate(1, 2)) == 1"
    tests = Tests(check=check_of(body))
    programs = [
        "def add(a, b): return [k * (2**61 - 1) for k in range(100_000)]",
        "def add(a, b): return [1 << 20_000_000]",
        "def add(a, b): return ['x' * 60_000_000]",
        "def add(a, b): return [[0] * 400] * 1000",
    ]
    start = time.process_time()
    assert "ok" not in [outcome_of(program, tests, jail).status for program in programs]
    assert time.process_time() - start < 5


def test_each_assertion_of_a_check_has_its_result(jail: Sandbox) -> None:
    tests = Tests(
        check=check_of(
            "assert candidate(1, 2) == 3, 'the sum'\nassert candidate(5, 7) == 12\nassert abs(candidate(1, 1) - 2) < 1"
        )
    )
    found = outcome_of("def add(a, b): return 3 if a == 1 and b == 2 else 1 // 0 if a == 1 else 7", tests, jail)
    assert found.status == "failed"
    assert [(item.test, item.passed) for item in found.results] == [
        ("assert add(1, 2) == 3", True),
        ("assert add(5, 7) == 12", False),
        ("assert abs(add(1, 1) - 2) < 1", False),
    ]
    assert (found.results[1].actual, found.results[1].expected) == ("7", "12")
    assert found.results[2].fault is not None
    assert found.results[2].fault.type == "ZeroDivisionError"
    [verdict] = TestsJudge().judge(
        task_of(tests), [attempt_of("def add(a, b): return 3 if a == 1 and b == 2 else 7")], jail
    )
    assert verdict.score == pytest.approx(1 / 3)


def test_calls_are_made_in_the_order_of_the_test(jail: Sandbox) -> None:
    program = "calls = []\ndef add(a, b):\n    calls.append(a)\n    return list(calls)\n"
    body = "x = candidate(1, 0)\nassert candidate(2, 0) == [1, 2]\nassert x == [1]\nassert candidate(3, 0) == [1, 2, 3]"
    assert tier_of(Tests(check=check_of(body)), "add") == "calls"
    assert outcome_of(program, Tests(check=check_of(body)), jail).status == "ok"


def test_a_call_whose_result_is_not_used_must_still_end_well(jail: Sandbox) -> None:
    body = "candidate(0, 0)\nx = candidate(0, 0)\nassert candidate(1, 2) == 3"
    assert tier_of(Tests(check=check_of(body)), "add") == "calls"
    assert outcome_of(HONEST, Tests(check=check_of(body)), jail).status == "ok"
    program = "def add(a, b):\n    return a + b if a else 1 // 0\n"
    assert outcome_of(program, Tests(check=check_of(body)), jail).status == "error"


@pytest.mark.parametrize(
    "body",
    [
        "assert 1 == 2",
        "assert candidate(1, 2) == 3\nassert False",
        "assert candidate(1, 2) == 1 // 0",
        "assert True",
        "x = 1",
    ],
)
def test_a_check_that_says_nothing_of_the_program_is_no_verdict(body: str, jail: Sandbox) -> None:
    for program in (HONEST, QUICK["is empty"]):
        assert outcome_of(program, Tests(check=check_of(body)), jail).status == "unavailable"


def test_a_name_given_another_meaning_by_the_program_changes_no_test(jail: Sandbox) -> None:
    body = "assert sorted(candidate([3], [1])) == [1, 3]\nassert set(candidate([3], [1])) == {1, 3}\nassert candidate(set(), {1} - {1}) == 0"
    program = "sorted = set = list = None\ndef add(a, b): return a + b if a else 0\n"
    assert outcome_of(program, Tests(check=check_of(body)), jail).status == "ok"


def test_an_expectation_never_enters_what_is_asked() -> None:
    checks = (
        "assert candidate('input') == 'needle'",
        "x = 'needle'\nassert sorted(candidate('input')) == [x]",
        "assert 'needle' in candidate('input')",
    )
    for body in checks:
        plan = take_check_apart(check_of(body), "", "add")
        assert plan is not None
        assert len(plan.asks) == 1
        assert "needle" not in plan.asks[0]
        assert "input" in plan.asks[0]


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("assert add(1, 2) == 3", ["add(1, 2)"]),
        ("assert len(set(add(1, 2))) == 3", ["[*add(1, 2)]"]),
        ("assert add(root, Node(1)).left == 3", ["add(root, Node(1)).left"]),
        ("assert add(lambda x: x > 1) == 3", ["add(lambda x: x > 1)"]),
        ("assert LIMIT[2] > 3", ["LIMIT[2]"]),
        ("assert add(add(1, 2), 3) == math.floor(6.5)", ["add(add(1, 2), 3)"]),
        ("assert add(range(3), int, {1: set()}) == 6", ["add(range(3), int, {1: {*()}, })"]),
        ("assert add(add(1, 2) == 3) == True", None),
        ("assert add(1, 2).real == helper.x == 1", ["add(1, 2).real", "helper.x"]),
        ("assert add(1, 2) == sys.maxsize", None),
    ],
)  # fmt: skip
def test_what_an_assertion_asks(text: str, asks: list[str] | None) -> None:
    plan = take_assertion_apart(text, "add")
    assert (None if plan is None else list(plan.asks)) == asks


def test_a_plan_is_made_once() -> None:
    check = KINDS["check"].check
    assert take_check_apart(check, "", "add") is take_check_apart(str(check), "", "add")
    assert isinstance(take_check_apart(check, "", "add"), Apart)


SCALARS = st.none() | st.booleans() | st.integers(-5, 300) | st.floats(width=16) | st.text("ab 1", max_size=4)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(st.text("ab", max_size=1), inner, max_size=2), max_leaves=8)  # fmt: skip
EXPRESSIONS = (
    "x == y", "x != y", "x < y", "x <= y <= x", "x in y", "x not in [y]", "x is None", "x is not True", "x and y", "x or y", "not x",
    "x + y", "x - y", "x * y", "x / y", "x // y", "x % y", "x ** 2", "-x", "abs(x)", "x[0]", "x[-1:]", "x[y]", "len(x)", "sorted(x)",
    "sum(x)", "max(x)", "min(x, y)", "round(x, 1)", "round(x)", "list(x)", "tuple(x)", "dict(x)", "set(x) == set(y)", "str(x)", "int(x)",
    "float(x)", "bool(x)", "isinstance(x, int)", "isinstance(x, (list, str))", "type(x) is int", "type(x) == type(y)", "all(x)", "any(x)",
    "[v for v in x if v]", "all(v == y for v in x)", "any(v for v in x)", "{v: y for v in x}", "sum(1 for v in x if v == y)", "x.lower()",
    "x.count(y)", "sorted(x.items())", "list(zip(x, y))", "list(enumerate(x))", "list(reversed(x))", "x if y else 1", "[x, y][0]",
    "{'a': x}['a']", "math.isclose(x, y)", "math.floor(x)", "math.sqrt(x)", "x == [v for v in y]", "x | y", "x & y", "x << 2", "{x, y} == {y}",
)  # fmt: skip


def _python(expression: str, x: Any, y: Any) -> tuple[str, str]:
    import math

    try:
        return "value", repr(eval(expression, {"math": math, "x": x, "y": y}))
    except Exception as error:
        return "raises", type(error).__name__


def _ours(expression: str, x: Any, y: Any) -> tuple[str, str]:
    tree = ast.parse(expression, mode="eval").body
    for node in ast.walk(tree):
        for field, value in ast.iter_fields(node):
            items = value if isinstance(value, list) else [value]
            made = [
                Recorded("xy".index(item.id)) if isinstance(item, ast.Name) and item.id in "xy" else item
                for item in items
            ]
            setattr(node, field, made if isinstance(value, list) else made[0])
    assert knows(tree), expression
    try:
        return "value", repr(evaluate(tree, (x, y), Meter()))
    except BeyondError:
        return "beyond", ""
    except Exception as error:
        return "raises", type(error).__name__


@given(VALUES, VALUES)
@settings(max_examples=150, deadline=None)
def test_the_evaluator_says_what_python_says_or_nothing(x: Any, y: Any) -> None:
    for expression in EXPRESSIONS:
        ours = _ours(expression, x, y)
        assert ours[0] == "beyond" or ours == _python(expression, x, y), expression


def test_the_evaluator_is_seldom_at_a_loss() -> None:
    lost = [
        item
        for item in EXPRESSIONS
        if all(_ours(item, x, y)[0] == "beyond" for x, y in ((3, 4), ([1, 2], [0, 1]), ("a", "b"), ({"a": 1}, 1)))
    ]
    assert lost == []


@pytest.mark.parametrize(
    "expression",
    [
        "9 ** 9 ** 9", "'a' * 10 ** 9", "[0] * 10 ** 9", "1 << 10 ** 9", "list(range(10 ** 9))", "sum(range(10 ** 9))", "'%9999999d' % 1",
        "[[0] * 10 ** 5 for a in range(10 ** 5)]", "[a for a in range(10 ** 5) for b in range(10 ** 5)]", "pow(3, 10 ** 9)", "pow(3, 10 ** 9, 7)",
        "round(5, -10 ** 9)", "math.factorial(10 ** 9)", "len(str(7 ** 90000))", "().__class__.__base__.__subclasses__()", "__import__('os')",
        "open('/etc/passwd')", "eval('1')", "(lambda: 1)()", "f'{1:>999999999}'", "'{:>999999999}'.format(1)", "max([1], key=print)",
        "sorted([1], key=print)", "[] is []", "print(1)", "print", "type('X', (), {})", "int.__subclasses__()", "str.join", "(a for a in [1])",
        "enumerate([1])", "{}.keys()", "list({1, 2})", "str({1, 2})", "math.comb(10 ** 6, 10 ** 5)", "(yield)", "(x := 1)", "[*range(3)]",
    ],
)  # fmt: skip
def test_what_is_large_or_unknown_is_not_evaluated(expression: str) -> None:
    start = time.process_time()
    with pytest.raises(BeyondError):
        evaluate(ast.parse(expression, mode="eval").body, (), Meter())
    assert time.process_time() - start < 1


@given(
    VALUES
    | st.sets(st.integers())
    | st.binary()
    | st.complex_numbers(min_magnitude=1, allow_infinity=False, allow_nan=False).filter(
        lambda item: item.real and item.imag
    )
)
def test_a_written_value_is_the_value(value: Any) -> None:
    text = written(value, 10_000)
    assert text is not None
    read = eval(text, {"__builtins__": {}})
    assert read == value if isinstance(value, set) else repr(read) == repr(value)
    assert written(value, len(text) - 1) is None
    assert written([Fraction(1)], 100) is None
    assert written([-0j], 100) is None
