"""Trackers: the trainers' own reporters, off unless a recipe names them.

What they write lies in the round's folder, under `logs`, unless the tracker's own environment variable says where.
Nothing is sent anywhere by Étude; whether a tracker sends is a matter of that tracker's settings.
"""

import importlib.util
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from etude.errors import MissingError

Tracker = Literal["tensorboard", "trackio", "wandb", "mlflow"]

PLACES: dict[Tracker, tuple[str, str]] = {
    "tensorboard": ("TENSORBOARD_LOGGING_DIR", "{logs}/tensorboard"),
    "trackio": ("TRACKIO_DIR", "{logs}/trackio"),
    "wandb": ("WANDB_DIR", "{logs}"),
    "mlflow": ("MLFLOW_TRACKING_URI", "sqlite:///{logs}/mlflow.db"),
}
"""Tracker -> the environment variable by which it finds its place, and ours."""


def require_trackers(trackers: Sequence[Tracker]) -> None:
    """Refuses trackers whose package is not installed.

    Raises:
        MissingError: One is not.
    """
    missing = [name for name in trackers if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingError(
            f"the recipe reports to {' and '.join(missing)}, which is not installed",
            expected="the tracker's package beside torch",
            fix=f"pip install {' '.join(missing)}, or report_to = []",
        )


@contextmanager
def tracked(trackers: Sequence[Tracker], folder: Path) -> Iterator[None]:
    """Tells trackers to write under `folder / "logs"`, and puts the environment back afterwards."""
    logs = (folder / "logs").absolute()
    ours = {name: place.format(logs=logs) for name, place in (PLACES[tracker] for tracker in trackers)}
    added = {name: place for name, place in ours.items() if name not in os.environ}
    if added:
        logs.mkdir(parents=True, exist_ok=True)
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)
