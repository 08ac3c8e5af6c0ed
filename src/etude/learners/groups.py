"""What a batch of groups teaches: which completions carry a signal, and the counts that say so.

A group is the completions of one prompt. A completion without a verdict is in no mean and in no loss. A group whose
rewards are all the same says nothing about which completion was better: it is counted, and left out of the loss.
Nothing here knows a network.
"""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from etude.records import Json

Reward = float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What came of one sampling of groups.

    Attributes:
        reward: Mean reward of the completions that have one, or None.
        judged, unjudged: Completions with a reward and without.
        solved, failed: Groups in which every reward is the same: above 0, or 0. They teach nothing.
        mixed: Groups that teach.
        empty: Groups with no more than one reward: nothing to compare.
        tokens: Tokens that were sampled.
    """

    reward: Reward
    judged: int
    unjudged: int
    solved: int
    failed: int
    mixed: int
    empty: int
    tokens: int = 0


@dataclass(slots=True)
class Tally:
    """The steps so far, and how many groups had so many completions with a full reward."""

    steps: list[Step] = field(default_factory=list)
    rates: Counter[str] = field(default_factory=Counter)

    def add(self, groups: Sequence[Sequence[Reward]], tokens: int) -> Step:
        """Counts one sampling and returns what came of it."""
        kinds = Counter(kind(group) for group in groups)
        rewards = [reward for group in groups for reward in group if reward is not None]
        self.rates.update(_rate(group) for group in groups)
        step = Step(
            reward=sum(rewards) / len(rewards) if rewards else None,
            judged=len(rewards),
            unjudged=sum(map(len, groups)) - len(rewards),
            solved=kinds["solved"],
            failed=kinds["failed"],
            mixed=kinds["mixed"],
            empty=kinds["empty"],
            tokens=tokens,
        )
        self.steps.append(step)
        return step

    def facts(self) -> dict[str, Json]:
        """The numbers for the folder's note."""
        names = ("solved", "failed", "mixed", "empty")
        groups = {name: sum(getattr(step, name) for step in self.steps) for name in names}
        return {
            "groups": groups,
            "groups_skipped": groups["solved"] + groups["failed"] + groups["empty"],
            "completions": sum(step.judged for step in self.steps),
            "completions_without_verdict": sum(step.unjudged for step in self.steps),
            "completion_tokens": sum(step.tokens for step in self.steps),
            "rewards": [None if step.reward is None else round(step.reward, 4) for step in self.steps],
            "passes_per_group": dict(sorted(self.rates.items())),
        }

    def remember(self) -> dict[str, Json]:
        """All of it, for `recalled`."""
        return {"steps": [asdict(step) for step in self.steps], "rates": dict(self.rates)}

    @classmethod
    def recalled(cls, told: Mapping[str, Any]) -> "Tally":
        """The tally that `remember` told of."""
        return cls(steps=[Step(**step) for step in told["steps"]], rates=Counter(told["rates"]))

    def silent(self) -> float:
        """The share of groups that taught nothing; 0 before the first."""
        total = sum(step.mixed + step.solved + step.failed + step.empty for step in self.steps)
        return 1 - sum(step.mixed for step in self.steps) / total if total else 0.0


def kind(group: Sequence[Reward]) -> str:
    """`mixed` where rewards differ, else `solved`, `failed`, or `empty` with fewer than two rewards."""
    known = [reward for reward in group if reward is not None]
    if len(known) < 2:
        return "empty"
    if min(known) != max(known):
        return "mixed"
    return "solved" if known[0] > 0 else "failed"


def in_groups(rewards: Sequence[Reward], size: int) -> list[list[Reward]]:
    """The rewards of a batch, group by group."""
    return [list(rewards[start : start + size]) for start in range(0, len(rewards), size)]


def signals(groups: Sequence[Sequence[Reward]]) -> list[bool]:
    """Whether each completion of a batch takes part in the loss."""
    return [kind(group) == "mixed" and reward is not None for group in groups for reward in group]


def dealt(rewards: Sequence[Reward], chance: random.Random) -> list[Reward]:
    """The same rewards dealt out at random among the completions that have one: a control that can teach nothing."""
    known = [reward for reward in rewards if reward is not None]
    chance.shuffle(known)
    rest = iter(known)
    return [None if reward is None else next(rest) for reward in rewards]


def _rate(group: Sequence[Reward]) -> str:
    known = [reward for reward in group if reward is not None]
    return f"{sum(reward >= 1 for reward in known)}/{len(known)}"
