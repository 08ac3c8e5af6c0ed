"""A program's variables as plain comparable data, for `endless`: equal data means that a program cannot tell them apart.

Lists and dictionaries are compared by what is in them and by who shares them with whom; objects, functions and sets
are compared by identity and contents. What is not known for certain to be all there is to see of a value is unknown.
The data keep what they name alive, so that an identity means the same object as before.
"""

import bisect
import builtins
import collections
import heapq
import itertools
import math
from collections.abc import Callable, Hashable
from types import BuiltinFunctionType, CodeType, FunctionType, GetSetDescriptorType, MethodType, ModuleType
from typing import Any

ITEMS = 20_000
"""Most values in one state."""
DEEP = 60
ATOMS = frozenset((int, bool, str, bytes, type(None), type(Ellipsis), type(NotImplemented), CodeType))
PURE_NAMES = (
    "abs all any bin bool bytearray bytes callable chr complex dict divmod enumerate filter float format frozenset "
    "hex int isinstance issubclass iter len list map max min next oct ord pow range repr reversed round set slice "
    "sorted str sum super tuple type zip ascii property staticmethod classmethod"
).split()
"""Builtins whose result depends on the state of their arguments alone. No id, hash, input, print, open, getattr."""
MODULES = (math, heapq, bisect, itertools)
HEAP = 1 << 9
SKIPPED = frozenset(("__module__", "__doc__", "__qualname__", "__annotations__"))
Part = Hashable

_PURE: dict[int, Any] = {}
_CONTENTS: dict[int, tuple[ModuleType, dict[str, Any]]] = {}


class UnknownError(Exception):
    """A value of which more may be seen than could be compared."""


class TooLargeError(Exception):
    """More than is worth looking at."""


def remember() -> None:
    """Notes what is pure, before any program can put something else in its place."""
    for name in PURE_NAMES:
        _PURE[id(getattr(builtins, name))] = getattr(builtins, name)
    for value in vars(builtins).values():
        if isinstance(value, type) and issubclass(value, Exception):
            _PURE[id(value)] = value
    for module in MODULES:
        _CONTENTS[id(module)] = (module, dict(vars(module)))
        for value in vars(module).values():
            if type(value) is BuiltinFunctionType or (type(value) is type and module is itertools):
                _PURE[id(value)] = value
    for kind in (collections.deque, collections.defaultdict):
        _PURE[id(kind)] = kind


def is_pure(value: Any) -> bool:
    """Whether this is a builtin that only computes."""
    return id(value) in _PURE


