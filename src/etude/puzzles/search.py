"""Expressions of a grammar in order of likelihood, the likeliest first, without end.

Best first search over leftmost derivations. What is still open costs at least what its cheapest filling costs, and
that is known exactly, so expressions come out in order of their probability, and only two states are put on the heap
for each that is taken off: the rest of an expression, and the next rule for the hole that was just filled.
"""

import ast
import heapq
import itertools
import math
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from etude.puzzles.bigram import ROOT, Likelihood
from etude.puzzles.grammar import Grammar, Part, Rule

MOST_STATES = 2_000_000  # on the heap; a bound on memory, never met with budgets of some ten thousand


class Place(NamedTuple):
    """A hole in a derivation and what the model calls the place."""

    hole: Part
    context: str


class Option(NamedTuple):
    """A rule for a place: the cost of choosing it, what its own holes cost at least on top, and those holes."""

    cost: float
    rest: float
    rule: Rule
    places: tuple[Place, ...]


Chain = tuple["Chain", Rule] | None
Open = tuple[Place, "Open"] | None


def expressions(grammar: Grammar, model: Likelihood) -> Iterator[tuple[str, float]]:
    """Yields (source, probability of its likeliest derivation), each source once.

    The order is the same on every machine: equally likely expressions come in the order in which the search met them.
    """
    seen: set[str] = set()
    for rules, cost in _derivations(grammar, model):
        source = ast.unparse(ast.parse(_source(iter(rules)), mode="eval"))
        if source not in seen:
            seen.add(source)
            yield source, math.exp(-cost)


def _derivations(grammar: Grammar, model: Likelihood) -> Iterator[tuple[list[Rule], float]]:
    """Whole derivations as their rules, outermost and leftmost first, with their costs (minus log probability)."""
    table = options(grammar, model)
    start = Place(grammar.root, ROOT)
    order = itertools.count()
    # bound, tie breaker, cost and rules so far, the hole to fill, which of its rules, the holes after it, their bound
    heap: list[tuple[float, int, float, Chain, Place, int, Open, float]] = []

    def push(cost: float, done: Chain, place: Place, which: int, after: Open, rest: float) -> None:
        if which < len(table[place]) and len(heap) < MOST_STATES:
            option = table[place][which]
            bound = cost + option.cost + option.rest + rest
            heapq.heappush(heap, (bound, next(order), cost, done, place, which, after, rest))

    push(0.0, None, start, 0, None, 0.0)
    while heap:
        _, _, cost, done, place, which, after, rest = heapq.heappop(heap)
        push(cost, done, place, which + 1, after, rest)
        option = table[place][which]
        cost, done, rest = cost + option.cost, (done, option.rule), rest + option.rest
        for inner in reversed(option.places):
            after = (inner, after)
        if after is None:
            yield _listed(done), cost
        else:
            place, after = after
            push(cost, done, place, 0, after, rest - _least(table[place]))


def options(grammar: Grammar, model: Likelihood) -> dict[Place, list[Option]]:
    """For every place that can be reached: its rules that can be completed, the cheapest to complete first."""
    costs = _reachable(grammar, model)
    least = dict.fromkeys(costs, math.inf)
    changed = True
    while changed:
        changed = False
        for place, choices in costs.items():
            best = min((cost + sum(least[inner] for inner in places) for cost, _, places in choices), default=math.inf)
            if best < least[place]:
                least[place], changed = best, True
    table: dict[Place, list[Option]] = {}
    for place, choices in costs.items():
        made = [Option(cost, sum(least[item] for item in places), rule, places) for cost, rule, places in choices]
        table[place] = sorted((item for item in made if item.rest < math.inf), key=lambda item: item.cost + item.rest)
    return table


def _reachable(grammar: Grammar, model: Likelihood) -> dict[Place, list[tuple[float, Rule, tuple[Place, ...]]]]:
    """Place -> (cost, rule, its holes), for all places from the root on."""
    start = Place(grammar.root, ROOT)
    found: dict[Place, list[tuple[float, Rule, tuple[Place, ...]]]] = {}
    waiting = [start]
    while waiting:
        place = waiting.pop()
        if place in found:
            continue
        found[place] = []
        for rule, cost in _costs(grammar.rules(place.hole), model, place.context):
            holes = grammar.holes(rule, place.hole)
            places = tuple(Place(hole, model.context(rule, number)) for number, hole in enumerate(holes))
            found[place].append((cost, rule, places))
            waiting.extend(places)
    return found


def _costs(rules: tuple[Rule, ...], model: Likelihood, context: str) -> list[tuple[Rule, float]]:
    """The rules with minus the logarithm of their chance; rules of one kind share its chance."""
    often = Counter(rule.kind for rule in rules)
    shares = dict(zip(often, model.shares(context, tuple(often)), strict=True))
    return [(rule, -math.log(shares[rule.kind] / often[rule.kind])) for rule in rules]


def _least(choices: list[Option]) -> float:
    return choices[0].cost + choices[0].rest


def _listed(chain: Chain) -> list[Rule]:
    rules: list[Rule] = []
    while chain is not None:
        chain, rule = chain
        rules.append(rule)
    return rules[::-1]


def _source(rules: Iterator[Rule]) -> str:
    rule = next(rules)
    return rule.fill([_source(rules) for _ in rule.parts])
