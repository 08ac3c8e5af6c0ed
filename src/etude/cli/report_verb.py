"""`etude report DIR`: a run's report as one HTML file."""

from pathlib import Path

import click

from etude.cli.arguments import show


@click.command("report")
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("others", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the path and the numbers as JSON.")
def command(folder: Path, others: tuple[Path, ...], as_json: bool) -> None:
    """Write FOLDER/report.html, self-contained, from the ledgers of a run; works while the run is interrupted.

    OTHERS, runs of the same recipe with other seeds or more samples of its base, join the last part: is it a gain?

    \b
    Examples:
      etude report runs/lab
      etude report runs/lab runs/lab-seed-1 runs/lab-seed-2
      etude report runs/lab --json
    """
    from etude.arms import arm_folder, reports_of
    from etude.cli.comparison import text_of
    from etude.cli.tables import grid, progress_table
    from etude.comparing import as_json as as_document
    from etude.records import encode
    from etude.viewer import leaks
    from etude.viewer.of_run import gains_of, own_tasks, recipe_of, write_page
    from etude.viewer.puzzles import summary

    recipe = recipe_of(folder)
    arms = {name: reports for name, reports in reports_of(folder, recipe).items() if reports}
    sides = gains_of(folder, others)
    page = write_page(folder, sides)
    table = progress_table(arms) if "main" in arms else "no reports yet: the base has not been measured"
    if own := summary(own_tasks(folder, recipe)):
        table += f"\n\n{grid(own)}\nA rising solve rate on its own puzzles is no sign of progress."
    found = leaks.read({name: arm_folder(folder, name) for name in arms})
    table = "\n".join([table, *leaks.notes(found)])
    gains = text_of(sides) if sides else "Is it a gain? There is nothing to compare yet."
    document = {"report": str(page), "arms": encode(arms), "leaks": encode(found)}
    document["gains"] = as_document(sides) if sides else None
    show(document, as_json, f"{table}\n\n{gains}\n\nreport: {page}")
