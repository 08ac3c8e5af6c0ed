"""`etude export RUN`: what a run has made, as a file for others: its own puzzles as tasks, or its training rows."""

from pathlib import Path
from typing import Literal

import click

from etude.cli.arguments import show
from etude.errors import InputError
from etude.records import Json


@click.command("export")
@click.argument("folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--what", type=click.Choice(["tasks", "rows"]), default="tasks", help="Own puzzles, or training rows.")
@click.option("--to", "target", type=click.Path(path_type=Path), required=True, help="The file to write.")
@click.option("--force", is_flag=True, help="Write over a file that is there already.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def command(folder: Path, what: Literal["tasks", "rows"], target: Path, force: bool, as_json: bool) -> None:
    """Write what RUN has made to a file.

    `tasks`: the run's own puzzles that it solved, as function tasks, one JSON line each, with reference and lineage.
    `rows`: the training rows of the last round, as .jsonl or .parquet.

    \b
    Examples:
      etude export runs/puzzles --what tasks --to own.jsonl
      etude export runs/puzzles --what rows --to rows.parquet
    """
    from etude.viewer.of_run import recipe_of

    recipe = recipe_of(folder)
    kinds = (".jsonl",) if what == "tasks" else (".jsonl", ".parquet")
    if target.suffix not in kinds:
        raise InputError(f"{what} cannot be written to {target}", expected=" or ".join(f"FILE{kind}" for kind in kinds))
    if target.exists() and not force:
        raise InputError(f"{target} is there already", expected="a new file", fix="give another --to, or add --force")
    facts = {"run": recipe.name, "seed": recipe.seed}
    told = _tasks(folder, target, facts, recipe.sandbox.require) if what == "tasks" else _rows(folder, target)
    left = f", {len(told['left_out'])} left out: no solution passes the check" if told.get("left_out") else ""
    show(told, as_json, f"{told[what]} {what} written to {target}{left}")


def _tasks(folder: Path, target: Path, facts: dict[str, Json], require: Literal["strong", "container", "any"]) -> Json:
    from etude.folders import write_text
    from etude.puzzles.exporting import lines, solved_puzzles, task_rows
    from etude.sandbox import Sandbox

    solved = solved_puzzles(folder)
    with Sandbox(workers=1, require=require) as jail:
        rows, left = task_rows(solved, facts, jail)
    write_text(target, lines(rows))
    return {"to": str(target), "tasks": len(rows), "left_out": left}


def _rows(folder: Path, target: Path) -> Json:
    from etude.folders import write_text
    from etude.ledger import storage
    from etude.puzzles.exporting import last_rows, lines
    from etude.sources.rows import read_rows

    file = last_rows(folder)
    rows = read_rows([file])
    if target.suffix == ".parquet":
        with storage(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    else:
        write_text(target, lines([dict(row.values) for row in rows]))
    return {"to": str(target), "rows": len(rows), "round": int(file.parent.name)}
