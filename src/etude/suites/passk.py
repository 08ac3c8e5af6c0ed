"""pass@k on hidden tests: which tasks, how many samples, and what their verdicts add up to.

Only first attempts are samples. A repair has spent another generation and has seen feedback, so it is part of the
budget and of no pass@k. A sample that could not be judged is in no number but `unjudged`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from etude.errors import RecipeError
from etude.protocols import Judged, State
from etude.records import Estimate, Report
from etude.suites.estimate import Counts, mean_pass
from etude.tasks import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class PassAtK:
    """Draws n samples per task and reports pass@k, by the unbiased estimator.

    Attributes:
        tasks_from: A task set, such as `mbpp:PATH[test]`.
        n: Samples per task.
        k: The k to report; those above n are left out.
        temperature, top_p, max_tokens: How the samples are drawn.
        limit: Only the first so many tasks; None takes all.
        unlock_test: Whether a test split may be opened.
    """

    tasks_from: str
    n: int = 10
    k: tuple[int, ...] = (1, 5, 10)
    temperature: float = 0.8
    top_p: float = 1.0
    max_tokens: int = 512
    limit: int | None = None
    unlock_test: bool = False

    def __post_init__(self) -> None:
        if self.n < 1 or not self.k or min(self.k) < 1 or (self.limit is not None and self.limit < 1):
            raise RecipeError(
                f"passk: n is {self.n}, k is {list(self.k)}, limit is {self.limit}", expected="numbers of 1 or more"
            )
        if min(self.k) > self.n:
            raise RecipeError(
                f"passk: with {self.n} samples per task none of k = {list(self.k)} can be known",
                expected="a k of at most n",
                fix=f"set n to {min(self.k)} or more",
            )

    def tasks(self) -> Iterator[Task]:
        """The tasks to be measured on, in the order of the task set.

        Raises:
            LockedError: They are of a test split that nobody has unlocked.
        """
        from etude.sources.lock import require_unlocked
        from etude.sources.task_set import open_task_set, parse_task_set

        chosen = parse_task_set(self.tasks_from)
        require_unlocked(self.tasks_from, chosen.source, chosen.split, self.unlock_test)
        return islice(open_task_set(self.tasks_from, reading="measure"), self.limit)

    def report(self, name: str, judged: Sequence[Judged], state: State) -> Report:
        """The numbers of one agent; a task with fewer judged samples than k is left out of that k."""
        first = [item for item in judged if not item.attempt.parent]
        counts = count(first)
        known = {k: mean_pass(counts, k) for k in sorted(set(self.k)) if k <= self.n}
        return Report(
            name=name,
            round=state.round,
            tasks=sum(seen > 0 for _, seen in counts.values()),
            samples=sum(seen for _, seen in counts.values()),
            unjudged=sum(item.verdict.passed is None for item in first),
            pass_at={str(k): estimate for k, estimate in known.items() if estimate},
            by_difficulty=_graded(first),
            counts=counts,
            statuses=_statuses(first),
            budget=_budget(judged),
        )


def count(judged: Iterable[Judged]) -> dict[str, tuple[int, int]]:
    """Task id -> (correct, judged) samples; a task whose samples could none be judged has (0, 0)."""
    counts: dict[str, tuple[int, int]] = {}
    for task, _, verdict in judged:
        correct, seen = counts.get(task.task_id, (0, 0))
        counts[task.task_id] = (correct + (verdict.passed is True), seen + (verdict.passed is not None))
    return counts


def _graded(first: Sequence[Judged]) -> dict[str, Estimate]:
    """Grade -> pass@1, for the tasks that have a grade."""
    grades: dict[str, list[Judged]] = {}
    for item in first:
        if item.task.facts.difficulty:
            grades.setdefault(item.task.facts.difficulty, []).append(item)
    known: dict[str, Counts] = {grade: count(items) for grade, items in sorted(grades.items())}
    return {grade: estimate for grade, counts in known.items() if (estimate := mean_pass(counts, 1))}


def _statuses(first: Sequence[Judged]) -> dict[str, int]:
    """`passed`, or the status of those that did not -> how many first attempts."""
    seen = Counter("passed" if item.verdict.passed else item.verdict.status for item in first)
    return dict(sorted(seen.items()))


def _budget(judged: Sequence[Judged]) -> dict[str, float]:
    """What was spent on all attempts, repairs among them. A prompt shared by several samples counts for each."""
    return {
        "generations": len(judged),
        "repairs": sum(bool(item.attempt.parent) for item in judged),
        "prompt_tokens": sum(item.attempt.prompt_tokens for item in judged),
        "completion_tokens": sum(item.attempt.completion_tokens for item in judged),
    }
