"""Puzzles that a model writes for itself, filtered until they are puzzles.

Method: Haluptzok, Bowers and Kalai 2023, "Language Models Can Teach Themselves to Program Better" (arXiv 2207.14502).
The learning agent, the base or another model is shown puzzles and writes one more; what is left after the filters
(`etude.puzzles.filters`) are the round's tasks, without a reference. Every reject is counted by its reason.
"""

import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from random import Random
from typing import Any, Literal

from etude.config import Part, build
from etude.errors import RecipeError
from etude.protocols import Model, State, Workbench
from etude.puzzles.diagnostics import PROPOSALS, PUZZLES, proposal_facts, read, write
from etude.puzzles.policies import Known, drawn, policy_named
from etude.puzzles.proposing import Layout, Wording, bare, requests, written
from etude.puzzles.screening import Screen
from etude.records import Json
from etude.sources.task_set import open_task_set
from etude.tasks import Task

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Proposed:
    """Puzzles by a model, after given ones.

    Without a model at hand (`etude plan`), and with `own` false, the tasks are the given puzzles themselves.

    Args:
        tasks: The given puzzles, a task set such as `p3:PATH[train]`.
        held_out: Task sets that no proposal may repeat; "auto" is the split `test` of the given set, where it has one.
        own: False yields the given puzzles: the control.
        proposals: Puzzles drawn per round.
        proposer: Who writes: the learning `agent`, the `base`, or a model part (`{use = "huggingface", path = "..."}`).
        shown: Which puzzles a prompt shows: the `given` ones, the model's `own` of earlier rounds (the given ones while
            there are none), or `both`.
        policy: Which of them are shown first: `uniform`, `band`, `archive` or `learnability`.
        band: The solve rates of `band`.
        template, openings, shots, budget, per_prompt, temperature, top_p, max_tokens: See `Wording`.
        trivial: Type -> answers that a puzzle must refuse; None takes the released constants.
        trivial_reject_rate: The share of the puzzles that is asked whether a trivial answer solves it.
        as_released: The others are not asked for a known type and for using their answer either (a defect of the
            release, kept for comparison).
        closest: Proposals at least so like a held-out puzzle are refused (shared runs of three words; 1 is alike).
        probes: At most so many values that every puzzle is asked about, to find equal behaviour.
    """

    tasks: str
    held_out: Sequence[str] | Literal["auto"] = "auto"
    own: bool = True
    proposals: int = 2048
    proposer: Literal["agent", "base"] | dict[str, Any] = "agent"
    shown: Literal["given", "own", "both"] = "given"
    policy: str = "uniform"
    band: tuple[float, float] = (0.05, 0.7)
    template: str = "propose.v1"
    openings: tuple[str, ...] = ("def f{n}(",)
    shots: int = 1000
    budget: int = 2048
    per_prompt: int = 64
    temperature: float = 0.9
    top_p: float = 1.0
    max_tokens: int = 200
    trivial: dict[str, list[Json]] | None = None
    trivial_reject_rate: float = 0.95
    as_released: bool = False
    closest: float = 0.9
    probes: int = 160
    _opened: dict[str, list[Task]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        policy_named(self.policy, self.band)
        if min(self.proposals, self.per_prompt, self.max_tokens, len(self.openings)) < 1 or self.shots < 0:
            raise RecipeError("proposed: there is nothing to draw", expected="proposals, per_prompt, max_tokens >= 1")
        if not (0 <= self.trivial_reject_rate <= 1 and 0 < self.closest <= 1):
            raise RecipeError("proposed: a share is not one", expected="trivial_reject_rate and closest up to 1")

    def propose(self, state: State | None, n: int | None = None) -> Iterator[Task]:
        """Yields the round's puzzles, at most `n`; writes `proposals.json` and notes its numbers.

        Raises:
            InputError: The given puzzles cannot be read.
        """
        given = self._tasks(self.tasks)
        if not self.own or state is None or state.bench is None:
            yield from islice(given, n)
            return
        layout = Layout.of(given)
        screen = self._screen(given, state, state.bench)
        accepted, rejected = screen.sifted(self._written(given, state, state.bench), n)
        names = [f"own/{state.round}/{number:06}" for number, _ in accepted]
        texts = [text for _, text in accepted]
        facts = proposal_facts(rejected, texts, screen.before, screen.held_out)
        listed = [{"task_id": name, "puzzle": text} for name, text in zip(names, texts, strict=True)]
        write(state, PROPOSALS, facts, listed)
        if not accepted:
            log.warning("%s", nothing_left(state.round, rejected))
        yield from (layout.task(name, text, "proposed") for name, text in zip(names, texts, strict=True))

    def _tasks(self, text: str) -> list[Task]:
        """The puzzles of a task set, opened once."""
        if text not in self._opened:
            self._opened[text] = [task for task in open_task_set(text) if task.facts.kind == "puzzle"]
        return self._opened[text]

    def _held_out(self) -> list[Task]:
        if self.held_out != "auto":
            return [task for text in self.held_out for task in self._tasks(text)]
        other = re.sub(r"\[train\](\[[^\]]*\])?$", "[test]", self.tasks)
        return self._tasks(other) if other != self.tasks else []

    def _screen(self, given: Sequence[Task], state: State, bench: Workbench) -> Screen:
        return Screen(
            bench=bench,
            given=given,
            guarded=self._held_out(),
            earlier=tuple(str(row["puzzle"]) for row in self._earlier(state, PROPOSALS)),
            trivial=self.trivial,
            trivial_reject_rate=self.trivial_reject_rate,
            as_released=self.as_released,
            closest=self.closest,
            probes=self.probes,
            dice=f"{state.seed} {state.round}",
        )

    def _written(self, given: Sequence[Task], state: State, bench: Workbench) -> list[str]:
        """Every proposal of the round, in the order of the requests."""
        pool = self._pool(given, state)
        policy = policy_named(self.policy, self.band)

        def draw(number: int, dice: Random) -> list[str]:
            return [item.puzzle for item in drawn(pool, policy, number, dice)] if number else []

        writer = bench.beside(self._model()) if isinstance(self.proposer, dict) else bench
        asked = requests(self._wording(), self.proposals, draw, writer.fits, state.seed, state.round)
        found = {item.request.sample_index: written(item) for item in writer.generate(asked)}
        return [found[request.sample_index] for request in asked]

    def _model(self) -> Model:
        model: Model = build("models", Part.model_validate(self.proposer))
        return model

    def _wording(self) -> Wording:
        return Wording(
            template=self.template,
            openings=self.openings,
            shots=self.shots,
            budget=self.budget,
            per_prompt=self.per_prompt,
            temperature=self.temperature,
            top_p=self.top_p,
            max_tokens=self.max_tokens,
        )

    def _pool(self, given: Sequence[Task], state: State) -> list[Known]:
        """The puzzles that prompts may show."""
        own = [Known(**row) for row in self._earlier(state, PUZZLES)]
        theirs = [Known(task_id=task.task_id, puzzle=bare(task.hidden.puzzle)) for task in given]
        return {"given": theirs, "own": own or theirs, "both": [*theirs, *own]}[self.shown]

    def _earlier(self, state: State, name: str) -> list[dict[str, Any]]:
        return read(state.folder.parent.parent, state.round, name)


def nothing_left(round: int, rejected: Counter[str]) -> str:
    """What is said when no proposal of a round was taken."""
    why = ", ".join(f"{reason} {count}" for reason, count in rejected.most_common() if count)
    return (
        f"round {round + 1}: none of {sum(rejected.values())} proposals is a puzzle ({why or 'none was drawn'}); "
        "the round has no tasks"
    )
