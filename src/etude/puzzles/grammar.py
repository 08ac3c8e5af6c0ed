"""A typed grammar of short Python expressions, cut to one puzzle.

A rule says: an expression of this type may be made so from expressions of those types. `LANGUAGE` lists the rules in
a shorthand: `{int}` is a hole for an expression of that type, T and U stand for any type that occurs in the puzzle, S
for any text or list, and `{T@U}` is a hole in which the loop variable `v`, of type U, may be used.
"""

import ast
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import NamedTuple

from etude.puzzles.question import Question, element

LANGUAGE: Mapping[str, tuple[str, ...]] = {
    "int": (
        "0", "1", "2", "3", "-1", "10", "100", "1000",
        "{int} + {int}", "{int} - {int}", "{int} * {int}", "{int} // {int}", "{int} % {int}", "{int} ** {int}",
        "-{int}", "{int} ^ {int}", "abs({int})", "max({int}, {int})", "min({int}, {int})",
        "len({S})", "sum({List[int]})", "int({str})", "int({float})", "int({int} ** 0.5)", "round({float})",
        "ord({str})", "{str}.count({str})", "{str}.index({str})", "{List[T]}.count({T})", "{List[T]}.index({T})",
    ),
    "float": (
        "0.0", "0.5", "1.0", "2.0", "10.0", "-1.0",
        "{float} + {float}", "{float} - {float}", "{float} * {float}", "{float} / {float}", "{float} ** {float}",
        "{int} / {int}", "{int} ** {float}", "float({int})", "-{float}", "abs({float})", "sum({List[float]})",
    ),
    "bool": (
        "True", "False", "not {bool}", "{bool} and {bool}", "{bool} or {bool}",
        "{int} == {int}", "{int} < {int}", "{int} > {int}", "{float} < {float}", "{str} == {str}",
        "{str} in {str}", "{T} in {List[T]}",
    ),
    "str": (
        "''", "'a'", "' '", "'0'",
        "{str} + {str}", "{str} * {int}", "{str}[{int}]", "{str}[{int}:]", "{str}[:{int}]", "{str}[::-1]",
        "str({int})", "chr({int})", "bin({int})", "{str}.join({List[str]})", "{str}.upper()", "{str}.lower()",
        "{str}.swapcase()", "{str}.strip()", "{str}.replace({str}, {str})",
    ),
    "T": ("{List[T]}[{int}]", "max({List[T]})", "min({List[T]})", "{T} if {bool} else {T}"),
    "List[T]": (
        "[]", "[{T}]", "[{T}, {T}]", "[{T}, {T}, {T}]", "{List[T]} + {List[T]}", "{List[T]} * {int}",
        "sorted({List[T]})", "sorted(set({List[T]}))", "{List[T]}[::-1]", "{List[T]}[{int}:]", "{List[T]}[:{int}]",
        "[{T@U} for v in {List[U]}]", "[{T@str} for v in {str}]", "[{T@int} for v in range({int})]",
        "[v for v in {List[T]} if {bool@T}]",
    ),
    "List[int]": ("list(range({int}))", "list(range({int}, {int}))", "list(range({int}, {int}, {int}))"),
    "List[str]": ("list({str})", "sorted({str})", "{str}.split()", "{str}.split({str})"),
}  # fmt: skip

ALWAYS = ("int", "bool", "str", "List[int]", "List[str]")
BORROWED = ("input", "copy", "variable")
"""What a rule of a puzzle's own takes over from it; a rule's kind ends with this word."""
HOLE = re.compile(r"\{([^{}@]+)(?:@([^{}]+))?\}")


class Part(NamedTuple):
    """A hole of a rule: the type asked for, and the type of the loop variable there, or ""."""

    type: str
    variable: str = ""


@dataclass(frozen=True)
class Rule:
    """One way to make an expression.

    Attributes:
        kind: The same for rules that are alike across puzzles, such as `int: {int} + {int}` or `str: copy`.
        template: The source with numbered holes, such as `({0} + {1})`.
        parts: What goes into the holes, in order.
    """

    kind: str
    template: str
    parts: tuple[Part, ...] = ()

    @property
    def result(self) -> str:
        """The type of the expression."""
        return self.kind.partition(":")[0]

    @property
    def binds(self) -> bool:
        """Whether it opens a loop."""
        return " for " in self.template and bool(self.parts)

    @cached_property
    def pattern(self) -> ast.expr:
        """The template as a tree in which the name `_0` stands for hole 0."""
        names = [f"_{number}" for number in range(len(self.parts))]
        return ast.parse(self.template.format(*names), mode="eval").body

    def fill(self, parts: list[str]) -> str:
        """The source of the expression; a part that is compound stands in parentheses."""
        return self.template.format(*(part if _is_simple(part) else f"({part})" for part in parts))


