"""Tasks to be exported: those of a task set, a run's own puzzles, or what a run practised on; in the form asked for."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from etude.config import Recipe, build, find
from etude.errors import InputError
from etude.exchange import licences
from etude.exchange.own_rows import licences_of, rows_of
from etude.records import Json
from etude.sources.own_format import task_of
from etude.tasks import Task

Writer = Callable[[Sequence[Task], Path], dict[str, Json]]
FORMS = ("own", "verifiers", "inspect", "nemo-gym", "lm-eval")
FILES: Mapping[str, tuple[str, ...]] = {"own": (".jsonl",), "nemo-gym": (".jsonl",)}
"""Form -> the endings of its file; the others are folders."""


def writer(form: str) -> Writer:
    """The function that writes a form; its module is loaded only then."""
    if form == "verifiers":
        from etude.exchange.verifiers_tasks import write_verifiers as write
    elif form == "inspect":
        from etude.exchange.inspect_tasks import write_inspect as write
    elif form == "lm-eval":
        from etude.exchange.lm_eval_tasks import write_lm_eval as write
    elif form == "nemo-gym":
        from etude.exchange.nemo_gym_rows import write_nemo_gym as write
    else:
        return write_own
    return write


def write_own(tasks: Sequence[Task], target: Path) -> dict[str, Json]:
    """Writes tasks in our own format, one JSON line each; `jsonl:FILE` reads them back.

    Raises:
        InputError: None of them can be written.
        StorageError: The file cannot be written.
    """
    from etude.folders import write_text
    from etude.puzzles.exporting import lines

    rows, left = rows_of(tasks)
    if not rows:
        raise InputError(f"none of {len(tasks)} tasks can be written: {left[0] if left else 'there are none'}")
    write_text(target, lines(rows))
    return {"to": str(target), "tasks": len(rows), "left_out": left, "licences": licences_of(rows)}


def tasks_of_set(text: str, unlocked: bool) -> list[Task]:
    """The tasks of a task set, hidden tests and all.

    Raises:
        LockedError: They are of a test split that nobody has unlocked.
        InputError: The text, the place or a row is wrong.
    """
    from etude.sources.lock import require_unlocked
    from etude.sources.task_set import open_task_set, parse_task_set

    chosen = parse_task_set(text)
    require_unlocked(text, chosen.source, chosen.split, unlocked)
    return open_task_set(text, reading="measure")


def makes_its_own(recipe: Recipe) -> bool:
    """Whether a run's tasks are puzzles that its model writes."""
    return hasattr(find("sources", recipe.source.use), "proposer")


def puzzle_rows(folder: Path, recipe: Recipe) -> tuple[list[Json], list[str]]:
    """A run's own solved puzzles as rows of our own format with their lineage, and the ids of those left out.

    Raises:
        InputError: The run has none.
    """
    from etude.puzzles.exporting import solved_puzzles, task_rows
    from etude.sandbox import Sandbox

    facts = {"run": recipe.name, "seed": recipe.seed}
    solved = solved_puzzles(folder)
    with Sandbox(workers=1, require=recipe.sandbox.require) as jail:
        rows, left = task_rows(solved, facts, jail)
    return [{**row, "licence": licences.named(row["licence"])} for row in rows], left


def write_puzzles(folder: Path, recipe: Recipe, form: str, target: Path) -> dict[str, Json]:
    """Writes a run's own puzzles; in our own format every row has its lineage.

    Raises:
        InputError: The run has none.
        StorageError: The file cannot be written.
    """
    from etude.folders import write_text
    from etude.puzzles.exporting import lines

    rows, without = puzzle_rows(folder, recipe)
    left = [f"{name}: no solution passes the check" for name in without]
    if form == "own":
        write_text(target, lines(rows))
        told: dict[str, Json] = {"to": str(target), "tasks": len(rows), "licences": licences_of(rows), "left_out": []}
    else:
        tasks = [task for row in rows if (task := task_of(row, f"run {recipe.name}")[0])]
        told = writer(form)(tasks, target)
    return {**told, "left_out": [*left, *told["left_out"]]}


def practised(recipe: Recipe) -> list[Task]:
    """The tasks that a run practises on; their source is asked again.

    Raises:
        InputError: The source's files are no longer there.
    """
    tasks = list(build("sources", recipe.source).propose(None, recipe.tasks))
    if not tasks:
        raise InputError(f"the source {recipe.source.use} yields no task without a run around it")
    return tasks
