"""The same program in other words: names, order of statements, operators and layout changed, behaviour kept."""

import ast
import re

from etude.programs.normalise import normalised

TURNED = {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE, ast.Eq: ast.Eq, ast.NotEq: ast.NotEq}
STYLES = ("renamed", "reordered", "wrapped", "defaulted")


def reworded(program, entry_point, style):
    """A program that does the same, with another name for `entry_point` and for every local variable."""
    tree = ast.parse(re.sub(r"\$(\d+)", r"item_\1", normalised(program)))
    tree = _Named(entry_point, "other_words").visit(tree)
    if style != "renamed":
        tree = _Turned().visit(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                node.body = _swapped(node.body)
    text = ast.unparse(ast.fix_missing_locations(tree))
    if style == "wrapped":
        inner = "\n".join(f"    {line}" for line in text.splitlines())
        return f"def outermost(*given):\n{inner}\n    return other_words(*given)\n"
    if style == "defaulted":
        return f"{text}\n\n\ndef with_more(*given, verbose=False):\n    return other_words(*given)\n"
    return text


class _Named(ast.NodeTransformer):
    def __init__(self, old, new):
        self.old, self.new = old, new

    def visit_Name(self, node):
        node.id = self.new if node.id == self.old else node.id
        return node

    def visit_FunctionDef(self, node):
        self.generic_visit(node)
        node.name = self.new if node.name == self.old else node.name
        return node


class _Turned(ast.NodeTransformer):
    """Comparisons the other way round, branches exchanged, `x += 1` written out."""

    def visit_Compare(self, node):
        self.generic_visit(node)
        if len(node.ops) == 1 and type(node.ops[0]) in TURNED and _calm(node):
            return ast.Compare(node.comparators[0], [TURNED[type(node.ops[0])]()], [node.left])
        return node

    def visit_If(self, node):
        self.generic_visit(node)
        if node.orelse and not isinstance(node.orelse[0], ast.If):
            return ast.If(ast.UnaryOp(ast.Not(), node.test), node.orelse, node.body)
        return node

    def visit_AugAssign(self, node):
        self.generic_visit(node)
        number = isinstance(node.value, ast.Constant) and isinstance(node.value.value, int | float)
        if not (isinstance(node.target, ast.Name) and number):
            return node
        return ast.Assign([node.target], ast.BinOp(ast.Name(node.target.id, ast.Load()), node.op, node.value))


def _swapped(body):
    """Neighbours that name different variables, exchanged."""
    body, at = list(body), 0
    while at + 1 < len(body):
        one, other = body[at], body[at + 1]
        if _plain(one) and _plain(other) and not _names(one) & _names(other):
            body[at], body[at + 1] = other, one
            at += 1
        at += 1
    return body


def _plain(statement):
    return isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name) and _calm(statement.value)


def _calm(node):
    return not any(isinstance(item, ast.Call | ast.Await | ast.Yield | ast.NamedExpr) for item in ast.walk(node))


def _names(node):
    return {item.id for item in ast.walk(node) if isinstance(item, ast.Name)}
