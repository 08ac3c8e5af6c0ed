"""A finished run or evaluation judged again from its ledger: what changes with another test, limit or judge?

No model is asked: attempts come from the ledger, only verdicts, rows and numbers are made anew. Nothing in the old
folder changes; the new verdicts, rows and reports go to a folder of their own, or are only told. What the record says
of a program is believed where task and judge are the same as before, so that only what changed is run; `fresh` believes
nothing and runs everything.

It does not train. A checkpoint whose rows change, and all that come after it, are named; to have them, run the changed
recipe. Attempts stay those that were written: another shown test, or another verdict that a solver had asked for, would
have led to other repairs, and the notes say so.
"""

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from etude import config
from etude.arms import MAIN, arm_folder
from etude.errors import InputError, RecipeError
from etude.folders import keep_recipe, round_folder, write_round_report, write_rows, write_text
from etude.hindsight import SOLVER as HINDSIGHT
from etude.leaks.guarding import Guard
from etude.ledger import storage
from etude.measuring import exam_digest, judged_again
from etude.practice import CHUNK, Court, arranged, decide
from etude.progress import Tracker, Watch, ignore
from etude.protocols import Judged, Sandbox, State
from etude.records import Agent, Attempt, Example, Report, Verdict, encode
from etude.rejudged import ArmChanges, Changes, RowChange, Stage, read_rows, row_change, stage_of
from etude.replaying import Again, Past, Silent
from etude.sources.task_set import open_task_set
from etude.stages import BASE, PROPOSAL, curate
from etude.tasks import Task
from etude.workbench import Bench

MAY_CHANGE = ("judge", "curators", "source", "suite", "validation", "sandbox")
"""First parts of recipe keys that change what is said of programs, and not which programs were written."""


def rejudge(
    folder: Path,
    overrides: Mapping[str, str] | None = None,
    *,
    tasks: Sequence[Task] = (),
    recipe: config.Recipe | None = None,
    out: Path | None = None,
    fresh: bool = False,
    watch: Watch = ignore,
) -> Changes:
    """What changes if everything in a folder is judged again.

    Args:
        folder: A run's folder, or an evaluation's.
        overrides: Dotted recipe keys of `MAY_CHANGE`, such as `{"judge.cpu_seconds": "20"}`. An arm keeps
            what it says itself.
        tasks: Mended tasks; each takes the place of the task with its id, wherever that is used.
        recipe: The recipe of an evaluation's folder, which holds none (`etude.evaluating.evaluation` makes it).
        out: A new folder for verdicts, rows, reports and `changes.json`; None only tells.
        fresh: Run every program again, those too whose task and judge are as before.

    Raises:
        InputError: The folder holds no run or no verdict, `out` holds something, or a task of the run is not in its
            task set.
        RecipeError: A key would change which programs were written.
    """
    _require_changeable(overrides or {})
    _require_new(folder, out)
    whole = _changed(_recipe(folder, recipe), overrides or {})
    arms = [name for name in (MAIN, *whole.arms) if (arm_folder(folder, name) / "ledger.sqlite").exists()]
    _require_judged(folder, arms)
    with _place(out) as place:
        found = [
            _arm(whole if name == MAIN else config.arm(whole, name), folder, place, name, tasks, fresh, watch)
            for name in arms
        ]
        changes = Changes(folder=str(folder), out=str(out or ""), arms=tuple(found))
        if out:
            if (folder / "recipe.toml").exists():
                keep_recipe(out, whole)
            write_text(out / "changes.json", json.dumps(encode(changes), indent=2, sort_keys=True) + "\n")
    return changes


