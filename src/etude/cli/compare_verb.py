"""`etude compare DIR DIR …`: runs and evaluations side by side, at the same samples, tokens and seconds."""

from pathlib import Path

import click

from etude.cli.arguments import show


@click.command("compare")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--k", default=1, show_default=True, type=click.IntRange(1), help="Draws that a gain is about.")
@click.option("--any-protocol", is_flag=True, help="Compare what was measured in different ways too, and say so.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def command(folders: tuple[Path, ...], k: int, any_protocol: bool, as_json: bool) -> None:
    """Compare FOLDERS, runs or evaluations on the same tasks: is it a gain over the base model resampled?

    Every round of a run is compared with the run's base at the same samples, tokens and (where known) seconds, paired
    by task. Runs of one recipe with several seeds are one line. Of evaluations, the first is the base; beside a run, an
    evaluation of its base model is more samples of that base. Numbers of different protocols are refused.

    \b
    Examples:
      etude compare runs/lab runs/lab-seed-1 runs/lab-seed-2
      etude compare runs/eval-base runs/eval-tuned --k 1 --json
    """
    from etude.cli.comparison import text_of
    from etude.comparing import as_json as document
    from etude.comparing import compare_folders

    found = compare_folders(folders, k, any_protocol)
    show(document(found), as_json, "" if as_json else text_of(found))
