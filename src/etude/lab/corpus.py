"""The base corpus: the documents from which the lab model first learns to write, weak but not ignorant.

A document is a documented function whose author often misread the docstring: each line of code is the operation that
the wording says with a probability that depends on the wording (common ones are mostly understood, rare ones mostly
mistaken for a certain other operation). The example in the comment is of the code as it stands. Some documents are
repairs: a failing answer, what the tests said of it, and an answer in which some wrong lines are mended. Some are
puzzles, every second one answered by guessing.

No document shows a held-out behaviour, neither in what its docstring asks nor in what its code does, right or wrong,
and no held-out puzzle.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from etude.lab import puzzles
from etude.lab.operations import CHANGES, FINALS, Step, by_name
from etude.lab.world import GRADES, Behaviour, Function, apply, behaviour, body, compose, header, held_out, sample_lists

RIGHT = (0.85, 0.45, 0.15)
"""How often the code of a line is what its wording says: by wording, common to rare."""
MISTAKEN = 0.75
"""Of the other lines, the share that is the operation's rival; the rest is anything."""
REPAIRS = 0.1
"""Share of the function documents that are repairs."""
MENDED = 0.5
"""How often a repair puts a wrong line right; else the line is read anew."""
PUZZLES = 0.12
ANSWERED = 0.5
"""Share of the puzzles with a right answer."""


@dataclass(frozen=True, slots=True)
class Document:
    """One document of the base corpus: `prompt + completion`.

    Attributes:
        asked: What the docstring asks for, as operations.
        written: Every piece of code in the document, as operations.
    """

    prompt: str
    completion: str
    asked: tuple[Step, ...] = ()
    written: tuple[tuple[Step, ...], ...] = ()


def documents(seed: int, banned: frozenset[Behaviour], banned_puzzles: frozenset[puzzles.Key]) -> Iterator[Document]:
    """An endless stream of documents without the banned behaviours and puzzles."""
    rng = random.Random(f"lab/corpus/{seed}")
    while True:
        if rng.random() < PUZZLES:
            puzzle = puzzles.compose(rng, rng.choice(puzzles.GRADES))
            value = puzzle.witness if rng.random() < ANSWERED else puzzles.guess(puzzle, rng)
            if puzzle.key not in banned_puzzles:
                yield Document(puzzle.prompt, puzzles.answer(value))
            continue
        function = compose(rng, rng.choice(GRADES))
        document = _repair(function, rng) if rng.random() < REPAIRS else _plain(function, rng)
        if document is not None and not shows(document, banned):
            yield document


def lab_documents(seed: int) -> Iterator[Document]:
    """The stream from which the model of a world is trained: everything that the world holds out is banned."""
    return documents(seed, held_out(seed), puzzles.held_out_puzzles(seed))


def shows(document: Document, banned: frozenset[Behaviour]) -> bool:
    """Whether the docstring or any code of the document, right or wrong, has a banned behaviour."""
    return any(behaviour(steps) in banned for steps in {document.asked, *document.written} if steps)


def misread(function: Function, rng: random.Random) -> tuple[Step, ...]:
    """The operations that the corpus's author wrote for the function's docstring."""
    pairs = zip(function.steps, function.wordings, strict=True)
    return tuple(_misread_step(step, wording, rng) for step, wording in pairs)


def _misread_step(step: Step, wording: int, rng: random.Random) -> Step:
    if rng.random() < RIGHT[wording]:
        return step
    if rng.random() < MISTAKEN:
        return Step(by_name()[step.operation.mistaken_for], step.parameter)
    operation = rng.choice(FINALS if step.operation.kind == "final" else CHANGES)
    return Step(operation, rng.choice(operation.parameters) if operation.parameters else 0)


def _mended(step: Step, wording: int, written: Step, rng: random.Random) -> Step:
    if written == step or rng.random() < MENDED:
        return step
    return _misread_step(step, wording, rng)


def _plain(function: Function, rng: random.Random) -> Document | None:
    written = misread(function, rng)
    example = next(sample_lists(rng))
    prompt = header(function.docstring, example, apply(written, example))
    return Document(prompt, body(written, function.idioms), function.steps, (written,))


def _repair(function: Function, rng: random.Random) -> Document | None:
    bad = misread(function, rng)
    better = tuple(_mended(*line, rng) for line in zip(function.steps, function.wordings, bad, strict=True))
    supply = sample_lists(rng)
    lists = [next(supply) for _ in range(4)]
    telltale = next((values for values in lists if apply(bad, values) != apply(better, values)), None)
    if telltale is None:
        return None
    prompt = header(function.docstring, lists[0], apply(better, lists[0]))
    feedback = f"f({telltale}) returned {apply(bad, telltale)}, expected {apply(better, telltale)}"
    failed = f"{prompt}{body(bad, function.idioms)}\n# {feedback}\n# fixed\n{prompt}"
    return Document(failed, body(better, function.idioms), function.steps, (bad, better))
