"""`etude eval --model M --tasks T`: pass@k on hidden tests."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from etude.cli.arguments import numbers, show, tell
from etude.cli.indexes import chosen, recorded, with_index
from etude.cli.panel import watching

if TYPE_CHECKING:
    from etude.protocols import Judged
    from etude.records import Report


@click.command("eval")
@click.option("--model", default=None, help="A local folder, a hub id, package:MODULE/PATH, or a model's table.")
@click.option("--tasks", required=True, help="The task set, such as humaneval:PATH or mbpp:PATH[test].")
@click.option("--solver", default="sample", show_default=True, help="Who attempts the tasks: a name, or a table.")
@click.option(
    "--judge", default="auto", show_default=True, help="Who decides: a name, or {use='auto', cpu_seconds=1.0}."
)
@click.option("--n", default=10, show_default=True, type=click.IntRange(1), help="Samples per task.")
@click.option("--k", default="1,5,10", show_default=True, help="The k of pass@k; those above n are left out.")
@click.option("--temperature", default=0.8, show_default=True, type=click.FloatRange(0.0), help="0 is greedy.")
@click.option("--top-p", default=1.0, show_default=True, type=click.FloatRange(0.0, 1.0), help="Nucleus sampling.")
@click.option("--max-tokens", default=256, show_default=True, type=click.IntRange(1), help="New tokens per sample.")
@click.option("--batch-size", default=64, show_default=True, type=click.IntRange(1), help="Sequences at once.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, mps …")
@click.option("--seed", default=0, show_default=True, help="The seed of the draws.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1), help="Programs run at once.")
@click.option("--unlock-test", is_flag=True, help="Open a test split; the reading is recorded.")
@click.option("--strict", is_flag=True, help="Exit with 1 where the numbers are suspicious.")
@with_index
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Folder that keeps the samples.")
@click.option("--json", "as_json", is_flag=True, help="Print the numbers as JSON.")
def command(
    model: str | None,
    tasks: str,
    solver: str,
    judge: str,
    n: int,
    k: str,
    seed: int,
    workers: int,
    unlock_test: bool,
    strict: bool,
    index: tuple[str, ...],
    index_does: str,
    out: Path | None,
    as_json: bool,
    **drawing: Any,
) -> int:
    """Measure a model: n samples per task, judged on hidden tests, unbiased pass@k with 95 % intervals over tasks.

    A test split is locked: --unlock-test opens it. Every reading is recorded in the folder. Running again with a larger
    --n draws only the new samples. Three raw replies and the protocol are printed with the numbers; 0 %, 100 % and
    replies without a program are called suspicious first.

    \b
    Examples:
      etude eval --model ./my-model --tasks humaneval:HumanEval.jsonl.gz --n 10 --k 1,5,10
      etude eval --model ./my-model --tasks mbpp:mbpp.jsonl[test] --unlock-test --n 1 --k 1 --json
      etude eval --tasks p3:puzzles[train][0:20] --solver enumerate --n 1000 --k 1,100,1000
      etude eval --model '{use = "openai", url = "http://localhost:8000/v1", model = "coder"}' --tasks humaneval:FILE
    """
    from etude.evaluating import evaluate, evaluation, named_part
    from etude.suites.suspicious import suspicions

    os.environ.setdefault("OMP_NUM_THREADS", "1")
    settings: dict[str, Any] = {"n": n, "k": numbers(k, "--k"), "seed": seed, "workers": workers}
    settings |= {"solver": named_part(solver, "solver"), "judge": named_part(judge, "judge")}
    recipe = evaluation(model, chosen(tasks, index, index_does), unlock_test=unlock_test, **settings, **drawing)
    folder = out or Path("runs") / recipe.name
    with watching("none" if as_json else "auto") as watch:
        report, judged = evaluate(recipe, folder, watch)
    left = recorded(recipe, folder, index, index_does, quiet=as_json)
    _print(report, judged, n, folder, as_json, left)
    return int(strict and bool(suspicions(report)))


def _print(
    report: "Report", judged: "Sequence[Judged]", n: int, folder: Path, as_json: bool, left: list[dict[str, Any]]
) -> None:
    """What makes the number doubtful, three raw replies, and only then the number with its protocol."""
    from etude.cli.tables import doubts, grid, how, percent
    from etude.measurement import digest
    from etude.records import encode
    from etude.replies import raw, text
    from etude.suites.suspicious import suspicions

    rows = [["k", "pass@k %"], *([k, percent(value)] for k, value in report.pass_at.items())]
    replies = raw(judged)
    value = {
        "tasks": report.tasks,
        "n": n,
        "unjudged": report.unjudged,
        "suspicious": list(suspicions(report)),
        "pass@k": encode(report.pass_at),
        "statuses": encode(report.statuses),
        "no_program": report.no_program,
        "protocol": {"digest": digest(report.measurement), **encode(report.measurement)}
        if report.measurement
        else None,
        "replies": encode(replies),
        "index": left,
        "dir": str(folder),
    }
    numbers = f"{grid(rows)}\n{report.tasks} tasks, n = {n}, {report.unjudged} unjudged\n{how([report])}"
    show(value, as_json, "\n\n".join(filter(None, [doubts([report]), text(replies), numbers])))
    if not as_json:
        tell(f"samples and verdicts: {folder}/ledger.sqlite")
