"""A task set with the tests that witnesses became: `strengthened:FILE`, FILE an overlay of `etude strengthen`.

The overlay names the set it is for. `strengthened:FILE` is that set as it stands, and may hold a test split, so it is
locked like one; `strengthened:FILE[train]` is its training split, to practise on.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from etude.errors import InputError
from etude.protocols import State
from etude.tasks import Task

TEST = "test"


@dataclass
class Strengthened:
    """A task set with more hidden tests.

    Args:
        path: The overlay file.
        split: `test` is the set as the overlay names it; another name is that split of it.
    """

    path: str = ""
    split: str = TEST

    def propose(self, state: State | None, n: int | None = None) -> Iterator[Task]:
        """Yields the tasks of the set, in its order, those with witnesses stronger than they were.

        Raises:
            InputError: The overlay cannot be read, or names tasks that its set lacks.
            LockedError: A split to practise on holds test tasks.
        """
        from etude.sources.task_set import open_task_set
        from etude.strengthening.adding import with_witnesses
        from etude.strengthening.overlay import read_overlay

        if not self.path:
            raise InputError("strengthened wants an overlay", expected="strengthened:FILE", fix="etude strengthen -h")
        overlay = read_overlay(self.path)
        if self.split == TEST:
            tasks = open_task_set(overlay.tasks, reading="look")
        else:
            tasks = open_task_set(_with_split(overlay.tasks, self.split))
        missing = sorted(set(overlay.tests) - {task.task_id for task in tasks}) if self.split == TEST else []
        if missing:
            raise InputError(
                f"{self.path} has witnesses for {len(missing)} tasks that {overlay.tasks} lacks: {missing[0]}",
                expected="the task set that it was made for",
            )
        yield from islice((with_witnesses(task, overlay.tests.get(task.task_id, ())) for task in tasks), n)


def _with_split(text: str, split: str) -> str:
    """A task set text with another split and no slice."""
    whole = re.sub(r"(\[[^\[\]]*\])+$", "", text)
    return f"{whole}[{split}]"
