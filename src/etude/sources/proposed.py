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
from etude.errors import InputError, RecipeError
from etude.protocols import Model, State, Workbench
from etude.puzzles.concepts import Catalogue, catalogue, use_facts
from etude.puzzles.diagnostics import PROPOSALS, PUZZLES, proposal_facts, read, write
from etude.puzzles.hard import merged, retried, solved_later, unsolved
from etude.puzzles.policies import Known, drawn, policy_named
from etude.puzzles.proposing import Layout, Wording, bare, concepts_of_prompt, requests, written
from etude.puzzles.screening import Screen
from etude.reads import READ, reading
from etude.records import Json
from etude.sources.lock import Reading
from etude.sources.task_set import open_task_set
from etude.tasks import Task

OTHER_SPLITS = ("test", "validation")

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Proposed:
    """Puzzles by a model, after given ones.

    Without a model at hand (`etude plan`), and with `own` false, the tasks are the given puzzles themselves.

    Args:
        tasks: The given puzzles, a task set such as `p3:PATH[train]`.
        held_out: Task sets that no proposal may repeat; "auto", alone or among others, is the splits `test` and
            `validation` of the given set, where it has them. Of tasks that are no puzzles the references are guarded:
            a puzzle whose body stands in one is refused.
        own: False yields the given puzzles: the control.
        proposals: Puzzles drawn per round.
        retry: At most so many of the model's own puzzles that earlier rounds have tried and not solved are tasks again,
            besides the new ones (`etude.puzzles.hard`). It reads what the curator `by_policy` writes.
        proposer: Who writes: the learning `agent`, the `base`, or a model part (`{use = "huggingface", path = "..."}`).
        shown: Which puzzles a prompt shows: the `given` ones, the model's `own` of earlier rounds (the given ones while
            there are none), or `both`.
        policy: Which of them are shown first: `uniform`, `band`, `archive` or `learnability`.
        band: The solve rates of `band`.
        concepts_from: A task set whose references name concepts to ask for (`etude.puzzles.concepts`); "" is none.
        concepts: So many of them are named in a prompt. `propose.v1` then gives way to `propose-concepts.v1`.
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
    retry: int = 0
    proposer: Literal["agent", "base"] | dict[str, Any] = "agent"
    shown: Literal["given", "own", "both"] = "given"
    policy: str = "uniform"
    band: tuple[float, float] = (0.05, 0.7)
    concepts_from: str = ""
    concepts: int = 2
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
        if isinstance(self.proposer, dict):
            self._model()  # says what is wrong with its settings
        if min(self.proposals, self.per_prompt, self.max_tokens, len(self.openings)) < 1 or self.shots < 0:
            raise RecipeError("proposed: there is nothing to draw", expected="proposals, per_prompt, max_tokens >= 1")
        if not (0 <= self.trivial_reject_rate <= 1 and 0 < self.closest <= 1):
            raise RecipeError("proposed: a share is not one", expected="trivial_reject_rate and closest up to 1")
        if self.retry < 0 or self.concepts < 1:
            raise RecipeError("proposed: retry or concepts is too small", expected="retry >= 0, concepts >= 1")

    def propose(self, state: State | None, n: int | None = None) -> Iterator[Task]:
        """Yields the round's puzzles, at most `n`; writes `proposals.json` and notes its numbers.

        Raises:
            InputError: The given puzzles cannot be read.
        """
        given = self._tasks(self.tasks)
        if not self.own or state is None or state.bench is None:
            yield from islice(given, n)
            return
        layout, again = Layout.of(given), self._again(state)[:n]
        screen, known = self._screen(given, state, state.bench), self._catalogue(state)
        limit = None if n is None else n - len(again)
        accepted, rejected = screen.sifted(self._written(given, state, state.bench, known), limit)
        names = [f"own/{state.round}/{number:06}" for number, _ in accepted]
        listed = [{"task_id": name, "puzzle": text} for name, (_, text) in zip(names, accepted, strict=True)]
        facts = proposal_facts(rejected, [text for _, text in accepted], screen.before, screen.held_out)
        facts |= {"guarded_sets": {name: len(tasks) for name, tasks in self._held_out().items()}}
        if state.note:
            for name, number in facts["guarded_sets"].items():
                state.note(READ, **reading(name, number, "guard", round=state.round))
        facts |= self._hard_facts(state, again) | self._concept_facts(state, accepted, known)
        write(state, PROPOSALS, facts, listed)
        if not accepted:
            log.warning("%s", nothing_left(state.round, rejected))
        wanted = [(str(row["task_id"]), str(row["puzzle"])) for row in listed]
        wanted += [(item.task_id, item.puzzle) for item in again]
        yield from (layout.task(name, text, "proposed") for name, text in wanted)

    def _again(self, state: State) -> list[Known]:
        """The unsolved puzzles of earlier rounds that are tried again."""
        return retried(self._unsolved(state), self.retry, state.seed, state.round) if self.retry else []

    def _unsolved(self, state: State) -> list[Known]:
        own = {str(row["task_id"]) for row in self._earlier(state, PROPOSALS)}
        return unsolved(self._practised(state), own)

    def _hard_facts(self, state: State, again: Sequence[Known]) -> dict[str, Json]:
        """What became of the puzzles that were not solved at first."""
        late = solved_later(self._practised(state))
        return {"hard": {"unsolved": len(self._unsolved(state)), "retried": len(again), "solved_later": late}}

    def _catalogue(self, state: State) -> Catalogue | None:
        """The concepts to ask for, with what the model has made of them so far."""
        if not self.concepts_from:
            return None
        programs = [task.reference for task in open_task_set(self.concepts_from) if task.reference]
        found = catalogue(programs, [str(row["puzzle"]) for row in self._earlier(state, PROPOSALS)])
        if not found.counts:
            raise InputError(
                f"{self.concepts_from} has no reference to read concepts from",
                expected="a task set with references, such as mbpp:PATH[train]",
                fix='source.concepts_from = ""',
            )
        return found

    def _concept_facts(
        self, state: State, accepted: Sequence[tuple[int, str]], known: Catalogue | None
    ) -> dict[str, Json]:
        if known is None:
            return {}
        wording = self._wording()
        asked = [
            (text, concepts_of_prompt(wording, known, number // self.per_prompt, state.seed, state.round))
            for number, text in accepted
        ]
        return {"concepts": use_facts(asked, known)}

    def _tasks(self, text: str, reading: Reading = "practice") -> list[Task]:
        """The puzzles of a task set, opened once."""
        return [task for task in self._all(text, reading) if task.facts.kind == "puzzle"]

    def _all(self, text: str, reading: Reading) -> list[Task]:
        if text not in self._opened:
            self._opened[text] = open_task_set(text, reading=reading)
        return self._opened[text]

    def _held_out(self) -> dict[str, list[Task]]:
        """Task set -> its tasks, which are guarded."""
        sets = ["auto"] if self.held_out == "auto" else self.held_out
        found: dict[str, list[Task]] = {}
        for text in sets:
            found |= self._beside() if text == "auto" else {text: self._all(text, "guard")}
        return found

    def _beside(self) -> dict[str, list[Task]]:
        """The other splits of the given set; not every set has a `validation`."""
        test, validation = (re.sub(r"\[train\](\[[^\]]*\])?$", f"[{split}]", self.tasks) for split in OTHER_SPLITS)
        if test == self.tasks:
            return {}
        found = {test: self._tasks(test, "guard")}
        try:
            more = self._tasks(validation, "guard")
        except InputError:  # there is no such split
            more = self._opened[validation] = []
        return found | ({validation: more} if more else {})

    def _screen(self, given: Sequence[Task], state: State, bench: Workbench) -> Screen:
        guarded = [task for tasks in self._held_out().values() for task in tasks]
        return Screen(
            bench=bench,
            given=given,
            guarded=[task for task in guarded if task.facts.kind == "puzzle"],
            programs=[task.reference for task in guarded if task.facts.kind != "puzzle" and task.reference],
            earlier=tuple(str(row["puzzle"]) for row in self._earlier(state, PROPOSALS)),
            trivial=self.trivial,
            trivial_reject_rate=self.trivial_reject_rate,
            as_released=self.as_released,
            closest=self.closest,
            probes=self.probes,
            dice=f"{state.seed} {state.round}",
        )

    def _written(self, given: Sequence[Task], state: State, bench: Workbench, known: Catalogue | None) -> list[str]:
        """Every proposal of the round, in the order of the requests."""
        pool = self._pool(given, state)
        policy = policy_named(self.policy, self.band)

        def draw(number: int, dice: Random) -> list[str]:
            return [item.puzzle for item in drawn(pool, policy, number, dice)] if number else []

        writer = bench.beside(self._model()) if isinstance(self.proposer, dict) else bench
        asked = requests(self._wording(), self.proposals, draw, writer.fits, state.seed, state.round, known)
        found = {item.request.sample_index: written(item) for item in writer.generate(asked)}
        return [found[request.sample_index] for request in asked]

    def _model(self) -> Model:
        model: Model = build("models", Part.model_validate(self.proposer))
        return model

    def _wording(self) -> Wording:
        plain = self.template == "propose.v1"
        return Wording(
            template="propose-concepts.v1" if plain and self.concepts_from else self.template,
            openings=self.openings,
            shots=self.shots,
            budget=self.budget,
            per_prompt=self.per_prompt,
            temperature=self.temperature,
            top_p=self.top_p,
            max_tokens=self.max_tokens,
            concepts=self.concepts,
        )

    def _pool(self, given: Sequence[Task], state: State) -> list[Known]:
        """The puzzles that prompts may show."""
        own = self._practised(state)
        theirs = [Known(task_id=task.task_id, puzzle=bare(task.hidden.puzzle)) for task in given]
        return {"given": theirs, "own": merged(own) or theirs, "both": [*theirs, *merged(own)]}[self.shown]

    def _practised(self, state: State) -> list[Known]:
        """How the puzzles of the earlier rounds went, one record per puzzle and round."""
        return [Known(**row) for row in self._earlier(state, PUZZLES)]

    def _earlier(self, state: State, name: str) -> list[dict[str, Any]]:
        return read(state.folder.parent.parent, state.round, name)


def nothing_left(round: int, rejected: Counter[str]) -> str:
    """What is said when no proposal of a round was taken."""
    why = ", ".join(f"{reason} {count}" for reason, count in rejected.most_common() if count)
    return (
        f"round {round + 1}: none of {sum(rejected.values())} proposals is a puzzle ({why or 'none was drawn'}); "
        "the round has no tasks"
    )
