"""HumanEval: 164 functions to be completed from signature and docstring.

Chen et al. 2021, "Evaluating Large Language Models Trained on Code". Its text is in the training data of many models.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

from etude.programs.parse import parse, stub, tidy
from etude.protocols import State
from etude.records import TaskView, Tests
from etude.sources.hub import published
from etude.sources.naming import known, unique
from etude.sources.rows import Row, text_of
from etude.tasks import Task

REPOSITORY = "openai/openai_humaneval"
FILES = ("HumanEval.jsonl.gz", "HumanEval.jsonl", "**/test-*.parquet", "**/test.jsonl")
MISSTATED = ("assert median([-10, 4, 6, 1000, 10, 20]) == 15.0",)
"""Examples that a published prompt gets wrong (HumanEval/47: the median is 8.0); the prompt keeps them."""


@dataclass
class HumanEval:
    """The published HumanEval.

    Args:
        path: `HumanEval.jsonl.gz`, or the folder that holds it; "" asks the hub.
        split: There is one, `test`.
    """

    exam_only: ClassVar[bool] = True
    path: str = ""
    split: str = "test"

    def propose(self, state: State | None, n: int | None = None) -> Iterator[Task]:
        """Yields the tasks in the published order."""
        known("split", self.split, ("test",))
        rows = published(self.path, FILES, REPOSITORY)
        yield from islice(unique(map(_task, rows), self.path or REPOSITORY), n)


def _task(row: Row) -> Task:
    prompt, entry_point = text_of(row, "prompt"), text_of(row, "entry_point")
    return Task(
        facts=TaskView(
            task_id=text_of(row, "task_id"),
            kind="complete",
            prompt=prompt,
            entry_point=entry_point,
            shown=Tests(assertions=examples(prompt, entry_point)),
        ),
        # some checks call helper functions that the prompt defines, so it is their context
        hidden=Tests(check=_check(text_of(row, "test"), entry_point), context=stub(prompt)),
        reference=prompt + text_of(row, "canonical_solution"),
        origin="humaneval",
        licence="MIT",
    )


def _check(test: str, entry_point: str) -> str:
    """The published check; where it calls the entry point by name (HumanEval/33), that name is the candidate.

    Otherwise it would be the unfinished function of the context.
    """
    tree = parse(test, len(test))
    if entry_point not in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} if tree else ():
        return test
    lines = [
        "published = check",
        "def check(candidate):",
        f"    global {entry_point}",
        f"    {entry_point} = candidate",
        "    published(candidate)",
    ]
    return f"{test.rstrip()}\n\n\n" + "\n".join(lines) + "\n"


def examples(prompt: str, entry_point: str) -> tuple[str, ...]:
    """The examples that a prompt shows as `>>> call` and result, as assertions.

    What is no call of the entry point with one literal as its result is left out: a model may not be told that a test
    failed which the prompt never stated clearly.
    """
    import doctest

    tree = parse(stub(prompt))
    last = tree.body[-1] if tree and tree.body else None
    words = ast.get_docstring(last) if isinstance(last, ast.FunctionDef) else None
    try:
        found = doctest.DocTestParser().get_examples(words or "")
    except ValueError:  # the example is not indented as the docstring is
        return ()
    texts = (_assertion(item.source, item.want, entry_point) for item in found)
    return tuple(text for text in texts if text and text not in MISSTATED)


def _assertion(call: str, result: str, entry_point: str) -> str:
    try:
        expression = ast.unparse(ast.parse(call.strip(), mode="eval"))
        value = ast.literal_eval(result.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    return tidy(f"assert {expression} == {value!r}") if f"{entry_point}(" in expression else ""
