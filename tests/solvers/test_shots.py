"""Worked examples in front of a prompt: the nearest, never the task's own, as many as fit."""

from dataclasses import dataclass, replace

from etude.models.prompts import render
from etude.records import Agent, Call, Demonstration, TaskView, Tests
from etude.solvers.shots import Shelf

SORTING = "Sort a list of words by their length."
COUNTING = "Count the vowels of a sentence."
QUESTION = TaskView(task_id="q", kind="instruct", prompt="Sort a list of names by their length.", entry_point="f")


@dataclass
class Desk:
    """Of a bench, all that is asked here: whether a prompt fits."""

    characters: int = 10_000

    def fits(self, prompt: str, max_tokens: int) -> bool:
        return len(prompt) <= self.characters


def solved(task_id: str, prompt: str, program: str = "def f(x):\n    return x\n", **more: str) -> Demonstration:
    view = TaskView(task_id=task_id, kind="instruct", prompt=prompt, entry_point="f")
    return Demonstration(view=view, program=program, **more)


def agent(*items: Demonstration) -> Agent:
    return Agent(model="m", fingerprint="p", demonstrations=items)


def prompt_with(shelf: Shelf, view: TaskView = QUESTION, desk: Desk | None = None) -> str:
    return shelf.before(render("instruct.v1", view), view, desk or Desk(), 10)  # type: ignore[arg-type]


def test_the_nearest_example_stands_next_to_the_question() -> None:
    known = agent(solved("a", SORTING), solved("b", COUNTING))
    text = prompt_with(Shelf.of(known, 2))
    assert text.index(COUNTING) < text.index(SORTING) < text.index(QUESTION.prompt)
    assert prompt_with(Shelf.of(known, 1)).count("return x") == 1
    assert SORTING in prompt_with(Shelf.of(known, 1))


def test_an_example_is_the_prompt_of_its_task_with_the_answer_behind_it() -> None:
    text = prompt_with(Shelf.of(agent(solved("a", SORTING)), 1))
    view = solved("a", SORTING).view
    expected = render("instruct.v1", view) + "\ndef f(x):\n    return x\n```\n\n\n" + render("instruct.v1", QUESTION)
    assert text == expected


def test_a_task_is_never_shown_its_own_solution_under_any_name() -> None:
    known = agent(solved("q", "Another text."), solved("other", f" {QUESTION.prompt}\n"))
    assert prompt_with(Shelf.of(known, 4)) == render("instruct.v1", QUESTION)


def test_other_kinds_and_languages_are_not_shown() -> None:
    code = replace(solved("a", SORTING), view=replace(QUESTION, task_id="a", kind="complete", prompt="def f(x):\n"))
    lua = replace(solved("b", SORTING), view=replace(QUESTION, task_id="b", prompt=SORTING, language="lua"))
    assert prompt_with(Shelf.of(agent(code, lua), 4)) == render("instruct.v1", QUESTION)


def test_repairs_are_shown_where_something_is_repaired_and_only_there() -> None:
    repair = solved("a", SORTING, wrong="def f(x):\n    return 0\n", feedback="f('a') returned 0, expected 'a'")
    known = agent(repair, solved("b", COUNTING))
    assert "returned 0" not in prompt_with(Shelf.of(known, 4))
    shelf = Shelf.of(known, 4, repairs=True)
    question = render("repair-instruct.v1", QUESTION, program="def f(x):\n    return 1\n", feedback="wrong")
    text = shelf.before(question, QUESTION, Desk(), 10)  # type: ignore[arg-type]
    assert COUNTING not in text
    assert text.endswith(question)
    assert text.index("return 0") < text.index("returned 0") < text.index("return x")


def test_only_as_many_as_fit() -> None:
    known = agent(*(solved(f"t{number}", f"{SORTING} {number}") for number in range(5)))
    bare = render("instruct.v1", QUESTION)
    whole = prompt_with(Shelf.of(known, 5))
    one = (len(whole) - len(bare)) // 5
    text = prompt_with(Shelf.of(known, 5), desk=Desk(len(bare) + 2 * one + 5))
    assert text.count("return x") == 2
    assert text.endswith(bare)
    assert prompt_with(Shelf.of(known, 5), desk=Desk(len(bare))) == bare


def test_an_agent_without_examples_and_a_solver_without_shots_ask_as_before() -> None:
    assert prompt_with(Shelf.of(agent(), 4)) == prompt_with(Shelf.of(agent(solved("a", SORTING)), 0))


def test_what_tests_show_is_searched_too() -> None:
    shown = Tests(calls=(Call(args=("zebra",), expected=1),))
    view = replace(QUESTION, prompt="Do it.", shown=shown)
    other = solved("a", "Do this.")
    like = replace(other, view=replace(other.view, task_id="b", prompt="Do that.", shown=shown))
    assert [item.view.task_id for item in Shelf.of(agent(other, like), 2).nearest(view)] == ["b", "a"]
