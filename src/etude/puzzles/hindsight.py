"""Hindsight puzzles: a wrong answer is the right answer to the puzzle with other constants.

Method: hindsight relabelling as in SOAR (arXiv 2507.14172), for puzzles. A program that gave a plain value of the right
type, to which `sat` said no, is a solution of the puzzle whose failing conditions are moved to what the value gives
(`etude.puzzles.moving`). A changed puzzle goes through the filters of proposals; then the program must solve it, twice,
in the sandbox, before it is a row. What was left out is counted by its reason.
"""

import ast
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from random import Random
from typing import Any, NamedTuple

from etude.errors import RecipeError
from etude.programs.normalise import normalised
from etude.programs.parse import UNREADABLE
from etude.protocols import Judged, State, Workbench
from etude.puzzles.diagnostics import PROPOSALS, read, write
from etude.puzzles.moving import moved, probe, read_puzzle
from etude.puzzles.proposing import Layout, bare
from etude.puzzles.screening import Screen
from etude.puzzles.views import program_fault
from etude.puzzles.whole import Whole
from etude.records import Example, Json, Outcome, TestResult, identify
from etude.sources.task_set import open_task_set
from etude.tasks import Task

log = logging.getLogger(__name__)
FILE = "hindsight.json"
CHUNK = 64  # failed attempts looked at together; when there are rows enough, the rest is not run
AGAIN = ("\n_asked_again = 1\n", "\n_asked_again = 2\n")
"""Each makes a program another one to a sandbox that remembers what it has run."""


class Changed(NamedTuple):
    """A failed attempt, the bare puzzle that it solves, and the puzzle's task."""

    item: Judged
    puzzle: str
    task: Task


@dataclass
class HindsightPuzzles:
    """Adds rows of changed puzzles that this round's failed programs solve, after the rows it is given.

    Without a sandbox at hand it adds nothing, and says so.

    Args:
        cap: At most so many rows a round.
        per_puzzle: At most so many changes of one puzzle.
        known: Task sets that no changed puzzle may repeat; the round's puzzles and earlier ones count anyway.
        held_out: Task sets that no changed puzzle may repeat, come near to or behave like.
        closest, trivial, probes: As in `etude.sources.proposed.Proposed`.
        whole: Settings of the curator `whole`: the rows teach puzzle and solution. None teaches the solution only.
    """

    cap: int = 64
    per_puzzle: int = 1
    known: Sequence[str] = ()
    held_out: Sequence[str] = ()
    closest: float = 0.9
    trivial: dict[str, list[Json]] | None = None
    probes: int = 160
    whole: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        if min(self.cap, self.per_puzzle) < 1 or not 0 < self.closest <= 1:
            raise RecipeError("hindsight_puzzles: cap, per_puzzle or closest is wrong", expected="1 or more; up to 1")
        self._whole = Whole(**self.whole) if self.whole is not None else None

    def curate(self, judged: Sequence[Judged], examples: Iterable[Example], state: State) -> Iterator[Example]:
        """Yields the rows so far, then those of changed puzzles; writes `hindsight.json` and notes its numbers."""
        yield from examples
        if state.bench is None:
            log.warning("hindsight_puzzles: changed puzzles are run before they are learned, and there is no sandbox")
            return
        reasons: Counter[str] = Counter()
        found = self._found(_wrong(judged, state), state, state.bench, reasons)
        facts = {"changed": len(found), "left_out": dict(sorted(reasons.items()))}
        write(state, FILE, facts, [_listed(item) for item in found])
        rows = [_row(item, state) for item in found]
        if self._whole:
            rows = list(self._whole.curate((), rows, replace(state, tasks=tuple(item.task for item in found))))
        yield from rows

    def _found(self, wrong: Sequence[Judged], state: State, bench: Workbench, reasons: Counter[str]) -> list[Changed]:
        found: list[Changed] = []
        per_puzzle: Counter[str] = Counter()
        screen = self._screen(state, bench)
        for start in range(0, len(wrong), CHUNK):
            left = [item for item in wrong[start : start + CHUNK] if per_puzzle[item.task.task_id] < self.per_puzzle]
            texts = _texts(left, bench, reasons)
            accepted, refused = screen.sifted([text for _, text in texts], remember=True)
            reasons.update(refused)
            named = [_changed(*texts[number], f"hindsight/{state.round}/{number + start:06}") for number, _ in accepted]
            for item, good in zip(named, _solved(named, bench), strict=True):
                reason = "" if good else "does not hold"
                if good and per_puzzle[item.item.task.task_id] >= self.per_puzzle:
                    reason = "enough of this puzzle"
                if reason or len(found) >= self.cap:
                    reasons[reason or "over the cap"] += 1
                    continue
                per_puzzle[item.item.task.task_id] += 1
                found.append(item)
            if len(found) >= self.cap:
                break
        return found

    def _screen(self, state: State, bench: Workbench) -> Screen:
        """The filters of proposals, strict about trivial answers."""
        folder = state.folder.parent.parent
        earlier = [str(row["puzzle"]) for name in (PROPOSALS, FILE) for row in read(folder, state.round, name)]
        return Screen(
            bench=bench,
            given=[*(task for task in state.tasks if task.facts.kind == "puzzle"), *self._known],
            guarded=self._guarded,
            earlier=earlier,
            trivial=self.trivial,
            trivial_reject_rate=1.0,
            as_released=False,
            closest=self.closest,
            probes=self.probes,
            dice=f"hindsight {state.seed} {state.round}",
        )

    @cached_property
    def _known(self) -> list[Task]:
        return _opened(self.known)

    @cached_property
    def _guarded(self) -> list[Task]:
        return _opened(self.held_out)


