"""MultiPL-E: HumanEval and MBPP, translated into many languages, with tests of each language's own.

Cassano et al. 2023, "MultiPL-E: A Scalable and Polyglot Approach to Benchmarking Neural Code Generation" (TSE). A row
is a function to be completed and tests to be put behind it; a program passes where the whole ends well. The tests run
in the program's own process: see `etude.judges.rules.appended` for what that is worth.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import ClassVar

from etude.errors import InputError
from etude.protocols import State
from etude.records import Exchange, TaskView, Tests
from etude.sandbox.languages import named, names, spellings
from etude.sources.hub import published
from etude.sources.naming import known, unique
from etude.sources.rows import Row, text_of
from etude.tasks import Task

REPOSITORY = "nuprl/MultiPL-E"
SUBSET = re.compile(r"(humaneval|mbpp)-[\w.]+")
FILES = ("*.jsonl", "*.jsonl.gz", "*.json", "*.parquet")
ENDING = {"go_test.go": "go", "jl": "julia", "humaneval_to_r.py": "r"}
"""Names of the data's own for a language."""


@dataclass
class MultiplE:
    """Rows in the format of MultiPL-E.

    Args:
        path: A file or a folder of them; `humaneval-lua`, `mbpp-rs` and their like come from the hub where no such
            file is here.
        language: Only rows in this language; "" takes all.
        split: There is one, `test`.
    """

    exam_only: ClassVar[bool] = True
    path: str = ""
    language: str = ""
    split: str = "test"

    def propose(self, state: State | None, n: int | None = None) -> Iterator[Task]:
        """Yields the tasks in the published order.

        Raises:
            InputError: The file cannot be read, or a row is in a language that is not known.
        """
        known("split", self.split, ("test",))
        if not self.path:
            raise InputError("multipl_e wants a path", expected="multipl_e:PATH", fix="multipl_e:humaneval-lua")
        remote = SUBSET.fullmatch(self.path) and not Path(self.path).exists()
        patterns = (f"{self.path}/test-*.parquet",) if remote else FILES
        wanted = named(self.language) if self.language else ""
        tasks = (_task(row) for row in published("" if remote else self.path, patterns, REPOSITORY))
        chosen = [task for task in tasks if wanted in ("", task.facts.language)]
        yield from islice(unique(chosen, self.path), n)


def _task(row: Row) -> Task:
    prompt, spoken = text_of(row, "prompt"), _language(row)
    return Task(
        facts=TaskView(task_id=f"{text_of(row, 'name')}/{spoken}", kind="complete", prompt=prompt, language=spoken),
        hidden=Tests(stdio=(Exchange(stdin="", stdout=""),), setup=text_of(row, "tests")),
        origin="multipl_e",
        licence="MIT",
    )


def _language(row: Row) -> str:
    word = text_of(row, "language")
    found = spellings().get(ENDING.get(word, word).lower())
    if found is None:
        raise InputError(
            f"{row.where}: no language {word!r}",
            choices=tuple(names()),
            fix="leave those rows out, or describe the language in a TOML file (docs/languages.md)",
        )
    return found
