"""No row twice: rows with the same prompt and, in normal form, the same program are one row."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from etude.programs.normalise import normalised
from etude.protocols import Judged, State
from etude.records import Example


@dataclass
class Dedupe:
    """The rows it is given, each the first of its kind.

    Args:
        level: Programs are equal as `text`, or in normal form (`ast`): without comments, layout, names of variables.
        by: Rows are compared within one `prompt`, or within one `task` (whatever its prompt: a repaired program is
            then one row even where it answers two prompts).
        across_rounds: Rows of earlier rounds count as seen.
    """

    level: Literal["ast", "text"] = "ast"
    by: Literal["prompt", "task"] = "prompt"
    across_rounds: bool = False

    def curate(self, judged: Sequence[Judged], examples: Iterable[Example], state: State) -> Iterator[Example]:
        """Yields the rows that were not seen before, in their order."""
        seen = {self._key(row) for row in state.earlier} if self.across_rounds else set()
        for row in examples:
            key = self._key(row)
            if key not in seen:
                seen.add(key)
                yield row

    def _key(self, row: Example) -> tuple[str, str, str]:
        within = row.task_id if self.by == "task" else row.prompt
        return (row.kind, within, normalised(row.program) if self.level == "ast" else row.program)
