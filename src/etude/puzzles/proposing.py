"""How a model is asked for puzzles, how its words are read, and what a proposal looks like as a task.

The prompt follows the self-taught puzzles of Haluptzok et al. 2023 (arXiv 2207.14502): known puzzles in random order,
numbered, as many as fit, and the beginning of one more. Nothing here runs a proposal or says whether it is any good.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from random import Random
from typing import NamedTuple

from etude.models.prompts import load
from etude.puzzles.concepts import Catalogue
from etude.puzzles.instance import IMPORTS
from etude.puzzles.question import read_question
from etude.records import Completion, Request, Sampling, TaskView, Tests
from etude.tasks import Task

CHARACTERS = 3
"""Characters that count as one token of a prompt's budget; a model that knows better is asked as well (`fits`)."""
NUMBER = "{n}"
STOPS = ("\ndef ", "\nclass ", "\n#", "\nassert ", "\nprint(", "\nfrom ", "\nimport ", "\n@", "\nif __name__")
SAT = "sat"
NAMED = re.compile(r"def\s+(\w+)\s*\(")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """How puzzles are asked for.

    Attributes:
        template: A built-in template or the path of one; it sees `shots`, `number`, `opening`, the `concepts` that the
            new puzzle is asked for, and those of each shot (`marks`).
        openings: How the new puzzle begins, one after another; `{n}` is its number in the prompt.
        shots: At most so many known puzzles in a prompt.
        budget: Tokens of prompt and new puzzle together.
        per_prompt: Puzzles drawn for each prompt.
        temperature, top_p, max_tokens: How they are drawn.
        concepts: So many concepts are named in a prompt, where there is a catalogue of them.
    """

    template: str = "propose.v1"
    openings: tuple[str, ...] = ("def f{n}(",)
    shots: int = 1000
    budget: int = 2048
    per_prompt: int = 64
    temperature: float = 0.9
    top_p: float = 1.0
    max_tokens: int = 200
    concepts: int = 2


Fits = Callable[[str, int], bool]
Draw = Callable[[int, Random], Sequence[str]]
"""The known puzzles that a prompt may show, best first, at most so many, by these dice."""


def requests(
    wording: Wording, count: int, draw: Draw, fits: Fits, seed: int, round: int, catalogue: Catalogue | None = None
) -> list[Request]:
    """`count` requests for one puzzle each; the same arguments give the same requests.

    Args:
        draw: Chooses the puzzles that a prompt shows.
        fits: Whether the model has room for a prompt and so many new tokens.
        seed: The run's; every round and prompt has dice of its own.
        catalogue: Concepts to ask for; None asks for none.
    """
    sampling = Sampling(
        temperature=wording.temperature,
        top_p=wording.top_p,
        max_tokens=wording.max_tokens,
        stop=STOPS,
        seed=seed + 1000 * (round + 1),
    )
    made: list[Request] = []
    for number, start in enumerate(range(0, count, wording.per_prompt)):
        shown = draw(wording.shots, Random(f"propose {seed} {round} {number}"))
        wanted = concepts_of_prompt(wording, catalogue, number, seed, round)
        page = _Page(wording, wording.openings[number % len(wording.openings)], wanted, catalogue)
        prompt = _fitted(page, shown, fits)
        indices = range(start, min(start + wording.per_prompt, count))
        made += [Request(prompt=prompt, sample_index=index, sampling=sampling) for index in indices]
    return made


def concepts_of_prompt(
    wording: Wording, catalogue: Catalogue | None, number: int, seed: int, round: int
) -> tuple[str, ...]:
    """What the `number`-th prompt of a round asks for: its `per_prompt` proposals are one prompt's."""
    return catalogue.drawn(wording.concepts, Random(f"concepts {seed} {round} {number}")) if catalogue else ()


class _Page(NamedTuple):
    """What stays the same in a prompt while puzzles are added to it."""

    wording: Wording
    opening: str
    concepts: tuple[str, ...]
    catalogue: Catalogue | None


