import pytest

from etude.records import Call, Exchange, TaskView, Tests
from etude.sources.check import check_tasks, overlap
from etude.tasks import Task

ONE, TWO = "assert f(1) == 1", "assert f(2) == 2"


def task(task_id="a", prompt="Say it.", entry_point="f", shown=(), hidden=(ONE,), reference=""):
    return Task(
        facts=TaskView(
            task_id=task_id,
            kind="instruct",
            prompt=prompt,
            entry_point=entry_point,
            shown=shown if isinstance(shown, Tests) else Tests(assertions=tuple(shown)),
        ),
        hidden=hidden if isinstance(hidden, Tests) else Tests(assertions=tuple(hidden)),
        reference=reference,
    )


def test_a_sound_task_has_no_problem():
    assert check_tasks([task(shown=(TWO,), reference="def f(x): return x")]) == []


@pytest.mark.parametrize(
    ("odd", "defect", "detail"),
    [
        (task(hidden=()), "no tests", "neither hidden nor shown tests"),
        (task(prompt=" \n"), "empty prompt", "nothing to answer"),
        (task(reference="def f(:"), "reference does not parse", "line 1: invalid syntax"),
        (task(reference="def g(x): return x"), "entry point missing", "the reference does not define f"),
        (task(entry_point=""), "entry point missing", "the task names no entry point"),
        (task(hidden=("assert f(1) == 1, 2",)), "malformed assertion", "assert f(1) == 1, 2: compares with"),
        (task(shown=("f(1) == 1",)), "malformed assertion", "f(1) == 1: is not one assert statement"),
        (task(shown=("assert f( 1 )==1",)), "shown test is hidden too", "assert f( 1 )==1"),
    ],
)
def test_each_defect_is_named(odd, defect, detail):
    (problem,) = check_tasks([odd])
    assert problem.defect == defect
    assert problem.detail.startswith(detail)
    assert problem.what == f"{defect}: {problem.detail}"


def test_the_same_prompt_twice_is_named_unless_the_shown_tests_differ():
    (problem,) = check_tasks([task("a"), task("b"), task("c", shown=(TWO,))])
    assert (problem.task_id, problem.what) == ("b", "duplicate prompt: same prompt as a")


def test_an_overlap_is_found_in_calls_exchanges_and_checks():
    call, pair = Tests(calls=(Call(args=(1,), expected=1),)), Tests(stdio=(Exchange(stdin="1", stdout="1"),))
    check = Tests(check="def check(candidate):\n    assert candidate(1) == 1\n    assert candidate(3) == 3, 'no'\n")
    assert len(overlap(task(shown=call, hidden=call))) == 1
    assert len(overlap(task(shown=pair, hidden=pair))) == 1
    assert overlap(task(shown=(ONE, TWO, "assert f(3) == 3"), hidden=check)) == (ONE, "assert f(3) == 3")
    assert overlap(task(shown=(TWO,))) == ()


def test_a_puzzle_is_shown_and_decides_without_being_a_defect():
    sat = Tests(puzzle="def sat(x): return x == 1")
    assert check_tasks([task(entry_point="sol", shown=sat, hidden=sat)]) == []


def test_a_program_for_standard_input_needs_no_entry_point():
    assert check_tasks([task(entry_point="", hidden=Tests(stdio=(Exchange(stdin="", stdout="1"),)))]) == []


def test_nothing_is_run(tmp_path):
    mark = tmp_path / "mark"
    effect = f"open({str(mark)!r}, 'w')"
    check_tasks([task(hidden=(f"assert {effect}",), reference=f"{effect}\ndef f(x={effect}): pass")])
    assert not mark.exists()
