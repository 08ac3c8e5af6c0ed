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
    from etude.cli.tables import progress_table
    from etude.records import encode
    from etude.viewer.of_run import recipe_of, write_page

    recipe = recipe_of(folder)
    arms = {name: reports for name, reports in reports_of(folder, recipe).items() if reports}
    page = write_page(folder)
    table = progress_table(arms) if "main" in arms else "no reports yet: the base has not been measured"
    show({"report": str(page), "arms": encode(arms)}, as_json, f"{table}\nreport: {page}")
