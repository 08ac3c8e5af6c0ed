"""Tasks of inspect_ai: samples in a file, where their tests are in `metadata` or `target`.

`input` is what is asked. A sample that is decided by its scorer's code, by a model, in a container with files of its
own, or by choosing a letter has no tests here and is refused.
"""

from collections.abc import Mapping

from etude.records import Json
from etude.sources.foreign_rows import ForeignRows, identity, kept, prompt_of
from etude.sources.foreign_tests import Unreadable, fields_of, opened, require_python


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


class InspectRows(ForeignRows):
    """Tasks from a file of inspect_ai samples; every test is hidden. Its settings are those of `ForeignRows`."""

    origin = "inspect"
    read = staticmethod(_fields)
