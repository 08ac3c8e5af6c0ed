"""Tasks of NeMo-Gym's `code_gen` environment: JSON lines with `responses_create_params` and `verifier_metadata`.

Only environments whose tests are data in the row can be read; most of NeMo-Gym's others decide in their server's code.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from etude.protocols import State
from etude.records import Json
from etude.sources.foreign_rows import identity, kept, prompt_of, tasks_from
from etude.sources.foreign_tests import Unreadable, fields_of, require_python
from etude.tasks import Task


@dataclass
class NemoGym:
    """Tasks from a NeMo-Gym file; every test in it is hidden.

    Args:
        path: The JSONL file, or a folder of such files.
        skip_invalid: Leave out rows that cannot be judged instead of refusing the whole file.
    """

    path: str = ""
    skip_invalid: bool = False

    def propose(self, state: State | None, n: int | None = None) -> Iterator[Task]:
        """Yields the tasks in the order of the rows.

        Raises:
            InputError: The file cannot be read, or rows are no tasks: all of them are named.
        """
        yield from islice(tasks_from(self.path, "nemo-gym", _fields, self.skip_invalid), n)


def _fields(values: Mapping[str, Json]) -> dict[str, Json]:
    asked, tests = values.get("responses_create_params"), values.get("verifier_metadata")
    if not isinstance(asked, Mapping):
        raise Unreadable("it has no responses_create_params")
    if not isinstance(tests, Mapping):
        raise Unreadable("it has no verifier_metadata")
    if asked.get("tools"):
        raise Unreadable("it gives the model tools, and a task here is one program")
    require_python(tests, values)
    named = {
        "task_id": identity(values.get("task_id"), values.get("hash_id"), values.get("id")),
        "difficulty": identity(tests.get("difficulty")),
        "licence": identity(values.get("licence"), values.get("license")),
    }
    return {"prompt": prompt_of(asked.get("input")), **kept(named), **fields_of([tests])}
