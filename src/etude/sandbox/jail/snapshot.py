"""A program's variables as comparable data, for `endless`: between equal snapshots no code can tell the difference.

Only a closed world is known: plain values, containers of them and who shares them with whom, the program's own
functions, classes and objects, and built-in functions whose result depends on their arguments alone. Whatever else is
found (iterators, files, clocks, other libraries' objects) is unknown, and with it unread only can anything be proved.
"""

import bisect
import builtins
import collections
import heapq
import itertools
import math
import operator
from collections.abc import Hashable, Iterable
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, Final

ITEMS = 4_000
"""Most values in one snapshot; one that is larger is unknown."""
DEEP = 40
HEAP_TYPE = 1 << 9
"""Set in a type's flags where a program has made it."""
UNKNOWN: Final = ("unknown",)
ABSENT: Final = ("absent",)
ATOMS = frozenset((int, bool, str, bytes, range, type(None), type(Ellipsis), type(NotImplemented), CodeType))
CONTAINERS = frozenset((list, tuple, dict, collections.deque, bytearray))
SETS = frozenset((set, frozenset))
OBJECTS = "objects"
"""In `Snapshot.holds` where a program's own objects or classes are: their addresses differ from round to round."""
PURE_NAMES = (
    *("abs", "all", "any", "bin", "callable", "chr", "divmod", "format", "hex", "isinstance", "issubclass", "iter"),
    *("len", "max", "min", "next", "oct", "ord", "pow", "repr", "round", "sorted", "sum", "ascii"),
)
TYPE_NAMES = (
    *("bool", "bytearray", "bytes", "complex", "dict", "enumerate", "filter", "float", "frozenset", "int", "list"),
    *("map", "range", "reversed", "set", "slice", "str", "tuple", "type", "zip", "property", "staticmethod"),
    "classmethod",
)
MODULES = (math, heapq, bisect, operator)

Part = Any
"""Nested tuples of plain values, functions, classes and modules: comparing them runs none of the program's code."""


class _UnknownError(Exception):
    """A value is outside the closed world."""


def known_world() -> frozenset[int]:
    """The identities of the built-in functions and types that depend on their arguments alone."""
    functions = [getattr(builtins, name) for name in (*PURE_NAMES, *TYPE_NAMES)]
    functions += [value for value in vars(builtins).values() if _is_exception(value)]
    functions += [value for module in MODULES for value in vars(module).values() if type(value) is BuiltinFunctionType]
    functions += [collections.deque, *(value for value in vars(itertools).values() if type(value) is type)]
    return frozenset(map(id, functions))


def _is_exception(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, BaseException)


