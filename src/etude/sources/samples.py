"""Programs that something else wrote: the sample files of HumanEval and EvalPlus, and those that lm-eval logs.

A row is `{"task_id", "completion"}` or `{"task_id", "solution"}`. A completion is joined to the prompt exactly as it
stands where the prompt is code (`complete`, `puzzle`); to a prompt in prose it is the whole program. A solution is
always the whole program. Several rows of one task are its samples, in the order of the file. Rows of lm-eval
(`etude.sources.lm_eval_samples`) hold a model's replies, and programs are read out of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etude.config import nearest
from etude.errors import InputError
from etude.models.reply import program_of
from etude.sources import lm_eval_samples as logged
from etude.sources.files import locate
from etude.sources.naming import resolve, spellings
from etude.sources.rows import Broken, Row, scan, type_name
from etude.tasks import Task

NAMED = 20  # broken rows or unknown ids named in one error


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One program for one task: `sample_index` counts the samples of a task from 0, `line` is where it stood."""

    task_id: str
    program: str
    completion: str
    sample_index: int
    line: int


@dataclass(frozen=True, slots=True)
class Samples:
    """All samples of a file in its order, and the ids of the tasks that have none."""

    samples: tuple[Sample, ...]
    unsampled: tuple[str, ...]

    def __iter__(self) -> Iterator[Sample]:
        return iter(self.samples)

    def __len__(self) -> int:
        return len(self.samples)

    def of(self, task_ids: Iterable[str]) -> "Samples":
        """Those of some tasks."""
        wanted = set(task_ids)
        return Samples(
            tuple(item for item in self.samples if item.task_id in wanted),
            tuple(name for name in self.unsampled if name in wanted),
        )


def read_samples(path: str | Path, tasks: Sequence[Task]) -> Samples:
    """The samples of a file for the tasks of a set.

    Task ids are matched exactly, else without regard to case (`Mbpp/11`), else by number alone (`11`).

    Raises:
        InputError: The file cannot be read or is empty, rows are broken (named with their lines), or ids are unknown.
    """
    (file,) = locate(path, ())
    by_id = {task.task_id: task for task in tasks}
    accepted = spellings(by_id)
    broken: list[str] = []
    unknown: dict[str, int] = {}
    samples: list[Sample] = []
    counts = dict.fromkeys(by_id, 0)
    for row in _each_once(scan(file)):
        if fault := _fault(row):
            broken.append(f"{row.where}: {fault}")
        elif isinstance(row, Row):
            name = _named(row)
            task_id = resolve(name, accepted)
            if task_id is None:
                unknown.setdefault(str(name), row.number)
                continue
            for program, words in _programs(row, by_id[task_id]):
                samples.append(Sample(task_id=task_id, program=program, completion=words, sample_index=counts[task_id],
                                      line=row.number))  # fmt: skip
                counts[task_id] += 1
    _refuse(file, broken, unknown, tuple(by_id))
    return Samples(tuple(samples), tuple(name for name, count in counts.items() if not count))


def _each_once(rows: Iterable[Row | Broken]) -> Iterator[Row | Broken]:
    """The rows without those of lm-eval that hold a document again, filtered in another way."""
    seen: dict[Any, Any] = {}
    for row in rows:
        if isinstance(row, Row) and logged.is_log(row.values):
            document, kind = logged.key_of(row.values)
            if seen.setdefault(str(document), kind) != kind:
                continue
        yield row


def _fault(row: Row | Broken) -> str:
    if isinstance(row, Broken):
        return row.fault
    if logged.is_log(row.values):
        found = logged.replies_of(row.values)
        return found if isinstance(found, str) else ""
    task_id = row.values.get("task_id")
    if not isinstance(task_id, str | int) or isinstance(task_id, bool):
        return "no task_id"
    text = row.values.get("solution", row.values.get("completion"))
    if text is None:
        return f"neither completion nor solution, found {', '.join(map(str, row.values))}"
    return "" if isinstance(text, str) else f"the program is {type_name(text)}, expected text"


def _named(row: Row) -> str | int:
    """The task's name in a row that has no fault."""
    found = logged.replies_of(row.values) if logged.is_log(row.values) else None
    name: str | int = found.task_id if isinstance(found, logged.Replies) else row.values["task_id"]
    return name


def _programs(row: Row, task: Task) -> Iterator[tuple[str, str]]:
    """The programs of a row, each with what was written."""
    found = logged.replies_of(row.values) if logged.is_log(row.values) else None
    if isinstance(found, logged.Replies):
        yield from ((program_of(text, task.view()), text) for text in found.texts)
        return
    solution, completion = row.values.get("solution"), str(row.values.get("completion") or "")
    if solution is not None:
        yield str(solution), str(solution)
    else:
        yield (completion if task.facts.kind == "instruct" else task.facts.prompt + completion), completion


def _refuse(file: Path, broken: Sequence[str], unknown: dict[str, int], ids: Sequence[str]) -> None:
    if broken:
        more = [f"… and {len(broken) - NAMED} more"] if len(broken) > NAMED else []
        raise InputError(
            "\n".join([f"{file}: {len(broken)} rows are no samples", *broken[:NAMED], *more]),
            expected='{"task_id": "…", "completion": "…"} or {"task_id": "…", "solution": "…"} on every line, '
            "or a file of lm-eval --log_samples",
        )
    if unknown:
        named = ", ".join(f"{name} (line {line})" for name, line in list(unknown.items())[:NAMED])
        raise InputError(
            f"{file}: {len(unknown)} task ids are not in the task set: {named}",
            expected=f"ids of its {len(ids)} tasks",
            choices=nearest(next(iter(unknown)), ids)[:5],
            fix="name the task set that the samples were drawn for with --tasks",
        )
