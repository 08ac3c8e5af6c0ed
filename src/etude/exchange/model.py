"""A round's model as an ordinary Hugging Face folder with a card: base, data lineage, gain, limits.

The folder is copied as the learner wrote it, whole weights or an adapter; `transformers` or `peft` alone load it.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from etude.config import located
from etude.errors import InputError
from etude.exchange import licences
from etude.exchange.cards import front_matter, grid, without_places
from etude.exchange.gain_table import gain_section
from etude.exchange.places import new_folder
from etude.exchange.rows import made, table_of
from etude.exchange.run_facts import MODEL, ROWS, RunFacts
from etude.folders import write_text
from etude.records import Json

ADAPTER = "adapter_config.json"
BESIDE = " The weights are whole; the low-rank adapter that was trained lies in `adapter`, for peft."
LIMITS = """- It was trained on programs that pass the tests of their tasks; tests are a sample of what a task means.
- The numbers above hold for the tasks, the prompts, the sampling and the limits of the protocol named there.
- It writes programs that may do anything. Run them in a sandbox."""
"""What holds for every model that a run makes."""


def write_model(facts: RunFacts, target: Path) -> dict[str, Json]:
    """Writes the model folder with its card and says what it is.

    Raises:
        InputError: The target is somebody else's folder.
        StorageError: It cannot be written.
    """
    with new_folder(target) as folder:
        shutil.copytree(facts.place / MODEL, folder, dirs_exist_ok=True)
        adapters = list(folder.rglob(ADAPTER))
        for config in adapters:
            _name_base(config, facts)
        alone = (folder / ADAPTER).exists()
        write_text(folder / "README.md", card(facts, adapter=alone, beside=bool(adapters) and not alone))
    kind = "adapter" if alone else "whole weights"
    return {"to": str(target), "model": kind, "round": facts.round, "base": base_of(facts)}


def base_of(facts: RunFacts) -> str:
    """The base model by the name that the recipe gives it, without the folders of anybody's machine."""
    given = facts.recipe.model.settings
    return without_places(str(given.get("path") or given.get("model") or facts.recipe.model.use))


def card(facts: RunFacts, *, adapter: bool, beside: bool) -> str:
    """The model's card.

    Args:
        adapter: The folder is an adapter and no whole model.
        beside: It is a whole model with its adapter beside it, in `adapter`.
    """
    counts = _licences(facts)
    base = base_of(facts)
    head = {
        "license": _licence_of_base(facts),
        "base_model": base if base.count("/") == 1 and not base.startswith("package:") else "",
        "library_name": "peft" if adapter else "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["code", "self-improvement", "etude"],
    }
    what = "An adapter for" if adapter else "Fine-tuned from"
    parts = [
        front_matter(head),
        f"# {facts.name}",
        f"{what} `{base}`, made by the recipe `{facts.recipe.name}`.{BESIDE if beside else ''}",
        "## Data lineage\n\n" + grid(("what", "which"), list(_lineage(facts, counts).items())),
        f"## Is it better than its base?\n\n{gain_section(facts.folder)}",
        f"## Limits\n\n{LIMITS}",
        "## How it was made\n\n" + made(facts),
    ]
    return "\n\n".join(parts) + "\n"


def _name_base(config: Path, facts: RunFacts) -> None:
    """An adapter's config with its base by name; the folder that it lay in and peft's own card stay behind."""
    facts_of_adapter = json.loads(config.read_text())
    of_base = facts.note.get("parent") in (None, facts.manifest.get("base"))
    facts_of_adapter["base_model_name_or_path"] = base_of(facts) if of_base else f"round {facts.round} of the same run"
    write_text(config, json.dumps(facts_of_adapter, indent=2, sort_keys=True) + "\n")
    (config.parent / "README.md").unlink(missing_ok=True)


def _lineage(facts: RunFacts, counts: Mapping[str, int]) -> dict[str, str]:
    note, settings = facts.note, facts.recipe.source.settings
    split = f"[{settings['split']}]" if settings.get("split") else ""
    tasks = str(settings.get("tasks") or f"{facts.recipe.source.use}:{settings.get('path', '')}".rstrip(":") + split)
    told: dict[str, Any] = {
        "base model": base_of(facts),
        "fingerprint of the base": facts.manifest.get("base"),
        "fingerprint of the model it was trained from": note.get("parent"),
        "task set": without_places(tasks),
        "rows": note.get("rows_trained"),
        "hash of the rows": note.get("rows"),
        "licences of the rows' tasks": licences.sentence(counts, "rows"),
        "learner": note.get("method") or facts.recipe.learner.use,
        "optimizer steps": note.get("steps"),
        "seed": facts.recipe.seed,
        "round": facts.round + 1,
    }
    return {name: str(value) for name, value in told.items() if value not in (None, "")}


def _licences(facts: RunFacts) -> dict[str, int]:
    file = facts.place / ROWS
    return licences.counted(table_of(file)["licence"].to_pylist()) if file.exists() else {}


def _licence_of_base(facts: RunFacts) -> str:
    """What the base model's own card says; `unknown` where it has none here. A fine-tuned model inherits it."""
    given = facts.recipe.model.settings.get("path")
    try:
        text = (Path(located(str(given))).expanduser() / "README.md").read_text() if given else ""
    except (OSError, InputError, UnicodeDecodeError):
        return licences.UNKNOWN
    head = text.split("---")[1] if text.startswith("---") and text.count("---") > 1 else ""
    lines = (line.partition(":") for line in head.splitlines())
    return next((value.strip().strip("\"'") for name, _, value in lines if name.strip() == "license"), licences.UNKNOWN)
