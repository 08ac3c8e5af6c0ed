"""What a jail's interpreter has: which Python, what it has loaded, what it may read besides its own library."""

import sys
from dataclasses import dataclass

LOADED = (
    *("math", "random", "itertools", "functools", "collections", "operator", "re", "string", "heapq", "bisect"),
    *("typing", "copy", "datetime", "decimal", "fractions", "hashlib", "json", "enum", "dataclasses", "cmath"),
)


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
