"""`etude run RECIPE`: the loop."""

import os
from pathlib import Path

import click

from etude.cli.arguments import overrides, show, tell
from etude.cli.indexes import override, recorded, with_index
from etude.cli.panel import watching


@click.command("run", context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.argument("recipe")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="The run's folder (default runs/NAME).")
@click.option("--unlock-test", is_flag=True, help="Let the suite open a test split; the reading is recorded.")
@with_index
@click.option("--arm", default=None, help="Run only this arm.")
@click.option(
    "--progress", type=click.Choice(["auto", "lines", "json", "none"]), default="auto", help="How to show it."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    recipe: str,
    out: Path | None,
    unlock_test: bool,
    index: tuple[str, ...],
    index_does: str,
    arm: str | None,
    progress: str,
    as_json: bool,
) -> None:
    """Run RECIPE, a TOML file or a built-in name, with dotted overrides; running again resumes.

    A recipe that measures on a test split says `unlock_test = true` in its [suite], or is given --unlock-test.

    \b
    Examples:
      etude run lab --out runs/lab
      etude run lab --seed 1 --rounds 2 --solver.samples 8
    """
    from etude import config

    unlocking = {"suite.unlock_test": "true"} if unlock_test else {}
    resolved = config.load(recipe, {**overrides(ctx.args), **unlocking, **override(index, index_does)})
    folder = out or Path("runs") / resolved.name
    os.environ.setdefault("OMP_NUM_THREADS", str(resolved.threads))
    style = "none" if as_json and progress == "auto" else progress
    if arm:
        _one(resolved, folder, arm, style)
    else:
        _whole(resolved, folder, style, as_json)
    recorded(resolved, folder, index, index_does, quiet=as_json)


def _one(recipe: object, folder: Path, arm: str, style: str) -> None:
    from etude import config
    from etude.arms import MAIN, run_arm
    from etude.errors import RecipeError

    assert isinstance(recipe, config.Recipe)
    known = (MAIN, *recipe.arms)
    if arm not in known:
        raise RecipeError(f"the recipe {recipe.name} has no arm {arm!r}", choices=config.nearest(arm, known))
    with watching(style) as watch:
        run_arm(recipe, folder, arm, watch)


def _whole(recipe: object, folder: Path, style: str, as_json: bool) -> None:
    from etude import config
    from etude.arms import reports_of, run_whole
    from etude.cli.tables import progress_table
    from etude.records import encode
    from etude.viewer.of_run import gains_of, write_page

    assert isinstance(recipe, config.Recipe)
    with watching(style) as watch:
        run_whole(recipe, folder, watch)
    arms = reports_of(folder, recipe)
    sides = gains_of(folder)
    page = write_page(folder, sides)
    if as_json:
        last = {name: {"pass@k": encode(reports[-1].pass_at)} for name, reports in arms.items() if reports}
        rounds = {name: encode(reports) for name, reports in arms.items()}
        show({"dir": str(folder), "report": str(page), "arms": last, "rounds": rounds}, True)
    else:
        calls = [item.words for line in sides.lines for item in line.gains] if sides else []
        print("\n\n".join(filter(None, [progress_table(arms), "\n".join(calls)])))
        tell(f"report: {page}")
