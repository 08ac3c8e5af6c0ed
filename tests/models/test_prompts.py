"""Prompts say exactly what they should, and never what a solver may not know."""

from pathlib import Path

import pytest

from etude.errors import InputError
from etude.models.prompts import load, render, stops_for, target_for, template_for
from etude.models.reply import program_of
from etude.records import Call, Exchange, TaskView, Tests

LAB = TaskView(
    task_id="lab/1",
    kind="complete",
    prompt='def f(xs):\n    """Double each."""\n    # f([1]) -> [2]',
    entry_point="f",
    shown=Tests(calls=(Call(args=([1],), expected=[2]),)),
)
PROSE = TaskView(
    task_id="mbpp/1",
    kind="instruct",
    prompt="Write a function to add <b> & {{ c }}.\n",
    entry_point="add",
    shown=Tests(assertions=("assert add(1, 2) == 3",)),
)
SCRIPT = TaskView(
    task_id="apps/1", kind="instruct", prompt="Add.", shown=Tests(stdio=(Exchange(stdin="1 2\n", stdout="3\n"),))
)
PUZZLE = TaskView(
    task_id="p3/1", kind="puzzle", prompt="def sat(x):\n    return x == 1\n\ndef sol():", entry_point="sol"
)


@pytest.mark.parametrize("ending", ["", "\n", "\n\n", "    ", "\r\n"])
def test_a_completion_prompt_is_the_prompt_to_the_letter(ending: str) -> None:
    for view in (LAB, PUZZLE):
        text = view.prompt + ending
        asked = TaskView(task_id="t", kind=view.kind, prompt=text, entry_point=view.entry_point)
        assert render(template_for(asked), asked) == text


def test_an_instruction_ends_in_an_open_fence_and_shows_the_tests() -> None:
    text = render(template_for(PROSE), PROSE)
    assert text.startswith("Write a function to add <b> & {{ c }}.\n")
    assert "\nassert add(1, 2) == 3\n" in text
    assert "`add`" in text
    assert text.endswith("\n```python")
    script = render("instruct.v1", SCRIPT)
    assert r"'1 2\n' gives output '3\n'" in script
    assert "standard input" in script


def test_an_instruction_without_tests_speaks_of_none() -> None:
    bare = TaskView(task_id="t", kind="instruct", prompt="Add.", entry_point="add")
    assert render("instruct.v1", bare) == "Add.\n\nA program in Python that defines `add`:\n```python"


def test_a_repair_prompt_has_the_form_that_the_base_model_is_trained_on() -> None:
    body, said = "\n    return [x for x in xs]", "f([1]) returned [1], expected [2]"
    expected = f"{LAB.prompt}{body}\n# {said}\n# fixed\n{LAB.prompt}"
    program = program_of(body, LAB)
    template = template_for(LAB, repair=True)
    assert render(template, LAB, program=program, completion=body, feedback=said) == expected
    assert render(template, LAB, program=program, feedback=said) == expected
    two = render(template, LAB, program=program, feedback=said + "\nline 4\n\n")
    assert two == f"{LAB.prompt}{body}\n# {said}\n# line 4\n# fixed\n{LAB.prompt}"
    assert template_for(PUZZLE, repair=True) == template


def test_a_repair_of_an_instruction_shows_program_feedback_and_task() -> None:
    text = render(template_for(PROSE, repair=True), PROSE, program="def add(a, b):\n    return a\n", feedback="got 1")
    assert "```python\ndef add(a, b):\n    return a\n```\n" in text
    assert "\ngot 1\n" in text
    assert PROSE.prompt.strip() in text
    assert text.endswith("\n```python")


def test_stop_strings_spare_what_lies_inside_a_function() -> None:
    nested = "\n    def go(x):\n        # x\n        return x\n\n    return go(1)"
    assert not any(stop in nested for stop in stops_for(LAB))
    assert stops_for(PUZZLE) == stops_for(LAB)
    assert any(stop in "\ndef g():" for stop in stops_for(LAB))
    assert stops_for(PROSE) == ("\n```",)


def test_a_target_is_what_follows_the_prompt() -> None:
    body = "\n    return [2 * x for x in xs]"
    assert target_for(LAB, LAB.prompt + body + "\n") == body
    assert target_for(PUZZLE, PUZZLE.prompt + "\n    return 1\n") == "\n    return 1"
    assert target_for(PROSE, "def add(a, b):\n    return a + b\n") == "\ndef add(a, b):\n    return a + b\n```"


def test_the_target_of_a_program_with_its_own_header_goes_behind_the_prompts() -> None:
    own = "def f(xs):\n    return [2 * x for x in xs]\n"
    assert target_for(LAB, own) == "\n    return [2 * x for x in xs]"
    other = "def f(values):\n    return [2 * x for x in values]\n"
    assert program_of(target_for(LAB, other), LAB) == other


def test_a_users_own_template_is_a_path(tmp_path: Path) -> None:
    own = tmp_path / "mine.jinja"
    own.write_text("Q: {{ prompt }} [{{ tests | length }}] {{ style }}\nA:\n")
    assert render(str(own), PROSE, style="terse") == f"Q: {PROSE.prompt} [1] terse\nA:"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{ hidden }}", "hidden"),
        ("{{ prompt ", "line 1"),
        ("{{ view.reference }}", "reference"),
        ("{% nope %}", "nope"),
    ],
)
def test_a_wrong_template_is_a_users_mistake(tmp_path: Path, text: str, words: str) -> None:
    own = tmp_path / "mine.jinja"
    own.write_text(text)
    with pytest.raises(InputError, match=words):
        render(str(own), PROSE)


@pytest.mark.parametrize("name", ["complete.v9", "", "/no/such/file.jinja", "../secrets"])
def test_an_unknown_template_names_the_known_ones(name: str) -> None:
    with pytest.raises(InputError) as caught:
        load(name)
    assert "complete.v1" in caught.value.choices


def test_a_template_cannot_reach_out(tmp_path: Path) -> None:
    own = tmp_path / "mine.jinja"
    own.write_text("{{ prompt.__class__.__mro__[1].__subclasses__() }}")
    with pytest.raises(InputError):
        render(str(own), PROSE)
