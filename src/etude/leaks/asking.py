"""Many questions to one program in one run: how they are put, and what became of each.

A question that takes long is given up inside the program's process, so that the next ones are still asked; where a run
breaks off, what was left over is asked in another one. All this only says which programs are judged in full: what the
program's process says of itself decides nothing.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from etude.protocols import Sandbox
from etude.records import Answer, Job, Limits, Run

LIMITS = Limits(cpu_seconds=6.0, wall_seconds=20.0)
"""Of one program on all questions of one run."""
TOGETHER = 400
"""Questions in one run."""
BROKEN_OFF = 6
"""Runs of one program that may break off before the rest of its questions is given up."""
QUICK, PATIENT = 0.1, 0.8
"""Processor seconds of one question, at first and when it is asked again."""
SLOW = "SlowAnswerOfExam"
ENTRY = "called_by_the_exam"
"""The name of whatever of a program is asked."""
NAMING = "\n\n{entry} = lambda *given, **named: {called}(*given, **named)\n"
WITHIN = """
import signal as _signal_of_exam


class SlowAnswerOfExam(BaseException):
    pass


def _give_up_exam(*_):
    raise SlowAnswerOfExam()


_signal_of_exam.signal(_signal_of_exam.SIGPROF, _give_up_exam)


def _within_time_of_exam(seconds, do):
    _signal_of_exam.setitimer(_signal_of_exam.ITIMER_PROF, seconds)
    try:
        return do()
    except SystemExit:
        raise RuntimeError("exit") from None
    finally:
        _signal_of_exam.setitimer(_signal_of_exam.ITIMER_PROF, 0)
"""

Said = Literal["wrong", "slow", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A program that is asked.

    Attributes:
        bare: Its definitions alone, which are run where the whole does not get as far as a first answer.
        alone: Its answers depend on earlier questions: each is asked in a run of its own.
    """

    source: str
    bare: str = ""
    alone: bool = False


class Inquiry(NamedTuple):
    """One question to one subject, under a set-up.

    Attributes:
        called: What of the program the question means by `ENTRY`; "" where it names what it means.
    """

    subject: int
    setup: str
    ask: str
    called: str = ""


class Waiting(NamedTuple):
    """The questions that one run will be asked; `bare`: of the definitions alone."""

    subject: int
    setup: str
    called: str
    places: Sequence[int]
    bare: bool = False


class Round:
    """Questions to many subjects.

    Args:
        seconds: Processor time that one question may take.
        bare: Subjects of which only the definitions can be asked, so far as that is known; more are added.
    """

    def __init__(self, subjects: Sequence[Subject], sandbox: Sandbox, seconds: float, bare: set[int]) -> None:
        self._subjects, self._sandbox, self._seconds = subjects, sandbox, seconds
        self._broken: Counter[int] = Counter()
        self._bare = bare

    def answers(self, inquiries: Sequence[Inquiry]) -> list[Answer | Said]:
        """An answer to each question, or why there is none; `wrong`: it brought the program down."""
        found: list[Answer | Said] = ["unknown"] * len(inquiries)
        queue = list(self._together(inquiries))
        while queue:
            runs = self._sandbox.run([self._job(item, inquiries) for item in queue])
            queue = [rest for item, run in zip(queue, runs, strict=True) for rest in self._read(item, run, found)]
        return found

    def _together(self, inquiries: Sequence[Inquiry]) -> Iterator[Waiting]:
        groups: dict[tuple[int, str, str], list[int]] = {}
        for place, inquiry in enumerate(inquiries):
            groups.setdefault((inquiry.subject, inquiry.setup, inquiry.called), []).append(place)
        for group, own in groups.items():
            size = 1 if self._subjects[group[0]].alone else TOGETHER
            bare = group[0] in self._bare
            yield from (Waiting(*group, own[at : at + size], bare) for at in range(0, len(own), size))

    def _job(self, item: Waiting, inquiries: Sequence[Inquiry]) -> Job:
        subject = self._subjects[item.subject]
        asks = tuple(f"_within_time_of_exam({self._seconds}, lambda: {inquiries[place].ask})" for place in item.places)
        source = subject.bare if item.bare else subject.source
        if item.called:  # the same questions in the same words to every program are compiled once
            source += NAMING.format(entry=ENTRY, called=item.called)
        return Job(source=source, setup=f"{item.setup}\n{WITHIN}", asks=asks, limits=LIMITS)

    def _read(self, item: Waiting, run: Run, found: list[Answer | Said]) -> Iterator[Waiting]:
        """Writes down what a run said, and yields what is to be asked again."""
        for place, answer in zip(item.places, run.answers, strict=False):
            found[place] = "slow" if answer.fault and answer.fault.type == SLOW else answer
        rest = item.places[len(run.answers) :]
        if rest and not run.answers and not item.bare and self._subjects[item.subject].bare:
            self._bare.add(item.subject)
            yield item._replace(bare=True)
        elif rest:
            yield from self._broken_off(item, rest, run, found)

    def _broken_off(
        self, item: Waiting, rest: Sequence[int], run: Run, found: list[Answer | Said]
    ) -> Iterator[Waiting]:
        said: Said = "unknown" if run.status == "unavailable" else "slow" if run.status == "timeout" else "wrong"
        found[rest[0]] = said
        self._broken[item.subject] += 3 if said == "slow" else 1
        if run.fault is not None or run.detail == "syntax":  # it does not even begin
            for place in rest:
                found[place] = "wrong"
        elif rest[1:] and self._broken[item.subject] < BROKEN_OFF:
            yield item._replace(places=rest[1:])
