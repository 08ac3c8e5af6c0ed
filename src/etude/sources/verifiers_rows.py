"""Tasks of verifiers: the rows of an environment's data set, or task data, where their tests are in the row.

`prompt` or `question` is what is asked; tests are looked for in `info`, `verification_info`, `tests`, `answer` and the
row itself. A row whose verdict is a function of the environment (most are) has no tests here and is refused.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from etude.protocols import State
from etude.records import Json
from etude.sources.foreign_rows import identity, kept, prompt_of, tasks_from
from etude.sources.foreign_tests import fields_of, opened, require_python
from etude.tasks import Task

PLACES = ("info", "verification_info", "tests", "unit_tests", "test_cases", "input_output", "metadata", "answer")


@dataclass
class Verifiers:
    """Tasks from rows of verifiers; every test in them is hidden.

    Args:
        path: A file of rows (JSON lines, a JSON list, Parquet), or a folder of such files.
        skip_invalid: Leave out rows that cannot be judged instead of refusing the whole file.
    """

    path: str = ""
    skip_invalid: bool = False

    def propose(self, state: State | None, n: int | None = None) -> Iterator[Task]:
        """Yields the tasks in the order of the rows.

        Raises:
            InputError: The file cannot be read, or rows are no tasks: all of them are named.
        """
        yield from islice(tasks_from(self.path, "verifiers", _fields, self.skip_invalid), n)


def _fields(values: Mapping[str, Json]) -> dict[str, Json]:
    info = opened(values.get("info"))
    inner = info if isinstance(info, Mapping) else {}
    require_python(values, inner, opened(values.get("verification_info")))
    named = {
        "task_id": identity(
            values.get("task_id"), values.get("id"), values.get("example_id"), values.get("problem_id")
        ),
        "difficulty": identity(values.get("difficulty"), inner.get("difficulty")),
        "licence": identity(values.get("licence"), values.get("license")),
    }
    asked = prompt_of(values.get("prompt") or values.get("question") or "")
    return {"prompt": asked, **kept(named), **fields_of([*(values.get(name) for name in PLACES), _bare(values)])}


def _bare(values: Mapping[str, Json]) -> dict[str, Json]:
    """The row without its prompt, which may hold JSON of its own."""
    return {name: item for name, item in values.items() if name not in ("prompt", "question")}
