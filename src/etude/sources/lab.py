"""The lab: small exercises of a seeded generator, made on the spot, with no file and no network.

Functions (a docstring says what to do to a list) and puzzles (find what a condition accepts). The model shipped with
the package was trained against world seed 0, whose test and validation behaviours it has never seen; with another
seed that promise does not hold, and the tasks say so in their ids.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from etude.errors import InputError
from etude.lab import puzzles, world
from etude.lab.world import Function, Split
from etude.protocols import State
from etude.records import Call, TaskView, Tests
from etude.sources.naming import known
from etude.tasks import Task

LICENCE = "Apache-2.0"
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
KINDS = ("functions", "puzzles")
SHOWN = 4
EASY_FIRST = (0.5, 0.3, 0.13, 0.07)
"""Shares of the given solutions that go to grades 1 to 4: people write down easy ones first."""


@dataclass
class Lab:
    """Tasks of the lab's world.

    Args:
        split: `train`, `validation` or `test`; they share no behaviour (functions) and no puzzle.
        seed: The world. The shipped model belongs to world 0.
        kinds: `functions`, `puzzles` or both.
        given: How many training functions carry a reference, mostly easy ones; the others have tests only. Tasks of
            the other splits always carry one. All puzzles do.
        size: At most so many tasks of each kind.
    """

    split: str = "train"
    seed: int = 0
    kinds: Sequence[str] = ("functions",)
    given: int = 80
    size: int | None = None

    def propose(self, state: State | None, n: int | None = None) -> Iterator[Task]:
        """Yields the first `n` tasks, kind after kind.

        Raises:
            InputError: There is no such split or kind, or a number is negative.
        """
        if self.given < 0 or (self.size is not None and self.size < 0):
            raise InputError("lab: given and size count tasks", expected="0 or more")
        split = SPLITS[SPLITS.index(known("split", self.split, SPLITS))]
        kinds = [known("kind of lab task", kind, KINDS) for kind in self.kinds]
        yield from islice((task for kind in kinds for task in self._of_kind(kind, split)), n)

    def _of_kind(self, kind: str, split: Split) -> Iterator[Task]:
        tasks = self._functions(split) if kind == "functions" else self._puzzles(split)
        return islice(tasks, self.size)

    def _name(self, split: str, number: int, what: str = "") -> str:
        place = f"lab/{split}" if self.seed == 0 else f"lab{self.seed}/{split}"
        return f"{place}/{what}{number:04}"

    def _functions(self, split: Split) -> Iterator[Task]:
        chosen = world.functions(self.seed, split)
        given = solved(chosen, self.given) if split == "train" else set(range(len(chosen)))
        for number, function in enumerate(chosen):
            name = self._name(split, number)
            yield function_task(function, self.seed, name, origin=f"lab[{split}]", reference=number in given)

    def _puzzles(self, split: Split) -> Iterator[Task]:
        for number, puzzle in enumerate(puzzles.puzzles(self.seed, split)):
            tests = Tests(puzzle=puzzle.source)
            view = TaskView(
                task_id=self._name(split, number, "puzzle-"),
                kind="puzzle",
                prompt=puzzle.prompt,
                entry_point="sol",
                shown=tests,
                difficulty=str(puzzle.grade),
            )
            reference = f"{puzzle.prompt}{puzzles.answer(puzzle.witness)}\n"
            yield Task(facts=view, hidden=tests, reference=reference, origin=f"lab[{split}]", licence=LICENCE)


def solved(functions: Sequence[Function], given: int) -> set[int]:
    """The places of the training functions that come with a solution: about `given`, the easy grades first."""
    wanted = [round(share * given) for share in EASY_FIRST]
    places = ([i for i, item in enumerate(functions) if item.grade == grade] for grade in world.GRADES)
    return {place for count, all_of_grade in zip(wanted, places, strict=True) for place in all_of_grade[:count]}


@lru_cache(maxsize=4096)
def function_task(function: Function, seed: int, name: str, *, origin: str, reference: bool) -> Task:
    """The task of a function: four tests shown, the first of them in the prompt, and four more hidden."""
    made = world.calls(function, seed)
    calls = tuple(Call(args=(values,), expected=result) for values, result in made)
    prompt = world.header(function.docstring, *made[0])
    view = TaskView(
        task_id=name,
        kind="complete",
        prompt=prompt,
        entry_point="f",
        shown=Tests(calls=calls[:SHOWN]),
        difficulty=str(function.grade),
    )
    program = prompt + world.body(function.steps, function.idioms) + "\n"
    hidden = Tests(calls=calls[SHOWN:])
    return Task(facts=view, hidden=hidden, reference=program if reference else "", origin=origin, licence=LICENCE)
