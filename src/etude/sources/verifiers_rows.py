"""Tasks of verifiers: the rows of an environment's data set, or task data, where their tests are in the row.

`prompt` or `question` is what is asked; tests are looked for in `info`, `verification_info`, `tests`, `answer` and the
row itself. A row whose verdict is a function of the environment (most are) has no tests here and is refused.
"""

from collections.abc import Mapping

from etude.records import Json
from etude.sources.foreign_rows import ForeignRows, identity, kept, prompt_of
from etude.sources.foreign_tests import fields_of, opened, require_python

PLACES = ("info", "verification_info", "tests", "unit_tests", "test_cases", "input_output", "metadata", "answer")


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


class Verifiers(ForeignRows):
    """Tasks from rows of verifiers; every test in them is hidden. Its settings are those of `ForeignRows`."""

    origin = "verifiers"
    read = staticmethod(_fields)
