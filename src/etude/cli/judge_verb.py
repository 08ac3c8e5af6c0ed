"""`etude judge SAMPLES.jsonl --tasks T`: verdicts for programs that something else wrote."""

from pathlib import Path

import click

from etude.cli.arguments import show, tell
from etude.cli.panel import watching
from etude.records import Level

LEVELS = ["strong", "container", "any"]


@click.command("judge")
@click.argument("samples", type=click.Path(path_type=Path))
@click.option("--tasks", required=True, help="The task set, such as humaneval:PATH or mbpp:PATH[test].")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1), help="Programs run at once.")
@click.option("--require", type=click.Choice(LEVELS), default="strong", help="The isolation that must be had.")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Write one verdict per line here.")
@click.option("--strict", is_flag=True, help="Exit with 1 unless every sample passed.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def command(
    samples: Path, tasks: str, workers: int, require: Level, out: Path | None, strict: bool, as_json: bool
) -> int:
    """Judge SAMPLES, one JSON line each: {"task_id", "completion"} or {"task_id", "solution"}.

    Several lines of one task are its n samples.

    \b
    Examples:
      etude judge samples.jsonl --tasks humaneval:HumanEval.jsonl.gz
      etude judge solutions.jsonl --tasks mbpp:mbpp.jsonl[test] --json
    """
    from etude.judging import judge_samples

    with watching("none" if as_json else "auto") as watch:
        result = judge_samples(samples, tasks, workers, require, watch, out)
    show(result.summary, as_json, result.text())
    if result.without_sample and not as_json:
        tell(f"{len(result.without_sample)} tasks have no sample: {', '.join(result.without_sample[:20])}")
    return int(strict and result.summary["passed"] != result.summary["samples"])
