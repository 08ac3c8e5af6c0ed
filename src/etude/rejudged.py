"""What judging again has changed, as data: verdicts, numbers, training rows and checkpoints.

It runs nothing and writes nothing; `etude.rejudging` fills it in.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from etude.errors import InputError, MissingError
from etude.protocols import Judged
from etude.records import Estimate, Example, Status, Verdict, encode, identify

Checkpoint = Literal["same", "changed", "follows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """A verdict that is another now.

    Attributes:
        attempt: The attempt's id.
        repair: The attempt repairs another one.
        before, after: Passed, or None for "could not be judged".
    """

    task_id: str
    sample_index: int
    repair: bool
    attempt: str
    before: bool | None
    after: bool | None
    status_before: Status
    status_after: Status
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of one round, judged again.

    Attributes:
        stage: `train`, `test`, `validation` …
        attempts: All of them; `turned` are those whose verdict is another now.
        restated: Attempts that fail as before, with another status.
        pass_before, pass_after: k as text -> pass@k; empty for stages that have no report.
    """

    stage: str
    round: int
    attempts: int
    turned: tuple[Turned, ...]
    restated: int
    pass_before: Mapping[str, Estimate]
    pass_after: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A training row, as far as one wants to know which."""

    task_id: str
    attempt: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChange:
    """A round's training rows, derived again.

    Attributes:
        before, after: How many.
        added, removed: Which; equal rows count as often as they are there.
        checkpoint: `same`: trained on these very rows. `changed`: the first whose rows differ (their order counts).
            `follows`: it comes after one that changed, so its samples were drawn by an agent that would be another.
    """

    round: int
    before: int
    after: int
    added: tuple[Row, ...]
    removed: tuple[Row, ...]
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmChanges:
    """One arm, judged again. `notes`: what judging again cannot know."""

    arm: str
    stages: tuple[Stage, ...]
    rounds: tuple[RowChange, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """A folder, judged again. `out`: where the new verdicts, rows and reports are, or ""."""

    folder: str
    out: str
    arms: tuple[ArmChanges, ...]

    @property
    def verdicts(self) -> int:
        """How many verdicts are other ones now."""
        return sum(len(stage.turned) for arm in self.arms for stage in arm.stages)

    @property
    def checkpoints(self) -> tuple[str, ...]:
        """The checkpoints that no longer stand, such as `main, round 2`."""
        return tuple(
            f"{arm.arm}, round {item.round + 1}"
            for arm in self.arms
            for item in arm.rounds
            if item.checkpoint != "same"
        )

    def text(self) -> str:
        """The changes for people."""
        attempts = sum(stage.attempts for arm in self.arms for stage in arm.stages)
        lines = [f"{self.verdicts} of {attempts} verdicts change"]
        for arm in self.arms:
            lines += [_stage_text(arm.arm, stage) for stage in arm.stages if stage.turned or stage.restated]
            lines += [_row_text(arm.arm, item) for item in arm.rounds if item.checkpoint != "same"]
            lines += [f"{arm.arm}: {note}" for note in arm.notes]
        if not self.checkpoints:
            lines.append("every checkpoint stands: its rows are the same")
        return "\n".join([*lines, *([f"new verdicts, rows and reports: {self.out}"] if self.out else [])])


def stage_of(
    stage: str,
    round: int,
    judged: Sequence[Judged],
    old: Mapping[str, Verdict],
    before: Mapping[str, Estimate],
    after: Mapping[str, Estimate],
) -> Stage:
    """One stage with the verdicts that are others now.

    Args:
        judged: Every attempt with its new verdict.
        old: Attempt id -> its verdict on record.
    """
    pairs = [(item, old[item.verdict.attempt]) for item in judged]
    turned = [(item, verdict) for item, verdict in pairs if verdict.passed is not item.verdict.passed]
    restated = sum(
        verdict.passed is item.verdict.passed and verdict.status != item.verdict.status for item, verdict in pairs
    )
    return Stage(
        stage=stage,
        round=round,
        attempts=len(judged),
        turned=tuple(_turned(item, verdict) for item, verdict in turned),
        restated=restated,
        pass_before=before,
        pass_after=after,
    )


def _turned(item: Judged, verdict: Verdict) -> Turned:
    return Turned(
        task_id=item.attempt.task_id,
        sample_index=item.attempt.sample_index,
        repair=bool(item.attempt.parent),
        attempt=item.verdict.attempt,
        before=verdict.passed,
        after=item.verdict.passed,
        status_before=verdict.status,
        status_after=item.verdict.status,
        reason=item.verdict.reason,
    )


def row_change(round: int, before: Sequence[Mapping[str, Any]], after: Sequence[Example], changed: bool) -> RowChange:
    """A round's rows before and after. A row is the same whatever verdict stands behind it.

    Args:
        changed: A checkpoint before this one has changed.
    """
    old, new = [_bare(row) for row in before], [_bare(encode(row)) for row in after]
    ours, theirs = Counter(map(identify, old)), Counter(map(identify, new))
    same = [identify(row) for row in old] == [identify(row) for row in new]
    return RowChange(
        round=round,
        before=len(old),
        after=len(new),
        added=_extra(new, ours),
        removed=_extra(old, theirs),
        checkpoint="follows" if changed else "same" if same else "changed",
    )


def read_rows(folder: Path) -> list[dict[str, Any]]:
    """The rows that a round was trained on; none where it wrote none.

    Raises:
        MissingError: pyarrow is not installed.
        InputError: The file cannot be read.
    """
    file = folder / "rows.parquet"
    if not file.exists():
        return []
    try:
        import pyarrow.parquet
    except ImportError:
        raise MissingError("pyarrow is not installed: rows cannot be read", fix="pip install 'etude[train]'") from None
    try:
        found: list[dict[str, Any]] = pyarrow.parquet.read_table(file).to_pylist()
        return found
    except (OSError, ValueError) as error:
        raise InputError(f"{file} cannot be read: {error}", expected="the rows that a round wrote") from None


def _bare(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != "verdict"}


def _extra(rows: Sequence[Mapping[str, Any]], known: Mapping[str, int]) -> tuple[Row, ...]:
    """The rows that `known` does not hold as often."""
    left = Counter(known)
    found = []
    for row in rows:
        name = identify(row)
        if left[name] > 0:
            left[name] -= 1
        else:
            found.append(Row(task_id=str(row["task_id"]), attempt=str(row["attempt"]), origin=str(row["origin"])))
    return tuple(found)


def _stage_text(arm: str, stage: Stage) -> str:
    names = {True: "passed", False: "failed", None: "unjudged"}
    mix = Counter(f"{names[item.before]} to {names[item.after]}" for item in stage.turned)
    told = ", ".join(f"{number} {way}" for way, number in sorted(mix.items()))
    restated = f"{'; ' if told else ''}{stage.restated} with another status" if stage.restated else ""
    rates = "".join(
        f"; pass@{k} {100 * stage.pass_before[k].value:.1f} to {100 * after.value:.1f} %"
        for k, after in stage.pass_after.items()
        if k in stage.pass_before and stage.turned
    )
    where = "base" if stage.round < 0 else f"{arm}, round {stage.round + 1}"
    return f"{where}, {stage.stage}: {told}{restated} of {stage.attempts}{rates}"


def _row_text(arm: str, item: RowChange) -> str:
    why = {"changed": "its rows change", "follows": "it follows a checkpoint that changes"}[item.checkpoint]
    rows = f"{item.before} rows, now {item.after}: {len(item.added)} more, {len(item.removed)} fewer"
    return f"{arm}, round {item.round + 1}: the checkpoint no longer stands, {why} ({rows})"
