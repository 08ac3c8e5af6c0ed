"""Limits calibrated from the reference on this machine: what is given, when it is measured, and what is remembered."""

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pytest

from etude.errors import RecipeError
from etude.judges.auto import Auto
from etude.judges.calibrating import Calibration, limits_of
from etude.judges.puzzle import PuzzleJudge
from etude.judges.settings import Settings
from etude.judges.stdio import StdioJudge
from etude.judges.tests import TestsJudge
from etude.records import Call, Exchange, Job, Run, Tests
from etude.sandbox import Sandbox
from etude.tasks import Task
from tests.judges.hostile import attempt_of, task_of

ONE = Tests(calls=(Call(args=(1,), expected=None),))
WORK = "from time import process_time as t\nstart = t()\nwhile t() - start < {0}: pass\n"
BUSY = "from time import process_time as t\ndef f(n):\n    start = t()\n    while t() - start < {0}: pass\n"


def busy(seconds: float) -> str:
    return BUSY.format(seconds)


def task(seconds: float, tests: Tests = ONE) -> Task:
    return replace(task_of(tests, entry_point="f"), reference=busy(seconds))


@contextmanager
def hogs(count: int) -> Iterator[None]:
    busy_ones = [subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for hog in busy_ones:
            hog.kill()
            hog.wait()


class Counting:
    """A sandbox that counts what passes through it to a real one, alone or beside others."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox, self.isolation, self.seen, self.alone = sandbox, sandbox.isolation, 0, 0

    def run(self, jobs: Sequence[Job]) -> list[Run]:
        self.seen += len(jobs)
        return self.sandbox.run(jobs)

    def run_alone(self, jobs: Sequence[Job]) -> list[Run]:
        self.alone += len(jobs)
        return self.sandbox.run_alone(jobs)

    def close(self) -> None:
        """Nothing: it is borrowed."""


def test_where_the_reference_is_slow_a_program_gets_more_than_the_fixed_limit_and_no_more_than_ten_times(
    jail: Sandbox,
) -> None:
    attempts = [attempt_of(busy(seconds), at) for at, seconds in enumerate((0.8, 3.0))]
    judge, fixed = (TestsJudge(cpu_seconds=0.3, calibrate=times) for times in (10, 0))
    assert [item.passed for item in judge.judge(task(0.12), attempts, jail)] == [True, False]
    assert [item.status for item in fixed.judge(task(0.12), attempts, jail)] == ["timeout", "timeout"]
    [found] = judge.calibration.known()
    assert found.reference_seconds == pytest.approx(0.12, abs=0.05)
    assert found.cpu_seconds == pytest.approx(10 * (found.reference_seconds or 0), rel=0.01)


def test_beside_hogs_it_is_processor_time_that_counts(jail: Sandbox) -> None:
    judge = TestsJudge(cpu_seconds=0.3, wall_seconds=1.0)
    with hogs(4):
        [good, bad] = judge.judge(task(0.12), [attempt_of(busy(0.6)), attempt_of(busy(9), 1)], jail)
    assert (good.passed, bad.reason) == (True, "timeout (cpu)")


def test_nothing_is_measured_until_a_program_runs_out_of_the_floor_and_then_once(jail: Sandbox) -> None:
    counting, judge = Counting(jail), TestsJudge(cpu_seconds=0.2)
    judge.judge(task(0.03), [attempt_of(busy(0))], counting)
    assert (counting.seen, counting.alone) == (1, 0)
    for _ in range(2):
        judge.judge(task(0.03), [attempt_of(busy(9))], counting)
    assert counting.alone == 3, "once to see that the floor is too low, twice more to be sure of the number"
    assert counting.seen == 1 + 2 + 1, "what is known already is the first limit of the next program"


@pytest.mark.parametrize("reference", ["", "def f(n): return 0\n", "def f(n", "def f(n):\n    while True: pass\n"])
def test_without_a_reference_that_passes_the_limit_is_the_fixed_one(reference: str, jail: Sandbox) -> None:
    found = replace(task(0), reference=reference)
    judge = TestsJudge(cpu_seconds=0.4, least_seconds=0.1, most_seconds=0.5)
    good, bad = judge.judge(found, [attempt_of(busy(0.2)), attempt_of(busy(0.7), 1)], jail)
    assert (good.passed, bad.status) == (True, "timeout")
    assert [item.cpu_seconds for item in judge.calibration.known()] == ([0.4] if reference else [])


def test_a_limit_stays_between_its_floor_and_its_ceiling(jail: Sandbox) -> None:
    def limit(seconds: float, **settings: float) -> float:
        bounds = Settings(**settings).bounds  # type: ignore[arg-type]
        return Calibration().limit(task(seconds), ONE, jail, bounds).cpu_seconds

    assert limit(0.0, calibrate=2, least_seconds=0.7) == 0.7
    assert limit(0.1, calibrate=1e6, most_seconds=7, cpu_seconds=5) == 7
    assert limit(0.1, calibrate=1e6, most_seconds=1, cpu_seconds=5) == 5, "never less than the fixed limit by accident"
    assert 1 < limit(0.2, calibrate=10, cpu_seconds=1) < 4


def test_the_wall_clock_is_stretched_with_the_processor_time_and_never_shortened(jail: Sandbox) -> None:
    for least, wall in ((1.0, 6.0), (0.05, 3.0)):
        bounds = Settings(cpu_seconds=0.5, wall_seconds=3, least_seconds=least).bounds
        assert limits_of(Calibration().limit(task(0), ONE, jail, bounds), bounds).wall_seconds == wall


@pytest.mark.parametrize(
    ("judge", "tests", "reference", "slower"),
    [
        (StdioJudge, Tests(stdio=(Exchange(stdin="", stdout="1"),) * 2), WORK + "print(1)\n", 0.5),
        (
            PuzzleJudge,
            Tests(puzzle="def sat(x: int):\n    for i in range(10 ** 6): pass\n    return x == 1\n"),
            "def sol():\n" + "".join(f"    {line}\n" for line in WORK.splitlines()) + "    return 1\n",
            0.5,
        ),
    ],
    ids=["stdio", "puzzle"],
)
def test_every_judge_calibrates_and_so_does_the_one_that_picks_them(
    judge: type[StdioJudge] | type[PuzzleJudge], tests: Tests, reference: str, slower: float, jail: Sandbox
) -> None:
    found = replace(task_of(tests, "sol"), reference=reference.format(0.1))
    for kind in (judge, Auto):
        own = kind(cpu_seconds=0.3)
        [verdict] = own.judge(found, [attempt_of(reference.format(slower))], jail)
        assert verdict.passed is True, verdict
        assert [item.task_id for item in own.calibration.known()] == [found.task_id]
        [verdict] = kind(cpu_seconds=0.3, calibrate=0).judge(found, [attempt_of(reference.format(slower))], jail)
        assert verdict.status == "timeout"


def test_what_is_on_record_is_neither_measured_again_nor_new(jail: Sandbox) -> None:
    first, second, counting = TestsJudge(cpu_seconds=0.2), TestsJudge(cpu_seconds=0.2), Counting(jail)
    first.judge(task(0.05), [attempt_of(busy(9))], jail)
    news = first.calibration.news()
    assert len(news) == 1
    assert first.calibration.news() == []
    second.calibration.learn(news)
    second.judge(task(0.05), [attempt_of(busy(9))], counting)
    assert (counting.seen, counting.alone, second.calibration.news()) == (1, 0, [])
    assert second.calibration.known() == first.calibration.known()


def test_another_reference_test_or_bound_is_another_limit(jail: Sandbox) -> None:
    calibration, bounds = Calibration(), Settings(cpu_seconds=0.2).bounds
    other = Tests(calls=(Call(args=(2,), expected=None),))
    for own, tests, within in (
        (task(0), ONE, bounds),
        (task(0.01), ONE, bounds),
        (task(0), other, bounds),
        (task(0), ONE, replace(bounds, times=3)),
    ):
        calibration.limit(own, tests, jail, within)
    assert len(calibration.known()) == 4


def test_many_threads_measure_a_task_once(jail: Sandbox) -> None:
    counting, calibration, bounds = Counting(jail), Calibration(), Settings(cpu_seconds=0.1).bounds
    found: list[float] = []
    work = lambda: found.append(calibration.limit(task(0.05), ONE, counting, bounds).cpu_seconds)  # noqa: E731
    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counting.alone == 3
    assert (len(found), len(set(found))) == (6, 1)


@pytest.mark.parametrize(
    "settings", [{"calibrate": -1.0}, {"least_seconds": float("nan")}, {"least_seconds": 90.0}, {"most_seconds": -2.0}]
)
def test_a_bound_that_is_none_is_refused(settings: dict[str, float]) -> None:
    with pytest.raises(RecipeError):
        Auto(**settings)  # type: ignore[arg-type]


def test_two_judges_with_equal_settings_have_one_name(jail: Sandbox) -> None:
    one, other = TestsJudge(cpu_seconds=0.2), TestsJudge(cpu_seconds=0.2)
    one.judge(task(0.05), [attempt_of(busy(9))], jail)
    assert repr(one) == repr(other), "verdicts on record are found by it"
    assert "calibrat" not in repr(one).replace("calibrate=", "")
