"""Tasks of NeMo-Gym's `code_gen` environment: JSON lines with `responses_create_params` and `verifier_metadata`.

Only environments whose tests are data in the row can be read; most of NeMo-Gym's others decide in their server's code.
"""

from collections.abc import Mapping

from etude.records import Json
from etude.sources.foreign_rows import ForeignRows, identity, kept, prompt_of
from etude.sources.foreign_tests import Unreadable, fields_of, require_python


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


class NemoGym(ForeignRows):
    """Tasks from a NeMo-Gym file; every test in it is hidden. Its settings are those of `ForeignRows`."""

    origin = "nemo-gym"
    read = staticmethod(_fields)
