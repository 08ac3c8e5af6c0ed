"""`etude solve --model M --tasks T --solver S`: one solver on some tasks, printed as it goes."""

import os
from pathlib import Path

import click

from etude.cli.arguments import overrides, show
from etude.cli.panel import watching


@click.command("solve", context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.option("--model", required=True, help="A local Hugging Face folder, a hub id, or package:MODULE/PATH.")
@click.option("--tasks", required=True, help="The task set; slice it: lab[test][0:5].")
@click.option("--solver", default="sample", show_default=True, help="An entry point, or package.module:Object.")
@click.option("--seed", default=0, show_default=True, help="The seed of the draws.")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Folder that keeps the samples.")
@click.option("--json", "as_json", is_flag=True, help="Print every attempt as JSON.")
@click.pass_context
def command(
    ctx: click.Context, model: str, tasks: str, solver: str, seed: int, out: Path | None, as_json: bool
) -> None:
    """Let a solver attempt tasks and print each program with its verdict; further flags are the solver's settings.

    \b
    Examples:
      etude solve --model package:etude.lab/model --tasks lab[validation][0:3] --solver sample --samples 2
      etude solve --model ./my-model --tasks jsonl:my-tasks.jsonl --solver repair --temperature 0.2
    """
    from etude import config
    from etude.evaluating import evaluate, evaluation
    from etude.records import encode

    os.environ.setdefault("OMP_NUM_THREADS", "1")
    settings = {key: config.value(text) for key, text in overrides(ctx.args).items()}
    part = config.Part(use=solver, **settings)
    recipe = evaluation(model, tasks, n=int(settings.get("samples", 1)), k=(1,), seed=seed, workers=1, solver=part)
    folder = out or Path("runs") / f"solve-{recipe.name.removeprefix('eval-')}"
    with watching("none" if as_json else "auto") as watch:
        report, judged = evaluate(recipe, folder, watch)
    rows = [{"attempt": encode(item.attempt), "verdict": encode(item.verdict)} for item in judged]
    text = "\n".join(_text(item.attempt.program, item.verdict, item.attempt) for item in judged)
    show(
        rows,
        as_json,
        f"{text}\n{report.tasks} tasks, {sum(item.verdict.passed is True for item in judged)} programs pass",
    )


def _text(program: str, verdict: object, attempt: object) -> str:
    from etude.records import Attempt, Verdict

    assert isinstance(verdict, Verdict)
    assert isinstance(attempt, Attempt)
    said = "passed" if verdict.passed else f"{verdict.status}: {verdict.reason}"
    kind = (
        f"repair of {attempt.parent[:8]} ({attempt.feedback})" if attempt.parent else f"sample {attempt.sample_index}"
    )
    return f"── {attempt.task_id} · {kind} · {said}\n{program.rstrip()}\n"
