"""Every reading of a task set that is measured on, or guarded, as an event in a run's ledger: who, when, what, why."""

import getpass
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from etude.measurement import Measurement, digest
from etude.records import Json

READ = "read"
"""The kind of the event."""


def now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


def who() -> str:
    """The login name, or `unknown` where the system has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def reading(
    split: str,
    tasks: int,
    purpose: str,
    *,
    how: Measurement | None = None,
    clock: Callable[[], datetime] = now,
    **more: Any,
) -> dict[str, Json]:
    """The facts of one reading, for `note(READ, **facts)`.

    Args:
        split: The task set.
        tasks: How many tasks were read.
        purpose: `measure`, or `guard` where training rows or proposals are kept away from them.
        how: The protocol of the measurement.
        more: Such as the round and the agent.
    """
    protocol = {"protocol": digest(how)} if how else {}
    when = clock().isoformat(timespec="seconds")
    return {"split": split, "tasks": tasks, "purpose": purpose, "who": who(), "when": when, **protocol, **more}
