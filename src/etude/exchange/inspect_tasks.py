"""Tasks for inspect_ai: a task file whose scorer is our judge. A program without a verdict is unscored, never wrong.

`inspect eval FOLDER/NAME.py` runs it; `judged_task` is what that file calls. Samples hold prompt and id only.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from etude.errors import MissingError
from etude.exchange.task_file import TaskFile, metadata_of
from etude.exchange.task_folder import write_task_folder
from etude.records import Json, Level
from etude.tasks import Task

FILE = '''"""Programming tasks for inspect_ai, judged by Étude: `inspect eval {name}.py --model MODEL`."""

from pathlib import Path

from etude.exchange.inspect_tasks import judged_task
from inspect_ai import Task, task


@task
def {name}(workers: int = 2, require: str = "strong") -> Task:
    return judged_task(Path(__file__).parent, workers=workers, require=require)
'''
USE = "pip install inspect-ai\ninspect eval {folder}/{name}.py --model MODEL"


def write_inspect(tasks: Sequence[Task], target: Path) -> dict[str, Json]:
    """Writes the folder: `NAME.py`, `tasks.jsonl`, `README.md`.

    Raises:
        InputError: No task can be written, or the target is somebody else's folder.
    """
    return write_task_folder(
        tasks, target, inside=".", files=lambda name: {f"{name}.py": FILE.format(name=name)}, use=USE
    )


def judged_task(path: str | Path, *, workers: int = 2, require: Level = "strong") -> Any:
    """The `inspect_ai.Task` of an exported folder.

    Args:
        workers: Programs run at once.
        require: The isolation that must be had.

    Raises:
        MissingError: inspect_ai is not installed.
        InputError: The folder holds no tasks.
    """
    try:
        from inspect_ai import Task as InspectTask
        from inspect_ai.dataset import MemoryDataset, Sample
    except ImportError:
        raise MissingError("inspect_ai is not installed", fix="pip install 'etude[inspect]'") from None
    file = TaskFile(path, workers=workers, require=require)
    samples = [
        Sample(
            id=view.task_id,
            input=file.message(view.task_id),
            target=view.entry_point,
            metadata={"difficulty": view.difficulty, "language": view.language},
        )
        for view in file.views
    ]
    return InspectTask(dataset=MemoryDataset(samples, name=file.path.parent.name), scorer=judged_by(file))


def judged_by(file: TaskFile) -> Any:
    """The scorer: C for a pass, I for a fail, and `Score.unscored` where there is no verdict.

    Metrics and reducers of inspect_ai leave unscored samples out; its log keeps them, with the reason.
    """
    import anyio
    from inspect_ai.scorer import CORRECT, INCORRECT, Score, accuracy, scorer, stderr
    from inspect_ai.scorer import Target as InspectTarget
    from inspect_ai.solver import TaskState

    @scorer(metrics=[accuracy(), stderr()], name="etude")  # type: ignore[untyped-decorator]
    def etude() -> Any:
        async def score(state: TaskState, target: InspectTarget) -> Score:
            reply = state.output.completion
            [verdict] = await anyio.to_thread.run_sync(lambda: file.judge([str(state.sample_id)], [reply]))
            about: dict[str, Any] = {"answer": reply, "metadata": metadata_of(verdict)}
            if verdict.passed is None:
                return Score.unscored(reason="scoring_failed", explanation=verdict.reason or verdict.status, **about)
            value = CORRECT if verdict.passed else INCORRECT
            return Score(value=value, explanation=verdict.reason or "passed every test", **about)

        return score

    return etude()
