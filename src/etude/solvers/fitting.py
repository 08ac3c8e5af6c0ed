"""Prompts that fit: what a model cannot read is left out of the question's body, never off the end of the prompt.

The end of a prompt says what form the answer takes; a model that does not see it answers something else. So the task's
text is shortened in its middle, then the program that is to be repaired at its end; tests, feedback and the last words
stay whole.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from etude.models.prompts import render
from etude.protocols import Workbench
from etude.records import TaskView

GAP = "\n[...]\n"
LEAST_TAIL = 0.3  # of what is kept of a question: its last words often say what to print


def fitted(template: str, view: TaskView, bench: Workbench, max_tokens: int, **context: Any) -> str:
    """The prompt that a template makes of a task, shortened until prompt and answer fit into the model's context.

    Only `instruct` tasks have a body that may be shortened: code that is to be continued would break.

    Args:
        max_tokens: What the answer may take.
    """
    prompt = render(template, view, **context)
    if view.kind != "instruct" or bench.fits(prompt, max_tokens):
        return prompt

    def with_body(kept: int) -> str:
        return render(template, replace(view, prompt=_shortened(view.prompt, kept)), **context)

    prompt = _longest(with_body, len(view.prompt), bench, max_tokens)
    program = str(context.get("program", ""))
    if not program or bench.fits(prompt, max_tokens):
        return prompt
    bare = replace(view, prompt=_shortened(view.prompt, 0))

    def with_program(kept: int) -> str:
        return render(template, bare, **{**context, "program": program[:kept], "completion": program[:kept]})

    return _longest(with_program, len(program), bench, max_tokens)


def _longest(make: Callable[[int], str], most: int, bench: Workbench, max_tokens: int) -> str:
    """The longest text of a family, by characters kept, that fits; the shortest where none does."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if bench.fits(make(middle), max_tokens):
            low = middle
        else:
            high = middle - 1
    return make(low)


def _shortened(text: str, kept: int) -> str:
    """The first and last of a text, `kept` characters in all."""
    if kept >= len(text):
        return text
    tail = int(kept * LEAST_TAIL)
    return text[: kept - tail] + GAP + (text[-tail:] if tail else "")
