"""How likely a rule of the grammar is: all alike, or counted in expressions that solved puzzles.

The counted model is a bigram over the derivation: the chance of a rule depends on the rule whose hole it fills, and on
which hole that is. Where little was seen it falls back on how often the rule is used for that type, and then on the
uniform model. Enumeration by such models is the baseline of P3 (Schuster et al. 2021).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from etude.errors import InputError
from etude.puzzles.deriving import Derivation
from etude.puzzles.grammar import BORROWED, Rule

ROOT = "answer"
"""The context of the whole expression."""


class Likelihood(Protocol):
    """What the enumeration asks of a model."""

    def context(self, rule: Rule, hole: int) -> str:
        """A name for the place in a derivation; places of one name have the same shares."""
        ...

    def shares(self, context: str, kinds: Sequence[str]) -> list[float]:
        """The chance of each kind of rule there, above 0, adding up to 1."""
        ...


@dataclass(frozen=True, slots=True)
class Uniform:
    """Every kind of rule alike, but for what is taken over from the puzzle.

    Attributes:
        borrowed: The chance that an expression is an input, a constant of the puzzle or the loop variable, where there
            is one of its type.
    """

    borrowed: float = 0.5

    def context(self, rule: Rule, hole: int) -> str:
        """All places are alike."""
        return ""

    def shares(self, context: str, kinds: Sequence[str]) -> list[float]:
        """See `Likelihood`."""
        own = [kind.endswith(BORROWED) for kind in kinds]
        if all(own) or not any(own):
            return [1 / len(kinds)] * len(kinds)
        taken, made = self.borrowed / sum(own), (1 - self.borrowed) / (len(own) - sum(own))
        return [taken if is_own else made for is_own in own]


@dataclass(frozen=True, slots=True)
class Bigram:
    """Counted kinds of rules.

    Attributes:
        counts: Context -> kind -> how often it was seen there.
        prior: How many sightings the fallback is worth.
    """

    counts: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    prior: float = 5.0
    base: Uniform = Uniform()

    def context(self, rule: Rule, hole: int) -> str:
        """The rule and the hole, or "" for places that were never seen."""
        name = _place(rule.kind, hole)
        return name if name in self.counts else ""

    def shares(self, context: str, kinds: Sequence[str]) -> list[float]:
        """See `Likelihood`."""
        often = self._totals(kinds)
        fallback = _mixed(often, self.base.shares(context, kinds), self.prior)
        seen = self.counts.get(context, {})
        return _mixed([seen.get(kind, 0.0) for kind in kinds], fallback, self.prior)

    def _totals(self, kinds: Sequence[str]) -> list[float]:
        return [sum(seen.get(kind, 0.0) for seen in self.counts.values()) for kind in kinds]


def fit(
    derivations: Iterable[Derivation], prior: float = 5.0, base: Uniform | None = None, known: Bigram | None = None
) -> Bigram:
    """The bigram model of some expressions, each counted once.

    Args:
        derivations: Of expressions that solved puzzles.
        prior: How many sightings the fallback is worth.
        base: The uniform model to fall back on.
        known: A model whose counts are added.
    """
    counts: dict[str, dict[str, float]] = {}
    for context, seen in (known.counts if known else {}).items():
        counts[context] = dict(seen)
    for derivation in derivations:
        for context, kind in _pairs(derivation, ROOT):
            own = counts.setdefault(context, {})
            own[kind] = own.get(kind, 0.0) + 1
    return Bigram(counts=counts, prior=prior, base=base or Uniform())


def save(model: Bigram, path: Path) -> None:
    """Writes a model as JSON."""
    text = json.dumps({"prior": model.prior, "counts": model.counts}, indent=1, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")


def load(path: Path) -> Bigram:
    """The model that `save` wrote.

    Raises:
        InputError: The file cannot be read or is no such model.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        counts = {
            str(context): {str(kind): float(seen[kind]) for kind in seen} for context, seen in value["counts"].items()
        }
        prior = float(value["prior"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} is no model of rules: {error}", expected='{"prior": 5.0, "counts": {context: {rule: count}}}'
        ) from None
    if prior <= 0 or any(count < 0 for seen in counts.values() for count in seen.values()):
        raise InputError(f"{path} holds a negative count, or a prior that is not above 0")
    return Bigram(counts=counts, prior=prior)


def _pairs(derivation: Derivation, context: str) -> Iterable[tuple[str, str]]:
    yield context, derivation.rule.kind
    for number, part in enumerate(derivation.parts):
        yield from _pairs(part, _place(derivation.rule.kind, number))


def _place(kind: str, hole: int) -> str:
    return f"{kind} #{hole}"


def _mixed(counts: Sequence[float], fallback: Sequence[float], prior: float) -> list[float]:
    total = sum(counts) + prior
    return [(count + prior * share) / total for count, share in zip(counts, fallback, strict=True)]
