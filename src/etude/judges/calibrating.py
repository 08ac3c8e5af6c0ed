"""How long a program may run: so many times what the task's reference takes on this machine.

A fixed limit means something else on every machine: what passes here in nine seconds fails where the processor is a
little slower. The reference is the yardstick that every machine has. It is measured with nothing of the sandbox beside
it, only for tasks on which some program needs more than the floor, and once per task and machine: whoever keeps a
record hands back what is known (`learn`) and fetches what is new (`news`).

It decides about processor time alone. The wall clock is stretched along with it and stays a backstop.
"""

import os
import platform
import statistics
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from etude.judges.exam import Exam
from etude.judges.examine import examine
from etude.protocols import Sandbox
from etude.records import Job, Json, Limits, Run, Tests, identify
from etude.tasks import Task

AGAIN = 2  # more measurements where the first one says that the floor is too low; their median counts
DIGITS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Between what a limit may lie.

    Attributes:
        times: So many times the reference's processor time.
        floor: Never fewer seconds.
        ceiling: Never more; a reference that takes longer is no yardstick.
        fixed: What a program gets where there is no yardstick.
    """

    times: float
    floor: float
    ceiling: float
    fixed: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """The limit of one set of tests of one task on this machine.

    Attributes:
        key: What it was measured for: task, tests, bounds and machine.
        reference_seconds: Processor time of the reference; None where it does not pass in time.
        cpu_seconds: What a program gets.
    """

    key: str
    task_id: str
    reference_seconds: float | None
    cpu_seconds: float


class Calibration:
    """The limits measured so far; safe to share between threads, and nothing is measured twice."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[str, Future[Calibrated]] = {}
        self._news: list[Calibrated] = []

    def limit(self, task: Task, tests: Tests, sandbox: Sandbox, bounds: Bounds) -> Calibrated:
        """The limit of a program on these tests; measured at the first call."""
        key = _key(task, tests, bounds)
        with self._lock:
            known = self._found.get(key)
            mine: Future[Calibrated] = Future()
            self._found.setdefault(key, mine)
        if known is not None:
            return known.result()
        try:
            found = _calibrated(key, task, tests, sandbox, bounds)
        except BaseException as error:
            with self._lock:
                del self._found[key]
            mine.set_exception(error)
            raise
        with self._lock:
            self._news.append(found)
        mine.set_result(found)
        return found

    def found(self, task: Task, tests: Tests, bounds: Bounds) -> Calibrated | None:
        """The limit, where it has been measured; nothing is run."""
        if not self._found:
            return None
        with self._lock:
            future = self._found.get(_key(task, tests, bounds))
        return future.result() if future is not None and future.done() and not future.exception() else None

    def known(self) -> tuple[Calibrated, ...]:
        """Every limit measured or learned so far, by task."""
        with self._lock:
            done = [future.result() for future in self._found.values() if future.done()]
        return tuple(sorted(done, key=lambda item: (item.task_id, item.key)))

    def learn(self, facts: Iterable[Mapping[str, Json]]) -> None:
        """Takes limits from a record, as `news` gave them; they are not measured again."""
        for fact in facts:
            future: Future[Calibrated] = Future()
            future.set_result(Calibrated(**{name: fact[name] for name in Calibrated.__dataclass_fields__}))
            with self._lock:
                self._found.setdefault(fact["key"], future)

    def news(self) -> list[dict[str, Any]]:
        """The limits measured since the last call, for a record."""
        with self._lock:
            news, self._news = self._news, []
        return [asdict(item) for item in news]


def limits_of(found: Calibrated, bounds: Bounds) -> Limits:
    """The limits as a record: the wall clock is stretched as the processor time is, and never shortened."""
    stretched = max(1.0, found.cpu_seconds / bounds.fixed.cpu_seconds)
    return replace(
        bounds.fixed, cpu_seconds=found.cpu_seconds, wall_seconds=round(stretched * bounds.fixed.wall_seconds, DIGITS)
    )


def _key(task: Task, tests: Tests, bounds: Bounds) -> str:
    return identify([task.task_id, task.reference, tests, task.facts.entry_point, bounds, machine()])


@cache
def machine() -> str:
    """What makes a second of processor time worth what it is: processor and number of cores, no name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = {line.partition(":")[2].strip() for line in lines if line.startswith("model name")}
    return " ".join([platform.machine(), str(os.cpu_count()), *sorted(models)])


def _calibrated(key: str, task: Task, tests: Tests, sandbox: Sandbox, bounds: Bounds) -> Calibrated:
    limits = replace(bounds.fixed, cpu_seconds=bounds.ceiling, wall_seconds=3 * bounds.ceiling)
    exam = Exam(task.reference, tests, task.facts.entry_point, limits, language=task.facts.language)
    times = [_seconds(exam, sandbox)]
    if times[0] is not None and bounds.times * times[0] > bounds.floor:
        times += [_seconds(exam, sandbox) for _ in range(AGAIN)]
    taken = [seconds for seconds in times if seconds is not None]
    if len(taken) < len(times):
        return Calibrated(key=key, task_id=task.task_id, reference_seconds=None, cpu_seconds=bounds.fixed.cpu_seconds)
    seconds = statistics.median(taken)
    wanted = min(bounds.ceiling, max(bounds.floor, bounds.times * seconds))
    return Calibrated(
        key=key,
        task_id=task.task_id,
        reference_seconds=round(seconds, DIGITS),
        cpu_seconds=round(wanted, DIGITS),
    )


def _seconds(exam: Exam, sandbox: Sandbox) -> float | None:
    """Processor seconds of the reference, counted as its limit counts them; None where it does not pass."""
    alone = _Alone(sandbox)
    [outcome] = examine([exam], alone)
    if outcome.status != "ok":
        return None
    # A puzzle's answer and its check share one limit; elsewhere each run has its own.
    return sum(alone.seconds) if exam.tests.kind == "puzzle" else max(alone.seconds, default=0.0)


class _Alone:
    """A sandbox in which nothing runs beside what is measured, and no run is remembered."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox, self.seconds = sandbox, list[float]()

    @property
    def isolation(self) -> Mapping[str, str]:
        return self._sandbox.isolation

    def run(self, jobs: Sequence[Job]) -> list[Run]:
        alone = getattr(self._sandbox, "run_alone", self._sandbox.run)
        runs: list[Run] = alone(jobs)
        self.seconds += [run.cpu_seconds for run in runs]
        return runs

    def close(self) -> None:
        """Nothing: the sandbox belongs to somebody else."""
