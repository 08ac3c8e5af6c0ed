"""What the health cards of a set add up to."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from etude.auditing.card import Card

NO_REFERENCE = "no reference"


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The numbers of an audit.

    Attributes:
        tasks, flagged: How many there are, and how many of them have a defect.
        without_reference: Tasks that nothing shows to be solvable; their cards say little.
        mutants, killed: Of all references together.
        cheated: Tasks that some program that solves nothing passes.
        cheats: How many were tried.
        defects: Kind of defect -> tasks that have it, commonest first.
    """

    tasks: int
    flagged: int
    without_reference: int
    mutants: int
    killed: int
    cheats: int
    cheated: int
    defects: dict[str, int] = field(default_factory=dict)

    @property
    def score(self) -> float | None:
        """The mutation score: share of mutants that the tests notice; None where there are none."""
        return self.killed / self.mutants if self.mutants else None

    def text(self) -> str:
        """For people."""
        lines = [f"{self.tasks} tasks, {self.flagged} flagged"]
        if self.score is not None:
            share = f"tests notice {self.killed} of {self.mutants} mutants"
            lines.append(f"mutation score {100 * self.score:.1f} %: {share}")
        lines.append(f"{self.cheated} tasks fall to a cheat ({self.cheats} cheats tried)")
        if self.without_reference:
            lines.append(f"{self.without_reference} tasks have no reference: nothing shows that they can be solved")
        return "\n".join(lines)


def summary(cards: Sequence[Card]) -> Summary:
    """The summary of some cards."""
    counts = Counter(name for card in cards for name in card.names)
    bare = sum(any(item.name == NO_REFERENCE for item in card.remarks) for card in cards)
    return Summary(
        tasks=len(cards),
        flagged=sum(bool(card.defects) for card in cards),
        without_reference=bare,
        mutants=sum(card.mutants for card in cards),
        killed=sum(card.killed for card in cards),
        cheats=sum(card.cheats for card in cards),
        cheated=sum(bool(card.passed_cheats) for card in cards),
        defects=dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))),
    )