class Snapshot:
    """The variables of one moment.

    Attributes:
        parts: Key -> comparable data, `UNKNOWN`, or `ABSENT`.
        holds: Which of the types in `SETS`, and `OBJECTS`, are among them.
        items: How many values were looked at.
    """

    def __init__(self, world: frozenset[int], attributes: Iterable[str]) -> None:
        """Makes an empty one.

        Args:
            world: From `known_world`.
            attributes: Names that the program's code reads; of a module no others matter.
        """
        self.parts: dict[Hashable, Part] = {}
        self.holds: set[Any] = set()
        self.items = 0
        self._world = world
        self._attributes = sorted(attributes)
        self._numbers: dict[int, int] = {}

    def add(self, key: Hashable, spaces: Iterable[dict[str, Any]], name: str) -> None:
        """Adds a variable: the first of that name in the name spaces."""
        for space in spaces:
            if name in space:
                try:
                    self.parts[key] = self._part(space[name], 0)
                except (_UnknownError, RecursionError):
                    self.parts[key] = UNKNOWN
                return
        self.parts[key] = ABSENT

    def _part(self, value: Any, deep: int) -> Part:
        self.items += 1
        if self.items > ITEMS or deep > DEEP:
            raise _UnknownError
        kind = type(value)
        if kind in ATOMS:
            return kind, value
        if kind is float:
            return _float(value)
        if kind is BuiltinFunctionType:
            return self._builtin(value, deep)
        if id(value) in self._world:
            return "builtin", value
        if id(value) in self._numbers:
            return "seen", self._numbers[id(value)]
        number = self._numbers[id(value)] = len(self._numbers)
        return (number, *self._contents(value, kind, deep + 1))

    def _contents(self, value: Any, kind: type, deep: int) -> tuple[Part, ...]:
        if kind in CONTAINERS:
            return kind, *self._container(value, kind, deep)
        if kind in SETS:
            self.holds.add(kind)
            return kind, value, *[self._atom(item) for item in value]
        if kind is FunctionType:
            return value, *self._function(value, deep)
        if kind is MethodType:
            return kind, self._part(value.__func__, deep), self._part(value.__self__, deep)
        if kind is ModuleType:
            held = vars(value)
            return value, *[self._part(held[name], deep) for name in self._attributes if name in held]
        self.holds.add(OBJECTS)
        if kind is type:
            return value, *self._class(value, deep)
        return self._object(value, kind, deep)

    def _container(self, value: Any, kind: type, deep: int) -> list[Part]:
        if kind is bytearray:
            return [bytes(value)]
        if kind is dict:
            return [part for key, item in value.items() for part in (self._atom(key), self._part(item, deep))]
        bound = [value.maxlen] if kind is collections.deque else []
        return [*bound, *[self._part(item, deep) for item in value]]

    def _atom(self, value: Any) -> Part:
        self.items += 1
        if self.items > ITEMS:
            raise _UnknownError
        if type(value) is tuple:
            return tuple, *map(self._atom, value)
        if type(value) is float:
            return _float(value)
        if type(value) not in ATOMS:
            raise _UnknownError
        return type(value), value

    def _builtin(self, value: Any, deep: int) -> Part:
        """A known function, or a method of a container."""
        if id(value) in self._world:
            return "builtin", value
        if type(value.__self__) not in CONTAINERS:
            raise _UnknownError
        return "bound", value.__name__, self._part(value.__self__, deep + 1)

    def _function(self, value: FunctionType, deep: int) -> list[Part]:
        held = [value.__code__, value.__defaults__, value.__kwdefaults__, vars(value)]
        cells = [cell.cell_contents for cell in value.__closure__ or () if _is_filled(cell)]
        return [len(cells), *[self._part(item, deep) for item in (*held, *cells)]]

    def _class(self, value: type, deep: int) -> list[Part]:
        """What a program's class holds. Its double underscored data are skipped: no code in a proof reads them."""
        if "__slots__" in vars(value) or "__del__" in vars(value) or not value.__flags__ & HEAP_TYPE:
            raise _UnknownError
        bases = [self._part(base, deep) for base in value.__bases__ if base is not object]
        held = []
        for name, item in vars(value).items():
            wrapped = getattr(item, "__func__", item) if type(item) in (staticmethod, classmethod) else item
            parts = (item.fget, item.fset, item.fdel) if type(item) is property else (wrapped,)
            if not (name.startswith("__") and type(wrapped) is not FunctionType):
                held += [name, type(item), *[self._part(part, deep) for part in parts]]
        return [*bases, *held]

    def _object(self, value: Any, kind: type, deep: int) -> tuple[Part, ...]:
        if type(kind) is not type or type(getattr(value, "__dict__", None)) is not dict:
            raise _UnknownError
        if not all(base.__flags__ & HEAP_TYPE for base in kind.__mro__[:-1]):
            raise _UnknownError  # a list, say, with a program's methods: its contents are not all in __dict__
        of = self._part(kind, deep)
        return of, *[part for name, item in vars(value).items() for part in (name, self._part(item, deep))]


def _float(value: float) -> Part:
    if value != value:  # two of them can be told apart by who they are only
        raise _UnknownError
    return float, value.hex()


def _is_filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - asking is the test
    except ValueError:
        return False
    return True
