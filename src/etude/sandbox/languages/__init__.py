"""Other languages through the same jail: each is a TOML file that says how a program is compiled and run.

A language of your own is one more file of that form; name its path where a language is asked for.
"""

import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from etude.errors import InputError, MissingError

FOLDERS = ("/usr/bin", "/bin", "/usr/include", "/usr/libexec", "/usr/lib32", "/usr/libx32", "/usr/share")
"""What compilers and interpreters read besides the libraries, which every jail has."""


EXPECTED = "a TOML file with file and run, and perhaps compile, memory and environment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """How programs of a language are run.

    Attributes:
        file: The name the program's text gets.
        compile: Command that turns it into something to run, or ().
        run: Command that runs it; both run in the folder that holds the file.
        memory: What the memory limit counts: `address space`, or `data` for interpreters that reserve far more
            addresses than they use.
        environment: Variables of both commands, besides PATH and HOME.
    """

    name: str
    file: str
    compile: tuple[str, ...] = ()
    run: tuple[str, ...]
    memory: str = "address space"
    environment: Mapping[str, str]

    @property
    def tools(self) -> list[str]:
        """The programs that must be installed."""
        return [command[0] for command in (self.compile, self.run) if command and "/" not in command[0]]


def names() -> list[str]:
    """The languages that come with Étude, by name."""
    return sorted(item.name.removesuffix(".toml") for item in resources.files(__name__).iterdir() if _is_one(item.name))


def installed() -> dict[str, bool]:
    """Language -> whether its tools are on this machine."""
    return {name: all(map(shutil.which, language(name).tools)) for name in names()}


def needed(name: str) -> Language:
    """A language whose tools are installed.

    Raises:
        MissingError: A tool is not on this machine.
        InputError: As `language`.
    """
    found = language(name)
    missing = [tool for tool in found.tools if not shutil.which(tool)]
    if missing:
        raise MissingError(
            f"no {' and no '.join(missing)} on this machine for programs in {found.name}",
            choices=tuple(other for other, there in installed().items() if there),
            fix=f"install {' '.join(missing)}",
        )
    return found


@lru_cache(maxsize=64)
def language(name: str) -> Language:
    """A language by its name, or by the path of a TOML file.

    Raises:
        InputError: There is none of that name, or the file lacks something.
    """
    if name.endswith(".toml"):
        try:
            return _read(name, Path(name).read_text())
        except OSError as error:
            raise InputError(
                f"{name}: {error.strerror}", expected="a language's TOML file", fix="check the path"
            ) from None
    if name not in names():
        raise InputError(f"no language {name!r}", choices=tuple(names()), fix="name one of them, or a TOML file")
    return _read(name, (resources.files(__name__) / f"{name}.toml").read_text())


def _is_one(name: str) -> bool:
    return name.endswith(".toml")


def _read(name: str, text: str) -> Language:
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{name} is no TOML: {error}", expected=EXPECTED) from None
    wrong = sorted(found.keys() - set(_keys())) + [key for key in ("file", "run") if key not in found]
    if wrong:
        raise InputError(f"{name}: wrong or missing: {', '.join(wrong)}", expected=EXPECTED, choices=_keys())
    changed: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in found.items()}
    return Language(name=Path(name).stem, **{"environment": {}, **changed})


def _keys() -> tuple[str, ...]:
    return tuple(item.name for item in fields(Language) if item.name != "name")
