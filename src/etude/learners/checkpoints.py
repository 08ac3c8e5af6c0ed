"""Checkpoints while a model learns: a learning that was killed goes on at the last one and ends as if it had not been.

The Trainer writes its own (weights, optimizer, schedule, random states, place among the rows) to `model.checkpoints`
beside the model folder. What a learner counts itself goes to `etude.json` in the same place, last of all: a checkpoint
without it is half a checkpoint, and is not used. One is kept, and none once the model is there. Of several processes
that train together the first one's clock decides, each adds its own random states, and the first completes it.
"""

import json
import logging
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from etude.errors import StorageError
from etude.learners.folder import CHECKPOINTS, NOTE, storage
from etude.learners.processes import is_main, least, wait
from etude.models.decoding import out_of_memory
from etude.records import Json

log = logging.getLogger(__name__)
Clock = Callable[[], float]


class Counting(Protocol):
    """Whoever counts while a Trainer trains, and must go on counting after a kill."""

    def remember(self, checkpoint: Path) -> dict[str, Json]:
        """What was counted so far; what is too large for JSON goes into files of the checkpoint."""
        ...

    def recall(self, counted: dict[str, Any], checkpoint: Path) -> None:
        """Goes on from what `remember` gave."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A whole checkpoint.

    Attributes:
        path: The Trainer's folder.
        batch_size: Rows per forward pass of the learning that made it.
        seconds: What the learning had taken until then.
        counted: What its `Counting` remembered.
    """

    path: Path
    batch_size: int
    seconds: float
    counted: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoints:
    """Where the checkpoints of one learning lie.

    Attributes:
        folder: Theirs alone.
        key: Hash of all that decides what comes of the learning: no other one goes on from them.
        minutes: From one to the next; 0 makes none.
        clock: Seconds; a learning shorter than `minutes` makes none.
    """

    folder: Path
    key: str
    minutes: float
    clock: Clock = time.monotonic

    def last(self) -> Checkpoint | None:
        """The newest whole checkpoint of this learning, or None."""
        found = [self._read(path) for path in self.folder.glob("checkpoint-*")]
        return max((item for item in found if item), key=lambda item: _step(item.path), default=None)

    def _read(self, path: Path) -> Checkpoint | None:
        try:
            told = json.loads((path / NOTE).read_text())
            if told["key"] != self.key:
                return None
            return Checkpoint(
                path=path, batch_size=told["batch_size"], seconds=told["seconds"], counted=told["counted"]
            )
        except (OSError, ValueError, KeyError):
            return None

    def opened(self) -> Path:
        """The folder for the Trainer; what another learning left there, or half a checkpoint, is removed.

        Raises:
            StorageError: It cannot be made.
        """
        last = self.last()
        with storage(self.folder.parent):
            self.folder.mkdir(parents=True, exist_ok=True)
            for path in self.folder.iterdir():
                if is_main() and (last is None or path != last.path):
                    shutil.rmtree(path, ignore_errors=True)
        return self.folder

    def clear(self) -> None:
        """Removes them all."""
        shutil.rmtree(self.folder, ignore_errors=True)


def beside(folder: Path, key: str, minutes: float) -> Checkpoints:
    """The checkpoints of the learning that makes a model folder."""
    return Checkpoints(folder=folder.with_name(CHECKPOINTS), key=key, minutes=minutes)


def train_on(trainer: Any, checkpoints: Checkpoints, counting: Counting, batch_size: int, every: int = 1) -> None:
    """Trains from the last checkpoint, or from the beginning where there is none, and leaves checkpoints on the way.

    Args:
        trainer: One of transformers'; its `output_dir` is `checkpoints.opened()`.
        every: Steps after which a checkpoint may be made: only multiples.

    Raises:
        StorageError: The last checkpoint cannot be read or is not there for every process, or a new one cannot be
            written.
    """
    last = checkpoints.last()
    agree(last, checkpoints)
    saver = _saver_class()(checkpoints, counting, batch_size, every, last.seconds if last else 0.0)
    trainer.add_callback(saver)
    if last is not None:
        counting.recall(last.counted, last.path)
        log.info("training goes on after step %d", _step(last.path))
    try:
        trainer.train(resume_from_checkpoint=str(last.path) if last else None)
    except Exception as error:
        if saver.saving:
            with storage(checkpoints.folder):
                raise
        if last is None or saver.begun or out_of_memory(error):
            raise
        raise StorageError(
            f"the checkpoint {last.path} cannot be read: {error}",
            fix=f"rm -r {last.path}, and run the same command again: this training begins anew",
        ) from error


def agree(last: Checkpoint | None, checkpoints: Checkpoints) -> None:
    """Lets a learning begin, or go on, where all processes that train together see the same checkpoint, or none.

    Raises:
        StorageError: They do not.
    """
    step = _step(last.path) if last else 0
    if least(step) != -least(-step):
        raise StorageError(
            f"not every process sees the same checkpoint in {checkpoints.folder}",
            expected="a folder that all machines share",
            fix=f"rm -r {checkpoints.folder}, and run the same command again: this training begins anew",
        )


def _step(path: Path) -> int:
    return int(path.name.rpartition("-")[2])


def _saver_class() -> Any:
    """The callback that says when a checkpoint is due, and completes it with what was counted."""
    import transformers

    class Saver(transformers.TrainerCallback):  # type: ignore[misc]
        def __init__(
            self, checkpoints: Checkpoints, counting: Counting, batch_size: int, every: int, seconds: float
        ) -> None:
            self.checkpoints, self.counting, self.batch_size, self.every = checkpoints, counting, batch_size, every
            self.began = self.saved = checkpoints.clock()
            self.before, self.begun, self.saving = seconds, False, False

        def on_train_begin(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
            self.begun = True

        def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
            wanted, waited = 60 * self.checkpoints.minutes, self.checkpoints.clock() - self.saved
            if wanted > 0 and state.global_step % self.every == 0 and state.global_step < state.max_steps:
                due = least(not is_main() or waited >= wanted)  # the first one's clock decides for all
                control.should_save = self.saving = bool(due)

        def on_save(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
            wait()  # each process has put its random states there
            if is_main():
                self.complete(self.checkpoints.folder / f"checkpoint-{state.global_step}")
            self.saved, self.saving = self.checkpoints.clock(), False

        def complete(self, path: Path) -> None:
            told = {
                "key": self.checkpoints.key,
                "batch_size": self.batch_size,
                "seconds": self.before + self.checkpoints.clock() - self.began,
                "counted": self.counting.remember(path),
            }
            half = path / f"{NOTE}.partial"
            half.write_text(json.dumps(told))
            os.replace(half, path / NOTE)
            for older in set(self.checkpoints.folder.glob("checkpoint-*")) - {path}:
                shutil.rmtree(older)

    return Saver
