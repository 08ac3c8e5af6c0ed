"""Which tools of a language are on this machine, where, and what a jail must show for them to work.

A tool is looked for under every name its language knows. What is missing is an error that names the package; it never
becomes a verdict about a program. Nothing is run here.
"""

import os
import shutil
from collections.abc import Iterable
from functools import lru_cache
from glob import glob
from typing import Any

from etude.errors import MissingError
from etude.sandbox.languages import PYTHON, Language, language, names

FOLDERS = (
    *("/usr/bin", "/bin", "/usr/include", "/usr/libexec", "/usr/lib32", "/usr/libx32", "/usr/share"),
    "/etc/alternatives",  # libraries and tools are links through it
)
"""What compilers and interpreters read besides the libraries, which every jail has."""
SHOWN = (*FOLDERS, "/lib", "/lib64", "/usr/lib", "/usr/lib64")


def installed() -> dict[str, bool]:
    """Language -> whether its tools are on this machine."""
    return {name: not missing(language(name)) for name in names()}


def report() -> dict[str, dict[str, Any]]:
    """Language -> `tools` (word -> path, of those that are here), `missing` (words) and `source` (what brings them)."""
    found = {name: language(name) for name in names()}
    return {
        name: {
            "tools": {word: place for word in item.words() if (place := place_of(item, word))},
            "missing": missing(item),
            "source": source_of(item),
        }
        for name, item in found.items()
    }


def missing(found: Language) -> list[str]:
    """The tools of a language that are not on this machine."""
    return [word for word in found.words() if not place_of(found, word)]


def needed(name: str) -> Language:
    """A language whose tools are installed.

    Raises:
        MissingError: A tool is not on this machine.
        InputError: As `language`.
    """
    found = language(name)
    absent = missing(found)
    if absent:
        raise MissingError(
            f"no {' and no '.join(absent)} on this machine for programs in {found.name}: {source_of(found)}",
            choices=tuple(other for other, there in installed().items() if there),
            fix=source_of(found),
        )
    return found


def source_of(found: Language) -> str:
    """Where a language's tools come from, as something to do."""
    if found.debian:
        return f"apt-get install {' '.join(found.debian)} (Debian)"
    return f"install {found.elsewhere or ' '.join(found.words())}"


def place_of(found: Language, word: str) -> str:
    """The path of a tool, links followed, or ""."""
    choices = tuple(map(_whole, found.tools.get(word, (word,))))
    return _place(os.environ.get("PATH", ""), choices, found.proxies)


@lru_cache(maxsize=256)
def _place(path: str, choices: tuple[str, ...], proxies: tuple[str, ...]) -> str:
    """The path of the first of some names, paths and patterns that is there; names are looked for along `path`."""
    for choice in choices:
        if "/" not in choice:
            place = shutil.which(choice, path=path)
        else:
            fitting = sorted(glob(choice), reverse=True)
            place = next((item for item in fitting if os.access(item, os.X_OK)), None)
        if place and os.path.basename(os.path.realpath(place)) not in proxies:
            return os.path.realpath(place)
    return ""


def _whole(pattern: str) -> str:
    """A path with the user's folder and variables put in."""
    return os.path.expanduser(os.path.expandvars(pattern))


def located(found: Language, command: tuple[str, ...], python: str) -> tuple[str, ...]:
    """A command with the path of its executable in front: many are links through a folder that no jail shows.

    The command is told of its own path, in whose neighbourhood some look for their other parts.

    Args:
        found: The command's language.
        command: Its words.
        python: What stands for `{python}`.
    """
    words = tuple(python if word == PYTHON else word for word in command)
    if not words or "/" in words[0]:
        return (*words[:1], *words)
    place = place_of(found, words[0]) or words[0]
    return (place, os.path.join(os.path.dirname(place), words[0]), *words[1:])


def folders_of(found: Language) -> tuple[str, ...]:
    """What a jail must show besides `SHOWN` for the tools of a language to work.

    A tool of its own folder, such as /opt/tool/bin/tool, brings that folder along, but nothing of a home folder does.
    """
    own = [path for pattern in found.folders for path in sorted(glob(_whole(pattern)))]
    places = [place_of(found, word) for word in found.words()]
    return tuple(dict.fromkeys([*own, *_installations(place for place in places if place)]))


def _installations(places: Iterable[str]) -> Iterable[str]:
    for place in places:
        if not place.startswith(tuple(f"{folder}/" for folder in (*SHOWN, os.path.expanduser("~")))):
            folder = os.path.dirname(place)
            yield os.path.dirname(folder) if os.path.basename(folder) == "bin" else folder
