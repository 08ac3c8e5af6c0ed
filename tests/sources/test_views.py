"""Three views of one program: each reference is right, wrong answers are not, hidden pairs stay hidden."""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from etude.arms import run_arm
from etude.config import Recipe
from etude.errors import RecipeError
from etude.judges.auto import Auto
from etude.ledger import Ledger
from etude.models.scripted import Scripted
from etude.progress import ignore
from etude.protocols import State
from etude.records import Agent, Attempt, Example, canonical
from etude.sandbox import Sandbox
from etude.sources.views import Views
from etude.stages import PROPOSAL
from etude.tasks import Task
from etude.workbench import Bench

SECRET = 731_337  # in hidden tests only
ROWS = {
    "steps": ("def steps(xs, n):\n    'Counts 41 things.'\n    return [x * n + 1 for x in xs if x > n]", [
        (([3, 5, 1], 2), [7, 11]), (([9, 9, 4], 4), [37, 37]), (([8, 2], 3), [25]),
        (([SECRET, 4], 2), [SECRET * 2 + 1, 9])]),
    "join": ("def helper(s):\n    return s[::-1]\n\ndef join(s, list):\n    return helper(s) + '-' + list", [
        (("abc", "uv"), "cba-uv"), (("quux", "w"), "xuuq-w"), (("xyzzy", "t"), "yzzyx-t")]),
    "same": ("def same(x):\n    return x", [((41,), 41), ((52,), 52)]),
    "nothing": ("def nothing(x):\n    return 7", [((41,), 7), ((52,), 7)]),
    "counter": ("seen = []\ndef counter(x):\n    seen.append(x)\n    return len(seen) * 100 + x", [
        ((41,), 141), ((52,), 252)]),
    "broken": ("def broken(x):\n    return x[0]", [((41,), 1), ((52,), 1)]),
    "tuples": ("def tuples(x):\n    return (x, x + 1)", [((41,), [41, 42]), ((52,), [52, 53])]),
    "dated": ("import time\ndef dated(x):\n    return x + 3 + 0 * int(time.time())", [((41,), 44), ((52,), 55)]),
    "square": ("def square(x):\n    return x * x - 2", [((41,), 1679), ((52,), 2702)]),
    "unknown": ("", [((41,), 41)]),
}  # fmt: skip


