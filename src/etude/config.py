"""Recipes: a paper as data. TOML file = dotted command-line flags = Python arguments, one source of names.

A recipe names the parts of the loop. Each part's table says which (`use`) and gives its settings; unknown keys and
ill-typed values are errors that name the valid ones. `use` is an entry point of the room's group (`etude.solvers` …)
or an import path `package.module:Object`; built-in parts and a user's own enter by the same door.
"""

import difflib
import importlib
import inspect
import tomllib
import typing
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from etude.errors import InputError, RecipeError
from etude.offered import offered
from etude.records import Level

ROOMS = ("sources", "models", "solvers", "judges", "curators", "learners", "suites")


class Part(BaseModel):
    """One part: `use` names it, every other key is one of its settings."""

    model_config = ConfigDict(extra="allow", frozen=True)
    use: str

    @classmethod
    def of(cls, use: str, **settings: Any) -> "Part":
        """A part made in Python rather than read from a recipe."""
        return cls.model_validate({"use": use, **settings})

    @property
    def settings(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


class Jail(BaseModel):
    """How programs are run: processes at once, the isolation that must be had, and runs kept for equal programs."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    workers: int = Field(default=1, ge=1)
    require: Level = "strong"
    remember: int = Field(default=4096, ge=0)


class Recipe(BaseModel):
    """A whole run as data.

    Attributes:
        seed: The only source of randomness of a run.
        rounds: How often the agent learns.
        tasks: Training tasks per round; None takes all the source has.
        gate: `always` keeps each new agent; `better` keeps it only where validation pass@1 does not fall.
        examiner: The solver that the suite measures with; it draws the suite's `n` samples.
        evaluate: Measure on the suite after `every` round, only the `last`, only the round that was `selected`, or
            `never`: the suite's tasks are not even read.
        select: The round that a run ends with: the `last`, or the best on `validation` (pass@1 of the validator's first
            attempts, then what its repairs add; of equals the earlier).
        patience: Rounds without a better validation result before a run stops; 0 never stops early.
        validator: The solver that measures on validation; None is the training solver.
        oracle: Where a solver may ask the judge itself: `never`, on `train`ing tasks (and validation), or `always`. A
            report steered by it says so.
        enough: Tasks with so many different programs of the model's own among the rows of earlier rounds are not tried
            again; 0 tries all.
        hindsight: Tasks that a wrong program may be relabelled for, if it solves them; 0 relabels nothing.
        on: Task set name -> overrides that `--tasks` brings with it.
        threads: Torch threads of this process.
        arms: Name -> overrides of this recipe. Every arm runs beside the main one, usually as a control.
        parallel: Processes that work on arms at the same time.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    about: str = ""
    paper: str = ""
    seed: int = 0
    rounds: int = Field(default=3, ge=0)
    tasks: int | None = Field(default=None, ge=1)
    gate: Literal["always", "better"] = "always"
    evaluate: Literal["every", "last", "selected", "never"] = "every"
    select: Literal["last", "validation"] = "last"
    patience: int = Field(default=0, ge=0)
    oracle: Literal["never", "train", "always"] = "never"
    enough: int = Field(default=0, ge=0)
    hindsight: int = Field(default=0, ge=0)
    threads: int = Field(default=1, ge=1)
    parallel: int = Field(default=2, ge=1)
    source: Part
    model: Part
    solver: Part
    judge: Part = Part(use="auto")
    curators: tuple[Part, ...] = (Part(use="passed"), Part(use="dedupe"), Part(use="decontaminate"))
    learner: Part
    suite: Part
    examiner: Part = Part(use="sample")
    validation: Part | None = None
    validator: Part | None = None
    sandbox: Jail = Jail()
    arms: dict[str, dict[str, Any]] = Field(default_factory=dict)
    on: dict[str, dict[str, Any]] = Field(default_factory=dict)


def load(place: str, overrides: Mapping[str, str] | None = None) -> Recipe:
    """The recipe at `place`, a TOML file or a built-in name, with dotted overrides applied.

    Two overrides are more than a key: `model` may be the path of a model folder, and `tasks` a task set, which then
    is practised on (`train`), selected by (`validation`) and measured on (`test`), with what the recipe says of it in
    `on`. A third, `index`, names audited indexes, comma between: what they name is left out of the recipe's task sets.

    Raises:
        InputError: There is no such recipe, or the file is not TOML.
        RecipeError: A key is unknown or a value is ill-typed.
    """
    table, wanted = _read(place), dict(overrides or {})
    indexes = [item.strip() for item in wanted.pop("index", "").split(",") if item.strip()]
    if (tasks := wanted.get("tasks", "0")) and not tasks.isdigit():
        _retarget(table, wanted.pop("tasks"))
    if isinstance(value(wanted.get("model", "0")), str):
        table["model"] = {**table.get("model", {}), "use": "huggingface", "path": wanted.pop("model")}
    if "suite.tasks_from" in wanted and isinstance(table.get("suite"), dict):
        table["suite"] = _moved(table["suite"], wanted["suite.tasks_from"])
    for key, text in wanted.items():
        _set(table, key, value(text))
    for name in indexes:
        _leave_out(table, name)
    return validate(table, place)


def _moved(suite: Mapping[str, Any], tasks: str) -> dict[str, Any]:
    """The suite on another task set: what the recipe unlocks is its own test split and no other."""
    kept = {key: item for key, item in suite.items() if key != "unlock_test" or suite.get("tasks_from") == tasks}
    return {**kept, "tasks_from": tasks}


SPLITS = ("train", "validation", "test")


def _retarget(table: dict[str, Any], tasks: str) -> None:
    """Points a recipe at a task set; one that names a split is practised on only. What `on` says of it comes last."""
    from etude.sources.leaving_out import joined, parted
    from etude.sources.task_set import parse_task_set

    chosen, (bare, indexes) = parse_task_set(tasks), parted(tasks)
    splits = [joined(f"{bare}[{split}]", indexes) for split in SPLITS]
    train, validation, test = (tasks, "", "") if chosen.split else splits
    source = table.get("source", {})
    table["source"] = {**source, "tasks": train} if "tasks" in source else {"use": "task_set", "tasks": train}
    if test:
        table["suite"] = _moved(table.get("suite", {}), test)
    if validation and "validation" in table:
        table["validation"] = {"use": "task_set", "tasks": validation}
    for key, value in table.get("on", {}).get(chosen.source, {}).items():
        _set(table, key, value)


TASKS = (("source", "tasks"), ("validation", "tasks"), ("suite", "tasks_from"))
"""Where a recipe names task sets."""


def task_sets(recipe: Recipe) -> tuple[str, ...]:
    """The task set texts that a recipe practises on, selects by and measures on, each once."""
    parts = [(getattr(recipe, name), key) for name, key in TASKS]
    texts = [part.settings.get(key) for part, key in parts if part is not None]
    return tuple(dict.fromkeys(text for text in texts if isinstance(text, str)))


def _leave_out(table: dict[str, Any], index: str) -> None:
    """Leaves out of the task sets of a recipe what an index of such a set names."""
    from etude.auditing.shipped import find_index
    from etude.sources.leaving_out import leaving_out
    from etude.sources.task_set import parse_task_set

    wanted, met = find_index(index).set_name, list[str]()
    for name, key in TASKS:
        text = table[name].get(key) if isinstance(table.get(name), dict) else None
        if isinstance(text, str):
            met.append(parse_task_set(text).source)
            if met[-1] == wanted:
                table[name] = {**table[name], key: leaving_out(text, [index])}
    if wanted not in met:
        found = f"the index {index} is of {wanted}, and the recipe has {', '.join(met) or 'no task set'}"
        raise RecipeError(found, expected="an index of a task set that the recipe names", fix="leave --index out")


def validate(table: Mapping[str, Any], place: str = "recipe") -> Recipe:
    """The recipe that a parsed table says; every arm is checked too."""
    try:
        recipe = Recipe.model_validate(table)
    except ValidationError as error:
        raise _explain(error, place) from None
    for name in recipe.arms:
        arm(recipe, name)
    return recipe


def arm(recipe: Recipe, name: str) -> Recipe:
    """The recipe of one control: the main one with the arm's overrides, and no arms of its own."""
    table = recipe.model_dump(mode="json", exclude_none=True)  # arrays are lists, as in the file, and can be changed
    table.pop("arms", None)
    for key, value in recipe.arms[name].items():
        _set(table, key, value)
    return validate(table, f"{recipe.name}, arm {name}")


def built_in() -> dict[str, Path]:
    """Name -> file of the recipes that ship with the package."""
    folder = Path(str(resources.files("etude"))) / "recipes"
    return {file.stem: file for file in sorted(folder.glob("*.toml"))}


def _read(place: str) -> dict[str, Any]:
    file = built_in().get(place, Path(place))
    try:
        return tomllib.loads(file.read_text())
    except (FileNotFoundError, IsADirectoryError):
        raise InputError(
            f"no recipe {place!r}",
            expected="a TOML file, or the name of a built-in recipe",
            choices=nearest(place, built_in()),
            fix=f"etude plan {next(iter(built_in()), 'FILE.toml')}",
        ) from None
    except PermissionError:
        raise InputError(f"the recipe {place} may not be read", fix=f"chmod u+r {place}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{place} is not TOML: {error}", expected="a recipe as in docs/recipes/") from None


def value(text: str) -> Any:
    """A flag's text as TOML would read it, or the text itself: `--solver.samples 8`, `--suite.tasks lab[test]`."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _set(table: dict[str, Any], key: str, value: Any) -> None:
    """Puts `value` at a dotted key; numbers index arrays (`curators.0.cap`)."""
    *path, last = key.split(".")
    here: Any = table
    try:
        for name in path:
            here = here[int(name)] if isinstance(here, list) else here.setdefault(name, {})
        here[int(last) if isinstance(here, list) else last] = value
    except (ValueError, IndexError, TypeError, AttributeError):
        raise RecipeError(f"no such recipe key: {key}", expected="a dotted key, such as solver.samples") from None


def _explain(error: ValidationError, place: str) -> RecipeError:
    first = error.errors()[0]
    where = ".".join(str(step) for step in first["loc"])
    if first["type"] == "extra_forbidden":
        known = Jail.model_fields if where.startswith("sandbox.") else Recipe.model_fields
        name = str(first["loc"][-1])
        return RecipeError(f"{place}: unknown key {where!r}", choices=nearest(name, known), fix="etude run -h")
    found = "" if first["type"] == "missing" else f", found {first['input']!r}"
    return RecipeError(f"{place}: {where}: {first['msg'].lower()}{found}", fix="docs/recipes/ lists every key")


def nearest(name: str, choices: typing.Iterable[str]) -> tuple[str, ...]:
    """The valid choices, those most like `name` first."""
    names = list(choices)
    close = difflib.get_close_matches(name, names, n=len(names) or 1, cutoff=0.5)
    return (*close, *(item for item in names if item not in close))


def find(room: str, use: str) -> Any:
    """The class that `use` names: an entry point of `etude.ROOM`, or `package.module:Object`.

    Raises:
        RecipeError: There is no such part; the choices are named.
    """
    entries = offered(room)
    try:
        if use in entries:
            return entries[use].load()
        module, colon, name = use.partition(":")
        if colon:
            return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise RecipeError(f"cannot load {use!r} for {room}: {error}", choices=nearest(use, entries)) from error
    raise RecipeError(
        f"unknown {room} part {use!r}",
        expected="an entry point, or package.module:Object",
        choices=nearest(use, entries),
    )


def build(room: str, part: Part, **extra: Any) -> Any:
    """The part itself, its settings checked against the signature of its class.

    `extra` gives settings that the recipe leaves open; the recipe's own win.

    Raises:
        RecipeError: A setting is unknown or ill-typed.
    """
    kind = find(room, part.use)
    known = inspect.signature(kind).parameters
    hints = typing.get_type_hints(kind.__init__)
    settings: dict[str, Any] = {name: value for name, value in extra.items() if name in known}
    for name, value in part.settings.items():
        if name not in known:
            raise RecipeError(f"{part.use} has no setting {name!r}", choices=nearest(name, known))
        settings[name] = _typed(f"{part.use}.{name}", hints.get(name, Any), _located(value))
    try:
        return kind(**settings)
    except TypeError as error:
        raise RecipeError(f"{part.use}: {error}", choices=tuple(known)) from None


def _typed(where: str, hint: Any, value: Any) -> Any:
    try:
        return TypeAdapter(hint).validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        raise RecipeError(f"{where}: {first['msg'].lower()}, found {value!r}") from None


def _located(value: Any) -> Any:
    """`package:etude.lab/model` names a file or folder inside an installed package."""
    return located(value) if isinstance(value, str) else value


def located(text: str) -> str:
    """The path that `package:MODULE/REST` stands for; any other text as it is."""
    if not text.startswith("package:"):
        return text
    module, _, rest = text.removeprefix("package:").partition("/")
    try:
        return str(Path(str(resources.files(module))) / rest)
    except (ModuleNotFoundError, TypeError) as error:
        raise InputError(f"no package {module!r} for {text!r}: {error}", expected="package:MODULE/PATH") from None


def build_all(room: str, parts: Sequence[Part]) -> tuple[Any, ...]:
    """Several parts of one room, in order."""
    return tuple(build(room, part) for part in parts)