def _fitted(page: _Page, shown: Sequence[str], fits: Fits) -> str:
    """The prompt with as many puzzles as there is room for."""
    prompt, taken = _prompt(page, ()), list[str]()
    for puzzle in shown:
        longer = _prompt(page, (*taken, puzzle))
        room = page.wording.budget - page.wording.max_tokens
        if len(longer) > CHARACTERS * room or not fits(longer, page.wording.max_tokens):
            break
        taken.append(puzzle)
        prompt = longer
    return prompt


def _prompt(page: _Page, puzzles: Sequence[str]) -> str:
    numbered = NUMBER in page.opening
    name = _name(page.opening)
    shots = [renamed(item, SAT, name.replace(NUMBER, str(i)) if numbered else SAT) for i, item in enumerate(puzzles, 1)]
    number, known = len(shots) + 1, page.catalogue
    context = {
        "shots": shots,
        "number": number,
        "opening": page.opening.replace(NUMBER, str(number)),
        "concepts": page.concepts,
        "marks": [known.within(item, page.wording.concepts) if known else () for item in puzzles],
    }
    return str(load(page.wording.template).render(context))


def written(completion: Completion) -> str:
    """The puzzle that a completion stands for, as the source of `sat`; text after its last indented line is cut."""
    prompt = completion.request.prompt
    start = max(prompt.rfind("\ndef ") + 1, 0)
    first, *rest = (prompt[start:] + completion.text).replace("\r\n", "\n").split("\n")
    body = takewhile(lambda line: not line.strip() or line[0] in " \t", rest)
    text = "\n".join([first, *body]).rstrip().encode("utf-8", "replace").decode()
    found = NAMED.match(text)
    return renamed(text, found[1], SAT) if found else text


def bare(puzzle: str) -> str:
    """The source of a puzzle without the import that every puzzle begins with."""
    text = puzzle.strip()
    return text.removeprefix(IMPORTS.strip()).strip()


def _name(opening: str) -> str:
    """The function name of an opening such as `def f{n}(`."""
    return opening.removeprefix("def ").partition("(")[0].strip()


def renamed(text: str, old: str, new: str) -> str:
    """A function by another name, where it is defined and where it calls itself."""
    return text if old == new else re.sub(rf"\b{re.escape(old)}(?=\s*\()", new, text)


@dataclass(frozen=True, slots=True)
class Layout:
    """How the tasks of a set are written down, so that a proposal looks like one of them.

    Attributes:
        imports: Whether every puzzle begins with the import of `List`.
        ending: What follows the header of the solution in the prompt.
        licence: Of the given puzzles; what a model makes of them carries it on.
    """

    imports: bool = False
    ending: str = ""
    licence: str = ""

    @staticmethod
    def of(given: Sequence[Task]) -> "Layout":
        """The layout of the first given puzzle."""
        if not given:
            return Layout()
        facts = given[0].facts
        ending = facts.prompt[len(facts.prompt.rstrip()) :]
        return Layout(given[0].hidden.puzzle.lstrip().startswith(IMPORTS.strip()), ending, given[0].licence)

    def task(self, task_id: str, puzzle: str, origin: str) -> Task:
        """A puzzle, readable and of a known type, as a task without a reference."""
        question = read_question(puzzle)
        assert question, "filters let only readable puzzles through"
        spec = f"{IMPORTS}\n\n{puzzle}\n" if self.imports or "List[" in puzzle else puzzle
        head = spec if spec.endswith("\n") else f"{spec}\n"
        tests = Tests(puzzle=spec)
        view = TaskView(
            task_id=task_id,
            kind="puzzle",
            prompt=f"{head}\n\n{question.header}{self.ending}",
            entry_point="sol",
            shown=tests,
        )
        return Task(facts=view, hidden=tests, origin=origin, licence=self.licence)
