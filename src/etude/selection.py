"""Which agent goes on and which one a run ends with: decided by validation tasks, never by the test split.

The gate compares the new agent with the one it was learned from; selection compares all rounds; patience ends a run.
"""

from collections.abc import Sequence
from typing import NamedTuple

from etude.config import Recipe
from etude.protocols import State
from etude.records import Agent, Example
from etude.stages import Run, examine


def keeps(run: Run, agent: Agent, learned: Agent, state: State) -> bool:
    """The gate: is the new agent kept? Never decided by the test split."""
    if run.recipe.gate == "always" or not run.parts.validation:
        return True
    before = examine(run, run.parts.validation, "gate-before", agent, state)
    after = examine(run, run.parts.validation, "gate-after", learned, state)
    kept = after.pass_at["1"].value >= before.pass_at["1"].value
    run.ledger.note("gate", round=state.round, kept=kept, fingerprint=learned.fingerprint)
    return kept


class Standing(NamedTuple):
    """What a round came to: its agent, and (pass@1, the same after repair) on validation; (0, 0) where not measured."""

    agent: Agent
    state: State
    rows: Sequence[Example]
    score: tuple[float, float]


def standing(run: Run, learned: Agent, state: State, rows: Sequence[Example]) -> Standing:
    """Measures a round's agent on validation, where the recipe chooses by it."""
    if run.recipe.select == "last" and not run.recipe.patience:
        return Standing(learned, state, rows, (0.0, 0.0))
    report = examine(run, run.parts.validation, "validation", learned, state, solver=run.parts.validator)
    found = [known["1"].value if "1" in known else 0.0 for known in (report.pass_at, report.repair_at)]
    return Standing(learned, state, rows, (found[0], found[1]))


def selected(run: Run, standings: Sequence[Standing]) -> Standing:
    """The round that a run ends with. Never decided by the test split."""
    if run.recipe.evaluate == "last" or run.recipe.select == "last":
        return standings[-1]
    best = max(standings, key=lambda item: (item.score, -item.state.round))
    run.ledger.note("selected", round=best.state.round, score=best.score, of=len(standings))
    return best


def is_stale(recipe: Recipe, standings: Sequence[Standing]) -> bool:
    """Whether the last `patience` rounds were no better on validation than the best one before them."""
    scores = [item.score for item in standings]
    number = recipe.patience
    return 0 < number < len(scores) and max(scores[-number:]) <= max(scores[:-number])
