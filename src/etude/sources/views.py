"""Tasks from programs that are there already: three views of one program, after Absolute Zero (arXiv 2505.03335).

The programs are the references of a task set, or the agent's own verified ones of earlier rounds. Every program is run
twice in the sandbox; what differs, raises or gives no plain value is left out, and counted by its reason. Inputs of
hidden tests decide and are never shown. See `etude.puzzles.views` for what a view is.
"""

import ast
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from random import Random
from typing import Any

from etude.config import nearest
from etude.errors import RecipeError
from etude.programs.normalise import normalised
from etude.programs.parse import UNREADABLE, defines
from etude.protocols import State, Workbench
from etude.puzzles.diagnostics import read, write
from etude.puzzles.filters import shape
from etude.puzzles.views import (
    VIEWS,
    Inputs,
    Made,
    Pair,
    Subject,
    abduction,
    deduction,
    induction,
    inputs_of,
    parted,
    program_fault,
)
from etude.puzzles.views import plain as is_plain
from etude.records import Call, Json, Outcome, TaskView, Tests, canonical
from etude.sources.task_set import open_task_set
from etude.tasks import Task

log = logging.getLogger(__name__)
FILE = "views.json"
CHUNK = 32  # programs looked at together; when there are tasks enough, the rest is not run
NOTHING = "\0 no program gives this \0"
AGAIN = "\n_asked_again = True\n"
"""Makes a program another one to a sandbox that remembers what it has run."""


