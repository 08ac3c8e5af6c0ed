"""`etude eval --model M --tasks T`: pass@k on hidden tests."""

import os
from pathlib import Path
from typing import Any

import click

from etude.cli.arguments import numbers, show, tell
from etude.cli.panel import watching


@click.command("eval")
@click.option("--model", default=None, help="A local folder, a hub id, package:MODULE/PATH, or a model's table.")
@click.option("--tasks", required=True, help="The task set, such as humaneval:PATH or mbpp:PATH[test].")
@click.option("--solver", default="sample", show_default=True, help="Who attempts the tasks; enumerate needs no model.")
@click.option("--n", default=10, show_default=True, type=click.IntRange(1), help="Samples per task.")
@click.option("--k", default="1,5,10", show_default=True, help="The k of pass@k; those above n are left out.")
@click.option("--temperature", default=0.8, show_default=True, type=click.FloatRange(0.0), help="0 is greedy.")
@click.option("--top-p", default=1.0, show_default=True, type=click.FloatRange(0.0, 1.0), help="Nucleus sampling.")
@click.option("--max-tokens", default=256, show_default=True, type=click.IntRange(1), help="New tokens per sample.")
@click.option("--batch-size", default=64, show_default=True, type=click.IntRange(1), help="Sequences at once.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, mps …")
@click.option("--seed", default=0, show_default=True, help="The seed of the draws.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1), help="Programs run at once.")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Folder that keeps the samples.")
@click.option("--json", "as_json", is_flag=True, help="Print the numbers as JSON.")
def command(
    model: str | None,
    tasks: str,
    solver: str,
    n: int,
    k: str,
    seed: int,
    workers: int,
    out: Path | None,
    as_json: bool,
    **drawing: Any,
) -> None:
    """Measure a model: n samples per task, judged on hidden tests, unbiased pass@k with 95 % intervals over tasks.

    Reading a test split is recorded in the folder. Running again with a larger --n draws only the new samples.

    \b
    Examples:
      etude eval --model ./my-model --tasks humaneval:HumanEval.jsonl.gz --n 10 --k 1,5,10
      etude eval --model ./my-model --tasks mbpp:mbpp.jsonl[test] --temperature 0 --n 1 --k 1 --json
      etude eval --tasks p3:puzzles[test][0:20] --solver enumerate --n 1000 --k 1,100,1000
      etude eval --model '{use = "openai", url = "http://localhost:8000/v1", model = "coder"}' --tasks humaneval:FILE
    """
    from etude.config import Part
    from etude.evaluating import evaluate, evaluation

    os.environ.setdefault("OMP_NUM_THREADS", "1")
    settings: dict[str, Any] = {"n": n, "k": numbers(k, "--k"), "seed": seed, "workers": workers}
    recipe = evaluation(model, tasks, solver=Part(use=solver), **settings, **drawing)
    folder = out or Path("runs") / recipe.name
    with watching("none" if as_json else "auto") as watch:
        report, _ = evaluate(recipe, folder, watch)
    _print(report, n, folder, as_json)


def _print(report: object, n: int, folder: Path, as_json: bool) -> None:
    from etude.cli.tables import grid, percent
    from etude.records import Report, encode

    assert isinstance(report, Report)
    rows = [["k", "pass@k %"], *([k, percent(value)] for k, value in report.pass_at.items())]
    value = {
        "tasks": report.tasks,
        "n": n,
        "unjudged": report.unjudged,
        "pass@k": encode(report.pass_at),
        "statuses": encode(report.statuses),
        "dir": str(folder),
    }
    show(value, as_json, f"{grid(rows)}\n{report.tasks} tasks, n = {n}, {report.unjudged} unjudged")
    if not as_json:
        tell(f"samples and verdicts: {folder}/ledger.sqlite")
