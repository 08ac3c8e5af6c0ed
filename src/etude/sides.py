"""One folder as a side of a comparison: a run with its base, rounds and controls, or an evaluation of one model.

It reads ledgers and says what cannot stand side by side; it compares nothing.
"""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from etude import config
from etude.arms import MAIN, arm_folder
from etude.errors import InputError
from etude.folders import FREE
from etude.ledger import Ledger
from etude.records import Report, canonical
from etude.stages import BASE
from etude.suites.gain_draws import Measured, Pair, joined, of_attempts

OTHER_SEED = 500
"""Added to a run's seed where more of its base is drawn: no round of the run has that seed."""
NAMED = 5
CLOCK = 10.0
"""Seconds that a measurement must have taken for its time to mean anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One folder, read.

    Attributes:
        agent: Fingerprint of the base, or of the evaluated model.
        recipe: None for an evaluation.
        base: The base's draws, or the evaluated model's.
        arms: Arm -> its rounds; empty for an evaluation.
        repaired: Arm -> the same rounds with repairs, for those that were examined with repairs.
    """

    folder: Path
    agent: str
    base: Measured
    recipe: config.Recipe | None = None
    arms: Mapping[str, tuple[Measured, ...]] = field(default_factory=dict)
    repaired: Mapping[str, tuple[Measured, ...]] = field(default_factory=dict)

    @property
    def kin(self) -> str:
        """What sides that differ in nothing but their seed have in common."""
        if self.recipe is None:
            return f"evaluation of {self.agent}"
        return canonical(self.recipe.model_dump(mode="json", exclude={"seed", *FREE}))


def read_side(folder: Path) -> Side:
    """One folder's draws.

    Raises:
        InputError: It is neither a run nor an evaluation, holds several models, or another process works on it.
    """
    if not (folder / "ledger.sqlite").exists():
        raise InputError(
            f"{folder} holds neither a run nor an evaluation: there is no ledger.sqlite in it",
            expected="a folder that `etude run` or `etude eval` wrote",
            fix="etude eval --model MODEL --tasks TASKS --out DIR",
        )
    if not (folder / "recipe.toml").exists():
        return _evaluation(folder)
    recipe = config.load(str(folder / "recipe.toml"))
    plain, repaired = {}, {}
    agent = ""
    for name in (MAIN, *recipe.arms):
        if (arm_folder(folder, name) / "ledger.sqlite").exists():
            found = _rounds(arm_folder(folder, name), name)
            agent = agent or next((pairs[0][0].agent for _, pairs in found if pairs), "")
            plain[name] = tuple(
                replace(measured, seconds=None) if _repairs(pairs) else measured for measured, pairs in found
            )
            repaired[name] = tuple(_repaired(measured, pairs) for measured, pairs in found if _repairs(pairs))
    bases = [item for item in plain.get(MAIN, ()) if item.round == BASE]
    if not bases:
        raise InputError(f"the run in {folder} has not measured its base", fix=f"etude run {folder}/recipe.toml")
    rounds = {name: tuple(item for item in own if item.round > BASE) for name, own in plain.items()}
    return Side(folder=folder, agent=agent, base=bases[0], recipe=recipe, arms=rounds, repaired=repaired)


def _rounds(folder: Path, arm: str) -> list[tuple[Measured, list[Pair]]]:
    """The finished measurements of one arm, in order."""
    ledger = Ledger(folder)
    try:
        found = []
        for report in ledger.reports("test"):
            pairs = list(ledger.judged("test", report.round))
            named = "base" if report.round == BASE else f"{arm}, round {report.round + 1}"
            measured = of_attempts(pairs, name=named, round=report.round)
            training = report.budget.get("train_tokens", 0.0)
            found.append((_told(replace(measured, training=training), report, pairs), pairs))
        return found
    finally:
        ledger.close()


def _told(measured: Measured, report: Report, pairs: Sequence[Pair]) -> Measured:
    """The measurement with what its report says of it. Seconds are those of chains where there are repairs."""
    seconds = report.budget.get("test_seconds", 0.0)
    each = seconds / max(1, sum(not attempt.parent for attempt, _ in pairs)) if seconds >= CLOCK else None
    return replace(measured, seconds=each, protocol=report.protocol, how=report.measurement, exam=report.exam)


def _repairs(pairs: Sequence[Pair]) -> bool:
    return any(attempt.parent for attempt, _ in pairs)


