"""Every family that ships: its solutions pass the judge, no constant does, and the prover notices what is wrong."""

from importlib import metadata

import pytest

from etude.errors import EtudeError, InputError
from etude.judges.auto import Auto
from etude.puzzles.family import Family
from etude.puzzles.proving import Problem, problems, task_of
from etude.puzzles.trivial import trivial_answers
from etude.records import Attempt
from etude.sources.families import Families
from etude.sources.p3 import P3
from etude.sources.task_set import open_task_set

NAMES = sorted(entry.name for entry in metadata.entry_points(group="etude.families"))


def test_there_are_at_least_six_families_of_several_answer_types():
    types = {item.ans_type for name in NAMES for item in family(name)().build(1)}
    assert len(NAMES) >= 6
    assert {"int", "str", "List[int]", "List[float]", "List[bool]", "List[List[int]]", "List[str]"} <= types


def family(name: str) -> type[Family]:
    [entry] = metadata.entry_points(group="etude.families", name=name)
    return entry.load()


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_judge_passes_every_solution_and_no_constant(name, jail):
    instances = family(name)().build(5)
    assert len(instances) == 5
    assert problems(instances, jail) == []


@pytest.mark.parametrize("name", NAMES)
def test_many_instances_can_be_made_and_all_differ(name):
    made = family(name)().build(12)
    assert len({instance.sat for instance in made}) == len(made) >= 10


class Flawed(Family):
    @staticmethod
    def sat(answer: int, total=10):
        return 2 * answer == total

    @staticmethod
    def sol(total):
        return total // 2

    @staticmethod
    def sol_wrong(total):
        return total

    @staticmethod
    def sol_endless(total):
        while True:
            pass

    def gen(self, target):
        self.add({"total": 4002}, test=False)


def test_the_prover_names_wrong_and_slow_solutions_and_trivial_and_unsolved_instances(jail):
    wrong, slow, trivial, unsolved = problems(Flawed().build(2), jail)
    assert wrong == Problem("Flawed:0", "wrong solution", "solution 2: test 1 failed: AssertionError")
    assert (slow.name, slow.defect, slow.detail[:19]) == ("Flawed:0", "wrong solution", "solution 3: timeout")
    assert trivial == Problem("Flawed:0", "trivial", "solved by 5")
    assert unsolved == Problem("Flawed:1", "no solution")


@pytest.mark.parametrize(
    ("ans_type", "some", "number"),
    [
        ("int", [-10, 0, 100], 111),
        ("str", ["", "cat"], 8),
        ("bool", [False, True], 2),
        ("List[int]", [[], [0, 1], [100]], 57),
        ("List[List[bool]]", [[[]], [[True, False]]], 7),
        ("Set[int]", [], 0),
    ],
)
def test_trivial_answers_have_the_type(ans_type, some, number):
    answers = list(trivial_answers(ans_type))
    assert len(answers) == number
    assert all(answer in answers for answer in some)


def attempt(task, program):
    return Attempt(
        task_id=task.task_id, prompt="", completion="", program=program, template="", agent="", solver="",
        sample_index=0, seed=0, round=0,
    )  # fmt: skip


def test_the_source_makes_tasks_that_the_ordinary_judge_decides(jail):
    for task in Families(path="Lanterns,MirrorHall", count=2).propose(None):
        right, wrong = attempt(task, task.reference), attempt(task, "def sol(**inputs): return []")
        assert [verdict.passed for verdict in Auto().judge(task, [right, wrong], jail)] == [True, False]
        assert task.facts.prompt.endswith(":\n")
        assert task.licence == "Apache-2.0"


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("families:Lanterns?count=2", ["Lanterns:0", "Lanterns:1"]),
        ("families:Lanterns, ScaleSet?count=1", ["Lanterns:0", "ScaleSet:0"]),
        ("families:etude.puzzles.texts:MirrorHall[1:3]", ["MirrorHall:1", "MirrorHall:2"]),
        (f"families:{__name__}:Flawed", ["Flawed:0", "Flawed:1"]),
    ],
)
def test_a_task_set_text_names_families_number_and_slice(text, ids, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, __name__, sys.modules.get(__name__) or type(sys)(__name__))
    monkeypatch.setattr(sys.modules[__name__], "Flawed", Flawed, raising=False)
    assert [task.task_id for task in open_task_set(text)] == ids


def test_all_families_come_without_a_name_and_a_seed_changes_the_random_instances():
    tasks = open_task_set("families")
    assert len(tasks) == 5 * len(NAMES)
    assert [task.facts.prompt for task in open_task_set("families")] == [task.facts.prompt for task in tasks]
    other = open_task_set("families:Lanterns?seed=1&count=5")
    assert other[0] in tasks
    assert other[4] not in tasks


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("families:Lantern", "Lanterns"),
        ("families:Lanterns?conut=3", "no setting 'conut'"),
        ("families:Lanterns?count=many", "count is 'many'"),
        ("families:Lanterns?count=0", "count is 0"),
        ("families:etude.puzzles.numbers:random", "no puzzle family"),
        ("families:Lanterns,Lanterns", "occur more than once"),
    ],
)
def test_what_is_wrong_with_a_text_is_said(text, said):
    with pytest.raises(EtudeError, match=said):
        open_task_set(text)


def test_a_family_of_somebody_else_carries_no_licence_of_ours():
    assert task_of(Flawed().build(1)[0]).licence == ""


def test_published_as_p3_rows_the_instances_are_read_by_the_source_of_p3(tmp_path):
    import json

    from etude.puzzles.instance import as_row

    instances = [item for name in ("Lanterns", "Handshakes") for item in family(name)().build(3)]
    (tmp_path / "puzzles.json").write_text(json.dumps([as_row(item) for item in instances]))
    tasks = list(P3(path=str(tmp_path)).propose(None))
    assert [(task.task_id, task.facts.prompt, task.reference, task.hidden) for task in tasks] == [
        (item.name, task_of(item).facts.prompt, item.solutions[0], task_of(item).hidden) for item in instances
    ]


def test_wrong_settings_of_the_source_are_refused():
    with pytest.raises(InputError, match="count is -1"):
        list(Families(count=-1).propose(None))