class Grammar:
    """The rules for one puzzle.

    Args:
        question: The puzzle's types, inputs and constants.

    Attributes:
        root: The hole that a whole answer fills.
        variable: The name of loop variables: one that no input has.
        types: Every type that an expression may have here.
    """

    def __init__(self, question: Question) -> None:
        self.question = question
        self.root = Part(question.answer)
        taken = {name for name, _ in question.inputs}
        self.variable = next(name for name in ("i", "x", "v", "item", "one", "_v") if name not in taken)
        self.types = frozenset(_types(question))
        self._rules: dict[Part, tuple[Rule, ...]] = {}

    def rules(self, hole: Part) -> tuple[Rule, ...]:
        """Every rule that may fill a hole. Loops are not nested: in a loop there are no rules that open another."""
        if hole not in self._rules:
            made = [*self._borrowed(hole), *_language(hole.type, self.types)]
            self._rules[hole] = tuple(self._named(rule) for rule in made if not (hole.variable and rule.binds))
        return self._rules[hole]

    def holes(self, rule: Rule, inside: Part) -> tuple[Part, ...]:
        """The holes of a rule that fills `inside`: they see its loop variable, or the one that the rule binds."""
        return tuple(Part(part.type, part.variable or inside.variable) for part in rule.parts)

    def _named(self, rule: Rule) -> Rule:
        """The rule with the loop variable's own name."""
        if not rule.binds or self.variable == "v":
            return rule
        return replace(rule, template=re.sub(r"\bv\b", self.variable, rule.template))

    def _borrowed(self, hole: Part) -> Iterator[Rule]:
        for name, kind in self.question.inputs:
            if kind == hole.type:
                yield Rule(f"{kind}: input", name)
        for text, kind in self.question.copies:
            if kind == hole.type:
                yield Rule(f"{kind}: copy", text.replace("{", "{{").replace("}", "}}"))
        if hole.variable == hole.type:
            yield Rule(f"{hole.type}: variable", self.variable)


def _types(question: Question) -> Iterator[str]:
    for kind in (*ALWAYS, question.answer, *(kind for _, kind in question.inputs)):
        while kind:
            yield kind
            kind = element(kind)


@lru_cache(maxsize=256)
def _language(kind: str, types: frozenset[str]) -> tuple[Rule, ...]:
    """The rules of `LANGUAGE` for one type, whose holes have types of this puzzle."""
    heads: list[tuple[str, dict[str, str]]] = [(kind, {}), ("T", {"T": kind})]
    if element(kind):
        heads.append(("List[T]", {"T": element(kind)}))
    lines = [(line, known) for head, known in heads for line in LANGUAGE.get(head, ())]
    made = [rule for line, known in lines for rule in _instances(kind, line, known, types)]
    return tuple({rule.kind: rule for rule in made}.values())


def _instances(kind: str, line: str, known: Mapping[str, str], types: frozenset[str]) -> Iterator[Rule]:
    """The line with every type that its letters may stand for."""
    inside = " ".join(f"{hole} {variable}" for hole, variable in HOLE.findall(line))
    free = [letter for letter in "STU" if re.search(rf"\b{letter}\b", inside) and letter not in known]
    for chosen in itertools.product(sorted(types), repeat=len(free)):
        letters = {**known, **dict(zip(free, chosen, strict=True))}
        if "S" in letters and not (letters["S"] == "str" or element(letters["S"])):
            continue
        parts = tuple(Part(_put(hole, letters), _put(variable, letters)) for hole, variable in HOLE.findall(line))
        if all(part.type in types for part in parts):
            yield Rule(f"{kind}: {_put(line, letters)}", _numbered(line), parts)


def _numbered(line: str) -> str:
    """The line with its holes as numbers."""
    numbers = itertools.count()
    return HOLE.sub(lambda _: f"{{{next(numbers)}}}", line)


def _put(kind: str, letters: Mapping[str, str]) -> str:
    return re.sub(r"\b[STU]\b", lambda match: letters.get(match[0], match[0]), kind)


def _is_simple(source: str) -> bool:
    return source.isidentifier() or source.isdigit()