def _opened(texts: Sequence[str]) -> list[Task]:
    return [task for text in texts for task in open_task_set(text, reading="guard") if task.facts.kind == "puzzle"]


def _wrong(judged: Sequence[Judged], state: State) -> list[Judged]:
    """Different wrong programs for shown puzzles, in an order drawn by the seed."""
    kept: dict[tuple[str, str], Judged] = {}
    for item in judged:
        shown = item.task.facts.shown.puzzle and item.task.facts.shown == item.task.hidden
        if item.verdict.passed is False and item.verdict.status == "failed" and shown:
            kept.setdefault((item.task.task_id, normalised(item.attempt.program)), item)
    found = [kept[key] for key in sorted(kept)]
    Random(f"hindsight {state.seed} {state.round}").shuffle(found)
    return found


def _texts(wrong: Sequence[Judged], bench: Workbench, reasons: Counter[str]) -> list[tuple[Judged, str]]:
    """The changed puzzles that the rules give, each with the attempt that should solve it."""
    answered = [
        (item, *_answer(outcome))
        for item, outcome in zip(
            wrong, bench.check([(item.task.facts, item.attempt.program) for item in wrong]), strict=True
        )
    ]
    asked = []
    for item, known, value in answered:
        readable = read_puzzle(bare(item.task.hidden.puzzle)) if known else None
        fault = "" if readable else "another form" if known else "no plain answer"
        if not fault and program_fault(item.attempt.program) == "forbidden":  # right today is not right tomorrow
            fault = "forbidden"
        if fault or not readable:
            reasons[fault] += 1
        else:
            asked.append((item, readable, value))
    outcomes = bench.check([probe(readable, value) for _, readable, value in asked])
    found = []
    for (item, readable, _), outcome in zip(asked, outcomes, strict=True):
        answers = [_read(result) for result in outcome.results]
        text = moved(readable, answers) if len(answers) == 2 * len(readable.conditions) else ""
        if text:
            found.append((item, text))
        else:
            reasons["no rule"] += 1
    return found


def _answer(outcome: Outcome) -> tuple[bool, Json]:
    """Whether a program gave a plain value of the right type that `sat` refused, and the value."""
    [result] = outcome.results or (None,)
    if result is None or result.passed is not False or result.expected != "True":
        return False, None
    if result.fault and result.fault.type != "AssertionError":  # `sat` raised, it did not say no
        return False, None
    value = _read(replace(result, fault=None))
    return value is not None, value


def _read(result: TestResult) -> Any:
    """The value that the sandbox showed; None where there is none, or it was cut, or is no literal."""
    try:
        return None if result.fault else ast.literal_eval(result.actual)
    except (*UNREADABLE, TypeError):
        return None


def _changed(item: Judged, puzzle: str, name: str) -> Changed:
    return Changed(item, puzzle, Layout.of([item.task]).task(name, puzzle, "hindsight"))


def _program(changed: Changed) -> str:
    from etude.models.reply import program_of

    return program_of(changed.item.attempt.completion, changed.task.view())


def _solved(items: Sequence[Changed], bench: Workbench) -> list[bool]:
    """Whether each program solves its changed puzzle, both times that it is run."""
    asked = [(item.task.facts, _program(item) + again) for again in AGAIN for item in items]
    good = [outcome.status == "ok" for outcome in bench.check(asked)]
    return [one and other for one, other in zip(good[: len(items)], good[len(items) :], strict=True)]


def _row(changed: Changed, state: State) -> Example:
    """The program as an answer to the changed puzzle's first prompt; the ids are those of the failed attempt."""
    from etude.models.prompts import render, target_for, template_for

    attempt, view, program = changed.item.attempt, changed.task.view(), _program(changed)
    template = template_for(view) if attempt.parent else attempt.template
    return Example(
        prompt=render(template or template_for(view), view),
        target=target_for(view, program),
        program=program,
        task_id=view.task_id,
        attempt=identify(attempt),
        verdict=identify(changed.item.verdict),
        round=state.round,
        feedback=f"hindsight of {identify(attempt)} at {attempt.task_id}",
        licence=changed.task.licence,
    )


def _listed(changed: Changed) -> dict[str, Json]:
    item = changed.item
    return {
        "task_id": changed.task.task_id,
        "puzzle": changed.puzzle,
        "of": item.attempt.task_id,
        "attempt": identify(item.attempt),
        "verdict": identify(item.verdict),
    }
