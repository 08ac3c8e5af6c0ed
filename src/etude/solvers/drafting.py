"""From views to requests, and from completions back to attempts: what every solver shares."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from etude.models.prompts import stops_for
from etude.models.reply import program_of
from etude.protocols import Budget, Workbench
from etude.records import Agent, Attempt, Request, Sampling, TaskView


class Draft(NamedTuple):
    """One attempt to be written: which task, with which prompt, and what it repairs."""

    view: TaskView
    prompt: str
    template: str
    sample_index: int
    parent: str = ""
    feedback: str = ""


Place = Callable[[TaskView], Sampling]


def write(
    drafts: Sequence[Draft], agent: Agent, bench: Workbench, budget: Budget, name: str, place: Place
) -> Iterator[Attempt]:
    """Draws one completion per draft and turns it into an attempt, in the order the model answers.

    Args:
        drafts: At most one draft per (prompt, sample index).
        name: The solver's name, kept in the attempt.
        place: The sampling parameters for a view.
    """
    waiting: dict[tuple[str, int], list[Draft]] = {}
    requests: list[Request] = []
    for draft in drafts:
        key = (draft.prompt, draft.sample_index)
        if key not in waiting:
            requests.append(Request(prompt=draft.prompt, sample_index=draft.sample_index, sampling=place(draft.view)))
        waiting.setdefault(key, []).append(draft)
    for completion in bench.generate(requests):
        for draft in waiting[(completion.request.prompt, completion.request.sample_index)]:
            yield Attempt(
                task_id=draft.view.task_id,
                prompt=draft.prompt,
                completion=completion.text,
                program=program_of(completion.text, draft.view),
                template=draft.template,
                agent=agent.fingerprint,
                solver=name,
                sample_index=draft.sample_index,
                seed=budget.seed,
                round=budget.round,
                prompt_tokens=completion.prompt_tokens,
                completion_tokens=completion.completion_tokens,
                parent=draft.parent,
                feedback=draft.feedback,
            )


def sampling(view: TaskView, *, temperature: float, top_p: float, max_tokens: int, seed: int) -> Sampling:
    """The sampling parameters for a view: the solver's settings, and the stop strings of the view's kind."""
    return Sampling(temperature=temperature, top_p=top_p, max_tokens=max_tokens, stop=stops_for(view), seed=seed)
