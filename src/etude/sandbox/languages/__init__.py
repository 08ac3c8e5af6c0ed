"""Other languages through the same jail: each is a TOML file that says how a program is compiled and run.

A language of your own is one more file of that form; name its path where a language is asked for.
"""

import os
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


PYTHON = "{python}"
"""In a command: the path of the interpreter that the sandbox itself uses."""

EXPECTED = "a TOML file with file and run, and perhaps compile, check, memory, environment, exhausted and debian"


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """How programs of a language are run.

    Attributes:
        file: The name the program's text gets.
        compile: Command that turns it into something to run, or ().
        run: Command that runs it; all commands run in the folder that holds the file.
        check: Command that reads the program without running it, or (). It is asked after a run that failed: where it
            fails too, the program is no program of this language.
        memory: What the memory limit counts: `address space`, or `data` for interpreters that reserve far more
            addresses than they use.
        environment: Variables of all commands, besides PATH and HOME.
        exhausted: What a program of this language says on stderr where it ran out of memory.
        debian: The Debian packages that hold the tools.
    """

    name: str
    file: str
    compile: tuple[str, ...] = ()
    run: tuple[str, ...]
    check: tuple[str, ...] = ()
    memory: str = "address space"
    environment: Mapping[str, str]
    exhausted: tuple[str, ...] = ()
    debian: tuple[str, ...] = ()

    @property
    def tools(self) -> list[str]:
        """The programs that must be installed."""
        first = [command[0] for command in (self.compile, self.run, self.check) if command]
        return [tool for tool in dict.fromkeys(first) if "/" not in tool and tool != PYTHON]


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
        fix = f"apt-get install {' '.join(found.debian)} (Debian)" if found.debian else f"install {' '.join(missing)}"
        raise MissingError(
            f"no {' and no '.join(missing)} on this machine for programs in {found.name}: {fix}",
            choices=tuple(other for other, there in installed().items() if there),
            fix=fix,
        )
    return found


def located(command: tuple[str, ...], python: str) -> tuple[str, ...]:
    """A command with the path of its executable in front: many are links through a folder that no jail shows.

    Args:
        python: What stands for `{python}`.
    """
    words = tuple(python if word == PYTHON else word for word in command)
    if not words or "/" in words[0]:
        return (*words[:1], *words)
    return (os.path.realpath(shutil.which(words[0]) or words[0]), *words)


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
