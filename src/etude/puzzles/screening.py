"""The filters at work on a round of proposals: cheap ones first, the sandbox only for what they leave.

It knows what was there before (given puzzles, earlier rounds) and what is held out, and counts every reject.
"""

import ast
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Any

from etude.protocols import Workbench
from etude.puzzles.deriving import answer_of
from etude.puzzles.filters import (
    Probe,
    Reason,
    Seen,
    body_runs,
    contained,
    grams,
    likeness,
    probe,
    seen,
    shape,
    text_fault,
)
from etude.puzzles.instance import IMPORTS
from etude.puzzles.proposing import bare
from etude.puzzles.question import read_question
from etude.records import Json
from etude.tasks import Task

Numbered = tuple[int, str]
"""A proposal and its place among all of the round."""


@dataclass(frozen=True, kw_only=True)
class Screen:
    """The stages with what they compare with.

    Attributes:
        bench: Where puzzles are asked about values; it remembers the answers.
        given, guarded: Puzzles that a proposal may not repeat; near the guarded ones it may not even come.
        earlier: Puzzles of earlier rounds.
        programs: References of evaluation tasks that are no puzzles; a puzzle whose body stands in one is refused.
        dice: Seeds the choice of the puzzles that are not asked for trivial answers.

    The other attributes are those of `etude.sources.proposed.Proposed`.
    """

    bench: Workbench
    given: Sequence[Task]
    guarded: Sequence[Task]
    earlier: Sequence[str]
    trivial: Mapping[str, Sequence[Json]] | None
    trivial_reject_rate: float
    as_released: bool
    closest: float
    probes: int
    dice: str
    programs: Sequence[str] = ()

    def sifted(
        self, proposals: Sequence[str], limit: int | None = None, *, remember: bool = False
    ) -> tuple[list[Numbered], Counter[str]]:
        """The proposals that are puzzles, in order, and how many were refused for each reason.

        With `remember`, what was looked at is known to the next call and refused there as a repetition.
        """
        rejected: Counter[str] = Counter()
        shapes, taken = (self._shapes, self._behaviours) if remember else (set(self._shapes), set(self._behaviours))
        readable = self._through(list(enumerate(proposals)), rejected, self._readable)
        fresh = self._through(readable, rejected, self._repeated(shapes))
        reports = self._probed([text for _, text in fresh])
        kept: list[Numbered] = []
        for (number, text), report in zip(fresh, reports, strict=True):
            fault = self._behaves(number, text, report, taken)
            if fault is None and limit is not None and len(kept) >= limit:
                fault = "over the limit"
            if fault:
                rejected[fault] += 1
            else:
                kept.append((number, text))
        return kept, rejected

    @cached_property
    def before(self) -> list[str]:
        """Given puzzles and those of earlier rounds."""
        return [*(bare(task.hidden.puzzle) for task in self.given), *self.earlier]

    @cached_property
    def held_out(self) -> list[str]:
        """The guarded puzzles."""
        return [bare(task.hidden.puzzle) for task in self.guarded]

    def _through(self, items: Sequence[Numbered], rejected: Counter[str], stage: Any) -> list[Numbered]:
        kept: list[Numbered] = []
        for number, text in items:
            fault = stage(number, text)
            if fault:
                rejected[fault] += 1
            else:
                kept.append((number, text))
        return kept

    def _spared(self, number: int) -> bool:
        """Whether a proposal is among the few that are not asked for trivial answers."""
        return Random(f"trivial {self.dice} {number}").random() >= self.trivial_reject_rate

    def _readable(self, number: int, text: str) -> Reason | None:
        return text_fault(text, lenient=self.as_released and self._spared(number))

    def _repeated(self, shapes: set[str]) -> Any:
        """The stage that refuses what was there before, and what is too like a held-out puzzle."""
        guarded = {shape(text) for text in self.held_out}
        near = [grams(text) for text in self.held_out]
        bodies = [body_runs(text) for text in self.programs]

        def stage(number: int, text: str) -> Reason | None:
            form = shape(text)
            if form in guarded:
                return "held out"
            if form in shapes:
                return "repeated"
            shapes.add(form)
            own, body = grams(text), body_runs(text)
            close = any(likeness(own, other) >= self.closest for other in near)
            close = close or any(contained(body, other) >= self.closest for other in bodies)
            return "near held out" if close else None

        return stage

    def _behaves(self, number: int, text: str, report: Seen, taken: set[str]) -> Reason | None:
        """What running a puzzle on its probe says against it; else its behaviour counts as taken."""
        kind = self._kind(text)
        trivial = report.accepted and report.accepted[0] < self._probe(kind).trivial
        if report.fault:
            return report.fault
        if trivial and not self._spared(number):
            return "trivial"
        behaviour = report.behaviour(kind)
        if behaviour in self._guarded_behaviours:
            return "held-out behaviour"
        if behaviour in taken:
            return "same behaviour"
        taken.update({behaviour} - {""})
        return None

    @cached_property
    def _shapes(self) -> set[str]:
        return {shape(text) for text in self.before}

    @cached_property
    def _behaviours(self) -> set[str]:
        return self._known(self.before)

    @cached_property
    def _guarded_behaviours(self) -> set[str]:
        return self._known(self.held_out)

    def _known(self, puzzles: Sequence[str]) -> set[str]:
        readable = [text for text in puzzles if read_question(text)]
        found = zip(readable, self._probed(readable), strict=True)
        return {behaviour for text, report in found if (behaviour := report.behaviour(self._kind(text)))}

    def _probed(self, puzzles: Sequence[str]) -> list[Seen]:
        """What each puzzle says to the probe of its type."""
        asked = [(self._probe(self._kind(text)).view, f"{IMPORTS}\n\n{text}\n") for text in puzzles]
        return [seen(outcome) for outcome in self.bench.check(asked)]

    def _kind(self, puzzle: str) -> str:
        question = read_question(puzzle)
        return question.answer if question else ""

    def _probe(self, kind: str) -> Probe:
        known = self.__dict__.setdefault("_by_kind", {})  # a frozen record may remember what follows from it
        if kind not in known:
            known[kind] = probe(kind, self.trivial, self._answers.get(kind, []), self.probes)
        found: Probe = known[kind]
        return found

    @cached_property
    def _answers(self) -> dict[str, list[Json]]:
        """Type -> answers that people gave to its puzzles, where they are plain values."""
        found: dict[str, list[Json]] = {}
        for kind, value in _plain_answers([*self.guarded, *self.given]):
            found.setdefault(kind, []).append(value)
        return found


def _plain_answers(tasks: Sequence[Task]) -> Iterator[tuple[str, Json]]:
    for task in tasks:
        question, text = read_question(task.hidden.puzzle), answer_of(task.reference)
        try:
            value = ast.literal_eval(text) if question and text else None
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            continue
        if question and value is not None:
            yield question.answer, value
