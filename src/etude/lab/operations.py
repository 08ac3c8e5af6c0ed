"""The vocabulary of the lab: what one line of a lab function can do, and how it is said in English.

An operation is one Python expression over the list `xs`, its wordings, and the operation that the lab model's base
corpus mistakes it for. It does not compose, test or judge anything; see `etude.lab.world`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

Kind = Literal["list", "final"]

FACTORS = (2, 3, 4, 5, 6, 7, 8, 9)
SMALL = (2, 3)
LIMITS = (1, 2, 3, 4, 5, 6, 7)


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing to do to a list.

    Attributes:
        name: Its name in the vocabulary.
        kind: `list` (gives a list; may stand anywhere) or `final` (gives a number or a truth value; stands last).
        code: Expressions over `xs`, all of the same meaning; `{k}` is the parameter.
        wordings: Three ways to say it, from the common to the rare.
        mistaken_for: The operation that the base corpus takes a misunderstood wording for.
        parameters: The values `{k}` may have, or empty.
    """

    name: str
    kind: Kind
    code: tuple[str, ...]
    wordings: tuple[str, str, str]
    mistaken_for: str
    parameters: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """An operation with its parameter filled in (0 where it has none)."""

    operation: Operation
    parameter: int = 0

    def apply(self, value: list[int]) -> Any:
        """What the operation makes of a list. The list is left as it is."""
        return _compiled(self.operation.code[0].format(k=self.parameter))(value)

    def expression(self, idiom: int = 0) -> str:
        """The Python expression; `idiom` picks among the ways to write it."""
        code = self.operation.code
        return code[idiom % len(code)].format(k=self.parameter)

    def words(self, wording: int) -> str:
        """The English of the operation in one of its three wordings."""
        return self.operation.wordings[wording].format(k=self.parameter)


@lru_cache(maxsize=4096)
def _compiled(expression: str) -> Callable[[list[int]], Any]:
    # The expressions are the constants of this module with a digit filled in: nothing model-written comes here.
    return eval(f"lambda xs: {expression}")  # type: ignore[no-any-return]


def _operation(kind: Kind, name: str, code: str, said: str, rival: str, parameters: tuple[int, ...]) -> Operation:
    common, middling, rare = said.split(" | ")
    return Operation(name, kind, tuple(code.split(" | ")), (common, middling, rare), rival, parameters)


def _change(name: str, code: str, said: str, rival: str, *parameters: int) -> Operation:
    return _operation("list", name, code, said, rival, parameters)


def _final(name: str, code: str, said: str, rival: str, *parameters: int) -> Operation:
    return _operation("final", name, code, said, rival, parameters)


