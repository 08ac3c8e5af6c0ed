"""The figures that describe a round of self-made tasks: what each is called, where it lies, and what it means.

A figure is read from the facts of a round (file -> its numbers) and becomes one cell of text; a number that a round
does not have is None. It knows nothing of folders or of pages.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from etude.puzzles.diagnostics import AS_HELD_OUT, CLOSE

Facts = Mapping[str, Any]
"""Name of a file without its ending -> what is in it."""
Cell = Callable[[Facts], str | None]
NONE = "\N{EN DASH}"


class Figure(NamedTuple):
    """A line of the table: its name, one sentence on what it means, and how its cell is made."""

    name: str
    words: str
    cell: Cell


class Reasons(NamedTuple):
    """A table of counts by name: its heading, one sentence, and where the counts lie."""

    heading: str
    words: str
    path: str


def at(facts: Facts, path: str) -> Any:
    """What lies under keys joined by dots; None where there is nothing."""
    found: Any = facts
    for key in path.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def is_number(value: Any) -> bool:
    """Whether something read from a file can be counted with."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def count(value: Any) -> str | None:
    """`1 234`, or the text of what is no number."""
    return _shown(value, lambda number: f"{number:,.0f}".replace(",", "\N{THIN SPACE}"))


def share(value: Any) -> str | None:
    """`12.5 %`."""
    return _shown(value, lambda number: f"{100 * number:.1f} %")


def plain(value: Any) -> str | None:
    """`1.77`."""
    return _shown(value, lambda number: f"{number:.2f}")


def _shown(value: Any, form: Callable[[float], str]) -> str | None:
    if value is None:
        return None
    return form(value) if is_number(value) else str(value)


def _of(form: Callable[[Any], str | None], path: str) -> Cell:
    return lambda facts: form(at(facts, path))


def _pair(part: str, whole: str) -> Cell:
    def cell(facts: Facts) -> str | None:
        some, every = count(at(facts, part)), count(at(facts, whole))
        return None if some is None and every is None else f"{some or NONE} / {every or NONE}"

    return cell


def refused(facts: Facts) -> str | None:
    """How many proposals were refused for a held-out puzzle; older rounds have the reasons only."""
    known = at(facts, "proposals.refused_as_held_out")
    by_reason = [at(facts, f"proposals.rejected.{reason}") for reason in AS_HELD_OUT]
    numbers = [value for value in by_reason if is_number(value)]
    return count(known if known is not None else sum(numbers) if numbers else None)


