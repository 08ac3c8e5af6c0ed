"""What is wrong with the language that a row of one's own names."""

from collections.abc import Mapping

from etude.errors import InputError
from etude.records import Json
from etude.sandbox.languages import named


def language_faults(fields: Mapping[str, Json]) -> list[str]:
    """Why a row cannot be judged in the language it names: there is none such, or its tests are for Python only."""
    word = fields.get("language", "python")
    if not isinstance(word, str):
        return []  # said of every field that should be text
    try:
        name = named(word)
    except InputError as error:
        return [f"language {word!r} cannot be judged, expected {', '.join(error.choices) or error.expected}"]
    if name == "python" or "stdio" in fields:
        return []
    return [f"language {word!r} cannot be judged by such tests, expected stdio or Python"]
