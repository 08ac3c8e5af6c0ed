"""The base corpus: the documents from which the lab model first learns to write, weak but not ignorant.

A document is a documented function whose author often misread the docstring: each line of code is the operation that
the wording says with a probability that depends on the wording (common ones are mostly understood, rare ones mostly
mistaken for a certain other operation). The example in the comment is of the code as it stands. Some documents are
repairs: a failing answer, what the tests said of it, and a better one.

No document shows a held-out behaviour, neither in what its docstring asks nor in what its code does, right or wrong.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from etude.lab.operations import CHANGES, FINALS, Step, by_name
from etude.lab.world import GRADES, Behaviour, Function, apply, behaviour, body, compose, header, sample_lists

RIGHT = (0.85, 0.5, 0.2)
"""How often the code of a line is what its wording says: by wording, common to rare."""
MISTAKEN = 0.75
"""Of the other lines, the share that is the operation's rival; the rest is anything."""
REPAIRS = 0.1


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


def documents(seed: int, banned: frozenset[Behaviour]) -> Iterator[Document]:
    """An endless stream of documents without the banned behaviours."""
    rng = random.Random(f"lab/corpus/{seed}")
    while True:
        function = compose(rng, rng.choice(GRADES))
        document = _repair(function, rng) if rng.random() < REPAIRS else _plain(function, rng)
        if document is not None and not shows(document, banned):
            yield document


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


def _plain(function: Function, rng: random.Random) -> Document | None:
    written = misread(function, rng)
    example = next(sample_lists(rng))
    prompt = header(function.docstring, example, apply(written, example))
    return Document(prompt, body(written, function.idioms), function.steps, (written,))


def _repair(function: Function, rng: random.Random) -> Document | None:
    bad, better = misread(function, rng), misread(function, rng)
    supply = sample_lists(rng)
    lists = [next(supply) for _ in range(4)]
    telltale = next((values for values in lists if apply(bad, values) != apply(better, values)), None)
    if telltale is None:
        return None
    prompt = header(function.docstring, lists[0], apply(better, lists[0]))
    feedback = f"f({telltale}) returned {apply(bad, telltale)}, expected {apply(better, telltale)}"
    failed = f"{prompt}{body(bad, function.idioms)}\n# {feedback}\n# fixed\n{prompt}"
    return Document(failed, body(better, function.idioms), function.steps, (bad, better))