def rerun(
    folder: Path,
    overrides: Mapping[str, str] | None = None,
    *,
    tasks: str = "",
    out: Path | None = None,
    fresh: bool = False,
    watch: Watch = ignore,
) -> Changes:
    """As `rejudge`, with one text for the tasks.

    Args:
        tasks: A task set. For a run its tasks take the places of those with their ids; an evaluation, which does not
            say on what it was measured, needs the whole set.
    """
    if not tasks or (folder / "recipe.toml").exists():
        mended = open_task_set(tasks, reading="look") if tasks else ()
        return rejudge(folder, overrides, tasks=mended, out=out, fresh=fresh, watch=watch)
    from etude.evaluating import evaluation

    number = _samples(folder)
    ks = tuple(sorted({1, number}))
    recipe = evaluation("on record", tasks, n=number, k=ks, seed=0, workers=1, unlock_test=True)
    return rejudge(folder, overrides, recipe=recipe, out=out, fresh=fresh, watch=watch)


def _samples(folder: Path) -> int:
    """The most samples that an evaluation has of a task."""
    _require_new(folder, None)
    past = Past(folder)
    try:
        return 1 + max((attempt.sample_index for attempt, _ in past.judged("test", BASE)), default=0)
    finally:
        past.close()


def _require_changeable(overrides: Mapping[str, str]) -> None:
    for key in overrides:
        if key.partition(".")[0] not in MAY_CHANGE:
            raise RecipeError(
                f"{key} changes which programs are written, and a rerun asks no model",
                expected="a key that changes what is said of them",
                choices=MAY_CHANGE,
                fix="etude run RECIPE with this setting, in a folder of its own",
            )


def _require_new(folder: Path, out: Path | None) -> None:
    if not folder.is_dir():
        raise InputError(f"no folder {folder}", expected="a folder that `etude run` or `etude eval` wrote")
    if not (folder / "ledger.sqlite").exists():
        raise InputError(
            f"{folder} holds neither a run nor an evaluation: there is no ledger.sqlite in it",
            expected="a folder that `etude run` or `etude eval` wrote",
        )
    if out and out.exists() and any(out.iterdir()):
        raise InputError(f"{out} is not empty", expected="a new folder: nothing is overwritten", fix="another --out")


def _require_judged(folder: Path, arms: Sequence[str]) -> None:
    """Refuses a folder in which nothing has been judged yet; a claimed one is left alone."""
    for name in arms:
        past = Past(arm_folder(folder, name))
        try:
            if past.stages():
                return
        finally:
            past.close()
    raise InputError(
        f"nothing has been judged in {folder} yet",
        expected="a run or an evaluation with verdicts",
        fix="let it judge something first; running the same command again resumes it",
    )


def _recipe(folder: Path, recipe: config.Recipe | None) -> config.Recipe:
    file = folder / "recipe.toml"
    if file.exists():
        return config.load(str(file))
    if recipe is None:
        raise InputError(
            f"{folder} is an evaluation: it does not say on which tasks it was measured",
            expected="the task set",
            fix=f"etude judge --rerun {folder} --tasks TASKS",
        )
    return recipe


def _changed(recipe: config.Recipe, overrides: Mapping[str, str]) -> config.Recipe:
    """The recipe with dotted overrides; its arms stay what they were."""
    changes = {key: config.value(text) for key, text in overrides.items()}
    told = recipe.model_copy(update={"arms": {"again": changes}})
    return config.arm(told, "again").model_copy(update={"arms": recipe.arms})


def _unlocked(suite: Any) -> Any:
    """The suite, free to open what was measured on once already: no number is made that was not there before."""
    return replace(suite, unlock_test=True) if hasattr(suite, "unlock_test") else suite


def _trained(folder: Path) -> list[int]:
    """The rounds that wrote training rows; one without tasks, or that learns from references, has no attempts."""
    return sorted(int(file.parent.name) for file in folder.glob("rounds/*/rows.parquet") if file.parent.name.isdigit())


@contextmanager
def _place(out: Path | None) -> Iterator[Path]:
    if out:
        with storage(out):
            out.mkdir(parents=True, exist_ok=True)
        yield out
        return
    with tempfile.TemporaryDirectory(prefix="etude-") as place:
        yield Path(place)


