"""Which puzzles' rows are learned from, chosen by policy; and the record of how each puzzle went.

A curator: it stands behind the one that makes the rows (`passed`, `unverified`) and lets through those of the chosen
puzzles. What it writes beside the rows is what the next round's proposals are steered by.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from random import Random

from etude.errors import RecipeError
from etude.protocols import Judged, State
from etude.puzzles.diagnostics import PUZZLES, different, outcomes, practice_facts, write
from etude.puzzles.policies import Known, drawn, policy_named
from etude.records import Example


@dataclass
class ByPolicy:
    """Keeps the rows of the puzzles that a policy chooses; rows of other tasks go through.

    Args:
        policy: `uniform`, `band`, `archive` or `learnability`.
        band: The lowest and highest solve rate of `band`.
        keep: At most so many puzzles of a round, drawn by the policy's weights; None keeps all that have a weight.
        blind: Choose among all puzzles that have rows, as if nothing were known of them: for rows that no verdict has
            chosen.
    """

    policy: str = "uniform"
    band: tuple[float, float] = (0.05, 0.7)
    keep: int | None = None
    blind: bool = False

    def __post_init__(self) -> None:
        policy_named(self.policy, self.band)
        if self.keep is not None and self.keep < 1:
            raise RecipeError(f"by_policy.keep is {self.keep}", expected="1 or more")

    def curate(self, judged: Sequence[Judged], examples: Iterable[Example], state: State) -> Iterator[Example]:
        """Yields the rows of the chosen puzzles, in their order, and writes `puzzles.json`."""
        rows, known = list(examples), outcomes(judged, state.round)
        with_rows = {row.task_id for row in rows}
        candidates = [item for item in known if item.task_id in with_rows]
        if self.blind:
            candidates = [Known(task_id=item.task_id, puzzle=item.puzzle, round=item.round) for item in candidates]
        dice = Random(f"keep {state.seed} {state.round}")
        kept = {item.task_id for item in drawn(candidates, policy_named(self.policy, self.band), self.keep, dice)}
        write(state, PUZZLES, practice_facts(known, len(kept), different(judged)), [asdict(item) for item in known])
        puzzles = {item.task_id for item in known}
        yield from (row for row in rows if row.task_id in kept or row.task_id not in puzzles)
