"""`etude solve --model M --tasks T --solver S`: one solver on some tasks, its programs with their verdicts."""

import inspect
import os
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from etude.cli.arguments import overrides, show
from etude.cli.indexes import chosen, recorded, with_index
from etude.cli.panel import watching

if TYPE_CHECKING:
    from etude.protocols import Judged

SHOWN = 8  # programs of a task that people are shown


@click.command("solve", context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.option("--model", default=None, help="A local folder, a hub id, package:MODULE/PATH, or a model's table.")
@click.option("--tasks", required=True, help="The task set; slice it: lab[validation][0:5].")
@click.option("--solver", default="sample", show_default=True, help="An entry point, or package.module:Object.")
@click.option("--seed", default=0, show_default=True, help="The seed of the draws.")
@click.option("--unlock-test", is_flag=True, help="Open a test split; the reading is recorded.")
@with_index
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Folder that keeps the samples.")
@click.option("--json", "as_json", is_flag=True, help="Print every attempt as JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    model: str | None,
    tasks: str,
    solver: str,
    seed: int,
    unlock_test: bool,
    index: tuple[str, ...],
    index_does: str,
    out: Path | None,
    as_json: bool,
) -> None:
    """Let a solver attempt tasks and print programs with their verdicts; further flags are the solver's settings.

    Of a task with many programs the first ones are printed, those that pass before the others; --json prints all.
    A test split is locked: --unlock-test opens it.

    \b
    Examples:
      etude solve --model package:etude.lab/model --tasks lab[validation][0:3] --solver sample --samples 2
      etude solve --model ./my-model --tasks jsonl:my-tasks.jsonl --solver repair --temperature 0.2
      etude solve --tasks p3:puzzles[train][0:3] --solver enumerate --until-solved true
    """
    from etude import config
    from etude.evaluating import evaluate, evaluation
    from etude.records import encode

    os.environ.setdefault("OMP_NUM_THREADS", "1")
    settings = {key: config.value(text) for key, text in overrides(ctx.args).items()}
    part = config.Part(use=solver, **settings)
    samples = settings.get("samples", _samples(solver))
    tasks = chosen(tasks, index, index_does)
    recipe = evaluation(
        model, tasks, n=int(samples), k=(1,), seed=seed, workers=1, solver=part, unlock_test=unlock_test
    )
    folder = out or Path("runs") / f"solve-{recipe.name.removeprefix('eval-')}"
    with watching("none" if as_json else "auto") as watch:
        report, judged = evaluate(recipe, folder, watch)
    recorded(recipe, folder, index, index_does, quiet=as_json)
    rows = [{"attempt": encode(item.attempt), "verdict": encode(item.verdict)} for item in judged]
    text = "\n".join(_shown(judged))
    show(
        rows,
        as_json,
        f"{text}\n{report.tasks} tasks, {sum(item.verdict.passed is True for item in judged)} programs pass",
    )


def _samples(solver: str) -> int:
    """One program per task from a model; what it is used to try from a solver that needs none."""
    from etude.config import find
    from etude.evaluating import needs_model

    return 1 if needs_model(solver) else int(inspect.signature(find("solvers", solver)).parameters["samples"].default)


def _shown(judged: "Sequence[Judged]") -> Iterator[str]:
    """A task's first programs, those that pass before the others, and how many are left out."""
    for _, group in groupby(sorted(judged, key=lambda item: item.attempt.task_id), lambda item: item.attempt.task_id):
        items = list(group)
        first = sorted(items, key=lambda item: item.verdict.passed is not True) if len(items) > SHOWN else items
        yield from (_text(item.attempt.program, item.verdict, item.attempt) for item in first[:SHOWN])
        if len(items) > SHOWN:
            yield f"   and {len(items) - SHOWN:,} more programs for {items[0].attempt.task_id}\n"


def _text(program: str, verdict: object, attempt: object) -> str:
    from etude.records import Attempt, Verdict

    assert isinstance(verdict, Verdict)
    assert isinstance(attempt, Attempt)
    said = "passed" if verdict.passed else f"{verdict.status}: {verdict.reason}"
    kind = (
        f"repair of {attempt.parent[:8]} ({attempt.feedback})" if attempt.parent else f"sample {attempt.sample_index}"
    )
    return f"── {attempt.task_id} · {kind} · {said}\n{program.rstrip()}\n"