def _arm(
    recipe: config.Recipe, folder: Path, place: Path, name: str, tasks: Sequence[Task], fresh: bool, watch: Watch
) -> ArmChanges:
    """One arm, judged again in a ledger of its own."""
    from etude.sandbox import Sandbox

    past = Past(arm_folder(folder, name))
    again = Again(arm_folder(place, name), past, believe=not fresh)
    try:
        with Sandbox(**recipe.sandbox.model_dump()) as sandbox:
            return _Arm(name, recipe, past, again, sandbox, {task.task_id: task for task in tasks}, watch).changes()
    finally:
        again.close()
        past.close()


class _Arm:
    """One arm while it is judged again: the old and the new ledger, and the parts that say something of programs."""

    def __init__(
        self,
        name: str,
        recipe: config.Recipe,
        past: Past,
        again: Again,
        sandbox: Sandbox,
        mended: Mapping[str, Task],
        watch: Watch,
    ) -> None:
        self.name, self.recipe, self.past, self.again, self.sandbox = name, recipe, past, again, sandbox
        self.mended, self.watch = mended, watch
        self.court = Court(judge=config.build("judges", recipe.judge), sandbox=sandbox, ledger=again)
        self.suite = _unlocked(config.build("suites", recipe.suite))
        self.shown_changed: set[str] = set()
        self.guard: Guard | None = None

    def changes(self) -> ArmChanges:
        """Everything that is another now. The new ledger says first that it was made from an old one."""
        self.again.note("rejudged", folder=str(self.past.folder))
        known = self.past.stages()
        rounds = sorted({round for stage, round in known if stage == "train"} | set(_trained(self.past.folder)))
        stages: list[Stage] = []
        changed: list[RowChange] = []
        earlier: tuple[Example, ...] = ()
        for round in rounds:
            state = self._state(round, earlier)
            stage, judged = self._judged("train", round, state.tasks)
            rows = curate(config.build_all("curators", self.recipe.curators), judged, state)
            write_rows(state.folder, rows)
            before = read_rows(round_folder(self.past.folder, round))
            changed.append(row_change(round, before, rows, any(item.checkpoint != "same" for item in changed)))
            stages.append(stage)
            earlier += tuple(row for row in rows if row.round == round)
        stages += [self._examined(stage, round) for stage, round in known if stage != "train"]
        return ArmChanges(arm=self.name, stages=tuple(stages), rounds=tuple(changed), notes=self._notes(stages))

    def _state(self, round: int, earlier: tuple[Example, ...]) -> State:
        """The state of a round, with its tasks; those that a model wrote are read from its words on record."""
        name = self._drew("train", round) or self._drew("test", round - 1) or self._drew("test", BASE)
        agent, base = Agent(model="", fingerprint=name), Agent(model="", fingerprint=self._drew("test", BASE))
        source = config.build("sources", self.recipe.source)
        author = base if getattr(source, "proposer", "") == "base" else agent
        bench = Bench(Silent(author.fingerprint), self.sandbox, self.again, limits=PROPOSAL)
        folder = round_folder(self.again.folder, round)
        state = State(round=round, seed=self.recipe.seed, folder=folder, base=base, agent=agent, earlier=earlier,
                      bench=bench, note=self.again.note, sandbox=self.sandbox, guard=self._guarding())  # fmt: skip
        return replace(state, tasks=self._mended(source.propose(state, self.recipe.tasks)))

    def _guarding(self) -> Guard:
        """As in a run: it keeps rows that solve a task of the suite away, a mended one as it is now."""
        if self.guard is None:
            exam = self._mended(self.suite.tasks()) if self.recipe.evaluate != "never" else ()
            name = str(self.recipe.suite.settings.get("tasks_from", self.recipe.suite.use))
            self.guard = Guard({name: exam} if exam else {}, self.sandbox, self.watch, self.name)
        return self.guard

    def _drew(self, stage: str, round: int) -> str:
        first = next(iter(self.past.judged(stage, round)), None)
        return first[0].agent if first else ""

    def _mended(self, tasks: Iterable[Task]) -> tuple[Task, ...]:
        """The tasks, with the mended ones in their places; which shown tests are others now is noted."""
        found = tuple(tasks)
        self.shown_changed |= {
            task.task_id for task in found if self.mended.get(task.task_id, task).facts.shown != task.facts.shown
        }
        return tuple(self.mended.get(task.task_id, task) for task in found)

    def _judged(self, stage: str, round: int, tasks: Sequence[Task]) -> tuple[Stage, list[Judged]]:
        """A stage with its new verdicts, and its judged attempts in the order that curators and suites see."""
        old = list(self.past.judged(stage, round))
        known = {task.task_id: task for task in tasks}
        if missing := sorted({attempt.task_id for attempt, _ in old} - set(known)):
            raise InputError(
                f"{len(missing)} tasks of the record are not in the task set: {', '.join(missing[:5])}",
                expected="the task set that the run was made with, or one with the same ids",
                fix="name it with --source.tasks and --suite.tasks_from (an evaluation: --tasks)",
            )
        tracker = Tracker(self.name, f"judge {stage} of round {round + 1} again", len(old), self.watch)
        parts = [[attempt for attempt, _ in old[start : start + CHUNK]] for start in range(0, len(old), CHUNK)]
        pairs: list[tuple[Attempt, Verdict]] = []
        with ThreadPoolExecutor(max_workers=self.recipe.sandbox.workers) as pool:
            for found in pool.map(lambda part: decide(part, known, self.court, stage, round), parts):
                pairs += found
                tracker.step(len(found))
        tracker.end()
        moved = [pair for pair in pairs if pair[0].solver == HINDSIGHT]
        own = arranged(tasks, [pair for pair in pairs if pair[0].solver != HINDSIGHT])
        whole = own + [Judged(known[attempt.task_id], attempt, verdict) for attempt, verdict in moved]
        changes = stage_of(stage, round, whole, {verdict.attempt: verdict for _, verdict in old}, {}, {})
        return changes, own + [item for item in whole[len(own) :] if item.verdict.passed]

    def _examined(self, stage: str, round: int) -> Stage:
        """A stage that measures: its new verdicts and its new report."""
        source = None if stage == "test" else self.recipe.validation
        tasks = self._mended(config.build("sources", source).propose(None) if source else self.suite.tasks())
        found, judged = self._judged(stage, round, tasks)
        agent = Agent(model="", fingerprint="")
        state = State(round=round, seed=self.recipe.seed, folder=self.again.folder, base=agent, agent=agent)
        report: Report = self.suite.report(self.name, judged, state)
        old = self.past.report(stage, round) or self._old_report(stage, judged, state)
        report = replace(report, name=old.name, oracle=old.oracle, budget={**old.budget, **report.budget})
        level = str(self.sandbox.isolation.get("level", ""))
        how = judged_again(old.measurement, self.court.judge, self.recipe.judge, level)
        report = replace(report, measurement=how, exam=exam_digest(tasks), no_program=old.no_program)
        self.again.add_report(stage, report)
        if stage == "test" and round > BASE:
            write_round_report(round_folder(self.again.folder, round), report)
        return replace(found, pass_before=old.pass_at, pass_after=report.pass_at)

    def _old_report(self, stage: str, judged: Sequence[Judged], state: State) -> Report:
        """What the suite says of the verdicts on record: an evaluation's folder keeps no report."""
        old = self.past.verdicts([item.attempt for item in judged])
        pairs = [item._replace(verdict=old[item.verdict.attempt]) for item in judged]
        report: Report = self.suite.report(self.name, pairs, state)
        return report

    def _notes(self, stages: Sequence[Stage]) -> tuple[str, ...]:
        """What judging again cannot know: which programs would have been written."""
        practised = any(stage.turned for stage in stages if stage.stage == "train")
        chosen = any(stage.turned for stage in stages if stage.stage not in ("train", "test"))
        told = {
            "another shown test would have led to other repairs; these are those that were written": bool(
                self.shown_changed
            ),
            "the solver asked the judge while it wrote; with other verdicts it would have written other programs":
                practised and self.recipe.oracle != "never",
            "tasks solved often enough were not tried again; with other verdicts others would have been": practised
            and bool(self.recipe.enough),
            "gate, selection or patience went by validation, and verdicts there change": chosen,
        }  # fmt: skip
        return tuple(words for words, holds in told.items() if holds)
