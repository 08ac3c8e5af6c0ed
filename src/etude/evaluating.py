"""Measuring one model on one task set, outside any run; the folder keeps every sample, so more cost only the rest."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from etude.arms import MAIN, opened
from etude.config import Jail, Part, Recipe, find, value
from etude.errors import InputError, MissingError, RecipeError
from etude.folders import FREE_OF_MODELS
from etude.measurement import Measurement, differences
from etude.measurement import told as in_words
from etude.measuring import told
from etude.progress import Watch
from etude.protocols import Judged
from etude.reads import READ, reading
from etude.records import Agent, Report
from etude.replies import raw, write_replies
from etude.stages import BASE, begin, protocol, require_open, timed


def evaluation(
    model: str | None,
    tasks: str,
    *,
    n: int,
    k: tuple[int, ...],
    seed: int,
    workers: int,
    solver: Part | None = None,
    judge: Part | None = None,
    unlock_test: bool = False,
    **drawing: Any,
) -> Recipe:
    """The recipe of an evaluation: no rounds, nothing learned, the suite alone.

    Args:
        model: A folder, a hub id, `package:MODULE/PATH`, or a part: `{use = "openai", url = "...", model = "..."}`.
            None for a solver that needs none.
        tasks: A task set such as `humaneval:PATH`.
        judge: Who decides; by default the one for each kind of tests, with its own limits.
        unlock_test: Whether a test split may be opened.
        drawing: temperature, top_p, max_tokens; device, dtype and batch_size go to the model.

    Raises:
        MissingError: There is no model, and the solver needs one.
        RecipeError: There is no such solver, or the model's part says not what it is.
    """
    solver, judge = solver or Part(use="sample"), judge or Part(use="auto")
    placing: dict[str, Any] = {key: drawing.pop(key) for key in ("device", "dtype", "batch_size") if key in drawing}
    table: dict[str, Any] = {"tasks_from": tasks, "n": n, "k": [item for item in k if item <= n] or [1], **drawing}
    part = _model(model, solver, placing)
    made = [
        _named(model, part) if model else solver.use,
        tasks,
        sorted(drawing.items()),
        solver.model_dump(exclude={"samples"}),
        judge.model_dump(),
    ]
    return Recipe(
        name=f"eval-{hashlib.sha256(repr(made).encode()).hexdigest()[:8]}",
        seed=seed,
        rounds=0,
        source=Part.of("task_set", tasks=tasks),
        model=part,
        solver=Part(use="sample"),
        learner=Part(use="keep"),
        judge=judge,
        suite=Part.of("passk", **table, unlock_test=unlock_test),
        examiner=solver,
        sandbox=Jail(workers=workers),
    )


def needs_model(solver: str) -> bool:
    """Whether a solver, by its name, draws from a model; one that says nothing does.

    Raises:
        RecipeError: There is no such solver.
    """
    return bool(getattr(find("solvers", solver), "needs_model", True))


def named_part(text: str, what: str) -> Part:
    """A part as the command line names it: its name, or a table such as `{use = "sample", template = "complete.v1"}`.

    Raises:
        RecipeError: The table says not what it is.
    """
    table = value(text) if text.lstrip().startswith("{") else {"use": text}
    if not isinstance(table, dict) or not isinstance(table.get("use"), str):
        raise RecipeError(f"the {what} {text} says not what it is", expected='{ use = "...", ... }')
    return Part.model_validate(table)


def _named(model: str, part: Part) -> Any:
    """What an evaluation's folder is named by: a raised cap goes on in the folder of the lower one."""
    table = sorted(part.model_dump(exclude=set(FREE_OF_MODELS)).items())
    return table if model.lstrip().startswith("{") else model


def _model(model: str | None, solver: Part, placing: dict[str, Any]) -> Part:
    """The model's part; where none is needed, one that has no words, so that drawing from it is an error."""
    if model is None:
        if needs_model(solver.use):
            raise MissingError(
                f"the solver {solver.use!r} writes with a model, and none is given",
                expected="a model, or a solver that needs none",
                choices=("--model FOLDER", "--solver enumerate"),
                fix="add --model, such as the lab's own: --model package:etude.lab/model",
            )
        return Part.of("scripted", replies={})
    if model.lstrip().startswith("{"):
        return named_part(model, "model")
    return Part.of("huggingface", path=model, **placing)


def evaluate(recipe: Recipe, folder: Path, watch: Watch) -> tuple[Report, list[Judged]]:
    """The report of an evaluation and every judged attempt behind it.

    Raises:
        LockedError: The tasks are of a test split, and nobody has unlocked it.
        InputError: The folder holds an evaluation by another protocol.
    """
    require_open(recipe)
    with opened(recipe, folder, MAIN, watch) as run:
        parts = run.parts
        agent = Agent(model=getattr(parts.model, "path", ""), fingerprint=parts.model.fingerprint)
        state = begin(run, BASE, agent, agent)
        exam = tuple(parts.suite.tasks())
        how, split = protocol(run, exam), str(recipe.suite.settings["tasks_from"])
        _require_same(run.ledger.report("test", BASE), how, folder)
        run.ledger.note(READ, **reading(split, len(exam), "measure", how=how, agent=agent.fingerprint))
        judged, seconds = timed(run, exam, parts.examiner, "test", agent, BASE)
        report = told(parts.suite.report(MAIN, judged, state), how, exam, judged)
        report = replace(report, budget={**report.budget, **seconds})
        run.ledger.add_report("test", report)
        write_replies(folder, raw(judged))
        return report, judged


def _require_same(known: Report | None, how: Measurement, folder: Path) -> None:
    """Refuses to mix samples of two protocols in one folder."""
    found = differences(known.measurement, how) if known and known.measurement else ()
    if found:
        raise InputError(
            f"{folder} holds an evaluation by another protocol: {in_words(found)}",
            expected="one protocol in one folder",
            fix="give another folder with --out, or the settings of the first evaluation",
        )