@dataclass(kw_only=True)
class Views:
    """Deduction, abduction and induction tasks of known programs.

    Without a sandbox at hand (`etude plan`) there are no views, only what `beside` adds.

    Args:
        tasks: The task set whose programs and tests are used, such as `mbpp:PATH[train]`.
        settings: More settings of that source, such as `{visible_tests = 2}`: only inputs of shown tests are shown.
        views: Which of `deduction`, `abduction`, `induction`.
        references: Take the references of the set.
        own: Take the agent's own verified programs of earlier rounds for tasks of the set, and for inductions made of
            them.
        beside: Yield the tasks of the set as well, before the views.
        cap: At most so many views a round, the same number of each kind.
        per_program: At most so many deductions and abductions of one program.
        shown: At most so many pairs in the prompt of an induction.
    """

    tasks: str
    settings: dict[str, Any] = field(default_factory=dict)
    views: Sequence[str] = VIEWS
    references: bool = True
    own: bool = False
    beside: bool = False
    cap: int = 300
    per_program: int = 1
    shown: int = 3

    def __post_init__(self) -> None:
        for name in self.views:
            if name not in VIEWS:
                raise RecipeError(f"views: no view {name!r}", choices=nearest(name, VIEWS))
        if not self.views or not (self.references or self.own):
            raise RecipeError("views: there is nothing to look at", expected="a view, and references or own")
        if min(self.cap, self.per_program, self.shown) < 1:
            raise RecipeError("views: cap, per_program and shown count tasks and pairs", expected="1 or more")

    def propose(self, state: State | None, n: int | None = None) -> Iterator[Task]:
        """Yields at most `n` tasks; writes `views.json` and notes its numbers.

        Raises:
            InputError: The task set cannot be read.
        """
        given = open_task_set(self.tasks, self.settings)
        yield from islice(self._of_round(given, state), n)

    def _of_round(self, given: Sequence[Task], state: State | None) -> Iterator[Task]:
        if self.beside:
            yield from given
        if state is None or state.bench is None:
            log.warning("views: programs are run to make views, and there is no sandbox here: there are none")
            return
        earlier = read(state.folder.parent.parent, state.round, FILE)
        reasons: Counter[str] = Counter()
        subjects = self._subjects(given, state, earlier, reasons)
        made = self._made(subjects, state, {shape(row["text"]) for row in earlier}, reasons)
        counts = Counter(row["view"] for _, row in made)
        facts = {"programs": len(subjects), "made": {name: counts[name] for name in self.views}, "left_out": reasons}
        facts["left_out"] = dict(sorted(reasons.items()))
        write(state, FILE, facts, [row for _, row in made])
        if not made:
            why = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common()) or "there is no program"
            log.warning("round %d: no view of %d programs (%s)", state.round + 1, len(subjects), why)
        yield from (task for task, _ in made)

    def _subjects(
        self, given: Sequence[Task], state: State, earlier: Sequence[dict[str, Any]], reasons: Counter[str]
    ) -> list[Subject]:
        """The programs of the round, each once, in an order drawn by the seed."""
        known = {task.task_id: task for task in given if task.facts.kind != "puzzle"}
        programs = [(task, task.reference, task.facts.entry_point) for task in known.values() if self.references]
        if self.own:
            programs += _own(state, known, earlier)
        found: dict[tuple[str, str], Subject] = {}
        for task, program, entry_point in programs:
            item = _subject(task, program, entry_point)
            if isinstance(item, str):
                reasons[item] += 1
            else:
                found.setdefault((task.task_id, normalised(program)), item)
        ordered = [found[key] for key in sorted(found)]
        Random(f"views {state.seed} {state.round}").shuffle(ordered)
        return ordered

    def _made(
        self, subjects: Sequence[Subject], state: State, seen: set[str], reasons: Counter[str]
    ) -> list[tuple[Task, dict[str, Json]]]:
        """The views of as many programs as it takes, with the rows of `views.json`."""
        bench, share = state.bench, -(-self.cap // len(self.views))
        assert bench
        taken: list[tuple[Task, dict[str, Json]]] = []
        counts: Counter[str] = Counter()
        for start in range(0, len(subjects), CHUNK):
            for subject, item in self._looked_at(subjects[start : start + CHUNK], state, bench, reasons):
                fault = item.fault or self._late(item, seen, counts, share, len(taken))
                if fault or item.task is None:
                    reasons[f"{item.view}: {fault}"] += 1
                    continue
                counts[item.view] += 1
                name = f"views/{state.round}/{len(taken):05}/{item.view}"
                facts = replace(item.task.facts, task_id=name)
                row = {"task_id": name, "view": item.view, "of": subject.task, "text": _text(item.task)}
                taken.append((replace(item.task, facts=facts, origin=f"views: {item.view}"), row))
            if len(taken) >= self.cap or all(counts[name] >= share for name in self.views):
                break
        return taken

    def _late(self, item: Made, seen: set[str], counts: Counter[str], share: int, total: int) -> str:
        """Why a sound view is not taken after all; else it counts as seen."""
        form = shape(_text(item.task)) if item.task else ""
        if form in seen:
            return "repeated"
        if counts[item.view] >= share or total >= self.cap:
            return "over the cap"
        seen.add(form)
        return ""

    def _looked_at(
        self, subjects: Sequence[Subject], state: State, bench: Workbench, reasons: Counter[str]
    ) -> list[tuple[Subject, Made]]:
        found: list[tuple[Subject, Made]] = []
        for subject, pairs in zip(subjects, observed(subjects, bench), strict=True):
            if isinstance(pairs, str):
                reasons[pairs] += 1
            else:
                dice = Random(f"views {state.seed} {state.round} {subject.task} {normalised(subject.program)}")
                found += [(subject, item) for item in self._of(subject, pairs, dice)]
        return list(zip((subject for subject, _ in found), proved([item for _, item in found], bench), strict=True))

    def _of(self, subject: Subject, pairs: Sequence[Pair], dice: Random) -> Iterator[Made]:
        shown, hidden = parted(subject, pairs, dice, max(self.shown, self.per_program))
        for pair in shown[: self.per_program]:
            if "deduction" in self.views:
                yield deduction(subject, pair)
            if "abduction" in self.views:
                yield abduction(subject, pair, dice.randrange(len(pair.inputs)))
        if "induction" in self.views:
            some = shown[: self.shown]
            yield induction(subject, [*some, *hidden], len(some))


def _own(state: State, known: dict[str, Task], earlier: Sequence[dict[str, Any]]) -> list[tuple[Task, str, str]]:
    """The agent's verified programs: for the tasks of the set, and for inductions that were made of them."""
    made = {str(row["task_id"]): str(row["of"]) for row in earlier if row["view"] == "induction"}
    names = {str(row["task_id"]): str(row["text"]).rpartition("def ")[2].partition("(")[0] for row in earlier}
    found: list[tuple[Task, str, str]] = []
    for row in state.earlier:
        task = known.get(made.get(row.task_id, row.task_id))
        if task and row.verdict and row.origin != "reference":
            found.append((task, row.program, names.get(row.task_id, task.facts.entry_point)))
    return found


def _subject(task: Task, program: str, entry_point: str) -> Subject | str:
    """The program with its inputs, or why it is left out."""
    if not program:
        return "no program"
    if not entry_point or not defines(program, entry_point):
        return "no function"
    if fault := program_fault(program):
        return fault
    shown = inputs_of(task.facts.shown, task.facts.entry_point)
    free = {repr(item) for item in shown}
    hidden = [item for item in inputs_of(task.hidden, task.facts.entry_point) if repr(item) not in free]
    if not shown:
        return "no shown input that is plain"
    return Subject(
        task=task.task_id,
        program=program,
        entry_point=entry_point,
        open=tuple(shown),
        kept=tuple(hidden),
        licence=task.licence,
    )


def observed(subjects: Sequence[Subject], bench: Workbench) -> list[list[Pair] | str]:
    """What each program gives for its inputs, asked twice in different orders, or why that is of no use."""
    once = bench.check([(_questions(item, item.open + item.kept), item.program) for item in subjects])
    twice = bench.check([(_questions(item, (item.open + item.kept)[::-1]), item.program + AGAIN) for item in subjects])
    return [_pairs(*three) for three in zip(subjects, once, twice, strict=True)]


def _questions(subject: Subject, inputs: Sequence[Inputs]) -> TaskView:
    calls = tuple(Call(args=item, expected=NOTHING) for item in inputs)
    return TaskView(task_id="", kind="instruct", prompt="", entry_point=subject.entry_point, shown=Tests(calls=calls))


def _pairs(subject: Subject, once: Outcome, twice: Outcome) -> list[Pair] | str:
    if "unavailable" in (once.status, twice.status):
        return "unjudged"
    inputs = subject.open + subject.kept
    one, other = _actual(once, len(inputs)), _actual(twice, len(inputs))[::-1]
    if None in one or None in other:
        return "slow" if "timeout" in (once.status, twice.status) else "raises"
    if one != other:
        return "differs between two runs"
    values = [_value(text or "") for text in one]
    if not all(is_plain(value) and value is not None for value in values):
        return "no short plain value"
    if len(values) > 1 and len(set(map(canonical, values))) == 1:
        return "constant"
    return [Pair(*item) for item in zip(inputs, values, strict=True)]


def _actual(outcome: Outcome, count: int) -> list[str | None]:
    """The text of each value; None where there was none."""
    found = [None if result.fault or not result.actual else result.actual for result in outcome.results]
    return [*found, *[None] * (count - len(found))]


def _value(text: str) -> Any:
    """The value that the sandbox showed; one that was cut, or is no literal, is none."""
    try:
        return ast.literal_eval(text)
    except (*UNREADABLE, TypeError):
        return ()


def proved(items: Sequence[Made], bench: Workbench) -> list[Made]:
    """The views with what the sandbox says against them: the reference must be right, and no guess may be."""
    made = [item for item in items if item.task]
    right = bench.check([(_all_tests(item.task), item.task.reference + AGAIN) for item in made if item.task])
    guessed = bench.check([_guessing(item) for item in made])
    faults: dict[int, str] = {}
    for item, reference, guess in zip(made, right, guessed, strict=True):
        if reference.status != "ok":
            faults[id(item)] = "unjudged" if reference.status == "unavailable" else "does not hold"
        elif item.asked and any(result.passed for result in guess.results):
            faults[id(item)] = "trivial"
    return [replace(item, task=None, fault=faults[id(item)]) if id(item) in faults else item for item in items]


def _all_tests(task: Task) -> TaskView:
    """Shown and hidden tests as one view, for the reference alone."""
    if task.facts.kind == "puzzle":
        return task.facts
    return replace(task.facts, shown=Tests(calls=task.facts.shown.calls + task.hidden.calls))


def _guessing(item: Made) -> tuple[TaskView, str]:
    calls = tuple(Call(args=(value,), expected=True) for value in item.asked)
    view = TaskView(task_id="", kind="instruct", prompt="", entry_point="sat", shown=Tests(calls=calls))
    return view, item.task.hidden.puzzle if item.task else ""


def _text(task: Task) -> str:
    return task.hidden.puzzle or task.facts.prompt
