"""`etude sweep RECIPE`: which settings do best on validation."""

from pathlib import Path

import click

from etude.cli.arguments import overrides, show
from etude.cli.panel import watching


@click.command("sweep", context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.argument("recipe")
@click.option("--over", multiple=True, required=True, help="A setting: KEY=LOW..HIGH[,log] or KEY=A|B|C.")
@click.option("--trials", type=click.IntRange(min=1), default=10, help="Trials in all, earlier ones counted.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/sweep"), help="The sweep's folder.")
@click.option(
    "--progress", type=click.Choice(["auto", "lines", "json", "none"]), default="auto", help="How to show it."
)
@click.option("--json", "as_json", is_flag=True, help="Print the trials as JSON.")
@click.pass_context
def command(
    ctx: click.Context, recipe: str, over: tuple[str, ...], trials: int, out: Path, progress: str, as_json: bool
) -> None:
    """Run RECIPE under other settings and list them by their best validation pass@1; running again goes on.

    The test split is not read. Settings that hold in every trial are dotted flags, as in `etude run`.

    \b
    Examples:
      etude sweep drboot --tasks lab --over learner.learning_rate=1e-4..3e-3,log --over "solver.level=none|full"
      etude sweep drboot --tasks mbpp:mbpp.jsonl --model ./my-model --over solver.repairs=0..2 --trials 3
    """
    from etude.records import encode
    from etude.sweeping import axis, sweep

    with watching("none" if as_json and progress == "auto" else progress) as watch:
        found = sweep(
            recipe, overrides(ctx.args), [axis(text) for text in over], trials=trials, folder=out, watch=watch
        )
    rows = [{**encode(item), "folder": str(item.folder)} for item in found]
    lines = [f"{100 * item.score:6.1f} %  {dict(item.settings)}  {item.folder}" for item in found]
    show({"dir": str(out), "trials": rows}, as_json, "\n".join(["validation pass@1, best first:", *lines]))
