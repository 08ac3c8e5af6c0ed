"""A run's folder as an export sees it: which arm, which round, what its recipe, manifest and model note say.

It reads files and the ledger, decides which round is meant where nobody said, and writes nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from etude.arms import MAIN, arm_folder
from etude.config import Recipe
from etude.errors import InputError
from etude.folders import round_folder
from etude.ledger import Ledger
from etude.records import Json

ROWS, MODEL = "rows.parquet", "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """One arm of a run, and one of its rounds.

    Attributes:
        folder: The run's; `place` is the round's.
        round: Counted from 0.
        manifest: Versions, machine, seed; {} where there is none.
        note: What the learner wrote about the round's model; {} where there is none.
        leaks: What the decontamination of the round's rows found; {} where it was not asked for.
    """

    folder: Path
    recipe: Recipe
    arm: str
    round: int
    place: Path
    manifest: Mapping[str, Json]
    note: Mapping[str, Json]
    leaks: Mapping[str, Json]

    @property
    def name(self) -> str:
        """The run in a few words, for headings."""
        arm = "" if self.arm == MAIN else f", arm {self.arm}"
        return f"{self.recipe.name}, seed {self.recipe.seed}{arm}, round {self.round + 1}"

    @property
    def versions(self) -> dict[str, str]:
        """Library -> version that the run was made with."""
        return {str(name): str(text) for name, text in dict(self.manifest.get("versions") or {}).items()}


def facts_of(folder: Path, holding: str, arm: str = MAIN, round: int | None = None) -> RunFacts:
    """What an export needs to know of a run.

    Args:
        holding: What the round must hold: `rows.parquet` or `model`.
        round: Counted from 1, as people do; None: the round that the run ended with.

    Raises:
        InputError: There is no run, no such arm, or no such round with what is asked for.
    """
    from etude.viewer.of_run import recipe_of

    recipe = recipe_of(folder)
    if arm != MAIN and arm not in recipe.arms:
        raise InputError(f"the run in {folder} has no arm {arm!r}", choices=(MAIN, *recipe.arms), fix="--arm main")
    own = arm_folder(folder, arm)
    held = [int(place.parent.name) for place in sorted((own / "rounds").glob(f"[0-9]*/{holding}"))]
    if not held:
        raise InputError(
            f"the run in {folder} has no {_word(holding)} yet",
            expected=f"rounds/00/{holding}",
            fix=f"etude run {folder}/recipe.toml --out {folder}",
        )
    chosen = round - 1 if round is not None else _ended_with(own, held)
    if chosen not in held:
        named = tuple(str(number + 1) for number in held)
        raise InputError(f"round {chosen + 1} has no {_word(holding)}", choices=named, fix=f"--round {named[-1]}")
    place = round_folder(own, chosen)
    return RunFacts(
        folder=folder,
        recipe=recipe,
        arm=arm,
        round=chosen,
        place=place,
        manifest=_read(own / "manifest.json"),
        note=_read(place / MODEL / "etude.json"),
        leaks=_read(place / "leaks.json"),
    )


def _word(holding: str) -> str:
    return "training rows" if holding == ROWS else "model folder"


def _ended_with(arm: Path, held: list[int]) -> int:
    """The round that validation chose, where the run chose one; else the last."""
    if not (arm / "ledger.sqlite").exists():
        return held[-1]
    ledger = Ledger(arm)
    try:
        chosen = [int(event["round"]) for event in ledger.events("selected")]
    finally:
        ledger.close()
    return chosen[-1] if chosen and chosen[-1] in held else held[-1]


def _read(file: Path) -> Mapping[str, Json]:
    try:
        value = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
