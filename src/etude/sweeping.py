"""A sweep: the same recipe under other settings, chosen by validation alone.

Every trial is a run in a folder of its own, which can be looked at and resumed like any other. The study (optuna, a
tree-structured Parzen estimator, seeded by the recipe and the trial's number) lives in the sweep's folder; the same
command goes on where it was stopped. The test split is not read: what the best trial does there is for `etude eval` to
measure, once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etude import config
from etude.arms import MAIN, run_arm
from etude.errors import EtudeError, MissingError, RecipeError
from etude.ledger import Ledger, storage
from etude.progress import Watch

STUDY = "study.sqlite"


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One setting that is tried: a range of numbers, or a choice of texts.

    Attributes:
        key: Dotted, as on the command line: `learner.learning_rate`.
        whole: The numbers are whole.
        log: Tried evenly over orders of magnitude.
    """

    key: str
    low: float = 0.0
    high: float = 0.0
    whole: bool = False
    log: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What a trial came to. `score` is the best validation pass@1 of its rounds."""

    number: int
    settings: Mapping[str, Any]
    score: float
    folder: Path


def axis(text: str) -> Axis:
    """`learner.learning_rate=1e-4..1e-2,log`, `solver.samples=1..8` or `solver.level=none|full|trace`.

    Raises:
        EtudeError: The text has none of these forms.
    """
    key, equals, values = text.partition("=")
    bounds, comma, scale = values.partition(",")
    low, dots, high = bounds.partition("..")
    if key and equals and not dots and "|" in values:
        return Axis(key=key, choices=tuple(part.strip() for part in values.split("|")))
    try:
        numbers = (float(low), float(high))
    except ValueError:
        numbers = (0.0, -1.0)
    log = scale.strip() == "log"
    if not key or not dots or numbers[0] >= numbers[1] or (comma and not log) or (log and numbers[0] <= 0):
        raise EtudeError(
            f"not an axis: {text!r}",
            expected="KEY=LOW..HIGH, KEY=LOW..HIGH,log or KEY=A|B|C",
            fix="for example --over learner.learning_rate=1e-4..1e-2,log",
        )
    whole = all(part.strip().lstrip("-").isdigit() for part in (low, high))
    return Axis(key=key, low=numbers[0], high=numbers[1], whole=whole, log=log)


def sweep(
    place: str, overrides: Mapping[str, str], axes: Sequence[Axis], *, trials: int, folder: Path, watch: Watch
) -> list[Tried]:
    """Runs trials until there are `trials` of them, those of earlier calls counted; the best first.

    Args:
        place: A recipe, as `etude run` takes it.
        overrides: Dotted settings that hold in every trial.

    Raises:
        MissingError: optuna is not installed.
        RecipeError: The recipe does not choose by validation, or has no such setting.
    """
    optuna = _optuna()
    recipe = _recipe(place, overrides, {})
    with storage(folder):
        folder.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        study_name="sweep",
        storage=f"sqlite:///{folder / STUDY}",
        load_if_exists=True,
        direction="maximize",
    )
    distributions = {item.key: _distribution(optuna, item) for item in axes}
    _same_axes(study, distributions)
    for trial in [item for item in study.trials if item.state == optuna.trial.TrialState.RUNNING]:
        study.tell(trial.number, _run(place, overrides, trial.params, folder, trial.number, watch))
    while len(study.trials) < trials:  # a sampler of its own for each trial: stopped and resumed, they are the same
        study.sampler = optuna.samplers.TPESampler(seed=recipe.seed + len(study.trials))
        trial = study.ask(distributions)
        study.tell(trial.number, _run(place, overrides, trial.params, folder, trial.number, watch))
    found = [
        Tried(number=item.number, settings=item.params, score=item.value, folder=_place(folder, item.number))
        for item in study.trials
    ]
    return sorted(found, key=lambda item: (-item.score, item.number))


def _same_axes(study: Any, distributions: Mapping[str, Any]) -> None:
    known = study.trials[0].distributions if study.trials else distributions
    if dict(known) != dict(distributions):
        raise EtudeError(
            "this folder holds a sweep over other settings",
            expected=", ".join(sorted(known)),
            fix="give the same --over, or another folder with --out",
        )


def _run(
    place: str, overrides: Mapping[str, str], settings: Mapping[str, Any], folder: Path, number: int, watch: Watch
) -> float:
    """Runs or resumes one trial; its best validation pass@1."""
    recipe = _recipe(place, overrides, settings)
    run_arm(recipe, _place(folder, number), MAIN, watch)
    ledger = Ledger(_place(folder, number))
    try:
        reports = ledger.reports("validation")
        return max((item.pass_at["1"].value for item in reports if "1" in item.pass_at), default=0.0)
    finally:
        ledger.close()


def _place(folder: Path, number: int) -> Path:
    return folder / "trials" / f"{number:03d}"


def _recipe(place: str, overrides: Mapping[str, str], settings: Mapping[str, Any]) -> config.Recipe:
    texts = {key: str(value) for key, value in settings.items()}
    recipe = config.load(place, {**overrides, **texts, "evaluate": "never", "arms": "{}"})
    if recipe.select != "validation" or recipe.validation is None:
        raise RecipeError(
            f"the recipe {recipe.name} does not choose by validation, so there is nothing to sweep by",
            expected='select = "validation" and a table [validation]',
            fix='--select validation --validation \'{use = "task_set", tasks = "..."}\'',
        )
    return recipe


def _distribution(optuna: Any, item: Axis) -> Any:
    if item.choices:
        return optuna.distributions.CategoricalDistribution(item.choices)
    if item.whole:
        return optuna.distributions.IntDistribution(int(item.low), int(item.high), log=item.log)
    return optuna.distributions.FloatDistribution(item.low, item.high, log=item.log)


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise MissingError("optuna is not installed", expected="optuna", fix="pip install 'etude[sweep]'") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
