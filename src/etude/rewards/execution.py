"""`execution_reward`: a reward function in the shape of TRL's, decided by running programs against hidden tests.

A program that passes every test is worth 1, one that fails 0. One that nobody could judge has no reward: None, which
TRL's GRPO and RLOO trainers keep out of its group's mean and deviation and give an advantage of 0.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any

from etude.errors import InputError
from etude.protocols import Judge, Sandbox
from etude.records import Level, Verdict
from etude.rewards.completions import Completion, words_of
from etude.rewards.referee import Decided, Decider, Referee, Written
from etude.tasks import Task

TOLD = 3  # reasons named in a warning
BROKEN = "the tests do not run"  # after these words a judge quotes the test's own error


class ExecutionReward:
    """Completions and their task ids in, rewards out: callable as TRL calls a reward function.

    Args:
        decider: Who decides.
        partial: Give a failed program its share of the hidden tests (below 1) instead of 0.

    Attributes:
        tally: How many completions passed, failed, or had no verdict so far.
    """

    __name__ = "execution_reward"  # what a trainer's log calls it

    def __init__(self, decider: Decider, *, partial: bool = False) -> None:
        self.partial, self.tally = partial, Counter[str]()
        self._decider = decider

    def __call__(
        self,
        completions: Sequence[Completion],
        *,
        task_id: Sequence[str] | None = None,
        prompts: Sequence[Any] | None = None,
        log_metric: Callable[[str, float], None] | None = None,
        log_extra: Callable[[str, list[Any]], None] | None = None,
        **columns: Any,
    ) -> list[float | None]:
        """The reward of each completion, in order: 1 passed, 0 failed, None where there is no verdict.

        Args:
            completions: Texts, or lists of chat messages.
            task_id: The task of each: the column of that name in the trainer's data set.
            prompts: Not used; nor is any other column that a trainer hands over.
            log_metric, log_extra: TRL's own: the share without a verdict, and what was said of each, go there.

        Raises:
            InputError: There is no column `task_id`, or an id is not in the task set.
        """
        if task_id is None:
            raise InputError(
                "the reward is given no task ids",
                expected="a column `task_id` in the trainer's data set",
                fix="make its rows with etude.rewards.rows(tasks)",
            )
        decided = self._decided(task_id, completions)
        self._count([item.verdict for item in decided], log_metric, log_extra)
        return [reward_of(item) for item in decided]

    def verdicts(self, task_ids: Sequence[str], completions: Sequence[Completion]) -> list[Verdict]:
        """The verdicts themselves, with their reasons, in order.

        Raises:
            InputError: An id is not in the task set, or there are more ids than completions, or fewer.
        """
        return [item.verdict for item in self._decided(task_ids, completions)]

    def close(self) -> None:
        """Ends the sandbox, where it is the reward's own."""
        self._decider.close()

    def __enter__(self) -> "ExecutionReward":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _decided(self, task_ids: Sequence[str], completions: Sequence[Completion]) -> list[Decided]:
        if len(task_ids) != len(completions):
            raise InputError(
                f"{len(completions)} completions for {len(task_ids)} task ids", expected="one task id per completion"
            )
        written = [Written(str(name), words_of(text)) for name, text in zip(task_ids, completions, strict=True)]
        return self._decider.decide(written, partial=self.partial)

    def _count(
        self,
        verdicts: Sequence[Verdict],
        log_metric: Callable[[str, float], None] | None,
        log_extra: Callable[[str, list[Any]], None] | None,
    ) -> None:
        self.tally.update(
            "passed" if item.passed else "failed" if item.passed is False else "none" for item in verdicts
        )
        without = [item for item in verdicts if item.passed is None]
        if without:
            reasons = "; ".join(
                f"{count} x {why}" for why, count in Counter(_why(v) for v in without).most_common(TOLD)
            )
            logging.getLogger(__name__).warning(
                "%d of %d completions have no verdict, and so no reward: %s", len(without), len(verdicts), reasons
            )
        if log_metric and verdicts:
            log_metric("execution_reward/no_verdict", len(without) / len(verdicts))
        if log_extra:
            log_extra("verdict", [_why(item) for item in verdicts])


def execution_reward(
    tasks: str | Sequence[Task],
    *,
    judge: Judge | None = None,
    sandbox: Sandbox | None = None,
    workers: int = 1,
    partial: bool = False,
    require: Level = "strong",
) -> ExecutionReward:
    """A reward function over a task set, for TRL's trainers or for a plain call.

    Args:
        tasks: A task set text such as `mbpp:mbpp.jsonl[train]`, or tasks.
        judge: Who decides; None: the judge for each task's kind of tests.
        sandbox: Where programs run; it stays open at `close`. None: one of the reward's own.
        workers: How many programs run at once.
        partial: Give a failed program its share of the hidden tests (below 1) instead of 0. The model then learns from
            programs that are wrong; shown tests count for nothing, for they can be copied from the prompt.
        require: The isolation: `strong`, `container` or `any`.

    Raises:
        InputError: The task set cannot be read, has no task, or an id occurs twice.
        LockedError: It holds a test split: what is trained on is no test.
        MissingError: The isolation asked for cannot be had.
    """
    referee = Referee(tasks, judge=judge, sandbox=sandbox, workers=workers, require=require)
    return ExecutionReward(referee, partial=partial)


def reward_of(decided: Decided) -> float | None:
    """1 for a pass; for a failure 0, or the share where it is known; None without a verdict."""
    if decided.verdict.passed is None:
        return None
    return 1.0 if decided.verdict.passed else float(decided.share or 0.0)


def public(verdict: Verdict) -> Verdict:
    """The verdict for logs and other machines: without what a test that does not run says of itself."""
    return replace(verdict, reason=BROKEN) if verdict.reason.startswith(BROKEN) else verdict


def _why(verdict: Verdict) -> str:
    """A verdict in a few words, as a trainer's table of completions shows it."""
    if verdict.passed:
        return "passed"
    return f"{'failed' if verdict.passed is False else 'no verdict'}: {public(verdict).reason or verdict.status}"