CHANGES: tuple[Operation, ...] = (
    _change(
        "multiply",
        "[x * {k} for x in xs]",
        "multiply by {k} | scale by {k} | make {k} times as big",
        "divide",
        *FACTORS,
    ),
    _change(
        "divide",
        "[x // {k} for x in xs]",
        "divide by {k} | split into {k} parts | take one of {k} shares",
        "multiply",
        *SMALL,
        4,
    ),
    _change("add", "[x + {k} for x in xs]", "add {k} | raise by {k} | shift up by {k}", "subtract", *FACTORS),
    _change("subtract", "[x - {k} for x in xs]", "subtract {k} | lower by {k} | shift down by {k}", "add", *FACTORS),
    _change(
        "remainder",
        "[x % {k} for x in xs]",
        "take remainders by {k} | reduce modulo {k} | wrap around at {k}",
        "divide",
        3,
        4,
        5,
        6,
        7,
    ),
    _change(
        "distance",
        "[abs(x - {k}) for x in xs]",
        "take distances to {k} | measure how far from {k} | get gaps to {k}",
        "remainder",
        3,
        4,
        5,
        6,
        7,
    ),
    _change("cap", "[min(x, {k}) for x in xs]", "cap at {k} | limit to {k} | put a ceiling of {k}", "floor", *LIMITS),
    _change(
        "floor",
        "[max(x, {k}) for x in xs]",
        "raise to at least {k} | lift up to {k} | put a floor of {k}",
        "cap",
        *LIMITS,
    ),
    _change(
        "above",
        "[x for x in xs if x > {k}]",
        "keep those above {k} | drop all up to {k} | leave what exceeds {k}",
        "below",
        *LIMITS,
    ),
    _change(
        "below",
        "[x for x in xs if x < {k}]",
        "keep those below {k} | drop all from {k} on | leave what is under {k}",
        "above",
        *LIMITS,
    ),
    _change(
        "multiples",
        "[x for x in xs if x % {k} == 0]",
        "keep multiples of {k} | leave what {k} divides | select the {k} times table",
        "others",
        *SMALL,
        4,
    ),
    _change(
        "others",
        "[x for x in xs if x % {k} != 0]",
        "drop multiples of {k} | keep what {k} does not divide | clear the {k} times table",
        "multiples",
        *SMALL,
        4,
    ),
    _change("take", "xs[:{k}]", "take the first {k} | keep {k} from the start | cut after {k}", "skip", *SMALL, 4),
    _change("skip", "xs[{k}:]", "skip the first {k} | drop {k} from the start | begin after {k}", "take", 1, *SMALL),
    _change(
        "tail", "xs[-{k}:]", "take the last {k} | keep {k} from the end | hold on to the final {k}", "chop", *SMALL, 4
    ),
    _change("chop", "xs[:-{k}]", "drop the last {k} | remove {k} from the end | stop {k} early", "tail", 1, *SMALL),
    _change("stride", "xs[::{k}]", "take every item number {k} | step by {k} | thin out by {k}", "rotate", *SMALL),
    _change(
        "rotate",
        "xs[{k}:] + xs[:{k}]",
        "rotate left by {k} | move {k} to the back | turn {k} places",
        "stride",
        1,
        *SMALL,
    ),
    _change("append", "xs + [{k}]", "append {k} | put {k} at the end | finish with {k}", "prepend", *LIMITS),
    _change("prepend", "[{k}] + xs", "prepend {k} | put {k} at the start | open with {k}", "append", *LIMITS),
    _change("reverse", "xs[::-1] | list(reversed(xs))", "reverse | turn around | read backwards", "ascending"),
    _change("ascending", "sorted(xs)", "sort upwards | put in ascending order | order from low to high", "descending"),
    _change(
        "descending",
        "sorted(xs, reverse=True) | sorted(xs)[::-1]",
        "sort downwards | put in descending order | order from high to low",
        "ascending",
    ),
    _change(
        "unique", "list(dict.fromkeys(xs))", "remove duplicates | keep first occurrences | make distinct", "reverse"
    ),
    _change("negate", "[-x for x in xs]", "negate | flip the signs | mirror about zero", "absolute"),
    _change("absolute", "[abs(x) for x in xs]", "take absolute values | ignore the signs | get sizes", "negate"),
    _change("square", "[x * x for x in xs]", "square | multiply with itself | raise to the power two", "double"),
    _change("double", "[x + x for x in xs]", "double | add to itself | make twice as big", "square"),
    _change(
        "running",
        "[sum(xs[:i + 1]) for i in range(len(xs))]",
        "take running sums | accumulate | get totals so far",
        "differences",
    ),
    _change(
        "differences",
        "[b - a for a, b in zip(xs, xs[1:])]",
        "take differences | subtract neighbours | get the steps",
        "running",
    ),
    _change(
        "positions", "[x + i for i, x in enumerate(xs)]", "add positions | add the index | count up along", "running"
    ),
)

FINALS: tuple[Operation, ...] = (
    _final("sum", "sum(xs)", "return the sum | return the total | return all added up", "length"),
    _final("length", "len(xs)", "return the length | return how many | return the count", "sum"),
    _final("largest", "max(xs, default=0)", "return the largest | return the maximum | return the top", "smallest"),
    _final("smallest", "min(xs, default=0)", "return the smallest | return the minimum | return the bottom", "largest"),
    _final(
        "spread",
        "max(xs, default=0) - min(xs, default=0)",
        "return the spread | return the range | return largest less smallest",
        "ends",
    ),
    _final(
        "ends",
        "sum(xs[:1]) + sum(xs[-1:])",
        "return first plus last | return both ends added | return the sum of the edges",
        "spread",
    ),
    _final(
        "squares",
        "sum(x * x for x in xs)",
        "return the sum of squares | return the energy | return the squared total",
        "sum",
    ),
    _final(
        "distinct",
        "len(set(xs))",
        "return the number of distinct | return how many differ | return the variety",
        "length",
    ),
    _final(
        "negatives",
        "sum(x < 0 for x in xs)",
        "return the number below zero | return how many are negative | return the count of minuses",
        "distinct",
    ),
    _final(
        "exceed",
        "sum(x > {k} for x in xs)",
        "return the number above {k} | return how many exceed {k} | return the count past {k}",
        "fewer",
        1,
        2,
        3,
        4,
        5,
    ),
    _final(
        "fewer",
        "sum(x < {k} for x in xs)",
        "return the number below {k} | return how many stay under {k} | return the count short of {k}",
        "exceed",
        1,
        2,
        3,
        4,
        5,
    ),
    _final(
        "divisible",
        "sum(x % {k} == 0 for x in xs)",
        "return the number of multiples of {k} | return how many {k} divides | return the count in the {k} times table",
        "exceed",
        2,
        3,
        4,
    ),
)


@lru_cache(maxsize=1)
def by_name() -> dict[str, Operation]:
    """Every operation under its name."""
    return {operation.name: operation for operation in CHANGES + FINALS}
