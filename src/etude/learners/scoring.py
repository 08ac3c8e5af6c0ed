"""Rewards while sampling goes on: completions are judged in a thread of their own, batch after batch.

The model's process samples the next groups meanwhile; verdicts do not depend on when they are given. Which program
passes is decided by `etude.rewards`, and which passing program may not be learned from by the run's guard.
"""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from etude.leaks.guarding import Guard
from etude.learners.groups import Reward, dealt
from etude.progress import ignore
from etude.records import Example, Json, TaskView

Judged = Callable[[Sequence[str], Sequence[str]], list[Reward]]
"""Task ids and completions -> rewards, None where there is no verdict."""
COUNTED = ("judging", "waited", "leaks", "batches")


@dataclass(slots=True)
class Scorer:
    """Judges what it is given, in the order in which it is given it.

    Attributes:
        judge: Gives the rewards.
        guard: Says which programs nobody may learn from; None: nothing is measured.
        views: Task id -> what the model sees of it.
        ahead: Judge in a thread while the caller goes on; else within `submit`.
        shuffle: Deal the rewards of each batch out at random, seeded: a control.
        judging, waited: Seconds that judging took, and that `collect` waited for it.
        leaks: Passing programs that solved a task of the exam, and so got no reward.
    """

    judge: Judged
    guard: Guard | None = None
    views: Mapping[str, TaskView] = field(default_factory=dict)
    ahead: bool = True
    shuffle: int | None = None
    judging: float = 0.0
    waited: float = 0.0
    leaks: int = 0
    batches: int = 0
    _pool: ThreadPoolExecutor | None = field(default=None, repr=False)
    _waiting: list["Future[list[Reward]]"] = field(default_factory=list, repr=False)

    def submit(self, task_ids: Sequence[str], texts: Sequence[str]) -> None:
        """Hands in completions to be judged."""
        if self.ahead:
            self._pool = self._pool or ThreadPoolExecutor(max_workers=1, thread_name_prefix="etude-reward")
            self._waiting.append(self._pool.submit(self._score, list(task_ids), list(texts)))
            return
        done: Future[list[Reward]] = Future()
        done.set_result(self._score(list(task_ids), list(texts)))
        self._waiting.append(done)

    def collect(self) -> list[Reward]:
        """The rewards of everything handed in since the last time, in order."""
        start = time.monotonic()
        rewards = [reward for future in self._waiting for reward in future.result()]
        self.waited += time.monotonic() - start
        self._waiting.clear()
        self.batches += 1
        if self.shuffle is None:
            return rewards
        return dealt(rewards, random.Random(f"rewards/{self.shuffle}/{self.batches}"))

    def remember(self) -> dict[str, Json]:
        """What was counted, for `recall`."""
        return {name: getattr(self, name) for name in COUNTED}

    def recall(self, told: Mapping[str, Any]) -> None:
        """Goes on counting from what `remember` told."""
        for name in COUNTED:
            setattr(self, name, told[name])

    def close(self) -> None:
        """Ends the thread; what waits is not judged any more."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _score(self, task_ids: list[str], texts: list[str]) -> list[Reward]:
        start = time.monotonic()
        rewards = self._guarded(task_ids, texts, self.judge(task_ids, texts))
        self.judging += time.monotonic() - start
        return rewards

    def _guarded(self, task_ids: list[str], texts: list[str], rewards: list[Reward]) -> list[Reward]:
        """The rewards, without those of passing programs that solve a task that the run is measured on."""
        from etude.models.reply import program_of

        if self.guard is None:
            return rewards
        places = [place for place, reward in enumerate(rewards) if reward is not None and reward >= 1]
        rows = [
            Example(
                prompt=self.views[task_ids[place]].prompt,
                target=texts[place],
                program=program_of(texts[place], self.views[task_ids[place]]),
                task_id=task_ids[place],
                kind="rollout",
            )
            for place in places
        ]
        leaking = {places[leak.place] for leak in self.guard.look(rows, watch=ignore).leaks} if rows else set()
        self.leaks += len(leaking)
        return [None if place in leaking else reward for place, reward in enumerate(rewards)]
