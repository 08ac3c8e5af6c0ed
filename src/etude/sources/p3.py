"""P3, Python Programming Puzzles: find an answer that makes a given function return True.

Schuster et al. 2021, "Programming Puzzles" (NeurIPS datasets); version 0.2 has 1,715 instances of 397 problems. The
specification is the test: `sat` is shown, and nothing is hidden. The programs assume `from typing import List`, which
the published rows leave out; prompt, test and references here begin with it. Two answers and specifications
(FivePowers:0, BoxVolume:1) hold integers of more than 4,300 digits, which Python reads and prints only where
`sys.set_int_max_str_digits(0)` is in force.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from etude.errors import InputError, MissingError
from etude.protocols import State
from etude.records import TaskView, Tests
from etude.sources.files import locate
from etude.sources.naming import known, unique
from etude.sources.rows import Row, read_json, read_rows, text_of, texts_of
from etude.tasks import Task

FILES = ("puzzles.json.gz", "puzzles.json", "puzzles.jsonl", "puzzles.jsonl.gz", "puzzles.parquet")
SPLIT_FILES = ("split.json", "split.json.gz")
SPLITS = ("train", "test", "all")
IMPORTS = "from typing import List\n"


@dataclass
class P3:
    """The published puzzles.

    Args:
        path: The folder that holds `puzzles.json` (or `.gz`) and `split.json`, or the puzzles file itself.
        split: `train` (155) or `test` (228), one instance per problem; `all` has every instance (1,715).
    """

    path: str = ""
    split: str = "all"

    def propose(self, state: State | None, n: int | None = None) -> Iterator[Task]:
        """Yields the puzzles in the published order."""
        known("split", self.split, SPLITS)
        yield from islice(unique(map(_task, self._chosen()), self.path), n)

    def _chosen(self) -> list[Row]:
        rows = instances(self.path)
        if self.split == "all":
            return rows
        wanted = set(_split(Path(self.path).expanduser(), self.split))
        first: dict[str, Row] = {}
        for row in rows:
            first.setdefault(_problem(row), row)
        if absent := sorted(wanted - set(first)):
            raise InputError(
                f"{len(absent)} problems of split {self.split!r} are not among the puzzles: {', '.join(absent[:10])}",
                fix="take puzzles and split from the same release",
            )
        return [row for name, row in first.items() if name in wanted]


def instances(path: str) -> list[Row]:
    """The published rows, one per puzzle instance.

    Raises:
        MissingError: No path was given.
        InputError: The place does not hold the puzzles.
    """
    if not path:
        raise MissingError(
            "the puzzles are not a data set of the Hugging Face hub, so p3 wants a path",
            fix="git clone https://github.com/microsoft/PythonProgrammingPuzzles, then p3:CLONE/puzzles",
        )
    return read_rows(locate(path, FILES))


def references(row: Row) -> tuple[str, ...]:
    """Every published solution of a puzzle as a whole program that defines `sol`."""
    header = text_of(row, "sol_header")
    return tuple(f"{IMPORTS}\n\n{header}\n{body.rstrip()}\n" for body in texts_of(row, "sol_bodies"))


def _task(row: Row) -> Task:
    spec = f"{IMPORTS}\n\n{text_of(row, 'sat').rstrip()}\n"
    tests = Tests(puzzle=spec)
    return Task(
        facts=TaskView(
            task_id=text_of(row, "name"),
            kind="puzzle",
            prompt=f"{spec}\n\n{text_of(row, 'sol_header')}\n",
            entry_point="sol",
            shown=tests,
            difficulty=str(row.values.get("module") or "").removesuffix(".py"),
        ),
        hidden=tests,
        reference=next(iter(references(row)), ""),
        origin="p3",
        licence="MIT",
    )


def _problem(row: Row) -> str:
    return text_of(row, "name").rpartition(":")[0] or text_of(row, "name")


def _split(place: Path, split: str) -> list[str]:
    folder = place if place.is_dir() else place.parent
    try:
        file = locate(folder, SPLIT_FILES)[0]
    except InputError:
        raise InputError(
            f"split {split!r} of p3 wants split.json beside the puzzles, and {folder} has none",
            expected="the folder that holds puzzles.json and split.json",
            fix=f"p3:{place}[all] needs no split.json",
        ) from None
    names = read_json(file)
    if not isinstance(names, dict) or not isinstance(names.get(split), list):
        raise InputError(f"{file} has no list {split!r}", expected='{"train": [...], "test": [...]}')
    return [str(name) for name in names[split]]
