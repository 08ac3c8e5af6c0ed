"""Worked examples in front of a prompt: solved tasks of the agent's own, those most like the task at hand.

Which solved tasks an agent carries is the business of the learner `prompt_bank`; here they are searched. Likeness is
BM25 over the words of the tasks' texts and shown tests (Robertson and Zaragoza 2009, by `bm25s`). A task is never shown
its own earlier solution, and the most similar example stands last, next to the question. An example is that task's own
prompt with its answer behind it, so every template can have them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from etude.errors import MissingError
from etude.models.prompts import render, shown_lines, target_for, template_for
from etude.protocols import Workbench
from etude.records import Agent, Demonstration, TaskView

WORD = re.compile(r"[A-Za-z][a-z]*|\d+")


@dataclass(frozen=True)
class Shelf:
    """Demonstrations that can be searched; those of repairs, or those of first attempts.

    Attributes:
        most: Examples in a prompt, at most.
    """

    demonstrations: Sequence[Demonstration]
    most: int

    @classmethod
    def of(cls, agent: Agent, most: int, *, repairs: bool = False) -> "Shelf":
        """What of an agent's demonstrations fits a prompt of one kind."""
        fitting = [item for item in agent.demonstrations if bool(item.wrong) == repairs] if most else []
        return cls(fitting, most)

    def before(self, prompt: str, view: TaskView, bench: Workbench, max_tokens: int) -> str:
        """A prompt with examples in front of it, as many as fit into the model's context with an answer."""
        found, shots = prompt, ""
        for item in self.nearest(view):
            shots = f"{_shot(item)}{shots}"
            if not bench.fits(shots + prompt, max_tokens):
                break
            found = shots + prompt
        return found

    def nearest(self, view: TaskView) -> list[Demonstration]:
        """The demonstrations most like a task, the nearest first; of equals the earlier one."""
        if not self.demonstrations:
            return []
        likeness = self._index.get_scores(_words(view))
        ranked = sorted(range(len(self.demonstrations)), key=lambda place: -float(likeness[place]))
        others = (self.demonstrations[place] for place in ranked)
        return list(islice((item for item in others if _may_show(item.view, view)), self.most))

    @cached_property
    def _index(self) -> Any:
        try:
            import bm25s
        except ImportError:
            raise MissingError(
                "bm25s, which finds the examples for a prompt, is not installed", fix="pip install 'etude[bank]'"
            ) from None
        index = bm25s.BM25(backend="numpy")
        index.index([_words(item.view) for item in self.demonstrations], show_progress=False)
        return index


def _may_show(shown: TaskView, view: TaskView) -> bool:
    """Another task of the same kind and language; one with the same text is the same task under another name."""
    same = shown.task_id == view.task_id or shown.prompt.strip() == view.prompt.strip()
    return not same and (shown.kind, shown.language) == (view.kind, view.language)


def _shot(item: Demonstration) -> str:
    """A prompt with its answer, and the space that sets it apart from what follows."""
    template = template_for(item.view, repair=bool(item.wrong))
    told = {"program": item.wrong, "feedback": item.feedback} if item.wrong else {}
    text = render(template, item.view, **told) + target_for(item.view, item.program)
    return text.rstrip() + "\n\n\n"


def _words(view: TaskView) -> list[str]:
    """The words of a task in lower case; parts of a name count as words."""
    text = "\n".join([view.prompt, view.entry_point, *shown_lines(view.shown, view.entry_point), view.shown.puzzle])
    return [word.lower() for word in WORD.findall(text)]
