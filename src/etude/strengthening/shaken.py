"""A program whose sets come in another order.

The order of a set of texts hangs on a hash seed, which the sandbox fixes. A reference that lets this order through into
its answer says something else on another machine, and no test may rest on it. Here every set that the program writes
down, comprehends or makes with `set` gives its items backwards; answers are turned back into plain sets.
"""

import ast

from etude.programs.parse import UNREADABLE, parse

SEED = 8_191
PLACE = "_shaken_sets"
PRELUDE = f'''
import random as _shaken_random
_shaken_random.seed({SEED})
class {PLACE}(set):
    """A set that gives its items backwards."""
    _wrapped = ("__or__", "__and__", "__sub__", "__xor__", "__ror__", "__rand__", "__rsub__", "__rxor__", "union",
                "intersection", "difference", "symmetric_difference", "copy")
    def __iter__(self, _set=set, _list=list, _iter=iter):
        return _iter(_list(_set.__iter__(self))[::-1])
    def pop(self, _next=next, _iter=iter):
        try:
            item = _next(_iter(self))
        except StopIteration:
            raise KeyError("pop from an empty set")
        self.discard(item)
        return item
def _shaken_wrap(name, kind={PLACE}, plain=set):
    whole = getattr(plain, name)
    def wrapped(self, *others):
        found = whole(self, *others)
        return found if found is NotImplemented else kind(found)
    setattr(kind, name, wrapped)
for _shaken_name in {PLACE}._wrapped:
    _shaken_wrap(_shaken_name)
set = {PLACE}
'''
EPILOGUE = """
def _shaken_plain(value, kind={place}, plain={place}.__mro__[1], again=None):
    again = _shaken_plain
    if type(value) is kind:
        return plain.union(plain(), (again(item) for item in value))
    if type(value) in (list, tuple):
        return type(value)([again(item) for item in value])
    if type(value) is dict:
        return dict((again(key), again(item)) for key, item in value.items())
    return value
def _shaken_outside(function, plainly=_shaken_plain):
    return lambda *given, **named: plainly(function(*given, **named))
{name} = _shaken_outside({name})
"""


def shaken(program: str, entry_point: str) -> tuple[str, str]:
    """The program with its sets backwards and another random seed, and the source that is to run after it.

    A program that cannot be read, or begins with `from __future__`, comes back as it is.
    """
    tree = parse(program)
    if tree is None or not entry_point.isidentifier() or "from __future__" in program:
        return program, ""
    try:
        text = ast.unparse(ast.fix_missing_locations(_Backwards().visit(tree)))
    except UNREADABLE:
        return program, ""
    return f"{PRELUDE}\n{text}\n", EPILOGUE.format(place=PLACE, name=entry_point)


class _Backwards(ast.NodeTransformer):
    """Writes `{a, b}` and `{x for x in y}` as calls of the other set."""

    def visit_Set(self, node: ast.Set) -> ast.AST:
        self.generic_visit(node)
        return _made(ast.List(elts=node.elts, ctx=ast.Load()))

    def visit_SetComp(self, node: ast.SetComp) -> ast.AST:
        self.generic_visit(node)
        return _made(ast.ListComp(elt=node.elt, generators=node.generators))


def _made(items: ast.expr) -> ast.Call:
    return ast.Call(func=ast.Name(id=PLACE, ctx=ast.Load()), args=[items], keywords=[])
