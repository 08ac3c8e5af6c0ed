"""Task sets put into other languages, and tasks of one's own that name one."""

import json
import logging
from pathlib import Path

import pytest

from etude.errors import InputError, LockedError
from etude.models.prompts import render, stops_for, target_for, template_for
from etude.models.reply import program_of
from etude.records import TaskView
from etude.sources.task_set import open_task_set

PAIRS = [{"stdin": "1 2\n", "stdout": "3\n"}, {"stdin": "4 5\n", "stdout": "9\n"}]


def row(name: str, prompt: str = "", **changes: object) -> dict[str, object]:
    given = {"task_id": name, "prompt": prompt or f"Read two numbers and print their sum ({name}).", "stdio": PAIRS}
    return {**given, **changes}


def written(tmp_path: Path, *rows: dict[str, object]) -> Path:
    path = tmp_path / "tasks.jsonl"
    path.write_text("".join(json.dumps(item) + "\n" for item in rows))
    return path


def test_a_set_is_asked_in_another_language(tmp_path: Path) -> None:
    path = written(
        tmp_path, row("a", reference="print(3)", shown=[0]), row("b", reference="print(a+b)", language="lua")
    )
    first, second = open_task_set(f"in:Lua:jsonl:{path}")
    assert (first.facts.language, first.facts.kind, first.reference) == ("lua", "instruct", "")
    assert (first.task_id, second.reference) == ("a", "print(a+b)")
    assert (len(first.hidden), len(first.facts.shown)) == (1, 1)


def test_several_languages_are_dealt_out_by_the_task_id(tmp_path: Path) -> None:
    path = written(tmp_path, *(row(f"t{n}") for n in range(40)))
    tasks = open_task_set(f"in:lua+c+r:jsonl:{path}")
    counts = {name: sum(task.facts.language == name for task in tasks) for name in ("lua", "c", "r")}
    assert sum(counts.values()) == 40
    assert min(counts.values()) >= 5
    again = {task.task_id: task.facts.language for task in open_task_set(f"in:lua+c+r:jsonl:{path}[10:20]")}
    assert all(task.facts.language == again[task.task_id] for task in tasks[10:20])


def test_every_task_can_be_asked_in_every_language(tmp_path: Path) -> None:
    path = written(tmp_path, row("a"), row("b"))
    tasks = open_task_set(f"in:lua+c:jsonl:{path}", {"each": True})
    assert [task.task_id for task in tasks] == ["a/lua", "a/c", "b/lua", "b/c"]


def test_what_is_tied_to_python_is_left_out_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    calls = {"entry_point": "f", "calls": [{"args": [1], "expected": 1}]}
    function = {key: item for key, item in row("b", "Write f.", **calls).items() if key != "stdio"}
    path = written(tmp_path, row("a"), function, row("c", "In Python 3, read two numbers and print their sum."))
    with caplog.at_level(logging.WARNING):
        assert [task.task_id for task in open_task_set(f"in:c:jsonl:{path}")] == ["a"]
    assert "leaves 2 of 3 tasks out" in caplog.text
    with pytest.raises(InputError, match="speaks of Python"):
        open_task_set(f"in:c:jsonl:{written(tmp_path, row('c', 'In Python 3, print 3.'))}")


def test_a_text_without_a_language_or_a_set_is_refused(tmp_path: Path) -> None:
    for text in ("in:lua", "in:", "in::jsonl:x"):
        with pytest.raises(InputError, match="no language or no task set"):
            open_task_set(text)
    with pytest.raises(InputError, match="no language 'cobol'"):
        open_task_set(f"in:cobol:jsonl:{written(tmp_path, row('a'))}")


def test_the_lock_of_the_inner_set_holds(tmp_path: Path) -> None:
    path = written(tmp_path, *(row(f"t{n}") for n in range(40)))
    with pytest.raises(LockedError):
        open_task_set(f"in:lua:jsonl:{path}[test]")
    held = {task.task_id for task in open_task_set(f"in:lua:jsonl:{path}[test]", reading="measure")}
    practised = {task.task_id for task in open_task_set(f"in:lua:jsonl:{path}[train]")}
    assert held
    assert practised
    assert not held & practised


def test_a_task_of_ones_own_may_name_its_language(tmp_path: Path) -> None:
    path = written(tmp_path, row("a", language="C++"), row("b"))
    first, second = open_task_set(f"jsonl:{path}")
    assert (first.facts.language, second.facts.language) == ("cpp", "python")


VIEW = TaskView(task_id="a", kind="instruct", prompt="Print 3.", language="ocaml")


def test_the_prompt_names_the_language_and_opens_its_block() -> None:
    text = render(template_for(VIEW), VIEW)
    assert "A program in OCaml that reads from standard input" in text
    assert "Str and Unix" in text
    assert text.endswith("```ocaml")
    assert stops_for(VIEW) == ("\n```",)
    repair = render(template_for(VIEW, repair=True), VIEW, program="let () = ()", feedback="It printed nothing.")
    assert repair.count("```ocaml") == 2


@pytest.mark.parametrize(
    ("reply", "program"),
    [
        ('\nprint_endline "3"', 'print_endline "3"\n'),
        ("Here:\n```ocaml\nlet x = 3\n```\nIt prints 3.", "let x = 3\n"),
        ("```\nfirst\n```\nbetter:\n```\nsecond\n```", "second\n"),
        ("```ml\nlet x = 3\n```\nRun it:\n```sh\nocaml a.ml\n```", "let x = 3\n"),
        ("```ocaml\nlet x = 3", "let x = 3\n"),
    ],
)
def test_a_reply_is_read_as_a_program_of_the_language(reply: str, program: str) -> None:
    assert program_of(reply, VIEW) == program


def test_a_training_target_reads_back_as_the_program() -> None:
    program = 'let () =\n  print_endline "3"\n'
    assert program_of(target_for(VIEW, program).removesuffix("\n```"), VIEW) == program


def test_a_continued_function_may_be_written_out_again() -> None:
    view = TaskView(task_id="a", kind="complete", prompt="-- Twice.\nlocal function twice(x)\n", language="lua")
    whole = "-- Twice.\nlocal function twice(x)\n  return 2 * x\nend\n"
    assert program_of("  return 2 * x\nend", view) == whole
    assert program_of("```lua\nlocal function twice(x)\n  return 2 * x\nend\n```", view) == whole
    assert program_of(f"```lua\n{whole}```", view) == whole
    assert "\nfunction" in stops_for(view)