class State:
    """Variables at one moment.

    Attributes:
        parts: Key -> comparable data.
        unknown: Keys of variables that may not be read in a proof.
        sets: Whether a set is among the data; `classes`: whether a class is there to be called.
    """

    def __init__(self) -> None:
        self.parts: dict[Any, Part] = {}
        self.unknown: set[Any] = set()
        self.sets = self.classes = False
        self._left = ITEMS
        self._numbers: dict[int, int] = {}
        self._kept: list[Any] = []

    def add(self, key: Any, space: dict[str, Any], builtin: dict[str, Any]) -> None:
        """Adds the variable of that name (the key, or its second half), which may be absent."""
        name = key if type(key) is str else key[1]
        before = len(self._numbers)
        try:
            if name in space:
                self.parts[key] = self._data(space[name], 0)
            else:
                self.parts[key] = self._data(builtin[name], 0) if name in builtin else ("absent",)
        except UnknownError:
            for number in list(self._numbers)[before:]:
                del self._numbers[number]  # half described: nothing later may refer to it
            self.unknown.add(key)
            self.parts[key] = ("unknown",)

    def _data(self, value: Any, deep: int) -> Part:
        kind = type(value)
        self._left -= 1
        if self._left < 0:
            raise TooLargeError
        if kind in ATOMS:
            return self._atom(kind, value)
        if deep > DEEP:
            raise UnknownError
        if kind is float:
            return _float(value)
        if kind is tuple:
            return "tuple", self._items(value, deep)
        if id(value) in self._numbers:
            return "again", self._numbers[id(value)]
        self._numbers[id(value)] = len(self._numbers)
        self._kept.append(value)
        describe = KINDS.get(kind, State._other)
        return describe(self, value, deep + 1)

    def _atom(self, kind: type, value: Any) -> Part:
        if kind is CodeType:
            return "code", id(value)
        if kind is int and value.bit_length() > 64:
            self._left -= value.bit_length() >> 10
        elif kind in (str, bytes):
            self._left -= len(value) >> 7
        return kind, value

    def _items(self, values: Any, deep: int) -> Part:
        """Many atoms of one kind are compared at once."""
        kinds = set(map(type, values))
        if len(kinds) == 1 and (kind := kinds.pop()) in (int, str, bool):
            self._left -= len(values) >> 3
            return kind, tuple(values)
        return tuple([self._data(value, deep + 1) for value in values])

    def _list(self, value: Any, deep: int) -> Part:
        return type(value), self._items(value, deep)

    def _deque(self, value: Any, deep: int) -> Part:
        return type(value), value.maxlen, self._items(value, deep)

    def _dict(self, value: Any, deep: int) -> Part:
        return type(value), self._items(value.keys(), deep), self._items(value.values(), deep)

    def _default(self, value: Any, deep: int) -> Part:
        return self._data(value.default_factory, deep), self._dict(value, deep)

    def _set(self, value: Any, deep: int) -> Part:
        """By identity: equal sets may give their items in different orders. None is taken out of it in a proof."""
        self.sets = True
        return type(value), id(value), len(value), self._items(value, deep)

    def _range(self, value: Any, deep: int) -> Part:
        return range, value.start, value.stop, value.step

    def _bytes(self, value: Any, deep: int) -> Part:
        self._left -= len(value) >> 7
        return bytearray, bytes(value)

    def _function(self, value: Any, deep: int) -> Part:
        cells = value.__closure__ or ()
        self._kept.append(cells)
        closed = [(id(cell), self._cell(cell, deep)) for cell in cells]
        rest = (value.__defaults__, value.__kwdefaults__, value.__dict__ or None)
        return "function", id(value), id(value.__code__), tuple(closed), *[self._data(each, deep) for each in rest]

    def _cell(self, cell: Any, deep: int) -> Part:
        try:
            value = cell.cell_contents
        except ValueError:
            return "empty"
        return self._data(value, deep)

    def _builtin(self, value: Any, deep: int) -> Part:
        """A builtin function, or the method of a list or the like."""
        if id(value) in _PURE:
            return "pure", id(value)
        if type(value.__self__) in (list, dict, str, collections.deque):
            return "method", value.__name__, self._data(value.__self__, deep)
        raise UnknownError

    def _method(self, value: Any, deep: int) -> Part:
        return "method", self._data(value.__func__, deep), self._data(value.__self__, deep)

    def _module(self, value: Any, deep: int) -> Part:
        module, contents = _CONTENTS.get(id(value), (None, {}))
        if module is None or vars(module) != contents:
            raise UnknownError
        return "module", id(value)

    def _wrapper(self, value: Any, deep: int) -> Part:
        if type(value) is property:
            parts = [value.fget, value.fset, value.fdel]
        else:
            parts = [value.__func__]
        return type(value), id(value), *[self._data(part, deep) for part in parts]

    def _class(self, value: Any, deep: int) -> Part:
        if id(value) in _PURE:
            return "pure", id(value)
        if value is object:
            return ("object",)
        self.classes = self.classes or deep >= 0
        return self._body(value, deep)

    def _body(self, value: Any, deep: int) -> Part:
        """A class of the program's own, and those it is derived from; without what a class always has."""
        if not value.__flags__ & HEAP:
            raise UnknownError
        parts: list[Part] = []
        for name, item in vars(value).items():
            if name in SKIPPED or (name in ("__dict__", "__weakref__") and type(item) is GetSetDescriptorType):
                continue
            parts.append((name, self._data(item, deep)))
        return id(value), tuple(parts), tuple([self._base(base, deep) for base in value.__bases__])

    def _base(self, value: Any, deep: int) -> Part:
        if value is object or id(value) in _PURE and issubclass(value, Exception):
            return id(value)
        if type(value) is not type:
            raise UnknownError
        return self._shared(value, deep)

    def _shared(self, value: Any, deep: int) -> Part:
        """A class that is there but not to be called by this name."""
        if id(value) in self._numbers:
            return "again", self._numbers[id(value)]
        self._numbers[id(value)] = len(self._numbers)
        return self._body(value, deep)

    def _other(self, value: Any, deep: int) -> Part:
        """An object of one of the program's own classes, with nothing of a builtin kind in it."""
        kind = type(value)
        if type(kind) is not type or not kind.__flags__ & HEAP:
            raise UnknownError
        if any(base is not object and not base.__flags__ & HEAP for base in kind.__mro__):
            raise UnknownError
        shape = self._shared(kind, deep)
        space = object.__getattribute__(value, "__dict__")
        if type(space) is not dict:
            raise UnknownError
        return "object", id(value), shape, self._dict(space, deep)


def _float(value: float) -> Part:
    if value != value:
        raise UnknownError  # it is not even equal to itself
    return float, value, math.copysign(1.0, value)


KINDS: dict[type, Callable[[State, Any, int], Part]] = {
    list: State._list,
    dict: State._dict,
    set: State._set,
    frozenset: State._set,
    range: State._range,
    bytearray: State._bytes,
    collections.deque: State._deque,
    collections.defaultdict: State._default,
    FunctionType: State._function,
    BuiltinFunctionType: State._builtin,
    MethodType: State._method,
    ModuleType: State._module,
    type: State._class,
    property: State._wrapper,
    staticmethod: State._wrapper,
    classmethod: State._wrapper,
}
