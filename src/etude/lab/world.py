"""The lab's world of small list functions: how they are composed, what they do, and which are held out.

A function is one to four operations in a row. Its behaviour is what it gives on twelve fixed probe lists; two
functions of one behaviour are the same exercise however they are said or written. The test and validation behaviours
of a world (`held_out`) are kept from everything that the lab model is trained on: the training tasks here and the base
corpus (`etude.lab.corpus`), wrong code included.

Everything follows from the world's seed; nothing is cached on disk.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, Literal

from etude.lab.operations import CHANGES, FINALS, Step

Split = Literal["train", "validation", "test"]

GRADES = (1, 2, 3, 4)
SIZES: dict[Split, tuple[int, int, int, int]] = {
    "train": (120, 200, 200, 200),
    "validation": (12, 20, 24, 24),
    "test": (40, 50, 55, 55),
}
"""How many functions of each grade a split has."""
EARLIER: dict[Split, tuple[Split, ...]] = {"test": (), "validation": ("test",), "train": ("test", "validation")}
"""The splits that are drawn before one, and kept out of it."""
CALLS = 8
LARGEST = 999
"""No probe or test may give a number beyond this: long numbers would test arithmetic on paper, not programming."""

PROBES: tuple[tuple[int, ...], ...] = (
    (3, -2, 5, 1), (8, 8, 2, -4, 7), (-1, 6, 0, 9, 4, 6), (5, 3, 3, 7, -6, 2, 1), (2, 4, 6, 8), (9, -5, 1, 5, 0),
    (-3, -7, 2, 10, 4, 4), (7, 1, 1, 12, 3, -8, 6), (0, 5, 2, 2), (6, -9, 4, 11, 3), (1, 10, 7, -2, 8, 5),
    (4, 4, 9, 2, 6, -1, 3),
)  # fmt: skip

Behaviour = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the world: what it does, how it is said and how it is written.

    Attributes:
        steps: The operations in order; at most the last one is final.
        wordings: For each step, which of its three wordings the docstring uses.
        idioms: For each step, which way of writing it the reference uses.
    """

    steps: tuple[Step, ...]
    wordings: tuple[int, ...]
    idioms: tuple[int, ...]

    @property
    def grade(self) -> int:
        """Its difficulty: the number of operations."""
        return len(self.steps)

    @property
    def docstring(self) -> str:
        """The one line of English that says what to do."""
        return ", then ".join(step.words(wording) for step, wording in zip(self.steps, self.wordings, strict=True))


def apply(steps: tuple[Step, ...], value: list[int]) -> Any:
    """What the operations make of a list, one after another."""
    for step in steps:
        value = step.apply(value)
    return value


def behaviour(steps: tuple[Step, ...]) -> Behaviour:
    """The outputs on the probes, as text (so that `True` and `1` differ)."""
    return tuple(repr(apply(steps, list(probe))) for probe in PROBES)


def body(steps: tuple[Step, ...], idioms: tuple[int, ...]) -> str:
    """The lines of the function after its header; starts with the newline that a prompt leaves out."""
    lines = [f"xs = {step.expression(idiom)}" for step, idiom in zip(steps, idioms, strict=True)]
    if steps[-1].operation.kind == "final":
        lines[-1] = lines[-1].replace("xs = ", "return ", 1)
    else:
        lines.append("return xs")
    return "".join(f"\n    {line}" for line in lines)


def header(docstring: str, example: list[int], value: Any) -> str:
    """The prompt: signature, docstring and one example. It ends before the newline."""
    return f'def f(xs):\n    """{docstring}"""\n    # f({example}) == {value}'


def compose(rng: random.Random, grade: int) -> Function:
    """A function of `grade` operations, drawn without any filter."""
    final = rng.random() < 0.3
    chosen = [rng.choice(CHANGES) for _ in range(grade - final)] + [rng.choice(FINALS)] * final
    steps = tuple(Step(op, rng.choice(op.parameters) if op.parameters else 0) for op in chosen)
    wordings = tuple(rng.randrange(3) for _ in steps)
    return Function(steps, wordings, tuple(rng.randrange(2) for _ in steps))


