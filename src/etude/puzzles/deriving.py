"""An expression read as a derivation of the grammar: which rule made it, and which made its parts.

It is the reverse of enumeration, for learning from expressions that solved puzzles. It reads text only.
"""

import ast
from dataclasses import dataclass
from typing import Any

from etude.programs.parse import parse
from etude.puzzles.grammar import Grammar, Part, Rule

LONGEST = 400  # characters of an expression that are read; the grammar is for short ones
HIDDEN = ("ctx", "kind", "type_comment", "is_async")


@dataclass(frozen=True, slots=True)
class Derivation:
    """A rule and what fills its holes, in order."""

    rule: Rule
    parts: tuple["Derivation", ...] = ()

    @property
    def source(self) -> str:
        """The expression, with more parentheses than it needs."""
        return self.rule.fill([part.source for part in self.parts])


def derive(expression: str, grammar: Grammar) -> Derivation | None:
    """The first derivation of an expression as a whole answer, or None where the grammar has none.

    The loop variable may have any name.
    """
    tree = parse(expression.strip()) if len(expression) <= LONGEST else None
    if tree is None or len(tree.body) != 1 or not isinstance(tree.body[0], ast.Expr):
        return None
    return _derive(tree.body[0].value, grammar.root, grammar)


def answer_of(program: str) -> str:
    """The expression that a program's `sol` returns, where that is all it does; else ""."""
    tree = parse(program)
    found = [node for node in (tree.body if tree else []) if isinstance(node, ast.FunctionDef) and node.name == "sol"]
    body = found[-1].body if found else []
    if len(body) == 1 and isinstance(body[0], ast.Return) and body[0].value is not None:
        return ast.unparse(body[0].value)
    return ""


def _derive(node: ast.expr, hole: Part, grammar: Grammar) -> Derivation | None:
    for rule in grammar.rules(hole):
        found: dict[str, Any] = {}
        if _matches(rule.pattern, node, found, grammar.variable if rule.binds else ""):
            parts = _parts(rule, found, hole, grammar)
            if parts is not None:
                return Derivation(rule, parts)
    return None


def _parts(rule: Rule, found: dict[str, Any], hole: Part, grammar: Grammar) -> tuple[Derivation, ...] | None:
    own_name = found.get("variable", grammar.variable)
    made: list[Derivation] = []
    for number, part in enumerate(grammar.holes(rule, hole)):
        node = found[f"_{number}"]
        if rule.binds and own_name != grammar.variable and rule.parts[number].variable:
            if grammar.variable in _names(node):
                return None
            node = _Renamed(own_name, grammar.variable).visit(node)
        derivation = _derive(node, part, grammar)
        if derivation is None:
            return None
        made.append(derivation)
    return tuple(made)


def _matches(pattern: Any, node: Any, found: dict[str, Any], variable: str) -> bool:
    """Whether a tree has the form of a pattern; its holes and the name of its loop variable are put into `found`."""
    if isinstance(pattern, ast.Name):
        if pattern.id.startswith("_") and pattern.id[1:].isdigit():
            found[pattern.id] = node
            return isinstance(node, ast.expr)
        if variable and pattern.id == variable:
            return isinstance(node, ast.Name) and found.setdefault("variable", node.id) == node.id
    if isinstance(pattern, ast.AST):
        names = [name for name in pattern._fields if name not in HIDDEN]
        return type(pattern) is type(node) and all(
            _matches(getattr(pattern, name, None), getattr(node, name, None), found, variable) for name in names
        )
    if isinstance(pattern, list):
        same = isinstance(node, list) and len(pattern) == len(node)
        return same and all(_matches(*pair, found, variable) for pair in zip(pattern, node, strict=True))
    return type(pattern) is type(node) and bool(pattern == node)


def _names(node: ast.expr) -> set[str]:
    return {item.id for item in ast.walk(node) if isinstance(item, ast.Name)}


class _Renamed(ast.NodeTransformer):
    """Gives one variable another name, in a copy."""

    def __init__(self, old: str, new: str) -> None:
        self._old, self._new = old, new

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.Name):
            return ast.Name(id=self._new, ctx=node.ctx) if node.id == self._old else node
        changed = {name: self._field(value) for name, value in ast.iter_fields(node)}
        return type(node)(**changed)

    def _field(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._field(item) for item in value]
        return self.visit(value) if isinstance(value, ast.AST) else value
