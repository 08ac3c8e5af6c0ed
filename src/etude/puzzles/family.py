"""The base class of puzzle families: one checker, an example, and ways to make more instances.

    class Halves(Family):
        @staticmethod
        def sat(answer: int, total=10):
            '''Find half of the total.'''
            return 2 * answer == total

        @staticmethod
        def sol(total):
            return total // 2

        def gen_random(self, random):
            self.add({"total": 2 * random.randint(1, 10**6)})

The interface follows that of P3 (Schuster et al. 2021). A family is read as source: its checker and solutions are run
by nobody but the sandbox (`etude.puzzles.proving`). The same family gives the same instances on every machine.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from etude.errors import InputError
from etude.puzzles.instance import Instance
from etude.puzzles.reading import Checker, checked, checker_source, read_checker, read_solution, solution_header
from etude.records import Json

TRIES = 100  # draws per instance that is still missing: a family may have fewer instances than are asked for


@dataclass(frozen=True, slots=True)
class _Added:
    inputs: Mapping[str, Json]
    test: bool
    multiplier: float


class Family:
    """One family of puzzles; write `sat`, and any of `sol…`, `gen` and `gen_random`.

    `sat` is a static method: the answer first, annotated and without a default, then the inputs, whose defaults are the
    example. Static methods whose names begin with `sol` take the same inputs without defaults and return an answer.

    Attributes:
        notes: Where the idea comes from, or how hard it is.
        weight: Times one second: how long a solution may take.
    """

    notes: ClassVar[str] = ""
    weight: ClassVar[float] = 1.0

    def __init__(self) -> None:
        name = type(self).__name__
        sat: Any = getattr(type(self), "sat", None)
        if sat is None:
            raise InputError(f"the puzzle family {name} has no sat", expected="a static method sat(answer, inputs=...)")
        self._checker: Checker = read_checker(name, sat)
        self._added: dict[str, _Added] = {}

    @property
    def example(self) -> dict[str, Json]:
        """The inputs that `sat` has as defaults."""
        return dict(self._checker.example)

    def gen(self, target: int) -> None:
        """Adds instances by rule, `target` at most; more are not kept."""

    def gen_random(self, random: random.Random) -> None:
        """Adds one instance, or none where the draw makes no good one."""

    def add(self, inputs: Mapping[str, Json], *, test: bool = True, multiplier: float = 1.0) -> None:
        """Adds an instance; one with the inputs of an earlier one is left out.

        Args:
            inputs: Parameter -> value, for all or some of the inputs; the others are as in the example.
            test: Whether the family's solutions answer it; if not, the record carries none.
            multiplier: How many times longer than others a solution may take.

        Raises:
            InputError: There is no such input, or a value that JSON cannot hold.
        """
        name = type(self).__name__
        if strange := sorted(set(inputs) - set(self._checker.example)):
            raise InputError(f"{name}: no input {', '.join(strange)}", choices=tuple(self._checker.example))
        whole = {key: checked(name, key, inputs.get(key, old)) for key, old in self._checker.example.items()}
        self._added.setdefault(repr(whole), _Added(whole, test, multiplier))

    def build(self, target: int = 5, seed: int = 0) -> list[Instance]:
        """The example and up to `target - 1` more instances.

        Args:
            target: Instances in all, at least 1.
            seed: Another seed draws other random instances; the example and those of `gen` stay.

        Raises:
            InputError: The family is malformed.
        """
        self._added.clear()
        self.add({})
        if len(self._added) < target:
            self.gen(target - len(self._added))
        draws = random.Random(f"{type(self).__name__}/{seed}" if seed else type(self).__name__)
        for _ in range(TRIES * max(0, target - len(self._added))):
            if len(self._added) >= target:
                break
            self.gen_random(draws)
        bodies = self._bodies()
        return [self._instance(place, item, bodies) for place, item in enumerate([*self._added.values()][:target])]

    def _bodies(self) -> tuple[str, ...]:
        kind = type(self)
        names = [name for name in _in_order(kind) if name.startswith("sol")]
        return tuple(read_solution(kind.__name__, getattr(kind, name), tuple(self._checker.example)) for name in names)

    def _instance(self, place: int, item: _Added, bodies: tuple[str, ...]) -> Instance:
        kind = type(self)
        return Instance(
            name=f"{kind.__name__}:{place}",
            sat=checker_source(self._checker, item.inputs),
            ans_type=self._checker.ans_type,
            sol_header=solution_header(item.inputs),
            sol_docstring=self._checker.words,
            sol_bodies=bodies if item.test else (),
            module=f"{kind.__module__.rpartition('.')[2]}.py",
            notes=kind.notes,
            weight=kind.weight * item.multiplier,
        )


def _in_order(kind: type) -> list[str]:
    """Names that a class and its bases define, the bases' first, as they are written."""
    return list(dict.fromkeys(name for base in reversed(kind.__mro__) for name in vars(base)))