FIGURES = (
    Figure("proposed", "Puzzles that the model wrote in this round.", _of(count, "proposals.proposed")),
    Figure("accepted", "Those that passed every filter: the round's new puzzles.", _of(count, "proposals.accepted")),
    Figure("valid", "The share of the proposals that can be run as puzzles.", _of(share, "proposals.valid")),
    Figure(
        "trivial",
        "The share of the valid ones that a constant solves, found by asking.",
        _of(share, "proposals.trivial"),
    ),
    Figure(
        "novel",
        "The share of the accepted ones whose kind no given or earlier puzzle has; two puzzles are of one kind if they "
        "differ in names and constants only.",
        _of(share, "proposals.novel"),
    ),
    Figure("kinds", "How many different kinds the accepted puzzles are of.", _of(count, "proposals.kinds")),
    Figure(
        "descriptors", "How many combinations of answer type and operations they use.", _of(count, "proposals.cells")
    ),
    Figure(
        "like a held-out puzzle",
        "How like its nearest held-out puzzle an accepted one is on average, from 0 to 1: of all runs of three words "
        "that the two have, the share that both have.",
        _of(plain, "proposals.to_held_out.mean"),
    ),
    Figure(
        "close to a held-out puzzle",
        f"The share of the accepted ones that are at least {CLOSE:g} like their nearest held-out puzzle.",
        _of(share, "proposals.to_held_out.close"),
    ),
    Figure(
        "guarded puzzles",
        "Held-out puzzles that no proposal may repeat, come near to or behave like.",
        _of(count, "proposals.guarded"),
    ),
    Figure("refused for a guarded puzzle", "Proposals that did one of these, together.", refused),
    Figure("… held out", "They are a guarded puzzle but for looks.", _of(count, "proposals.rejected.held out")),
    Figure(
        "… near held out",
        "They have nearly the words of a guarded puzzle.",
        _of(count, "proposals.rejected.near held out"),
    ),
    Figure(
        "… held-out behaviour",
        "They say yes to the same of the probed values as a guarded puzzle.",
        _of(count, "proposals.rejected.held-out behaviour"),
    ),
    Figure(
        "solved / tried",
        "Puzzles with a right answer, of those with an answer that could be judged.",
        _pair("puzzles.solved", "puzzles.tried"),
    ),
    Figure(
        "mean solve rate",
        "The share of right tries, averaged over the tried puzzles; repairs belong to their try.",
        _of(share, "puzzles.mean_rate"),
    ),
    Figure(
        "solutions",
        "Different right programs per solved puzzle; 1 means that the model has one idea for each.",
        _of(plain, "puzzles.solutions"),
    ),
    Figure("kept", "Puzzles whose solutions are learned from.", _of(count, "puzzles.kept")),
    Figure(
        "hard pool",
        "Own puzzles that earlier rounds have tried and none has solved.",
        _of(count, "proposals.hard.unsolved"),
    ),
    Figure(
        "tried again", "Puzzles of the hard pool that this round tries again.", _of(count, "proposals.hard.retried")
    ),
    Figure(
        "solved later",
        "Puzzles missed when they were new and solved by a later round before this one.",
        _of(count, "proposals.hard.solved_later"),
    ),
    Figure(
        "known concepts", "Concepts of real code that a prompt may ask for.", _of(count, "proposals.concepts.known")
    ),
    Figure(
        "use all concepts",
        "Accepted puzzles that use every concept they were asked for.",
        _pair("proposals.concepts.use_all", "proposals.concepts.puzzles"),
    ),
    Figure(
        "use some concept",
        "Accepted puzzles that use at least one of them.",
        _pair("proposals.concepts.use_some", "proposals.concepts.puzzles"),
    ),
    Figure("programs viewed", "Known programs that were at hand for views.", _of(count, "views.programs")),
    Figure("deductions", "Tasks to find what a known program gives.", _of(count, "views.made.deduction")),
    Figure("abductions", "Tasks to find what a known program was given.", _of(count, "views.made.abduction")),
    Figure("inductions", "Tasks to write a program after a few of its values.", _of(count, "views.made.induction")),
    Figure(
        "hindsight puzzles",
        "Puzzles with changed constants, to which a wrong answer is a right one; each is a row.",
        _of(count, "hindsight.changed"),
    ),
)

REASONS = (
    Reasons(
        "Why proposals were refused",
        "Every refused proposal counts once, for the first stage that it did not pass.",
        "proposals.rejected",
    ),
    Reasons("Why views were left out", "What was wrong with programs and with views of them.", "views.left_out"),
    Reasons(
        "Why wrong answers gave no hindsight puzzle",
        "Every wrong answer that was looked at in vain counts once.",
        "hindsight.left_out",
    ),
    Reasons("Concepts asked for", "Accepted puzzles whose prompt named the concept.", "proposals.concepts.asked"),
    Reasons("Concepts used", "Those that use it as well.", "proposals.concepts.used"),
)

MEANING = {
    "parses": "It is not one function with a `return`.",
    "signature": "It does not take one answer, and inputs that all have a default.",
    "type": "It asks for a type that no answer can have here.",
    "forbidden": "It uses what no puzzle needs, or what is different tomorrow.",
    "unbound": "It reads a name that nobody binds.",
    "unused": "It does not look at the answer.",
    "repeated": "It is, but for looks, a given or an earlier puzzle.",
    "held out": "It is, but for looks, a guarded puzzle.",
    "near held out": "It has nearly the words of a guarded puzzle.",
    "does not run": "It cannot be loaded in its time and memory.",
    "slow": "It does not end in its time.",
    "raises": "It is broken whatever it is asked.",
    "trivial": "A constant that nobody has to think for solves it.",
    "same behaviour": "It accepts the same of the probed values as a given or an earlier puzzle.",
    "held-out behaviour": "It accepts the same of the probed values as a guarded puzzle.",
    "over the limit": "The round had its puzzles.",
    "unjudged": "It could not be run, for a fault that is not its own.",
}
"""Reason of a refused proposal -> what it says."""
