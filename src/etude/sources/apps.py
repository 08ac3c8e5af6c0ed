"""APPS: 10,000 programming problems from the web, half of them for training.

Hendrycks et al. 2021, "Measuring Coding Challenge Competence With APPS". A problem asks for a program that reads
standard input, or for a function (then its tests are calls). The validation split is the one of Dr. Boot and Self-Edit:
598 of the training ids. Its text is in the training data of many models.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from etude.errors import InputError
from etude.protocols import State
from etude.records import TaskView, Tests, canonical
from etude.sources.apps_examples import keys, without_examples
from etude.sources.apps_rows import Problem, completed, problem_of
from etude.sources.files import locate
from etude.sources.hub import download, published
from etude.sources.naming import known, unique
from etude.sources.rows import Row, read_json, read_rows
from etude.tasks import Task

REPOSITORY = "codeparrot/apps"
FILES = {
    "train": ("train.jsonl", "train.jsonl.gz", "**/train-*.parquet", "train*.jsonl", "train*.jsonl.gz"),
    "test": ("test.jsonl", "test.jsonl.gz", "**/test-*.parquet"),
}
SPLITS = ("train", "validation", "test", "all")
TRAINING = 5_000
VALIDATION = 598
SEED = 42


@dataclass
class Apps:
    """The published APPS.

    Args:
        path: `train.jsonl` or `test.jsonl`, or the folder that holds them; "" asks the hub.
        split: `train` (4,402 problems), `validation` (598 of the published training problems), `test` or `all`.
        difficulty: Only `introductory`, `interview` or `competition` problems; "" takes all.
        examples: Which examples of a statement are shown tests: `parsed` (all that could be read for certain),
            `stored` (those that the stored tests confirm) or `none`. A shown test is not hidden as well.
        statement: `whole`, or `cut` before the first heading of examples; a cut statement shows no test.
        exclude_overlap: Leave out problems with an example that is a stored test too.
        validation_ids: A JSON file with a list of ids that takes the place of the 598; "" keeps them.
    """

    path: str = ""
    split: str = "all"
    difficulty: str = ""
    examples: Literal["parsed", "stored", "none"] = "parsed"
    statement: Literal["whole", "cut"] = "whole"
    exclude_overlap: bool = False
    validation_ids: str = ""

    def propose(self, state: State | None, n: int | None = None) -> Iterator[Task]:
        """Yields the tasks in the published order; a row that stands there twice is one task."""
        known("examples", self.examples, ("parsed", "stored", "none"))
        known("statement", self.statement, ("whole", "cut"))
        found = problems(self.path, self.split, self.validation_ids)
        if self.difficulty:
            known("difficulty", self.difficulty, sorted({item.difficulty for item in found}) or [""])
        chosen = (item for item in found if self.difficulty in ("", item.difficulty))
        kept = (item for item in chosen if not (self.exclude_overlap and item.extraction.overlap))
        yield from islice(unique(map(self._task, kept), self.path or REPOSITORY), n)

    def _task(self, problem: Problem) -> Task:
        shown, hidden = self._shown(problem), problem.stored
        if shown and not hidden.assertions:  # those hold what no statement writes down
            stated = set(keys(shown))
            hidden = _only(hidden, [key not in stated for key in keys(hidden)])
        return Task(
            facts=TaskView(
                task_id="/".join(filter(None, ("apps", problem.split, str(problem.number)))),
                kind="instruct",
                prompt=self._prompt(problem),
                entry_point=problem.entry_point,
                shown=shown,
                difficulty=problem.difficulty,
            ),
            hidden=hidden,
            reference=completed(problem.solutions[0].rstrip() + "\n") if problem.solutions else "",
            origin="apps",
            licence="MIT",
        )

    def _shown(self, problem: Problem) -> Tests:
        found = problem.extraction.tests
        if self.examples == "none" or self.statement == "cut" or not found:
            return Tests()
        stored = set(keys(problem.stored))
        tests = _only(found, [self.examples == "parsed" or key in stored for key in keys(found)])
        return replace(tests, setup=problem.stored.setup) if tests else Tests()

    def _prompt(self, problem: Problem) -> str:
        question = without_examples(problem.question) if self.statement == "cut" else problem.question
        parts = [question.strip()]
        if problem.starter:
            parts.append(f"Starter code:\n\n{completed(problem.starter.rstrip())}")
        if problem.entry_point:
            where = "the method" if problem.in_class else "the function"
            parts.append(f"Write {where} `{problem.entry_point}`; it is called, and its value counts.")
        else:
            parts.append("Write a program that reads standard input and prints to standard output.")
        return "\n\n".join(parts) + "\n"


def validation_ids() -> frozenset[int]:
    """The ids of the validation split: the first 598 of the training ids, shuffled."""
    return frozenset(shuffled(range(TRAINING))[:VALIDATION])


def shuffled(ids: Iterable[int]) -> list[int]:
    """Ids in the order in which Dr. Boot drew its validation problems from them."""
    order = list(ids)
    random.Random(SEED).shuffle(order)
    return order


def problems(path: str = "", split: str = "all", ids: str = "") -> list[Problem]:
    """The problems of a split, each once, in the published order.

    Rows that do not say their split belong to the one of their file's name, or else to the one that is asked for.

    Args:
        path: As of `Apps`.
        split: As of `Apps`.
        ids: A file with the ids of the validation split; "" for those of Dr. Boot.

    Raises:
        InputError: The place or a row is wrong.
        MissingError: The problems have to come from the hub and cannot.
    """
    known("split", split, SPLITS)
    given = "" if split == "all" else "test" if split == "test" else "train"
    found = [_placed(problem_of(row), row, given) for row in _rows(path, given)]
    chosen = [item for item in found if not given or item.split == given]
    if given == "train":
        held = _listed(ids) if ids else validation_ids()
        chosen = [item for item in chosen if (item.number in held) == (split == "validation")]
    return list({_identity(item): item for item in chosen}.values())


def _rows(path: str, split: str) -> list[Row]:
    if split or (path and not Path(path).expanduser().is_dir()):
        return published(path, FILES[split or "train"], REPOSITORY)
    rows: list[Row] = []
    faults: list[InputError] = []
    for patterns in FILES.values():
        try:
            place: str | Path = path or download(REPOSITORY, patterns)
            files = locate(place, patterns)
        except InputError as error:  # a folder may hold one of the splits only
            faults.append(error)
            continue
        rows += read_rows(files)
    if not rows:
        raise faults[0]
    return rows


def _placed(problem: Problem, row: Row, asked: str) -> Problem:
    """The problem with its split: of its row, of its file's name, or the one that is asked for."""
    name = row.where.rpartition("/")[2]
    by_name = next((split for split in FILES if name.startswith(split)), "")
    return replace(problem, split=problem.split or by_name or asked)


def _identity(problem: Problem) -> tuple[Any, ...]:
    return problem.split, problem.number, problem.question, canonical(problem.stored)


def _listed(ids: str) -> frozenset[int]:
    [file] = locate(ids, ())
    values = read_json(file)
    if not isinstance(values, list) or not all(type(item) is int for item in values):
        raise InputError(f"{file} is no list of ids", expected="[1383, 1881, …]")
    return frozenset(values)


def _only(tests: Tests, keep: Sequence[bool]) -> Tests:
    """Some of the tests; all their parts go where none is kept."""
    if tests.stdio:
        return Tests(stdio=tuple(pair for pair, ok in zip(tests.stdio, keep, strict=True) if ok))
    calls = tuple(call for call, ok in zip(tests.calls, keep, strict=True) if ok)
    return replace(tests, calls=calls) if calls else Tests()
