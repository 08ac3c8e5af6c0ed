"""A whole run: the main arm in this process, the controls beside it in processes of their own.

Each arm has a folder, a ledger and a process of its own, so that an arm can be resumed alone and a control never
shares state with what it controls.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from etude import config
from etude.errors import CapError, EtudeError, InputError
from etude.folders import keep_manifest, keep_recipe
from etude.ledger import Ledger, storage
from etude.loop import learn
from etude.progress import Progress, Watch
from etude.records import Report, encode
from etude.stages import Run, assemble, require_capable, require_open

MAIN = "main"


def arm_folder(folder: Path, name: str) -> Path:
    """Where an arm writes: the main one at the top of the run's folder."""
    return folder if name == MAIN else folder / "arms" / name


def run_arm(recipe: config.Recipe, folder: Path, name: str, watch: Watch) -> list[Report]:
    """Runs or resumes one arm to its end.

    Args:
        recipe: The whole recipe; `name` picks the arm.
        folder: The run's folder.

    Raises:
        InputError: The folder holds what `etude judge --rerun` wrote.
    """
    own = recipe if name == MAIN else config.arm(recipe, name)
    _require_own(arm_folder(folder, name))
    with opened(own, arm_folder(folder, name), name, watch) as run:
        keep_recipe(run.folder, own)
        keep_manifest(
            run.folder, {"arm": name, "seed": own.seed, "base": run.parts.model.fingerprint}, run.sandbox.isolation
        )
        return list(learn(run, measure_base=name == MAIN))


def _require_own(folder: Path) -> None:
    """Refuses a folder of verdicts made again: its programs were drawn in another one, and its checkpoints are there.

    Raises:
        InputError: It is such a folder.
    """
    if not (folder / "ledger.sqlite").exists():
        return
    ledger = Ledger(folder)
    events = ledger.events("rejudged")
    ledger.close()
    if events:
        raise InputError(
            f"{folder} holds what was judged again of {events[0]['folder']}, and is no run to go on with",
            expected="a folder of a run's own",
            fix="etude run RECIPE with the changed settings, and another --out",
        )


@contextmanager
def opened(recipe: config.Recipe, folder: Path, name: str, watch: Watch) -> Iterator[Run]:
    """A run's parts, ledger and sandbox, closed again whatever happens."""
    from etude.sandbox import Sandbox

    parts = assemble(recipe, watch, name)
    ledger = Ledger(folder)
    try:
        with Sandbox(**recipe.sandbox.model_dump()) as sandbox:
            yield Run(name=name, recipe=recipe, parts=parts, folder=folder, ledger=ledger, sandbox=sandbox, watch=watch)
    finally:
        ledger.close()


def run_whole(recipe: config.Recipe, folder: Path, watch: Watch) -> None:
    """Runs or resumes a recipe: the main arm here, its controls beside it.

    Raises:
        EtudeError: A control failed; the main arm's work is recorded all the same.
    """
    for each in (recipe, *(config.arm(recipe, name) for name in recipe.arms)):
        _require_parts(each)
    _require_own(folder)
    with storage(folder):
        folder.mkdir(parents=True, exist_ok=True)
    keep_recipe(folder, recipe)
    controls = Controls(folder, list(recipe.arms), recipe.parallel, watch)
    try:
        run_arm(recipe, folder, MAIN, watch)
        controls.finish()
    except BaseException:
        controls.stop()
        raise


def _require_parts(recipe: config.Recipe) -> None:
    """Refuses wrong settings of who writes before anything is on disk: a key in place of its name is one of them.

    A locked test split is refused here too.
    """
    require_open(recipe)
    for room, part in (("models", recipe.model), ("sources", recipe.source), ("solvers", recipe.solver)):
        config.build(room, part)
    require_capable(recipe)


class Controls:
    """The control arms at work: at most `parallel - 1` processes at a time, in the recipe's order.

    Args:
        folder: The run's folder; `recipe.toml` in it says what the arms are.
        names: The arms.
        parallel: Processes in all, the main arm's included; 1 runs the controls after it.
    """

    def __init__(self, folder: Path, names: Sequence[str], parallel: int, watch: Watch) -> None:
        self._folder, self._watch = folder, watch
        self._waiting = list(names)
        self._lock = threading.Lock()
        self._children: list[subprocess.Popen[str]] = []
        self.failures: dict[str, str] = {}
        self.capped: set[str] = set()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(min(parallel - 1, len(names)))]
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        """Waits for every arm; those not begun yet are run now.

        Raises:
            EtudeError: An arm failed; its own message is shown.
        """
        self._work()
        for thread in self._threads:
            thread.join()
        for name, said in self.failures.items():
            kind = CapError if name in self.capped else EtudeError
            raise kind(f"the arm {name!r} failed: {said}", fix="run the same command again to resume it")

    def stop(self) -> None:
        """Ends the arms at work; each can be resumed."""
        with self._lock:
            self._waiting.clear()
            for child in self._children:
                with contextlib.suppress(ProcessLookupError):
                    child.terminate()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    return
                name = self._waiting.pop(0)
                child = self._start(name)
                self._children.append(child)
            self._follow(name, child)

    def _start(self, name: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "etude.cli", "run", str(self._folder / "recipe.toml")]
        command += ["--out", str(self._folder), "--arm", name, "--progress", "json"]
        environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def _follow(self, name: str, child: "subprocess.Popen[str]") -> None:
        """Passes a child's progress on; what it said on standard error explains a failure."""
        assert child.stdout
        errors: list[str] = []
        reader = threading.Thread(target=lambda: errors.extend(child.stderr or ()), daemon=True)
        reader.start()
        for line in child.stdout:
            with contextlib.suppress(ValueError, TypeError):
                self._watch(Progress(**json.loads(line)))
        child.wait()
        reader.join()
        if child.returncode:
            self.capped |= {name} if child.returncode == 3 else set()
            self.failures[name] = "".join(errors).strip() or f"exit code {child.returncode}"


def as_line(progress: Progress) -> str:
    """A progress as one line of JSON, for the process that follows this one."""
    return json.dumps(encode(progress))


def reports_of(folder: Path, recipe: config.Recipe) -> dict[str, list[Report]]:
    """Arm -> its reports on the suite, base first, from the ledgers of a run's folder."""
    found: dict[str, list[Report]] = {}
    for name in (MAIN, *recipe.arms):
        place = arm_folder(folder, name)
        if (place / "ledger.sqlite").exists():
            ledger = Ledger(place)
            found[name] = ledger.reports("test")
            ledger.close()
    return found
