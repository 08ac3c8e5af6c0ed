"""A task set of programs that read and print, put into another language: `in:lua:jsonl:FILE`, `in:lua+r:apps[train]`.

After "Agnostics" (arXiv 2508.04865): a task whose verdict is what a program prints for what it reads can be asked of
any language. Tasks that are judged otherwise, or whose text speaks of Python, are left out and counted. References are
left behind, for they are programs in the language that a task comes from.
"""

import hashlib
import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from etude.errors import InputError
from etude.protocols import State
from etude.sandbox.languages import language, named
from etude.tasks import Task

log = logging.getLogger(__name__)
TIED = re.compile(r"\bpython\d?\b|\bdef \w+\(", re.IGNORECASE)
TEST = "test"


@dataclass
class InLanguage:
    """Tasks of another set, in one of the languages named.

    Args:
        path: `LANGUAGES:SET`. Of several languages, with a plus sign between, each task gets one: the task id decides.
        split: A split of that set; "" is the set as it is written.
        each: Ask for every task in every language instead; the language is then part of the task id.
    """

    path: str = ""
    split: str = ""
    each: bool = False

    def propose(self, state: State | None, n: int | None = None) -> Iterator[Task]:
        """Yields the tasks in the order of the set.

        Raises:
            InputError: The text names no language or no set, or no task of the set fits.
            LockedError: It is to be practised on, and holds test tasks.
        """
        from etude.sources.task_set import open_task_set

        words, colon, inner = self.path.partition(":")
        if not words or not colon or not inner:
            raise InputError(
                f"in:{self.path} names no language or no task set", expected="in:LANGUAGE:SET", fix="in:lua:jsonl:FILE"
            )
        names = [named(word) for word in words.split("+")]
        whole = f"{inner}[{self.split}]" if self.split else inner
        given = open_task_set(whole, reading="look" if self.split == TEST else "practice")
        reasons = Counter(filter(None, map(unfit, given)))
        fitting = [task for task in given if not unfit(task)]
        if not fitting:
            raise InputError(f"no task of {whole} can be asked in another language: {_told(reasons)}")
        if reasons:
            log.warning(
                "in:%s leaves %d of %d tasks out: %s", self.path, len(given) - len(fitting), len(given), _told(reasons)
            )
        yield from islice(self._spoken(fitting, names), n)

    def _spoken(self, tasks: Iterable[Task], names: list[str]) -> Iterator[Task]:
        for task in tasks:
            for name in names if self.each else [names[_draw(task.task_id, len(names))]]:
                yield in_language(task, name, suffix=self.each)


def unfit(task: Task) -> str:
    """Why a task cannot be asked in another language, or ""."""
    kinds = {task.hidden.kind, task.facts.shown.kind} - {None}
    if kinds != {"stdio"} or task.hidden.setup or task.facts.entry_point:
        return "not judged by what a program reads and prints"
    return "its text speaks of Python" if TIED.search(task.facts.prompt) else ""


def in_language(task: Task, name: str, *, suffix: bool = False) -> Task:
    """A task that reads and prints, asked in another language.

    Args:
        task: The task.
        name: A language, as `etude.sandbox.languages` knows it.
        suffix: Whether the language becomes part of the task id.
    """
    task_id = f"{task.task_id}/{language(name).name}" if suffix else task.task_id
    facts = replace(task.facts, task_id=task_id, kind="instruct", language=name)
    reference = task.reference if task.facts.language == name else ""
    return replace(task, facts=facts, reference=reference)


def _draw(task_id: str, count: int) -> int:
    return int.from_bytes(hashlib.sha256(task_id.encode("utf-8", "surrogatepass")).digest()[4:8]) % count


def _told(reasons: Counter[str]) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in sorted(reasons.items()))
