"""Every contract, on one screen.

A part of Étude is an object that fits one of these protocols. Built-in parts and yours enter by the same door: a
recipe names a part by entry point (`use = "sample"`) or by import path (`use = "my_package.my_module:MySolver"`), and
the other keys of its table become the part's arguments (`etude.config.build`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from etude.caps import Caps
from etude.records import (
    Agent,
    Attempt,
    Completion,
    Example,
    Job,
    Outcome,
    Report,
    Request,
    Run,
    TaskView,
    Verdict,
)
from etude.tasks import Task

if TYPE_CHECKING:
    from etude.leaks.guarding import Guard


class Judged(NamedTuple):
    """An attempt with its task and its verdict: what curators and suites start from."""

    task: Task
    attempt: Attempt
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where a run stands: what a source, curator or learner may depend on besides its own settings.

    Attributes:
        folder: The round's folder; a learner writes `folder / "model"`.
        base: The agent of round -1; `agent` is the one that is learning now.
        tasks: This round's training tasks.
        earlier: The examples of all earlier rounds, oldest first.
        bench: For sources that let a model write the tasks: the learning agent's; None where nothing may be drawn.
        note: Appends an event to the run's ledger: `note(kind, name=fact)`.
        sandbox: Where curators may run programs.
        guard: Says which rows solve a task that the run is measured on; the tasks themselves it keeps.
        judge: For learners that sample by themselves; None: the judge for each task's kind of tests.
    """

    round: int
    seed: int
    folder: Path
    base: Agent
    agent: Agent
    tasks: tuple[Task, ...] = ()
    validation: tuple[Example, ...] = ()
    earlier: tuple[Example, ...] = ()
    bench: "Workbench | None" = None
    note: Callable[..., None] | None = None
    sandbox: "Sandbox | None" = None
    guard: "Guard | None" = None
    judge: "Judge | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a solver may spend: `samples` first attempts per task (None: as its own settings say)."""

    samples: int | None
    seed: int
    round: int


class Source(Protocol):
    """Where tasks come from. `propose` yields at most `n` tasks (None: all there are).

    A source whose tasks a model writes draws them from `state.bench`; without one it yields what it has.
    """

    def propose(self, state: State | None, n: int | None = None) -> Iterator[Task]: ...


class Model(Protocol):
    """Who writes. Completions come in any order and name their requests; `score` gives token log-probabilities."""

    @property
    def fingerprint(self) -> str: ...
    @property
    def caps(self) -> Caps: ...
    def generate(self, requests: Sequence[Request]) -> Iterator[Completion]: ...
    def score(self, prompt: str, continuations: Sequence[str]) -> list[list[float]]: ...


class Workbench(Protocol):
    """What a solver is given: the agent's model behind the sample cache, and a sandbox that runs shown tests only.

    `fits` says whether a prompt and so many new tokens fit into the model's context, where it has one; `trace` tells
    what a program does with a question, step by step. `passes` asks the judge itself, hidden tests and all; it is
    refused wherever the recipe allows no `oracle`. `beside` is the same bench with another model.
    """

    def generate(self, requests: Sequence[Request]) -> Iterator[Completion]: ...
    def check(self, programs: Sequence[tuple[TaskView, str]]) -> list[Outcome]: ...
    def fits(self, prompt: str, max_tokens: int) -> bool: ...
    def trace(self, questions: Sequence[tuple[str, str]]) -> list[str]: ...
    def passes(self, attempts: Sequence[Attempt]) -> list[bool | None]: ...
    def beside(self, model: Model) -> "Workbench": ...


class Solver(Protocol):
    """How a task is attempted. Attempts stream out as they are written, so that judging overlaps sampling."""

    def attempt(
        self, views: Sequence[TaskView], agent: Agent, bench: Workbench, budget: Budget
    ) -> Iterator[Attempt]: ...


class Sandbox(Protocol):
    """Runs programs nobody trusts; safe to share between threads. `isolation`: property -> what holds it."""

    @property
    def isolation(self) -> Mapping[str, str]: ...
    def run(self, jobs: Sequence[Job]) -> list[Run]: ...
    def close(self) -> None: ...


class Judge(Protocol):
    """What decides. One verdict per attempt, in order; a batch, because agreement needs them all."""

    def judge(self, task: Task, attempts: Sequence[Attempt], sandbox: Sandbox) -> list[Verdict]: ...


class Curator(Protocol):
    """What is worth learning from. Curators form a chain: each gets all judged attempts and the rows so far."""

    def curate(self, judged: Sequence[Judged], examples: Iterable[Example], state: State) -> Iterator[Example]: ...


class Learner(Protocol):
    """How it is learned. Writes an ordinary model folder and returns the agent that uses it."""

    def learn(self, agent: Agent, examples: Sequence[Example], state: State) -> Agent: ...


class Suite(Protocol):
    """How good is it. `tasks` opens the split (the caller logs that it was read); `report` counts."""

    def tasks(self) -> Iterator[Task]: ...
    def report(self, name: str, judged: Sequence[Judged], state: State) -> Report: ...
