"""Measuring one model on one task set, outside any run; the folder keeps every sample, so more cost only the rest."""

import hashlib
from pathlib import Path
from typing import Any

from etude.arms import MAIN, opened
from etude.config import Jail, Part, Recipe, find, value
from etude.errors import MissingError, RecipeError
from etude.progress import Watch
from etude.protocols import Judged
from etude.records import Agent, Report
from etude.stages import BASE, attempt, begin


def evaluation(
    model: str | None,
    tasks: str,
    *,
    n: int,
    k: tuple[int, ...],
    seed: int,
    workers: int,
    solver: Part | None = None,
    **drawing: Any,
) -> Recipe:
    """The recipe of an evaluation: no rounds, nothing learned, the suite alone.

    Args:
        model: A folder, a hub id, `package:MODULE/PATH`, or a part: `{use = "openai", url = "...", model = "..."}`.
            None for a solver that needs none.
        tasks: A task set such as `humaneval:PATH`.
        drawing: temperature, top_p, max_tokens; device, dtype and batch_size go to the model.

    Raises:
        MissingError: There is no model, and the solver needs one.
        RecipeError: There is no such solver, or the model's part says not what it is.
    """
    solver = solver or Part(use="sample")
    placing: dict[str, Any] = {key: drawing.pop(key) for key in ("device", "dtype", "batch_size") if key in drawing}
    table: dict[str, Any] = {"tasks_from": tasks, "n": n, "k": [item for item in k if item <= n] or [1], **drawing}
    return Recipe(
        name=f"eval-{hashlib.sha256(f'{model or solver.use} {tasks}'.encode()).hexdigest()[:8]}",
        seed=seed,
        rounds=0,
        source=Part.of("task_set", tasks=tasks),
        model=_model(model, solver, placing),
        solver=Part(use="sample"),
        learner=Part(use="keep"),
        suite=Part.of("passk", **table),
        examiner=solver,
        sandbox=Jail(workers=workers),
    )


def needs_model(solver: str) -> bool:
    """Whether a solver, by its name, draws from a model; one that says nothing does.

    Raises:
        RecipeError: There is no such solver.
    """
    return bool(getattr(find("solvers", solver), "needs_model", True))


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
    table = value(model) if model.lstrip().startswith("{") else None
    if isinstance(table, dict):
        if not isinstance(table.get("use"), str):
            raise RecipeError(f"the model {model} says not what it is", expected='{ use = "openai", ... }')
        return Part.model_validate(table)
    return Part.of("huggingface", path=model, **placing)


def evaluate(recipe: Recipe, folder: Path, watch: Watch) -> tuple[Report, list[Judged]]:
    """The report of an evaluation and every judged attempt behind it."""
    with opened(recipe, folder, MAIN, watch) as run:
        parts = run.parts
        agent = Agent(model=getattr(parts.model, "path", ""), fingerprint=parts.model.fingerprint)
        state = begin(run, BASE, agent, agent)
        exam = tuple(parts.suite.tasks())
        run.ledger.note("read", split=recipe.suite.settings["tasks_from"], tasks=len(exam))
        judged = attempt(run, exam, parts.examiner, "test", agent, BASE)
        report = parts.suite.report(MAIN, judged, state)
        return report, judged
