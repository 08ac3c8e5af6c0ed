"""The indexes that come with the package: what audits of public task sets found, as facts and without the sets.

An index is asked for by the name of a shipped one or by the path of a file; a file in the way wins.
"""

import re
from importlib import resources
from pathlib import Path

from etude.auditing.index import Index, read
from etude.errors import InputError

SUFFIX = ".json"
FOLDER = "indexes"


def shipped() -> dict[str, Path]:
    """Name -> file of the indexes that come with the package."""
    folder = Path(str(resources.files("etude"))) / FOLDER
    return {file.stem: file for file in sorted(folder.glob(f"*{SUFFIX}"))}


def find_index(text: str) -> Index:
    """The index of a name, such as `mbpp`, or in a file.

    Raises:
        InputError: There is no such index, or the file holds none.
    """
    place, known = Path(text).expanduser(), shipped()
    if place.is_file() or text not in known:
        if not place.exists() and re.fullmatch(r"[\w-]+", text):
            raise InputError(
                f"no index {text!r}",
                expected="the name of a shipped index, or an index file",
                choices=tuple(known),
                fix="etude audit T --out DIR writes DIR/index.json",
            )
        return read(place)
    return read(known[text])
