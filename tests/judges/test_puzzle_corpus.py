"""Fifty ways to cheat the judge of puzzles, all refused; thirty honest programs that look odd, all accepted."""

import pytest

from etude.judges.puzzle import PuzzleJudge
from etude.records import Tests
from etude.sandbox import Sandbox
from tests.judges.hostile import attempt_of, task_of
from tests.judges.puzzle_corpus import CHEATS, HONEST, NOT_A_NUMBER, PUZZLES

JUDGE = PuzzleJudge(cpu_seconds=2.0, wall_seconds=10.0, memory_bytes=256 << 20)


def verdict(entry: tuple[str, str], jail: Sandbox) -> bool | None:
    puzzle, program = entry
    return JUDGE.judge(task_of(Tests(puzzle=PUZZLES[puzzle]), "sol"), [attempt_of(program)], jail)[0].passed


def test_both_lists_are_long_enough_and_hold_no_program_twice() -> None:
    for corpus in (CHEATS, HONEST):
        assert len(corpus) >= 25
        assert len({program for _, program in corpus.values()}) == len(corpus)


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_fails(name: str, jail: Sandbox) -> None:
    assert verdict(CHEATS[name], jail) is False


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_program_passes(name: str, jail: Sandbox) -> None:
    assert verdict(HONEST[name], jail) is True


@pytest.mark.parametrize("name", NOT_A_NUMBER)
def test_what_json_cannot_hold_fails(name: str, jail: Sandbox) -> None:
    assert verdict(NOT_A_NUMBER[name], jail) is False


def test_cheats_in_one_batch_fail_beside_honest_programs(jail: Sandbox) -> None:
    """What one program leaves behind must not reach the next."""
    for puzzle in PUZZLES:
        bad = [program for name, program in CHEATS.values() if name == puzzle]
        good = [program for name, program in HONEST.values() if name == puzzle]
        mixed = [attempt_of(text, number) for number, text in enumerate([*bad, *good, *bad])]
        verdicts = JUDGE.judge(task_of(Tests(puzzle=PUZZLES[puzzle]), "sol"), mixed, jail)
        assert [item.passed for item in verdicts] == [False] * len(bad) + [True] * len(good) + [False] * len(bad)
