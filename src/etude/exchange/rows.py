"""A round's training rows as a Hugging Face data set: Parquet, and a card that says where every row comes from.

`datasets.load_dataset(FOLDER)` reads it; nothing of Étude is needed. A row holds no hidden test and no reference that
was not itself learned from.
"""

import os
from pathlib import Path
from typing import Any

from etude.errors import MissingError
from etude.exchange import licences
from etude.exchange.cards import block, front_matter, grid, without_places
from etude.exchange.places import new_folder
from etude.exchange.run_facts import RunFacts
from etude.folders import write_text
from etude.ledger import storage
from etude.puzzles.exporting import lines
from etude.records import Json

FILE = "data/train-00000-of-00001.parquet"
COLUMNS = {
    "prompt": "what the model is shown",
    "target": "what it is to write: the model's own words, or a reference",
    "program": "the whole program that the target stands for",
    "task_id": "the task, by the name its task set gives it",
    "kind": "how the row is learned from: `sft`, `pair`, `rank`, `rollout`, `demo` or `text`",
    "rejected": "of a pair, the answer that is not to be written; else empty",
    "rejected_attempt": "its id in the ledger, or empty",
    "weight": "its weight in the loss",
    "origin": "`attempt` (written by the model), `repair` (a mended attempt) or `reference` (from the task set)",
    "attempt": "id of the attempt in the run's ledger, or empty",
    "verdict": "id of the verdict that let it in, or empty",
    "round": "the round that made the row, from 0",
    "feedback": "what was said of the failed attempt that a repair mends; of shown tests only",
    "licence": "the licence of the task; `unknown` where the task set states none",
}


def table_of(file: Path) -> Any:
    """The rows of a round as an Arrow table, every licence named.

    Raises:
        MissingError: pyarrow is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingError("rows are Parquet, and pyarrow is not installed", fix="pip install pyarrow") from None
    table = pyarrow.parquet.read_table(file)
    named = [licences.named(item) for item in table["licence"].to_pylist()]
    place = table.schema.get_field_index("licence")
    return table.set_column(place, "licence", pyarrow.array(named, pyarrow.string()))


def write_data_set(facts: RunFacts, target: Path) -> dict[str, Json]:
    """Writes the data set folder and says what is in it.

    Raises:
        InputError: The target is somebody else's folder.
        StorageError: It cannot be written.
    """
    import pyarrow.parquet

    table = table_of(facts.place / "rows.parquet")
    counts = licences.counted(table["licence"].to_pylist())
    with new_folder(target) as folder:
        (folder / FILE).parent.mkdir(parents=True)
        pyarrow.parquet.write_table(table, folder / FILE)
        write_text(folder / "README.md", card(facts, table, counts))
    return {"to": str(target), "rows": table.num_rows, "round": facts.round, "licences": dict(counts)}


def write_file(facts: RunFacts, target: Path) -> dict[str, Json]:
    """Writes the rows alone, without a card, to FILE.jsonl or FILE.parquet.

    Raises:
        StorageError: It cannot be written.
    """
    import pyarrow.parquet

    table = table_of(facts.place / "rows.parquet")
    with storage(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(target.name + ".partial")
        if target.suffix == ".parquet":
            pyarrow.parquet.write_table(table, partial)
        else:
            partial.write_text(lines(table.to_pylist()), encoding="utf-8")
        os.replace(partial, target)
    counts = licences.counted(table["licence"].to_pylist())
    return {"to": str(target), "rows": table.num_rows, "round": facts.round, "licences": counts}


def card(facts: RunFacts, table: Any, counts: dict[str, int]) -> str:
    """The data set's card."""
    head = {
        "license": licences.for_hub(counts),
        "pretty_name": f"Training rows of {facts.name}",
        "tags": ["code", "self-improvement", "etude"],
        "task_categories": ["text-generation"],
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": "data/train-*.parquet"}]}],
    }
    names = table.column_names
    origins = licences.counted(table["origin"].to_pylist())
    parts = [
        front_matter(head),
        f"# Training rows of {facts.name}",
        f"{table.num_rows} rows that a code language model was fine-tuned on: programs that were run and passed the "
        f"tests of their task, or what the recipe says instead. By origin: {licences.sentence(origins, 'rows')}.",
        "## Columns\n\n" + grid(("column", "what it holds"), [(item, COLUMNS.get(item, "")) for item in names]),
        f"Attempt and verdict ids name records in the ledger of the run. {_rows_hash(facts)}",
        "## Licences\n\nEvery row carries the licence of the task it was written for: "
        f"{licences.sentence(counts, 'rows')}. `unknown` means that the task set states none; it is not a permission.",
        f"## What was kept out\n\n{_kept_out(facts)}",
        "## How it was made\n\n" + made(facts),
    ]
    return "\n\n".join(parts) + "\n"


def made(facts: RunFacts) -> str:
    """The recipe and the versions, as every card ends."""
    recipe = without_places((facts.folder / "recipe.toml").read_text())
    about = f"{facts.recipe.about} " if facts.recipe.about else ""
    return "\n\n".join(
        [
            f"{about}The recipe, with every default written out:",
            block(recipe, "toml"),
            grid(("library", "version"), sorted(facts.versions.items()))
            if facts.versions
            else "No versions on record.",
        ]
    )


def _rows_hash(facts: RunFacts) -> str:
    known = facts.note.get("rows")
    return f"The model of the same round was trained on rows with the hash `{known}`." if known else ""


def _kept_out(facts: RunFacts) -> str:
    told = facts.leaks
    if not told:
        return "No row was compared with an exam: the recipe has no `decontaminate`."
    against = ", ".join(f"{without_places(str(name))} ({count} tasks)" for name, count in told["against"].items())
    return (
        f"Rows were run against the tasks that the model is measured on: {against or 'none'}. "
        f"{told.get('leaking_rows', 0)} rows solved one of them, {told.get('dropped', 0)} were dropped, "
        f"{told.get('undecided', 0)} could not be decided. No hidden test is in any row."
    )
