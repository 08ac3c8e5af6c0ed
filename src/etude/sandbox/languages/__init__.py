"""Other languages through the same jail: each is a TOML file that says how a program is compiled and run.

A language of your own is one more file of that form; name its path where a language is asked for. Whether its tools
are on this machine is for `tools` to say; nothing is run here.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, get_args

from etude.errors import InputError
from etude.records import Json

PYTHON = "{python}"
"""In a command: the path of the interpreter that the sandbox itself uses."""

EXPECTED = "a TOML file with file and run, and perhaps compile and made, check, tools, title, sample and others"
SAYS = "etude\n"
"""What the sample program of a language prints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """How programs of a language are written down, run and spoken of.

    Commands run in the folder that holds the file. Their first word is a tool, or a path; `{python}` in them is the
    sandbox's own interpreter, `{megabytes}` what a program may have of memory, `{name}` what `named` found.

    Attributes:
        file: The name the program's text gets.
        compile: Command that turns it into something to run, or (). It has its own limits, and runs once a program.
        made: Files that `compile` makes and `run` wants; a name that ends in a slash is a folder with all in it.
        run: Command that runs it.
        check: Command that reads the program without running it, or (). It is asked after a run that failed: where it
            fails too, the program is no program of this language.
        tools: Word of a command -> the names, paths or patterns of paths that a machine may have it under, the best
            first. A word that is not there stands for itself.
        proxies: Files that only start a tool kept elsewhere, such as `rustup`: a link to one is not the tool.
        folders: Paths, or patterns of them, that the tools read besides the machine's libraries.
        memory: What the memory limit counts: `address space`, or `data` for interpreters that reserve far more
            addresses than they use.
        threads: How many processes and threads the tools need of their own.
        environment: Variables of all commands, besides PATH and HOME.
        exhausted: What a program of this language says on stderr where it ran out of memory.
        named: Patterns whose first group is the program's own name, such as that of a Java class; the first that fits
            counts, and `Main` where none does.
        debian: The Debian packages that hold the tools.
        elsewhere: Where the tools come from, where Debian has none.
        title: The language's name in a prompt.
        names: Other names of it, file endings among them.
        hint: A sentence for a prompt: what a program must know of how it is run.
        stops: Strings that end a function which a model continues.
        sample: A program that prints `etude`: what does not even run that says nothing about other programs.
    """

    name: str
    file: str
    compile: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    run: tuple[str, ...]
    check: tuple[str, ...] = ()
    tools: Mapping[str, tuple[str, ...]]
    proxies: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    memory: str = "address space"
    threads: int = 0
    environment: Mapping[str, str]
    exhausted: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    debian: tuple[str, ...] = ()
    elsewhere: str = ""
    title: str
    names: tuple[str, ...] = ()
    hint: str = ""
    stops: tuple[str, ...] = ()
    sample: str = ""

    def words(self) -> list[str]:
        """The tools that its commands want, by the word that stands for each."""
        first = [command[0] for command in (self.compile, self.run, self.check) if command]
        wanted = dict.fromkeys([*first, *self.tools])
        return [word for word in wanted if "/" not in word and word != PYTHON]

    def name_of(self, source: str) -> str:
        """What `{name}` stands for in a program."""
        found = (re.search(pattern, source) for pattern in self.named)
        return next((match[1] for match in found if match), "Main")


def names() -> list[str]:
    """The languages that come with Étude, by name."""
    return sorted(item.name.removesuffix(".toml") for item in resources.files(__name__).iterdir() if _is_one(item.name))


@lru_cache(maxsize=1)
def spellings() -> Mapping[str, str]:
    """Every accepted spelling of a language that comes with Étude, in small letters -> its name."""
    own = {name: name for name in names()}
    others = {other.lower(): name for name in own for other in (*language(name).names, language(name).title)}
    return others | own


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


def named(text: str) -> str:
    """The name of a language that may be spelt another way, such as `C++`; the path of a TOML file as it is.

    Raises:
        InputError: There is no such language, or the file is none.
    """
    name = text if text.endswith(".toml") else spellings().get(text.lower(), text)
    return name if language(name) else ""


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
    stem = Path(name).stem
    filled: dict[str, Any] = {"title": stem, "tools": {}, "environment": {}, **found}
    odd = [key for key, value in filled.items() if not _fits(key, value)]
    if odd:
        raise InputError(f"{name}: of the wrong type: {', '.join(odd)}", expected="lists of texts for commands")
    filled["tools"] = {word: tuple(places) for word, places in filled["tools"].items()}
    settings: dict[str, Any] = {key: tuple(item) if isinstance(item, list) else item for key, item in filled.items()}
    return Language(name=stem, **settings)


def _fits(key: str, value: Json) -> bool:
    """Whether a value has the type of its key."""
    if key == "tools":
        return isinstance(value, dict) and all(_texts(places) for places in value.values())
    if key == "environment":
        return isinstance(value, dict) and _texts(list(value.values()))
    kind = next(item.type for item in fields(Language) if item.name == key)
    return _texts(value) if get_args(kind) else isinstance(value, kind if isinstance(kind, type) else str)


def _texts(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _keys() -> tuple[str, ...]:
    return tuple(item.name for item in fields(Language) if item.name != "name")
