"""Mutants: a program with one small mistake put into it, such as a test suite is there to notice.

Which mistakes: see `OPERATORS` in `etude.programs.mistakes`. A mutant compiles and differs from the program, and from
every other mutant, in normal form; it may still do the same as the program. Nothing here runs a program.
"""

import ast
from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

from etude.programs.mistakes import OPERATORS
from etude.programs.normalise import normalised
from etude.programs.parse import UNREADABLE, parse, quietly

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Mutant(NamedTuple):
    """A program with one mistake.

    Attributes:
        operator: The kind of mistake, a key of `OPERATORS`.
        line: Where it is, counted in the original program.
        program: The whole program, in Python's own layout and without comments.
    """

    operator: str
    line: int
    program: str


class Place(NamedTuple):
    """Where a node hangs in a tree: a field of its parent, and the number in it where the field is a list."""

    parent: ast.AST
    field: str
    number: int | None
    node: ast.AST

    def put(self, node: ast.AST) -> None:
        if self.number is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.number] = node


def mutants(program: str, seed: int, most: int = 20, entry_point: str = "") -> tuple[Mutant, ...]:
    """Mutants of a program, drawn by the seed; every operator has its turn before one comes again.

    Args:
        program: Python source; one that does not parse has no mutants.
        most: How many at most.
        entry_point: Where given, only what this function needs is changed: a mistake in code that nobody calls says
            nothing about the tests.
    """
    tree = parse(program)
    if tree is None:
        return ()
    random = Random(f"mutants {seed} {program}")
    seen, found = {normalised(program)}, list[Mutant]()
    for operator, place, changed in _in_turn(_mistakes(tree, entry_point), random):
        if len(found) >= most:
            break
        text = _with(tree, place, changed)
        form = normalised(text) if text else ""
        if not form or form in seen or not _compiles(text):
            continue
        seen.add(form)
        found.append(Mutant(operator, getattr(place.node, "lineno", 0), text))
    return tuple(found)


Mistake = tuple[str, Place, ast.AST]


def _mistakes(tree: ast.Module, entry_point: str) -> dict[str, list[Mistake]]:
    """All mistakes that can be made, by operator."""
    found: dict[str, list[Mistake]] = {}
    for place in _places(tree, needed(tree, entry_point)):
        for name, change in OPERATORS.items():
            found.setdefault(name, []).extend((name, place, changed) for changed in change(place.node, place.parent))
    return {name: items for name, items in found.items() if items}


def _in_turn(groups: dict[str, list[Mistake]], random: Random) -> Iterator[Mistake]:
    """One of each operator, then a second one of each, and so on, each operator's own in random order."""
    queues = [random.sample(items, len(items)) for items in groups.values()]
    while queues:
        for queue in random.sample(queues, len(queues)):
            yield queue.pop()
        queues = [queue for queue in queues if queue]


def needed(tree: ast.Module, entry_point: str) -> list[ast.stmt]:
    """The statements of the top level that an entry point needs, itself and imports included; "" needs them all."""
    bodies = {item.name: item for item in tree.body if isinstance(item, DEFINITIONS)}
    if entry_point not in bodies:
        return list(tree.body)
    wanted, open_names = set[str](), [entry_point]
    while open_names:
        name = open_names.pop()
        if name not in wanted:
            wanted.add(name)
            open_names += [found for found in _names(bodies[name]) if found in bodies]
    used = {name for item in wanted for name in _read(bodies[item])}
    return [item for item in tree.body if _defines(item, wanted) or (not _defined(item) and used & set(_names(item)))]


def _read(node: ast.AST) -> set[str]:
    """The names that a definition reads from around it: a parameter hides a variable of that name."""
    inner = [item for item in ast.walk(node) if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store)]
    bound = {item.id for item in inner} | {item.arg for item in ast.walk(node) if isinstance(item, ast.arg)}
    return set(_names(node)) - bound


def _names(node: ast.AST) -> list[str]:
    return [item.id for item in ast.walk(node) if isinstance(item, ast.Name)]


def _defined(item: ast.stmt) -> bool:
    return isinstance(item, DEFINITIONS)


def _defines(item: ast.stmt, wanted: set[str]) -> bool:
    return isinstance(item, DEFINITIONS) and item.name in wanted


def _places(tree: ast.Module, body: Sequence[ast.stmt]) -> Iterator[Place]:
    """Every place of the statements where a mistake may be made: no annotation, decorator, docstring or import."""
    chosen = {id(item) for item in body}
    for number, item in enumerate(tree.body):
        if id(item) in chosen:
            yield from _below(Place(tree, "body", number, item))


def _below(place: Place) -> Iterator[Place]:
    node = place.node
    if isinstance(node, ast.Import | ast.ImportFrom | ast.JoinedStr) or _is_words(node):
        return
    yield place
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "type_comment"):
            continue
        for number, item in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(item, ast.AST):
                yield from _below(Place(node, field, number if isinstance(value, list) else None, item))


def _is_words(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _with(tree: ast.Module, place: Place, changed: ast.AST) -> str:
    """The program's text with another node in a place; the tree itself is as before afterwards."""
    place.put(changed)
    try:
        return ast.unparse(tree)
    except UNREADABLE:
        return ""
    finally:
        place.put(place.node)


def _compiles(text: str) -> bool:
    """Whether the compiler takes it: `break` outside a loop parses, but does not compile."""
    try:
        quietly(lambda: compile(text, "<mutant>", "exec", dont_inherit=True))
    except UNREADABLE:
        return False
    return True
