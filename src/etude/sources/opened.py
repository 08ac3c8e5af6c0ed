"""Any task set as a source: what the command line calls `mbpp:PATH[train]`, in a recipe."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from etude.protocols import State
from etude.tasks import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The tasks of a task set text.

    Attributes:
        tasks: Such as `mbpp:data/mbpp.jsonl[train]` or `jsonl:my-tasks.jsonl`.
    """

    tasks: str

    def propose(self, state: State | None, n: int | None = None) -> Iterator[Task]:
        """The first `n` tasks of the set."""
        from etude.sources.task_set import open_task_set

        yield from islice(open_task_set(self.tasks), n)
