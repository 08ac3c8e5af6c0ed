"""New arguments by hypothesis: strategies built from the shapes of a domain, drawn by a seed, never from a database.

Hypothesis is optional: without it, `available` is False and `by_hypothesis` says how to have it.
"""

import importlib.util
from typing import TYPE_CHECKING, Any

from etude.errors import MissingError
from etude.strengthening.domain import Domain, mended
from etude.strengthening.drawing import in_order
from etude.strengthening.inputs import Arguments
from etude.strengthening.shapes import Mix, Shape

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

LONGEST = 20


def available() -> bool:
    """Whether hypothesis is installed."""
    return importlib.util.find_spec("hypothesis") is not None


def by_hypothesis(domain: Domain, seed: int, number: int) -> list[Arguments]:
    """At most `number` different arguments of a domain's shapes, the same for the same seed.

    Raises:
        MissingError: Hypothesis is not installed.
    """
    if not available():
        raise MissingError(
            "hypothesis is not installed", fix="pip install 'hypothesis>=6.100', or --generators type,change"
        )
    if not domain.shapes:
        return []
    import hypothesis
    from hypothesis import strategies

    found: dict[str, Arguments] = {}

    def take(given: Arguments) -> None:
        given = mended(given, domain.relations)
        found.setdefault(repr(given), given)

    quiet = hypothesis.settings(
        max_examples=number,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    whole = strategies.tuples(*map(_strategy, domain.shapes))
    hypothesis.seed(seed)(quiet(hypothesis.given(whole)(take)))()
    return list(found.values())[:number]


def _strategy(mix: Mix) -> "SearchStrategy[Any]":
    from hypothesis import strategies

    return strategies.one_of([_of(shape) for shape in mix])


def _of(shape: Shape) -> "SearchStrategy[Any]":
    from hypothesis import strategies

    least, most = int(shape.low), min(int(shape.high), max(LONGEST, int(shape.low)))
    seen = strategies.sampled_from(shape.seen)
    if shape.kind is bool:
        return strategies.booleans()
    if shape.kind is int:
        return strategies.integers(int(shape.low), int(shape.high))
    if shape.kind is float:
        numbers = strategies.floats(shape.low, shape.high, allow_nan=False, allow_infinity=False)
        return numbers.map(lambda value: round(value, shape.decimals))
    if shape.kind is str and "known words" not in shape.facts and "one pattern" not in shape.facts:
        return strategies.text(shape.letters or " ", min_size=least, max_size=most)
    if shape.kind in (list, tuple) and shape.parts:
        return strategies.tuples(*map(_strategy, shape.parts)).map(shape.kind)
    if shape.kind in (list, tuple) and shape.items:
        rows = strategies.lists(_strategy(shape.items), min_size=least, max_size=most)
        return rows.map(lambda row: shape.kind(in_order(row, shape)))
    if shape.kind is dict and shape.items:
        return strategies.dictionaries(_strategy(shape.items), _strategy(shape.values), min_size=least, max_size=most)
    return seen
