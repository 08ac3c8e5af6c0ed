"""A model that can imitate and knows little, and tasks of a few families, as files.

Each task adds, multiplies or joins in its own way: the family says how, the number what with. The model has a word for
every family; it knows the family's program by chance, and otherwise follows an example of the same family in its
prompt, with the number of the question put in. What it is shown decides what it can do, right or wrong.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from etude.config import Recipe, load
from etude.models.chance import uniforms
from etude.records import Completion, Request, identify

FAMILIES = {
    "glimmer": "x + {n}",
    "ferrous": "x * {n}",
    "willow": "x - {n}",
    "harbour": "x * x + {n}",
    "lantern": "{n} - x",
    "meadow": "x // {n}",
}
QUESTION = re.compile(r"The (\w+) of x and (\d+)\.")


@dataclass
class Imitator:
    """Writes by example; without one it is right in `knows` of its tries, drawn anew for every prompt and sample."""

    knows: float = 0.15

    @property
    def fingerprint(self) -> str:
        return identify(["imitator", self.knows])

    def generate(self, requests: Sequence[Request]) -> Iterator[Completion]:
        for request in requests:
            text = f"\ndef f(x):\n    return {self._says(request)}\n"
            words = len(request.prompt.split())
            yield Completion(request=request, text=text, prompt_tokens=words, completion_tokens=9)

    def _says(self, request: Request) -> str:
        *shown, (family, number, _) = _pieces(request.prompt)
        like = [(other, said) for name, other, said in shown if name == family]
        if like:
            other, said = like[-1]
            return re.sub(rf"\b{other}\b", number, said)
        lucky = uniforms(request, 1)[0] < self.knows
        return FAMILIES[family].format(n=number) if lucky else f"x % {number}"


def _pieces(prompt: str) -> list[tuple[str, str, str]]:
    """Family, number and the last program of each task in a prompt; the last one is the question."""
    parts = QUESTION.split(prompt)[1:]
    triples = zip(parts[0::3], parts[1::3], parts[2::3], strict=True)
    return [(name, number, (re.findall(r"return ([^\n]*)", rest) or [""])[-1]) for name, number, rest in triples]


def write(folder: Path, tasks: int = 72) -> None:
    """A third of the tasks is to be learned from, a third for validation, a third for the test."""
    rows = []
    for number in range(tasks):
        family = list(FAMILIES)[number % len(FAMILIES)]
        n = 3 + number
        program = f"def f(x):\n    return {FAMILIES[family].format(n=n)}\n"
        space: dict[str, object] = {}
        exec(program, space)  # our own text
        calls = [{"args": [x], "expected": space["f"](x)} for x in (2, 50, 1000, 12345)]  # type: ignore[operator]
        prompt = f"The {family} of x and {n}."
        rows.append({"task_id": f"t{number}", "prompt": prompt, "entry_point": "f", "calls": calls, "shown": [0],
                     "reference": program})  # fmt: skip
    for place, name in enumerate(("train", "validation", "test")):
        part = [row for number, row in enumerate(rows) if number // len(FAMILIES) % 3 == place]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in part))


def recipe(folder: Path, **overrides: object) -> Recipe:
    """The built-in recipe on this world; `solver__shots=0` sets a dotted key."""
    write(folder)
    settings: dict[str, object] = {
        "model": '{ use = "tests.recipes.bank_world:Imitator" }',
        "source.tasks": f'"jsonl:{folder}/train.jsonl"',
        "validation.tasks": f'"jsonl:{folder}/validation.jsonl"',
        "suite.tasks_from": f'"jsonl:{folder}/test.jsonl"',
        "parallel": 1,
        **{key.replace("__", "."): value for key, value in overrides.items()},
    }
    return load("prompt-bank", {key: str(value) for key, value in settings.items()})
