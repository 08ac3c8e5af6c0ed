"""What a job of another language becomes for its jail: a compilation, if there is one to do, and a run.

A program is compiled once, under limits of its own, and what came of it is kept for every input it is run on. The
kept bytes are as hostile as the program; they are only ever put back into a jail.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from etude.records import Job, Limits, Run
from etude.sandbox.jail import wire
from etude.sandbox.jail.namespaces import SCRATCH
from etude.sandbox.languages import Language, language
from etude.sandbox.languages.tools import located

COMPILING = Limits(cpu_seconds=60.0, wall_seconds=180.0, memory_bytes=2 << 30, processes=64)
"""Of a compiler: a program's own limits say nothing about it, and a slow compiler is no slow program."""
KEPT = 128 << 20  # bytes of compiled programs
LARGEST = wire.BYTES // 2  # of one file that comes back from a jail
COMMON = {"PATH": "/usr/bin:/bin", "HOME": SCRATCH, "TMPDIR": SCRATCH, "LANG": "C.UTF-8"}

Files = Mapping[str, bytes]


class Workshop:
    """Compiled programs, by what they were compiled from, the oldest given up first; safe to share between threads.

    Attributes:
        compiled: How many programs were compiled so far.
    """

    def __init__(self, most: int = KEPT) -> None:
        self.compiled, self._most, self._size, self._lock = 0, most, 0, threading.Lock()
        self._made: OrderedDict[bytes, Files | Run] = OrderedDict()

    def made(self, job: Job, compile: Callable[[Job], Run]) -> Files | Run:
        """What a job's program compiles to, or the run of the compiler that refused it.

        Args:
            job: A job in a language with a compiler.
            compile: Runs a job whose language's compiler is to be run (see `work_of`).
        """
        key = hashlib.sha256(repr((job.language, job.source, sorted(job.files.items()))).encode("utf-8", "replace"))
        if (known := self._made.get(key.digest())) is not None:
            return known
        found = language(job.language)
        run = compile(replace(job, stdin=None, wanted=found.made, limits=COMPILING))
        made = _checked(run) if run.status == "ok" else run
        if run.status != "unavailable" and (run.status, run.detail) != ("timeout", "wall"):
            self._add(key.digest(), made)
        return made

    def _add(self, key: bytes, made: Files | Run) -> None:
        with self._lock:
            self.compiled += 1
            self._made[key] = made
            self._size += _size(made)
            while self._size > self._most and len(self._made) > 1:
                self._size -= _size(self._made.popitem(last=False)[1])


def _checked(run: Run) -> Files | Run:
    """The files that a compiler made, or a run that says what is wrong with them."""
    files = {name: content for name, content in run.files.items() if content is not None}
    if not files:
        return replace(run, status="error", detail="syntax", files={})
    if any(len(content) >= LARGEST for content in files.values()):
        return replace(run, status="error", detail="output", files={})
    return files


def _size(made: Files | Run) -> int:
    return len(made.stderr) + len(made.stdout) if isinstance(made, Run) else sum(map(len, made.values()))


def limits_of(limits: Limits, found: Language) -> Limits:
    """A program's limits, with room for the threads that its language's own tools have."""
    return replace(limits, processes=limits.processes + found.threads)


def work_of(job: Job, python: str, made: Files | None) -> tuple[Any, ...]:
    """What the child for other languages gets: a `jail.command.Work`.

    Args:
        job: The job.
        python: The path of the sandbox's own interpreter.
        made: What the program was compiled to; None where it is to be compiled now.

    Raises:
        ValueError: The job asks for what only Python programs can do.
    """
    found = language(job.language)
    if job.asks or job.checks or job.inside or job.setup or job.measure:
        raise ValueError(f"a program in {found.name} takes stdin and files only")
    compiles = bool(found.compile) and made is None
    words = {"{name}": found.name_of(job.source), "{megabytes}": str(max(16, job.limits.memory_bytes >> 20))}
    text = {} if made else {_filled(found.file, words): job.source.encode("utf-8", "surrogatepass")}
    data = job.limits.memory_bytes if compiles or found.memory == "data" else 0
    run, check = (
        located(found, tuple(_filled(word, words) for word in command), python)
        for command in (found.compile if compiles else found.run, () if found.compile else found.check)
    )
    files = {**job.files, **text, **(made or {})}
    return run, check, compiles, files, job.wanted, {**COMMON, **found.environment}, data, found.exhausted


def _filled(text: str, words: Mapping[str, str]) -> str:
    for mark, word in words.items():
        text = text.replace(mark, word)
    return text