def _repaired(plain: Measured, pairs: Sequence[Pair]) -> Measured:
    chains = of_attempts(pairs, name=f"{plain.name}, with repairs", round=plain.round, repairs=True)
    same = {name: getattr(plain, name) for name in ("training", "seconds", "protocol", "how", "exam")}
    return replace(chains, **same)


def _evaluation(folder: Path) -> Side:
    ledger = Ledger(folder)
    try:
        pairs = list(ledger.judged("test", BASE))
        report = ledger.report("test", BASE)
    finally:
        ledger.close()
    agents = sorted({attempt.agent for attempt, _ in pairs})
    if len(agents) != 1:
        raise InputError(
            f"{folder} holds the samples of {len(agents)} models",
            expected="the samples of one",
            fix="etude eval --model MODEL --tasks TASKS --out DIR, with a folder for each model",
        )
    base = of_attempts(pairs, name=str(folder), round=BASE)
    return Side(folder=folder, agent=agents[0], base=_told(base, report, pairs) if report else base)


def require_same_tasks(sides: Sequence[Side]) -> None:
    """Refuses sides that were measured on different tasks.

    Raises:
        InputError: They were; the message names the difference.
    """
    first = sides[0]
    ours = set(first.base.passes)
    for side in sides:
        for measured in (side.base, *(item for own in side.arms.values() for item in own)):
            theirs = set(measured.passes)
            if ours != theirs:
                raise InputError(
                    f"{side.folder} ({measured.name}) was measured on other tasks than {first.folder}: "
                    f"{_listed(ours - theirs)} only in {first.folder}, {_listed(theirs - ours)} only in {side.folder}",
                    expected="the same tasks in all",
                    fix="measure all on one task set: etude eval --model MODEL --tasks TASKS --out DIR",
                )


def _listed(ids: set[str]) -> str:
    names = sorted(ids)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{len(names)} ({', '.join(names[:NAMED])}{more})" if names else "none"


def with_more(run: Side, evaluations: Sequence[Side]) -> Side:
    """The run with all that was drawn of its base anywhere.

    Raises:
        InputError: Two were drawn with the same seed.
    """
    base = run.base
    for item in evaluations:
        if item.agent == run.agent:
            if twice := set(base.seeds) & set(item.base.seeds):
                raise InputError(
                    f"{item.folder} and the base of {run.folder} were drawn with the same seed {min(twice)}: "
                    "the same samples twice",
                    expected="more samples of the base, drawn with another seed",
                    fix=command(run, base.draws + item.base.draws),
                )
            base = joined(base, item.base)
    return replace(run, base=base)


def groups(sides: Sequence[Side]) -> list[list[Side]]:
    """Sides that differ in their seed only, together; in the order in which they were given."""
    found: dict[str, list[Side]] = {}
    for side in sides:
        found.setdefault(side.kin, []).append(side)
    return list(found.values())


def command(run: Side, wanted: int) -> str:
    """What draws the samples that a run's base lacks, in a folder beside the run; `etude compare` then takes both."""
    assert run.recipe
    suite = config.build("suites", run.recipe.suite)
    flags = {
        "model": _model(run.recipe.model),
        "tasks": getattr(suite, "tasks_from", ""),
        **_parts(run.recipe),
        "n": wanted - run.base.draws,
        **{name: getattr(suite, name) for name in ("temperature", "top_p", "max_tokens") if hasattr(suite, name)},
        "seed": run.recipe.seed + OTHER_SEED,
        "out": f"{str(run.folder).rstrip('/')}-base",
    }
    told = " ".join(f"--{name.replace('_', '-')} {shlex.quote(str(value))}" for name, value in flags.items())
    return f"etude eval {told}{' --unlock-test' if getattr(suite, 'unlock_test', False) else ''}"


def _parts(recipe: config.Recipe) -> dict[str, str]:
    """The solver and the judge as `etude eval` takes them, where they are not its own."""
    tables = {"solver": (recipe.examiner, "sample"), "judge": (recipe.judge, "auto")}
    return {
        name: _inline({"use": part.use, **part.settings}) if part.settings else part.use
        for name, (part, usual) in tables.items()
        if part.settings or part.use != usual
    }


def _model(part: config.Part) -> str:
    """A model part as `etude eval --model` takes it."""
    if part.use == "huggingface" and "path" in part.settings:
        return str(part.settings["path"])
    return _inline({"use": part.use, **part.settings})


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_inline(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return json.dumps(value)
