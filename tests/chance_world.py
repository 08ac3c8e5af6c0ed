"""A model that is right by chance: each task has a rate, and every sample is drawn anew for every seed."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from etude.models.chance import uniforms
from etude.models.scripted import Scripted
from etude.protocols import State
from etude.records import Agent, Completion, Example, Request, identify
from tests.scripted_world import write_world


@dataclass
class Chance(Scripted):
    """Gives the right one of two replies (wrong, right) at the prompt's rate, moved by `better`, and pads it.

    Args:
        words: Words of a comment before every reply: what makes answers dear.
    """

    better: float = 0.0
    words: int = 0

    @cached_property
    def fingerprint(self) -> str:
        return identify([self.table, self.better, self.words])

    def generate(self, requests: Sequence[Request]) -> Iterator[Completion]:
        for request in requests:
            wrong, right = self._find(request.prompt)
            rate = sha256(right.encode()).digest()[0] / 255 * 0.8 + self.better
            text = right if uniforms(request, 1)[0] < rate else wrong
            text = f"# {' '.join(['so'] * self.words)}\n{text}" if self.words else text
            text = text.removesuffix("\n```")
            yield Completion(
                request=request,
                text=text,
                prompt_tokens=len(request.prompt.split()),
                completion_tokens=len(text.split()),
            )


@dataclass
class Weights:
    """A model by chance whose weights are a file: `{"replies", "better", "turned", "sharp"}`.

    `turned` draws with the other ends of the dice: the same rates, other samples. `sharp` is right always on tasks of
    at least that rate, and never on the others.
    """

    path: str

    @cached_property
    def _told(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(Path(self.path).read_text())
        return found

    @cached_property
    def fingerprint(self) -> str:
        return identify(self._told)

    def generate(self, requests: Sequence[Request]) -> Iterator[Completion]:
        told = self._told
        table = Scripted(replies=str(told["replies"]), match="substring")
        for request in requests:
            wrong, right = table._find(request.prompt)
            rate = sha256(right.encode()).digest()[0] / 255 * 0.8 + float(str(told.get("better", 0.0)))
            die = uniforms(request, 1)[0]
            die = 1 - die if told.get("turned") else die
            lucky = rate >= float(str(told["sharp"])) if "sharp" in told else die < rate
            text = (right if lucky else wrong).removesuffix("\n```")
            yield Completion(request=request, text=text, prompt_tokens=9, completion_tokens=len(text.split()))


@dataclass(frozen=True)
class Become:
    """A learner that learns by heart: after each round the agent is the next of these files."""

    files: tuple[str, ...]

    def learn(self, agent: Agent, examples: Sequence[Example], state: State) -> Agent:
        path = self.files[state.round]
        return replace(agent, model=path, fingerprint=Weights(path).fingerprint, round=state.round)


def write_rounds(folder: Path, tasks: int = 40) -> Path:
    """A recipe whose rounds are known: the first is as good as the base, the second better, the third has collapsed."""
    write_world(folder / "world", tasks=tasks)
    table = json.loads((folder / "world" / "replies.json").read_text())
    short = {key: [replies[0], replies[1]] for key, replies in table.items() if key.startswith("Task")}
    (folder / "chance.json").write_text(json.dumps(short))
    weights = {"base": {}, "flat": {"turned": True}, "better": {"better": 0.3}, "collapsed": {"sharp": 0.3}}
    for name, told in weights.items():
        (folder / f"{name}.json").write_text(json.dumps({"replies": str(folder / "chance.json"), **told}))
    learned = [str(folder / f"{name}.json") for name in ("flat", "better", "collapsed")]
    recipe = folder / "rounds.toml"
    recipe.write_text(f"""
name = "rounds"
rounds = 3
tasks = 2
[source]
use = "task_set"
tasks = "jsonl:{folder}/world/tasks.jsonl"
[model]
use = "tests.chance_world:Weights"
path = "{folder}/base.json"
[solver]
use = "sample"
samples = 1
[learner]
use = "tests.chance_world:Become"
files = {json.dumps(learned)}
[suite]
use = "passk"
tasks_from = "jsonl:{folder}/world/tasks.jsonl"
n = 8
k = [1, 8]
""")
    return recipe
