"""A run's attempts with their verdicts, one row each: JSON lines or Parquet, written as they are read.

A row holds what the model saw and wrote and what was said of it, and the id of the attempt that it repairs. Hidden
tests are not in it: prompts and feedback come from shown ones, and a verdict's reason names no value.
"""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from etude.arms import arm_folder
from etude.errors import InputError, MissingError
from etude.ledger import Ledger, storage
from etude.records import Attempt, Json, Verdict, encode, identify
from etude.stages import BASE

STAGES = ("train", "test", "validation", "gate-before", "gate-after")
VERDICT = ("passed", "status", "score", "reason", "judge", "strength", "isolation", "trust")
CHUNK = 2000  # rows written to Parquet together


def stages_of(stage: str) -> tuple[str, ...]:
    """The stages of the ledger that a name stands for; `all` is every one.

    Raises:
        InputError: There is no such stage.
    """
    if stage == "all":
        return STAGES
    if stage not in STAGES:
        raise InputError(f"no stage {stage!r}", choices=(*STAGES, "all"), fix="--stage train")
    return (stage,)


def attempts_of(folder: Path, arm: str, stages: Sequence[str], round: int | None) -> Iterator[dict[str, Json]]:
    """The attempts of an arm, stage by stage, round by round, in the order they were made.

    Args:
        folder: A run's, or that of an evaluation.
        round: Counted from 0, -1 for the base; None: all.
    """
    for stage, number, attempt, verdict in pairs_of(folder, arm, stages, round):
        yield row_of(stage, number, attempt, verdict)


def opened(folder: Path, arm: str) -> Path:
    """The folder of an arm that has a ledger.

    Raises:
        InputError: It has none.
    """
    own = arm_folder(folder, arm)
    if not (own / "ledger.sqlite").exists():
        raise InputError(
            f"{own} holds neither a run nor an evaluation: there is no ledger.sqlite in it",
            expected="a folder that `etude run` or `etude eval` wrote",
            fix=f"etude run lab --out {folder}",
        )
    return own


def pairs_of(
    folder: Path, arm: str, stages: Sequence[str], round: int | None
) -> Iterator[tuple[str, int, Attempt, Verdict]]:
    """The records themselves, each with its stage and its round.

    Raises:
        InputError: There is no ledger, or another process works on it.
    """
    own = opened(folder, arm)
    last = len(list((own / "rounds").glob("[0-9]*")))
    ledger = Ledger(own)
    try:
        for stage in stages:
            for number in range(BASE, last) if round is None else (round,):
                yield from ((stage, number, *pair) for pair in ledger.judged(stage, number))
    finally:
        ledger.close()


def last_round(folder: Path, arm: str, stages: Sequence[str]) -> int:
    """The last round with attempts of these stages; -1 is the base's.

    Raises:
        InputError: There is none.
    """
    own = opened(folder, arm)
    last = len(list((own / "rounds").glob("[0-9]*")))
    ledger = Ledger(own)
    try:
        for number in range(last - 1, BASE - 1, -1):
            if any(ledger.statuses(stage, number) for stage in stages):
                return number
    finally:
        ledger.close()
    raise InputError(f"{own} has no attempts of stage {' or '.join(stages)}", choices=STAGES, fix="--stage train")


def row_of(stage: str, round: int, attempt: Attempt, verdict: Verdict) -> dict[str, Json]:
    """One attempt with its verdict as a flat row."""
    own = {**encode(attempt), "round": round}
    said = {name: getattr(verdict, name) for name in VERDICT}
    return {"attempt": identify(attempt), "stage": stage, **own, **said, "score": float(verdict.score)}


def write_attempts(rows: Iterable[dict[str, Json]], target: Path) -> dict[str, Json]:
    """Writes rows to FILE.jsonl or FILE.parquet and counts them; the file appears whole or not at all.

    Raises:
        MissingError: It is Parquet and pyarrow is not installed.
        StorageError: It cannot be written.
    """
    write = _parquet if target.suffix == ".parquet" else _lines
    with storage(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(target.name + ".partial")
        count = write(rows, partial)
        os.replace(partial, target)
    return {"to": str(target), "attempts": count}


def _lines(rows: Iterable[dict[str, Json]], file: Path) -> int:
    count = 0
    with file.open("w", encoding="utf-8") as stream:
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return count


def _parquet(rows: Iterable[dict[str, Json]], file: Path) -> int:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingError("pyarrow is not installed", fix="pip install pyarrow, or --to FILE.jsonl") from None
    rest, count = iter(rows), 0
    with pyarrow.parquet.ParquetWriter(file, _schema()) as writer:
        while part := list(islice(rest, CHUNK)):
            writer.write_table(pyarrow.Table.from_pylist(part, _schema()))
            count += len(part)
    return count


def _schema() -> Any:
    import pyarrow

    whole = ("sample_index", "seed", "round", "prompt_tokens", "completion_tokens")
    kinds = {**dict.fromkeys(whole, pyarrow.int64()), "passed": pyarrow.bool_(), "score": pyarrow.float64()}
    names = ("attempt", "stage", *Attempt.__slots__, *VERDICT)
    return pyarrow.schema([(name, kinds.get(name, pyarrow.string())) for name in names])
