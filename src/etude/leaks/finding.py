"""Finding leaks: which programs solve an exam task, whatever they look like.

A program and an exam task are compared where one of the program's functions takes what the tests hand over. One hidden
call of every such task is asked in one run, then two more of those that were right; what is right still is judged in
full by the rules of the judges. What was too slow is asked again with more time; where that does not help, a program
that reads like the reference is judged in full all the same. What cannot be decided is counted.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal, NamedTuple

from etude.judges.examine import Exam, examine
from etude.leaks.asking import ENTRY, PATIENT, QUICK, Inquiry, Round, Subject
from etude.leaks.likeness import Likeness
from etude.leaks.papers import papers
from etude.leaks.printing import printing
from etude.leaks.proving import proving
from etude.leaks.ways import Shape, Way, acts, definitions, remembers, ways
from etude.programs.normalise import normalised
from etude.programs.parse import defined
from etude.progress import Tracker, Watch, ignore
from etude.protocols import Sandbox
from etude.records import Answer, Example, Limits
from etude.sources.task_set import open_task_set
from etude.tasks import Task

CHUNK = 64
"""Programs that are asked at the same time."""
LIKE, NEAREST = 0.6, 3
"""From this share of the reference's runs on, a program that could not be asked is judged: before so many papers."""
AGAIN = 2
"""Slow questions of one program that are asked again; more are counted as undecided."""
LIMITS = Limits(cpu_seconds=10.0, wall_seconds=30.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """A program that passes every hidden test of an exam task.

    Attributes:
        place: The program's number among those given, from 0.
        task_id: The row's own task; "" for a bare program.
        exam, origin: The exam task and the set it is of.
        function: What of the program solves it; "" for a script.
        how: `asked` (found by what it does) or `alike` (its text led to it); it passed all tests either way.
        likeness: Share of the reference's text that stands in the program, 0 to 1.
    """

    place: int
    task_id: str
    exam: str
    origin: str
    function: str
    how: Literal["asked", "alike"]
    likeness: float


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A subject's way and the paper that it may solve, by their numbers. There are very many; each is itself alone."""

    subject: int
    way: Way
    paper: int


Stand = Literal["right", "slow", "unknown", "wrong"]
LATE = ("slow", "unknown")
WORSE: tuple[Stand, ...] = ("right", "slow", "unknown", "wrong")


class Found(NamedTuple):
    """A paper that a program solves."""

    paper: int
    function: str
    how: Literal["asked", "alike"]
    likeness: float


def find(
    programs: Iterable[Example | str], exams: Sequence[Task], sandbox: Sandbox, watch: Watch = ignore
) -> Iterator[Leak]:
    """Yields the leaks among rows or programs, in their order.

    Args:
        programs: Training rows, or program texts.
        exams: The tasks that nobody may learn from (`opened` opens task sets).
        sandbox: Where they run.
        watch: Told how far it is.
    """
    yield from Search(exams, sandbox).leaks(programs, watch)


def texts_of(row: Example | str) -> list[str]:
    """The programs that a row teaches: its program, and for a row of text the text itself where that is one."""
    if isinstance(row, str):
        return [row]
    whole = [row.prompt + row.target, row.target] if row.kind == "text" else []
    return list(dict.fromkeys(text for text in (row.program or row.target, *whole) if text.strip()))


class Search:
    """Exam tasks, made ready once, and what has been found of programs so far: equal programs are run once.

    Attributes:
        papers: The exam tasks that can be asked about.
        unusable: Exam tasks whose tests do not hold, or are not Python's.
    """

    def __init__(self, exams: Sequence[Task], sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.papers, self.unusable = papers(exams, sandbox)
        self._groups: dict[tuple[frozenset[Shape], frozenset[str]], list[int]] = {}
        for number, paper in enumerate(self.papers):
            if paper.entry_point:
                self._groups.setdefault((paper.shapes, paper.names), []).append(number)
        self._likeness = Likeness([paper.task.reference for paper in self.papers])
        self._known: dict[str, list[Found]] = {}
        self._late: Counter[str] = Counter()
        self._keys: dict[str, str] = {}

    @property
    def undecided(self) -> int:
        """Pairs of program and exam task that were too slow to decide, or met a fault of ours."""
        return self._late.total()

    def undecided_of(self, programs: Iterable[Example | str]) -> int:
        """As `undecided`, for these programs alone; those that were not looked at count nothing."""
        return sum(self._late[key] for key in {self._key(text) for row in programs for text in texts_of(row)})

    def _key(self, text: str) -> str:
        if text not in self._keys:
            self._keys[text] = _key(text)
        return self._keys[text]

    def leaks(self, programs: Iterable[Example | str], watch: Watch = ignore, arm: str = "leaks") -> Iterator[Leak]:
        """Yields the leaks among rows or programs, in their order; `arm` is whose rows they are, for the watch."""
        rows = iter(enumerate(programs))
        tracker = Tracker(arm, "programs against exams", 0, watch)
        while part := list(islice(rows, CHUNK)):
            texts = {place: texts_of(row) for place, row in part}
            self._learn([text for own in texts.values() for text in own])
            tracker.step(len(part))
            for place, row in part:
                found = {item.paper: item for text in texts[place] for item in self._known[self._key(text)]}
                tracker.verdicts["leak" if found else "clean"] += 1
                yield from (self._leak(place, row, found[number]) for number in sorted(found))
        tracker.end()

    def _leak(self, place: int, row: Example | str, found: Found) -> Leak:
        exam = self.papers[found.paper].task
        return Leak(
            place=place,
            task_id="" if isinstance(row, str) else row.task_id,
            exam=exam.task_id,
            origin=exam.origin,
            function=found.function,
            how=found.how,
            likeness=round(found.likeness, 3),
        )

    def _learn(self, texts: Sequence[str]) -> None:
        """Finds out about the programs that are not known yet."""
        fresh = {key: text for text in texts if (key := self._key(text)) not in self._known}
        keys, programs = list(fresh), list(fresh.values())
        subjects = [Subject(source=text, bare=definitions(text), alone=remembers(text)) for text in programs]
        bare: set[int] = set()
        late: list[int] = []
        callable_ = self._callable([ways(text) for text in programs], subjects, bare, late)
        pairs = [pair for place, text in enumerate(programs) for pair in self._pairs(place, text, callable_[place])]
        said = self._asked(pairs, subjects, bare)
        late += [pair.subject for pair, stand in said.items() if stand in LATE]
        asked = [pair for pair, stand in said.items() if stand == "right"]
        near = self._near([pair for pair, stand in said.items() if stand in LATE], programs)
        proved, slow = proving(pairs, self.papers, subjects, self._sandbox, bare)
        printed, slower = printing(programs, self.papers, self._sandbox)
        scripts = [Pair(place, Way(""), paper) for place, paper in printed]
        passed = self._judged([*dict.fromkeys([*asked, *near, *proved]), *scripts], subjects, bare, late)
        self._known |= {key: [] for key in fresh}
        self._late.update(keys[place] for place in (*late, *slow, *slower))
        for pair in passed:
            how: Literal["asked", "alike"] = "alike" if pair in near else "asked"
            share = self._likeness.of(programs[pair.subject]).get(pair.paper, 0.0)
            self._known[keys[pair.subject]].append(Found(pair.paper, pair.way.expression, how, share))

    def _callable(
        self, own: Sequence[Sequence[Way]], subjects: Sequence[Subject], bare: set[int], late: list[int]
    ) -> list[list[Way]]:
        """The ways that can be called when the program has run: a variable that a call gave may hold anything.

        Of programs that only define functions, nothing need be asked.
        """
        sure = [not acts(subject.source) for subject in subjects]
        asked = [(place, way) for place, ways_ in enumerate(own) for way in ways_ if not (way.certain and sure[place])]
        asking = Round([replace(subject, alone=False) for subject in subjects], self._sandbox, QUICK, bare)
        answers = asking.answers([Inquiry(place, "", f"callable({way.expression})") for place, way in asked])
        late += [place for (place, _), answer in zip(asked, answers, strict=True) if answer in LATE]
        wrong = {
            pair
            for pair, answer in zip(asked, answers, strict=True)
            if not (isinstance(answer, Answer) and answer.value is True)
        }
        return [[way for way in ways_ if (place, way) not in wrong] for place, ways_ in enumerate(own)]

    def _pairs(self, place: int, text: str, own: Sequence[Way]) -> Iterator[Pair]:
        """Every way to call a program with every paper whose tests it can be called by."""
        names = set(defined(text)) if any(wanted for _, wanted in self._groups) else set()
        for (shapes, wanted), numbers in self._groups.items():
            if wanted <= names:
                takers = [way for way in own if all(way.takes(shape) for shape in shapes)]
                yield from (Pair(place, way, number) for number in numbers for way in takers)

    def _asked(self, pairs: Sequence[Pair], subjects: Sequence[Subject], bare: set[int]) -> dict[Pair, Stand]:
        """How each pair stands after all questions of its paper; one whose paper has no question is right."""
        asking = Round(subjects, self._sandbox, QUICK, bare)
        pairs = [pair for pair in pairs if self.papers[pair.paper].entry_point == ENTRY]
        first = self._said(pairs, slice(0, 1), asking)
        second = self._said([pair for pair in pairs if first[pair] in ("right", "slow")], slice(1, None), asking)
        said = {pair: max(first[pair], second.get(pair, "right"), key=WORSE.index) for pair in pairs}
        slow: dict[int, list[Pair]] = {}
        for pair in (pair for pair in pairs if said[pair] == "slow"):
            slow.setdefault(pair.subject, []).append(pair)
        again = [pair for own in slow.values() for pair in own[:AGAIN]]
        patient = Round(subjects, self._sandbox, PATIENT, bare)
        said |= self._said([pair for pair in again if first[pair] == "slow"], slice(0, 1), patient)
        return said | self._said([pair for pair in again if first[pair] != "slow"], slice(1, None), patient)

    def _near(self, pairs: Sequence[Pair], programs: Sequence[str]) -> list[Pair]:
        """Of pairs that asking could not decide, those whose program is much like the reference."""
        alike = {subject: self._likeness.of(programs[subject]) for subject in {pair.subject for pair in pairs}}
        own: dict[int, list[Pair]] = {}
        for pair in pairs:
            if alike[pair.subject].get(pair.paper, 0.0) >= LIKE:
                own.setdefault(pair.subject, []).append(pair)
        ranked = (sorted(like, key=lambda pair: -alike[pair.subject][pair.paper]) for like in own.values())
        return [pair for like in ranked for pair in like[:NEAREST]]

    def _said(self, pairs: Sequence[Pair], part: slice, asking: Round) -> dict[Pair, Stand]:
        """How each pair stands after a part of its paper's questions."""
        asked = [(pair, item) for pair in pairs for item in self.papers[pair.paper].questions[part]]
        inquiries = [
            Inquiry(pair.subject, self.papers[pair.paper].tests.setup, item.ask, pair.way.expression)
            for pair, item in asked
        ]
        found: dict[Pair, Stand] = dict.fromkeys(pairs, "right")
        for (pair, question), answer in zip(asked, asking.answers(inquiries), strict=True):
            stand = answer if isinstance(answer, str) else "right" if question.agrees(answer) else "wrong"
            found[pair] = max(found[pair], stand, key=WORSE.index)
        return found

    def _judged(
        self, pairs: Sequence[Pair], subjects: Sequence[Subject], bare: set[int], late: list[int]
    ) -> list[Pair]:
        """The pairs that pass every hidden test."""
        exams = [self._exam(pair, subjects[pair.subject], pair.subject in bare) for pair in pairs]
        outcomes = examine(exams, self._sandbox)
        told = list(zip(pairs, outcomes, strict=True))
        late += [pair.subject for pair, outcome in told if outcome.status == "unavailable"]
        return [pair for pair, outcome in told if outcome.status == "ok"]

    def _exam(self, pair: Pair, subject: Subject, bare: bool) -> Exam:
        paper, expression = self.papers[pair.paper], pair.way.expression
        source = subject.bare if bare and expression else subject.source
        if expression and expression != paper.entry_point:
            source = f"{source}\n\n{paper.entry_point} = {expression}\n"
        return Exam(source, paper.tests, paper.entry_point, LIMITS)


def _key(text: str) -> str:
    """What equal programs have in common: the normal form, and the names of parameters, which a call may use."""
    return f"{normalised(text)}\n{ways(text)}"


def opened(texts: Iterable[str]) -> list[Task]:
    """The tasks of task sets such as `humaneval:PATH` or `lab[test]`.

    Raises:
        InputError: A text or a place is wrong.
    """
    return [task for text in texts for task in open_task_set(text, reading="guard")]
