"""Parts of our own, named by import path in the recipes of the tests: they slow a run down and log what they do."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from etude.models.scripted import Scripted
from etude.protocols import State
from etude.records import Agent, Completion, Example, Request


class Slow(Scripted):
    """A scripted model that waits before every answer and logs each one it was paid for."""

    def __init__(self, table: str, log: str, delay: float = 0.0) -> None:
        super().__init__(replies=table, match="substring")
        self.log, self.delay = log, delay

    def generate(self, requests: Sequence[Request]) -> Iterator[Completion]:
        for completion in super().generate(requests):
            time.sleep(self.delay)
            request = completion.request
            with open(self.log, "a") as file:
                file.write(json.dumps([request.prompt, request.sample_index, request.sampling.seed]) + "\n")
            yield completion


@dataclass(frozen=True)
class SlowLearner:
    """A learner that takes its time and leaves the weights as they are."""

    delay: float = 0.0

    def learn(self, agent: Agent, examples: Sequence[Example], state: State) -> Agent:
        time.sleep(self.delay)
        return replace(agent, round=state.round)


@dataclass
class FromFile:
    """A scripted model whose weights are a file of replies, so that a learner can put another in its place."""

    path: str

    @property
    def fingerprint(self) -> str:
        return self._model.fingerprint

    @property
    def _model(self) -> Scripted:
        return Scripted(replies=self.path, match="substring")

    def generate(self, requests: Sequence[Request]) -> Iterator[Completion]:
        yield from self._model.generate(requests)


@dataclass(frozen=True)
class Switch:
    """A learner that learns by heart: the new agent is the file `to`."""

    to: str

    def learn(self, agent: Agent, examples: Sequence[Example], state: State) -> Agent:
        return replace(agent, model=self.to, fingerprint=FromFile(self.to).fingerprint, round=state.round)
