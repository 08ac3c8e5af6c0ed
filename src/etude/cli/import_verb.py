"""`etude import KIND PATH`: results that others published, counted again from their own files."""

import importlib
from pathlib import Path

import click

from etude.cli.arguments import show

KINDS = {
    "drboot-outcomes": "etude.outcomes.drboot",
    "p3-results": "etude.outcomes.p3",
}
"""Kind of files -> the module whose `tables(path)` reads them; loaded only when it is asked for."""


@click.command("import")
@click.argument("kind")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the tables as JSON, numbers unrounded.")
def command(kind: str, path: Path, as_json: bool) -> None:
    """Count the published outcomes at PATH again and print the tables. KIND is drboot-outcomes or p3-results.

    \b
    Examples:
      etude import drboot-outcomes Dr-Boot/results
      etude import p3-results results_397_cushman_codex_1k_full.json.gz --json
    """
    from etude.cli.tables import grid
    from etude.config import nearest
    from etude.errors import InputError
    from etude.outcomes.tables import encoded, texts

    if kind not in KINDS:
        raise InputError(
            f"nothing is imported as {kind!r}",
            choices=nearest(kind, KINDS),
            fix=f"etude import {next(iter(KINDS))} PATH",
        )
    found = importlib.import_module(KINDS[kind]).tables(path)
    blocks = ["\n".join([table.title, "", grid(texts(table)), *table.notes]) for table in found]
    document = {"kind": kind, "path": str(path), "tables": [encoded(table) for table in found]}
    show(document, as_json, "\n\n\n".join(blocks))
