"""Variables as short texts, without running a line of the program.

Exact built-in types and a few containers of the standard library are shown; anything else by the name of its class,
because its `__repr__` is program code. Types are told apart by identity: comparing or hashing a class may run a
metaclass of the program. Every text, and the work for it, is bounded.
"""

import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from itertools import islice
from types import BuiltinFunctionType, FrameType, FunctionType, ModuleType
from typing import Any

NAMES = 40
SEEN = 200
NAME = 60
TEXT = 80
ITEMS = 8
DEPTH = 3
BITS = 256


def _namespace() -> type:
    return type(sys._getframe().f_locals)


NAMESPACES = frozenset(map(id, (dict, _namespace())))  # from Python 3.13 on a function's is a view
NO_VARIABLES = frozenset(map(id, (FunctionType, BuiltinFunctionType, ModuleType)))


def variables(frame: FrameType) -> dict[str, str]:
    """Name -> short text of a frame's variables, without functions, classes and modules."""
    names = frame.f_locals
    if id(type(names)) not in NAMESPACES:  # a mapping of the program's own, in the body of a class
        return {}
    found: dict[str, str] = {}
    for name, value in list(islice(names.items(), SEEN)):
        if type(name) is not str or name.startswith(("__", ".")) or len(found) == NAMES:
            continue
        if id(type(value)) not in NO_VARIABLES and not issubclass(type(value), type):
            found[name] = shown(value)
    return found


def shown(value: Any) -> str:
    """A short text of a value that runs no code of the program."""
    try:
        text = _shown(value, DEPTH)
    except Exception:  # another thread has changed it meanwhile
        return "<...>"
    return text if len(text) <= TEXT else text[: TEXT - 3] + "..."


_BRACKETS = {
    id(list): ("[", "]"),
    id(tuple): ("(", ")"),
    id(set): ("{", "}"),
    id(frozenset): ("frozenset({", "})"),
    id(deque): ("deque([", "])"),
}
_PAIRED = {
    id(dict): ("{", "}"),
    id(Counter): ("Counter({", "})"),
    id(defaultdict): ("defaultdict({", "})"),
    id(OrderedDict): ("OrderedDict({", "})"),
}
_EXACT = frozenset(map(id, (type(None), bool, float, complex, range, type(...))))


def _shown(value: Any, depth: int) -> str:
    kind = type(value)
    if kind is int:
        bits = value.bit_length()
        return repr(value) if bits <= BITS else f"<int of {bits} bits>"
    if kind is str or kind is bytes:
        return repr(value) if len(value) <= TEXT else repr(value[:TEXT]) + "..."
    if id(kind) in _EXACT:
        return repr(value)
    if id(kind) in _BRACKETS:
        return _items(kind, value, depth)
    if id(kind) in _PAIRED:
        left, right = _PAIRED[id(kind)]
        return left + _limited(dict.items(value), depth, lambda pair: _pair(pair, depth - 1)) + right
    return f"<{class_name(kind)}>"


def _pair(pair: tuple[Any, Any], depth: int) -> str:
    return f"{_shown(pair[0], depth)}: {_shown(pair[1], depth)}"


def _items(kind: type, value: Any, depth: int) -> str:
    if not value and (kind is set or kind is frozenset):
        return repr(value)
    left, right = _BRACKETS[id(kind)]
    comma = "," if kind is tuple and len(value) == 1 else ""
    return left + _limited(value, depth, lambda item: _shown(item, depth - 1)) + comma + right


def _limited(items: Iterable[Any], depth: int, text: Callable[[Any], str]) -> str:
    first = list(islice(items, ITEMS + 1))
    if depth == 0:
        return "..." if first else ""
    texts = [text(item) for item in first[:ITEMS]]
    return ", ".join([*texts, "..."] if len(first) > ITEMS else texts)


_named: Any = type.__dict__["__name__"].__get__  # past any metaclass


def class_name(kind: type) -> str:
    """The name of a class, even where the program has put something else in its place."""
    name: str = str.__getitem__(_named(kind), slice(NAME))
    return name
