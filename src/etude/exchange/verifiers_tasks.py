"""Tasks for verifiers (its `v1` task sets): an installable package whose reward is our judge.

`vf-eval NAME` finds the package once it is installed. A program without a verdict is an error of the rollout, which
verifiers keeps out of training and out of its means; a reward of 0 is given to programs that were judged and failed.
Environments of verifiers before 0.2 are not written: there, a reward that cannot be given counts as 0.
"""

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from etude.errors import MissingError
from etude.exchange.task_file import TaskFile, metadata_of, require_verdict
from etude.exchange.task_folder import Files, write_task_folder
from etude.records import Json
from etude.tasks import Task

MODULE = '''"""Programming tasks for verifiers, judged by Étude: `vf-eval {name}`."""

from pathlib import Path

from etude.exchange.verifiers_tasks import taskset_class

Judged = taskset_class(Path(__file__).parent)

__all__ = ["Judged"]
'''
PROJECT = """[project]
name = "{dashed}"
version = "0.1.0"
description = "Programming tasks, judged by running programs against hidden tests."
requires-python = ">=3.11"
dependencies = ["etude", "verifiers>=0.2"]

[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[tool.setuptools]
packages = ["{name}"]

[tool.setuptools.package-data]
{name} = ["tasks.jsonl"]
"""
USE = (
    "pip install ./{folder}\nvf-eval {name} --model MODEL --env.agent.harness.id null "
    "--env.agent.runtime.type subprocess"
)


def write_verifiers(tasks: Sequence[Task], target: Path) -> dict[str, Json]:
    """Writes the package: `pyproject.toml`, `NAME/__init__.py`, `NAME/tasks.jsonl`, `README.md`.

    Raises:
        InputError: No task can be written, or the target is somebody else's folder.
    """
    return write_task_folder(tasks, target, inside="{name}", files=_files, use=USE)


def _files(name: str) -> Files:
    return {
        f"{name}/__init__.py": MODULE.format(name=name),
        "pyproject.toml": PROJECT.format(name=name, dashed=name.replace("_", "-")),
    }


def taskset_class(folder: Path) -> type:
    """The `Taskset` class of an exported package; its settings are `workers` and `require`.

    Raises:
        MissingError: verifiers is not installed, or has no `v1`.
    """
    try:
        import verifiers.v1 as vf
    except ImportError:
        raise MissingError("verifiers, 0.2 or newer, is not installed", fix="pip install 'etude[verifiers]'") from None

    class JudgedConfig(vf.TasksetConfig):  # type: ignore[misc]
        """How programs are judged."""

        workers: int = 2
        require: str = "strong"

    class JudgedTask(vf.Task[vf.TaskData]):  # type: ignore[misc]
        """One task: the message is its data, the judge stays here, outside what is logged."""

        file: TaskFile

        @property
        def key(self) -> str:
            return str(self.data.id)

        @vf.reward  # type: ignore[untyped-decorator]
        async def passed(self, trace: Any) -> float:
            [verdict] = await asyncio.to_thread(self.file.judge, [self.data.id], [trace.last_reply])
            trace.info["verdict"] = metadata_of(verdict)
            return require_verdict(verdict)

    class Judged(vf.Taskset[JudgedTask, JudgedConfig]):  # type: ignore[misc]
        """The tasks of the package, in their order."""

        def load(self) -> Iterable[Any]:
            file = TaskFile(folder, workers=self.config.workers, require=self.config.require)
            for view in file.views:
                data = vf.TaskData(id=view.task_id, name=view.task_id, prompt=file.message(view.task_id))
                task = JudgedTask(data, self.config.task)
                task.file = file
                yield task

    return Judged
