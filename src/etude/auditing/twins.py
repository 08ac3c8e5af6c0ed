"""Tasks that say the same: in the words of the prompt or in the reference, within a set and across sets.

Nothing runs here; `behaviour` finds twins that only do the same.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from etude.auditing.card import Finding
from etude.programs.normalise import normalised
from etude.tasks import Task

ALIKE = 0.8
"""Share of common word pairs from which two prompts are called similar."""
LEAST_WORDS = 5
COMMON = 0.2
"""Word pairs that more prompts than this share do not help to find a similar one."""
FEW = 25
NAMED = 3
"""Similar prompts of one task that are named: the instances of one puzzle are all alike."""

Found = dict[str, list[Finding]]
Named = tuple[str, Task]
"""A task and the set it is in; "" for the audited set itself."""


def defects(tasks: Sequence[Task], others: Mapping[str, Sequence[Task]]) -> Found:
    """Task id -> that its reference is, but for looks and names, that of an earlier task or of one of another set."""
    found: Found = defaultdict(list)
    known: dict[str, str] = {}
    for name, task in [*_named(others), *(("", task) for task in tasks)]:
        form = _reference(task)
        if not form:
            continue
        if not name and form in known:
            found[task.task_id].append(Finding(name="duplicate reference", detail=f"as {known[form]}"))
        known.setdefault(form, label(name, task))
    return found


def _named(others: Mapping[str, Sequence[Task]]) -> list[Named]:
    return [(name, task) for name, tasks in others.items() for task in tasks]


def label(name: str, task: Task) -> str:
    """How a task is named in a finding."""
    return f"{task.task_id} of {name}" if name else task.task_id


def _reference(task: Task) -> str:
    """The reference in normal form, whatever its function is called; "" where there is none, or it solves a puzzle."""
    if not task.reference.strip() or task.facts.kind == "puzzle":
        return ""
    name = task.facts.entry_point
    text = re.sub(rf"\b{re.escape(name)}\b", "entry_point", task.reference) if name else task.reference
    return normalised(text)


def remarks(tasks: Sequence[Task], others: Mapping[str, Sequence[Task]]) -> Found:
    """Task id -> earlier tasks, and tasks of other sets, whose prompt has nearly the same words."""
    pool: list[Named] = [*_named(others), *(("", task) for task in tasks)]
    pairs = [_pairs(task.facts.prompt) for _, task in pool]
    counts = Counter(pair for own in pairs for pair in own)
    rare = {pair for pair, count in counts.items() if count <= max(FEW, COMMON * len(pool))}
    where: dict[tuple[str, str], list[int]] = defaultdict(list)
    found: Found = defaultdict(list)
    for at, ((name, task), own) in enumerate(zip(pool, pairs, strict=True)):
        if not name:
            near = sorted(_near(own, rare, where, pairs), key=lambda item: -item[1])[:NAMED]
            found[task.task_id] += [_similar(pool[other], share) for other, share in near]
        for pair in own & rare:
            where[pair].append(at)
    return found


def _similar(other: Named, share: float) -> Finding:
    return Finding(name="similar prompt", detail=f"{share:.0%} as {label(*other)}")


def _pairs(prompt: str) -> frozenset[tuple[str, str]]:
    """Neighbouring words; of few words, nothing is said."""
    words = re.findall(r"\w+", prompt.casefold())
    return frozenset(pairwise(words)) if len(words) >= LEAST_WORDS else frozenset()


def _near(
    own: frozenset[tuple[str, str]],
    rare: set[tuple[str, str]],
    where: Mapping[tuple[str, str], Sequence[int]],
    pairs: Sequence[frozenset[tuple[str, str]]],
) -> Iterator[tuple[int, float]]:
    for at in sorted({at for pair in own & rare for at in where.get(pair, ())}):
        share = len(own & pairs[at]) / len(own | pairs[at])
        if share >= ALIKE:
            yield at, share
