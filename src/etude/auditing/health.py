"""Health cards: every task of a set examined, a few tasks at a time.

What is tried, in this order: the words (`looks`, `etude.sources.check`), twins (`twins`, `behaviour`), the reference
again and again (`references`), cheats and mutants (`strength`).
"""

from collections import deque
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from etude.auditing import behaviour, looks, references, strength, twins
from etude.auditing.card import Card, Finding
from etude.auditing.exams import Examine
from etude.judges.examine import examine
from etude.progress import Tracker, Watch, ignore
from etude.protocols import Sandbox
from etude.sources.check import check_tasks
from etude.tasks import Task

CHUNK = 8
"""Tasks examined together: enough to keep the workers busy, few enough to show that it goes on."""
AT_ONCE = 3
"""Chunks under way at a time: while mutants of one are written, programs of the others run."""
MUTANTS = 20
RUNS = 3
Found = Mapping[str, Sequence[Finding]]


def cards(
    tasks: Sequence[Task],
    sandbox: Sandbox,
    *,
    runs: int = RUNS,
    mutants: int = MUTANTS,
    seed: int = 0,
    watch: Watch = ignore,
    others: Mapping[str, Sequence[Task]] | None = None,
    slow: float = references.SLOW,
    judge: Examine = examine,
    done: Collection[str] = (),
) -> Generator[Card, None, None]:
    """Yields one card per task, in order, as they are done.

    Args:
        tasks: The audited set.
        runs: How often a reference is rerun with its tests in order, and how often in another order.
        mutants: How many mutants of a reference are tried at most; 0: none.
        seed: Draws mutants and orders.
        others: Name -> tasks of another set, in which twins are looked for.
        slow: Processor seconds above which a reference is slow.
        judge: How programs are judged, from several threads; a test of the audit may put a broken judge here.
        done: Task ids that have their cards already: they get none here, but others are still compared with them.
    """
    beside = others or {}
    found, told = _static(tasks, beside)
    same, hinted = behaviour.twins(tasks, beside, sandbox, judge)
    left = [task for task in tasks if task.task_id not in done]
    tracker = Tracker("audit", "health cards", len(left), watch)

    def examined(chunk: Sequence[Task]) -> list[Card]:
        reruns = references.rerun(chunk, sandbox, runs=runs, seed=seed, judge=judge)
        tried = strength.tried(chunk, reruns, sandbox, most=mutants, seed=seed, judge=judge)
        made = list[Card]()
        for task, own, strong in zip(chunk, reruns, tried, strict=True):
            dynamic = [*references.findings(own, slow), *strength.findings(task, strong)]
            defects = [*found.get(task.task_id, ()), *same.get(task.task_id, ()), *dynamic]
            made.append(_card(task, defects, [*told.get(task.task_id, ()), *hinted.get(task.task_id, ())], own, strong))
        return made

    for chunk in _ahead(examined, [left[start : start + CHUNK] for start in range(0, len(left), CHUNK)]):
        for card in chunk:
            tracker.verdicts.update(["flagged" if card.defects else "passed"])
            tracker.step()
            yield card
    tracker.end()


def _ahead(work: Callable[[Sequence[Task]], list[Card]], chunks: Sequence[Sequence[Task]]) -> Iterator[list[Card]]:
    """The work on every chunk, in order, a few at once; whoever stops early waits for no more than those."""
    under_way = deque[Future[list[Card]]]()
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="etude-audit") as pool:
        try:
            for chunk in chunks:
                under_way.append(pool.submit(work, chunk))
                if len(under_way) > AT_ONCE:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            for future in under_way:
                future.cancel()


def _static(tasks: Sequence[Task], others: Mapping[str, Sequence[Task]]) -> tuple[Found, Found]:
    """Defects and remarks that are found without running anything, by task id."""
    found: dict[str, list[Finding]] = {task.task_id: [] for task in tasks}
    told: dict[str, list[Finding]] = {task.task_id: [] for task in tasks}
    for problem in check_tasks(tasks):
        found[problem.task_id].append(Finding(name=problem.defect, detail=problem.detail))
    alike, similar = twins.defects(tasks, others), twins.remarks(tasks, others)
    for task in tasks:
        found[task.task_id] += [*looks.defects(task), *alike.get(task.task_id, ())]
        told[task.task_id] += [*looks.remarks(task), *similar.get(task.task_id, ())]
    return found, told


def _card(
    task: Task,
    defects: Sequence[Finding],
    remarks: Sequence[Finding],
    reruns: references.Reruns,
    tried: strength.Strength,
) -> Card:
    return Card(
        task_id=task.task_id,
        defects=tuple(dict.fromkeys(defects)),
        remarks=tuple(dict.fromkeys(remarks)),
        mutants=tried.mutants,
        killed=tried.killed,
        survivors=tried.survivors,
        cheats=len(tried.cheats),
        passed_cheats=tuple(item.name for item in tried.passed),
        runs=len(reruns.outcomes),
        passed=sum(item.status == "ok" for item in reruns.outcomes),
        seconds=reruns.seconds,
    )
