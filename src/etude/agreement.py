"""Does a verdict depend on how many programs run at once? References, mutants and long programs, judged each way.

It compares verdicts with verdicts; whether they are right is not its question. Limits are short and calibrated from the
references, so that what runs out of time, which is where company could tell, is among what is compared.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from etude.judges.auto import Auto
from etude.programs.mutate import mutants
from etude.progress import Tracker, Watch, ignore
from etude.protocols import Judge
from etude.records import Attempt, Verdict, outside_attempt
from etude.tasks import Task

MUTANTS = 4  # per reference
EVERY = 16  # every so many tasks one program of each kind in `LONG`
SECONDS = 1.0  # of processor time, where the reference does not say more
LONG = {
    "loops": "while True: pass\n",
    "counts": "total = 0\nfor n in range(10 ** 13): total += n\n",
    "hangs in C": "x = sum(range(10 ** 13))\n",
    "sleeps": "import time\ntime.sleep(10 ** 6)\n",
    "takes most of its time": "import time\nwhile time.process_time() < 0.7: pass\n",
    "takes a little too long": "import time\nwhile time.process_time() < 1.25: pass\n",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One way to judge: so many workers, its seconds, and the programs that it ran again alone."""

    workers: int
    seconds: float
    alone: int
    changed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A program whose verdict is another with another number of workers."""

    task_id: str
    program: str
    verdicts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What was compared, and everything that differed.

    Attributes:
        programs: How many each setting judged.
        statuses: Status -> programs, as the first setting saw them.
        calibrated: Tasks whose limit was measured by their reference.
    """

    programs: int
    statuses: Mapping[str, int]
    settings: tuple[Setting, ...]
    calibrated: int
    differences: tuple[Difference, ...] = field(default=())

    def text(self) -> str:
        """The same for people."""
        mix = ", ".join(f"{name} {count}" for name, count in sorted(self.statuses.items()))
        lines = [f"{self.programs} programs: {mix}; limits of {self.calibrated} tasks calibrated by their references"]
        lines += [
            f"{item.workers} workers: {item.seconds:.1f} s, run again alone {item.alone}, changed {item.changed}"
            for item in self.settings
        ]
        lines.append(f"{len(self.differences)} differences")
        for item in self.differences:
            said = ", ".join(f"{workers} workers: {verdict}" for workers, verdict in item.verdicts.items())
            lines += ["", f"{item.task_id}: {said}", item.program.rstrip()]
        return "\n".join(lines)


def compare(
    tasks: Sequence[Task],
    workers: Sequence[int],
    *,
    seed: int = 0,
    judge: Judge | None = None,
    watch: Watch = ignore,
) -> Agreement:
    """Judges the same programs with each number of workers.

    Args:
        tasks: Those without a reference only get programs that run long.
        workers: Each is a setting, the first the one that the others are compared with.
        seed: Of the mutants.
        judge: None: all judges, with a short limit, calibrated by the references; every setting measures its own.

    Raises:
        MissingError: Full isolation cannot be had.
    """
    batches = [(task, programs_of(task, number, seed)) for number, task in enumerate(tasks)]
    settings: list[Setting] = []
    found: list[list[Verdict]] = []
    calibrated = 0
    for count in workers:
        own = judge or Auto(cpu_seconds=SECONDS, wall_seconds=3 * SECONDS)
        setting, verdicts = _judged(batches, count, own, watch)
        settings.append(setting)
        found.append(verdicts)
        if calibration := getattr(own, "calibration", None):
            calibrated = max(calibrated, len(calibration.known()))
    return Agreement(
        programs=len(found[0]),
        statuses=dict(Counter("passed" if item.passed else item.status for item in found[0])),
        settings=tuple(settings),
        calibrated=calibrated,
        differences=_differences(batches, workers, found),
    )


def programs_of(task: Task, number: int, seed: int) -> list[Attempt]:
    """The programs that a task is judged with: its reference, mutants of it, and now and then some that run long."""
    programs = [task.reference] if task.reference else []
    programs += [item.program for item in mutants(task.reference, seed, MUTANTS, task.facts.entry_point)]
    if number % EVERY == 0:
        head = task.reference or f"def {task.facts.entry_point or 'f'}(*args): return None\n"
        programs += [f"{head}\n{end}" for end in LONG.values()]
    return [
        outside_attempt(task.task_id, program, "doctor", sample_index=place) for place, program in enumerate(programs)
    ]


def _judged(
    batches: Sequence[tuple[Task, list[Attempt]]], workers: int, judge: Judge, watch: Watch
) -> tuple[Setting, list[Verdict]]:
    from etude.sandbox import Sandbox

    tracker = Tracker("doctor", f"{workers} workers", sum(len(attempts) for _, attempts in batches), watch)
    start = time.monotonic()
    with Sandbox(workers=workers) as sandbox, ThreadPoolExecutor(max_workers=workers) as pool:
        verdicts: list[Verdict] = []
        for own in pool.map(lambda batch: judge.judge(batch[0], batch[1], sandbox), batches):
            verdicts += own
            tracker.step(len(own))
        reruns = sandbox.reruns
    tracker.end()
    seconds = round(time.monotonic() - start, 2)
    return Setting(workers=workers, seconds=seconds, alone=reruns.alone, changed=reruns.changed), verdicts


def _differences(
    batches: Sequence[tuple[Task, list[Attempt]]], workers: Sequence[int], found: Sequence[Sequence[Verdict]]
) -> tuple[Difference, ...]:
    attempts = [attempt for _, own in batches for attempt in own]
    return tuple(
        Difference(
            task_id=attempt.task_id,
            program=attempt.program,
            verdicts={str(count): f"{item.status} {item.reason}" for count, item in zip(workers, row, strict=True)},
        )
        for attempt, *row in zip(attempts, *found, strict=True)
        if any(item != row[0] for item in row[1:])
    )
