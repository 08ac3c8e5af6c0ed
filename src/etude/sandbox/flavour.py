"""What a jail's interpreter has: which Python, what it has loaded, what it may read besides its own library."""

import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from etude.errors import InputError, MissingError

LOADED = (
    *("math", "random", "itertools", "functools", "collections", "operator", "re", "string", "heapq", "bisect"),
    *("typing", "copy", "datetime"),
)
"""What programs import most. Each more makes every child a little dearer: the kernel has more to share with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flavour:
    """An interpreter for programs.

    Attributes:
        interpreter: Path of a Python of at least 3.11.
        loaded: Modules imported once, before the first program; a program's own import of them is then free.
        folders: Absolute paths that programs may read besides the standard library, such as a `site-packages`; they
            are searched for modules.
    """

    interpreter: str = sys.executable
    loaded: tuple[str, ...] = LOADED
    folders: tuple[str, ...] = ()

    @classmethod
    def numpy(cls) -> "Flavour":
        """This interpreter with its own numpy, imported once.

        Raises:
            MissingError: There is no numpy.
        """
        found = importlib.util.find_spec("numpy")
        if found is None or found.origin is None:
            raise MissingError("numpy is not installed", fix="pip install numpy")
        return cls(loaded=(*LOADED, "numpy"), folders=(str(Path(found.origin).parent.parent),))

    @classmethod
    def environment(cls, folder: str | Path, loaded: Sequence[str] = ()) -> "Flavour":
        """The interpreter and the packages of a virtual environment, read-only.

        Args:
            folder: The environment's folder, such as `.venv`.
            loaded: Its packages to import once, before the first program.

        Raises:
            InputError: The folder is no virtual environment.
        """
        place = Path(folder).absolute()
        packages = sorted(str(path) for path in place.glob("lib/python3*/site-packages"))
        if not packages or not (place / "bin/python").exists():
            raise InputError(
                f"{folder} is no virtual environment",
                expected="a folder with bin/python and lib/python3.*/",
                fix=f"python3 -m venv {folder}",
            )
        return cls(interpreter=str(place / "bin/python"), loaded=(*LOADED, *loaded), folders=tuple(packages))
