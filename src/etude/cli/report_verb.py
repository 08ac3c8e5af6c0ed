"""`etude report DIR`: a run's report as one HTML file."""

from pathlib import Path

import click

from etude.cli.arguments import show


@click.command("report")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the path and the numbers as JSON.")
def command(folder: Path, as_json: bool) -> None:
    """Write FOLDER/report.html, self-contained, from the ledgers of a run; works while the run is interrupted.

    \b
    Examples:
      etude report runs/lab
      etude report runs/lab --json
    """
    from etude.arms import reports_of
    from etude.cli.tables import grid, progress_table
    from etude.records import encode
    from etude.viewer.of_run import own_tasks, recipe_of, write_page
    from etude.viewer.puzzles import summary

    recipe = recipe_of(folder)
    arms = {name: reports for name, reports in reports_of(folder, recipe).items() if reports}
    page = write_page(folder)
    table = progress_table(arms) if "main" in arms else "no reports yet: the base has not been measured"
    if own := summary(own_tasks(folder, recipe)):
        table += f"\n\n{grid(own)}\nA rising solve rate on its own puzzles is no sign of progress."
    show({"report": str(page), "arms": encode(arms)}, as_json, f"{table}\nreport: {page}")
