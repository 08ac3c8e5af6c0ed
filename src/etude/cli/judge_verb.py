"""`etude judge SAMPLES.jsonl --tasks T`: verdicts for programs that something else wrote, or for a run once more."""

from pathlib import Path

import click

from etude.cli.arguments import overrides, show, tell
from etude.cli.indexes import chosen, told, with_index
from etude.cli.panel import watching
from etude.errors import EtudeError
from etude.records import Level

LEVELS = ["strong", "container", "any"]


@click.command("judge", context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.argument("samples", required=False, type=click.Path(path_type=Path))
@click.option("--tasks", default="", help="The task set, such as humaneval:PATH; with --rerun, the mended tasks.")
@click.option("--rerun", type=click.Path(path_type=Path), default=None, help="Judge a run's attempts again instead.")
@click.option("--fresh", is_flag=True, help="With --rerun: run every program again, believing no verdict on record.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1), help="Programs run at once.")
@click.option("--require", type=click.Choice(LEVELS), default="strong", help="The isolation that must be had.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=None, help="Write verdicts here; --rerun: a new folder."
)
@with_index
@click.option("--strict", is_flag=True, help="Exit with 1 unless every sample passed; --rerun: unless nothing changes.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    samples: Path | None,
    tasks: str,
    rerun: Path | None,
    fresh: bool,
    workers: int,
    require: Level,
    index: tuple[str, ...],
    index_does: str,
    out: Path | None,
    strict: bool,
    as_json: bool,
) -> int:
    """Judge SAMPLES, one JSON line each: {"task_id", "completion"}, {"task_id", "solution"}, or as lm-eval logs them.

    Several lines of one task are its n samples. With --rerun DIR, say instead which verdicts, rows and checkpoints of a
    run (or an evaluation) change with mended --tasks or other settings, dotted as in `etude run`; no model is asked.

    \b
    Examples:
      etude judge samples.jsonl --tasks humaneval:HumanEval.jsonl.gz
      etude judge solutions.jsonl --tasks mbpp:mbpp.jsonl[test] --json
      etude judge samples.jsonl --tasks jsonl:mine.jsonl --judge.calibrate 10 --judge.least_seconds 1
      etude judge --rerun runs/lab --judge.cpu_seconds 20 --out runs/lab-again
    """
    extra = [samples, *ctx.args] if rerun and samples else ctx.args
    if rerun and index:
        raise EtudeError("--rerun takes the run's own task sets, and no --index", fix="leave --index out")
    if rerun:
        return _again(rerun, [str(part) for part in extra], tasks, fresh, workers, require, out, strict, as_json)
    if samples is None or not tasks:
        raise EtudeError(
            "samples or tasks are missing",
            expected="SAMPLES.jsonl --tasks T, or --rerun DIR",
            fix="etude judge -h",
        )
    from etude.judging import judge_samples

    given = overrides(ctx.args)
    with watching("none" if as_json else "auto") as watch:
        result = judge_samples(samples, chosen(tasks, index, index_does), workers, require, watch, out, given)
    left = told(tasks, index, index_does, quiet=as_json)
    show({**result.summary, "index": left} if left else result.summary, as_json, result.text())
    if result.without_sample and not as_json:
        tell(f"{len(result.without_sample)} tasks have no sample: {', '.join(result.without_sample[:20])}")
    return int(strict and result.summary["passed"] != result.summary["samples"])


def _again(
    folder: Path,
    extra: list[str],
    tasks: str,
    fresh: bool,
    workers: int,
    require: Level,
    out: Path | None,
    strict: bool,
    as_json: bool,
) -> int:
    from etude.records import encode
    from etude.rejudging import rerun

    changes = {"sandbox.workers": str(workers), "sandbox.require": require, **overrides(extra)}
    with watching("none" if as_json else "auto") as watch:
        found = rerun(folder, changes, tasks=tasks, out=out, fresh=fresh, watch=watch)
    document = {"verdicts": found.verdicts, "checkpoints": list(found.checkpoints), **encode(found)}
    show(document, as_json, found.text())
    return int(strict and bool(found.verdicts or found.checkpoints))
