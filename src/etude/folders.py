"""A run's folder: what lies where, written atomically, readable without Étude.

run/  recipe.toml  manifest.json  ledger.sqlite  rounds/00/{rows.parquet,model/,report.json}  report.html
      arms/NAME/   the same for each control
"""

import json
import os
import platform
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import tomli_w

from etude.config import Recipe, load
from etude.errors import InputError, MissingError
from etude.ledger import storage
from etude.records import Example, Json, Report, encode

FREE = ("parallel", "threads", "sandbox", "about", "rounds", "arms")
"""Recipe keys that may differ when a run is resumed: they change what more is done, not what was done."""
FREE_OF_MODELS = ("token_cap", "money_cap", "prompt_price", "completion_price", "concurrency", "retries", "timeout")
"""The same of a model that is paid for."""


def write_text(path: Path, text: str) -> None:
    """Writes a text file in one step: a reader sees the old text or the new one.

    Raises:
        StorageError: The disk is full or may not be written.
    """
    with storage(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + ".partial")
        partial.write_text(text)
        os.replace(partial, path)


def round_folder(folder: Path, round: int) -> Path:
    """Where one round's rows, model and report lie."""
    return folder / "rounds" / f"{round:02d}"


def keep_recipe(folder: Path, recipe: Recipe) -> None:
    """Writes the resolved recipe, or checks that the folder's run is one of this recipe.

    Raises:
        InputError: The folder holds a run of another recipe.
    """
    file = folder / "recipe.toml"
    if file.exists():
        _same(folder, load(str(file)), recipe)
    write_text(file, tomli_w.dumps(recipe.model_dump(exclude_none=True)))


def _same(folder: Path, old: Recipe, new: Recipe) -> None:
    before, after = _told(old), _told(new)
    changed = [key for key in after if before.get(key) != after[key]]
    if changed:
        raise InputError(
            f"{folder} holds a run of another recipe; they differ in {', '.join(changed)}",
            expected="the recipe and the flags it was started with",
            fix=f"etude run {folder}/recipe.toml --out {folder}, or give another --out",
        )


def _told(recipe: Recipe) -> dict[str, Any]:
    """What may not change when a run is resumed: whether the test split is unlocked may, and what a model may cost."""
    table = recipe.model_dump(exclude=set(FREE))
    for place, name in ((table, "model"), (table["source"], "proposer")):
        if isinstance(place.get(name), dict):
            place[name] = {key: item for key, item in place[name].items() if key not in FREE_OF_MODELS}
    table["suite"] = {key: item for key, item in table["suite"].items() if key != "unlock_test"}
    return table


def keep_manifest(folder: Path, facts: Json, isolation: Json) -> None:
    """Writes versions, seeds and machine once; a resumed run keeps the first manifest."""
    file = folder / "manifest.json"
    if not file.exists():
        body = {**facts, "isolation": dict(isolation), "versions": versions(), "machine": machine()}
        write_text(file, json.dumps(body, indent=2, sort_keys=True) + "\n")


def versions() -> dict[str, str]:
    """Library -> version, for those that are installed and matter to a result."""
    names = ("etude", "torch", "transformers", "tokenizers", "peft", "numpy", "pyarrow")
    found = {item: _version(item) for item in names}
    return {"python": platform.python_version(), **{name: text for name, text in found.items() if text}}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def machine() -> dict[str, str]:
    """What the run ran on, without names or paths."""
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "cores": str(os.cpu_count()),
        "byteorder": sys.byteorder,
    }


def write_rows(folder: Path, examples: Sequence[Example]) -> Path:
    """Writes a round's training rows as an ordinary Parquet data set, in order."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingError(
            "pyarrow is not installed, training rows cannot be written", fix="pip install 'etude[train]'"
        ) from None
    path = folder / "rows.parquet"
    with storage(path):
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / "rows.parquet.partial"
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist([encode(item) for item in examples], _schema()), partial)
        os.replace(partial, path)
    return path


def _schema() -> Any:
    """The columns by the types of `Example`, so that a round without rows has them too."""
    import pyarrow

    kinds = {"weight": pyarrow.float64(), "round": pyarrow.int64()}
    return pyarrow.schema([(name, kinds.get(name, pyarrow.string())) for name in Example.__dataclass_fields__])


def write_round_report(folder: Path, report: Report) -> Report:
    """Writes a round's numbers as JSON, and hands them on."""
    write_text(folder / "report.json", json.dumps(encode(report), indent=2, sort_keys=True) + "\n")
    return report
