"""Concepts of real code as seeds of proposals: what programs use, read from their syntax trees.

After SelfCodeAlign (arXiv 2410.24198), which lets a language model name the concepts; here a tree names them: builtin
functions, methods of builtin types, functions of modules, operators and constructs. No program is run, and a concept is
a name of Python's own, never a piece of somebody's code.
"""

import ast
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from etude.programs.parse import parse
from etude.puzzles.filters import FORBIDDEN, MODULES

BUILTINS = frozenset({
    "abs", "all", "any", "bin", "bool", "chr", "dict", "divmod", "enumerate", "filter", "float", "frozenset", "hex",
    "int", "isinstance", "len", "list", "map", "max", "min", "oct", "ord", "pow", "range", "reversed", "round", "set",
    "slice", "sorted", "str", "sum", "tuple", "type", "zip",
}) - FORBIDDEN  # fmt: skip
METHODS = frozenset(
    name for kind in (str, list, dict, set, tuple, int, float) for name in dir(kind) if not name.startswith("_")
)
OPERATORS: Mapping[type[ast.AST], str] = {
    ast.Mod: "modulo",
    ast.FloorDiv: "whole division",
    ast.Pow: "power",
    ast.BitXor: "bitwise xor",
    ast.BitAnd: "bitwise and",
    ast.BitOr: "bitwise or",
    ast.LShift: "bit shift",
    ast.RShift: "bit shift",
    ast.In: "membership test",
    ast.NotIn: "membership test",
}
CONSTRUCTS: Mapping[type[ast.AST], str] = {
    ast.Slice: "slicing",
    ast.ListComp: "list comprehension",
    ast.SetComp: "set comprehension",
    ast.DictComp: "dict comprehension",
    ast.GeneratorExp: "generator expression",
    ast.Lambda: "lambda",
    ast.IfExp: "conditional expression",
    ast.While: "while loop",
    ast.For: "for loop",
    ast.JoinedStr: "formatted string",
    ast.Starred: "unpacking",
    ast.Dict: "dict",
    ast.Set: "set",
    ast.Tuple: "tuple",
}
LOOPS = (ast.For, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def concepts_of(program: str) -> Counter[str]:
    """Concept -> how often a program uses it; empty where the text is no program."""
    tree = parse(program)
    if tree is None:
        return Counter()
    modules = dict(_imported(tree))
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    found = Counter(name for node in ast.walk(tree) for name in _named(node, modules, own))
    if any(_calls_itself(node) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        found["recursion"] += 1
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The concepts that proposals may be asked for.

    Attributes:
        counts: Concept -> programs that use it, the commonest first.
        made: Concept -> puzzles that the model has already made with it.
    """

    counts: Mapping[str, int]
    made: Mapping[str, int] = field(default_factory=dict)

    def drawn(self, number: int, dice: Random) -> tuple[str, ...]:
        """So many different concepts, by weight: 1 / (1 + puzzles made with it)."""
        keyed = [(math.log(1.0 - dice.random()) * (1 + self.made.get(name, 0)), name) for name in self.counts]
        return tuple(name for _, name in sorted(keyed, reverse=True)[:number])

    def within(self, puzzle: str, number: int) -> tuple[str, ...]:
        """At most so many of the concepts that a puzzle uses, the rarest in real code first."""
        own = concepts_of(puzzle)
        return tuple([name for name in reversed(tuple(self.counts)) if name in own][:number])


def catalogue(programs: Iterable[str], made: Iterable[str] = ()) -> Catalogue:
    """The catalogue of some programs.

    Args:
        programs: Real code; it is read and not run.
        made: The model's own puzzles so far.
    """
    counts = Counter(name for program in programs for name in concepts_of(program))
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return Catalogue(counts=dict(ordered), made=Counter(name for text in made for name in concepts_of(text)))


def use_facts(asked: Sequence[tuple[str, Sequence[str]]], known: Catalogue) -> dict[str, object]:
    """How many puzzles use the concepts that they were asked for.

    Args:
        asked: Each accepted puzzle with its concepts.

    Returns:
        `known` (concepts of the catalogue), `puzzles`, `use_all` and `use_some` (puzzles that use all or at least one
        of theirs), `asked` and `used` (concept -> puzzles).
    """
    wanted, used = Counter[str](), Counter[str]()
    shares: list[float] = []
    for puzzle, concepts in asked:
        own = concepts_of(puzzle)
        wanted.update(concepts)
        used.update(name for name in concepts if name in own)
        shares.append(sum(name in own for name in concepts) / len(concepts) if concepts else 0.0)
    return {
        "known": len(known.counts),
        "puzzles": len(asked),
        "use_all": sum(share == 1 for share in shares),
        "use_some": sum(share > 0 for share in shares),
        "asked": dict(sorted(wanted.items())),
        "used": dict(sorted(used.items())),
    }


def _named(node: ast.AST, modules: Mapping[str, str], own: set[str]) -> Iterator[str]:
    if isinstance(node, ast.BinOp | ast.AugAssign):
        yield from filter(None, [OPERATORS.get(type(node.op))])
    elif isinstance(node, ast.Compare):
        yield from filter(None, [OPERATORS.get(type(op)) for op in node.ops])
        yield from ["chained comparison"] if len(node.ops) > 1 else []
    elif isinstance(node, ast.Call):
        yield from _called(node, modules, own)
    elif type(node) in CONSTRUCTS and not isinstance(getattr(node, "ctx", None), ast.Store):
        yield CONSTRUCTS[type(node)]
    if isinstance(node, LOOPS) and _nested(node):
        yield "nested loop"
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.UnaryOp):
        yield "negative index"


def _called(node: ast.Call, modules: Mapping[str, str], own: set[str]) -> Iterator[str]:
    called = node.func
    if isinstance(called, ast.Name) and called.id not in own:
        if called.id in modules:
            yield f"{modules[called.id]}()"
        elif called.id in BUILTINS:
            yield f"{called.id}()"
            if any(word.arg == "key" for word in node.keywords):
                yield f"{called.id}() with a key"
    if isinstance(called, ast.Attribute):
        if isinstance(called.value, ast.Name) and called.value.id in modules:
            yield f"{modules[called.value.id]}.{called.attr}()"
        elif called.attr in METHODS:
            yield f".{called.attr}()"


def _nested(node: ast.AST) -> bool:
    """Whether a loop has a loop in it, or a comprehension more than one `for`."""
    if len(getattr(node, "generators", ())) > 1:
        return True
    return any(isinstance(part, LOOPS) for part in ast.walk(node) if part is not node)


def _calls_itself(function: ast.FunctionDef) -> bool:
    calls = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
    return any(isinstance(called, ast.Name) and called.id == function.name for called in calls)


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Name in the program -> what it is, such as `math` or `math.gcd`; modules that puzzles may import only."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((item.asname or item.name, item.name) for item in node.names if item.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module in MODULES and node.module != "typing":
            yield from ((item.asname or item.name, f"{node.module}.{item.name}") for item in node.names)
