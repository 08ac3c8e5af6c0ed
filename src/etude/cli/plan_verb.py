"""`etude plan RECIPE`: what a run would do and cost."""

import click

from etude.cli.arguments import overrides, show
from etude.cli.indexes import override, with_index


@click.command("plan", context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.argument("recipe")
@with_index
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
@click.pass_context
def command(ctx: click.Context, recipe: str, index: tuple[str, ...], index_does: str, as_json: bool) -> None:
    """Say what RECIPE would do: tasks, samples, tokens at most, training steps, programs, disk; nothing is run.

    \b
    Examples:
      etude plan lab
      etude plan my-recipe.toml --solver.samples 16 --json
    """
    from etude import config
    from etude.planning import plan

    rows = plan(config.load(recipe, {**overrides(ctx.args), **override(index, index_does)}))
    show(rows, as_json, "\n\n".join(_text(name, row) for name, row in rows.items()))


def _text(name: str, row: dict[str, object]) -> str:
    lines = [
        f"  {key:<28} {value:,}" if isinstance(value, int) else f"  {key:<28} {value}" for key, value in row.items()
    ]
    return "\n".join([f"{name}:", *lines])
