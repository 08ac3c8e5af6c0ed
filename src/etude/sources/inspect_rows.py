"""Tasks of inspect_ai: samples in a file, where their tests are in `metadata` or `target`.

`input` is what is asked. A sample that is decided by its scorer's code, by a model, in a container with files of its
own, or by choosing a letter has no tests here and is refused.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from etude.protocols import State
from etude.records import Json
from etude.sources.foreign_rows import identity, kept, prompt_of, tasks_from
from etude.sources.foreign_tests import Unreadable, fields_of, opened, require_python
from etude.tasks import Task


@dataclass
class InspectRows:
    """Tasks from a file of inspect_ai samples; every test in them is hidden.

    Args:
        path: A file of samples (JSON lines, a JSON list), or a folder of such files.
        skip_invalid: Leave out samples that cannot be judged instead of refusing the whole file.
    """

    path: str = ""
    skip_invalid: bool = False

    def propose(self, state: State | None, n: int | None = None) -> Iterator[Task]:
        """Yields the tasks in the order of the samples.

        Raises:
            InputError: The file cannot be read, or samples are no tasks: all of them are named.
        """
        yield from islice(tasks_from(self.path, "inspect", _fields, self.skip_invalid), n)


def _fields(values: Mapping[str, Json]) -> dict[str, Json]:
    for name, why in (("choices", "a letter is chosen"), ("files", "it needs files"), ("setup", "it needs a set-up")):
        if values.get(name):
            raise Unreadable(f"it has {name}: {why}, and a task here is one program")
    found = opened(values.get("metadata"))
    metadata = found if isinstance(found, Mapping) else {}
    require_python(values, metadata)
    named = {
        "task_id": identity(values.get("id"), metadata.get("task_id")),
        "difficulty": identity(metadata.get("difficulty")),
        "licence": identity(metadata.get("licence"), metadata.get("license")),
    }
    return {"prompt": prompt_of(values.get("input")), **kept(named), **fields_of([metadata, values.get("target")])}
