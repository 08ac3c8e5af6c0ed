"""Planted defects are found, sound tasks are left alone, and a judge that says yes to everything is noticed."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from etude.auditing.card import Card
from etude.auditing.health import cards
from etude.judges.exam import Exam
from etude.judges.examine import examine
from etude.progress import Progress
from etude.protocols import Sandbox
from etude.records import Outcome, TaskView, Tests, decode, encode
from etude.sandbox import Sandbox as Jail
from etude.sources.task_set import open_task_set
from etude.tasks import Task
from tests.auditing.planted import CLEAN, ELSEWHERE, PLANTED


@pytest.fixture(scope="module")
def jail() -> Iterator[Jail]:
    with Jail(workers=1) as sandbox:
        yield sandbox


def opened(rows: Sequence[dict], folder: Path) -> list[Task]:
    path = folder / "tasks.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return open_task_set(f"jsonl:{path}", reading="look")


@pytest.fixture(scope="module")
def found(jail: Jail, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Card]:
    rows = [*CLEAN, *(row for _, row in PLANTED)]
    tasks = opened(rows, tmp_path_factory.mktemp("set"))
    others = {"other": opened([ELSEWHERE], tmp_path_factory.mktemp("other"))}
    return {card.task_id: card for card in cards(tasks, jail, runs=2, mutants=8, others=others, slow=0.05)}


@pytest.mark.parametrize(("wanted", "row"), PLANTED, ids=lambda item: item["task_id"] if isinstance(item, dict) else "")
def test_a_planted_defect_is_found(wanted: set[str], row: dict, found: dict[str, Card]) -> None:
    card = found[row["task_id"]]
    assert wanted <= set(card.names), card


def test_there_are_enough_kinds_of_planted_defects() -> None:
    assert len({name for wanted, _ in PLANTED for name in wanted}) >= 20
    assert len(CLEAN) >= 10


@pytest.mark.parametrize("row", CLEAN, ids=lambda row: row["task_id"])
def test_a_sound_task_has_no_defect(row: dict, found: dict[str, Card]) -> None:
    card = found[row["task_id"]]
    assert card.defects == ()
    assert card.passed_cheats == ()
    assert card.runs == card.passed >= 2
    assert card.cheats > 10


def test_the_strength_of_sound_tests_is_high_and_survivors_are_shown(found: dict[str, Card]) -> None:
    sound = [found[row["task_id"]] for row in CLEAN if "puzzle" not in row]
    assert sum(card.killed for card in sound) / sum(card.mutants for card in sound) > 0.8
    weak = found["bad/weak"]
    assert weak.strength is not None
    assert weak.strength < 0.5
    assert len(weak.survivors) == weak.mutants - weak.killed
    assert all(item.was != item.now and item.line for item in weak.survivors)


def test_a_judge_that_always_says_yes_is_noticed(jail: Jail, tmp_path: Path) -> None:
    def yes(exams: Sequence[Exam], sandbox: Sandbox) -> list[Outcome]:
        return [replace(outcome, status="ok") for outcome in examine(exams, sandbox)]

    for card in cards(opened(CLEAN[:3], tmp_path), jail, runs=1, mutants=8, judge=yes):
        assert {"tests accept anything", "cheat passes"} <= set(card.names)
        assert card.killed == 0


def test_a_judge_that_always_says_no_is_noticed(jail: Jail, tmp_path: Path) -> None:
    def no(exams: Sequence[Exam], sandbox: Sandbox) -> list[Outcome]:
        return [replace(outcome, status="failed") for outcome in examine(exams, sandbox)]

    for card in cards(opened(CLEAN[:3], tmp_path), jail, runs=1, mutants=8, judge=no):
        assert card.names == ("reference fails",)


def test_a_task_without_tests_or_words_is_named_and_does_not_stop_the_audit(jail: Jail) -> None:
    bare = Task(facts=TaskView(task_id="a", kind="instruct", prompt=" ", entry_point="f"), hidden=Tests())
    [card] = cards([bare], jail)
    assert {"no tests", "empty prompt"} <= set(card.names)
    assert [item.name for item in card.remarks] == ["no reference"]


def test_remarks_flag_nothing(jail: Jail, tmp_path: Path) -> None:
    base = CLEAN[0]
    twin = {**base, "task_id": "b", "prompt": base["prompt"] + " Please.", "shown": [0, 1, 2, 3, 4]}
    twin["reference"] = "def clip(x, low, high):\n    return 3\n"
    twin["calls"] = [*base["calls"][:4], base["calls"][0]]
    first, second = cards(opened([base, twin], tmp_path), jail, runs=1, mutants=0)
    names = {item.name for item in second.remarks}
    assert {"similar prompt", "test stated twice", "no hidden tests", "argument not used"} <= names
    assert first.remarks == ()


def test_cards_are_the_same_but_for_time_and_survive_json(jail: Jail, tmp_path: Path) -> None:
    tasks = opened([*CLEAN[:2], PLANTED[0][1]], tmp_path)
    one, other = ([replace(card, seconds=0.0) for card in cards(tasks, jail, runs=1, mutants=5, seed=3)] for _ in "ab")
    assert one == other
    assert [decode(Card, json.loads(json.dumps(encode(card)))) for card in one] == one


def test_progress_is_told(jail: Jail, tmp_path: Path) -> None:
    seen: list[Progress] = []
    list(cards(opened(CLEAN[:2], tmp_path), jail, runs=1, mutants=0, watch=seen.append))
    assert seen[-1].ended
    assert (seen[-1].done, seen[-1].total) == (2, 2)
    assert seen[-1].verdicts == {"passed": 2}


@pytest.mark.data
def test_known_defects_of_mbpp_are_named(data: Callable[[str], Path], jail: Jail) -> None:
    tasks = open_task_set(f"mbpp:{data('mbpp/mbpp.jsonl')}", reading="look")
    chosen = [task for task in tasks if task.task_id in ("mbpp/313", "mbpp/362", "mbpp/436", "mbpp/2")]
    found = {card.task_id: card for card in cards(chosen, jail, runs=1, mutants=3)}
    assert [name for name, card in found.items() if "malformed assertion" in card.names] == [
        "mbpp/313",
        "mbpp/362",
        "mbpp/436",
    ]
    assert found["mbpp/2"].defects == ()