def telling(steps: tuple[Step, ...], outputs: Behaviour) -> bool:
    """Whether the behaviour is worth a task: varied, seldom empty, never huge, and every operation changes it."""
    final = steps[-1].operation.kind == "final"
    commonest = max(outputs.count(output) for output in outputs)
    if commonest > 6 or len(set(outputs)) < (3 if final else 5) or outputs.count("[]") > 2 or any(map(_huge, outputs)):
        return False
    without = (behaviour(steps[:i] + steps[i + 1 :]) for i in range(len(steps)) if len(steps) > 1)
    return all(sum(map(str.__ne__, outputs, other)) >= 4 for other in without)


def _huge(output: str) -> bool:
    return any(len(word.strip("[]-")) > len(str(LARGEST)) for word in output.split(", "))


def sample_lists(rng: random.Random) -> Iterator[list[int]]:
    """An endless supply of argument lists."""
    while True:
        yield [rng.randint(-6, 9) for _ in range(rng.randint(4, 6))]


def calls(function: Function, seed: int) -> list[tuple[list[int], Any]]:
    """Eight different arguments with what the function gives, in which every operation shows at least twice.

    The first one is the example of the prompt: short and not empty. The list is empty where no such eight are found.
    """
    supply = sample_lists(random.Random(f"lab/{seed}/calls/{function.docstring}"))
    for _ in range(20):
        lists = _eight(function.steps, supply)
        if lists and _shows(function.steps, lists):
            return [(values, apply(function.steps, values)) for values in lists]
    return []


def _eight(steps: tuple[Step, ...], supply: Iterator[list[int]]) -> list[list[int]]:
    chosen: dict[str, list[int]] = {}
    for values in islice(supply, 40):
        result = repr(apply(steps, values))
        if not _huge(result) and (chosen or (result != "[]" and len(values) < 6)):
            chosen[repr(values)] = values
        if len(chosen) == CALLS:
            return list(chosen.values())
    return []


def _shows(steps: tuple[Step, ...], lists: list[list[int]]) -> bool:
    outputs = [repr(apply(steps, values)) for values in lists]
    others = [steps[:i] + steps[i + 1 :] for i in range(len(steps)) if len(steps) > 1]
    differs = (sum(repr(apply(other, v)) != out for v, out in zip(lists, outputs, strict=True)) for other in others)
    return len(set(outputs)) >= 3 and all(count >= 2 for count in differs)


@lru_cache(maxsize=8)
def functions(seed: int, split: Split) -> tuple[Function, ...]:
    """All functions of a split, in order, the four grades in turn.

    Within test and validation every behaviour occurs once and in one of the two only. A training behaviour may occur
    again in another wording; it never is a held-out one.
    """
    rng = random.Random(f"lab/{seed}/{split}")
    banned = {behaviour(function.steps) for other in EARLIER[split] for function in functions(seed, other)}
    said: set[str] = set()
    order = [grade for grade, size in zip(GRADES, SIZES[split], strict=True) for _ in range(size)]
    rng.shuffle(order)
    return tuple(_fresh(rng, grade, banned, said, seed, split != "train") for grade in order)


def _fresh(rng: random.Random, grade: int, banned: set[Behaviour], said: set[str], seed: int, once: bool) -> Function:
    while True:
        function = compose(rng, grade)
        outputs = behaviour(function.steps)
        new = function.docstring not in said and outputs not in banned
        if new and telling(function.steps, outputs) and calls(function, seed):
            said.add(function.docstring)
            banned.update([outputs] if once else [])
            return function


@lru_cache(maxsize=8)
def held_out(seed: int) -> frozenset[Behaviour]:
    """The behaviours of a world's test and validation functions."""
    splits: tuple[Split, ...] = ("test", "validation")
    return frozenset(behaviour(function.steps) for split in splits for function in functions(seed, split))
