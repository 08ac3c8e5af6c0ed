"""The hard pool: the model's own puzzles that nobody has solved yet, tried again in later rounds.

A failed attempt is dear, and the released self-taught puzzles (arXiv 2207.14502) throw it away with its puzzle. Here an
unsolved puzzle waits; a later agent gets it again under its old name, with fresh draws, and it leaves once solved.
Which ones come first: after `t` failures and no success the expected solve rate is 1 / (t + 2) (Laplace's rule of
succession), and puzzles are drawn with that weight. What was tried in vain most often is the likeliest to be hopeless.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random

from etude.puzzles.policies import Known, drawn


@dataclass(frozen=True, slots=True)
class Hope:
    """A policy: the chance that the next attempt solves a puzzle, as far as its past attempts tell."""

    def weights(self, puzzles: Sequence[Known]) -> list[float]:
        """(solved + 1) / (tried + 2)."""
        return [(item.solved + 1) / (item.tried + 2) for item in puzzles]


def merged(rounds: Iterable[Known]) -> list[Known]:
    """One record per puzzle, with the attempts of all rounds added up and the round that met it first."""
    found: dict[str, Known] = {}
    for item in rounds:
        known = found.get(item.task_id)
        if known:
            item = replace(known, solved=known.solved + item.solved, tried=known.tried + item.tried)
        found[item.task_id] = item
    return list(found.values())


def unsolved(rounds: Iterable[Known], own: Collection[str]) -> list[Known]:
    """The pool: puzzles that were tried and never solved.

    Args:
        rounds: How every puzzle went in each round that tried it.
        own: The ids of puzzles that may be tried again.
    """
    return [item for item in merged(rounds) if item.task_id in own and item.tried and not item.solved]


def retried(pool: Sequence[Known], number: int, seed: int, round: int) -> list[Known]:
    """At most `number` puzzles of the pool, drawn by `Hope`; in the order of their names."""
    chosen = drawn(pool, Hope(), number, Random(f"retry {seed} {round}"))
    return sorted(chosen, key=lambda item: item.task_id)


def solved_later(rounds: Iterable[Known]) -> int:
    """Puzzles that a later round has solved and the round that met them first has not."""
    missed: set[str] = set()
    late: set[str] = set()
    seen: set[str] = set()
    for item in rounds:
        if item.task_id not in seen and not item.solved:
            missed.add(item.task_id)
        elif item.task_id in missed and item.solved:
            late.add(item.task_id)
        seen.add(item.task_id)
    return len(late)
