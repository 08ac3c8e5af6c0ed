"""The one order of judged attempts, whatever order they were sampled and judged in.

Tasks stand as in the round's task list; a task's attempts by sample, each before its repairs.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby

from etude.protocols import Judged, State
from etude.records import Attempt, identify


def by_task(judged: Iterable[Judged], state: State) -> list[tuple[str, list[Judged]]]:
    """Task id -> its judged attempts, both in the one order; tasks that are not the round's come last, by id."""
    place = {task.task_id: index for index, task in enumerate(state.tasks)}
    items = [(identify(item.attempt), item) for item in judged]
    parents = {name: item.attempt for name, item in items}

    def key(entry: tuple[str, Judged]) -> tuple[int, str, int, int, str]:
        name, item = entry
        task_id = item.attempt.task_id
        depth = len(ancestors(item.attempt, parents))
        return (place.get(task_id, len(place)), task_id, item.attempt.sample_index, depth, name)

    ordered = [item for _, item in sorted(items, key=key)]
    return [(task_id, list(group)) for task_id, group in groupby(ordered, key=lambda item: item.attempt.task_id)]


def ancestors(attempt: Attempt, parents: dict[str, Attempt]) -> Sequence[Attempt]:
    """The failed attempts that this one repairs, nearest first, as far as they are known."""
    chain: list[Attempt] = []
    seen = {attempt.parent}
    while attempt.parent in parents:
        attempt = parents[attempt.parent]
        chain.append(attempt)
        if attempt.parent in seen:  # a circle cannot come from a solver, but must not hang a curator
            break
        seen.add(attempt.parent)
    return chain
