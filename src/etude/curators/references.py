"""Learn from the task set's own right programs: ordinary fine-tuning, or what is learned where no sample passed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from etude.curators.order import by_task
from etude.errors import RecipeError
from etude.protocols import Judged, State
from etude.records import Attempt, Example, identify
from etude.tasks import Task


@dataclass
class References:
    """Rows from the references of the round's tasks, after the rows it is given.

    Args:
        limit: At most so many rows.
        unsolved_only: Only tasks where an attempt failed and none passed. A task whose attempts could not be judged
            is not known to be unsolved.
        on_repair: Where a task has failed repairs, its reference answers the prompt of the last of them instead of
            the task's initial prompt (the rule of bootstrapped repair, arXiv 2507.15889); needs `unsolved_only`.
        template: Template of the initial prompt, the solver's; "" picks by the kind of the task.
    """

    limit: int | None = None
    unsolved_only: bool = False
    on_repair: bool = False
    template: str = ""

    def __post_init__(self) -> None:
        if self.on_repair and not self.unsolved_only:
            raise RecipeError("references.on_repair without unsolved_only", fix="set unsolved_only = true as well")

    def curate(self, judged: Sequence[Judged], examples: Iterable[Example], state: State) -> Iterator[Example]:
        """Yields the rows so far, then those of the references in the order of the tasks."""
        yield from examples
        groups = dict(by_task(judged, state)) if self.unsolved_only else {}
        tasks = (task for task in state.tasks if not self.unsolved_only or _unsolved(groups.get(task.task_id, [])))
        rows = (self._row(task, groups.get(task.task_id, []), state) for task in tasks if task.reference)
        yield from islice(rows, self.limit)

    def _row(self, task: Task, group: Sequence[Judged], state: State) -> Example:
        repairs = [item.attempt for item in group if item.attempt.parent and item.verdict.passed is False]
        return reference_row(task, state, repairs[-1] if repairs and self.on_repair else None, self.template)


def reference_row(task: Task, state: State, repair: Attempt | None = None, template: str = "") -> Example:
    """The row in which a task's reference answers its initial prompt, or that of a failed repair."""
    from etude.models.prompts import render, target_for, template_for

    view = task.view()
    return Example(
        prompt=repair.prompt if repair else render(template or template_for(view, repair=False), view),
        target=target_for(view, task.reference),
        program=task.reference,
        task_id=task.task_id,
        origin="reference",
        attempt=identify(repair) if repair else "",
        round=state.round,
        feedback=repair.feedback if repair else "",
        licence=task.licence,
    )


def _unsolved(group: Sequence[Judged]) -> bool:
    verdicts = [item.verdict.passed for item in group]
    return False in verdicts and True not in verdicts
