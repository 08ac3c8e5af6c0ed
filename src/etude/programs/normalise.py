"""The form in which equal programs are equal: one text for all programs that differ only in looks.

Comments, docstrings, layout and the names of local variables do not matter; everything that can change what a
program does is kept: functions called, attributes, keywords, constants, the entry point. Programs that are equal here
behave alike; programs that behave alike may well differ here.
"""

import ast
from collections.abc import Iterable
from typing import Any

from etude.programs.parse import UNREADABLE, parse

WATCHERS = frozenset({"locals", "vars", "eval", "exec", "dir", "globals"})
"""Built-in functions that can see the name of a variable; where one is named, no variable is renamed."""


def unadorned(program: str) -> str:
    """The program without comments and layout, which does the same to the letter; text that is no program as it is."""
    tree = parse(program)
    try:
        return program if tree is None else ast.unparse(tree)
    except UNREADABLE:
        return program


def normalised(program: str) -> str:
    """The normal form of a program.

    Args:
        program: Any text. What does not parse, is longer than `parse.LARGEST` or is nested too deep has itself,
            stripped, as its normal form.
    """
    tree = parse(program)
    if tree is None:
        return program.strip()
    try:
        bare = _Bare().visit(tree)
        seen = any(isinstance(node, ast.Name) and node.id in WATCHERS for node in ast.walk(bare))
        return ast.unparse(bare if seen else _Renamed().visit(bare))
    except UNREADABLE:
        return program.strip()


class _Bare(ast.NodeTransformer):
    """Takes out the strings that stand as statements: docstrings, and comments written as strings."""

    def visit(self, node: ast.AST) -> ast.AST:
        self.generic_visit(node)
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list):
                kept = [item for item in block if not _is_words(item)]
                setattr(node, name, kept or ([ast.Pass()] if block and not isinstance(node, ast.Module) else []))
        return node


def _is_words(node: ast.AST) -> bool:
    words = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    return words


class _Bindings(ast.NodeVisitor):
    """What one scope binds: `renamed` may get another name, `kept` may not, `outer` belongs to a scope around it."""

    def __init__(self) -> None:
        self.renamed: dict[str, None] = {}
        self.kept: set[str] = set()
        self.outer: set[str] = set()

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.renamed[node.id] = None

    def visit_arg(self, node: ast.arg) -> None:
        self.renamed[node.arg] = None

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        self.kept.add(node.name)

    visit_AsyncFunctionDef = visit_FunctionDef
    visit_ClassDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """A scope of its own."""

    def visit_ListComp(self, node: ast.AST) -> None:
        for item in ast.walk(node):  # a scope of its own, but `:=` in it binds here
            if isinstance(item, ast.NamedExpr):
                self.visit(item.target)

    visit_SetComp = visit_ListComp
    visit_DictComp = visit_ListComp
    visit_GeneratorExp = visit_ListComp

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        self.kept.update((item.asname or item.name).split(".")[0] for item in node.names)

    visit_ImportFrom = visit_Import

    def visit_Global(self, node: ast.Global) -> None:
        self.kept.update(node.names)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        self.outer.update(node.names)

    def generic_visit(self, node: ast.AST) -> None:
        name = getattr(node, _NAMED.get(type(node), ""), None)
        if name:
            self.renamed[name] = None
        super().generic_visit(node)


_NAMED: dict[type[ast.AST], str] = {
    ast.ExceptHandler: "name",
    ast.MatchAs: "name",
    ast.MatchStar: "name",
    ast.MatchMapping: "rest",
}
"""Nodes that bind a name written as plain text, and the field it stands in."""


class _Renamed(ast.NodeTransformer):
    """Gives the local variables of every function new names, numbered in the order they are bound.

    The new names start with `$`, which no program can contain, so none is ever taken for a name that was kept.
    """

    def __init__(self) -> None:
        self.scopes: list[tuple[str, dict[str, str]]] = []  # (function or class, old name -> new name), inner last
        self.count = 0

    def look_up(self, name: str) -> str:
        for depth, (kind, names) in enumerate(reversed(self.scopes)):
            if name in names and not (kind == "class" and depth):  # methods do not see the names of their class
                return names[name]
        return name

    def enter(self, kind: str, nodes: Iterable[ast.AST]) -> None:
        found = _Bindings()
        for node in nodes:
            found.visit(node)
        names = {name: name for name in found.kept}
        for name in found.renamed:
            if name not in found.outer and name not in names:
                names[name] = name if kind == "class" else f"${self.count}"
                self.count += kind != "class"
        self.scopes.append((kind, names))

    def outside(self, nodes: Iterable[Any]) -> None:
        for node in nodes:
            if node is not None:
                self.visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        self.outside([*node.decorator_list, node.returns])
        self.signature(node.args)
        self.enter("function", [*_parameters(node.args), *node.body])
        self.inside(node.args, node.body)
        return node

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self.signature(node.args)
        self.enter("function", [*_parameters(node.args), node.body])
        self.inside(node.args, [node.body])
        return node

    def signature(self, args: ast.arguments) -> None:
        """Defaults and annotations belong to the scope around the function."""
        self.outside([*args.defaults, *args.kw_defaults, *(item.annotation for item in _parameters(args))])

    def inside(self, args: ast.arguments, body: Iterable[ast.AST]) -> None:
        for item in _parameters(args):
            item.arg = self.look_up(item.arg)
        self.outside(body)
        self.scopes.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self.outside([*node.decorator_list, *node.bases, *node.keywords])
        self.enter("class", node.body)
        self.outside(node.body)
        self.scopes.pop()
        return node

    def visit_ListComp(self, node: Any) -> ast.AST:
        first, *rest = node.generators
        self.visit(first.iter)  # evaluated in the scope around the comprehension
        self.enter("function", [item.target for item in node.generators])
        results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self.outside([first.target, *first.ifs, *rest, *results])
        self.scopes.pop()
        return node  # type: ignore[no-any-return]

    visit_SetComp = visit_ListComp
    visit_DictComp = visit_ListComp
    visit_GeneratorExp = visit_ListComp

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self.look_up(node.id)
        return node

    def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.AST:
        node.names = [self.look_up(name) for name in node.names]
        return node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        field = _NAMED.get(type(node), "")
        if name := getattr(node, field, None):
            setattr(node, field, self.look_up(name))
        return super().generic_visit(node)


def _parameters(args: ast.arguments) -> list[ast.arg]:
    plain = [*args.posonlyargs, *args.args, *args.kwonlyargs]
    return [*plain, *(item for item in (args.vararg, args.kwarg) if item)]
