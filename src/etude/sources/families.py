"""Puzzles of families that people wrote: made on the spot from a name, with no file and no network.

    families                              the example and four more instances of every built-in family
    families:Lanterns,MirrorHall          two of them
    families:Lanterns?count=50&seed=1     fifty instances, other draws
    families:my_module:MyFamily           a family of your own, see `etude.puzzles.family`

A built-in family is an entry point of the group `etude.families`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from urllib.parse import parse_qsl

from etude.config import find, nearest
from etude.errors import InputError
from etude.offered import offered
from etude.protocols import State
from etude.puzzles.family import Family
from etude.puzzles.proving import task_of
from etude.sources.naming import unique
from etude.tasks import Task

GROUP = "families"
LICENCE = "Apache-2.0"  # of the built-in families


@dataclass
class Families:
    """Instances of puzzle families as tasks, family after family.

    Args:
        path: Families by name, separated by commas, and settings after a `?`; "" takes all that are installed.
        count: Instances per family; a family may have fewer.
        seed: Another seed, other random instances.
    """

    path: str = ""
    count: int = 5
    seed: int = 0

    def propose(self, state: State | None, n: int | None = None) -> Iterator[Task]:
        """Yields the first `n` tasks.

        Raises:
            InputError: A setting is wrong, or a family is malformed.
            RecipeError: There is no such family; the choices are named.
        """
        names, settings = self._asked()
        if settings["count"] < 1:
            raise InputError(f"families: count is {settings['count']}", expected="1 or more")
        families = [_family(name) for name in names]
        tasks = (task for kind in families for task in _tasks(kind, settings["count"], settings["seed"]))
        yield from islice(unique(tasks, f"families:{self.path}"), n)

    def _asked(self) -> tuple[list[str], dict[str, int]]:
        """The names, and the settings with those of the text put over the source's own."""
        listed, _, query = self.path.partition("?")
        settings = {"count": self.count, "seed": self.seed}
        for name, value in parse_qsl(query, keep_blank_values=True):
            if name not in settings:
                raise InputError(f"families: no setting {name!r}", choices=nearest(name, settings))
            try:
                settings[name] = int(value)
            except ValueError:
                raise InputError(f"families: {name} is {value!r}", expected="a whole number") from None
        names = [name.strip() for name in listed.split(",") if name.strip()]
        return names or list(offered(GROUP)), settings


def _tasks(kind: type[Family], count: int, seed: int) -> list[Task]:
    licence = LICENCE if kind.__module__.startswith("etude.") else ""
    return [task_of(instance, licence) for instance in kind().build(count, seed)]


def _family(name: str) -> type[Family]:
    kind = find(GROUP, name)
    if not (isinstance(kind, type) and issubclass(kind, Family)):
        raise InputError(f"{name} is no puzzle family", expected="a subclass of etude.puzzles.family.Family")
    return kind
