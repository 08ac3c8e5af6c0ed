"""`etude export`: what a run has made, and task sets, in the formats of other people's tools."""

from pathlib import Path
from typing import Any

import click

from etude.cli.arguments import show
from etude.errors import EtudeError, InputError
from etude.records import Json

WHAT = ["tasks", "rows", "model", "attempts", "samples"]
FORMS = ("own", "verifiers", "inspect", "nemo-gym", "lm-eval", "solution", "completion")
ENDINGS = {"rows": (".jsonl", ".parquet", ""), "attempts": (".jsonl", ".parquet"), "samples": (".jsonl",),
           "model": ("",)}  # fmt: skip
PUSHED = {"rows": "dataset", "model": "model"}


@click.command("export")
@click.argument("source", metavar="RUN")
@click.option("--what", type=click.Choice(WHAT), default="tasks", show_default=True, help="See above.")
@click.option("--to", "target", type=click.Path(path_type=Path), required=True, help="The file or folder to write.")
@click.option(
    "--as", "form", type=click.Choice(FORMS), default=None, help="Whose format; tasks: own, samples: solution."
)
@click.option("--arm", default="main", show_default=True, help="An arm of the run.")
@click.option(
    "--round", "number", type=click.IntRange(0), default=None, help="From 1; 0 is the base, default the last."
)
@click.option("--stage", default=None, help="Which attempts: train, test, validation or all.")
@click.option("--push", default=None, metavar="OWNER/NAME", help="Upload rows or model to the Hugging Face hub.")
@click.option("--public", is_flag=True, help="With --push: anybody may read it; it is private otherwise.")
@click.option("--unlock-test", is_flag=True, help="Let a test split out, with its hidden tests.")
@click.option("--force", is_flag=True, help="Write over a file that is there already.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def command(source: str, what: str, target: Path, form: str | None, force: bool, as_json: bool, **asked: Any) -> None:
    """Write what RUN has made in a format that other tools read.

    \b
    tasks     own puzzles, or what was practised on; RUN may be a task set. --as own (one JSON line each),
              verifiers, inspect or lm-eval (with our judge), nemo-gym. They hold the hidden tests.
    rows      the training rows of a round: a Hugging Face data set with a card, or FILE.jsonl, FILE.parquet.
    model     a round's model folder with a card: base, lineage, honest gain, limits.
    attempts  every program with its verdict, as FILE.jsonl or FILE.parquet.
    samples   programs for HumanEval and EvalPlus: --as solution or completion.

    \b
    Examples:
      etude export runs/puzzles --what tasks --to own.jsonl
      etude export runs/lab --what rows --to lab-rows --push me/lab-rows
      etude export 'lab[validation][0:20]' --what tasks --as inspect --to lab_inspect
    """
    _require_form(what, form)
    _require_place(what, target, form, force)
    repository = asked["push"]
    if repository:
        _require_pushable(what, target, repository)
    elif asked["public"]:
        raise EtudeError("--public says nothing without --push", fix="add --push OWNER/NAME")
    told = _written(Path(source) if what != "tasks" else source, what, target, form, asked)
    text = _text(what, told)
    if repository:
        from etude.exchange.push import push

        kind: Any = PUSHED[what]
        pushed = push(target, repository, kind, public=asked["public"])
        told, text = {**told, **pushed}, f"{text}; uploaded to {pushed['url']}"
    show(told, as_json, text)


def _written(source: Any, what: str, target: Path, form: str | None, asked: dict[str, Any]) -> dict[str, Json]:
    if what == "tasks":
        return _tasks(source, target, form or "own", asked["unlock_test"])
    if what in ("attempts", "samples"):
        return _programs(source, what, target, form or "solution", asked)
    from etude.exchange.run_facts import MODEL, ROWS, facts_of

    facts = facts_of(source, MODEL if what == "model" else ROWS, asked["arm"], asked["number"])
    if what == "model":
        from etude.exchange.model import write_model

        return write_model(facts, target)
    from etude.exchange.rows import write_data_set, write_file

    return write_file(facts, target) if target.suffix else write_data_set(facts, target)


def _tasks(source: str, target: Path, form: str, unlocked: bool) -> dict[str, Json]:
    from etude.exchange import tasks_out
    from etude.viewer.of_run import recipe_of

    if not Path(source).is_dir():
        return tasks_out.writer(form)(tasks_out.tasks_of_set(source, unlocked), target)
    recipe = recipe_of(Path(source))
    if not tasks_out.makes_its_own(recipe):
        return tasks_out.writer(form)(tasks_out.practised(recipe), target)
    return tasks_out.write_puzzles(Path(source), recipe, form, target)


def _programs(folder: Path, what: str, target: Path, form: str, asked: dict[str, Any]) -> dict[str, Json]:
    from etude.exchange import attempts, samples

    round = None if asked["number"] is None else asked["number"] - 1
    stages = attempts.stages_of(asked["stage"] or ("train" if what == "attempts" else "test"))
    if what == "attempts":
        return attempts.write_attempts(attempts.attempts_of(folder, asked["arm"], stages, round), target)
    round = attempts.last_round(folder, asked["arm"], stages) if round is None else round
    pairs = attempts.pairs_of(folder, asked["arm"], stages, round)
    chosen: Any = form
    return {**samples.write_samples((pair[2] for pair in pairs), target, chosen), "round": round}


def _require_form(what: str, form: str | None) -> None:
    known = {"tasks": FORMS[:5], "samples": FORMS[5:]}.get(what, ())
    if form is not None and form not in known:
        raise EtudeError(
            f"{what} cannot be written as {form}", choices=known or ("leave --as out",), fix="etude export -h"
        )


def _require_place(what: str, target: Path, form: str | None, force: bool) -> None:
    endings = ENDINGS.get(what) or ((".jsonl",) if form in (None, "own", "nemo-gym") else ("",))
    if target.suffix not in endings:
        named = " or ".join(f"FILE{ending}" if ending else "a folder" for ending in endings)
        raise InputError(f"{what} cannot be written to {target}", expected=named)
    from etude.exchange.places import require_new

    require_new(target, force)


def _require_pushable(what: str, target: Path, repository: str) -> None:
    from etude.exchange.push import require_name

    require_name(repository)
    if what not in PUSHED or target.suffix:
        raise EtudeError(
            f"{what} in {target} cannot be pushed",
            expected="the folder of rows or of a model; tasks hold hidden tests and are for you to hand on",
            fix="--what rows --to FOLDER --push OWNER/NAME",
        )


def _text(what: str, told: dict[str, Json]) -> str:
    count = f"{told[what]} {what}" if what != "model" else f"model ({told['model']} on {told['base']})"
    left = told.get("left_out") or []
    more = f", {len(left)} left out: {left[0]}" if left else ""
    licences = ", ".join(f"{name} {number}" for name, number in dict(told.get("licences") or {}).items())
    return f"{count} written to {told['to']}{more}" + (f"; licences: {licences}" if licences else "")
