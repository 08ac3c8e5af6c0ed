"""Measuring one model on one task set, outside any run; the folder keeps every sample, so more cost only the rest."""

import hashlib
from pathlib import Path
from typing import Any

from etude.arms import MAIN, opened
from etude.config import Jail, Part, Recipe
from etude.progress import Watch
from etude.protocols import Judged
from etude.records import Agent, Report
from etude.stages import BASE, attempt, begin


def evaluation(
    model: str,
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
        model: A folder, a hub id, or `package:MODULE/PATH`.
        tasks: A task set such as `humaneval:PATH`.
        drawing: temperature, top_p, max_tokens; device, dtype and batch_size go to the model.
    """
    placing = {key: drawing.pop(key) for key in ("device", "dtype", "batch_size") if key in drawing}
    table: dict[str, Any] = {"tasks_from": tasks, "n": n, "k": [item for item in k if item <= n] or [1], **drawing}
    return Recipe(
        name=f"eval-{hashlib.sha256(f'{model} {tasks}'.encode()).hexdigest()[:8]}",
        seed=seed,
        rounds=0,
        source=Part.of("task_set", tasks=tasks),
        model=Part.of("huggingface", path=model, **placing),
        solver=Part(use="sample"),
        learner=Part(use="keep"),
        suite=Part.of("passk", **table),
        examiner=solver or Part(use="sample"),
        sandbox=Jail(workers=workers),
    )


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
