"""MBPP: basic Python exercises in one sentence each, with assertions.

Austin et al. 2021, "Program Synthesis with Large Language Models". The splits are ranges of the task id: 10 few-shot
prompts, 500 test, 90 validation, 374 train. Its text is in the training data of many models.
"""

import ast
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from etude.errors import InputError
from etude.programs.parse import called, defined, parse, tidy
from etude.protocols import State
from etude.records import TaskView, Tests
from etude.sources.hub import published
from etude.sources.naming import known, unique
from etude.sources.rows import Row, text_of, texts_of, whole_of
from etude.tasks import Task

REPOSITORY = "google-research-datasets/mbpp"
FILES = {
    "full": ("mbpp.jsonl", "mbpp.jsonl.gz", "full/*.parquet", "mbpp.parquet"),
    "sanitized": ("sanitized-mbpp.json", "sanitized-mbpp.json.gz", "sanitized/*.parquet", "sanitized-mbpp.parquet"),
}
SPLITS = {
    "train": range(601, 975),
    "test": range(11, 511),
    "validation": range(511, 601),
    "prompt": range(1, 11),
    "all": range(1, 975),
}


@dataclass
class Mbpp:
    """The published MBPP.

    Args:
        path: `mbpp.jsonl` or `sanitized-mbpp.json`, or the folder that holds them; "" asks the hub.
        split: `train`, `test`, `validation`, `prompt` (the few-shot examples) or `all`.
        variant: `full` (974 tasks), or `sanitized` (427 checked ones).
        visible_tests: How many of a task's assertions are shown; the others are hidden.
    """

    path: str = ""
    split: str = "all"
    variant: Literal["full", "sanitized"] = "full"
    visible_tests: int = 1

    def propose(self, state: State | None, n: int | None = None) -> Iterator[Task]:
        """Yields the tasks of the split in the order of their ids."""
        numbers = SPLITS[known("split", self.split, tuple(SPLITS))]
        rows = published(self.path, FILES[known("variant", self.variant, tuple(FILES))], REPOSITORY)
        chosen = sorted((row for row in rows if whole_of(row, "task_id") in numbers), key=_number)
        tasks = (self._task(row) for row in chosen)
        yield from islice(unique(tasks, self.path or REPOSITORY), n)

    def _task(self, row: Row) -> Task:
        full = "text" in row.values
        if full and self.variant == "sanitized":
            raise InputError(f"{row.where} is of the full MBPP", expected="sanitized-mbpp.json", fix='variant = "full"')
        code, tests = text_of(row, "code").rstrip() + "\n", texts_of(row, "test_list")
        setup, visible = _setup(row, tests), tests[: max(0, self.visible_tests)]
        # five rows state one assertion twice: shown once, it is not hidden as well
        stated = {tidy(test) for test in visible}
        hidden = tuple(test for test in tests if tidy(test) not in stated)
        return Task(
            facts=TaskView(
                task_id=f"mbpp/{whole_of(row, 'task_id')}",
                kind="instruct",
                prompt=text_of(row, "text" if full else "prompt").strip(),
                entry_point=_entry_point(tests, code),
                shown=Tests(assertions=visible, setup=setup if visible else ""),
            ),
            hidden=Tests(assertions=hidden, setup=setup if hidden else ""),
            reference=code,
            origin="mbpp" if full else "mbpp-sanitized",
            licence="CC-BY-4.0",
        )


def _number(row: Row) -> int:
    return whole_of(row, "task_id")


def _entry_point(tests: Sequence[str], code: str) -> str:
    """The function that the first assertion calls and the reference defines."""
    names = defined(code)
    return next((name for test in tests[:1] for name in called(test) if name in names), "")


def _setup(row: Row, tests: Sequence[str]) -> str:
    """What must be there before the assertions run; after the program, for two setups use its classes."""
    imports = texts_of(row, "test_imports") if row.values.get("test_imports") is not None else ()
    given = text_of(row, "test_setup_code") if row.values.get("test_setup_code") is not None else ""
    missing = [f"import {name}" for name in _modules(tests) if f"import {name}" not in imports]
    return "\n".join([*imports, *missing, *([given] if given else [])])


def _modules(tests: Sequence[str]) -> list[str]:
    """Standard modules whose attributes the assertions use: one task (596) calls `sys.getsizeof` without an import."""
    trees = [tree for test in tests if "." in test and (tree := parse(test))]
    bases = (node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute))
    return sorted({base.id for base in bases if isinstance(base, ast.Name) and base.id in sys.stdlib_module_names})
