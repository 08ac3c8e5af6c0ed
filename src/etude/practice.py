"""One stage of practice: a solver writes, a judge decides, the ledger remembers, all at the same time.

The judge works on the first programs while the model still writes the last ones. What the ledger already knows is
neither drawn nor judged again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from etude.ledger import Ledger
from etude.programs.normalise import unadorned
from etude.progress import Tracker
from etude.protocols import Budget, Judge, Judged, Sandbox, Solver, Workbench
from etude.records import Agent, Attempt, Verdict, identify
from etude.tasks import Task

CHUNK = 32  # attempts judged and recorded together: what a kill can cost the judge
LIMIT = "limit"  # the kind of event that holds a limit calibrated from a reference
ALONE = ("truth", "tests")
"""Strengths of verdicts that depend on nothing but the task and the program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Court:
    """Who decides, where programs run, and what remembers: the limits too that the judge has measured."""

    judge: Judge
    sandbox: Sandbox
    ledger: Ledger
    workers: int = 1

    def __post_init__(self) -> None:
        if calibration := getattr(self.judge, "calibration", None):
            calibration.learn(self.ledger.events(LIMIT))

    def remember_limits(self) -> None:
        """Records the limits that the judge has measured since the last time."""
        if calibration := getattr(self.judge, "calibration", None):
            for fact in calibration.news():
                self.ledger.note(LIMIT, **fact)


def practise(
    tasks: Sequence[Task],
    solver: Solver,
    agent: Agent,
    bench: Workbench,
    budget: Budget,
    court: Court,
    stage: str,
    tracker: Tracker,
) -> list[Judged]:
    """Every attempt of `solver` at `tasks` with its verdict, ordered by task, sample index and repair.

    The order does not depend on the order in which the model answered or the judge decided.
    """
    views = [task.view() for task in tasks]
    known = {task.task_id: task for task in tasks}
    pairs: list[tuple[Attempt, Verdict]] = []
    with ThreadPoolExecutor(max_workers=court.workers) as pool:
        waiting: list[Future[list[tuple[Attempt, Verdict]]]] = []
        try:
            for chunk in _chunks(solver.attempt(views, agent, bench, budget)):
                waiting.append(pool.submit(decide, chunk, known, court, stage, budget.round))
                pairs.extend(_settled(waiting, tracker))
            for future in waiting:
                pairs.extend(_counted(future.result(), tracker))
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    tracker.end()
    return arranged(tasks, pairs)


def arranged(tasks: Sequence[Task], pairs: Iterable[tuple[Attempt, Verdict]]) -> list[Judged]:
    """Attempts and verdicts joined with their tasks, in the one order that everything downstream sees."""
    place = {task.task_id: index for index, task in enumerate(tasks)}
    ordered = sorted(
        pairs, key=lambda pair: (place[pair[0].task_id], bool(pair[0].parent), pair[0].sample_index, pair[1].attempt)
    )
    return [Judged(tasks[place[attempt.task_id]], attempt, verdict) for attempt, verdict in ordered]


def _chunks(attempts: Iterator[Attempt]) -> Iterator[list[Attempt]]:
    chunk: list[Attempt] = []
    for attempt in attempts:
        chunk.append(attempt)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def decide(
    chunk: Sequence[Attempt], known: Mapping[str, Task], court: Court, stage: str, round: int
) -> list[tuple[Attempt, Verdict]]:
    """Verdicts for one chunk: those on record, the others from the judge, recorded before they are returned."""
    verdicts = court.ledger.verdicts(chunk)
    fresh: list[tuple[Attempt, Verdict]] = []
    for task_id in dict.fromkeys(attempt.task_id for attempt in chunk):
        new = [item for item in chunk if item.task_id == task_id and identify(item) not in verdicts]
        if new:
            fresh.extend(zip(new, _ruled(known[task_id], new, court), strict=True))
    court.ledger.add_judged(stage, round, fresh)
    verdicts.update({verdict.attempt: verdict for _, verdict in fresh})
    return [(attempt, verdicts[identify(attempt)]) for attempt in chunk]


def _ruled(task: Task, attempts: list[Attempt], court: Court) -> list[Verdict]:
    """One verdict per attempt; a program that this task has seen, but for comments and layout, is not run again.

    Only verdicts that follow from task and program alone are taken from the record (`ALONE`): one that weighs attempts
    against each other depends on its company, and what could not be judged is tried again.
    """
    exam = identify([task, repr(court.judge)])
    same = unadorned if task.facts.language == "python" else str  # another's quotes and comments are not Python's
    keys = {identify(item): identify([exam, same(item.program)]) for item in attempts}
    found = court.ledger.rulings(list(keys.values()))
    unknown = [item for item in attempts if keys[identify(item)] not in found]
    judged = court.judge.judge(task, unknown, court.sandbox) if unknown else []
    court.remember_limits()  # before the verdicts that were given under them
    fresh = {keys[verdict.attempt]: verdict for verdict in judged}
    lasting = {key: item for key, item in fresh.items() if item.strength in ALONE and item.passed is not None}
    court.ledger.add_rulings(lasting)
    own = {verdict.attempt: verdict for verdict in judged}
    return [own[name] if name in own else replace(found[keys[name]], attempt=name) for name in map(identify, attempts)]


def _settled(
    waiting: list[Future[list[tuple[Attempt, Verdict]]]], tracker: Tracker
) -> Iterator[tuple[Attempt, Verdict]]:
    while waiting and waiting[0].done():
        yield from _counted(waiting.pop(0).result(), tracker)


def _counted(pairs: list[tuple[Attempt, Verdict]], tracker: Tracker) -> list[tuple[Attempt, Verdict]]:
    for attempt, verdict in pairs:
        tracker.verdicts["passed" if verdict.passed else verdict.status] += 1
        tracker.tokens += attempt.completion_tokens
    tracker.total += sum(bool(attempt.parent) for attempt, _ in pairs) if tracker.total else 0  # nobody foresaw them
    tracker.step(len(pairs))
    return pairs
