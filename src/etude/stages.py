"""The stages of one round, each a function over a `Run`: practise, curate, examine, gate.

`loop.py` strings them together; what a stage does is the business of the part that the recipe names.
"""

import inspect
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from etude.caps import require_caps
from etude.config import Recipe, build, build_all, find
from etude.errors import RecipeError
from etude.folders import round_folder
from etude.hindsight import relabelled
from etude.leaks.guarding import Guard
from etude.learners.folder import read_note
from etude.ledger import Ledger
from etude.measurement import Measurement
from etude.measuring import measurement, told
from etude.practice import Court, decide, practise
from etude.programs.normalise import normalised
from etude.progress import Tracker, Watch
from etude.protocols import Budget, Curator, Judge, Judged, Learner, Model, Sandbox, Solver, Source, State, Suite
from etude.reads import READ, reading
from etude.records import Agent, Attempt, Example, Limits, Report, Verdict
from etude.sources.lock import part_holds_test, practised, require_unlocked
from etude.sources.task_set import parse_task_set
from etude.tasks import Task
from etude.workbench import Bench, model_of

HINDSIGHT = Limits(cpu_seconds=2.0, wall_seconds=10.0)
PROPOSAL = Limits(cpu_seconds=2.0, wall_seconds=10.0, memory_bytes=1 << 29)
"""Of a task that a model has written, on all that is asked of it before it is taken."""
ESTIMATOR = str(Report.__dataclass_fields__["protocol"].default)
BASE = -1
"""The round of the agent that has learned nothing yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts that a recipe names. `examiner` is the solver that the suite measures with, `validator` the one that
    validation is measured with.
    """

    source: Source
    model: Model
    solver: Solver
    judge: Judge
    curators: tuple[Curator, ...]
    learner: Learner
    suite: Suite
    examiner: Solver
    validator: Solver
    validation: tuple[Task, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One arm at work: what it is made of, where it writes, who watches."""

    name: str
    recipe: Recipe
    parts: Parts
    folder: Path
    ledger: Ledger
    sandbox: Sandbox
    watch: Watch


def assemble(recipe: Recipe, watch: Watch, name: str) -> Parts:
    """Builds every part of a recipe; a wrong name or setting is an error before anything is run."""
    _require_no_test(recipe)
    require_capable(recipe)
    suite = build("suites", recipe.suite)
    drawing = {key: getattr(suite, key) for key in ("temperature", "top_p", "max_tokens") if hasattr(suite, key)}
    validation = build("sources", recipe.validation).propose(None) if recipe.validation else ()
    if not recipe.validation and (recipe.select == "validation" or recipe.patience):
        raise RecipeError(
            'select = "validation" and patience want validation tasks, and the recipe has none',
            expected="a table [validation] with a source",
            fix='select = "last" and patience = 0, or validation = { use = "task_set", tasks = "..." }',
        )
    model = build("models", recipe.model)
    return Parts(
        source=build("sources", recipe.source),
        model=model,
        solver=build("solvers", recipe.solver),
        judge=build("judges", recipe.judge),
        curators=build_all("curators", recipe.curators),
        learner=build("learners", recipe.learner, watch=_training(name, watch), style=getattr(model, "style", "auto")),
        suite=suite,
        examiner=build("solvers", recipe.examiner, samples=suite.n, **drawing),
        validator=build("solvers", recipe.validator or recipe.solver),
        validation=tuple(validation),
    )


def require_capable(recipe: Recipe) -> None:
    """Refuses a recipe whose model lacks what one of its parts needs.

    Raises:
        RecipeError: See `caps.require_caps`; a recipe without rounds trains nothing.
    """
    asked = {"solver": ("solvers", recipe.solver), "examiner": ("solvers", recipe.examiner),
             "validator": ("solvers", recipe.validator or recipe.solver), "suite": ("suites", recipe.suite),
             **({"learner": ("learners", recipe.learner)} if recipe.rounds else {})}  # fmt: skip
    built = {place: (part.use, build(room, part)) for place, (room, part) in asked.items()}
    require_caps(recipe.model.use, build("models", recipe.model), built)


def require_open(recipe: Recipe) -> None:
    """Refuses a recipe that would open a locked test split, before anything is on disk.

    Raises:
        LockedError: It measures on a test split that it does not unlock, or practises on one.
    """
    _require_no_test(recipe)
    text = recipe.suite.settings.get("tasks_from")
    can_unlock = "unlock_test" in inspect.signature(find("suites", recipe.suite.use)).parameters
    if isinstance(text, str) and can_unlock and recipe.evaluate != "never":
        chosen = parse_task_set(text)
        unlocked = recipe.suite.settings.get("unlock_test") is True
        require_unlocked(text, chosen.source, chosen.split, unlocked)


def _require_no_test(recipe: Recipe) -> None:
    """Refuses a recipe that practises on test tasks, or chooses by them; one without rounds does neither."""
    for name, part in (("source", recipe.source), ("validation", recipe.validation)):
        if recipe.rounds and part is not None and part_holds_test(part):
            raise practised(f"the {name} of {recipe.name}, {part.settings.get('tasks', part.use)},")


def open_exam(run: Run) -> tuple[Task, ...]:
    """The suite's tasks; the reading is on record. None where the recipe never measures on them.

    Raises:
        LockedError: They are of a test split that the recipe does not unlock.
    """
    if run.recipe.evaluate == "never":
        return ()
    exam = tuple(run.parts.suite.tasks())
    _record_reading(run, exam, arm=run.name)
    return exam


def _record_reading(run: Run, exam: Sequence[Task], **more: Any) -> None:
    """Appends to the ledger that the suite's tasks were read: who, when, how many, to be measured on how."""
    split, how = str(run.recipe.suite.settings.get("tasks_from", "")), protocol(run, exam)
    run.ledger.note(READ, **reading(split, len(exam), "measure", how=how, **more))


def protocol(run: Run, exam: Sequence[Task], solver: Solver | None = None) -> Measurement:
    """How a run measures: with its examiner, or with another of its solvers."""
    recipe, parts = run.recipe, run.parts
    part = recipe.validator or recipe.solver if solver is parts.validator else recipe.examiner
    level = str(run.sandbox.isolation.get("level", ""))
    return measurement(ESTIMATOR, solver or parts.examiner, part, parts.judge, recipe.judge, exam, level)


def guarding(run: Run, exam: Sequence[Task]) -> Guard:
    """Who says which rows solve a task of the exam; a run that is measured on nothing has nothing to guard."""
    name = str(run.recipe.suite.settings.get("tasks_from", run.recipe.suite.use))
    return Guard({name: exam} if exam else {}, run.sandbox, run.watch, run.name)


def begin(
    run: Run, round: int, base: Agent, agent: Agent, earlier: tuple[Example, ...] = (), guard: Guard | None = None
) -> State:
    """The state of a round: its folder, its tasks, its validation rows, and all rows of the rounds before."""
    seed, folder = run.recipe.seed, round_folder(run.folder, round)
    state = State(round=round, seed=seed, folder=folder, base=base, agent=agent, earlier=earlier, note=run.ledger.note,
                  sandbox=run.sandbox, guard=guard, judge=run.parts.judge)  # fmt: skip
    if round == BASE:
        return state
    author = base if getattr(run.parts.source, "proposer", "") == "base" else agent
    bench = Bench(model_of(run.parts.model, author), run.sandbox, run.ledger, limits=PROPOSAL)
    state = replace(state, bench=bench)
    tasks = tuple(run.parts.source.propose(state, run.recipe.tasks))
    return replace(state, tasks=tasks, validation=_rows(run.parts.validation, state))


def _rows(tasks: Sequence[Task], state: State) -> tuple[Example, ...]:
    """Validation rows: the references of the validation tasks."""
    from etude.curators.references import References

    return tuple(References().curate((), (), replace(state, tasks=tuple(tasks)))) if tasks else ()


def timed(
    run: Run, tasks: Sequence[Task], solver: Solver, stage: str, agent: Agent, round: int
) -> tuple[list[Judged], dict[str, float]]:
    """An examination, and the seconds that it took without the loading of weights; none where some were on record."""
    model = model_of(run.parts.model, agent)
    start, drawn, loading = time.monotonic(), run.ledger.drawn(), getattr(model, "loading_seconds", 0.0)
    judged = attempt(run, tasks, solver, stage, agent, round, model)
    seconds = time.monotonic() - start - getattr(model, "loading_seconds", 0.0) + loading
    whole = bool(judged) and run.ledger.drawn() - drawn >= len(judged)
    return judged, {f"{stage}_seconds": float(f"{seconds:.3f}")} if whole else {}


def attempt(
    run: Run, tasks: Sequence[Task], solver: Solver, stage: str, agent: Agent, round: int, model: Model | None = None
) -> list[Judged]:
    """The solver writes and the judge decides, at the same time; `model` is the agent's where it is there already."""
    tracker = Tracker(run.name, _title(stage, round), expected(solver, len(tasks)), run.watch)
    court = Court(judge=run.parts.judge, sandbox=run.sandbox, ledger=run.ledger, workers=run.recipe.sandbox.workers)
    oracle = _oracle(tasks, court, stage, round) if _may_ask(run.recipe, stage) else None
    bench = Bench(model or model_of(run.parts.model, agent), run.sandbox, run.ledger, oracle=oracle)
    # Fresh draws for every round of practice; the same ones for every examination: less noise between them.
    seed = run.recipe.seed + 1000 * (round + 1) if stage == "train" else run.recipe.seed
    budget = Budget(samples=None, seed=seed, round=round)
    return practise(tasks, solver, agent, bench, budget, court, stage, tracker)


def practice(run: Run, state: State) -> list[Judged]:
    """A round's attempts at its tasks. What earlier rounds have solved often `enough` is replayed, not tried again."""
    solved: dict[str, set[str]] = defaultdict(set)
    for row in state.earlier:
        if row.origin != "reference":
            solved[row.task_id].add(normalised(row.program))
    enough = run.recipe.enough or sys.maxsize
    tasks = [task for task in state.tasks if len(solved[task.task_id]) < enough]
    judged = attempt(run, tasks, run.parts.solver, "train", state.agent, state.round)
    if run.recipe.hindsight:
        court = Court(judge=run.parts.judge, sandbox=run.sandbox, ledger=run.ledger)
        judged += relabelled(judged, state.tasks, court, state.round, cap=run.recipe.hindsight, limits=HINDSIGHT)
    return judged


def _may_ask(recipe: Recipe, stage: str) -> bool:
    return recipe.oracle == "always" or (recipe.oracle == "train" and stage != "test")


def _oracle(
    tasks: Sequence[Task], court: Court, stage: str, round: int
) -> Callable[[Sequence[Attempt]], list[Verdict]]:
    """The judge for a solver that may ask it; a verdict given here is on record and not given again."""
    known = {task.task_id: task for task in tasks}
    return lambda attempts: [verdict for _, verdict in decide(attempts, known, court, stage, round)]


def expected(solver: Solver, tasks: int) -> int:
    """First attempts to come: what a progress line counts towards; 0 where the solver does not say."""
    return tasks * int(getattr(solver, "samples", 0))


def curate(curators: Sequence[Curator], judged: Sequence[Judged], state: State) -> list[Example]:
    """The curators, one after another, each with the rows of the one before."""
    examples: list[Example] = []
    for curator in curators:
        examples = list(curator.curate(judged, examples, state))
    return examples


def examine(
    run: Run,
    exam: Sequence[Task],
    stage: str,
    agent: Agent,
    state: State,
    rows: Sequence[Example] = (),
    solver: Solver | None = None,
) -> Report:
    """The suite's numbers for an agent; a report on record is not made again.

    Args:
        rows: What the agent was trained on in this round.
        solver: Who attempts the tasks; None is the examiner.
    """
    known = run.ledger.report(stage, state.round)
    if known:
        return known
    solver = solver or run.parts.examiner
    if stage == "test":
        _record_reading(run, exam, arm=run.name, round=state.round, agent=agent.fingerprint)
    judged, seconds = timed(run, exam, solver, stage, agent, state.round)
    report = told(run.parts.suite.report(run.name, judged, state), protocol(run, exam, solver), exam, judged)
    own = sum(row.origin != "reference" for row in rows)
    trained = {"rows_trained": len(rows), "own_rows": own, "steps": steps_of(agent)} if state.round > BASE else {}
    spent = {**report.budget, **seconds, **trained, **run.ledger.spent("train", state.round)}
    report = replace(report, budget=spent, oracle=getattr(solver, "gate", "") == "oracle")
    run.ledger.add_report(stage, report)
    return report


def steps_of(agent: Agent) -> int:
    """Optimizer steps of the learning that made an agent; 0 where its folder does not say."""
    return int(read_note(Path(agent.model)).get("steps", 0))


def _title(stage: str, round: int) -> str:
    names = {"train": "sample and judge", "test": "examine"}
    return f"{'base' if round == BASE else f'round {round + 1}'}: {names.get(stage, stage)}"


def _training(name: str, watch: Watch) -> object:
    """The learner's callback (step, steps, loss), told to the run's watch."""
    trackers: dict[str, Tracker] = {}

    def told(step: int, steps: int, loss: float) -> None:
        if step <= 1 or "now" not in trackers:
            trackers["now"] = Tracker(name, "train", steps, watch)
        tracker = trackers["now"]
        tracker.detail = f"loss {loss:.3f}"
        tracker.step(step - tracker.done)
        if step >= steps:
            tracker.end()

    return told