def write(folder: Path) -> str:
    """Writes the task set; every test but the last is shown."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "task_id": name,
            "prompt": f"Task {name}.",
            "entry_point": name,
            "calls": [{"args": list(args), "expected": value} for args, value in calls],
            "shown": list(range(max(1, len(calls) - 1))),
            "licence": "CC0",
            **({"reference": program} if program else {}),
        }
        for name, (program, calls) in ROWS.items()
    ]
    (folder / "tasks.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return f"jsonl:{folder}/tasks.jsonl"


@pytest.fixture(scope="module")
def jail() -> Iterator[Sandbox]:
    with Sandbox(workers=1, remember=4096) as sandbox:
        yield sandbox


@pytest.fixture
def state(tmp_path: Path, jail: Sandbox) -> Iterator[State]:
    ledger = Ledger(tmp_path / "run")
    agent = Agent(model="", fingerprint="")
    yield State(
        round=0,
        seed=0,
        folder=tmp_path / "run" / "rounds" / "00",
        base=agent,
        agent=agent,
        bench=Bench(Scripted(), jail, ledger, limits=PROPOSAL),
        note=ledger.note,
    )
    ledger.close()


def told(state: State) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((state.folder / "views.json").read_text())
    return found


def passes(task: Task, program: str, jail: Sandbox) -> bool | None:
    one = Attempt(
        task_id=task.task_id, prompt="", completion="", program=program, template="", agent="", solver="",
        sample_index=0, seed=0, round=0,
    )  # fmt: skip
    return Auto(cpu_seconds=2, wall_seconds=10).judge(task, [one], jail)[0].passed


def of(tasks: list[Task], view: str, state: State, name: str) -> Task:
    [found] = [row["task_id"] for row in told(state)["list"] if row["view"] == view and row["of"] == name]
    return next(task for task in tasks if task.task_id == found)


def test_every_reference_is_right_and_other_answers_are_not(tmp_path: Path, state: State, jail: Sandbox) -> None:
    tasks = list(Views(tasks=write(tmp_path)).propose(state))
    assert {task.facts.kind for task in tasks} == {"puzzle", "complete"}
    for task in tasks:
        assert passes(task, task.reference, jail) is True, task.facts.prompt
        assert task.licence == "CC0"
    output = of(tasks, "deduction", state, "square")
    assert passes(output, output.facts.prompt + "\n    return 3", jail) is False
    assert passes(output, output.facts.prompt + "\n    return square(x)", jail) is False, "sol cannot call the program"
    assert passes(output, output.reference.replace("return 1679", "return 1679.0"), jail) is False
    assert passes(output, output.reference.replace("return 1679", "return True"), jail) is False


def test_any_input_that_gives_the_output_is_right(tmp_path: Path, state: State, jail: Sandbox) -> None:
    task = of(list(Views(tasks=write(tmp_path)).propose(state)), "abduction", state, "square")
    head = task.facts.prompt
    assert passes(task, f"{head}\n    return 41", jail) is True
    assert passes(task, f"{head}\n    return -41", jail) is True
    assert passes(task, f"{head}\n    return 40", jail) is False
    assert passes(task, f"{head}\n    return 41.0", jail) is False
    assert passes(task, f"{head}\n    return output", jail) is False
    assert "41" not in head


def test_an_induction_asks_for_the_program_and_its_hidden_pairs_decide(
    tmp_path: Path, state: State, jail: Sandbox
) -> None:
    task = of(list(Views(tasks=write(tmp_path), shown=2).propose(state)), "induction", state, "steps")
    lines = task.facts.prompt.split("\n")
    assert (len(lines), lines[-1], task.facts.entry_point) == (3, "def f(xs, n):", "f")
    assert "steps" not in task.facts.prompt
    assert "41" not in task.facts.prompt, "no docstring, no words"
    assert SECRET in task.hidden.calls[-1].args[0]
    by_heart = "def f(xs, n):\n" + "".join(
        f"    if (xs, n) == {call.args!r}: return {call.expected!r}\n" for call in task.facts.shown.calls
    )
    assert passes(task, by_heart, jail) is False
    assert passes(task, "def f(xs, n):\n    return [n * x + 1 for x in xs if x > n]\n", jail) is True


def test_no_hidden_input_is_in_any_prompt_or_puzzle(tmp_path: Path, state: State) -> None:
    for seed in range(5):
        other = replace(state, seed=seed, folder=state.folder.parent.parent.parent / f"{seed}" / "rounds" / "00")
        for task in Views(tasks=write(tmp_path), per_program=3).propose(other):
            assert str(SECRET) not in canonical(task.facts), task.facts.prompt
            assert not {canonical(call) for call in task.hidden.calls} & set(map(canonical, task.facts.shown.calls))
            for call in task.hidden.calls:
                assert repr(call.args)[1:-1].rstrip(",") not in task.facts.prompt
        assert str(SECRET) not in (other.folder / "views.json").read_text()


def test_what_is_of_no_use_is_left_out_and_counted(tmp_path: Path, state: State) -> None:
    assert list(Views(tasks=write(tmp_path)).propose(state))
    facts = told(state)
    assert {row["of"] for row in facts["list"]} == {"steps", "join", "square"}
    rest = {name: count for name, count in facts["left_out"].items() if not name.startswith("abduction")}
    assert rest == {
        "constant": 1,
        "deduction: trivial": 1,
        "differs between two runs": 1,
        "forbidden": 1,
        "induction: trivial": 1,
        "no program": 1,
        "no short plain value": 1,
        "raises": 1,
    }
    assert facts["left_out"]["abduction: trivial"] == 1
    ledger: Any = state.note.__self__  # type: ignore[union-attr]
    [event] = ledger.events("views")
    assert event["left_out"] == told(state)["left_out"]


def test_the_same_seed_gives_the_same_tasks_and_another_other_ones(tmp_path: Path, state: State) -> None:
    source = Views(tasks=write(tmp_path))
    once = list(source.propose(state))
    assert once == list(source.propose(state))
    ledger: Any = state.note.__self__  # type: ignore[union-attr]
    assert len(ledger.events("views")) == 1, "said once"
    texts = {canonical([task.facts.prompt for task in source.propose(replace(state, seed=seed))]) for seed in range(4)}
    assert len(texts) > 1


def test_views_of_earlier_rounds_do_not_come_again(tmp_path: Path, state: State) -> None:
    source = Views(tasks=write(tmp_path), per_program=3)
    first = {task.facts.prompt for task in source.propose(state)}
    later = replace(state, round=1, folder=state.folder.with_name("01"))
    second = {task.facts.prompt for task in source.propose(later)}
    assert first
    assert not first & second


def test_the_cap_is_shared_by_the_views(tmp_path: Path, state: State) -> None:
    tasks = list(Views(tasks=write(tmp_path), cap=3).propose(state))
    assert sorted(task.origin for task in tasks) == ["views: abduction", "views: deduction", "views: induction"]
    assert len(list(Views(tasks=write(tmp_path), views=["deduction"], cap=2).propose(state))) == 2
    assert len(list(Views(tasks=write(tmp_path)).propose(state, 1))) == 1


def test_assertions_are_read_for_their_inputs(tmp_path: Path, state: State) -> None:
    row = {
        "task_id": "a",
        "prompt": "p",
        "entry_point": "add",
        "assertions": ["assert add(41, 52) == 93", "assert add(x, 1) == 2", "assert add((1,), (2,)) == (1, 2)"],
        "shown": [0, 1, 2],
        "reference": "def add(a, b):\n    return a + b\n",
    }
    (tmp_path / "a.jsonl").write_text(json.dumps(row))
    [task] = Views(tasks=f"jsonl:{tmp_path}/a.jsonl", views=["deduction"]).propose(state)
    assert "a=41, b=52" in task.facts.prompt


def test_without_a_sandbox_there_are_no_views_and_it_says_so(
    tmp_path: Path, state: State, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert list(Views(tasks=write(tmp_path)).propose(None)) == []
        assert len(list(Views(tasks=write(tmp_path), beside=True).propose(replace(state, bench=None)))) == len(ROWS)
    assert "there is no sandbox here" in caplog.text


def test_own_verified_programs_have_views(tmp_path: Path, state: State, jail: Sandbox) -> None:
    def row(program: str, **changes: Any) -> Example:
        return Example(
            **{"prompt": "", "target": "", "program": program, "task_id": "square", "verdict": "v", **changes}
        )

    rows = (
        row("def square(a):\n    return a * a + a - a - 2\n"),
        row("def square(b):\n    return 0\n", verdict=""),
        row("def square(c):\n    return c ** 3\n", origin="reference"),
        row("def square(d):\n    return d ** 5\n", task_id="elsewhere"),
    )
    source = Views(tasks=write(tmp_path), references=False, own=True, views=["deduction"])
    [task] = source.propose(replace(state, earlier=rows))
    assert "a * a + a - a - 2" in task.facts.prompt
    assert passes(task, task.reference, jail) is True


def test_own_programs_for_inductions_count_as_well(tmp_path: Path, state: State) -> None:
    both = Views(tasks=write(tmp_path), references=True, own=True)
    made = of(list(both.propose(state)), "induction", state, "square")
    answer = Example(
        prompt="", target="", program="def f(x):\n    return -2 + x ** 2\n", task_id=made.task_id, verdict="v"
    )
    later = replace(state, round=1, folder=state.folder.with_name("01"), earlier=(answer,))
    list(Views(tasks=write(tmp_path), references=False, own=True).propose(later))
    assert {row["of"] for row in told(later)["list"]} == {"square"}
    assert any("-2 + x ** 2" in row["text"] for row in told(later)["list"])


@pytest.mark.parametrize(
    "wrong", [{"views": ["abducton"]}, {"views": []}, {"references": False}, {"cap": 0}, {"shown": 0}]
)
def test_a_wrong_setting_is_said_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(RecipeError):
        Views(tasks="lab[train]", **wrong)


def test_a_round_of_views_end_to_end(tmp_path: Path) -> None:
    """The model answers one view of each kind right and the others wrong; the judge `auto` takes each by its rule."""
    write(tmp_path)
    replies = {
        "def sat(output: int, x=41)": ["\n    return 1679"],
        "def sat(x: int, output=1679)": ["\n    return -41"],
        "def f(xs, n):": ["\n    return [n * x + 1 for x in xs if x > n]"],
    }
    recipe = Recipe.model_validate(
        {
            "name": "views",
            "rounds": 1,
            "source": {"use": "views", "tasks": f"jsonl:{tmp_path}/tasks.jsonl", "shown": 2},
            "model": {"use": "scripted", "replies": replies, "match": "substring", "default": "\n    return 1\n"},
            "solver": {"use": "sample", "samples": 1},
            "learner": {"use": "keep"},
            "suite": {"use": "passk", "tasks_from": f"jsonl:{tmp_path}/tasks.jsonl", "n": 1, "k": [1]},
            "evaluate": "never",
        }
    )
    run_arm(recipe, tmp_path / "run", "main", ignore)
    ledger = Ledger(tmp_path / "run")
    judged = list(ledger.judged("train", 0))
    ledger.close()
    right = {attempt.task_id.rpartition("/")[2] for attempt, verdict in judged if verdict.passed}
    assert right == {"deduction", "abduction", "induction"}
    assert sum(verdict.passed is False for _, verdict in judged) >= 3
    assert all(verdict.passed is not None for _, verdict in judged)
    assert not [attempt for attempt, _ in judged if str(SECRET) in attempt.prompt]
