"""A run's memory: one SQLite file, appended to, never rewritten.

Everything that costs something is here before it is used: completions (so that no sample is paid for twice), outcomes
of shown tests, attempts, verdicts, reports. A run is resumed by running it again: each stage asks the ledger first.
Only this module writes a run's database. Safe to share between the threads of one process; a second process that opens
the same run is refused.
"""

import fcntl
import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from etude.errors import InputError, StorageError
from etude.records import Attempt, Completion, Json, Outcome, Report, Verdict, canonical, decode, identify

Record = TypeVar("Record")

SCHEMA = """
create table if not exists completions(key text primary key, body text not null);
create table if not exists outcomes(key text primary key, body text not null);
create table if not exists rulings(key text primary key, body text not null);
create table if not exists attempts(
    id text primary key, stage text not null, round integer not null, task text not null, body text not null);
create index if not exists attempts_by_stage on attempts(stage, round);
create table if not exists verdicts(attempt text primary key, passed integer, status text not null, body text not null);
create table if not exists reports(
    stage text not null, round integer not null, body text not null, primary key(stage, round));
create table if not exists events(number integer primary key autoincrement, kind text not null, body text not null);
"""
LOOKUP = 500  # ids asked for in one query; SQLite's own limit on variables is higher


class Ledger:
    """The open database of one run.

    Args:
        folder: The run's folder; made when absent.

    Raises:
        StorageError: The folder cannot be written, or the disk is full.
        InputError: `ledger.sqlite` is no ledger, or another process has it open.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.RLock()
        with storage(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._guard = (folder / ".lock").open("w")
            self._claim()
            self._database = sqlite3.connect(folder / "ledger.sqlite", check_same_thread=False, isolation_level=None)
            self._database.execute("pragma journal_mode=wal")
            self._database.execute("pragma synchronous=normal")
            self._database.executescript(SCHEMA)

    def _claim(self) -> None:
        for pause in (0.5, 1.0, 1.5, 0.0):  # a child of a killed run needs a moment to notice and end
            try:
                fcntl.flock(self._guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                time.sleep(pause)
        raise InputError(
            f"another process is working on {self.folder}",
            expected="one run per folder",
            fix="wait for it, or give another folder with --out",
        )

    def close(self) -> None:
        """Closes the database and lets the next process in."""
        self._database.close()
        self._guard.close()

    # The sample cache (the store of `etude.models.cache.Cached`).

    def get(self, keys: Sequence[str]) -> dict[str, Completion]:
        """The completions known under `keys`."""
        return self._lookup("completions", keys, Completion)

    def put(self, items: Iterable[tuple[str, Completion]]) -> None:
        """Remembers completions under their keys; one transaction."""
        self._insert("completions", [(key, canonical(item)) for key, item in items])

    def drawn(self) -> int:
        """How many completions are known: what was paid for."""
        return int(self._rows("select count(*) from completions", ())[0][0])

    # Outcomes of shown tests, so that a repair prompt is the same after a resume.

    def outcomes(self, keys: Sequence[str]) -> dict[str, Outcome]:
        """The outcomes known under `keys`."""
        return self._lookup("outcomes", keys, Outcome)

    def add_outcomes(self, items: Mapping[str, Outcome]) -> None:
        """Remembers outcomes; one transaction."""
        self._insert("outcomes", [(key, canonical(item)) for key, item in items.items()])

    # Verdicts by program: what depends on task and program alone is decided once.

    def rulings(self, keys: Sequence[str]) -> dict[str, Verdict]:
        """The verdicts known under `keys`, each on the first attempt with that program."""
        return self._lookup("rulings", keys, Verdict)

    def add_rulings(self, items: Mapping[str, Verdict]) -> None:
        """Remembers verdicts; one transaction."""
        self._insert("rulings", [(key, canonical(item)) for key, item in items.items()])

    # Attempts and verdicts.

    def add_judged(self, stage: str, round: int, pairs: Iterable[tuple[Attempt, Verdict]]) -> None:
        """Remembers attempts with their verdicts; one transaction."""
        pairs = list(pairs)
        attempts = [(v.attempt, stage, round, a.task_id, canonical(a)) for a, v in pairs]
        verdicts = [(v.attempt, v.passed, v.status, canonical(v)) for _, v in pairs]
        with self._lock, storage(self.folder), self._transaction():
            self._database.executemany("insert or ignore into attempts values(?,?,?,?,?)", attempts)
            self._database.executemany("insert or ignore into verdicts values(?,?,?,?)", verdicts)

    def verdicts(self, attempts: Sequence[Attempt]) -> dict[str, Verdict]:
        """Attempt id -> verdict, for those attempts that are judged."""
        return self._lookup("verdicts", [identify(item) for item in attempts], Verdict, column="attempt")

    def judged(self, stage: str, round: int) -> Iterator[tuple[Attempt, Verdict]]:
        """What was tried and said in one stage of one round, in the order it was recorded."""
        query = (
            "select a.body, v.body from attempts a join verdicts v on v.attempt = a.id "
            "where a.stage = ? and a.round = ? order by a.rowid"
        )
        for attempt, verdict in self._rows(query, (stage, round)):
            yield decode(Attempt, json.loads(attempt)), decode(Verdict, json.loads(verdict))

    def statuses(self, stage: str, round: int) -> dict[str, int]:
        """How often each status occurred among the verdicts of one stage of one round."""
        query = (
            "select case when v.passed = 1 then 'passed' else v.status end, count(*) from attempts a "
            "join verdicts v on v.attempt = a.id where a.stage = ? and a.round = ? group by 1 order by 1"
        )
        return dict(self._rows(query, (stage, round)))

    def spent(self, stage: str, round: int) -> dict[str, float]:
        """Generations and tokens spent on a stage up to and including a round."""
        query = (
            "select count(*), coalesce(sum(json_extract(body, '$.completion_tokens')), 0), "
            "coalesce(sum(json_extract(body, '$.prompt_tokens')), 0) from attempts where stage = ? and round <= ?"
        )
        count, written, read = self._rows(query, (stage, round))[0]
        return {f"{stage}_generations": count, f"{stage}_tokens": written, f"{stage}_prompt_tokens": read}

    # Reports and events.

    def add_report(self, stage: str, report: Report) -> None:
        """Remembers a report; a later one of the same stage and round replaces it."""
        with self._lock, storage(self.folder):
            self._database.execute(
                "insert or replace into reports values(?,?,?)", (stage, report.round, canonical(report))
            )

    def report(self, stage: str, round: int) -> Report | None:
        """The report of one stage of one round, or None."""
        rows = self._rows("select body from reports where stage = ? and round = ?", (stage, round))
        return decode(Report, json.loads(rows[0][0])) if rows else None

    def reports(self, stage: str) -> list[Report]:
        """All reports of a stage, by round."""
        rows = self._rows("select body from reports where stage = ? order by round", (stage,))
        return [decode(Report, json.loads(body)) for (body,) in rows]

    def note(self, kind: str, **facts: Json) -> None:
        """Appends an event, such as the reading of a test split."""
        self._insert("events", [(None, kind, json.dumps(facts, sort_keys=True))])

    def events(self, kind: str) -> list[Json]:
        """All events of a kind, oldest first."""
        rows = self._rows("select body from events where kind = ? order by number", (kind,))
        return [json.loads(body) for (body,) in rows]

    # Plumbing.

    def _insert(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        if not rows:
            return
        marks = ",".join("?" * len(rows[0]))
        with self._lock, storage(self.folder), self._transaction():
            self._database.executemany(f"insert or ignore into {table} values({marks})", rows)

    def _rows(self, query: str, values: Sequence[Any]) -> list[Any]:
        with self._lock, storage(self.folder):
            return self._database.execute(query, values).fetchall()

    def _lookup(self, table: str, keys: Sequence[str], kind: type[Record], column: str = "key") -> dict[str, Record]:
        found: dict[str, Record] = {}
        for start in range(0, len(keys), LOOKUP):
            part = keys[start : start + LOOKUP]
            marks = ",".join("?" * len(part))
            for key, body in self._rows(f"select {column}, body from {table} where {column} in ({marks})", part):
                found[key] = decode(kind, json.loads(body))
        return found

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._database.execute("rollback")
            raise
        self._database.execute("commit")


@contextmanager
def storage(place: Path) -> Iterator[None]:
    """Turns what the disk and SQLite say about full or unwritable places into errors a user can act on."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise _explained(place, error) from error
    except OSError as error:
        raise unwritable(place, error) from error


def _explained(place: Path, error: sqlite3.DatabaseError) -> Exception:
    text = str(error)
    if "full" in text:
        return StorageError(
            f"the disk that holds {place} is full", fix="free some space, then run the same command again"
        )
    if "not a database" in text or "malformed" in text:
        return InputError(f"{place}/ledger.sqlite is not a ledger ({text})", fix="give another folder with --out")
    if "readonly" in text or "unable to open" in text or "disk I/O" in text:
        return StorageError(f"{place}/ledger.sqlite cannot be written ({text})", fix="check permissions and free space")
    return error


def unwritable(place: Path, error: OSError) -> StorageError:
    """The user's view of an `OSError` met while writing under `place`."""
    if error.errno in (28, 122):
        return StorageError(
            f"the disk that holds {place} is full", fix="free some space, then run the same command again"
        )
    reason = error.strerror or str(error)
    return StorageError(
        f"cannot write {place}: {reason}", fix="check the path and its permissions, or give another --out"
    )
