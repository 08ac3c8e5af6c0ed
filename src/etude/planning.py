"""What a recipe would cost, counted from its parts; nothing is sampled, run or trained."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from etude import config
from etude.arms import MAIN
from etude.errors import LockedError
from etude.progress import ignore
from etude.stages import Parts, assemble, require_open

TOKENS_PER_SECOND = 5_000  # a 0.5 M parameter model on one core; stated in the plan, so that it can be scaled
PROGRAMS_PER_SECOND = 300
STEPS_PER_SECOND = 6


def plan(recipe: config.Recipe) -> dict[str, dict[str, Any]]:
    """Arm -> what it would do: counts, and rough seconds for a small model on one core."""
    return {name: _arm(recipe if name == MAIN else config.arm(recipe, name), name) for name in (MAIN, *recipe.arms)}


def _arm(recipe: config.Recipe, name: str) -> dict[str, Any]:
    parts = assemble(recipe, ignore, name)
    proposals = _proposals(parts.source)
    practice = min(proposals, recipe.tasks or proposals) or _count(parts.source.propose(None, recipe.tasks))
    exam, locked = _exam(recipe, parts)
    exams = (recipe.rounds if recipe.evaluate == "every" else min(recipe.rounds, 1)) + (name == MAIN)
    written = practice * _samples(parts.solver) * recipe.rounds + exam * _samples(parts.examiner) * exams
    steps = int(getattr(parts.learner, "steps", 0) or 0) * recipe.rounds
    asking = proposals * int(getattr(parts.source, "max_tokens", 0))
    tokens = written * int(getattr(parts.solver, "max_tokens", 0)) + asking * recipe.rounds
    return {
        "rounds": recipe.rounds,
        **({"proposals per round": proposals, "proposal tokens per round at most": asking} if proposals else {}),
        "practice tasks per round": practice,
        "samples per practice task": _samples(parts.solver),
        "test tasks": exam,
        **({"test split": "locked; etude run wants --unlock-test"} if locked else {}),
        "samples per test task": _samples(parts.examiner),
        "programs to write and run": written,
        "repairs": "up to one per failed program" if hasattr(parts.solver, "repairs") else "none",
        "generated tokens at most": tokens,
        "gradient steps": steps or "as many as the rows need",
        "disk (MB)": _disk(parts, recipe.rounds, written + proposals * recipe.rounds),
        "seconds, small model, one core": _seconds(tokens, written + proposals * recipe.rounds, steps),
    }


def _exam(recipe: config.Recipe, parts: Parts) -> tuple[int, bool]:
    """How many tasks the suite has, and whether a run would be refused them: counting them needs no unlocking."""
    try:
        require_open(recipe)
    except LockedError:
        return _count(replace(parts.suite, unlock_test=True).tasks()), True  # type: ignore[type-var]
    return _count(parts.suite.tasks()), False


def _count(items: Iterable[object]) -> int:
    return sum(1 for _ in items)


def _proposals(source: object) -> int:
    """Tasks that a model is asked to write per round, one request each; 0 where the tasks are given."""
    return int(getattr(source, "proposals", 0)) if getattr(source, "own", True) else 0


def _samples(solver: object) -> int:
    return int(getattr(solver, "samples", 0))


def _disk(parts: Parts, rounds: int, written: int) -> int:
    """Megabytes: a copy of the model per round, and about two kilobytes per program."""
    folder = Path(getattr(parts.model, "path", "."))
    size = sum(file.stat().st_size for file in folder.iterdir() if file.is_file()) if folder.is_dir() else 0
    return (size * rounds + 2_000 * written) // 1_000_000 + 1


def _seconds(tokens: int, written: int, steps: int) -> int:
    return tokens // TOKENS_PER_SECOND + written // PROGRAMS_PER_SECOND + steps // STEPS_PER_SECOND
