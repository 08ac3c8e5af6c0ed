"""The solver that needs no model: what it writes, in which order, when it stops, and that it learns from itself."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from etude.config import Part, build
from etude.errors import InputError, RecipeError
from etude.judges.auto import Auto
from etude.judges.examine import Exam, examine
from etude.models.reply import program_of
from etude.protocols import Budget
from etude.puzzles.bigram import Bigram, save
from etude.records import Agent, Limits, TaskView, Tests
from etude.sandbox import Sandbox
from etude.solvers.enumerate import BATCH, Enumerate
from etude.sources.families import Families
from etude.sources.lab import Lab
from etude.sources.p3 import P3
from etude.tasks import Task

AGENT = Agent(model="", fingerprint="nobody")
LIMITS = Limits(cpu_seconds=1.0, wall_seconds=10.0)


@pytest.fixture(scope="session")
def jail() -> Iterator[Sandbox]:
    with Sandbox(workers=1, remember=4096) as sandbox:
        yield sandbox


@dataclass
class Shown:
    """A workbench without a model: it runs shown tests, and counts what it ran."""

    sandbox: Sandbox | None = None
    asked: list[str] = field(default_factory=list)

    def generate(self, requests):
        raise AssertionError("enumeration asks no model")

    def check(self, programs):
        assert self.sandbox, "nothing is to be run here"
        self.asked += [program for _, program in programs]
        return examine([Exam(program, view.shown, "sol", LIMITS) for view, program in programs], self.sandbox)


def puzzle(name: str, sat: str, header: str = "def sol():") -> Task:
    tests = Tests(puzzle=f"from typing import List\n\n\n{sat}\n")
    prompt = f"{tests.puzzle}\n\n{header}\n" if header else tests.puzzle
    view = TaskView(task_id=name, kind="puzzle", prompt=prompt, entry_point="sol", shown=tests)
    return Task(facts=view, hidden=tests)


def tries(solver: Enumerate, tasks: list[Task], bench: Shown, samples: int | None = None):
    budget = Budget(samples=samples, seed=3, round=2)
    return list(solver.attempt([task.view() for task in tasks], AGENT, bench, budget))


SUM = puzzle("sum", "def sat(x: int, a=17, b=25):\n    return x == a + b", "def sol(a=17, b=25):")
PRODUCT = puzzle("product", "def sat(x: int, n=7, m=11):\n    return x == n * m", "def sol(n=7, m=11):")
TEXT = puzzle("text", "def sat(t: str, s='abc'):\n    return t == s[::-1] * 2", "def sol(s='abc'):")


def test_a_puzzle_gets_exactly_its_tries_all_different_and_no_model_or_sandbox_is_asked():
    made = tries(Enumerate(samples=200), [SUM, TEXT], Shown())
    for name in ("sum", "text"):
        own = [item for item in made if item.task_id == name]
        assert [item.sample_index for item in own] == list(range(200))
        assert len({item.program for item in own}) == 200
    first = made[0]
    assert (first.agent, first.solver, first.seed, first.round) == ("nobody", "enumerate", 3, 2)
    assert (first.prompt, first.completion_tokens) == (SUM.facts.prompt, 0)


def test_the_budget_of_the_run_goes_before_the_solvers_own():
    assert len(tries(Enumerate(samples=200), [SUM], Shown(), samples=7)) == 7
    assert tries(Enumerate(samples=200), [SUM], Shown(), samples=0) == []


def test_the_ordinary_judge_finds_the_solution_among_the_tries(jail):
    made = tries(Enumerate(samples=120), [SUM], Shown())
    passed = [item.completion.strip() for item, verdict in judged(SUM, made, jail) if verdict.passed]
    assert "return a + b" in passed
    assert all(item == "return a + b" or "a" in item for item in passed)


def judged(task, attempts, jail):
    return list(zip(attempts, Auto().judge(task, attempts, jail), strict=True))


@pytest.mark.parametrize(
    "task",
    [
        SUM,
        puzzle("no inputs", "def sat(x: int, a=17, b=25):\n    return x == a + b"),
        puzzle("no header", "def sat(x: int, a=17, b=25):\n    return x == a + b", ""),
        next(iter(Lab(kinds=("puzzles",)).propose(None, 1))),
        next(iter(Families(path="Lanterns").propose(None, 1))),
    ],
    ids=lambda task: task.task_id,
)
def test_prompt_and_completion_together_are_the_program_too(task, jail):
    for item in tries(Enumerate(samples=20), [task], Shown()):
        whole = program_of(item.completion, task.view())
        assert whole.rstrip().endswith(item.program.rstrip().rpartition("\n")[2].strip())
        exams = [Exam(program, task.hidden, "sol", LIMITS) for program in (whole, item.program)]
        outcomes = examine(exams, jail)
        assert outcomes[0].status == outcomes[1].status != "unavailable"


def test_a_solved_puzzle_is_left_after_its_batch_and_the_other_goes_on(jail):
    bench = Shown(jail)
    hopeless = puzzle("hopeless", "def sat(x: int):\n    return False")
    made = tries(Enumerate(samples=3 * BATCH, until_solved=True), [SUM, hopeless], bench)
    counts = {name: sum(item.task_id == name for item in made) for name in ("sum", "hopeless")}
    assert counts["sum"] < counts["hopeless"] == 3 * BATCH
    assert counts["sum"] % BATCH == 0
    assert len(bench.asked) == len(made)


@pytest.mark.whole
def test_in_several_passes_it_learns_from_its_own_solutions(jail):
    """`s[::-1] + s.upper()` lies beyond 3,000 other expressions, until shorter solutions have shown where to look."""
    near = [puzzle(f"near {s}", f"def sat(t: str, s='{s}'):\n    return t == s[::-1]") for s in ("abcd", "xyz", "pqr")]
    near += [puzzle(f"twice {s}", f"def sat(t: str, s='{s}'):\n    return t == s + s") for s in ("abcd", "xyz", "pqr")]
    near += [puzzle(f"loud {s}", f"def sat(t: str, s='{s}'):\n    return t == s.upper()") for s in ("abcd", "xyz")]
    far = [
        puzzle(f"far {s}", f"def sat(t: str, s='{s}'):\n    return t == s[::-1] + s.upper()") for s in ("abc", "klmn")
    ]
    tasks = {task.task_id: task for task in [*near, *far]}

    def solved(passes: int) -> set[str]:
        solver = Enumerate(samples=240, passes=passes, until_solved=True)
        made = tries(solver, list(tasks.values()), Shown(jail))
        assert max(item.sample_index for item in made) < 240
        assert len({(item.task_id, item.program) for item in made}) == len(made)
        return {name for name in tasks if passing(tasks[name], [item for item in made if item.task_id == name], jail)}

    assert solved(1) == {task.task_id for task in near}
    assert solved(3) == set(tasks)


def passing(task, attempts, jail) -> bool:
    return any(verdict.passed is True for _, verdict in judged(task, attempts, jail))


def test_a_file_of_counted_rules_changes_the_order(tmp_path):
    save(Bigram({"answer": {"int: {int} * {int}": 50.0}}), tmp_path / "rules.json")
    plain = [item.completion.strip() for item in tries(Enumerate(samples=10), [PRODUCT], Shown())]
    taught = [
        item.completion.strip()
        for item in tries(Enumerate(samples=10, rules=str(tmp_path / "rules.json")), [PRODUCT], Shown())
    ]
    assert plain[0] == "return n"
    assert "return n * m" not in plain
    assert "return n * m" in taught


def test_the_same_settings_give_the_same_attempts():
    assert tries(Enumerate(samples=300), [SUM, TEXT], Shown()) == tries(Enumerate(samples=300), [SUM, TEXT], Shown())


def test_it_enters_by_its_entry_point():
    part = Part.model_validate({"use": "enumerate", "passes": 2, "until_solved": True})
    assert build("solvers", part, samples=9, temperature=0.8) == Enumerate(samples=9, passes=2, until_solved=True)


@pytest.mark.parametrize("wrong", [{"samples": -1}, {"passes": 0}, {"borrowed": 1.0}, {"prior": 0.0}])
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(RecipeError, match="enumerate"):
        Enumerate(**wrong)


def test_tasks_that_are_no_puzzles_are_named():
    other = TaskView(task_id="lab/1", kind="instruct", prompt="Add.", entry_point="f")
    with pytest.raises(InputError, match="lab/1"):
        list(Enumerate().attempt([SUM.view(), other], AGENT, Shown(), Budget(samples=None, seed=0, round=0)))


@pytest.mark.data
def test_every_puzzle_of_p3_can_be_enumerated(data):
    tasks = list(P3(path=str(data("p3"))).propose(None))
    tasks = [task for place, task in enumerate(tasks) if place % 10 == 0 or task.task_id == "BoxVolume:1"]
    made = tries(Enumerate(samples=2), tasks, Shown())
    assert len(made) == 2 * len(tasks)


@pytest.mark.data
@pytest.mark.slow
def test_it_solves_some_of_the_test_puzzles_of_p3(data, jail):
    tasks = list(P3(path=str(data("p3")), split="test").propose(None))[::40]
    made = tries(Enumerate(samples=BATCH, until_solved=True), tasks, Shown(jail))
    solved = [task for task in tasks if passing(task, [item for item in made if item.task_id == task.task_id], jail)]
    assert 1 <= len(solved) < len(tasks) / 2
